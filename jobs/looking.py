"""Is anything due? One cheap statement over the partial indexes on `due_at`, for whoever asks again and again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.db import connection

from jobs import leasing
from jobs.kinds import Kind


class Lookout:
    """Of these kinds, those of which a row is due. The statement is put together once: only the database's clock moves."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self._by_code = {kind.code: kind for kind in kinds}

    def __call__(self) -> list[Kind]:
        statement, parameters = self._statement
        if not statement:
            return []
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return [self._by_code[code] for (code,) in cursor.fetchall()]

    @cached_property
    def _statement(self) -> tuple[str, list[Any]]:
        parts, parameters = [], list[Any]()
        for code, kind in self._by_code.items():
            rows = leasing.due(kind.model).filter(kind.only).values("pk").order_by()
            inner, values = rows.query.sql_with_params()
            parts.append(f"SELECT %s::text WHERE EXISTS ({inner})")
            parameters += [code, *values]
        return " UNION ALL ".join(parts), parameters
