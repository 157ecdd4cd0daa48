"""When opinions differ: opened by the act that made them differ, withdrawn by the act that made them agree again.

People differ: two standing judgments do not say the same. People and model differ: the people agree, and the active
prediction, read in the project's scale, says otherwise. An adjudicated pair opens nothing more; imported ratings open
nothing where imported gold exists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import QuerySet

from annotation.models import Disagreement, Gold, Judgment, Pair, Prediction
from annotation.opinions import locked, standing_judgments, standing_prediction
from projects.clock import ClockTimestamp
from projects.compiling import compiled


def review(pair: Pair, judgments: Sequence[Judgment], grounds: Collection[str] | None = None) -> None:
    """Open and withdraw the disagreements of a locked pair so that they say what its opinions say now.

    `grounds`: of its gold, where the caller has read them.
    """
    if grounds is None:
        grounds = set(Gold.objects.filter(pair=pair).values_list("ground", flat=True))
    if Gold.Ground.ADJUDICATION in grounds:
        return
    if Gold.Ground.IMPORT in grounds:
        judgments = [row for row in judgments if row.batch_id is None]
    standing = {row.kind: row for row in _open(pair.pk)}
    opinions = {(row.outcome, row.label) for row in judgments}
    _follow(pair, Disagreement.Kind.HUMAN_HUMAN, standing, judgments, holds=len(opinions) > 1)
    agreed = len(judgments) >= pair.project.overlap and opinions == {(Judgment.Outcome.LABEL, judgments[0].label)}
    prediction = standing_prediction(pair) if agreed else None
    conflict = prediction is not None and pair.project.scale.from_lore(prediction.label) != judgments[0].label
    _follow(pair, Disagreement.Kind.HUMAN_MODEL, standing, judgments, prediction, holds=conflict)


@compiled
def _open(pair: int) -> QuerySet[Disagreement]:
    return Disagreement.objects.filter(pair=pair, state=Disagreement.State.OPEN)


def _follow(
    pair: Pair,
    kind: Disagreement.Kind,
    standing: Mapping[str, Disagreement],
    judgments: Sequence[Judgment],
    prediction: Prediction | None = None,
    *,
    holds: bool,
) -> None:
    existing = standing.get(kind)
    if existing is None:
        if holds:
            opened = Disagreement.objects.create(project=pair.project, pair=pair, kind=kind, prediction=prediction)
            opened.judgments.set(judgments)
    elif holds:
        existing.judgments.set(judgments)
        if prediction is not None and existing.prediction_id != prediction.pk:
            Disagreement.objects.filter(pk=existing.pk).update(prediction=prediction)
    else:
        Disagreement.objects.filter(pk=existing.pk, state=Disagreement.State.OPEN).update(
            state=Disagreement.State.WITHDRAWN, closed_at=ClockTimestamp()
        )


def review_pairs(pair_ids: Iterable[int]) -> None:
    """After new predictions: only pairs that people have judged can disagree with them."""
    judged = Judgment.objects.filter(pair_id__in=list(pair_ids), batch=None).values_list("pair_id", flat=True)
    for pair_id in judged.distinct():
        with transaction.atomic():
            pair = locked(pair_id)
            review(pair, standing_judgments(pair))
