"""What a piece of work costs: seconds by the clock, processor seconds here and in PostgreSQL's backend, memory."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from typing import NamedTuple

from django.db import connection

_TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """`backend` is 0 where PostgreSQL runs on another machine."""

    seconds: float
    process: float
    backend: float
    peak_mib: int

    def since(self, before: Cost) -> Cost:
        return Cost(
            self.seconds - before.seconds, self.process - before.process, self.backend - before.backend, self.peak_mib
        )


class Meter:
    """Reads the clocks of this process and of the server process behind its connection."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._backend = Path(f"/proc/{cursor.fetchone()[0]}/stat")

    def read(self) -> Cost:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return Cost(time.perf_counter(), time.process_time(), self._backend_seconds(), peak)

    def _backend_seconds(self) -> float:
        if not self._backend.exists():
            return 0.0
        fields = self._backend.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
