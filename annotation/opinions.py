"""The opinions that stand on a pair now: of each judge the last one not withdrawn, and the model's newest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from annotation.models import Judgment, Pair, Prediction


def standing_judgments(pair: Pair) -> list[Judgment]:
    """Each judge's latest revision in the latest round, without those withdrawn."""
    rows = (
        Judgment.objects.filter(pair=pair)
        .select_related("judge")
        .order_by("judge_id", "-round", "-revision")
        .distinct("judge_id")
    )
    return sorted((row for row in rows if row.outcome != Judgment.Outcome.WITHDRAWN), key=lambda row: row.pk)


def standing_by_pair(pair_ids: Sequence[int]) -> dict[int, list[Judgment]]:
    """The same for many pairs in one query."""
    latest = (
        Judgment.objects.filter(pair_id__in=pair_ids)
        .order_by("pair_id", "judge_id", "-round", "-revision")
        .distinct("pair_id", "judge_id")
    )
    answer: dict[int, list[Judgment]] = defaultdict(list)
    for row in latest:
        if row.outcome != Judgment.Outcome.WITHDRAWN:
            answer[row.pair_id].append(row)
    return answer


def locked(pair_id: int) -> Pair:
    """The pair, with its row locked: two judgments of one pair are settled one after the other."""
    return Pair.objects.select_for_update(of=("self",)).select_related("project", "item").get(pk=pair_id)


def standing_prediction(pair: Pair) -> Prediction | None:
    """The newest ok prediction of the pair's current snapshot."""
    return Prediction.objects.filter(pair=pair, snapshot_id=pair.item.snapshot_now, status="ok").order_by("-id").first()
