"""The page on which an import is confirmed says what it would do; the page of the import says the same afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from catalogue.importing import looking
from catalogue.models import Import
from projects.models import Project
from tests.catalogue.importing.test_import_pages import address, bring, lena, meaning, run_confirmed, upload
from tests.catalogue.importing.test_looking import everything

__all__ = ["lena"]
ROWS: list[dict[str, Any]] = [
    {"query": "red mug", "item_id": "m1", "title": "Red mug", "images": ["mug.png"], "shelf": "<b>A</b>"},
    {"query": "red mug", "item_id": "m1", "title": "Mug of clay", "images": ["https://pictures.example/1.jpg"]},
    {"query": "red mug", "item_id": "m2", "title": ""},
]


def look(client: Client, **changes: str) -> Any:
    fields = meaning(client, **changes) | {"look": "1"}
    return client.post(address(), fields, headers={"HX-Request": "true"})


def test_a_look_says_what_the_import_would_do_and_stores_nothing(lena: Client, project: Project) -> None:
    bring(lena, upload(ROWS))
    before = everything()
    said = look(lena, licence="", source="").content.decode()
    assert "2 rows would go in; 1 row would not; 1 column is not read" in said
    assert "&lt;b&gt;A&lt;/b&gt;" in said and "<html" not in said
    assert "Rows that would not go in" in said and "pictures.example" in said
    batch = Import.objects.get()
    assert everything() == before and not batch.confirmed and batch.report == {} and batch.licence == ""


def test_what_another_meaning_would_do_is_said_as_it_is_chosen(lena: Client, project: Project) -> None:
    bring(lena, upload(ROWS))
    assert "column is not read" not in look(lena, shelf="category").content.decode()
    missing = look(lena, title="").content.decode()
    assert 'role="alert"' in missing and "would go in" not in missing


def test_the_page_of_an_import_says_the_same_afterwards(lena: Client, project: Project) -> None:
    bring(lena, upload(ROWS))
    looked = look(lena).context["told"].report
    lena.post(address(), meaning(lena))
    batch = run_confirmed()
    assert batch.report == looked.model_dump()
    page = lena.get(address()).content.decode()
    assert "2 rows went in; 1 row did not; 1 column is not read; 1 row contradicts an earlier one" in page
    for said in ("Rows that did not go in", "Columns that are not read", "Pictures that cannot be had", "mug.png"):
        assert said in page
    assert "&lt;b&gt;A&lt;/b&gt;" in page


def test_a_page_looks_at_the_first_rows_alone_and_says_so(
    lena: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "FIRST_ROWS", 2)
    bring(lena, upload(ROWS))
    assert "(of the first 2 rows)" in look(lena).content.decode()


def test_values_that_nobody_has_said_to_be_labels_are_asked_first(lena: Client, project: Project) -> None:
    bring(lena, upload([{**ROWS[0], "label": "3"}, {**ROWS[1], "label": "1"}]))
    said = look(lena).content.decode()
    assert "would go in" not in said and 'role="alert"' in said


def test_a_look_asks_for_the_labels_of_another_scale_as_soon_as_it_is_chosen(lena: Client, project: Project) -> None:
    bring(lena, upload([{**ROWS[0], "label": "3"}, {**ROWS[1], "label": "1"}]))
    page = lena.get(address()).content.decode()
    asked = page.split('name="labels_asked" value="')[1].split('"')[0]
    assert 'id="label-values"' not in look(lena, labels_asked=asked).content.decode()
    said = look(lena, labels_asked=asked, scale="chorus-4").content.decode()
    assert 'id="label-values"' in said and "what the shopper wants" in said


def test_a_released_set_is_not_said_to_have_columns_of_raters(lena: Client, project: Project) -> None:
    rows = [
        {"query": "a", "product_id": n, "product_name": "B", "label": "Exact", "left": n, "right": n} for n in (1, 2)
    ]
    bring(lena, upload([{**row, "query_id": 1, "product_class": "C", "category hierarchy": "C / D"} for row in rows]))
    form = lena.get(address()).context["form"]
    assert form.preset and form.preset.name != "lore" and form.one_rater_each() == []
