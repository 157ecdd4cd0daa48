"""The tables of the product and their text columns, read off its models: what a world has to fill."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models


def tables() -> list[type[models.Model]]:
    """Without the views among them, whose texts are those of their tables."""
    return [model for model in apps.get_models() if model._meta.app_label in settings.OUR_APPS and model._meta.managed]


def text_columns() -> Iterator[tuple[type[models.Model], models.Field[Any, Any]]]:
    """Text and JSON, where it is not one of a few words of ours."""
    for model in tables():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.CharField | models.TextField | models.JSONField) and not field.choices:
                yield model, field
