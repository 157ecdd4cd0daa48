"""A queryset whose SQL is built once answers what it would answer built anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, QuerySet
from django.db.transaction import TransactionManagementError

from database.compiling import compiled
from projects.models import Membership, Person, Project

pytestmark = pytest.mark.django_db


def members(person: int, slug: str) -> QuerySet[Membership]:
    rows = Membership.objects.filter(person=person, project__slug=slug, project__archived_at=None)
    return rows.select_related("project").order_by("pk")[:5]


@pytest.fixture
def two() -> Iterator[list[Membership]]:
    made = []
    for name in ("shoes", "mugs"):
        project = Project.objects.create(slug=name, name=name.title())
        person = Person.objects.create_person(f"{name}-labeler")
        made.append(Membership.objects.create(project=project, person=person, role="labeler"))
    yield made


def test_each_call_is_answered_for_its_own_values_in_one_statement_the_first_too(
    two: list[Membership], django_assert_num_queries: Any
) -> None:
    ask = compiled(members)
    for wanted in (*two, *two):
        with django_assert_num_queries(1):
            rows = ask(wanted.person_id, wanted.project.slug)
            assert [(row.pk, row.project.name) for row in rows] == [(wanted.pk, wanted.project.name)]
            assert rows[0].role == "labeler"
    assert ask(two[0].person_id, "mugs") == []


def test_the_sql_is_built_once_from_two_sets_of_stand_ins(two: list[Membership]) -> None:
    built = []

    def build(person: int, slug: str) -> QuerySet[Membership]:
        built.append((person, slug))
        return members(person, slug)

    ask = compiled(build)
    for wanted in (*two, *two):
        assert len(ask(wanted.person_id, wanted.project.slug)) == 1
    assert built == [(32_000, "stand-in 1 0"), (32_001, "stand-in 1 1")]


def test_a_value_may_stand_in_several_places_and_columns_come_as_tuples(two: list[Membership]) -> None:
    @compiled
    def counted(since: date, person: int) -> QuerySet[Person, tuple[str, int]]:
        rows = Person.objects.filter(created_at__date__gte=since).exclude(pk__lt=person).exclude(pk__gt=person)
        return rows.annotate(seats=Count("memberships")).values_list("username", "seats")

    assert counted(date(2001, 1, 1), two[0].person_id) == [("shoes-labeler", 1)]
    assert counted(date(2999, 1, 1), two[0].person_id) == []


def test_rows_are_read_over_the_connection_of_the_thread_that_asks(two: list[Membership]) -> None:
    ask, wanted = compiled(members), two[0]
    assert len(ask(wanted.person_id, wanted.project.slug)) == 1
    elsewhere: list[list[Membership]] = []

    def other() -> None:
        elsewhere.append(ask(wanted.person_id, wanted.project.slug))
        connection.close()

    thread = Thread(target=other)
    thread.start()
    thread.join()
    assert elsewhere == [[]]  # what this test has not committed is not seen there


def test_rows_are_not_locked_where_no_transaction_would_keep_the_lock(two: list[Membership]) -> None:
    @compiled
    def locked(person: int) -> QuerySet[Membership]:
        return Membership.objects.select_for_update().filter(person=person)

    assert len(locked(two[0].person_id)) == 1
    refused: list[Exception] = []

    def other() -> None:
        try:
            locked(two[0].person_id)
        except TransactionManagementError as error:
            refused.append(error)
        connection.close()

    thread = Thread(target=other)
    thread.start()
    thread.join()
    assert len(refused) == 1


def test_what_an_argument_decides_is_refused(two: list[Membership]) -> None:
    @compiled
    def some(most: int) -> QuerySet[Membership]:
        return Membership.objects.order_by("pk")[:most]

    with pytest.raises(ValueError, match="decides what is asked"):
        some(3)


def test_an_argument_that_has_no_stand_in_is_refused(two: list[Membership]) -> None:
    ask: Any = compiled(members)
    with pytest.raises(TypeError, match="NoneType"):
        ask(None, "shoes")
