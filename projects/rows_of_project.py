"""Which rows belong to a project, and in which order they can leave: read off the models, so that a new table is never forgotten.

A row belongs to the project that its foreign keys lead to. Tables leave in an order in which no row that stays points to one
that goes; where two point to each other, one lets go first (`Step.lets_go`).
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models

from projects.models import Deletion, Project

Model = type[models.Model]
Key = models.ForeignKey[Any, Any]


class Step(NamedTuple):
    """Rows of one table go; or, where `lets_go` names a column, no longer point to what goes next."""

    model: Model
    lets_go: str = ""


def keys(model: Model) -> list[Key]:
    return [one for one in model._meta.concrete_fields if isinstance(one, models.ForeignKey)]


@lru_cache
def paths() -> dict[Model, list[Key]]:
    """Of each table the foreign keys that lead from a row to its project: the fewest, and none that may be empty if others lead."""
    tables = [
        model for model in apps.get_models(include_auto_created=True) if model._meta.managed and model is not Deletion
    ]
    found: dict[Model, list[Key]] = {}
    for nullable in (False, True):
        reached = deque([Project, *found])
        while reached:
            target = reached.popleft()
            for model in tables:
                for key in keys(model):
                    new = model not in found and model is not Project
                    if new and key.related_model is target and key.null <= nullable:
                        found[model] = [key, *found.get(target, [])]
                        reached.append(model)
    return found


@lru_cache
def steps() -> tuple[Step, ...]:
    left, order = sorted(paths(), key=lambda model: model._meta.label), []
    freed: set[Key] = set()
    while left:
        free = [model for model in left if not _pointing(model, left, freed)]
        if not free:
            key = _to_let_go(left, freed)
            freed.add(key)
            order.append(Step(key.model, key.column))
            continue
        order += [Step(model) for model in free]
        left = [model for model in left if model not in free]
    return tuple(order)


def _pointing(model: Model, left: list[Model], freed: set[Key]) -> list[Key]:
    """Also a table's own keys: of two batches of it the first may be pointed to by the second."""
    return [key for other in left for key in keys(other) if key.related_model is model and key not in freed]


def _to_let_go(left: list[Model], freed: set[Key]) -> Key:
    """A key that may be empty: of a table that grows and changes before one that only grows, unless it points to itself, and
    whose target is pointed to by the fewest."""
    held = [key for one in left for key in keys(one) if key.null and key not in freed and key.related_model in left]

    def cost(key: Key) -> tuple[bool, int]:
        target: Any = key.related_model
        grows = getattr(key.model, "append_only", False) and target is not key.model
        return grows, len(_pointing(target, left, freed))

    return min(held, key=cost)


def belonging(model: Model, project: str) -> str:
    """`FROM ... WHERE ...`: the rows of the table, as t0, that belong to the project."""
    joins, last = [f"{model._meta.db_table} t0"], "t0"
    *between, to_project = paths()[model]
    for number, key in enumerate(between, start=1):
        target = key.related_model._meta
        joins.append(f"JOIN {target.db_table} t{number} ON t{number}.{key.target_field.column} = {last}.{key.column}")
        last = f"t{number}"
    return f"FROM {' '.join(joins)} WHERE {last}.{to_project.column} = {project}"


def lookup(model: Model) -> str:
    """The same for a queryset: `run__project`."""
    return "__".join(key.name for key in paths()[model])
