"""Model servers that nobody here wrote, on the loopback with a tiny random model: `transformers serve` and CPU vLLM.

Knows how each is started, when it is ready and how it is ended. A server that does not come up fails the test with the
end of its log. The interpreters are other environments' (tests/environments.py).
"""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.processes import ROOT, free_port, process

DEADLINE = 240.0  # seconds from start to ready; about 40 on two cores
API_KEY = "a-key-for-tests"
SERVED_NAME = "tiny"


def tiny_model(python: str, kind: str, folder: Path) -> Path:
    """A tiny model, built by an interpreter that has torch. Raises CalledProcessError."""
    subprocess.run([python, "-m", "tests.tiny_models", kind, str(folder)], check=True, cwd=ROOT, env=_environment())
    return folder


@contextmanager
def transformers_serve(model_folder: Path, python: str) -> Iterator[str]:
    """`transformers serve`: yields the base URL. The model's name is its folder; no key is asked for."""
    port = free_port()
    cache = model_folder.parent / "hub-cache"  # its list of models fails without one
    cache.mkdir(exist_ok=True)
    command = [python, "-m", "transformers.cli.transformers", "serve", str(model_folder)]
    command += ["--device", "cpu", "--host", "127.0.0.1", "--port", str(port)]
    environment = _environment(HF_HUB_CACHE=str(cache))
    with _served(command, environment, model_folder, port, "/health") as address:
        yield f"{address}/v1"


@contextmanager
def vllm_server(
    model_folder: Path, python: str, *, context: int = 4096, api_key: str = API_KEY, extra: Sequence[str] = ()
) -> Iterator[str]:
    """vLLM's OpenAI server on the CPU, set as in production: yields the base URL. The model is served as `tiny`."""
    port = free_port()
    command = [python, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model_folder)]
    command += ["--served-model-name", SERVED_NAME, "--host", "127.0.0.1", "--port", str(port), "--api-key", api_key]
    command += ["--dtype", "float32", "--max-model-len", str(context), "--max-num-seqs", "8", "--enforce-eager"]
    command += ["--limit-mm-per-prompt", '{"image": 2, "video": 0}', "--scheduling-policy", "priority"]
    command += ["--enable-prefix-caching", "--enable-prompt-tokens-details"]
    command += ["--structured-outputs-config.backend", "guidance"]
    # A name that cannot exist: without an allow-list any address would be fetched, the loopback's too.
    command += ["--allowed-media-domains", "no-media.invalid", *extra]
    environment = _environment(
        VLLM_CPU_KVCACHE_SPACE="1", VLLM_NO_USAGE_STATS="1", VLLM_MEDIA_URL_ALLOW_REDIRECTS="0", VLLM_HOST_IP="127.0.0.1"
    )
    with _served(command, environment, model_folder, port, "/health") as address:
        yield f"{address}/v1"


def _environment(**more: str) -> dict[str, str]:
    """What a server may know of this process, and that nothing is to be looked for outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LORE_", "PYTHON", "DJANGO_"))}
    return {**kept, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1", **more}


@contextmanager
def _served(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, port: int, health: str
) -> Iterator[str]:
    log = folder.parent / f"{folder.name}-{port}.log"
    address = f"http://127.0.0.1:{port}"
    with process(list(command), environment, folder.parent, log) as running:
        began = time.monotonic()
        while not _healthy(address + health):
            if running.poll() is not None:
                raise AssertionError(f"the server ended with {running.returncode}\n{_tail(log)}")
            if time.monotonic() - began > DEADLINE:
                raise AssertionError(f"the server was not ready within {DEADLINE:g} s\n{_tail(log)}")
            time.sleep(0.2)
        yield address


def _healthy(url: str) -> bool:
    opener: Any = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _tail(log: Path, lines: int = 60) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
