"""People put evidence right: what a query asks for, and what a cell of a pair's grid says.

Nothing is written over: a correction is a row, taking it back is another, and the newest counts. Judgments keep the grid that
they showed. Who may is said by the doors that lead here: people who may judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalogue.evidence import lexicons, readings, remaking
from catalogue.models import CellCorrection, Grid, Pair, Query, QueryReading, ReadingCorrection
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person
from projects.refusals import Refused
from relevance.corrected_cells import CellSaid
from relevance.evidence import EvidenceGrid, Source, Verdict
from relevance.facts import ItemFacts, fold
from relevance.spans import NotAReading, SpanSaid, constraints_of

CORRECTIONS = Allowance("evidence_correction", 300, _("corrections of evidence"))
LONGEST = 300  # characters of a literal


def correct_reading(query: Query, said: Sequence[SpanSaid], by: Person) -> ReadingCorrection:
    """The query is read so from now on. Raises Refused."""
    with transaction.atomic():
        held = _held(query, by)
        lexicon = lexicons.current(held.project)
        before = readings.get_or_make({held.pk: held.text}, lexicon)[held.pk]
        try:
            constraints = constraints_of(held.text, said, lexicon, before.constraints)
        except NotAReading as error:
            raise _why_not(error) from None
        number = held.reading_corrections.count() + 1
        reading = QueryReading.objects.create(
            query=held,
            origin=QueryReading.Origin.PERSON,
            version=str(number),
            body=[one.to_json() for one in constraints],
        )
        row = ReadingCorrection.objects.create(query=held, reading=reading, replaced_id=before.row_id, by=by)
        record(by, "evidence.reading_corrected", project=held.project, on=row, query=held.pk)
    remaking.of_query(held, by)
    return row


def _why_not(error: NotAReading) -> Refused:
    match error.code:
        case "no_spans":
            return Refused("no_spans", _("Name at least one piece of the query."))
        case "too_many_spans":
            return Refused("too_many_spans", _("These are more pieces than a query is read in."))
        case "not_literal":
            unfit = _("“%(about)s” does not stand in the query as it is written.")
            return Refused("not_literal", unfit, about=error.about[:80])
        case "no_dimension":
            return Refused("no_dimension", _("Choose a dimension for each piece."))
        case "no_role":
            return Refused("no_role", _("Choose what the piece is."))
    return Refused("two_heads", _("Only one piece is the thing that is wanted."))


def take_back_reading(query: Query, by: Person) -> ReadingCorrection:
    """The query is read again as if nobody had said anything of it. Raises Refused."""
    with transaction.atomic():
        held = _held(query, by)
        newest = held.reading_corrections.order_by("-pk").first()
        if newest is None or newest.reading_id is None:
            raise Refused("nothing_to_take_back", _("No person has put this reading right."), status=409)
        row = ReadingCorrection.objects.create(query=held, reading=None, replaced_id=newest.reading_id, by=by)
        record(by, "evidence.reading_taken_back", project=held.project, on=row, query=held.pk)
    remaking.of_query(held, by)
    return row


def correct_cell(pair: Pair, grid: Grid, said: CellSaid, by: Person) -> CellCorrection:
    """The cell of the grid that was shown says so from now on, as long as the item says what it said. Raises Refused."""
    rows = [row for row in EvidenceGrid.from_json(grid.body).rows if said.is_of(row)]
    if grid.query_id != pair.query_id or not rows or len(said.text) > LONGEST:
        raise Refused("no_such_cell", _("The grid holds no such cell."))
    if said.verdict is not Verdict.SILENT:
        _check_literal(grid.snapshot.facts(pair.item.external_id), said)
    literal = said.literal if said.verdict is not Verdict.SILENT else ""
    return _store_cell(pair, grid, said, by, verdict=said.verdict.value, literal=literal)


def take_back_cell(correction: CellCorrection, by: Person) -> CellCorrection:
    """What the product found stands again. Raises Refused."""
    if not correction.verdict:
        raise Refused("nothing_to_take_back", _("This correction is one that takes another back."), status=409)
    source, verdict = Source(correction.source), Verdict(correction.verdict)
    said = CellSaid(correction.dimension, correction.text, source, verdict)
    return _store_cell(correction.pair, correction.grid, said, by, verdict="", literal="")


class CorrectionsTold(NamedTuple):
    """The newest of each, at most MOST."""

    of_reading: list[ReadingCorrection]
    of_cells: list[CellCorrection]


MOST = 50


def history(pair: Pair) -> CorrectionsTold:
    of_reading = pair.query.reading_corrections.select_related("reading", "replaced", "by").order_by("-pk")
    of_cells = pair.cell_corrections.select_related("by", "grid").order_by("-pk")
    return CorrectionsTold(list(of_reading[:MOST]), list(of_cells[:MOST]))


def _held(query: Query, by: Person) -> Query:
    # Without the lock two who put one reading right at once would both give theirs the same number, and one would fail.
    held = Query.objects.select_for_update(no_key=True).get(pk=query.pk)
    if held.erased_at is not None:
        raise Refused("erased", _("The text of this query is erased."), status=409)
    allowances.spend(CORRECTIONS, by)
    return held


def _store_cell(pair: Pair, grid: Grid, said: CellSaid, by: Person, *, verdict: str, literal: str) -> CellCorrection:
    with transaction.atomic():
        held = _held(pair.query, by)
        cell = {"dimension": said.dimension, "text": said.text, "source": said.source.value}
        row = CellCorrection.objects.create(pair=pair, grid=grid, verdict=verdict, literal=literal, by=by, **cell)
        act = "evidence.cell_corrected" if verdict else "evidence.cell_taken_back"
        record(by, act, project=held.project, on=row, pair=pair.pk)
    return row


def _check_literal(item: ItemFacts, said: CellSaid) -> None:
    """A cell cites the item: without that, it would say what nobody can look up. What a picture shows is not written there."""
    if not said.literal.strip() or len(said.literal) > LONGEST:
        raise Refused("no_literal", _("Say which words of the item decide, in at most 300 characters."))
    if said.source is not Source.CAPTION and fold(said.literal) not in fold(_texts(item, said.source)):
        raise Refused("not_in_the_item", _("These words do not stand there in the item."))


def _texts(item: ItemFacts, source: Source) -> str:
    if source is Source.TITLE:
        return item.title
    if source is Source.SKU:
        skus = (f"{sku.code} {sku.name} " + " ".join(f"{n} {v}" for n, v in sku.attributes) for sku in item.skus)
        return " ".join(skus)
    told = [f"{name} {value}" for name, value in item.cpv]
    return " ".join([*told, item.category, item.shop, item.price, item.description, *item.selling_points])
