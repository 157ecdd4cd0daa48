"""Which model a prediction comes from: one row per engine, revision and prompt version, and the one that is active."""

from __future__ import annotations

from inference.engines.base import Engine
from inference.models import ModelVersion


def active_judge() -> ModelVersion | None:
    """The model that a person promoted; None while nobody has, and the cold start judges."""
    return ModelVersion.objects.filter(role=ModelVersion.Role.JUDGE, active=True).first()


def register(engine: Engine) -> ModelVersion:
    """The row of an engine at its revision, made when first seen. An engine in a cold start says so by `learnt`."""
    version, _new = ModelVersion.objects.get_or_create(
        engine=engine.name,
        revision=engine.revision,
        prompt_version=engine.prompt_version,
        defaults={"name": engine.name, "learnt": getattr(engine, "learnt", True)},
    )
    return version
