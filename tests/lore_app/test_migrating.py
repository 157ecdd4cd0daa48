"""migrate while people are at work: nobody waits behind it for long, and nobody is without rights for a moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from psycopg import sql

from lore_app.management.commands import migrate
from projects.starting import RUNNING
from tests.conftest import FreshDatabase, as_owner


@pytest.fixture
def owner(fresh_database: FreshDatabase, settings: Any) -> FreshDatabase:
    """There is one migration to run: it adds a column to the pairs."""
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": fresh_database.name}
    settings.MIGRATION_MODULES = {"lore_app": "tests.lore_app.adding_a_column"}
    return fresh_database


def test_a_migration_does_not_hold_up_the_people_who_wait_behind_it(
    owner: FreshDatabase, monkeypatch: pytest.MonkeyPatch, held: Callable[[str], threading.Event]
) -> None:
    """A table that somebody reads in a long transaction: the change gives up in time, and succeeds afterwards."""
    pauses = _let_go_at_the_second(monkeypatch, held, "catalogue_pair")
    call_command("migrate", verbosity=0)
    assert pauses == [1, 2]
    with as_owner(owner.name) as cursor:
        cursor.execute("SELECT of_a_test FROM catalogue_pair")


def _let_go_at_the_second(
    monkeypatch: pytest.MonkeyPatch, held: Callable[[str], threading.Event], table: str
) -> list[float]:
    """The pauses of a migration to come; in the second, whoever holds the table lets go."""
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 1)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            release.set()
            held.gone.wait(10)  # type: ignore[attr-defined]

    monkeypatch.setattr(migrate.time, "sleep", pause)
    release = held(table)
    return pauses


def test_a_table_that_is_held_for_ever_ends_the_migration_with_a_word(
    owner: FreshDatabase, monkeypatch: pytest.MonkeyPatch, held: Callable[[str], threading.Event]
) -> None:
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 1)
    monkeypatch.setattr(migrate, "PAUSES", (0.01, 0.01))
    held("catalogue_pair")
    with pytest.raises(CommandError, match="quieter hour"):
        call_command("migrate", verbosity=0)


@pytest.fixture
def held(fresh_database: FreshDatabase) -> Any:
    """Call it with a table: somebody else has read it and not ended their transaction until the event is set."""
    release, gone, reading = threading.Event(), threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def read(table: str) -> None:
        other = connection.copy()
        other.settings_dict = {**other.settings_dict, "NAME": fresh_database.name}
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT 1 FROM {}").format(sql.Identifier(table)))
            reading.set()
            release.wait(30)
        other.rollback()
        other.close()
        gone.set()

    def hold(table: str) -> threading.Event:
        threads.append(threading.Thread(target=read, args=(table,)))
        threads[-1].start()
        assert reading.wait(10)
        return release

    hold.gone = gone  # type: ignore[attr-defined]
    yield hold
    release.set()
    for thread in threads:
        thread.join()


def test_rights_are_granted_again_without_a_moment_in_which_there_are_none(owner: FreshDatabase, settings: Any) -> None:
    """People go on reading while `migrate` grants from scratch; granted statement by statement they met refusals."""
    refusals: list[str] = []
    ended = threading.Event()

    def keep_reading() -> None:
        other = connection.copy()
        while not ended.is_set():
            try:
                with other.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM projects_project")
            except Exception as error:
                refusals.append(str(error))
        other.close()

    reader = threading.Thread(target=keep_reading)
    reader.start()
    try:
        for _ in range(3):
            call_command("migrate", verbosity=0)
    finally:
        ended.set()
        reader.join()
    assert refusals == []


def test_a_new_database_may_be_migrated_before_it_has_tables() -> None:
    """What is asked of a product that runs is not asked of the command that makes its tables; the rest is."""
    tags = migrate.Command().get_check_kwargs({"database": "default"})["tags"]
    assert RUNNING not in tags
    assert {"database", "security"} <= tags
