"""The question that a container's health check asks of its own process."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from database.clock import ClockTimestamp
from jobs.heartbeats import Heart
from jobs.models import Worker
from tests.conftest import FreshDatabase
from tests.processes import ROOT, free_port, listens, manage, process, wait_until


def alive(process: str) -> bool:
    try:
        call_command("alive", process, stdout=StringIO(), stderr=StringIO())
    except SystemExit as ended:
        assert ended.code == 1
        return False
    return True


@pytest.mark.django_db
@pytest.mark.parametrize("kind", Worker.Kind.values)
def test_a_process_is_alive_while_it_beats(kind: str) -> None:
    other = next(one for one in Worker.Kind.values if one != kind)
    assert not alive(kind)
    Heart((Worker.Kind(kind),)).start()
    assert alive(kind) and not alive(other)
    Worker.objects.update(seen_at=ClockTimestamp() - timedelta(minutes=1))
    assert not alive(kind)


@pytest.mark.django_db
def test_the_worker_of_another_host_is_no_sign_of_life_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    Heart((Worker.Kind.WORKER,)).start()
    monkeypatch.setattr(socket, "gethostname", lambda: "another")
    assert not alive("worker")


@pytest.mark.django_db
def test_a_web_process_that_does_not_listen_is_not_alive(settings: Any) -> None:
    settings.PORT = free_port()
    assert not alive("web")


PRODUCTION = {
    "LORE_HTTPS": "1",
    "LORE_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST",
    "LORE_ALLOWED_HOSTS": ".lore.example",
    "LORE_STORAGE_BACKEND": "tests.lore_app.storage_elsewhere.StorageElsewhere",
}


@pytest.mark.processes
@pytest.mark.parametrize("told", [{}, PRODUCTION], ids=["laptop", "production"])
def test_a_web_process_that_answers_is_alive(
    told: dict[str, str], fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """Asked as its proxy asks it: another host, or plain http in production, would be refused or redirected."""
    port = free_port()
    environment = {**fresh_database.environment, **told, "LORE_PORT": str(port)}
    web = [sys.executable, "-m", "gunicorn", "lore_app.wsgi", "--bind", f"127.0.0.1:{port}", "--preload"]
    with process(web, environment, ROOT, tmp_path / "web.log"):
        wait_until(lambda: listens(port), what="the web server")
        asked = subprocess.run(manage("alive", "web"), cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (asked.returncode, asked.stdout) == (0, '{"alive": "web"}\n'), asked.stderr
