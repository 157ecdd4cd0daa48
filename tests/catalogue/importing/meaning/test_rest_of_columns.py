"""Columns that no field of ours stands for: named, or attributes of the item by one switch."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from catalogue.importing.meaning.mapping import FIELD_BYTES, Mapper
from catalogue.importing.meaning.rest_of_columns import RestOfColumns
from catalogue.importing.reading.rows import Row, RowRefused
from catalogue.models import Import, Snapshot
from relevance.labels import LORE
from tests.catalogue.importing.test_import_commands import run
from tests.catalogue.importing.test_import_pages import bring, lena, meaning, run_confirmed, upload

__all__ = ["lena"]
TEXT = "query,item_id,title,label,Material,Seat height,Weight\ncamp stool,a1,Trailmoss stool,L4,Aluminium,40 cm,\n"
MEANING = {"query": "query", "item_id": "item_id", "title": "title", "attributes": "attributes", "data.brand": "brand"}


def cpv(**values: object) -> tuple[tuple[str, str], ...]:
    row = {"query": "stool", "item_id": "a1", "title": "Stool", **values}
    mapper = Mapper(MEANING, "pairs", LORE, rest=RestOfColumns(MEANING, "esci_release"))
    return mapper.record(Row(1, row, 1 << 20)).content.cpv


def test_every_other_column_of_a_row_becomes_an_attribute() -> None:
    assert cpv(Material="Aluminium", Height=40.0, sizes=["S", "M"], empty=" ", none=None) == (
        ("Material", "Aluminium"),
        ("Height", "40"),
        ("sizes", "S, M"),
    )


def test_what_the_attributes_say_already_is_not_said_twice() -> None:
    assert cpv(attributes={"Material": "Oak"}, material="Aluminium") == (("Material", "Oak"),)


def test_ids_of_queries_and_what_a_set_says_of_its_pairs_are_no_attributes() -> None:
    assert cpv(id=1, query_id=2, Query_Class="stools", small_version=1, split="test") == ()


def test_an_object_that_is_read_by_a_path_is_no_attribute() -> None:
    assert cpv(data={"brand": "Tove", "x": 1}) == (("brand", "Tove"),)


def test_other_columns_together_hold_no_more_than_one_field_may() -> None:
    with pytest.raises(RowRefused, match="64 KiB") as refused:
        cpv(a="x" * FIELD_BYTES, b="y")
    assert refused.value.field == "attributes"


def test_the_report_names_what_is_not_read_and_what_became_an_attribute(db: None, tmp_path: Path) -> None:
    path = tmp_path / "columns.csv"
    path.write_text(TEXT.replace("Weight", "query_id").replace("cm,", "cm,7"))
    options = [path, "--project", "camp", "--create", "--licence", "CC0-1.0"]
    assert run("import_pairs", *options)[1]["report"]["unread"] == ["Material", "Seat height", "query_id"]
    report = run("import_pairs", *options, "--rest-are-attributes")[1]["report"]
    assert report["unread"] == ["query_id"]
    assert [one["name"] for one in report["columns"] if one["becomes"] == "attributes"] == ["Material", "Seat height"]


def test_one_switch_of_the_command_reads_them(db: None, tmp_path: Path) -> None:
    path = tmp_path / "columns.csv"
    path.write_text(TEXT)
    options = [path, "--project", "camp", "--create", "--licence", "CC0-1.0"]
    run("import_pairs", *options)
    assert Snapshot.objects.get().cpv == []
    run("import_pairs", *options, "--rest-are-attributes")
    assert Snapshot.objects.latest("pk").cpv == [["Material", "Aluminium"], ["Seat height", "40 cm"]]


def test_one_switch_of_the_page_reads_them(lena: Client) -> None:
    bring(lena, upload(TEXT.encode(), "columns.csv"))
    address = reverse("import", args=["shoes", Import.objects.get().pk])
    assert "All other columns are attributes of the item" in lena.get(address).content.decode()
    lena.post(address, {**meaning(lena), "rest_are_attributes": "on"})
    run_confirmed()
    assert Snapshot.objects.get().cpv == [["Material", "Aluminium"], ["Seat height", "40 cm"]]
