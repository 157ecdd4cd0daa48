from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from projects.models import AuditEvent, Membership, Person, Project, Role
from tests.conftest import Cast

ClientFor = Callable[[Person], Client]


def create_admin(name: str) -> tuple[dict[str, Any], str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("create_admin", name, stdout=out, stderr=err)
    except SystemExit as end:
        assert end.code == 1
    return json.loads(out.getvalue().splitlines()[-1]), err.getvalue()


def test_the_first_admin_comes_by_a_one_time_link(db: None, settings: Any) -> None:
    settings.PORT = 8123
    answer, told = create_admin("root")
    assert set(answer) == {"person", "link", "expires"}
    assert f"http://localhost:8123{answer['link']}" in told
    admin = Person.objects.get(username="root")
    assert (admin.is_system_admin, admin.has_usable_password()) == (True, False)
    assert Client().get(answer["link"]).status_code == 200


def test_create_admin_again_makes_a_new_link_for_the_same_person(db: None) -> None:
    first, second = create_admin("root")[0], create_admin("root")[0]
    assert Person.objects.count() == 1
    assert [Client().get(answer["link"]).status_code for answer in (first, second)] == [410, 200]


@pytest.mark.parametrize("name", ["ana", "demo-boss", "no spaces", "", "x" * 81])
def test_create_admin_refuses_politely(name: str, cast: Cast) -> None:
    answer, _ = create_admin(name)
    assert set(answer) == {"error"}
    assert Person.objects.filter(is_system_admin=True).count() == 1  # root of the cast


def test_a_new_person_gets_a_link_that_is_shown_once(cast: Cast, client_for: ClientFor) -> None:
    root = client_for(cast.root)
    answer = root.post("/people/", {"username": "nora", "name": "Nora"})
    assert answer.status_code == 201
    nora = Person.objects.get(username="nora")
    assert "/welcome/" in answer.content.decode()
    assert "/welcome/" not in root.get(f"/people/{nora.pk}/").content.decode()
    assert AuditEvent.objects.filter(act="person.created", actor=cast.root, object_id=str(nora.pk)).exists()


@pytest.mark.parametrize("username", ["ana", "ANA", "demo-x", "Demo-X", "", "a b", "<script>", "nul\x00"])
def test_a_user_name_is_free_plain_and_not_of_the_demo(username: str, cast: Cast, client_for: ClientFor) -> None:
    before = Person.objects.count()
    assert client_for(cast.root).post("/people/", {"username": username}).status_code == 422
    assert Person.objects.count() == before


def test_a_web_form_makes_no_system_admin(cast: Cast, client_for: ClientFor) -> None:
    client_for(cast.root).post("/people/", {"username": "nora", "is_system_admin": "on", "system_admin": "1"})
    assert not Person.objects.get(username="nora").is_system_admin


def test_nobody_deactivates_themself(cast: Cast, client_for: ClientFor) -> None:
    path = f"/people/{cast.root.pk}/"
    assert client_for(cast.root).post(path, {"action": "deactivate"}).status_code == 409
    assert Person.objects.get(pk=cast.root.pk).is_active


def test_leaving_and_coming_back_in_the_browser(cast: Cast, client_for: ClientFor) -> None:
    root, path = client_for(cast.root), f"/people/{cast.ana.pk}/"
    ana = client_for(cast.ana)
    assert root.post(path, {"action": "deactivate"}).status_code == 302
    assert ana.get("/").status_code == 302
    assert root.post(path, {"action": "link"}).status_code == 409
    back = root.post(path, {"action": "reactivate"})
    assert "/welcome/" in back.content.decode()
    assert Person.objects.get(pk=cast.ana.pk).is_active


def test_a_lead_is_named_only_where_none_can_sign_in(cast: Cast, project: Project, client_for: ClientFor) -> None:
    root, path = client_for(cast.root), f"/people/{cast.eve.pk}/"
    assert root.post(path, {"action": "lead", "project": "shoes"}).status_code == 409
    root.post(f"/people/{cast.lena.pk}/", {"action": "deactivate"})
    assert root.post(path, {"action": "lead", "project": "shoes"}).status_code == 302
    assert Membership.objects.filter(project=project, person=cast.eve, role=Role.LEAD).exists()


def test_an_absent_person_and_an_unknown_action(cast: Cast, client_for: ClientFor) -> None:
    assert client_for(cast.root).get("/people/999999999/").status_code == 404
    assert client_for(cast.root).get("/people/99999999999999999999999/").status_code == 404
    assert client_for(cast.root).post(f"/people/{cast.ana.pk}/", {"action": "promote"}).status_code == 409


def test_the_list_of_people_pages_by_name(cast: Cast, client_for: ClientFor) -> None:
    Person.objects.bulk_create(Person(username=f"p{n:03}", password="!") for n in range(120))
    first = client_for(cast.root).get("/people/").content.decode()
    assert "p050" in first and "p119" not in first
    assert "p119" in client_for(cast.root).get("/people/", {"after": "p050"}).content.decode()
    assert client_for(cast.root).get("/people/", {"after": "\x00'"}).status_code == 200
