"""What an export says of its pairs, gathered a chunk at a time as plain rows: an object for each would cost most of the time.

One statement brings pairs, snapshots, gold and the standing prediction, one the judgments that stand, one what these cite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction

from annotation.curation.training_rows import PairRecord, Said
from annotation.gold import opinions
from annotation.judging import citing
from database.statements import array_of, rows, run
from inference.models import ModelVersion

# Gold's own snapshot comes before the item's; a prediction that saw another one is not told. `{long}` is NULL where
# nobody asks for what only a training row says.
_RECORDS = """
SELECT p.id, p.external_id, q.text, i.external_id, s.sha256, s.title, {category}, {cpv}, {skus}, {shop},
       b.source, b.licence, b.attribution, g.id, coalesce(g.label, ''), coalesce(g.mismatch, ''), coalesce(g.ground, ''),
       x.id, coalesce(x.label, ''), {chain}, coalesce(x.contradicts <> '[]', false), x.model_id, r.number
FROM catalogue_pair p
JOIN catalogue_query q ON q.id = p.query_id
JOIN catalogue_item i ON i.id = p.item_id
LEFT JOIN annotation_gold g ON g.pair_id = p.id AND g.id = ANY(%s::bigint[])
JOIN catalogue_snapshot s ON s.id = coalesce(g.snapshot_id, i.current_snapshot_id)
JOIN catalogue_import b ON b.id = s.batch_id
LEFT JOIN inference_standingprediction x ON x.pair_id = p.id AND x.snapshot_id = s.id
LEFT JOIN rules_rulebaseversion r ON r.id = x.rule_base_id
WHERE p.id = ANY(%s::bigint[])
ORDER BY p.id
"""
_LONG = {
    "category": "s.category",
    "cpv": "s.cpv::text",
    "skus": "s.skus::text",
    "shop": "s.shop",
    "chain": "x.chain::text",
}


def statement(*, training: bool) -> str:
    """`training`: with what only training rows say."""
    return _RECORDS.format(**(_LONG if training else dict.fromkeys(_LONG, "NULL")))


# Without a plan for the very ids, PostgreSQL soon takes one made for ten of them, and without the other two it reads whole
# tables to find the rows of a thousand pairs: in a database full of other projects labels then come at two thirds the rate.
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
        self._statement, self._training = statement(training=training), training
        self._models: dict[int, str] = {}

    def records(self, pairs: Sequence[int], golds: Sequence[int]) -> list[PairRecord]:
        """By their ids, which should be near each other; `golds` are those of some of the pairs."""
        with by_index():
            found = rows(self._statement, array_of(golds), array_of(pairs))
            said = {} if self._training else _said(pairs)
        assert len(found) == len(pairs), "a pair's item has a snapshot"
        return [PairRecord._make((*row[:-2], self._model(row[-2]), row[-1], said.get(row[0], ()))) for row in found]

    def _model(self, row_id: int | None) -> str:
        if row_id is None:
            return ""
        if row_id not in self._models:
            self._models[row_id] = str(ModelVersion.objects.get(pk=row_id))
        return self._models[row_id]


def _said(pairs: Sequence[int]) -> dict[int, list[Said]]:
    standing = opinions.standing_rows(pairs)
    cited = citing.cited_by_ids([row.judgment for row in standing])
    said: dict[int, list[Said]] = {}
    for row in standing:
        rules = [str(rule) for rule in cited[row.judgment]] if row.judgment in cited else []
        said.setdefault(row.pair, []).append(Said(*row[1:], rules))
    return said
