"""Model servers that nobody here wrote, on the loopback with a tiny random model: `transformers serve` and CPU vLLM.

Knows how each is started, when it is ready and how it is ended. A server that does not come up fails the test with the
end of its log. The interpreters are other environments' (tests/environments.py).
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.processes import ROOT, free_port, process

DEADLINE = 240.0  # seconds from start to ready; about 40 on two cores
API_KEY = "a-key-for-tests"
SERVED_NAME = "tiny"
ONE_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """What came back, raw. `body` is None where it is no JSON."""

    status: int
    body: Any

    @property
    def texts(self) -> list[str]:
        assert self.status == 200, self
        return [choice["message"]["content"] for choice in self.body["choices"]]


def ask(base_url: str, request: Mapping[str, Any], *, api_key: str | None = API_KEY) -> Answer:
    """POST to the chat endpoint, with no library of anybody's between."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {api_key}"} if api_key else {})}
    asked = urllib.request.Request(f"{base_url}/chat/completions", json.dumps(request).encode(), headers)
    try:
        with _OPENER.open(asked, timeout=120) as response:
            return Answer(response.status, _json(response.read()))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _json(error.read()))


def data_url(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def messages(*parts: str | bytes) -> list[dict[str, Any]]:
    """One user message of texts and pictures."""
    content = [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": data_url(part)}}
        for part in parts
    ]
    return [{"role": "user", "content": content}]


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A web server with a picture at every path: its address, and the paths that were asked for."""
    heard: list[str] = []

    class Picture(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(base64.b64decode(ONE_PIXEL))

        def log_message(self, format: str, *values: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Picture) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()


def interpreter(kind: str) -> str:
    """The environment's, as the make target names it. Where there is none the whole module that asks is skipped."""
    variable = f"LORE_TEST_{kind.upper()}_PYTHON"
    if variable not in os.environ:
        reason = f"{variable} names no interpreter (make test-{kind})"
        if os.environ.get(f"LORE_REQUIRE_{kind.upper()}") == "1":
            pytest.fail(reason)
        pytest.skip(reason, allow_module_level=True)
    return os.environ[variable]


def tiny_model(python: str, kind: str, folder: Path) -> Path:
    """A tiny model, built by an interpreter that has torch. Raises CalledProcessError."""
    subprocess.run([python, "-m", "tests.tiny_models", kind, str(folder)], check=True, cwd=ROOT, env=_environment())
    return folder


def offline_batch(model_folder: Path, python: str) -> list[dict[str, Any]]:
    """What vLLM in process made of tests.offline_batch. Raises CalledProcessError."""
    environment = _environment(VLLM_CPU_KVCACHE_SPACE="1", VLLM_NO_USAGE_STATS="1", VLLM_LOGGING_LEVEL="ERROR")
    command = [python, "-m", "tests.offline_batch", str(model_folder)]
    ended = subprocess.run(
        command, check=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=DEADLINE
    )
    found: list[dict[str, Any]] = json.loads(next(line for line in ended.stdout.splitlines() if line.startswith("[{")))
    return found


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
    command += ["--limit-mm-per-prompt", '{"image": 2, "video": 0}']
    command += ["--enable-prefix-caching", "--enable-prompt-tokens-details"]
    command += ["--structured-outputs-config.backend", "guidance"]
    # A name that cannot exist: without an allow-list any address would be fetched, the loopback's too.
    command += ["--allowed-media-domains", "no-media.invalid", *extra]
    environment = _environment(
        VLLM_CPU_KVCACHE_SPACE="1",
        VLLM_NO_USAGE_STATS="1",
        VLLM_MEDIA_URL_ALLOW_REDIRECTS="0",
        VLLM_HOST_IP="127.0.0.1",
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
        try:
            _wait(running, address + health, log)
            yield address
        finally:
            _end(running)


def _wait(running: subprocess.Popen[bytes], url: str, log: Path) -> None:
    began = time.monotonic()
    while not _healthy(url):
        if running.poll() is not None:
            raise AssertionError(f"the server ended with {running.returncode}\n{_tail(log)}")
        if time.monotonic() - began > DEADLINE:
            raise AssertionError(f"the server was not ready within {DEADLINE:g} s\n{_tail(log)}")
        time.sleep(0.2)


def _end(running: subprocess.Popen[bytes]) -> None:
    """The whole group. Asked first: killed outright, vLLM leaves 250 MB of shared memory behind, which its last child
    takes away some time after the server itself has gone.
    """
    running.terminate()
    with suppress(ProcessLookupError):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            running.poll()  # a child that nobody asks after stays in the group
            os.killpg(running.pid, 0)
            time.sleep(0.1)
        os.killpg(running.pid, signal.SIGKILL)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _healthy(url: str) -> bool:
    try:
        with _OPENER.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _tail(log: Path, lines: int = 60) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
