"""One shop's id, or one text, in two locales is two items, two queries: nothing of one is told of the other."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from catalogue.importing.meaning import guessing
from catalogue.importing.meaning.inspecting import Origin
from catalogue.importing.meaning.presets import OWN
from catalogue.importing.running import Plan, counts_of, run_here
from catalogue.importing.storing import ImportCounts
from catalogue.models import Item, Pair, Query, Rejection, Snapshot
from projects.models import Project
from relevance.labels import scale_named
from tests.conftest import FreshDatabase, as_owner
from tests.world.rows import make_pair

Row = dict[str, Any]
Bring = Callable[..., ImportCounts]


def row(locale: str, query: str, item: str, title: str, label: str = "", **values: Any) -> Row:
    return {"locale": locale, "query": query, "item_id": item, "title": title, "label": label, **values}


# As in Amazon's Shopping Queries: one id in three marketplaces, one text in two.
ROWS = [
    row("us", "camping chair", "B1", "Folding camp stool", "L4"),
    row("es", "silla camping", "B1", "Taburete plegable", "L4"),
    row("jp", "折りたたみ椅子", "B1", "トレイルモス 折りたたみ椅子", "L4"),
    row("us", "samsung", "B2", "Galaxy phone", "L4"),
    row("es", "samsung", "B2", "Funda de cuero", "L1"),
]


@pytest.fixture
def bring(project: Project, tmp_path: Path) -> Bring:
    def run(*rows: Row, kind: str = "pairs", columns: dict[str, str] = OWN) -> ImportCounts:  # type: ignore[assignment]
        path = tmp_path / f"{uuid.uuid4().hex}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        origin, scale = Origin("a shop", "CC0-1.0", ""), scale_named("lore-4") if kind == "pairs" else None
        return counts_of(run_here(project, kind, [path], plan=Plan(columns), origin=origin, scale=scale))

    return run


def told() -> list[tuple[Any, ...]]:
    """Of each pair its query's and its item's locale, its query, its item's title and its label."""
    names = ("query__locale", "item__locale", "query__text", "item__current_snapshot__title", "gold_label")
    return list(Pair.objects.order_by("pk").values_list(*names))


def test_each_pair_has_the_title_and_the_label_of_its_own_locale(bring: Bring) -> None:
    assert bring(*ROWS) == ImportCounts(read=5, new=5, gold=5)
    assert told() == [(one["locale"], *(one[key] for key in ("locale", "query", "title", "label"))) for one in ROWS]
    assert (Item.objects.count(), Query.objects.count(), Snapshot.objects.count()) == (5, 5, 5)


def test_the_file_again_is_recognised_in_each_locale(bring: Bring) -> None:
    bring(*ROWS)
    assert bring(*ROWS) == ImportCounts(read=5, known=5)


def test_an_item_that_changes_in_one_locale_says_in_the_others_what_it_said(bring: Bring) -> None:
    bring(*ROWS)
    assert bring(ROWS[0] | {"title": "Camp stool, green"}) == ImportCounts(read=1, changed=1)
    assert [title for _query, _item, _text, title, _label in told()[:2]] == ["Camp stool, green", "Taburete plegable"]


def test_a_row_without_locale_is_of_none(bring: Bring) -> None:
    assert bring(*ROWS, {**ROWS[0], "locale": None, "title": "Stool"}) == ImportCounts(read=6, new=6, gold=6)
    assert set(Item.objects.filter(external_id="B1").values_list("locale", flat=True)) == {"us", "es", "jp", ""}


def test_items_alone_have_their_locales_and_pairs_find_them(bring: Bring) -> None:
    assert bring(*ROWS[:3], kind="items") == ImportCounts(read=3, new=3)
    bring(*ROWS)
    assert (Item.objects.count(), Snapshot.objects.count()) == (5, 5)


def test_a_benchmark_query_of_one_locale_leaves_the_other_as_it_was(bring: Bring) -> None:
    bring(ROWS[3] | {"benchmark": True}, ROWS[4])
    assert dict(Query.objects.values_list("locale", "is_benchmark")) == {"us": True, "es": False}


