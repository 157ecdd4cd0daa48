"""manage.py work and manage.py prelabel: what they print, refuse and survive."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest
from celery import current_app
from django.core.management import call_command
from django.db import connection

from inference.models import PrelabelJob, PrelabelRun
from jobs import process as working
from jobs.models import JobState, Worker
from projects.models import Project
from tests.conftest import ROOT, FreshDatabase
from tests.processes import wait_until
from tests.world.rows import make_item, make_pair, make_rule_base


def call(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def refused(*arguments: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(*arguments, stdout=out, stderr=err)
    assert isinstance(ended.value.code, int)
    return ended.value.code, out.getvalue() + err.getvalue()


@pytest.fixture
def pairs(project: Project) -> None:
    make_rule_base()
    for number in range(40):
        make_pair(project=project, query=f"mug {number}")


def test_prelabel_with_wait_works_itself_while_no_worker_is_up(project: Project, pairs: None) -> None:
    answer = call("prelabel", "--project", "shoes", "--wait")
    seconds = answer.pop("seconds")
    assert answer == {
        "pairs": 40, "ok": 40, "invalid": 0, "failed": 0, "dead": 0, "reused": 0,
        "tokens_in": 0, "tokens_out": 0, "cached_tokens": 0,
    }  # fmt: skip
    assert seconds > 0


def test_a_second_prelabel_reuses_everything(project: Project, pairs: None) -> None:
    call("prelabel", "--project", "shoes", "--wait")
    answer = call("prelabel", "--project", "shoes", "--wait", "--model", "distilled")
    assert (answer["pairs"], answer["ok"], answer["reused"]) == (40, 0, 40)


def test_prelabel_without_wait_only_asks(project: Project, pairs: None) -> None:
    assert call("prelabel", "--project", "shoes")["ok"] == 0
    assert PrelabelJob.objects.filter(state=JobState.QUEUED).count() == 40


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--project", "hats"], "hats"), (["--project", "shoes", "--model", "oracle"], "oracle")],
)
def test_prelabel_names_what_it_does_not_know(project: Project, pairs: None, arguments: list[str], said: str) -> None:
    code, text = refused("prelabel", *arguments)
    assert code == 1
    assert said in json.loads(text.splitlines()[0])["error"]
    assert not PrelabelRun.objects.exists()


def test_options_that_leave_nothing_to_do_are_refused(db: None) -> None:
    code, text = refused("work", "--no-dispatch", "--dispatch-only")
    assert code == 2 and "nothing to do" in text


def test_an_unknown_queue_is_refused(db: None) -> None:
    code, text = refused("work", "--queues", "gold")
    assert code == 2 and "gold" in text


@pytest.mark.processes
@pytest.mark.parametrize("options", [(), ("--no-dispatch",)])
def test_one_process_works_without_redis(
    fresh_database: FreshDatabase, django_db_blocker: Any, options: tuple[str, ...]
) -> None:
    """The embedded default, with a dispatcher in the same process; and without any."""
    with django_db_blocker.unblock():
        make_rule_base()
        project = Project.objects.create(slug="shoes", name="Shoes")
        item = make_item(project=project)
        for number in range(100):
            make_pair(project=project, query=f"mug {number}", item=item)
        environment = {**fresh_database.environment}
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "work", *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            answer = call("prelabel", "--project", "shoes")
            assert answer["pairs"] == 100
            undone = PrelabelJob.objects.exclude(state=JobState.DONE)
            wait_until(lambda: process.poll() is not None or not undone.exists(), seconds=120, what="the work")
            assert process.poll() is None
        finally:
            os.kill(process.pid, signal.SIGTERM)
            out, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        assert json.loads(out.splitlines()[-1])["seconds"] > 0


def test_work_survives_a_database_that_cuts_every_connection(
    fresh_database: FreshDatabase, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "BEAT_SECONDS", 0.2)
    with django_db_blocker.unblock():
        make_rule_base()
        project = Project.objects.create(slug="shoes", name="Shoes")
        item = make_item(project=project)
        for number in range(40):
            make_pair(project=project, query=f"mug {number}", item=item)
        ended = threading.Event()
        heart = threading.Thread(target=working.work, args=(current_app._get_current_object(),), kwargs={
            "dispatch": True, "queues": ["prelabel"], "ended": ended,
        })  # fmt: skip
        heart.start()
        try:
            wait_until(Worker.objects.exists, what="the first beat")
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            call("prelabel", "--project", "shoes")
            undone = PrelabelJob.objects.exclude(state=JobState.DONE)
            wait_until(lambda: not undone.exists(), what="all work done")
        finally:
            ended.set()
            heart.join()


def test_a_process_that_lost_a_thread_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    gone = threading.Thread(target=int, name="worker 1")
    gone.start()
    gone.join()
    ended = threading.Event()
    with pytest.raises(working.StandsStill, match="worker 1"):
        working._look_after(ended, [gone])
    ended.set()
    working._look_after(ended, [gone])  # as it was told to
