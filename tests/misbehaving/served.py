"""Rows for models that a misbehaving server serves."""

from __future__ import annotations

from typing import Any

from inference.models import ModelVersion
from inference.prompting import prompt_versions
from tests.misbehaving.server import Misbehaving


def served_at(server: Misbehaving, mode: str, name: str = "", pictures: str = "none", **options: Any) -> ModelVersion:
    """The model that this mode serves, called like the mode unless named; `options` as the registry keeps them."""
    prompt = prompt_versions.active()
    return ModelVersion.objects.create(
        name=name or mode,
        engine="openai_server",
        target=server.base_url(mode),
        revision="1",
        prompt_version=prompt_versions.value(prompt.pk).version,
        prompt=prompt,
        learnt=True,
        pictures=pictures,
        options={"model": "lore", "guideline": False, **options},
    )
