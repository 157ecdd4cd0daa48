"""Whether anyone is at work is what the database's clock says of their heartbeats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalogue.models import Import
from database.clock import ClockTimestamp
from jobs import heartbeats, kinds, leasing
from jobs.models import Job, JobState, Worker
from projects import audit
from projects.models import Person, Project
from tests.world.rows import make_import

BOTH = (Worker.Kind.DISPATCHER, Worker.Kind.WORKER)
ClientFor = Callable[[Person], Client]


def grow_old(seconds: float, **which: Any) -> None:
    Worker.objects.filter(**which).update(seen_at=ClockTimestamp() - timedelta(seconds=seconds))


def test_before_anyone_came_nobody_works(db: None) -> None:
    assert heartbeats.presence() == (0, 0, None)
    assert not heartbeats.is_anyone_working()


def test_a_process_that_beats_is_at_work(db: None) -> None:
    heartbeats.Heart(BOTH).start()
    assert heartbeats.is_anyone_working()


def test_a_worker_that_has_not_beaten_for_seven_seconds_is_absent(db: None) -> None:
    """Believed for 6 s and asked after every 4 s: at most 10 s until a page says so."""
    assert heartbeats.FRESH_SECONDS + 4 <= 10
    heartbeats.Heart(BOTH).start()
    grow_old(7)
    presence = heartbeats.presence()
    assert not presence.up and presence.seen_at is not None


def test_a_worker_without_a_dispatcher_works_and_the_pages_say_what_is_missing(db: None) -> None:
    heartbeats.Heart((Worker.Kind.WORKER,)).start()
    assert heartbeats.is_anyone_working()
    assert not heartbeats.presence().up
    heartbeats.Heart((Worker.Kind.DISPATCHER,)).start()
    assert heartbeats.presence().up


def test_a_beat_after_a_pause_brings_the_process_back(db: None) -> None:
    heart = heartbeats.Heart(BOTH)
    heart.start()
    grow_old(60)
    heart.beat()
    assert heartbeats.is_anyone_working()


def test_a_beat_says_whether_work_was_taken_since_the_last(db: None) -> None:
    heart = heartbeats.Heart(BOTH)
    heart.start()
    heartbeats.note_claim()
    heart.beat()
    taken = Worker.objects.get(kind="worker").last_claim_at
    assert taken is not None
    heart.beat()
    assert Worker.objects.get(kind="worker").last_claim_at == taken
    assert Worker.objects.get(kind="dispatcher").last_claim_at is None


def test_a_process_that_ends_leaves_no_row(db: None) -> None:
    heart = heartbeats.Heart(BOTH)
    heart.start()
    heart.stop()
    assert not Worker.objects.exists()


def test_processes_not_heard_of_for_a_day_are_forgotten(db: None) -> None:
    Worker.objects.create(name="old", kind="worker")
    grow_old(2 * 86400)
    heartbeats.Heart(BOTH).start()
    assert not Worker.objects.filter(name="old").exists()


def test_depths_count_what_waits_runs_and_died(project: Project) -> None:
    waiting, running, dead, unconfirmed = (make_import(project=project) for _ in range(4))
    leasing.claim(Import, running.pk)
    token = leasing.claim(Import, dead.pk)
    assert token is not None
    leasing.fail(dead, token, "wrong_file: a secret title", retry=False)
    Import.objects.filter(pk=unconfirmed.pk).update(confirmed=False)
    depth = next(depth for depth in heartbeats.depths() if depth.kind == "import")
    assert (depth.waiting, depth.running, depth.dead) == (1, 1, 1)
    assert [entry.code for entry in heartbeats.dead_jobs()] == ["wrong_file"]
    assert waiting.state == JobState.QUEUED


def test_the_badge_says_up_and_asks_again(cast: Any, client_for: ClientFor) -> None:
    heartbeats.Heart(BOTH).start()
    html = client_for(cast.ana).get(reverse("workers-badge"), headers={"HX-Request": "true"}).content.decode()
    assert "worker: up" in html and 'hx-trigger="every 4s"' in html


def test_the_badge_says_since_when_nobody_works(cast: Any, client_for: ClientFor) -> None:
    heartbeats.Heart(BOTH).start()
    grow_old(60)
    assert (
        "worker: absent since"
        in client_for(cast.ana).get(reverse("workers-badge"), headers={"HX-Request": "true"}).content.decode()
    )


def test_the_page_names_processes_and_work_but_not_whose_data_failed(
    project: Project, cast: Any, client_for: ClientFor
) -> None:
    heartbeats.Heart(BOTH).start()
    dead = make_import(project=project)
    token = leasing.claim(Import, dead.pk)
    assert token is not None
    leasing.fail(dead, token, "wrong_file: a secret title", retry=False)
    html = client_for(cast.root).get(reverse("workers")).content.decode()
    assert heartbeats.Heart(BOTH).name in html and "wrong_file" in html
    assert "a secret title" not in html


def test_the_page_tells_which_processes_began_anew_and_why(cast: Any, client_for: ClientFor) -> None:
    audit.record(None, heartbeats.BEGAN_ANEW, process="gpu-1:77", why="stuck: export 7 gave no sign for 3600 s")
    html = client_for(cast.root).get(reverse("workers")).content.decode()
    assert "gpu-1:77" in html and "stuck: export 7" in html


def _killed(project: Project, error: str) -> Import:
    dead = make_import(project=project)
    token = leasing.claim(Import, dead.pk)
    assert token is not None
    leasing.fail(dead, token, error, retry=False)
    return dead


def test_each_reader_sees_what_concerns_them(project: Project, cast: Any, client_for: ClientFor) -> None:
    """Of other projects nothing; of the own ones what waits, and what died to who may start it anew; no process's name."""
    heartbeats.Heart(BOTH).start()
    audit.record(None, heartbeats.BEGAN_ANEW, process="gpu-1:77", why="stuck: export 7 gave no sign for 3600 s")
    beta = Project.objects.create(slug="beta", name="Beta")
    here, there = _killed(project, "wrong_file: x"), _killed(beta, "wrong_file: x")
    make_import(project=project), make_import(project=beta), make_import(project=beta)
    seen = {}
    for name in ("ana", "lena", "max", "eve", "root"):
        answer = client_for(getattr(cast, name)).get(reverse("workers"))
        html, depths = answer.content.decode(), answer.context["depths"]
        waiting = next((depth.waiting for depth in depths if depth.kind == "import"), None)
        jobs = [job.job_id for job, _project in answer.context["dead"]]
        seen[name] = (waiting, jobs, heartbeats.Heart(BOTH).name in html, "gpu-1:77" in html, "Beta" in html)
    assert seen == {
        "ana": (1, [], False, False, False),
        "lena": (1, [here.pk], False, False, False),
        "max": (1, [here.pk], False, False, False),
        "eve": (None, [], False, False, False),
        "root": (3, [there.pk, here.pk], True, True, False),
    }


def test_the_page_says_what_to_do_while_there_is_no_worker(cast: Any, client_for: ClientFor) -> None:
    assert "manage.py work" in client_for(cast.root).get(reverse("workers")).content.decode()


@pytest.mark.parametrize("name", ["workers", "workers-badge"])
def test_a_stranger_is_sent_to_sign_in(db: None, name: str) -> None:
    assert Client().get(reverse(name)).status_code == 302


def test_the_badge_takes_one_query_of_its_own(
    cast: Any, client_for: ClientFor, django_assert_max_num_queries: Any
) -> None:
    client = client_for(cast.ana)
    with django_assert_max_num_queries(3):  # session, person, heartbeats
        client.get(reverse("workers-badge"), headers={"HX-Request": "true"})


def test_every_table_of_jobs_has_a_kind() -> None:
    assert {kind.model for kind in kinds.every()} == set(Job.__subclasses__())
