"""Every row of a furnished world many times over: what a page shows of a table that has grown."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.db import IntegrityError, connection, models, transaction

from tests.world.cast import World
from tests.world.columns import tables

# What a rule base holds is bounded where it is written (rules.drafting), and a page of rules shows a whole one.
BOUNDED = {"Rule", "RuleVersion", "RuleBaseVersion", "DraftedRule"}
EACH = 4  # rows of a table that are copied, the newest and the oldest


@transaction.atomic
def crowd(world: World, copies: int) -> dict[str, int]:
    """As the owner of the database, with triggers off. Returns how many rows of each table came to be."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    return {
        model.__name__: sum(_copied(model, row, copies) for row in _some(model))
        for model in tables()
        if model.__name__ not in BOUNDED
    }


def _some(model: type[models.Model]) -> list[models.Model]:
    rows = model._default_manager.order_by("pk")
    return list({row.pk: row for row in [*rows[:EACH], *rows.reverse()[:EACH]]}.values())


def _copied(model: type[models.Model], row: models.Model, copies: int) -> int:
    """As many as its constraints allow."""
    free = list(_free(model))
    made = 0
    for number in range(1, copies + 1):
        fields = {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}
        fields.pop(model._meta.pk.attname)
        for field in free:
            fields[field.attname] = _another(field, fields[field.attname], f"{row.pk}{number:04}")
        try:
            with transaction.atomic():
                model._default_manager.create(**fields)
        except IntegrityError:
            continue
        made += 1
    return made


def _free(model: type[models.Model]) -> Iterator[models.Field[Any, Any]]:
    """The columns that may differ, of those that make a row the only one."""
    names = {name for one in model._meta.constraints if isinstance(one, models.UniqueConstraint) for name in one.fields}
    for field in model._meta.concrete_fields:
        if (field.unique or field.name in names) and not field.primary_key and not field.is_relation:
            yield field


def _another(field: models.Field[Any, Any], value: Any, tail: str) -> Any:
    if isinstance(field, models.CharField | models.TextField) and not field.choices and value:
        most = field.max_length or 10_000
        return f"{value[: most - len(tail)]}{tail}"
    if isinstance(field, models.PositiveSmallIntegerField):
        return int(tail) % 32_000
    if isinstance(field, models.IntegerField) and isinstance(value, int):
        return value + int(tail)
    return uuid.uuid4() if isinstance(field, models.UUIDField) else value
