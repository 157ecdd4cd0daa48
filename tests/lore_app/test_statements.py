"""How statements reach PostgreSQL: prepared once they come often, and with as many values as they like."""

from __future__ import annotations

import pytest
from django.db import connection

from database.connecting import PREPARED
from database.postgresql.base import MOST_PARAMETERS
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


@pytest.mark.parametrize("count", [MOST_PARAMETERS, MOST_PARAMETERS + 1, 100_000])
def test_a_statement_may_name_more_values_than_the_protocol_has_room_for(count: int) -> None:
    ana = Person.objects.create_person("ana")
    assert Person.objects.filter(pk__in=range(ana.pk, ana.pk + count), username__contains="%n").count() == 0
    assert list(Person.objects.filter(pk__in=range(ana.pk, ana.pk + count - 1))) == [ana]
