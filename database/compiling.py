"""Querysets that are asked again and again: Django builds their SQL once in a process, not with every request.

Of a judgment's processor time half went into building the same SQL anew. A function that builds a queryset from plain
values becomes one that takes other values and returns the rows; what the queryset says stays written in Django's words.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import date
from functools import wraps
from types import SimpleNamespace
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError

P = ParamSpec("P")
Row = TypeVar("Row")

# Two of each, that nothing else in a statement is; a number has to fit the smallest column.
_STAND_INS: Mapping[type, Callable[[int, int], Any]] = {
    int: lambda place, turn: 32_000 + 2 * place + turn,
    str: lambda place, turn: f"stand-in {place} {turn}",
    UUID: lambda place, turn: UUID(int=2 * place + turn),
    date: lambda place, turn: date(1900 + turn, 1, 1 + place),
}


def compiled(build: Callable[P, QuerySet[Any, Row]]) -> Callable[P, list[Row]]:
    """`build` takes int, str, UUID or date by position, never None, and uses each as a value in its queryset, not to
    decide what to ask; the queryset yields models or `values_list`. Raises TypeError for another type of argument,
    ValueError where what is asked depends on an argument.
    """
    known: dict[tuple[type, ...], _Statement] = {}

    @wraps(build)
    def ask(*args: P.args, **named: P.kwargs) -> list[Row]:
        assert not named, "by position"
        types = tuple(map(type, args))
        statement = known.get(types)
        if statement is None:
            statement = known[types] = _Statement(build, types)
        return statement.rows(args)

    return ask


class _Statement:
    """SQL, and which of its parameters are whose argument: those that differ between two sets of stand-ins."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], types: tuple[type, ...]) -> None:
        one, other = ([_stand_in(kind, place, turn) for place, kind in enumerate(types)] for turn in (0, 1))
        self.queryset: Any = build(*one)
        self.compiler = self.queryset.query.get_compiler(using=self.queryset.db)
        self.sql, self.params = self.compiler.as_sql()
        sql, others = build(*other).query.get_compiler(using=self.queryset.db).as_sql()
        if sql != self.sql:
            raise ValueError(f"an argument decides what is asked: {sql}")
        pairs = enumerate(zip(self.params, others, strict=True))
        self.places = {at: one.index(value) for at, (value, another) in pairs if value != another}

    def rows(self, args: tuple[Any, ...]) -> list[Any]:
        connection = connections[self.queryset.db]
        if self.queryset.query.select_for_update and connection.get_autocommit():
            raise TransactionManagementError("a lock is kept by nobody outside a transaction")  # as Django says it
        params = tuple(args[self.places[at]] if at in self.places else value for at, value in enumerate(self.params))
        compiler = copy.copy(self.compiler)
        compiler.connection = connection  # of this thread
        compiler.as_sql = lambda *_, **__: (self.sql, params)
        # All that Django's iterables want of a query is its compiler.
        query: Any = SimpleNamespace(get_compiler=lambda *_, **__: compiler)
        asked: Any = QuerySet(self.queryset.model, query=query, using=self.queryset.db)
        return list(self.queryset._iterable_class(asked))


def _stand_in(kind: type, place: int, turn: int) -> Any:
    if kind not in _STAND_INS:
        raise TypeError(f"{kind.__name__} cannot be an argument of a compiled queryset")
    return _STAND_INS[kind](place, turn)
