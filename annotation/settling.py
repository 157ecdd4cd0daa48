"""How a pair gets its gold label, and loses it again when its ground falls away.

An adjudication or an imported gold label stands above consensus. Gold rows are append-only; `Pair.gold_label` follows
the latest one and is written here and, for a whole chunk of an import, in annotation.crediting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet

from annotation import disagreements
from annotation.models import Adjudication, Gold, Judgment, Pair
from annotation.opinions import locked, standing_judgments
from projects.compiling import compiled


def settle(pair: Pair) -> None:
    """After a judgment: gold by consensus where it holds, and disagreements opened or withdrawn. Pair must be locked."""
    judgments = standing_judgments(pair)
    golds = _golds(pair.pk)
    latest = golds[-1] if golds else None
    if latest is None or latest.ground == Gold.Ground.CONSENSUS:
        _follow_consensus(pair, judgments, latest)
    disagreements.review(pair, judgments, {gold.ground for gold in golds})


@compiled
def _golds(pair: int) -> QuerySet[Gold]:
    return Gold.objects.filter(pair=pair).order_by("revision")


def _follow_consensus(pair: Pair, judgments: Sequence[Judgment], latest: Gold | None) -> None:
    agreed = consensus(judgments, wanted=pair.project.overlap)
    if agreed is None:
        if latest is not None and latest.label:
            _record(pair, latest, label="", ground=Gold.Ground.CONSENSUS, judgments=latest.judgments)
    elif latest is None or (latest.label, latest.mismatch) != (agreed.label, agreed.mismatch):
        ids = [judgment.pk for judgment in judgments]
        _record(pair, latest, label=agreed.label, mismatch=agreed.mismatch, ground=Gold.Ground.CONSENSUS, judgments=ids)


def consensus(judgments: Sequence[Judgment], *, wanted: int) -> Judgment | None:
    """One of the judgments when at least as many as wanted say the same label and nobody says otherwise."""
    if len(judgments) < wanted or any(row.outcome != Judgment.Outcome.LABEL for row in judgments):
        return None
    return judgments[0] if len({row.label for row in judgments}) == 1 else None


def settle_by_adjudication(pair: Pair, adjudication: Adjudication) -> None:
    latest = Gold.objects.filter(pair=pair).order_by("-revision").first()
    _record(
        pair,
        latest,
        label=adjudication.label,
        mismatch=adjudication.mismatch,
        ground=Gold.Ground.ADJUDICATION,
        adjudication=adjudication,
    )


def settle_imported(pair_ids: Iterable[int]) -> None:
    """Pairs that came with several people's ratings but no gold: consensus or a disagreement, as for our own judges."""
    for pair_id in pair_ids:
        with transaction.atomic():
            settle(locked(pair_id))


def _record(pair: Pair, latest: Gold | None, *, label: str, **fields: object) -> None:
    Gold.objects.create(
        pair=pair,
        revision=(latest.revision if latest else 0) + 1,
        label=label,
        snapshot_id=pair.item.snapshot_now,
        **fields,
    )
    Pair.objects.filter(pk=pair.pk).update(gold_label=label)
    pair.gold_label = label