def test_a_query_and_an_item_of_two_locales_are_no_pair_of_ours(bring: Bring) -> None:
    """Both columns are taken for the locale; where a row tells two it is refused and named."""
    columns = ["query", "query_locale", "product_id", "product_locale", "title", "marketing"]
    meaning = guessing.guess(columns, "pairs")
    assert [column for column, field in meaning.items() if field == "locale"] == ["query_locale", "product_locale"]
    one = {"query": "mug", "query_locale": "us", "product_id": "B1", "product_locale": "us", "title": "Mug"}
    assert bring(one, one | {"product_locale": "es"}, columns=meaning) == ImportCounts(read=2, new=1, rejected=1)
    refused = Rejection.objects.get()
    assert (refused.row, refused.field) == (2, "locale") and "us, es" in refused.reason


def test_one_column_tells_the_locale_where_several_might() -> None:
    assert guessing.guess(["locale", "language", "query_locale"], "pairs") == {"locale": "locale"}
    assert guessing.guess(["market", "id"], "items") == {"market": "locale", "id": "item_id"}
    assert guessing.guess(["market price", "marketing text"], "items") == {"market price": "price"}


_BEFORE = """ALTER TABLE catalogue_item DROP CONSTRAINT one_item_per_project_external_id_and_locale, DROP COLUMN locale,
  ADD CONSTRAINT one_item_per_project_and_external_id UNIQUE (project_id, external_id);
ALTER TABLE catalogue_query DROP CONSTRAINT one_query_per_project_text_and_locale,
  ADD CONSTRAINT one_query_per_project_and_text UNIQUE (project_id, text);
DELETE FROM django_migrations
  WHERE id >= (SELECT id FROM django_migrations WHERE app = 'catalogue' AND name = '0003_locale')"""


def test_items_of_before_take_the_one_locale_of_their_queries(fresh_database: FreshDatabase, settings: Any) -> None:
    """And keep all that hangs on them; an item beside queries of two locales, or of none, keeps none."""
    project = Project.objects.create(slug="before", name="Before")
    told = {"mug": "us", "taza": "es", "cup": "us"}
    pairs = [make_pair(project=project, query=text, locale=locale) for text, locale in told.items()]
    both, alone = make_pair(project=project, query="mug", locale="us").item, make_pair(project=project).item
    make_pair(project=project, query="taza", locale="es", item=both)
    make_pair(project=project, query="cup", locale="us", item=pairs[0].item)
    connection.close()
    with as_owner(fresh_database.name) as cursor:
        cursor.execute(_BEFORE)
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": fresh_database.name}
    call_command("migrate", "catalogue", "0003_locale", verbosity=0)
    items = [one.item for one in pairs] + [both, alone]
    locales = dict(Item.objects.values_list("pk", "locale"))
    assert [locales[item.pk] for item in items] == ["us", "es", "us", "", ""]
    assert Pair.objects.count() == 7 and Snapshot.objects.count() == 5
    Item.objects.create(project=project, external_id=both.external_id, locale="us")


def test_a_file_of_one_locale_that_came_before_is_recognised(
    fresh_database: FreshDatabase, settings: Any, tmp_path: Path
) -> None:
    """Its items had no locale then."""
    project = Project.objects.create(slug="before", name="Before")
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps(ROWS[0]) + "\n")
    plan, origin = Plan(dict(OWN)), Origin("a shop", "CC0-1.0", "")
    run_here(project, "pairs", [path], plan=plan, origin=origin)
    connection.close()
    with as_owner(fresh_database.name) as cursor:
        cursor.execute(_BEFORE)
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": fresh_database.name}
    call_command("migrate", "catalogue", "0003_locale", verbosity=0)
    again = counts_of(run_here(project, "pairs", [path], plan=plan, origin=origin))
    assert again == ImportCounts(read=1, known=1)
