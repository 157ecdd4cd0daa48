"""Names that are seen as they were typed, and short names that no other can be taken for (breaking.md, low)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from projects import creating
from projects.models import Person, Project
from projects.refusals import Refused
from tests.conftest import Cast
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
