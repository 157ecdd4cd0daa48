"""How statements reach PostgreSQL: prepared once they come often, and with as many values as they like."""

from __future__ import annotations

import pytest
from django.db import connection

from database.connecting import PREPARED
from database.postgresql.base import MOST_PARAMETERS
from database.statements import planned_for_its_values, rows
from projects.models import Person

pytestmark = pytest.mark.django_db


def prepared(part: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE strpos(statement, %s) > 0", [part])
        return int(cursor.fetchone()[0])


def test_a_statement_that_comes_often_is_planned_once() -> None:
    name = "nobody-of-that-name"
    for _ in range(int(PREPARED["prepare_threshold"]) + 1):
        assert not Person.objects.filter(name=name, username__startswith=name).exists()
    assert prepared('"projects_person"."username"::text LIKE') == 1


def test_a_statement_whose_conditions_are_switched_is_planned_for_its_values() -> None:
    """Made for whatever is sent, its plan would have to look for one name where nobody asks for one."""
    asked = "SELECT count(*) FROM projects_person WHERE %(name)s::text IS NULL OR username = %(name)s"
    for _ in range(12):
        with planned_for_its_values():
            rows(asked, name=None)
    kept = "SELECT generic_plans FROM pg_prepared_statements WHERE strpos(statement, %s) = 1"
    assert rows(kept, asked.partition("%")[0]) == [(0,)]


@pytest.mark.parametrize("count", [MOST_PARAMETERS, MOST_PARAMETERS + 1, 100_000])
def test_a_statement_may_name_more_values_than_the_protocol_has_room_for(count: int) -> None:
    ana = Person.objects.create_person("ana")
    assert Person.objects.filter(pk__in=range(ana.pk, ana.pk + count), username__contains="%n").count() == 0
    assert list(Person.objects.filter(pk__in=range(ana.pk, ana.pk + count - 1))) == [ana]
