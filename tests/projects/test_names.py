"""Names that are seen as they were typed, and short names that no other can be taken for (breaking.md, low)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test import Client

from projects import creating
from projects.models import Membership, Person, Project, Role
from projects.refusals import Refused
from tests.conftest import Cast, FreshDatabase, as_owner
from tests.projects.test_projects import SETTINGS

ClientFor = Callable[[Person], Client]
UNSEEN = ["\u202e\u200b", "a\u200bb", "\u2800", "\u3164", "---", "Shoes\u202e"]


@pytest.mark.parametrize("slug", ["DEMO", "-", "a-", "_a", "api", "new", "red hats", "café", "demо", "１２", "a\n"])
def test_a_short_name_is_small_ascii_and_no_word_of_ours(slug: str, cast: Cast, client_for: ClientFor) -> None:
    with pytest.raises(Refused):
        creating.make(None, slug=slug, name="Hats")
    fields = {"name": "Hats", "slug": slug, "scale_name": "lore-4", "lead": ""}
    answer = client_for(cast.root).post("/projects/new/", fields)
    assert (answer.status_code, Project.objects.count()) == ((302, 2) if slug == "a\n" else (422, 1))  # a form strips


@pytest.mark.parametrize("slug", ["a", "wands_binary", "red-hats-2", "x" * 60])
def test_a_short_name_may_be(slug: str, db: None) -> None:
    assert creating.make(None, slug=slug, name="Hats").slug == slug


def test_no_short_name_differs_from_another_by_its_case_alone(cast: Cast, client_for: ClientFor) -> None:
    Project.objects.create(slug="OLD", name="Of an earlier version")
    fields = {"name": "Hats", "slug": "old", "scale_name": "lore-4", "lead": ""}
    assert client_for(cast.root).post("/projects/new/", fields).status_code == 422


@pytest.mark.parametrize("name", ["Shoes", "shoes", " SHOES ", "ＳＨＯＥＳ", "Red  hats"])
def test_no_project_is_called_as_another_is_read(
    name: str, cast: Cast, project: Project, client_for: ClientFor
) -> None:
    other = Project.objects.create(slug="hats", name="Red Hats")
    Membership.objects.create(project=other, person=cast.lena, role=Role.LEAD)
    mine = other if name.strip() != "Red  hats" else project
    new = {"name": name, "slug": "third", "scale_name": "lore-4", "lead": ""}
    for client, path, fields in (
        (client_for(cast.root), "/projects/new/", new),
        (client_for(cast.lena), f"/p/{mine.slug}/settings/", {**SETTINGS, "name": name}),
    ):
        answer = client.post(path, fields)
        assert answer.status_code == 422 and "cannot be told from another" in answer.content.decode(), path
    with pytest.raises(Refused, match="cannot be told"):
        creating.found(name, "third", "lore-4", "", actor=None)
    with pytest.raises(IntegrityError, match="one_project_per_name"), transaction.atomic():
        Project.objects.create(slug="third", name=name)
    assert sorted(Project.objects.values_list("name", flat=True)) == ["Red Hats", "Shoes"]


def test_two_who_take_one_name_at_once_get_it_once(fresh_database: FreshDatabase) -> None:
    """The database would refuse one of them with an error of its own."""

    def found(number: int) -> str:
        try:
            return creating.make(None, slug=f"hats-{number}", name="Hats").slug
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as crowd:
        told = list(crowd.map(found, range(8)))
    assert told.count("name_taken") == 7


def test_what_was_called_alike_before_keeps_its_name_and_shows_its_address(
    cast: Cast, project: Project, client_for: ClientFor
) -> None:
    twin = Project.objects.create(slug="shoes-2", name="SHOES", shares_name=True)
    for one in (project, twin):
        Membership.objects.get_or_create(project=one, person=cast.lena, role=Role.LEAD)
    lena = client_for(cast.lena)
    assert "/p/shoes-2/</span>" in lena.get("/").content.decode()
    assert lena.post("/p/shoes-2/settings/", {**SETTINGS, "name": "SHOES", "overlap": 3}).status_code == 302
    assert lena.post("/p/shoes-2/settings/", {**SETTINGS, "name": "Boots"}).status_code == 302
    twin.refresh_from_db()
    assert (twin.name, twin.overlap, twin.shares_name) == ("Boots", int(SETTINGS["overlap"]), False)


def test_the_migration_marks_all_but_the_oldest_and_renames_none(
    fresh_database: FreshDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    marking = import_module("projects.migrations.0012_names_of_projects")
    with as_owner(fresh_database.name) as cursor:
        cursor.execute("DROP INDEX one_project_per_name")
    for slug, name in (("a", "Hats"), ("b", "Boots"), ("c", "hats"), ("d", " HATS")):
        Project.objects.create(slug=slug, name=name)
    with caplog.at_level("WARNING"), connection.schema_editor() as editor:
        marking.mark(apps, editor)
    found = Project.objects.order_by("slug").values_list("name", "shares_name")
    assert list(found) == [("Hats", False), ("Boots", False), ("hats", True), (" HATS", True)]
    assert "/p/a/ and /p/d/ are both called ' HATS': rename one" in caplog.text


@pytest.mark.parametrize("name", UNSEEN)
def test_a_name_that_nobody_sees_is_refused_wherever_one_is_typed(
    name: str, cast: Cast, project: Project, client_for: ClientFor
) -> None:
    root, lena = client_for(cast.root), client_for(cast.lena)
    for client, path, fields in (
        (root, "/projects/new/", {"name": name, "slug": "hats", "scale_name": "lore-4", "lead": ""}),
        (root, "/people/", {"username": "nora", "name": name, "locale": ""}),
        (lena, "/account/", {"name": name, "locale": "en"}),
        (lena, "/p/shoes/settings/", {**SETTINGS, "name": name}),
    ):
        assert client.post(path, fields).status_code == 422, path
    assert not Person.objects.filter(username="nora").exists() and Project.objects.get().name == "Shoes"


@pytest.mark.parametrize("name", ["鞋子", "Обувь", "Ana 👩‍👧", "O’Neil, 2nd", "می‌خواهم"])
def test_a_name_may_be_in_any_script(name: str, cast: Cast, client_for: ClientFor) -> None:
    assert client_for(cast.lena).post("/account/", {"name": name, "locale": "en"}).status_code == 302


@pytest.mark.parametrize("username", ["demо-ana", "demo-nora", "ｄｅｍｏ-x", "名", "ANA"])
def test_a_user_name_is_ascii_and_none_of_the_demos(username: str, cast: Cast, client_for: ClientFor) -> None:
    answer = client_for(cast.root).post("/people/", {"username": username, "name": "", "locale": ""})
    assert answer.status_code == 422


def test_a_lease_lasts_a_day_at_most(cast: Cast, project: Project, client_for: ClientFor) -> None:
    lena = client_for(cast.lena)
    assert lena.post("/p/shoes/settings/", {**SETTINGS, "lease_seconds": "86401"}).status_code == 422
    assert lena.post("/p/shoes/settings/", {**SETTINGS, "lease_seconds": "86400"}).status_code == 302
    with pytest.raises(IntegrityError, match="lease_of_a_day_at_most"), transaction.atomic():
        Project.objects.update(lease_seconds=2**31 - 1)


@pytest.mark.parametrize(
    "name", ["Lena", "lena", "Ｌｅｎａ", "L. Ena", "BEN", "person 9", "Person  ９", "人员 9", "人员9"]
)
def test_nobody_is_called_as_another_in_their_projects_or_as_a_number(
    cast: Cast, project: Project, client_for: ClientFor, name: str
) -> None:
    Person.objects.filter(pk=cast.ben.pk).update(name="Somebody")
    assert client_for(cast.ana).post("/account/", {"name": name, "locale": ""}).status_code == 422
    assert Person.objects.get(pk=cast.ana.pk).name == "Ana"


@pytest.mark.parametrize("name", ["Ana", "ana", "Eve", "Persona 9x", ""])
def test_a_name_of_ones_own_or_of_a_stranger_is_free(
    cast: Cast, project: Project, client_for: ClientFor, name: str
) -> None:
    assert client_for(cast.ana).post("/account/", {"name": name, "locale": ""}).status_code == 302
