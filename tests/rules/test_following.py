"""A project follows the newest rule base version or pins one; whatever changes that stands in its own audit log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from projects.models import AuditEvent, Person, Project
from rules import drafting, following, publishing, reviewing
from rules.publishing import Loaded, body_of, publish_pack
from tests.conftest import ROOT, Cast, refused
from tests.rules.conftest import spec, worded

ClientFor = Callable[[Person], Client]


@pytest.fixture
def other(db: None) -> Project:
    """A project of other people, that follows."""
    return Project.objects.create(slug="boots", name="Boots")


def publish_next() -> int:
    """The next version, in which one rule reads otherwise."""
    newest = publishing.newest()
    assert newest is not None
    number = newest.number + 1
    publish_pack([spec("R-001", number, statement=worded(f"Reads {number}."))])
    return number


def log(project: Project, act: str = "rules.moved") -> list[tuple[Any, ...]]:
    rows = AuditEvent.objects.filter(project=project, act=act).order_by("pk")
    return [(row.detail["from"], row.detail["to"], row.detail["by"], row.actor) for row in rows]


def judged_by(project: Project) -> int:
    found = publishing.active_rule_base(Project.objects.get(pk=project.pk))
    assert found is not None
    return found.number


def test_a_new_project_follows(pack: Loaded, project: Project) -> None:
    assert (project.rule_base_number, judged_by(project)) == (None, 1)
    publish_next()
    assert judged_by(project) == 2


def test_a_publication_stands_in_the_log_of_every_project_that_it_reaches(
    pack: Loaded, project: Project, other: Project, cast: Cast
) -> None:
    """Published by two people of neither: each project's log tells it, and names nobody of elsewhere."""
    following.choose(other, 1, actor=None)
    author, second = (Person.objects.create_person(name, is_rule_owner=True) for name in ("one", "two"))
    base = publishing.newest()
    assert base is not None
    draft = drafting.start(base, "Colours", "", author)
    drafting.change(draft, "R-001", body_of(spec(precedence=77)), 0, author)
    reviewing.submit(draft, author)
    reviewing.publish(draft, second)
    assert log(project) == [(1, 2, "publication", None)]
    assert log(other) == [(1, 1, "pin", None)]  # it is told, and stays
    for one, follows in ((project, True), (other, False)):
        event = AuditEvent.objects.get(project=one, act="rules.published")
        assert (event.detail, event.actor) == ({"number": 2, "follows": follows}, None)
    assert AuditEvent.objects.get(project=None, act="rules.published").actor == second


def test_a_lead_moves_the_project_and_puts_it_back_at_once(
    pack: Loaded, project: Project, other: Project, cast: Cast, client_for: ClientFor
) -> None:
    publish_next()
    lena, page = client_for(cast.lena), "/p/shoes/rules/"
    for given, number in (
        ({"pin": "1"}, 1),
        ({"pin": "1"}, 1),
        ({}, 2),
        ({"pin": "9"}, 2),
        ({"pin": "x"}, 2),
        ({"pin": "9" * 18}, 2),
    ):
        assert lena.post(page, given).url == "/p/shoes/standard/"
        assert judged_by(project) == number
    assert log(project)[1:] == [(2, 1, "pin", cast.lena), (1, 2, "follow", cast.lena)]
    assert judged_by(other) == 2 and len(log(other)) == 1


def test_the_page_of_the_standard_offers_the_way_on_and_the_way_back(
    pack: Loaded, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    for _ in range(3):
        publish_next()
    lena, page = client_for(cast.lena), "/p/shoes/standard/"

    def offered() -> list[str]:
        return re.findall(r'name="pin" value="(\d*)"', lena.get(page).content.decode())

    assert offered() == ["4", "3"]  # pin what it follows to, or go back
    following.choose(project, 1, actor=cast.lena)
    assert offered() == ["4", ""]  # to the newest, once or from now on; nothing lies before the first
    following.choose(project, 4, actor=cast.lena)
    assert offered() == ["", "1"]  # back to what it was judged by, not to the number before
    assert 'name="pin"' not in client_for(cast.rosa).get(page).content.decode()


@pytest.mark.parametrize("who", ["ana", "ada", "rosa", "max", "otto", "root", "eve"])
def test_nobody_but_the_lead_moves_a_project(
    who: str, pack: Loaded, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    """A rule owner of the installation neither: publishing is theirs, moving is the project's."""
    publish_next()
    assert client_for(getattr(cast, who)).post("/p/shoes/rules/", {"pin": "1"}).status_code == 404
    assert judged_by(project) == 2


def test_the_settings_page_writes_the_same_into_the_log(
    pack: Loaded, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    publish_next()
    lena = client_for(cast.lena)
    page = lena.get("/p/shoes/settings/")
    fields = {name: "" if value is None else value for name, value in page.context["form"].initial.items()}
    lena.post("/p/shoes/settings/", {**fields, "rule_base_number": "1"})
    assert judged_by(project) == 1
    assert log(project)[1:] == [(2, 1, "pin", cast.lena)]


def test_the_command_tells_pins_and_follows(pack: Loaded, project: Project) -> None:
    publish_next()

    def command(*words: str) -> dict[str, Any]:
        out = StringIO()
        call_command("project_rules", "shoes", *words, stdout=out, stderr=StringIO())
        answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
        return answer

    told = {"project": "shoes", "rule_base": 2, "follows": True, "changed": False}
    assert command() == told
    assert command("--pin", "1") == {**told, "rule_base": 1, "follows": False, "changed": True}
    assert command("--follow") == {**told, "changed": True}
    assert command("--follow") == told


def test_there_is_no_version_that_was_never_published(pack: Loaded, project: Project) -> None:
    with refused("no_such_version"):
        following.choose(project, 7, actor=None)


APPS = ("annotation", "catalogue", "evaluation", "inference", "jobs", "lore_app", "projects", "rules", "training")
PINS = re.compile(r"rule_base_number\b")
NEWEST = re.compile(r"publishing\.newest\b|active_rule_base\(\)")


def who_says(words: re.Pattern[str]) -> set[str]:
    paths = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    return {str(path.relative_to(ROOT)) for path in paths if words.search(path.read_text(encoding="utf-8"))}


def test_one_function_says_which_version_a_project_is_judged_by() -> None:
    """Nobody else decides by what a project pins, and outside of the rules' own pages nobody asks for the newest."""
    told = {"rules/management/commands/project_rules.py", "rules/views/following.py"}
    chosen = {"projects/models.py", "projects/forms.py", "rules/following.py"}
    assert who_says(PINS) == {"rules/publishing.py", *chosen, *told}
    of_no_project = {"inference/registry/first_judgment.py"}  # of a model that is in no project yet
    assert {path for path in who_says(NEWEST) if not path.startswith("rules/")} == of_no_project
