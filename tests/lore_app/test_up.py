"""Serving with two processes: killed outright it leaves neither behind, and started again it finds everything."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import FreshDatabase
from tests.processes import answers, free_port, listens, manage, wait_until

pytestmark = pytest.mark.drill


def test_killed_outright_it_leaves_nothing_on_the_port(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    port = free_port()
    for _ in range(2):
        with (tmp_path / "up.log").open("ab") as log:
            up = subprocess.Popen(
                manage("up", "--port", str(port)), env=fresh_database.environment, cwd=tmp_path, stdout=log, stderr=log
            )
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/health/"), what="the web server")
        os.kill(up.pid, signal.SIGKILL)
        up.wait()
        wait_until(lambda: not listens(port), what="a free port")
