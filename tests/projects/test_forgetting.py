"""A person is forgotten: the name stands nowhere in the database any more, what they did is where it was, and nobody comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from annotation.models import Judgment
from database.statements import run
from projects import forgetting, invitations, membership, tokens
from projects.models import AuditEvent, Membership, OneTimeLink, Person, Project, Scope, ServiceToken
from projects.refusals import Refused
from tests.conftest import Cast, FreshDatabase
from tests.world import installation
from tests.world.rows import make_judgment, make_pair
from tests.world.searching import tables_with

ClientFor = Callable[[Person], Client]


def test_no_table_of_a_furnished_installation_tells_the_name_any_more(fresh_database: FreshDatabase) -> None:
    world = installation.build()
    ana = world.people["ana"]
    AuditEvent.objects.create(act="rules.owner_set", detail={"owner": ana.username, ana.username: 1})
    names, judged = (ana.username, ana.name), Judgment.objects.filter(judge__person=ana).count()
    assert all("projects_person" in tables_with(name) for name in names)
    called = forgetting.forget(ana, typed=ana.username, actor=world.people["root"])
    left = {name: tables_with(name) for name in names}
    assert left == {
        ana.username: {"projects_auditevent": 1},
        ana.name: {},
    }  # as the name of a value, which no event of ours has
    assert Judgment.objects.filter(judge__person__username=called).count() == judged > 0


@pytest.mark.django_db
def test_whatever_let_the_person_in_is_gone(project: Project, cast: Cast, client_for: ClientFor) -> None:
    lena, other = client_for(cast.lena), client_for(cast.ana)
    issued = tokens.issue(project, "sync", [Scope.EXPORT], 30, actor=cast.lena)
    link = invitations.invite(cast.lena, actor=cast.root).path
    root = client_for(cast.root)
    page = f"/people/{cast.lena.pk}/forget/"
    assert "Type the user name" in root.get(page).content.decode()
    assert root.post(page, {"typed": "Lena"}).status_code == 422 and lena.get("/").status_code == 200
    assert root.post(page, {"typed": "lena"}).url == f"/people/{cast.lena.pk}/"
    assert (lena.get("/").status_code, other.get("/").status_code, Client().get(link).status_code) == (302, 200, 404)
    assert tokens.find(issued.secret) is None and ServiceToken.objects.get().revoked_at is not None
    rows = [Membership.objects.filter(person=cast.lena), OneTimeLink.objects.filter(person=cast.lena)]
    assert not any(some.exists() for some in rows)
    assert str(cast.lena.pk) not in [one.get_decoded()["_auth_user_id"] for one in Session.objects.all()]
    shown = root.get(f"/people/{cast.lena.pk}/").content.decode()
    assert f"forgotten-{cast.lena.pk}" in shown and "Reactivate" not in shown and "Lena" not in shown


@pytest.mark.django_db
def test_who_is_forgotten_does_not_come_back(cast: Cast) -> None:
    forgetting.forget(cast.ana, typed="ana", actor=cast.root)
    ana = Person.objects.get(pk=cast.ana.pk)
    with pytest.raises(Refused, match="forgotten"):
        membership.reactivate(ana, actor=cast.root)
    with pytest.raises(Refused, match="already"):
        forgetting.forget(ana, typed=ana.username, actor=cast.root)
    with pytest.raises(DatabaseError, match="the_forgotten_stay_out"), transaction.atomic():
        Person.objects.filter(pk=ana.pk).update(is_active=True)
    with pytest.raises(Refused, match="yourself"):
        forgetting.forget(cast.root, typed="root", actor=cast.root)


@pytest.mark.django_db
def test_the_command_asks_for_the_name_twice(project: Project, cast: Cast) -> None:
    made = make_judgment(pair=make_pair(project=project), by=cast.ana, note="as ana said")

    def command(*arguments: str) -> tuple[int, dict[str, Any]]:
        out, code = StringIO(), 0
        try:
            call_command("forget_person", *arguments, stdout=out, stderr=StringIO())
        except SystemExit as end:
            code = int(str(end.code))
        return code, json.loads(out.getvalue())

    assert command("ana", "--typed", "anna")[1]["code"] == "typed_otherwise"
    assert command("nobody", "--typed", "nobody")[0] == 1
    assert command("ana", "--typed", "ana") == (0, {"person": cast.ana.pk, "called": f"forgotten-{cast.ana.pk}"})
    made.refresh_from_db()
    assert (made.judge.person_id, made.note) == (cast.ana.pk, "as ana said")  # what people wrote stays
    assert AuditEvent.objects.get(act="person.forgotten").object_id == str(cast.ana.pk)


def as_before(person: Person) -> dict[str, AuditEvent]:
    """Events of an earlier version, in every place where it wrote a user name."""
    acts = ("member.added", "member.removed", "person.created", "person.deactivated", "person.reactivated")
    acts += ("rule_owner.appointed", "rule_owner.dismissed")
    told = {"username": person.username, "role": "lead"}
    of = {act: AuditEvent(act=act, object_kind="person", object_id=str(person.pk), detail=told) for act in acts}
    of["rules.owner_set"] = AuditEvent(act="rules.owner_set", detail={"rule": "A1", "owner": person.username})
    lists = {
        "still_deactivated": ["zoe", person.username],
        "older_passwords": [person.username],
        "older_roles": ["zoe (lead, shoes)", f"{person.username} (labeler, shoes)"],
        "open_again": [person.username],
    }
    of["backup.restored"] = AuditEvent(act="backup.restored", detail=lists)
    for one in of.values():
        one.save()
    return of


@pytest.mark.django_db
def test_the_door_opens_for_nobody_who_may_sign_in_and_changes_no_more_than_the_places_of_names(cast: Cast) -> None:
    made, called = as_before(cast.ana), f"person {cast.ana.pk}"
    with pytest.raises(DatabaseError, match="locked out"), transaction.atomic():
        run("SELECT forget_person_in_audit(%s)", cast.ana.pk)
    Person.objects.filter(pk=cast.ana.pk).update(is_active=False)
    run("SELECT forget_person_in_audit(%s)", cast.ana.pk)
    after = {act: AuditEvent.objects.get(pk=one.pk).detail for act, one in made.items()}
    assert after.pop("backup.restored") == {
        "still_deactivated": ["zoe", called],
        "older_passwords": [called],
        "older_roles": ["zoe (lead, shoes)", f"{called} (labeler, shoes)"],
        "open_again": ["ana"],  # a slug
    }
    assert after.pop("rules.owner_set") == {"rule": "A1", "owner": called}
    assert list(after.values()) == [{"username": called, "role": "lead"}] * len(after)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE projects_auditevent SET act = 'x'")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["adjudicator", "L4", "import", "shoes", "12", "A1"])
def test_who_takes_a_word_of_the_log_for_a_name_and_is_forgotten_changes_nobodys_log(cast: Cast, name: str) -> None:
    words = {"role": name, "label": name, "source": name, "slug": name, "rule": name, "name": name, "by": name}
    for act in ("member.added", "adjudicated", "project.created", "rules.owner_set", "backup.restored"):
        AuditEvent.objects.create(act=act, object_kind="person", object_id=str(cast.ben.pk), detail=words)
    AuditEvent.objects.create(act="rules.owner_set", detail={"rule": "A1", "owner": 12})
    before = list(AuditEvent.objects.order_by("pk").values_list("pk", "detail"))
    Person.objects.filter(pk=cast.ana.pk).update(username=name, name=name)
    forgetting.forget(Person.objects.get(pk=cast.ana.pk), typed=name, actor=cast.root)
    assert list(AuditEvent.objects.order_by("pk").values_list("pk", "detail"))[: len(before)] == before
