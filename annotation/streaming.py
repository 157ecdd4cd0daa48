"""Rows read to their end without holding them all: a server-side cursor, planned for the whole answer.

PostgreSQL plans a cursor for its first tenth, which is slow to the end (a report over 50,000 judgments: 9 s against 0.4 s).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def whole_answer() -> Iterator[Any]:
    """A cursor inside a transaction of its own; fetch from it in portions."""
    with transaction.atomic():
        with connection.cursor() as setting:
            setting.execute("SET LOCAL cursor_tuple_fraction = 1")
        with connection.chunked_cursor() as cursor:
            yield cursor
