"""Which drawn pair a person looks at next, and what they say of its cells: stored as a whole, changed, taken back.

Who had a pair's evidence on the screen does not judge that pair blind any more (annotation.judging.queue).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.evidence_checks import cells, gate
from annotation.evidence_checks.cells import MISSING, RIGHT, WRONG, CellReading, PlacedCell
from annotation.judging import queue
from annotation.models import EvidenceCheck, Judge, Lease, SampledPair
from catalogue.models import CellCorrection, Grid, Pair
from projects import allowances
from projects.allowances import Allowance
from projects.models import Mode, Person, Project
from projects.refusals import Refused
from relevance.cells import Source, Verdict
from relevance.evidence import EvidenceGrid
from relevance.facts import fold

LONGEST_MISSING = 200
CHECKED = Allowance("evidence.checked", 2400, gettext_lazy("checks of evidence"))


def next_pair(
    person: Person, project: Project, *, covers: list[str] | None = None, after: int = 0
) -> SampledPair | None:
    """The next one that nobody has checked, in an order of this person's own, so that two seldom look at the same one.

    The pairs of a query follow each other. Left out is what this person has on their judging card.
    """
    held = Lease.objects.filter(person=person, slot__project=project, state=Lease.State.LIVE)
    waiting = SampledPair.objects.filter(project=project, checked=False, pair__query__erased_at=None)
    waiting = waiting.exclude(pair__in=held.values("pair"))
    if covers is not None:
        waiting = waiting.filter(category__in=covers)
    rows = list(waiting.values_list("pk", "pair", "pair__query"))
    ordered = sorted(rows, key=lambda row: (_place(person, row[2]), row[0]))
    at = next((place for place, row in enumerate(ordered) if row[1] == after), -1)
    turned = [*ordered[at + 1 :], *ordered[: at + 1]]
    return SampledPair.objects.get(pk=turned[0][0]) if turned else None


def _place(person: Person, query: int) -> str:
    return sha256(f"{person.pk} {query}".encode()).hexdigest()


def open_pair(person: Person, project: Project, pair: Pair) -> None:
    """Who has a pair's evidence on the screen knows it from then on, whether they say something of it or not."""
    judge = queue.judge_of(person, project)
    if _last(judge, pair) is not None:
        return
    with transaction.atomic():
        _add(judge, pair, cells.grid_to_check(pair).row_id, [], withdrawn=True)
        # Without this the blind card that somebody holds on another screen would be answered by one who knows the evidence.
        for lease in Lease.objects.filter(person=person, pair=pair, state=Lease.State.LIVE, mode=Mode.BLIND):
            queue.give_back(lease)


def own_marks(person: Person, project: Project, pair: Pair) -> dict[CellReading, str]:
    """What this person said of the pair last, taken back or not."""
    said = _last(queue.known_judge(person, project), pair)
    return cells.marks_of([said]) if said is not None else {}


def store(
    person: Person,
    project: Project,
    sampled: SampledPair,
    grid: Grid,
    said: Mapping[str, str],
    missing: tuple[str, str],
) -> EvidenceCheck:
    """`said` is by the names of cells; `missing` a wish in the query's own words that the grid lacks, and where it is answered.

    Raises Refused, with nothing stored, where a cell that says something has no mark.
    """
    value = EvidenceGrid.from_json(grid.body)
    marks = [_marked(cell, said.get(cell.name, "")) for cell in cells.placed(value)]
    told = [mark for mark in marks if mark is not None]
    if any(missing):
        told.append(_missing(sampled.pair, *missing))
    judge = queue.judge_of(person, project)
    with transaction.atomic():
        before = _last(judge, sampled.pair)
        check = _add(judge, sampled.pair, grid.pk, told)
        _put_right(person, check, before)
        gate.recount(project, sampled.category)
    return check


def undo(person: Person, project: Project) -> SampledPair | None:
    """Takes back what this person said last; the pair is to be checked again."""
    judge = queue.known_judge(person, project)
    mine = EvidenceCheck.objects.filter(judge=judge, pair__project=project)
    newest = mine.filter(withdrawn=False).order_by("-pk").first() if judge is not None else None
    while newest is not None and _last(judge, newest.pair) != newest:
        newest = mine.filter(withdrawn=False, pk__lt=newest.pk).order_by("-pk").first()
    if newest is None or judge is None:
        return None
    with transaction.atomic():
        _put_right(person, _add(judge, newest.pair, newest.grid_id, newest.marks, withdrawn=True), newest)
        sampled = SampledPair.objects.get(pair=newest.pair)
        gate.recount(project, sampled.category)
    return sampled


def _last(judge: Judge | None, pair: Pair) -> EvidenceCheck | None:
    return EvidenceCheck.objects.filter(pair=pair, judge=judge).order_by("-revision").first() if judge else None


def _add(
    judge: Judge, pair: Pair, grid_id: int, marks: list[dict[str, str]], *, withdrawn: bool = False
) -> EvidenceCheck:
    if judge.person is not None:
        allowances.spend(CHECKED, judge.person)
    # Without the lock two windows of one person would add the same revision.
    Judge.objects.select_for_update(no_key=True).get(pk=judge.pk)
    before = EvidenceCheck.objects.filter(pair=pair, judge=judge).aggregate(last=Max("revision"))["last"] or 0
    return EvidenceCheck.objects.create(
        pair=pair, judge=judge, revision=before + 1, grid_id=grid_id, marks=marks, withdrawn=withdrawn
    )


def _put_right(person: Person, check: EvidenceCheck, before: EvidenceCheck | None) -> None:
    """A cell that was found wrong is silent from now on wherever the pair is shown; one that no longer is speaks again."""
    now, then = _wrong(check), _wrong(before)
    said = [*((cell, Verdict.SILENT.value) for cell in now - then), *((cell, "") for cell in then - now)]
    CellCorrection.objects.bulk_create(
        CellCorrection(
            pair_id=check.pair_id, grid_id=check.grid_id, by=person, verdict=verdict,
            dimension=cell.dimension, text=cell.text, source=cell.source,
        )
        for cell, verdict in sorted(said)
    )  # fmt: skip


def _wrong(check: EvidenceCheck | None) -> set[CellReading]:
    if check is None or check.withdrawn:
        return set()
    longest = CellCorrection._meta.get_field("text").max_length or 0
    return {cell for cell, mark in cells.marks_of([check]).items() if mark == WRONG and len(cell.text) <= longest}


def _marked(cell: PlacedCell, mark: str) -> dict[str, str] | None:
    if cell.reading.speaks and mark not in {RIGHT, WRONG}:
        raise Refused("unmarked", _("Mark every cell that says something: right or wrong."), status=422)
    if not cell.reading.speaks and mark != MISSING:
        return None
    return cells.stored(cell.reading, mark)


def _missing(pair: Pair, text: str, source: str) -> dict[str, str]:
    """A wish that the grid does not have at all."""
    words = " ".join(text.split())
    if not words or len(words) > LONGEST_MISSING or fold(words) not in fold(pair.query.text):
        raise Refused("not_of_the_query", _("Name the wish in the query's own words."), status=422)
    if source not in {one.value for one in Source}:
        raise Refused("unknown_source", _("Say where the item answers it."), status=422)
    return cells.stored(CellReading(words, "", source, "silent", ""), MISSING)
