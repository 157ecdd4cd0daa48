"""The opinions that stand on a pair now: of each judge the last one not withdrawn, and the model's newest.

A judgment that rested on a rule which reads otherwise now may be judged again, by whoever takes the slot; from then on it
no longer stands, and does again when that answer is withdrawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet

from annotation.models import Judgment, Pair, Prediction
from annotation.sayings import array_of, rows
from projects.compiling import compiled

# The same for statements of their own; `j` is the judgment.
NOT_REPLACED = """NOT EXISTS (
    SELECT 1 FROM annotation_judgment old JOIN annotation_judgment again ON again.replaces_id = old.id
    WHERE old.pair_id = j.pair_id AND old.judge_id = j.judge_id AND old.round = j.round AND old.revision >= j.revision
      AND again.outcome <> 'withdrawn'
      AND NOT EXISTS (
        SELECT 1 FROM annotation_judgment later
        WHERE later.pair_id = again.pair_id AND later.judge_id = again.judge_id AND later.round = again.round
          AND later.revision > again.revision))"""

_LAST_WORDS = f"""SELECT DISTINCT ON (j.judge_id) j.* FROM annotation_judgment j WHERE j.pair_id = %s AND {NOT_REPLACED}
  ORDER BY j.judge_id, j.round DESC, j.revision DESC"""


def replaced() -> Exists:
    """Of a judgment: it, or a later revision of it, was judged again, and that answer was not withdrawn."""
    later = Judgment.objects.filter(
        pair=OuterRef("pair"), judge=OuterRef("judge"), round=OuterRef("round"), revision__gt=OuterRef("revision")
    )
    again = Judgment.objects.filter(
        ~Exists(later),
        replaces__pair=OuterRef("pair"),
        replaces__judge=OuterRef("judge"),
        replaces__round=OuterRef("round"),
        replaces__revision__gte=OuterRef("revision"),
    )
    return Exists(again.exclude(outcome=Judgment.Outcome.WITHDRAWN))


def last_words() -> QuerySet[Judgment]:
    """Each judge's latest revision in the latest round, pair by pair, without what was judged again. Withdrawn ones are
    among them: leave them out afterwards, a filter by outcome would bring back what they withdrew."""
    rows = Judgment.objects.filter(~replaced())
    return rows.order_by("pair_id", "judge_id", "-round", "-revision").distinct("pair_id", "judge_id")


def standing_judgments(pair: Pair) -> list[Judgment]:
    """The last words on a pair that were not withdrawn. A statement of its own: with every judgment it is asked anew."""
    rows = Judgment.objects.raw(_LAST_WORDS, [pair.pk])
    return sorted((row for row in rows if row.outcome != Judgment.Outcome.WITHDRAWN), key=lambda row: row.pk)


def standing_by_pair(pair_ids: Sequence[int]) -> dict[int, list[Judgment]]:
    """The same for many pairs in one query."""
    answer: dict[int, list[Judgment]] = defaultdict(list)
    for row in last_words().filter(pair_id__in=pair_ids):
        if row.outcome != Judgment.Outcome.WITHDRAWN:
            answer[row.pair_id].append(row)
    return answer


class Opinion(NamedTuple):
    """A standing judgment as a plain row."""

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


_REPLACING = (
    "SELECT EXISTS (SELECT 1 FROM annotation_judgment WHERE pair_id = ANY(%s::bigint[]) AND replaces_id IS NOT NULL)"
)
_LAST_ROWS = """
SELECT pair_id, id, judge_id, label, outcome, mismatch, mode, late, no_rule_fits, (recorded_at AT TIME ZONE 'UTC')::date::text
FROM (SELECT DISTINCT ON (j.pair_id, j.judge_id) j.* FROM annotation_judgment j
      WHERE j.pair_id = ANY(%s::bigint[]) AND {stands}
      ORDER BY j.pair_id, j.judge_id, j.round DESC, j.revision DESC) last
WHERE outcome <> 'withdrawn' ORDER BY pair_id, judge_id"""


def standing_rows(pair_ids: Sequence[int]) -> list[Opinion]:
    """What `standing_by_pair` says, in its order. Whether a judgment was judged again is asked only where any was."""
    pairs = array_of(pair_ids)
    [(replacing,)] = rows(_REPLACING, pairs)
    statement = _LAST_ROWS.format(stands=NOT_REPLACED if replacing else "true")
    return [Opinion._make(row) for row in rows(statement, pairs)]


def locked(pair_id: int) -> Pair:
    """The pair, with its row locked: two judgments of one pair are settled one after the other.

    Not its key: whoever takes the pair's other slot meanwhile names the pair, need not wait for that, and could hold what
    this one waits for (a slot that was open when they looked stays locked until they commit).
    """
    return Pair.objects.select_for_update(of=("self",), no_key=True).select_related("project", "item").get(pk=pair_id)


def standing_prediction(pair: Pair) -> Prediction | None:
    """The newest ok prediction of the pair's current snapshot."""
    return next(iter(_predictions(pair.pk, pair.item.snapshot_now)), None)


@compiled
def _predictions(pair: int, snapshot: int) -> QuerySet[Prediction]:
    return Prediction.objects.filter(pair=pair, snapshot=snapshot, status="ok").order_by("-id")[:1]
