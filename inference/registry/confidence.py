"""How sure a prediction is, where somebody has measured what the model's own figures are worth; else nobody says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from inference.models import Calibration, ModelVersion
from inference.pipeline import Judged
from projects.models import Project
from relevance import calibration


class Sure(NamedTuple):
    """`confidence` None: unmeasured."""

    confidence: float | None
    calibration_id: int | None


UNMEASURED = Sure(None, None)


def newest(model: ModelVersion, project: Project) -> Calibration | None:
    return Calibration.objects.filter(model=model, project=project).order_by("-id").first()


def sure(judged: Judged, model: ModelVersion, fitted: Calibration | None) -> Sure:
    """By the fitted calibration; a distilled model that has learnt is calibrated by its training."""
    shares = own_shares(judged.posterior, judged.samples)
    if not judged.label or shares is None:
        return UNMEASURED
    if fitted is not None:
        value = calibration.confidence(fitted.method, fitted.parameters, shares, judged.label)
        return Sure(round(value, 6), fitted.pk)
    if model.learnt and model.prompt_id is None:
        return Sure(shares[judged.label], None)
    return UNMEASURED


def own_shares(posterior: Mapping[str, float] | None, samples: tuple[str, ...] | list[str]) -> dict[str, float] | None:
    """What the model itself says: its posterior, else how often each label came up among the samples."""
    if posterior:
        return dict(posterior)
    drawn = [label for label in samples if label != "invalid"]
    return {f"L{n}": drawn.count(f"L{n}") / len(drawn) for n in range(1, 5)} if drawn else None
