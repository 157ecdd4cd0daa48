"""How long people wait while a migration changes the table of pairs, on the database as it is.

    python -m benchmarks.migrating

Somebody writes to pairs all the while, one row a time; told is the longest that a write took while a nullable column
came, while an index came concurrently, and, as the control, while an index came the plain way. All of it is taken away
again.
"""

from __future__ import annotations

import json
import sys
import threading
import time

from django.conf import settings
from django.db import connection
from django.db.models import F

from catalogue.models import Pair
from database.connecting import connected_as

_STEPS = (
    ("nothing", ""),
    ("nullable column", "ALTER TABLE catalogue_pair ADD COLUMN probe_column integer NULL"),
    ("index, concurrently", "CREATE INDEX CONCURRENTLY probe_index ON catalogue_pair (project_id, external_id)"),
    ("index, the plain way (control)", "CREATE INDEX probe_control ON catalogue_pair (project_id, external_id)"),
)
_AWAY = (
    "DROP INDEX IF EXISTS probe_index, probe_control",
    "ALTER TABLE catalogue_pair DROP COLUMN IF EXISTS probe_column",
)


class Writer(threading.Thread):
    """Writes to pairs, a committed statement after the other, and knows the longest wait."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()
        self.waits: list[float] = []

    def run(self) -> None:
        ids = list(Pair.objects.order_by("pk").values_list("pk", flat=True)[:500])
        while not self.over.is_set():
            began = time.perf_counter()
            Pair.objects.filter(pk=ids[len(self.waits) % len(ids)]).update(external_id=F("external_id"))
            self.waits.append(time.perf_counter() - began)
            time.sleep(0.005)
        connection.close()


def main() -> None:
    with connected_as(settings.OWNER_DATABASE), connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE relname = 'catalogue_pair'")
        told: dict[str, object] = {"pairs": cursor.fetchone()[0]}
        for name, statement in _STEPS:
            writer = Writer()
            writer.start()
            time.sleep(1)
            began = time.perf_counter()
            cursor.execute(statement) if statement else time.sleep(2)
            seconds = time.perf_counter() - began
            writer.over.set()
            writer.join()
            told[name] = {"seconds": round(seconds, 2), "longest_write_ms": round(1000 * max(writer.waits))}
        for statement in _AWAY:
            cursor.execute(statement)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
