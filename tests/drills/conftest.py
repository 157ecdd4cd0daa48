"""Real processes and a real Redis, for tests that break them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.conftest import ROOT, FreshDatabase
from tests.drills.judging_drills import Stand, copy_template, stand_over
from tests.drills.rig import DatabaseServer, children, database_server
from tests.processes import kill

LEASE_SECONDS = 2
LONG = 240  # seconds for what has no bound of its own: a busy machine takes its time
BROKEN = Path(__file__).with_name("broken_worker.py")


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.05)


@dataclass
class RedisServer:
    """Nothing persists: what it forgets is forgotten."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            ["redis-server", *arguments, "--dir", str(self.folder)], stdout=subprocess.DEVNULL
        )
        wait_until(self.answers, 10, "Redis answers")

    def answers(self) -> bool:
        with redis.Redis(port=self.port, socket_connect_timeout=1) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

    def flush(self) -> None:
        with redis.Redis(port=self.port) as client:
            client.flushall()

    def run_id(self) -> str:
        with redis.Redis(port=self.port) as client:
            return str(client.info("server")["run_id"])

    def freeze(self) -> None:
        """Accepts, never answers: the honest imitation of a hung peer."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@dataclass
class Workplace:
    """Worker processes that share with us nothing but database, broker and storage."""

    environment: dict[str, str]
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self, *options: str, fault: str = "") -> subprocess.Popen[bytes]:
        """With one of the faults of broken_worker, or sound."""
        command = [str(BROKEN), fault] if fault else [str(ROOT / "manage.py"), "work"]
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command, *options],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def log(self) -> str:
        return (self.folder / "worker.log").read_text()

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """The whole group, also who stands by it: nobody is left to say why."""
        kill(process)

    def kill_child(self, process: subprocess.Popen[bytes]) -> None:
        """The process that works; who stands by it sees that, and ends too."""
        for child in children(process.pid):
            os.kill(child, signal.SIGKILL)
        process.wait()

    def signal(self, process: subprocess.Popen[bytes], number: int) -> None:
        os.killpg(process.pid, number)

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
                self.signal(process, signal.SIGCONT)
        for process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill(process)


@pytest.fixture
def workplace(fresh_database: FreshDatabase, redis_server: RedisServer, tmp_path: Path) -> Iterator[Workplace]:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    environment = {
        **fresh_database.environment,
        "REDIS_URL": redis_server.url,
        "LORE_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        "LORE_LOG_LEVEL": "warning",
    }
    environment.pop("PYTHONPATH", None)  # manage.py alone must be enough
    place = Workplace(environment, folder)
    yield place
    place.stop()


@pytest.fixture(scope="package")
def own_server(database_template: str, django_db_blocker: Any) -> Iterator[DatabaseServer]:
    """A PostgreSQL that a drill may kill; each drill that does starts it again."""
    with database_server() as made:
        with django_db_blocker.unblock():
            copy_template(database_template, made)
        yield made


@pytest.fixture
def stand(own_server: DatabaseServer, tmp_path: Path, settings: Any, django_db_blocker: Any) -> Iterator[Stand]:
    """A database of one drill's own on that server; the test's own connection looks into it too."""
    with django_db_blocker.unblock(), stand_over(own_server, tmp_path, settings) as made:
        yield made
