"""Confidence is measured on validation queries: never on what the model learnt, never on what measures it afterwards."""

from __future__ import annotations

import pytest

from catalogue.models import Query
from evaluation import calibrating
from inference.models import Calibration, LearntModel, ModelVersion
from inference.registry import lineage
from projects.models import Project
from projects.refusals import Refused
from relevance.splits import SPLIT_VERSION, Splits, digests
from tests.conftest import refused
from tests.world.rows import make_item, make_model, make_pair, make_prediction

pytestmark = pytest.mark.django_db
SIDES = {
    side: [query for number in range(200) if Splits().of(query := f"mug {number}") == side][:10]
    for side in ("train", "validation", "test")
}


@pytest.fixture
def model(project: Project) -> ModelVersion:
    """Ten queries of each side with four pairs each; right in every second pair of validation, always wrong elsewhere."""
    found = make_model()
    for side, queries in SIDES.items():
        for query in queries:
            for number in range(4):
                item = make_item(project=project, title=f"{query} {number}")
                right = side == "validation" and number % 2
                pair = make_pair(project=project, query=query, item=item, gold_label="L4" if right else "L1")
                make_prediction(pair=pair, label="L4", model=found)
    return found


def test_a_calibration_is_fitted_on_validation_queries_alone(project: Project, model: ModelVersion) -> None:
    row = calibrating.fit(project, model, None)
    assert row.pairs == 10 * 4
    assert row.ece_before == pytest.approx(0.91 - 0.5)  # of all 120 pairs it would be 0.91 - 20 / 120


def test_what_the_model_learnt_and_what_is_a_benchmark_is_left_out(project: Project, model: ModelVersion) -> None:
    lineage.keep(model, digests(SIDES["validation"][:1]), None, source="test")
    Query.objects.filter(text=SIDES["validation"][1]).update(is_benchmark=True)
    assert calibrating.fit(project, model, None).pairs == 8 * 4
    lineage.keep(model, digests(SIDES["validation"][2:4]), None, source="test")
    with pytest.raises(Refused, match="24 gold pairs of validation queries"):
        calibrating.fit(project, model, None)


def test_a_model_that_learnt_by_another_split_is_not_calibrated(project: Project, model: ModelVersion) -> None:
    LearntModel.objects.create(
        version=model, project=project, source="gold", body=b"", report={"split": SPLIT_VERSION - 1}
    )
    with refused("learnt_by_another_split"):
        calibrating.fit(project, model, None)
    assert not Calibration.objects.exists()
