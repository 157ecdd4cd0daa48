"""T60: a text that would burn time is bounded where it comes in, and what is let in costs no page its answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection

from catalogue.importing.meaning.inspecting import Origin
from catalogue.importing.meaning.presets import OWN
from catalogue.importing.running import Plan, run_here
from catalogue.models import Pair, Rejection, Snapshot
from database.connecting import connected_as
from inference.models import QueryGuideline
from projects.models import Project
from projects.templatetags.foreign import foreign, oddities
from relevance import invisible_characters
from relevance.constraints import extract_constraints
from relevance.evidence import build_grid, highlights
from relevance.facts import ItemFacts, PairFacts, fold, normalise_query
from relevance.lexicon import Lexicon
from relevance.suspicion import suspicions
from tests.conftest import FreshDatabase
from tests.drills.scale import FULL
from tests.hostile.burning import PATHOLOGICAL, filled
from tests.hostile.conftest import Workplace
from tests.hostile.crawling import crawl

FIELD = 64 << 10
CONTROL = "red mug with a handle, dishwasher safe, 350 ml "


def seconds(act: Callable[[], object]) -> float:
    since = time.process_time()
    act()
    return time.process_time() - since


LEXICON = Lexicon.shipped()
GRID = build_grid(PairFacts("red mug 350 ml", ItemFacts("m1", title="red mug")), LEXICON)
HELPERS: dict[str, Callable[[str], object]] = {
    "fold": fold,
    "query": normalise_query,
    "constraints": lambda text: extract_constraints(text[:2000], LEXICON),
    "grid": lambda text: build_grid(PairFacts("red mug 350 ml", ItemFacts("m1", title=text)), LEXICON),
    "highlights": lambda text: highlights(text, GRID),
    "suspicion": lambda text: suspicions(PairFacts("red mug", ItemFacts("m1", title=text))),
    "badge": foreign,
    "oddities": oddities,
    "spelt out": invisible_characters.spelt_out,
    "prompt copy": invisible_characters.without_unseen,
}


@pytest.mark.parametrize("helper", HELPERS)
def test_no_helper_burns_on_what_is_let_in(helper: str, figures: Callable[..., None]) -> None:
    act = HELPERS[helper]
    act(CONTROL)  # what is worked out once is worked out
    plain = min(seconds(partial(act, filled(CONTROL, FIELD))) for _ in range(3))
    took = {}
    for name, piece in PATHOLOGICAL.items():
        text = filled(piece, FIELD)
        took[name] = min(seconds(partial(act, text)) for _ in range(2))
    worst = max(took, key=took.__getitem__)
    figures(f"T60 {helper}", control_ms=round(1000 * plain, 1), worst_ms=round(1000 * took[worst], 1), by=worst)
    assert took[worst] < max(0.3, 10 * plain), worst


def test_a_text_of_a_megabyte_is_refused_where_it_comes_in(project: Project, tmp_path: Path) -> None:
    rows = [
        {"query": "mug", "item_id": f"m{n}", "title": "Mug", **{field: filled(piece, 1 << 20)}}
        for n, piece in enumerate(PATHOLOGICAL.values())
        for field in ("title", "query", "shop", "attributes", "category")
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    counts = run_here(project, "pairs", [path], plan=Plan(dict(OWN)), origin=Origin("x", "y", ""), scale=project.scale)
    assert (counts.read, counts.rejected) == (18 * 5, 18 * 5)
    assert set(Rejection.objects.values_list("reason", flat=True)) == {"larger than 64 KiB"}
    assert not Snapshot.objects.exists()


# What costs most, each in pairs of its own and all in the texts that there is one of; at full size every one by itself.
WORST = ("orders half given", "combining marks", "right to left", "pretenders", "angle brackets")
PLANTED = [(name,) for name in PATHOLOGICAL] if FULL else [WORST]


@pytest.mark.parametrize("names", PLANTED, ids=", ".join)
def test_every_page_answers_all_the_same(
    workplace: Workplace, fresh_database: FreshDatabase, names: tuple[str, ...], figures: Callable[..., None]
) -> None:
    client = workplace.client(workplace.cast.lena)
    control = {page.url_name: page.seconds for page in crawl(client, each=1)}
    with connected_as({**django_settings.OWNER_DATABASE, "NAME": fresh_database.name}):
        plant([PATHOLOGICAL[name] for name in names])
    pages = list(crawl(client, each=len(names)))
    assert [page.path for page in pages if page.status >= 500] == []
    bound = {page.url_name: max(0.3, 5 * control.get(page.url_name, 0.3)) for page in pages}
    took: dict[str, float] = {}
    for page in pages:
        spent = page.seconds
        if spent > bound[page.url_name]:  # twice in a row is no collector that ran just then
            cache.clear()  # nor is the second time what the first has remembered
            spent = min(spent, seconds(partial(client.get, page.path)))
        took[page.url_name] = max(spent, took.get(page.url_name, 0.0))
    worst = max(took, key=lambda url: took[url] - control.get(url, 0))
    slow = {url: spent for url, spent in took.items() if spent > bound[url]}
    ms, plain = round(1000 * took[worst]), round(1000 * control.get(worst, 0))
    figures(f"T60 pages, {', '.join(names)}", pages=len(pages), worst=worst, ms=ms, control_ms=plain)
    assert slow == {}


def plant(pieces: list[str]) -> None:
    """A piece over and over in every text of a pair, another in the next pair; all of them in what is there once."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for number, pair in enumerate(Pair.objects.order_by("pk").select_related("item")):
            text = filled(pieces[number % len(pieces)], FIELD)
            cpv, points = json.dumps([[text[:200], text[:2000]]] * 40), json.dumps([text[:5000]] * 10)
            cursor.execute(
                "UPDATE catalogue_snapshot SET title = %s, shop = %s, description = %s, category = %s, cpv = %s,"
                " selling_points = %s WHERE item_id = %s",
                [text, text, text, text[:2000], cpv, points, pair.item_id],
            )
            Pair.objects.filter(pk=pair.pk).update(external_id=text[:200])
    together = "".join(filled(piece, FIELD // len(pieces)) for piece in pieces)
    QueryGuideline.objects.update(intent=together)
    Project.objects.update(guideline=together, description=together)
