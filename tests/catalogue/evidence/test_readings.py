"""A query is read once for each version of who reads it; a person's reading stands over a model's, a model's over the product's."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.standard import backtesting
from catalogue.evidence import grids, lexicons, readings
from catalogue.evidence.grids import GridSubject
from catalogue.models import CellCorrection, Grid, Pair, Query, QueryReading, ReadingCorrection
from inference.prelabel import model_context
from projects.models import Project
from relevance.constraints import Constraint
from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid, Source, Verdict
from tests.conftest import Cast
from tests.world.rows import make_item, make_pair

pytestmark = pytest.mark.django_db
LAMP = Constraint(Dimension.CATEGORY, "mug", "lamp", head=True)


@pytest.fixture
def pair(project: Project) -> Pair:
    return make_pair(project=project, query="red mug", item=make_item(project=project, title="Red lamp, blue shade"))


def reading(query: Query, origin: str, version: str = "1", wish: Constraint = LAMP) -> QueryReading:
    return QueryReading.objects.create(query=query, origin=origin, version=version, body=[wish.to_json()])


def correct(query: Query, by: Any, wish: Constraint | None) -> ReadingCorrection:
    version = str(query.reading_corrections.count())
    row = reading(query, "person", version, wish) if wish is not None else None
    return ReadingCorrection.objects.create(query=query, reading=row, by=by)


def read(query: Query) -> tuple[str, list[str]]:
    found = readings.get_or_make({query.pk: query.text}, lexicons.shipped())[query.pk]
    return found.origin.value, [one.value for one in found.constraints]


def wishes(grid: Grid | EvidenceGrid) -> list[str]:
    value = EvidenceGrid.from_json(grid.body) if isinstance(grid, Grid) else grid
    return [row.constraint.value for row in value.rows]


def test_the_product_reads_a_query_once_for_each_version_of_itself(project: Project, pair: Pair) -> None:
    asked = {pair.query_id: pair.query.text}
    first = readings.get_or_make(asked, lexicons.shipped())
    with CaptureQueriesContext(connection) as seen:
        assert readings.get_or_make(asked, lexicons.shipped()) == first
    assert not [one for one in seen if "INSERT" in one["sql"]] and QueryReading.objects.count() == 1
    assert first[pair.query_id].version == grids.extractor(lexicons.shipped())
    make_item(project=project, category="teapots")
    learnt = lexicons.value(lexicons.learn(project).pk)
    assert readings.get_or_make(asked, learnt)[pair.query_id].version != first[pair.query_id].version


def test_a_person_stands_over_a_model_and_a_model_over_the_product(pair: Pair, cast: Cast) -> None:
    assert read(pair.query)[0] == "tagger"
    reading(pair.query, "guideline")
    assert read(pair.query) == ("guideline", ["lamp"])
    correct(pair.query, cast.ana, Constraint(Dimension.CATEGORY, "mug", "teapot", head=True))
    correct(pair.query, cast.ben, Constraint(Dimension.CATEGORY, "mug", "cup", head=True))
    assert read(pair.query) == ("person", ["cup"])  # the later one
    correct(pair.query, cast.ana, None)
    assert read(pair.query) == ("guideline", ["lamp"])  # taken back


def test_a_corrected_reading_makes_the_grid_anew_and_the_old_one_stays(pair: Pair, cast: Cast) -> None:
    snapshot = pair.item.current_snapshot
    assert snapshot is not None
    before = grids.grid_of(pair, snapshot)
    correct(pair.query, cast.ana, LAMP)
    after = grids.grid_of(pair, snapshot)
    assert wishes(after) == ["lamp"] and after.extractor.startswith(before.extractor + "+r")
    assert Grid.objects.get(pk=before.pk).body == before.body and wishes(before) == ["red", "mug"]
    correct(pair.query, cast.ana, None)
    assert grids.grid_of(pair, snapshot) == before
    with CaptureQueriesContext(connection) as asked:
        grids.grid_of(pair, snapshot)
    assert len([one for one in asked if "catalogue_grid" in one["sql"]]) == 1


def test_prompts_replays_and_altered_facts_read_the_query_as_the_grid_does(
    project: Project, pair: Pair, cast: Cast
) -> None:
    correct(pair.query, cast.ana, LAMP)
    lexicon = lexicons.current(project)
    subject = model_context.subject(pair)
    plain, altered = model_context._with_grids([subject, subject._replace(altered=True)], lexicon)
    assert wishes(plain.grid) == wishes(altered.grid) == ["lamp"]
    unseen = make_item(project=project, title="Mug")
    key = GridSubject(pair.query_id, unseen.snapshot_now)
    built = grids.get_or_build({key: pair.facts(unseen.current_snapshot)}, lexicon)
    assert wishes(built[key]) == ["lamp"] and not Grid.objects.filter(snapshot=unseen.snapshot_now).exists()


def test_a_back_test_takes_the_grid_that_would_be_made_now_and_else_the_newest(
    project: Project, pair: Pair, cast: Cast
) -> None:
    snapshot = pair.item.current_snapshot
    assert snapshot is not None
    grids.grid_of(pair, snapshot)
    correct(pair.query, cast.ana, LAMP)
    (stale,) = backtesting.stored_pairs(project)
    assert wishes(stale.grid) == ["red", "mug"]  # nobody has looked since
    grids.grid_of(pair, snapshot)
    correct(pair.query, cast.ana, None)
    (now,) = backtesting.stored_pairs(project)
    assert wishes(now.grid) == ["red", "mug"]  # though the corrected one is newer


def test_words_whose_digest_begins_like_a_correction_have_none(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grids, "extractor", lambda _lexicon: "7+c922e8aff7ed")
    snapshot = pair.item.current_snapshot
    assert snapshot is not None
    seen = {GridSubject(pair.query_id, snapshot.pk): pair.facts(snapshot)}
    lexicon = lexicons.current(pair.project)
    (made,) = grids.as_extracted(seen, lexicon).values()
    assert Grid.objects.get(pk=made.row_id).extractor == "7+c922e8aff7ed"


def test_a_cell_that_a_person_puts_right_says_so_in_the_next_grid_of_that_item_alone(
    project: Project, pair: Pair, cast: Cast
) -> None:
    snapshot = pair.item.current_snapshot
    assert snapshot is not None
    before = grids.grid_of(pair, snapshot)
    cell = {"pair": pair, "dimension": "colour", "text": "red", "source": "title", "by": cast.ana}
    CellCorrection.objects.create(grid=before, verdict="conflict", literal="blue shade", **cell)
    after = grids.grid_of(pair, snapshot)
    row = EvidenceGrid.from_json(after.body).rows[0]
    told = {one.source: (one.verdict, one.literal) for one in row.cells}
    assert (told[Source.TITLE], row.verdict) == ((Verdict.CONFLICT, "blue shade"), Verdict.CONFLICT)
    assert EvidenceGrid.from_json(after.body).overlap < EvidenceGrid.from_json(before.body).overlap
    other = make_pair(project=project, query="red mug", item=make_item(project=project, title="Red lamp"))
    assert other.item.current_snapshot is not None
    assert grids.grid_of(other, other.item.current_snapshot).extractor.count("+") == 1
    CellCorrection.objects.create(grid=after, verdict="", **cell)  # taken back
    assert grids.grid_of(pair, snapshot).body == before.body
