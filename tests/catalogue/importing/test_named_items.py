"""Labels over a catalogue that is in the project already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Gold
from catalogue.models import Import, Item, Pair, Rejection, Snapshot
from projects.models import Project
from tests.catalogue.importing.test_import_commands import run
from tests.catalogue.importing.test_import_pages import bring, lena, meaning, run_confirmed, upload

__all__ = ["lena"]
COUNTED = ("read", "new", "known", "changed", "rejected", "gold", "ratings", "error")
CATALOGUE = "item_id,title,brand\nt1,Trailmoss stool,Trailmoss\nt2,Trailmoss chair,Trailmoss\n"
LABELS = "query,item_id,label\ncamp stool,t1,L4\ncamp stool,t2,L3\ncamp stool,t9,L1\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def pairs(path: Path, *options: str) -> tuple[int, dict[str, Any]]:
    status, answer, _err = run("import_pairs", path, "--project", "camp", "--licence", "CC0-1.0", *options)
    return status, {name: value for name, value in answer.items() if name in COUNTED}


@pytest.fixture
def catalogue(db: None, tmp_path: Path) -> Path:
    run(
        "import_items", write(tmp_path, "items.csv", CATALOGUE), "--project", "camp", "--create", "--licence", "CC0-1.0"
    )
    return tmp_path


def test_labels_by_item_id_go_in_where_the_items_are(catalogue: Path) -> None:
    status, answer = pairs(write(catalogue, "labels.csv", LABELS))
    assert status == 0
    assert answer == {"read": 3, "new": 2, "known": 0, "changed": 0, "rejected": 1, "gold": 2, "ratings": 0}
    found = Pair.objects.values_list("item__external_id", "item__current_snapshot__title", "gold_label")
    assert set(found) == {("t1", "Trailmoss stool", "L4"), ("t2", "Trailmoss chair", "L3")}
    assert Gold.objects.count() == 2 and Snapshot.objects.count() == 2
    refused = Rejection.objects.get()
    assert (refused.row, refused.field) == (3, "item_id")
    assert refused.reason == "no item t9 in this project; import the catalogue first"


def test_the_same_labels_again_add_nothing(catalogue: Path) -> None:
    labels = write(catalogue, "labels.csv", LABELS)
    pairs(labels)
    assert pairs(labels)[1] == {"read": 3, "new": 0, "known": 2, "changed": 0, "rejected": 1, "gold": 0, "ratings": 0}


def test_where_no_catalogue_is_the_file_is_refused_before_anything_is_kept(db: None, tmp_path: Path) -> None:
    labels = write(tmp_path, "labels.csv", LABELS)
    status, answer = pairs(labels, "--create")
    assert status == 1 and "import the catalogue first" in answer["error"]
    assert not Project.objects.exists() and not Import.objects.exists()


def test_a_file_with_titles_rejects_the_row_that_has_none(catalogue: Path) -> None:
    text = "query,item_id,title,label\ncamp stool,t1,,L4\ncamp stool,t3,Stool,L4\n"
    assert pairs(write(catalogue, "titled.csv", text))[1]["rejected"] == 1
    assert Rejection.objects.get().field == "title"


def test_a_later_row_may_bring_an_item_that_another_row_only_names(catalogue: Path) -> None:
    rows = [{"query": "camp stool", "item_id": "t1"}] * 200 + [
        {"query": "stool", "item_id": "t7"},
        {"query": "camp stool", "item_id": "t7", "title": "Stool seven"},
    ]
    path = write(catalogue, "mixed.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert pairs(path)[1]["rejected"] == 0
    assert set(Pair.objects.values_list("query__text", "item__external_id")) == {
        ("camp stool", "t1"),
        ("stool", "t7"),
        ("camp stool", "t7"),
    }
    assert Item.objects.get(external_id="t7").snapshots.count() == 1


def test_an_item_of_several_locales_is_named_with_one(catalogue: Path) -> None:
    items = "item_id,title,locale\nu1,Stool,us\nu1,Taburete,es\nu2,Chair,us\n"
    run("import_items", write(catalogue, "locales.csv", items), "--project", "camp", "--licence", "CC0-1.0")
    labels = (
        "query,item_id,locale,label\nstool,u1,,L4\ntaburete,u1,es,L4\nchair,u2,,L4\nchair,u2,jp,L4\nstool,t1,us,L4\n"
    )
    assert pairs(write(catalogue, "labels.csv", labels))[1]["new"] == 2
    pair = Pair.objects.get(item__external_id="u1")
    assert (pair.query.text, pair.query.locale, pair.item.locale) == ("taburete", "es", "es")
    assert Pair.objects.get(item__external_id="u2").query.locale == "us"
    reasons = list(Rejection.objects.order_by("row").values_list("reason", flat=True))
    assert reasons == [
        "item u1 is in this project in several locales: es, us; name one",
        "no item u2 in this project in jp, but in us",
        "item t1 is in this project without a locale, not in us",
    ]


def test_the_page_says_the_same_and_takes_the_labels_once_the_catalogue_is_there(
    lena: Client, project: Project
) -> None:
    bring(lena, upload(LABELS.encode(), "labels.csv"))
    address = reverse("import", args=["shoes", Import.objects.get().pk])
    assert "import the catalogue first" in lena.post(address, meaning(lena)).content.decode()
    bring(lena, upload(CATALOGUE.encode(), "items.csv"), kind="items")
    lena.post(reverse("import", args=["shoes", Import.objects.latest("pk").pk]), meaning(lena))
    run_confirmed()
    bring(lena, upload(LABELS.encode(), "labels.csv"))
    lena.post(reverse("import", args=["shoes", Import.objects.latest("pk").pk]), meaning(lena))
    assert run_confirmed().new == 2
    assert Pair.objects.filter(project=project).count() == 2


def test_the_page_calls_a_catalogue_brought_as_pairs_so(lena: Client) -> None:
    bring(lena, upload(CATALOGUE.encode(), "items.csv"))
    page = lena.post(reverse("import", args=["shoes", Import.objects.get().pk]), meaning(lena)).content.decode()
    assert "is this a catalogue? Discard it and choose “catalogue items”" in page
