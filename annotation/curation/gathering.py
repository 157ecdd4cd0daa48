"""What an export says of its pairs, gathered a chunk at a time as plain rows: an object for each would cost most of the time.

One statement brings pairs, snapshots, gold and the standing prediction, one the judgments that stand, one what these cite, one
what models outside of here predicted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from annotation.curation.pair_records import ForeignOpinion, PairRecord
from annotation.gold import opinions
from annotation.gold.opinions import Opinion
from annotation.judging import card_rules
from database.statements import array_of, rows, run, statement
from inference.models import ModelVersion

RECORDS = statement(__file__, "pair_records")

# Without a plan for the very ids, PostgreSQL soon takes one made for ten of them, and without the other two it reads whole
# tables to find the rows of a thousand pairs: in a database full of other projects labels then come at two thirds the rate.
_FOREIGN = """
SELECT f.pair_id, s.sha256, f.model_name, f.label, f.score, f.posterior::text
FROM inference_importedprediction f JOIN catalogue_snapshot s ON s.id = f.snapshot_id
WHERE f.pair_id = ANY(%s::bigint[]) ORDER BY f.pair_id, f.model_name, f.batch_id, f.row, f.place"""

_BY_INDEX = """SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true),
                      set_config('enable_hashjoin', 'off', true)"""


@contextmanager
def by_index() -> Iterator[None]:
    """Statements within walk from the ids that they name, by index; from its end on all is planned as before, also after
    an error, since the settings are the transaction's."""
    with transaction.atomic():
        run(_BY_INDEX)
        yield


class Gatherer:
    """Remembers what the models are called; a label row tells judgments, a training row does not."""

    def __init__(self, *, training: bool) -> None:
        self._training = training
        self._models: dict[int, str] = {}

    def records(self, pairs: Sequence[int], golds: Sequence[int]) -> list[PairRecord]:
        """By their ids, which should be near each other; `golds` are those of some of the pairs."""
        with by_index():
            found = rows(RECORDS, golds=array_of(golds), pairs=array_of(pairs), training=self._training)
            said = {} if self._training else _said(pairs)
            foreign = {} if self._training else _foreign(pairs)
        assert len(found) == len(pairs), "a pair's item has a snapshot"
        return [self._record(row, said, foreign) for row in found]

    def _record(
        self, row: Sequence[Any], said: Mapping[int, Sequence[Opinion]], foreign: Mapping[int, Sequence[ForeignOpinion]]
    ) -> PairRecord:
        record = PairRecord._make((*row[:-2], self._model(row[-2]), row[-1], said.get(row[0], ()), ()))
        if row[0] not in foreign:
            return record
        return record._replace(foreign=[one for one in foreign[row[0]] if one.snapshot == record.snapshot])

    def _model(self, row_id: int | None) -> str:
        if row_id is None:
            return ""
        if row_id not in self._models:
            self._models[row_id] = str(ModelVersion.objects.get(pk=row_id))
        return self._models[row_id]


def _said(pairs: Sequence[int]) -> dict[int, list[Opinion]]:
    standing = opinions.standing_rows(pairs)
    cited = card_rules.cited_by_ids([row.judgment for row in standing])
    said: dict[int, list[Opinion]] = {}
    for row in standing:
        told = row._replace(rules=[str(rule) for rule in cited[row.judgment]]) if row.judgment in cited else row
        said.setdefault(row.pair, []).append(told)
    return said


def _foreign(pairs: Sequence[int]) -> dict[int, list[ForeignOpinion]]:
    """What a file says again, or another file says, too, is told once."""
    told: dict[int, list[ForeignOpinion]] = {}
    for one in dict.fromkeys(ForeignOpinion(*row) for row in rows(_FOREIGN, array_of(pairs))):
        told.setdefault(one.pair, []).append(one)
    return told
