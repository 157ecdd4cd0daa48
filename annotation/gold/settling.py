"""How pairs get their gold label, lose it again when its ground falls away, and are disputed while opinions differ.

The rules are one function in the database, for one pair or for thousands (annotation/sql/settle_pairs.sql says them): judging,
undo, imports, new predictions and a newly active model call it through here. An adjudication or an imported gold label
stands above consensus. Gold rows are append-only; `Pair.gold_label` follows the latest one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import orjson

from annotation.models import Adjudication, Disagreement, Gold
from catalogue.models import Pair
from database.statements import array_of, run
from projects.models import Project


def settle(project: Project, pair_ids: Iterable[int]) -> None:
    """Gold by consensus where it holds, disagreements opened and withdrawn, so that both say what opinions say now.

    Locks the pairs until the transaction ends.
    """
    if pairs := list(pair_ids):
        from_lore = orjson.dumps(dict(project.scale.lore_codes)).decode()
        # Without the lock that this takes first, two people who answer at once would each settle without seeing the other.
        run("SELECT settle_pairs(%s::bigint[], %s)", array_of(pairs), from_lore)


def settle_predicted(project: Project, pair_ids: Iterable[int]) -> None:
    """After new predictions: only pairs that people of the project have judged can disagree with them."""
    settle(project, Pair.objects.filter(pk__in=list(pair_ids), judged=True).values_list("pk", flat=True))


def settle_changed(project: Project, items: Collection[int]) -> None:
    """After items were given other content: what a model said of the content before no longer stands."""
    if items:
        settle(project, Pair.objects.filter(item__in=items, judged=True).values_list("pk", flat=True))


def settle_by_adjudication(pair: Pair, adjudication: Adjudication) -> None:
    """The ruling is gold from now on. The pair must be locked."""
    latest = Gold.objects.filter(pair=pair).order_by("-revision").first()
    Gold.objects.create(
        pair=pair,
        revision=(latest.revision if latest else 0) + 1,
        label=adjudication.label,
        mismatch=adjudication.mismatch,
        ground=Gold.Ground.ADJUDICATION,
        adjudication=adjudication,
        snapshot_id=pair.item.snapshot_now,
    )
    Pair.objects.filter(pk=pair.pk).update(gold_label=adjudication.label)


def disputes_with_the_model(project: Project) -> int:
    return project.disagreements.filter(state=Disagreement.State.OPEN, kind=Disagreement.Kind.HUMAN_MODEL).count()
