"""Statements that lie beside their module: each is read by one module, says what it asks, is planned by PostgreSQL as the role
the product runs as, and walks by the indexes that it is written for.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from itertools import count
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from annotation.gold import settling
from annotation.models import Judgment
from database import statements
from projects.models import Project
from tests.conftest import ROOT
from tests.world import large

PACKAGES = ("database", *settings.OUR_APPS, "lore_app")
APPLIED = {ROOT / app / "sql" for app in PACKAGES}  # by migrations
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.sql")) if path.parent not in APPLIED]
# Of tables of an earlier version, which tests/lore_app/test_earlier_version.py makes and asks.
OF_OTHER_TABLES = {"lore_app/carried_pairs", "lore_app/carried_items"}
PARAMETER = re.compile(r"%\((\w+)\)s")
TOLD = re.compile(r"^--   (\w+) +([a-z]+(?:\[\])?) +\S", re.MULTILINE)  # "--   project  bigint  whose queue"
PREPARED = count()


def name(path: Path) -> str:
    return str(path.relative_to(ROOT).with_suffix(""))


def text(path: Path) -> str:
    """As the product reads it."""
    return statements.statement(str(path), path.stem)


def types(path: Path) -> dict[str, str]:
    """The parameters that the head of a file names, with their types."""
    return dict(TOLD.findall(path.read_text()))


def plan(statement: str, typed: dict[str, str], *, planned_for: str = "generic") -> str:
    """For whatever values, or for NULL in each place: what is asked for NULL is checked and is next to nothing."""
    numbers = {parameter: f"${number}" for number, parameter in enumerate(typed, start=1)}
    body = PARAMETER.sub(lambda found: numbers[found[1]], statement)
    asked, nulls = f"asked_{next(PREPARED)}", ", ".join(["NULL"] * len(typed))
    with transaction.atomic():
        statements.run("SELECT set_config('plan_cache_mode', %s, true)", f"force_{planned_for}_plan")
        statements.run(f"PREPARE {asked} ({', '.join(typed.values())}) AS {body}")
        return "\n".join(line for (line,) in statements.rows(f"EXPLAIN EXECUTE {asked} ({nulls})"))


def test_each_file_is_read_by_one_module_beside_it() -> None:
    read: Counter[Path] = Counter()
    for path in [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name(id="statement"), args=[ast.Name(id="__file__"), ast.Constant(value=str(file))]
                ):
                    read[path.with_name(f"{file}.sql")] += 1
    assert read == Counter(FILES)
    assert len(FILES) > 10


def test_each_file_opens_with_what_it_asks_and_with_its_parameters() -> None:
    wrong = []
    for path in FILES:
        head = re.match(r"-- [A-Z][^\n]+[.:,]?\n(--[^\n]*\n)+(?=[A-Z])", path.read_text())
        used = set(PARAMETER.findall(text(path)))
        wrong += [] if head else [f"{name(path)} does not open with a comment"]
        wrong += [] if types(path).keys() == used else [f"{name(path)} names {sorted(types(path).keys() ^ used)}"]
    assert wrong == []


def test_what_statements_share_reads_alike_in_each() -> None:
    """Written out, so that each can be read alone: whose pair a person may take, which pairs get more judgments, what is
    carried over of an item."""
    takes = [text(ROOT / f"{told}.sql") for told in WALKS if told.startswith("annotation/judging/next_")]
    put_off = re.compile(r"(NOT )?EXISTS \(\n    SELECT 1 FROM annotation_postponement")
    free = {put_off.split(take.partition("  AND NOT COALESCE")[2])[0] for take in takes}
    more = [text(ROOT / f"annotation/pairs/{told}.sql") for told in ("foresee_more", "give_more")]
    getting = {re.split(r"LIMIT %\(most\)s\)", one)[0] for one in more}
    carried = [text(ROOT / f"lore_app/{told}.sql") for told in ("carried_pairs", "carried_items")]
    item = {one.partition("'item_id'")[2].partition("b.attribution, '')")[0] for one in carried}
    assert (len(takes), len(free), len(getting), len(item)) == (4, 1, 1, 1)
    assert "annotation_lease" in free.pop() and "annotation_gold" in getting.pop()


@pytest.mark.django_db
def test_postgresql_plans_each_of_them() -> None:
    """So a table or column of another name, or a parameter of another type, is noticed where nothing asks the statement."""
    refused = []
    for path in [path for path in FILES if name(path) not in OF_OTHER_TABLES]:
        try:
            plan(text(path), types(path))
        except DatabaseError as error:
            refused.append(f"{name(path)}: {error}")
    assert refused == []


@pytest.mark.django_db
def test_a_renamed_column_and_another_type_are_noticed() -> None:
    path = ROOT / "annotation/judging/next_onward.sql"
    assert plan(text(path), types(path), planned_for="custom")
    with pytest.raises(DatabaseError, match=r"s\.place does not exist"):
        plan(text(path).replace("s.position", "s.place"), types(path))
    with pytest.raises(DatabaseError, match="operator does not exist: bigint >= text"):
        plan(text(path), {**types(path), "cursor": "text"})


# The indexes without which a statement reads what it must not, over a few thousand rows.
OF_THE_QUEUE = {"open_slots_by_position", "one_judgment_per_pair_judge_round_revision"}
OF_A_TAKER = {*OF_THE_QUEUE, "one_live_lease_per_pair_and_person", "one_postponement_per_slot_and_person"}
WALKS = {
    "annotation/judging/next_urgent": OF_A_TAKER,
    "annotation/judging/next_onward": OF_A_TAKER,
    "annotation/judging/next_left_behind": OF_A_TAKER,
    "annotation/judging/next_put_off": {*OF_A_TAKER, "slots_by_state"} - {"open_slots_by_position"},
    "annotation/judging/how_many_left": OF_THE_QUEUE,
    "annotation/gold/pairs_to_follow": {
        "pairs_predicted",
        "pairs_judged",
        "one_open_disagreement_per_pair_and_kind",
        "catalogue_pair_pkey",
    },
    "annotation/standard/judge_again": {"slots_that_replace", "predictions_of_pair", "open_slots_by_position"},
    "annotation/trust/words": {"one_judgment_per_pair_judge_round_revision"},
    "annotation/trust/measurable_pairs": {"pairs_of_project", "one_gold_per_pair_and_revision", "predictions_of_pair"},
}
OF_ONE_PAIR = {
    "annotation_standingjudgment": "one_judgment_per_pair_judge_round_revision",
    "inference_standingprediction": "predictions_of_pair",
}


@pytest.mark.usefixtures("fresh_database")
def test_they_walk_by_the_indexes_they_are_written_for() -> None:
    large.fill(3000)
    unused = {}
    for told, indexes in WALKS.items():
        path = ROOT / f"{told}.sql"
        walked = plan(text(path), types(path))
        unused[told] = {
            index for index in indexes if f"using {index} on" not in walked and f"Scan on {index} " not in walked
        }
    for view, index in OF_ONE_PAIR.items():
        walked = plan(f"SELECT * FROM {view} WHERE pair_id = %(pair)s", {"pair": "bigint"})
        unused[view] = {index} if f"using {index} on" not in walked or "Seq Scan" in walked else set()
    assert {told: indexes for told, indexes in unused.items() if indexes} == {}
    assert tables_read_whole_to_settle() == set()


def tables_read_whole_to_settle() -> set[str]:
    """A function has no plan to look at; PostgreSQL counts how often each table was read whole."""
    pair, project = Judgment.objects.order_by("pk").values_list("pair", flat=True)[0], Project.objects.get()
    reads = "SELECT relname, seq_scan FROM pg_stat_xact_user_tables"
    with transaction.atomic(), connection.cursor():
        before = dict(statements.rows(reads))
        settling.settle(project, [pair])
        return {table for table, times in statements.rows(reads) if times > before.get(table, 0)}


@pytest.mark.django_db
def test_cards_are_found_by_their_words_where_there_are_many() -> None:
    path = ROOT / "inference/knowledge/candidates.sql"
    with transaction.atomic():
        statements.run("SET LOCAL enable_seqscan = off")  # as a table of many cards does
        assert "Bitmap Index Scan on knowledge_search" in plan(text(path), types(path))
