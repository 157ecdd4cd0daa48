"""T34: what cannot be stored is replaced and counted, and keeps neither its row nor its neighbours out."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from django.db import DataError, connection, transaction
from django.test import Client
from pyarrow import parquet

from catalogue.importing.meaning.inspecting import Origin
from catalogue.importing.meaning.presets import OWN
from catalogue.importing.reading.readers import RowReader
from catalogue.importing.running import Plan, counts_of, run_here
from catalogue.importing.storing import ImportCounts
from catalogue.models import Import, Pair, Rejection, Snapshot
from inference.engines.chat import Reply, SampledAnswer
from inference.prompting import captioning, guiding
from projects.models import Project
from tests.conftest import Cast
from tests.hostile.corpus import ASTRAL, ODD, UNSTORABLE
from tests.world.rows import make_pair

ORIGIN = Origin("a shop", "CC0-1.0", "")


def bring(project: Project, path: Path, kind: str = "pairs", *, replace: bool = False) -> ImportCounts:
    scale = project.scale if kind == "pairs" else None
    return counts_of(
        run_here(
            project, kind, [path], plan=Plan(dict(OWN), replace=replace), origin=ORIGIN, preset="lore", scale=scale
        )
    )


def lines(*rows: dict[str, Any] | str) -> bytes:
    texts = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    return "".join(text + "\n" for text in texts).encode()


def sha256(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def test_of_a_thousand_rows_all_are_stored_and_fifty_marked_where_a_bare_insert_loses_them_all(
    project: Project, tmp_path: Path, figures: Callable[..., None]
) -> None:
    rows = [
        {
            "query": "mug",
            "item_id": f"m{n}",
            "title": f"Mug {UNSTORABLE[n % len(UNSTORABLE)]}" if n < 50 else f"Mug {ASTRAL}",
        }
        for n in range(1000)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(lines(*rows))
    counts = bring(project, path)
    marked = Snapshot.objects.filter(sanitised__gt=0)
    assert (counts.new, counts.rejected, marked.count()) == (1000, 0, 50)
    # 50 rows over 8 strings: six rounds and the first two once more; 1, 1, 1, 1, 1, 1, 2 and 2 signs
    wanted = 6 * (1 + 1 + 1 + 1 + 1 + 1 + 2 + 2) + 1 + 1
    assert sum(marked.values_list("sanitised", flat=True)) == wanted
    assert Snapshot.objects.filter(title=f"Mug {ASTRAL}").count() == 950

    stored = naive_insert(rows)
    assert stored == 0, "a bare insert loses the whole batch"
    figures("T34", rows=1000, stored=counts.new, marked=marked.count(), errors=0, naive_control_stored=stored)


def naive_insert(rows: list[dict[str, Any]]) -> int:
    """Control: the batch as it came, in one statement."""
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute("CREATE TEMP TABLE naive (title text)")
                cursor.executemany("INSERT INTO naive VALUES (%s)", [(row["title"],) for row in rows])
        except (DataError, ValueError):
            return 0
        cursor.execute("SELECT count(*) FROM naive")
        return int(cursor.fetchone()[0])


def test_the_hash_is_of_the_row_as_it_came(project: Project, tmp_path: Path) -> None:
    good = '{"query": "mug", "item_id": "m1", "title": "Mug\\u0000 \\ud800"}'
    bad = '{"query": "mug", "item_id": "", "title": "\\u0000"}'
    path = tmp_path / "rows.jsonl"
    path.write_bytes(lines(good, bad, "{broken"))
    counts = bring(project, path)
    assert (counts.new, counts.rejected) == (1, 2)
    snapshot = Snapshot.objects.get()
    assert (snapshot.title, snapshot.sanitised, snapshot.raw_sha256) == ("Mug\ufffd \ufffd", 2, sha256(good))
    assert list(Rejection.objects.order_by("row").values_list("raw_sha256", flat=True)) == [
        sha256(bad),
        sha256("{broken"),
    ]


def test_a_row_that_says_the_same_in_other_bytes_is_known(project: Project, tmp_path: Path) -> None:
    ways = ['{"query": "mug", "item_id": "m1", "title": "Mug"}', '{"title":"Mug","item_id":"m1","query":"mug"}']
    for number, row in enumerate(ways):
        path = tmp_path / f"{number}.jsonl"
        path.write_bytes(lines(row))
        counts = bring(project, path)
        assert (counts.new, counts.known, counts.changed) == ((1, 0, 0), (0, 1, 0))[number]
    assert Snapshot.objects.get().raw_sha256 == sha256(ways[0])


def test_the_hashes_of_sixty_odd_rows_are_those_of_their_bytes(project: Project, tmp_path: Path) -> None:
    rows = [
        json.dumps({"query": "mug", "item_id": f"m{n}", "title": text}, ensure_ascii=False)
        for n, text in enumerate(ODD)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(lines(*rows))
    assert bring(project, path).new == 60
    found = dict(Snapshot.objects.values_list("item__external_id", "raw_sha256"))
    # A raw control character is no JSON by the letter; it is read all the same.
    assert found == {f"m{n}": sha256(row) for n, row in enumerate(rows)}


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_every_format_has_a_hash_of_its_rows(format: str) -> None:
    if format == "csv":
        data = b'query,item_id,title\n"red\nmug",1,Mug\nmug,2,\xffMug\n'  # a row that is rejected has one, too
        wanted = [sha256(b'"red\nmug",1,Mug\n'), sha256(b"mug,2,\xffMug\n")]
    else:
        file = io.BytesIO()
        parquet.write_table(pyarrow.table({"query": ["a", "b"], "n": [1, None]}), file)
        data = file.getvalue()
        wanted = [sha256('{"query":"a","n":1}'), sha256('{"query":"b","n":null}')]
    assert [row.sha256 for row in RowReader(io.BytesIO(data), f"x.{format}")] == wanted


@pytest.mark.parametrize("replace", [False, True])
def test_broken_utf_8_in_parquet_costs_its_row_or_is_replaced_as_in_every_other_format(
    project: Project, tmp_path: Path, replace: bool
) -> None:
    bad = pyarrow.Array.from_buffers(
        pyarrow.string(),
        2,
        [None, pyarrow.py_buffer(b"\0\0\0\0\x04\0\0\0\x07\0\0\0"), pyarrow.py_buffer(b"Mu\xffgMug")],
    )
    path = tmp_path / "rows.parquet"
    parquet.write_table(pyarrow.table({"query": ["mug", "mug"], "item_id": ["1", "2"], "title": bad}), path)
    counts = bring(project, path, replace=replace)
    assert (counts.new, counts.rejected, counts.replaced) == ((2, 0, 1) if replace else (1, 1, 0))
    wanted = {("Mug", 0), ("Mu\ufffdg", 1)} if replace else {("Mug", 0)}
    assert set(Snapshot.objects.values_list("title", "sanitised")) == wanted


def test_the_pages_say_what_was_replaced(
    project: Project, cast: Cast, client_for: Callable[[Any], Client], tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(
        lines({"query": "mug", "item_id": "m1", "title": "Mug\x00"}, {"query": "mug", "item_id": "m2", "title": "Mug"})
    )
    bring(project, path)
    lead = client_for(cast.lena)
    page = lead.get(f"/p/shoes/imports/{Import.objects.get().pk}/").content.decode()
    assert "items with characters that could not be stored</dt><dd>1</dd>" in page
    marked = Pair.objects.get(item__external_id="m1")
    page = lead.get(f"/p/shoes/pairs/{marked.pk}/").content.decode()
    assert "1 character could not be stored" in page and Snapshot.objects.get(sanitised=1).raw_sha256 in page
    plain = make_pair(project=project)
    assert "could not be stored" not in lead.get(f"/p/shoes/pairs/{plain.pk}/").content.decode()


# what models say


@pytest.mark.parametrize("sign", ["\x00", "\ud800", "\udfff\x00"])
def test_a_caption_with_what_cannot_be_stored_keeps_its_batch(sign: str) -> None:
    said = captioning.read(Reply((SampledAnswer(f"A red{sign}mug.", "stop"),)))
    assert said == "A red" + "\ufffd" * len(sign) + "mug." and said.encode()


@pytest.mark.parametrize("sign", ["\\u0000", "\\ud800", "\\udfff\\u0000"])
def test_a_guideline_with_what_cannot_be_stored_is_told_with_the_sign_replaced(sign: str) -> None:
    answer = f'{{"nonce": "c", "intent": "a{sign}mug", "required": ["red{sign}"], "optional": []}}'
    told = guiding.read(Reply((SampledAnswer(answer, "stop"),)), "c")
    assert told != guiding.NONE
    assert (
        json.dumps(told.model_dump(mode="json"), ensure_ascii=False).encode()
        and "\x00" not in told.intent + told.required[0]
    )


def test_a_guideline_that_is_no_text_is_still_none() -> None:
    answer = '{"nonce": "c", "intent": 7, "required": [], "optional": []}'
    assert guiding.read(Reply((SampledAnswer(answer, "stop"),)), "c") == guiding.NONE
