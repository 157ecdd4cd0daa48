"""The opinions that stand on a pair now: of each judge the last one not withdrawn, and the active model's newest.

Which these are is said by two views (annotation/sql/standing_judgment.sql, inference/sql/standing_prediction.sql); here is
how one asks for them. A judgment that rested on a rule which reads otherwise now may be judged again, by whoever takes the
slot; from then on it no longer stands, and does again when that answer is withdrawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import QuerySet

from annotation.models import StandingJudgment
from catalogue.models import Pair
from database.compiling import compiled
from database.statements import array_of, rows
from inference.models import StandingPrediction


def standing_judgments(pair: Pair) -> list[StandingJudgment]:
    """Oldest first."""
    return list(StandingJudgment.objects.filter(pair=pair).order_by("pk"))


def standing_by_pair(pair_ids: Sequence[int]) -> dict[int, list[StandingJudgment]]:
    """The same for many pairs in one query, by judge."""
    answer: dict[int, list[StandingJudgment]] = defaultdict(list)
    for row in StandingJudgment.objects.filter(pair_id__in=pair_ids).order_by("pair_id", "judge_id"):
        answer[row.pair_id].append(row)
    return answer


class Opinion(NamedTuple):
    """A standing judgment as a plain row; `rules` as they read when it cited them, where somebody has asked for them."""

    pair: int
    judgment: int
    judge: int
    label: str
    outcome: str
    mismatch: str
    mode: str
    late: bool
    no_rule_fits: bool
    day: str
    note: str
    rules: Sequence[str] = ()


# Without a plain statement each of an export's rows would become a model object first.
_ROWS = """
SELECT pair_id, id, judge_id, label, outcome, mismatch, mode, late, no_rule_fits, (recorded_at AT TIME ZONE 'UTC')::date::text,
       note
FROM annotation_standingjudgment WHERE pair_id = ANY(%s::bigint[]) ORDER BY pair_id, judge_id"""


def standing_rows(pair_ids: Sequence[int]) -> list[Opinion]:
    """What `standing_by_pair` says, in its order, without an object for each."""
    return [Opinion(*row) for row in rows(_ROWS, array_of(pair_ids))]


def locked(pair_id: int) -> Pair:
    """The pair, with its row locked until the transaction ends: two judgments of one pair are settled one after the other."""
    # Without the lock two people who answer at once would each settle the pair without seeing the other's answer.
    # Without `no_key` whoever takes the pair's other slot at the same time would wait for this transaction, because their
    # lease points to the pair; an adjudicator waits for the slot that they hold, so PostgreSQL would have to end one of the two.
    return Pair.objects.select_for_update(of=("self",), no_key=True).select_related("project", "item").get(pk=pair_id)


def standing_prediction_id(pair: int) -> int | None:
    """What the project's active model says of the pair's current snapshot, if it has said anything usable."""
    return next(iter(_predictions(pair)), (None,))[0]


@compiled
def _predictions(pair: int) -> QuerySet[StandingPrediction, tuple[int]]:
    return StandingPrediction.objects.filter(pair=pair).values_list("pk")
