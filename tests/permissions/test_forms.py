"""What a form may not carry: fields of nobody's form, objects of other projects, numbers no table holds."""

from __future__ import annotations

from typing import Any

import pytest

from annotation.models import Export, HardSet, Lease
from projects.models import Membership, Person
from tests.permissions import oracle
from tests.permissions.doors import Doors, undone
from tests.world.cast import World, pairs_of

ABSENT = 987_654_321


def test_a_posted_role_project_or_admin_flag_changes_nothing_else(world: World, doors: Doors) -> None:
    eve, project = world.people["eve"], world.projects["own"]
    smuggled = {"is_system_admin": "1", "is_active": "0", "username": "boss", "role": "lead", "project": project.pk}
    with undone():
        fields = {"name": "Eve", "locale": "en", **smuggled}
        doors.send("POST", "/account/", world.cookies["stranger"], body=fields, keep=True)
        now = Person.objects.get(pk=eve.pk)
        assert (now.username, now.name, now.is_system_admin, now.is_active) == (eve.username, "Eve", False, True)
        assert not Membership.objects.filter(person=eve).exists()


# (path, form with the field that names a foreign object, the object's name in world.py, who)
NAMING: dict[str, tuple[str, dict[str, Any], str, str, str]] = {
    "flagging": ("/p/shoes/bad-cases/open/", {"cause": "data"}, "pair", "pair_id", "lead"),
    "trying": ("/p/shoes/playground/", {}, "pair", "pair_id", "lead"),
    "exporting": ("/p/shoes/exports/", {"kind": "labels"}, "hard_set", "hard_set_id", "lead"),
    "paging": ("/p/shoes/knowledge/?after={}", {}, "", "card_id", "lead"),
    "giving a case": ("/p/shoes/bad-cases/{case_id}/", {"act": "assign"}, "owner", "hanna", "lead"),
}


def told_apart(world: World, doors: Doors, naming: str) -> str:
    """What tells a foreign object named in a form from an absent one; nothing where all is well."""
    path, fields, field, key, actor = NAMING[naming]
    here = world.objects["shoes"]
    foreign = world.objects["boots"][key] if key in here else world.people[key].pk
    if naming == "trying":
        fields = {**fields, "model": here["version_id"], "prompt": here["prompt_id"]}
    if not field:  # an address that names it
        pages = [
            doors.send("GET", path.format(number), world.cookies[actor]).plain(f"after={number}", f"after%3D{number}")[
                ::2
            ]  # its length is told
            for number in (foreign, ABSENT)
        ]
        return "" if pages[0] == pages[1] else "another page for a foreign one"
    answers = []
    for number in (foreign, ABSENT):
        with undone():
            body = {**fields, field: number}
            answer = doors.send("POST", path.format(**here), world.cookies[actor], body=body, keep=True)
            if Export.objects.filter(hard_set_id=foreign, project__slug="shoes").exists():
                return "a foreign set was exported"
        answers.append(answer)
    if naming == "giving a case":  # an absent person's number gives it to nobody
        return "a case was given to a stranger" if "annotation_badcase" in answers[0].changed else ""
    first, second = ((one.status, dict(one.changed)) for one in answers)
    return "" if first == second else f"{first} for a foreign one, {second} for an absent one"


def told_apart_by_programs(world: World, doors: Doors, url: str) -> str:
    """The same of what a program names."""
    project = world.projects["foreign"]
    (pair,) = pairs_of(world, project, "main")
    named: dict[str, tuple[str, list[dict[str, str]]]] = {
        "bad-cases": (
            "monitor_token",
            [
                {"query": pair.query.text, "item": pair.item.external_id, "cause": "data"},
                {"query": "nothing", "item": "nothing", "cause": "data"},
            ],
        ),
        "exports": (
            "export_token",
            [
                {"kind": "labels", "hard_set": HardSet.objects.get(project=project).name},
                {"kind": "labels", "hard_set": "nothing"},
            ],
        ),
    }
    program, tries = named[url.removeprefix("api-").removeprefix("v1-")]
    path = oracle.by_url()[url]["POST"].path.format(slug="shoes")
    answers = [doors.send("POST", path, token=world.secrets[program], body={"json": one}) for one in tries]
    first, second = ((one.status, dict(one.changed), one.text) for one in answers)
    return "" if first == second else f"{first} for a foreign one, {second} for an absent one"


NAMED_BY_PROGRAMS = ("api-v1-bad-cases", "api-v1-exports", "api-bad-cases", "api-exports")


@pytest.mark.parametrize("url", NAMED_BY_PROGRAMS)
def test_a_foreign_object_named_by_a_program_is_taken_for_an_absent_one(world: World, doors: Doors, url: str) -> None:
    assert told_apart_by_programs(world, doors, url) == ""


@pytest.mark.parametrize("naming", NAMING)
def test_a_foreign_object_named_in_a_form_is_taken_for_an_absent_one(world: World, doors: Doors, naming: str) -> None:
    assert told_apart(world, doors, naming) == ""


def test_an_undo_with_a_strangers_token_undoes_nothing_of_theirs(world: World, doors: Doors) -> None:
    body = {"token": world.objects["boots"]["token"]}
    with undone():
        doors.send("POST", "/p/shoes/judge/undo/", world.cookies["labeler"], body=body, keep=True)
        assert Lease.objects.get(token=world.objects["boots"]["token"]).state == "live"


@pytest.mark.parametrize(
    "path",
    [
        "/p/shoes/members/999999999999999999999999/remove/",
        "/p/shoes/pairs/999999999999999999999999/",
        "/p/shoes/bad-cases/999999999999999999999999/",
    ],
)
def test_a_number_that_no_column_holds_is_absent(world: World, doors: Doors, path: str) -> None:
    method = "POST" if "remove" in path else "GET"
    answer = doors.send(method, path, world.cookies["lead"])
    assert answer.status == 404 and answer.event is not None and answer.event["object_id"] == "9" * 24
