"""The dispatcher rings once when something becomes due; a bell says "look" and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from kombu.exceptions import OperationalError

from catalogue.models import Import
from jobs import bell, kinds, leasing
from jobs.dispatching import Dispatcher
from projects.models import Project
from tests.world.rows import make_import

OTHERS = ["another", "yet another"]


@pytest.fixture(autouse=True)
def others(settings: Any) -> Iterator[None]:
    """There are other processes. The broker of the tests lives in this one: memory://."""
    settings.REDIS_URL = "redis://as-if-there-were-one"
    purge()
    bell.hush()
    yield
    purge()


def purge() -> None:
    with current_app.connection_for_write() as connection:
        for name in kinds.queues():
            connection.channel().queue_purge(name)


def messages(name: str) -> list[Any]:
    """Task and arguments, as a worker would find them."""
    found = []
    with current_app.connection_for_read() as connection:
        channel = connection.channel()
        while message := channel.basic_get(name, no_ack=True):
            found.append((message.headers["task"], json.loads(message.body)[0]))
    return found


def rung() -> bool:
    """In this process; not any more."""
    was = bell._rung.is_set()
    bell.hush()
    return was


def test_what_becomes_due_is_rung_for_once_with_a_message_that_only_says_look(project: Project) -> None:
    dispatcher = Dispatcher()
    assert dispatcher.sweep() == set()
    assert not rung()
    make_import(project=project)
    assert dispatcher.sweep() == {"default"}
    assert rung()
    assert dispatcher.sweep() == set()
    assert not rung()
    assert messages("default") == [(bell.LOOK, [])]
    assert messages("prelabel") == []


def test_what_becomes_due_after_a_time_without_is_rung_for_again(project: Project) -> None:
    dispatcher = Dispatcher()
    row = make_import(project=project)
    dispatcher.sweep()
    leasing.claim(Import, row.pk)
    assert dispatcher.sweep() == set()
    make_import(project=project)
    assert dispatcher.sweep() == {"default"}


def test_an_import_that_nobody_confirmed_is_not_rung_for(project: Project) -> None:
    Import.objects.filter(pk=make_import(project=project).pk).update(confirmed=False)
    assert Dispatcher().sweep() == set()


def test_no_second_bell_lies_in_a_queue_that_nobody_hears(project: Project) -> None:
    make_import(project=project)
    for _ in range(3):
        assert Dispatcher().sweep() == {"default"}
    assert len(messages("default")) == 1


def test_without_redis_the_bell_is_heard_in_this_process_alone(project: Project, settings: Any) -> None:
    settings.REDIS_URL = ""
    make_import(project=project)
    Dispatcher().sweep()
    assert rung()
    assert messages("default") == []


def test_an_absent_broker_is_told_and_the_bell_of_this_process_rings(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(current_app._get_current_object(), "send_task", refuse)
    make_import(project=project)
    assert Dispatcher().sweep() == {"default"}
    assert rung()
    assert "the broker does not answer" in caplog.text


@pytest.mark.parametrize("arguments", [(), ("prelabel", [1, 2]), ("../etc", None), (2**70, {"a": "b"})])
def test_whatever_a_message_says_it_says_look(arguments: tuple[object, ...]) -> None:
    current_app.tasks[bell.LOOK](*arguments, **{"countdown": 7})
    assert rung()


def test_a_stranger_who_holds_a_message_finds_one_task_alone() -> None:
    ours = {
        name for name in current_app.tasks if not name.startswith(("celery.", "naive."))
    }  # naive: of the drills' controls
    assert ours == {bell.LOOK}
