"""What predictions mean for people: disputes between them and the model are opened and withdrawn, and doubtful pairs go to two
people who do not see what it said. At once for new predictions; after another model became active step by step.

Which pairs are left stands on the project's row of its active model (`behind_from`), written by whoever put the model there
and read by whoever dispatches: so no request settles a project, and a step that is lost is taken again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction

from annotation.gold import second_looks, settling
from database.statements import rows, statement
from inference.models import ActiveModel, ModelVersion, Prediction, PrelabelRun, StandingPrediction
from inference.registry import registry

logger = logging.getLogger(__name__)
TOGETHER = 500  # pairs of one step; those that people have judged are locked for as long

_NEXT = statement(__file__, "pairs_to_follow")


def take(run: PrelabelRun, predictions: Sequence[Prediction]) -> None:
    """New predictions, in the transaction that stores them."""
    settling.settle_predicted(run.project, [row.pair_id for row in predictions if row.label])
    if registry.is_active(run.model, run.project):  # a candidate sends nobody anywhere
        second_looks.route(predictions, run.project)


def follow_all() -> int:
    """One step in each project that is behind its active model; returns how many are still. One that fails holds up no
    other."""
    behind = ActiveModel.objects.filter(role=ModelVersion.Role.JUDGE, behind_from__isnull=False, project__isnull=False)
    left = 0
    for pk in behind.order_by("pk").values_list("pk", flat=True):
        try:
            left += follow(pk)
        except Exception:
            logger.exception("a project could not follow its active model %d; the next round tries again", pk)
    return left


def follow(active: int, most: int = TOGETHER) -> bool:
    """Up to `most` more pairs of the project of an ActiveModel. False: none are left."""
    with transaction.atomic():
        # Without the lock a promotion in between would set the place to 0 and this step would write its own over it: the pairs
        # before that place would never be looked at with the new model.
        row = ActiveModel.objects.select_for_update(no_key=True, of=("self",)).select_related("project").get(pk=active)
        if row.project is None or row.behind_from is None:
            return False
        found = rows(_NEXT, project=row.project_id, first=row.behind_from, most=most)
        settling.settle(row.project, [pair for pair, settled in found if settled])
        told = StandingPrediction.objects.filter(pair__in=[pair for pair, _settled in found], pair__gold_label="")
        second_looks.route(told, row.project)
        row.behind_from = found[-1][0] + 1 if len(found) == most else None
        row.save(update_fields=["behind_from"])
    return row.behind_from is not None
