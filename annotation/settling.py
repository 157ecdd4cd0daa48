"""How pairs get their gold label, lose it again when its ground falls away, and are disputed while opinions differ.

The rules are one function in the database, for one pair or for thousands (annotation/sql/settling.sql says them): judging,
undo, imports, new predictions and a newly active model call it through here. An adjudication or an imported gold label
stands above consensus. Gold rows are append-only; `Pair.gold_label` follows the latest one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import orjson
from django.db import transaction

from annotation.models import Adjudication, Gold, Pair
from annotation.sayings import array_of, rows, run
from inference.models import ActiveModel, ModelVersion
from projects.models import Project

logger = logging.getLogger(__name__)
TOGETHER = 500  # pairs settled in one transaction, and locked for as long


def settle(project: Project, pair_ids: Iterable[int]) -> None:
    """Gold by consensus where it holds, disagreements opened and withdrawn, so that both say what opinions say now.

    Locks the pairs until the transaction ends.
    """
    run(
        "SELECT settle_pairs(%s::bigint[], %s)",
        array_of(pair_ids),
        orjson.dumps(dict(project.scale.lore_codes)).decode(),
    )


def settle_predicted(project: Project, pair_ids: Iterable[int]) -> None:
    """After new predictions: only pairs that people of the project have judged can disagree with them."""
    judged = Pair.objects.filter(pk__in=list(pair_ids), judged=True).values_list("pk", flat=True)
    if found := sorted(judged):
        settle(project, found)


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


# What another model may change: judged pairs, and those that differ from the model before.
_BEHIND = """
(SELECT id FROM annotation_pair WHERE project_id = %s AND judged AND id >= %s ORDER BY id LIMIT %s)
UNION
(SELECT pair_id FROM annotation_disagreement
 WHERE project_id = %s AND state = 'open' AND kind = 'human_model' AND pair_id >= %s ORDER BY pair_id LIMIT %s)
ORDER BY 1"""


def follow_active_model(project: Project, most: int = TOGETHER) -> bool:
    """After another model became active in a project: up to `most` more of its pairs are settled under it. False: all are.

    The first step belongs to the act that made it active; the dispatcher takes the others, second by second.
    """
    with transaction.atomic():
        active = ActiveModel.objects.select_for_update(no_key=True).filter(
            project=project, role=ModelVersion.Role.JUDGE, behind_from__isnull=False
        )
        row = active.first()
        if row is None:
            return False
        found = [pk for (pk,) in rows(_BEHIND, *(project.pk, row.behind_from, most) * 2)][:most]
        settle(project, found)
        row.behind_from = found[-1] + 1 if len(found) == most else None
        row.save(update_fields=["behind_from"])
    return row.behind_from is not None


def follow_active_models() -> int:
    """One step in each project that is behind its active model; returns how many are still. One that fails holds up no
    other."""
    judging = {"active_models__behind_from__isnull": False, "active_models__role": ModelVersion.Role.JUDGE}
    behind = 0
    for project in Project.objects.filter(**judging).order_by("pk"):
        try:
            behind += follow_active_model(project)
        except Exception:
            logger.exception("project %s could not follow its active model; the next round tries again", project.slug)
    return behind
