"""What one person makes in an hour is bounded, whichever way they hurry."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from projects import allowances
from projects.allowances import Allowance
from projects.models import HourlyCount, Person
from projects.refusals import Refused
from tests.conftest import Cast, FreshDatabase

NOTES = Allowance("test.note", 3, "notes")
OTHERS = Allowance("test.other", 3, "others")


def spent(allowance: Allowance, by: Person) -> Refused | None:
    try:
        with transaction.atomic():
            allowances.spend(allowance, by)
    except Refused as refusal:
        return refusal
    return None


def an_hour_goes_by() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_hourlycount SET since = since - interval '1 hour'")


def test_one_person_makes_so_many_of_a_kind_in_an_hour(cast: Cast) -> None:
    assert [spent(NOTES, cast.ana) for _ in range(3)] == [None] * 3
    refusal = spent(NOTES, cast.ana)
    assert refusal is not None and (refusal.code, refusal.status) == ("allowance_spent", 429)
    assert str(refusal) == ("You have made 3 notes within an hour, as many as one person may. Go on in 60 minutes.")
    assert spent(NOTES, cast.ben) is None, "another person's hour is their own"
    assert spent(OTHERS, cast.ana) is None, "so is another kind"


def test_the_next_hour_begins_anew(cast: Cast) -> None:
    assert [spent(NOTES, cast.ana) for _ in range(4)][-1] is not None
    an_hour_goes_by()
    assert [spent(NOTES, cast.ana) is None for _ in range(4)] == [True, True, True, False]
    assert HourlyCount.objects.count() == 1, "one row for a person and kind, however long they work here"


def test_what_is_not_stored_after_all_counts_for_nothing(cast: Cast) -> None:
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            allowances.spend(NOTES, cast.ana)
            raise ZeroDivisionError
    assert not HourlyCount.objects.exists()


@pytest.fixture
def ana(fresh_database: FreshDatabase) -> Iterator[Person]:
    yield Person.objects.create_person("ana")


def test_a_crowd_of_requests_at_one_moment_gets_no_more(ana: Person) -> None:
    def one(_: int) -> bool:
        try:
            return spent(NOTES, ana) is None
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as crowd:
        assert sum(crowd.map(one, range(24))) == 3


def test_looking_first_and_counting_afterwards_lets_the_crowd_in(ana: Person) -> None:
    """The control: as many as are there at one moment."""
    together = Barrier(6)

    def one(_: int) -> bool:
        try:
            room = HourlyCount.objects.filter(person=ana, kind=NOTES.code, made__gte=NOTES.an_hour).first() is None
            together.wait(timeout=30)
            return room and spent(Allowance(NOTES.code, 1000, "notes"), ana) is None
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as crowd:
        assert sum(crowd.map(one, range(6))) == 6 > NOTES.an_hour
