"""Time as the database tells it. Leases and records never trust the clock of a web or GPU host."""

from __future__ import annotations

from django.db.models import DateTimeField, Func


class ClockTimestamp(Func):
    """clock_timestamp(): moves within a transaction, unlike now()."""

    template = "clock_timestamp()"
    output_field = DateTimeField()
