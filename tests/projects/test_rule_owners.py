"""Rule owners of the installation: a system admin makes them, and no lead of a project can."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from projects import membership, rule_owners
from projects.gates import keeps_rules
from projects.models import AuditEvent, Person, Project, Role
from tests.conftest import Cast, refused

ClientFor = Callable[[Person], Client]


def acts(*, by: Person | None) -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(act__startswith="rule_owner.", project=None).order_by("pk")
    return [(row.act, str(Person.objects.get(pk=row.object_id).username)) for row in rows if row.actor == by]


def test_a_system_admin_appoints_and_dismisses_on_the_persons_page(cast: Cast, client_for: ClientFor) -> None:
    root, page = client_for(cast.root), f"/people/{cast.eve.pk}/"
    for action, kept in (("appoint", True), ("appoint", True), ("dismiss", False)):
        assert root.post(page, {"action": action}).status_code == 302
        assert keeps_rules(Person.objects.get(pk=cast.eve.pk)) is kept
        assert ("Dismiss as rule owner" in root.get(page).content.decode()) is kept
    assert acts(by=cast.root) == [("rule_owner.appointed", "eve"), ("rule_owner.dismissed", "eve")]


def test_who_is_appointed_enters_no_project_and_stays_signed_in(cast: Cast, client_for: ClientFor) -> None:
    eve = client_for(cast.eve)
    assert eve.post("/rules/check/").status_code == 404
    rule_owners.appoint(cast.eve, actor=cast.root)
    assert (eve.post("/rules/check/").status_code, eve.get("/p/shoes/").status_code) == (200, 404)
    rule_owners.dismiss(cast.eve, actor=cast.root)
    assert eve.post("/rules/check/").status_code == 404


def test_a_lead_hands_out_the_role_of_the_project_alone(project: Project, cast: Cast, client_for: ClientFor) -> None:
    """What two people whom one lead appointed could do before: draft, and publish for every project."""
    membership.add_role(project, "ana", Role.RULE_OWNER, actor=cast.lena)
    ana = client_for(cast.ana)
    assert not keeps_rules(Person.objects.get(pk=cast.ana.pk))
    assert ana.post("/rules/drafts/", {"title": "Mine", "base": "1"}).status_code == 404
    assert ana.get("/p/shoes/backtests/").status_code == 200  # what the role is for
    lena = client_for(cast.lena)
    assert lena.post(f"/people/{cast.ana.pk}/", {"action": "appoint"}).status_code == 404


def test_who_was_deactivated_is_not_appointed(cast: Cast) -> None:
    Person.objects.filter(pk=cast.eve.pk).update(is_active=False)
    with refused("deactivated"):
        rule_owners.appoint(Person.objects.get(pk=cast.eve.pk), actor=cast.root)


@pytest.mark.parametrize(("words", "owner"), [((), True), (("--dismiss",), False)])
def test_the_command_appoints_dismisses_and_says_whether_anything_changed(
    cast: Cast, words: tuple[str, ...], owner: bool
) -> None:
    Person.objects.filter(pk=cast.eve.pk).update(is_rule_owner=not owner)
    for changed in (True, False):
        out = StringIO()
        call_command("appoint_rule_owner", "eve", *words, stdout=out, stderr=StringIO())
        answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
        assert answer == {"person": "eve", "rule_owner": owner, "changed": changed}
    assert len(acts(by=None)) == 1


def test_an_upgrade_takes_nothing_away(project: Project, cast: Cast) -> None:
    """The statement of the migration: rule owners of any project, an archived one too, become owners of the rules."""
    Person.objects.update(is_rule_owner=False)
    archived = Project.objects.create(slug="old", name="Old", archived_at="2026-01-01T00:00Z")
    membership.add_role(archived, "ben", Role.RULE_OWNER, actor=None)
    with connection.cursor() as cursor:
        cursor.execute(import_module("projects.migrations.0005_rule_owners").TURNED)
    assert [person.username for person in rule_owners.rule_owners()] == ["ben", "rosa"]
    assert acts(by=None) == [("rule_owner.appointed", "ben"), ("rule_owner.appointed", "rosa")] or acts(by=None) == [
        ("rule_owner.appointed", "rosa"),
        ("rule_owner.appointed", "ben"),
    ]
