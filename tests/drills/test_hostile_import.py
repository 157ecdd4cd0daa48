"""D32: a large import of which every twentieth row comes from a hostile corpus; every row is accounted for, every page answers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DataError, connection, transaction

from catalogue.importing.meaning.inspecting import Origin
from catalogue.importing.meaning.presets import OWN
from catalogue.importing.running import Plan, run_here
from catalogue.models import Import, Pair, Rejection, Snapshot
from tests.drills.scale import size
from tests.hostile.burning import PATHOLOGICAL, filled
from tests.hostile.conftest import Workplace, workplace
from tests.hostile.corpus import ODD, UNSTORABLE, formulas
from tests.hostile.crawling import crawl
from tests.hostile.payloads import PAYLOADS

pytestmark = pytest.mark.drill

__all__ = ["workplace"]
ROWS = size(full=10_000, quick=2_000)
EVERY = 20


def corpus() -> Iterator[str]:
    """Texts without end, of every kind in turn."""
    burning = [filled(piece, 60_000) for piece in PATHOLOGICAL.values()]
    kinds = (PAYLOADS, ODD, UNSTORABLE, formulas(200), burning, [filled("x", 70_000)])
    number = 0
    while True:
        kind = kinds[number % len(kinds)]
        yield kind[number // len(kinds) % len(kind)]
        number += 1


FIELDS = (
    "title", "query", "item_id", "shop", "category", "description", "attributes", "skus", "price", "selling_points", "label",
    "mismatch", "locale", "images", "ratings",
)  # fmt: skip
BROKEN = (
    "{",
    "[]",
    "null",
    '"text"',
    '{"query": ' + "[" * 5000,
    '{"query": NaN}',
    "\x00",
    '{"query": "mug", "item_id": "1"',
)


def rows() -> Iterator[str]:
    texts, chance = corpus(), random.Random(32)
    for number in range(ROWS):
        row: dict[str, Any] = {
            "query": f"mug {number % 500}",
            "item_id": f"m{number}",
            "title": f"Mug {number}",
            "label": "L4",
        }
        if number % EVERY == 0:
            if number % (EVERY * 10) == 0:
                yield BROKEN[number // (EVERY * 10) % len(BROKEN)]
                continue
            for field in chance.sample(FIELDS, 2):
                row[field] = next(texts)
            named = {next(texts)[:100]: next(texts)}
            row["attributes"] = chance.choice([named, row.get("attributes", "a: b"), 10**400, [[["x"]]]])
        yield json.dumps(row)


def test_every_row_is_accounted_for_and_every_page_answers(
    workplace: Workplace, tmp_path: Path, figures: Callable[..., None]
) -> None:
    path = tmp_path / "hostile.jsonl"
    lines = list(rows())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogatepass")
    before = Pair.objects.count()
    project = workplace.project
    origin = Origin("a shop", "CC0-1.0", "")
    plan = Plan(dict(OWN), labels={"l4": "L4"}, labels_by="call", labels_whole=True)
    counts = run_here(project, "pairs", [path], plan=plan, origin=origin, scale=project.scale)
    batch = Import.objects.latest("pk")
    refused = Rejection.objects.filter(batch=batch).exclude(
        field="images", raw=""
    )  # a picture not found keeps no row out
    assert counts.read == ROWS == counts.new + counts.known + counts.changed + counts.rejected
    assert counts.rejected == refused.count() and counts.new == Pair.objects.count() - before
    assert not refused.filter(reason="").exists()
    numbers = list(refused.values_list("row", flat=True))
    assert len(set(numbers)) == len(numbers), "each once, by its number"
    assert all((number - 1) % EVERY == 0 for number in numbers), "no good row is refused"
    hostile = ROWS // EVERY
    assert 0 < counts.rejected < hostile

    kept = naive_import(lines)
    assert kept == 0, "a bare insert loses all of it"

    pages, failed = 0, []
    for name, client in workplace.clients():
        for page in crawl(client, each=4):
            pages += 1
            if page.status >= 500:
                failed.append((name, page.path, page.status))
    names = [f"m{number}" for number in range(0, ROWS, EVERY)]
    odd = Snapshot.objects.filter(batch=batch, item__external_id__in=names).values_list("item__pairs", flat=True)
    client = workplace.client(workplace.cast.lena)
    client.raise_request_exception = False
    for pair in [one for one in odd if one][:60]:
        pages += 1
        answer = client.get(f"/p/shoes/pairs/{pair}/")
        if answer.status_code != 200:
            failed.append(("lena", f"pair {pair}", answer.status_code))
    told = {"rows": ROWS, "hostile": hostile, "stored": ROWS - counts.rejected, "listed": counts.rejected}
    figures("D32", **told, pages=pages, http_500=len(failed), naive_control_stored=kept)
    assert failed == []


def naive_import(lines: list[str]) -> int:
    """Control: the titles as they came, in one statement."""
    titles = []
    for line in lines:
        try:
            titles.append(str(json.loads(line)["title"]))
        except (ValueError, TypeError, KeyError, RecursionError):
            titles.append(line)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE naive (title text)")
        try:
            with transaction.atomic():
                cursor.executemany("INSERT INTO naive VALUES (%s)", [(title,) for title in titles])
        except (DataError, ValueError):
            pass
        cursor.execute("SELECT count(*) FROM naive")
        return int(cursor.fetchone()[0])
