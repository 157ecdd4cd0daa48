"""Real processes for the tests that need them: the web server, workers, Redis. Each is stopped when its test ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

# As gunicorn comes: a thread waits for each client. What is shipped is held against it.
BARE_GUNICORN = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--preload"]
GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "python:lore_app.web_process.gunicorn_settings"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], Any], *, seconds: float = 30, what: str = "the condition") -> Any:
    """Poll for something that another process does; a test never sleeps for a guess."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := holds():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come true within {seconds} s")


@contextmanager
def process(
    command: list[str], environment: Mapping[str, str], cwd: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own; its output goes to `log`."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            command, env=dict(environment), cwd=cwd, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield running
        finally:
            kill(running)


def kill(running: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
    """The whole group: a worker's children too."""
    if running.poll() is None:
        os.killpg(running.pid, number)
    running.wait(timeout=30)


def manage(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


@contextmanager
def web_server(
    environment: Mapping[str, str],
    folder: Path,
    application: str = "lore_app.wsgi",
    gunicorn: Sequence[str] = GUNICORN,
    threads: str = "16",
) -> Iterator[str]:
    """gunicorn over the given database; yields its address."""
    port = free_port()
    command = [*gunicorn, application, "--bind", f"127.0.0.1:{port}", "--threads", threads, "--log-level", "warning"]
    command += ["--workers", environment.get("WEB_CONCURRENCY", "1")]
    with process(command, {**environment, "LORE_PORT": str(port)}, ROOT, folder / "web.log"):
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{address}/health/"), seconds=120, what="the web server")
        yield address


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def required(variable: str, reason: str) -> None:
    """Skip with the reason, unless this run requires what is missing."""
    if os.environ.get(variable) == "1":
        pytest.fail(f"{reason}, but {variable}=1 requires it")
    pytest.skip(reason)


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis of the test's own; yields its URL."""
    binary = shutil.which("redis-server")
    if binary is None:
        required("LORE_REQUIRE_REDIS", "redis-server is not installed")
    port = free_port()
    command = [str(binary), "--port", str(port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
    with process(command, os.environ, folder, folder / "redis.log"):
        wait_until(lambda: listens(port), what="Redis")
        yield f"redis://127.0.0.1:{port}/0"


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
