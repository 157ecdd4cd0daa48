"""What an import means for people: labels and ratings that came with it, slots for who shall judge, and what follows from both.

Called with each chunk, in its transaction (storing.chunk_stored).
"""

from __future__ import annotations

from collections.abc import Sequence

from annotation.gold import settling
from annotation.gold.imported_labels import store_gold, store_ratings
from annotation.models import Slot
from catalogue.importing.storing import AddedLabels, StoredChunk, StoredPair
from database.statements import copy
from projects.models import Mode, Project

POSITION_BITS = 20  # of a slot's position: the pair's place within its query


def take(chunk: StoredChunk) -> AddedLabels:
    """Gold and ratings, slots for new pairs, and the pairs settled that something new is said of."""
    if not chunk.pairs:
        settling.settle_changed(chunk.project, chunk.changed)
        return AddedLabels()
    gold = store_gold(chunk.batch, chunk.pairs, chunk.records, chunk.items)
    ratings = store_ratings(chunk.batch, chunk.project, chunk.pairs, chunk.records, chunk.items)
    rows = list(zip(chunk.pairs, chunk.queries, chunk.records, strict=True))
    labelled = {pair.id for pair, _query, record in rows if record.label}
    wanted = [row for row in rows if row[0].new and (chunk.judge_gold or row[0].id not in labelled)]
    _store_slots(chunk.project, [(pair.id, *query) for pair, query, _record in wanted])
    said = {pair for pair in ratings.rated if pair not in labelled}
    settling.settle(chunk.project, said | _old(gold.gold, chunk.pairs))
    settling.settle_changed(chunk.project, chunk.changed)
    conflicts = sorted([*gold.conflicts, *ratings.conflicts], key=lambda one: one.row)
    return AddedLabels(len(gold.gold), len(ratings.rated), conflicts=conflicts)


def judge_blind(queries: Sequence[int]) -> None:
    """The open slots of queries that belong to the benchmark from now on."""
    # Without the state a slot would be called blind whose holder may have the model's label on the screen.
    Slot.objects.filter(pair__query_id__in=queries, state=Slot.State.OPEN).update(mode=Mode.BLIND)


def _store_slots(project: Project, wanted: Sequence[tuple[int, int, bool]]) -> None:
    """As many as the project wants per pair, those of one query together; a benchmark query is judged blind.

    `wanted`: pair, query, and whether the query is of the benchmark.
    """
    if wanted:
        project_id, numbers = project.pk, range(1, project.overlap + 1)
        copy(
            "annotation_slot",
            "project_id, pair_id, round, number, state, mode, position",
            (
                (project_id, pair, 1, number, "open", Mode.BLIND.value if blind else "", position(query, pair))
                for pair, query, blind in wanted
                for number in numbers
            ),
        )


def position(query: int, pair: int) -> int:
    """Of a slot in the queue: the pairs of one query follow each other (more_judgments says the same in SQL)."""
    return (query << POSITION_BITS) + pair % (1 << POSITION_BITS)


def _old(new_gold: dict[int, str], pairs: Sequence[StoredPair]) -> set[int]:
    """Pairs that people may have disagreed on before this gold came."""
    return {pair.id for pair in pairs if not pair.new and pair.id in new_gold}
