"""A file that names no locale is of the one that its import names, at every door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalogue.importing import program_imports
from catalogue.importing.meaning.mapping import LOCALE_LENGTH
from catalogue.importing.program_imports import ImportRequest
from catalogue.models import Import, Item, Pair, Snapshot
from projects.models import Project
from tests.catalogue.importing.test_import_commands import run
from tests.catalogue.importing.test_import_pages import address, bring, lena, meaning, run_confirmed, upload
from tests.conftest import Cast

__all__ = ["lena"]
ROWS: list[dict[str, Any]] = [
    {"query": "mug", "item_id": "m1", "title": "Mug", "label": "L4"},
    {"query": "taza", "item_id": "m1", "title": "Taza", "label": "L4", "locale": "es"},
]
OF_BOTH = {("mug", "us", "us", "Mug"), ("taza", "es", "es", "Taza")}


def told() -> set[tuple[Any, ...]]:
    names = ("query__text", "query__locale", "item__locale", "item__current_snapshot__title")
    return set(Pair.objects.values_list(*names))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def test_the_command_is_told_it_and_a_catalogue_that_comes_again_finds_its_items(db: None, file: Path) -> None:
    where = ["--project", "mugs", "--create", "--licence", "CC0-1.0"]
    assert run("import_pairs", file, *where, "--locale", " us ")[0] == 0
    assert told() == OF_BOTH
    items = file.with_name("items.jsonl")
    items.write_text(json.dumps({"item_id": "m1", "title": "Mug, new"}) + "\n")
    assert run("import_items", items, *where, "--locale", "us")[1]["changed"] == 1
    assert Item.objects.count() == 2 and Snapshot.objects.filter(item__locale="us").count() == 2


def test_the_page_asks_for_it(lena: Client) -> None:
    bring(lena, upload(ROWS))
    lena.post(address(), {**meaning(lena), "locale": "us"})
    run_confirmed()
    assert told() == OF_BOTH


def test_a_program_tells_it(project: Project, cast: Cast) -> None:
    request = ImportRequest("pairs", licence="CC0-1.0", locale="us")
    program_imports.bring(project, [upload(ROWS)], request, person=cast.lena, most=1 << 20)
    run_confirmed()
    assert told() == OF_BOTH


def test_a_locale_is_no_longer_than_one_of_a_row(lena: Client, db: None, file: Path) -> None:
    status, answer, _err = run("import_pairs", file, "--project", "shoes", "--locale", "x" * (LOCALE_LENGTH + 1))
    assert (status, answer) == (2, {})
    bring(lena, upload(ROWS))
    lena.post(address(), {**meaning(lena), "locale": "x" * (LOCALE_LENGTH + 1)})
    assert not Import.objects.latest("pk").confirmed
