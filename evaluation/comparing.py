"""A new model beside the one that answers in a project, on the same held-out pairs: its figures, and whether it is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from catalogue import benchmark
from evaluation import measuring
from evaluation.measuring import LabelledPair
from inference.models import ModelVersion, Prediction
from inference.registry import lineage, registry, runnable
from inference.registry.basis import FEWEST_ANSWERED
from projects.models import Project
from relevance.chain import LABELS
from relevance.rules import RuleSpec
from relevance.splits import SPLIT_VERSION, Splits


def active_figures(
    project: Project,
    active: ModelVersion | None,
    test: Sequence[LabelledPair],
    rules: Sequence[RuleSpec],
) -> dict[str, Any] | None:
    """Of a distilled model by asking it; of a large one by what it has said, where it has said enough."""
    if active is None:
        return None
    if why := no_rival(active, benchmark.splits(project)):
        return {"model": str(active), "no_rival": why, "large": active.prompt_id is not None}
    if active.prompt_id is None:
        shares = measuring.shares_of(registry.with_rules(active, rules), project, test, rules)
        return {"model": str(active), **measuring.figures_of(project.scale, test, shares)}
    rows = Prediction.objects.filter(model=active, status="ok", pair__in=[one.pair for one in test])
    said = {pk: shares for pk, shares in rows.order_by("pair_id", "id").values_list("pair_id", "posterior") if shares}
    known = [one for one in test if one.pair.pk in said]
    # Of the test pairs by the model that is compared with: so many, and so large a share of them.
    if len(known) < max(FEWEST_ANSWERED, 0.9 * len(test)):
        return {"model": str(active), "unknown": len(test) - len(known)}
    stored = np.array([[said[one.pair.pk][label] for label in LABELS] for one in known])
    return {"model": str(active), **measuring.figures_of(project.scale, known, stored)}


def no_rival(active: ModelVersion, splits: Splits) -> str:
    """Why the active model's figures on the test queries would say nothing, or nothing where they do."""
    if lineage.learnt_by_another_split(active):
        return f"{active} learnt before split {SPLIT_VERSION} of the queries, perhaps from those that test now"
    if refusal := runnable.why_not(active):
        return f"{active} cannot answer any more ({refusal.code})"
    if leaked := lineage.tests_seen(active, splits):
        return f"{active} has learnt from {leaked} families of queries that test"
    return ""


def why_not(measured: Mapping[str, Any]) -> str:
    """Empty where the new model beats the one that answers now, on the same test queries.

    Where that one cannot be compared, the cold start is the rival; but a large model gives way only to a person's word.
    """
    rival = measured["active"] or measured["cold_start"]
    if "no_rival" in rival and rival["large"]:
        return f"{rival['no_rival']}: nothing can be compared with it here"
    if "no_rival" in rival:
        rival = measured["cold_start"]
    if "unknown" in rival:
        return f"the active model {rival['model']} has not judged {rival['unknown']} of the test pairs"
    new, old = _merit(measured), _merit(rival)
    return "" if new > old else f"quadratic kappa and AUC {new} do not beat {old}"


def _merit(found: Mapping[str, Any]) -> tuple[float, float]:
    kappa, auc = (round(found[name]["value"] or 0.0, 4) for name in ("kappa_quadratic", "auc"))
    return kappa, auc
