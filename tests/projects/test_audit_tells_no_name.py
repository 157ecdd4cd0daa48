"""The audit log is kept for long, so it names people by number and origins under a key: in a world where everything was done,
and in the rows that an earlier version wrote.
"""

from __future__ import annotations

import ast
import json
import re
from importlib import import_module
from ipaddress import ip_address
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection

from database.connecting import connected_as
from projects.client_addresses import keyed
from projects.models import AuditEvent, Person, Project
from tests.conftest import ROOT, Cast, FreshDatabase
from tests.world import installation


def told(detail: Any) -> list[str]:
    """Every value of a detail, however deep."""
    if isinstance(detail, dict | list):
        return [value for one in (detail.values() if isinstance(detail, dict) else detail) for value in told(one)]
    return [str(detail)]


def names_and_addresses(events: list[AuditEvent]) -> list[tuple[str, str]]:
    people = set(Person.objects.values_list("username", flat=True)) | set(Person.objects.values_list("name", flat=True))
    values = [(event.act, value) for event in events for value in told(event.detail)]
    return [(act, value) for act, value in values if value and (value in people or is_address(value))]


def is_address(text: str) -> bool:
    try:
        ip_address(re.sub(r"/\d+$", "", text))
    except ValueError:
        return False
    return not text.isdigit()


@pytest.mark.django_db
def test_no_event_of_a_world_where_everything_was_done_tells_a_name_or_an_address() -> None:
    installation.build()
    events = list(AuditEvent.objects.all())
    assert len({event.act for event in events}) > 5
    assert names_and_addresses(events) == []


@pytest.mark.django_db
def test_the_walk_finds_a_name_and_an_address(cast: Cast) -> None:
    events = [
        AuditEvent(act="member.added", detail={"username": "ana"}),
        AuditEvent(act="sign_in.waits", detail={"address": "2001:db8::/64", "until": "2026-11-30T10:00:00"}),
    ]
    assert [act for act, _value in names_and_addresses(events)] == ["member.added", "sign_in.waits"]


def test_no_call_hands_the_log_a_name_of_a_person() -> None:
    """What no world does is noticed as well: an act that tells a user name or a name beside the person it is on."""
    told = []
    for path in [path for app in django_settings.OUR_APPS for path in (ROOT / app).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "record":
                values = [one.value for one in node.keywords]
                names = [one for one in values if isinstance(one, ast.Attribute) and one.attr == "username"]
                told += [f"{path.relative_to(ROOT)}:{one.lineno}" for one in names]
    assert told == []


def test_what_an_earlier_version_wrote_is_taken_out_by_migrate(fresh_database: FreshDatabase) -> None:
    with connected_as({**django_settings.OWNER_DATABASE, "NAME": fresh_database.name}):
        ana = Person.objects.create_person("ana")
        project = Project.objects.create(slug="shoes", name="Shoes")
        made = [
            AuditEvent.objects.create(
                act=act, object_kind="person", object_id=str(ana.pk), project=project, detail=detail
            )
            for act, detail in [
                ("member.added", {"username": "ana", "role": "lead"}),
                ("sign_in.waits", {"address": "2001:db8::/64", "until": "later"}),
            ]
        ]
        with connection.schema_editor() as editor:
            import_module("projects.migrations.0004_forgetting").take_out(apps, editor)
        details = [AuditEvent.objects.get(pk=one.pk).detail for one in made]
    assert details == [{"role": "lead"}, {"address": keyed("2001:db8::/64"), "until": "later"}]
    assert "2001" not in json.dumps(details)
