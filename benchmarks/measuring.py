"""What a piece of work costs: seconds by the clock, processor seconds here and in PostgreSQL's backend, memory."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """Filled when the work is done. `backend` is 0 where PostgreSQL runs on another machine."""

    seconds: float = 0.0
    process: float = 0.0
    backend: float = 0.0
    peak_mib: int = 0


@contextmanager
def measured() -> Iterator[Cost]:
    cost = Cost()
    backend = _backend_seconds()
    process, began = time.process_time(), time.perf_counter()
    yield cost
    cost.seconds = time.perf_counter() - began
    cost.process = time.process_time() - process
    cost.backend = _backend_seconds() - backend
    cost.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _backend_seconds() -> float:
    """Processor time of the server process behind our connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        path = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not path.exists():
        return 0.0
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
