"""The demo lets anybody in, so it is served alone: not where somebody can sign in who is not of it."""

from __future__ import annotations

import subprocess
from io import StringIO
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from database.clock import ClockTimestamp
from projects import creating, demo_logins, invitations, membership
from projects.models import Person, Project
from tests.conftest import ROOT, FreshDatabase
from tests.processes import manage


@pytest.fixture
def demo(settings: Any, db: None) -> dict[str, Person]:
    settings.DEMO = True
    project = creating.make(None, slug="demo", name="Demo")
    return {person.username: person for person in demo_logins.ensure(project)}


def enters(username: str = "demo-root") -> bool:
    return Client().post("/login/", {"demo": username}).status_code == 302


def refused() -> list[str]:
    return [problem.msg for problem in run_checks(tags=["running"], databases=["default"]) if problem.id == "lore.E017"]


def create_admin(name: str) -> None:
    call_command("create_admin", name, stdout=StringIO(), stderr=StringIO())


def test_no_click_leads_to_a_person_who_is_not_of_the_demo(demo: dict[str, Person]) -> None:
    """As it was: one click entered as a system admin, who made a link for Vic and was Vic."""
    root = Client()
    assert root.post("/login/", {"demo": "demo-root"}).status_code == 302
    assert root.get("/people/").status_code == 200  # the control: alone, the demo is open
    create_admin("vic")
    vic = Person.objects.get(username="vic")
    assert root.get("/people/").status_code == 302
    assert root.post(f"/people/{vic.pk}/", {"action": "link"}).status_code == 401
    assert not enters() and not enters("demo-ana")
    assert b'name="demo"' not in Client().get("/login/").content


def test_the_demo_does_not_start_beside_real_people_and_names_the_way_out(demo: dict[str, Person]) -> None:
    assert refused() == []
    for name in ("vic", "wen", "xia", "yan"):
        create_admin(name)
    (said,) = refused()
    assert "(vic, wen, xia and 1 more)" in said
    assert "python manage.py up" in said and "LORE_DATA_DIR=/elsewhere make run" in said
    with pytest.raises(CommandError, match="not of the demo"):
        call_command("load_demo")


def test_without_the_demo_nobody_is_asked(demo: dict[str, Person], settings: Any) -> None:
    create_admin("vic")
    settings.DEMO = False
    assert refused() == []


def test_who_tries_the_product_out_is_not_locked_out_of_it(demo: dict[str, Person]) -> None:
    """Projects of the demo's people and of the shell, people whom they let in, with passwords of their own."""
    creating.found("Mine", "mine", "lore-4", "demo-lena", actor=demo["demo-root"])
    creating.make(None, slug="shell", name="From the shell")
    cara = membership.create_person("cara", "Cara", "", actor=demo["demo-root"], system_admin=True)
    assert invitations.accept(cara.path.split("/")[-2], "correct-horse-battery")
    membership.create_person("dan", "Dan", "", actor=Person.objects.get(username="cara"))
    assert demo_logins.strangers() == []
    assert refused() == [] and enters()


def test_the_demo_does_not_start_over_projects_that_were_there_before_it(settings: Any, db: None) -> None:
    """Brought in from the shell before anybody could sign in: data that is no demo's, which one click would open."""
    settings.DEMO = True
    creating.make(None, slug="real", name="Real")
    assert "projects are older than the demo (real)" in refused()[0]
    with pytest.raises(CommandError, match="older than the demo"):
        call_command("load_demo")
    demo_logins.ensure(creating.make(None, slug="demo", name="Demo"))  # past the command
    assert "(real)" in refused()[0] and not enters()
    Project.objects.filter(slug="real").update(created_at=ClockTimestamp())
    creating.make(None, slug="beside", name="From the shell, beside the demo")
    assert refused() == [] and enters()


def test_whom_a_stranger_lets_in_is_a_stranger(demo: dict[str, Person]) -> None:
    create_admin("vic")
    membership.create_person("wen", "Wen", "", actor=Person.objects.get(username="vic"))
    assert demo_logins.strangers() == ["vic", "wen"]


def test_where_nobody_else_can_sign_in_any_more_the_demo_is_alone_again(demo: dict[str, Person]) -> None:
    create_admin("vic")
    membership.deactivate(Person.objects.get(username="vic"), actor=demo["demo-root"])
    assert refused() == [] and enters()


@pytest.mark.processes
def test_serving_and_loading_the_demo_end_with_that_line(fresh_database: FreshDatabase) -> None:
    Project.objects.create(slug="shoes", name="Shoes")
    Person.objects.create_person("vic")
    environment = {**fresh_database.environment, "LORE_DEMO": "1"}
    for command, code in (("up", 3), ("work", 3), ("load_demo", 1)):
        ended = subprocess.run(manage(command), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        assert (ended.returncode, "Traceback" in ended.stderr) == (code, False), ended.stderr
        assert "not of the demo (vic)" in ended.stderr
