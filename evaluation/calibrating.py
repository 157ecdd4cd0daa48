"""What a model's confidence is worth, measured on a project's gold and stored; later pre-labels carry it.

Only pairs of validation queries are looked at: the model has learnt from those that train, and those that test measure it
afterwards, confidence and all. Gold that rests on a model's label in view, and what was said under older rules, tell nothing.
"""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from annotation.trust.measurable import Exposure, Material, MeasurablePair, newest_rules
from catalogue import benchmark
from inference.models import Calibration, ModelVersion, Prediction
from inference.registry import confidence, lineage
from inference.registry.basis import Basis
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused
from relevance import calibration
from relevance.splits import digest


def fit(project: Project, model: ModelVersion, by: Person | None, method: str | None = None) -> Calibration:
    """From the model's predictions of gold pairs as they stand, of validation queries. Raises Refused."""
    if lineage.learnt_by_another_split(model):  # nothing tells what its confidence is worth on queries it has not seen
        another = _("This model learnt before the queries were split as they are now. Train it anew.")
        raise Refused("learnt_by_another_split", another, status=409)
    measured, basis = _measured(project, model)
    found = [(digest(row.text), project.scale.to_lore(row.gold), label, shares) for row, label, shares in measured]
    basis.queries = len({one[0] for one in found})
    try:
        fitted = calibration.fit(
            [one[3] for one in found],
            [one[2] for one in found],
            [_nearest(project, one[1], one[2]) for one in found],
            [one[0] for one in found],
            method=method,
        )
    except ValueError as error:
        too_few = _(
            "%(n)s gold pairs of validation queries carry a prediction of this model: 30, of two queries, are needed."
        )
        raise Refused("too_little_gold", too_few, status=409, n=len(found)) from error
    with transaction.atomic():
        row = Calibration.objects.create(
            model=model,
            project=project,
            method=fitted.method,
            parameters=dict(fitted.parameters),
            pairs=fitted.pairs,
            ece_before=fitted.ece_before,
            ece_after=fitted.ece_after,
            bins={
                "before": [asdict(one) for one in fitted.bins_before],
                "after": [asdict(one) for one in fitted.bins_after],
                "basis": basis.to_json(),  # what they are of
            },
            fitted_by=by,
        )
        record(by, "model.calibrated", project=project, on=row, model=str(model), method=fitted.method)
    return row


def _measured(
    project: Project, model: ModelVersion
) -> tuple[list[tuple[MeasurablePair, str, dict[str, float]]], Basis]:
    """The gold pairs of validation queries that measure the model, with its label and its shares; and what that is."""
    told = Prediction.objects.filter(pair__project=project, model=model, status="ok")
    told = told.filter(snapshot_id=F("pair__item__current_snapshot_id")).order_by("pair_id", "-id").distinct("pair_id")
    said = {
        pair: (number, label, shares)
        for pair, number, label, posterior, samples in told.values_list(
            "pair_id", "rule_base__number", "label", "posterior", "samples"
        )
        if (shares := confidence.own_shares(posterior, samples)) is not None
    }
    material, exposure, splits = Material(project), Exposure(model, project), benchmark.splits(project)
    rows = [row for row in material.pairs if row.gold and row.pair in said and splits.of(row.text) == "validation"]
    newest = newest_rules((said[row.pair][0] for row in rows), material.rule_base_now)
    basis, found = Basis(str(model), exposure.lineage, newest, material.rule_base_now), []
    for row in rows:
        number, label, shares = said[row.pair]
        if digest(row.text) in (exposure.families or ()):
            basis.left_out.add("learnt")
        elif material.assisted(row):
            basis.left_out.add("assisted")
        elif number != newest:
            basis.left_out.add("stale")
        else:
            material.measured(basis, row)
            found.append((row, label, shares))
    return found, basis


def _nearest(project: Project, gold: str, label: str) -> str:
    """In a scale of fewer labels several of L1 to L4 are the same label: then the model's own word for it is true."""
    scale = project.scale
    return label if scale.from_lore(label) == scale.from_lore(gold) else gold
