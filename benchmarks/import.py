"""How fast a file goes in, beside a bare COPY of the same rows.

    python -m benchmarks.import [--pairs 10000 100000 1000000] [--again 100000] [--format jsonl parquet] [--raters 2]

Rows of about a kilobyte, every one a new item with a snapshot, a pair and two slots, twenty to a query (tests.world.files);
the sizes go one after the other into one project, and at last `--again` more. The floor writes the same lines as they are
into one jsonb column of a table without index. Told apart: the rows themselves, and the lexicon that is learnt after them.
With raters, each row carries the ratings of so many people, who agree on two rows of three.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from benchmarks.measuring import Cost, Meter
from catalogue.importing import running
from catalogue.importing.meaning.inspecting import Origin
from catalogue.importing.meaning.presets import OWN
from catalogue.importing.running import Plan
from catalogue.importing.storing import ImportCounts
from database.connecting import connected_as
from jobs.process import COLLECT_AFTER
from projects.models import Project
from tests.world import files

_BLOCK = 1 << 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--again", type=int, default=100_000)
    parser.add_argument("--raters", type=int, default=0)
    parser.add_argument("--format", nargs="*", default=["jsonl"], choices=["jsonl", "parquet"])
    options = parser.parse_args()
    gc.set_threshold(*COLLECT_AFTER)  # as in the worker that runs it
    name = f"import-{time.time_ns()}"
    project = Project.objects.create(slug=name, name=name)
    with tempfile.TemporaryDirectory() as folder:
        for number, count in enumerate([*options.pairs, *([options.again] if options.again else [])]):
            for format_ in options.format:
                report(project, count, format_, Path(folder), f"{format_[0]}{number} ", options.raters)


def report(project: Project, count: int, format_: str, folder: Path, prefix: str, raters: int) -> None:
    lines, file = folder / "rows.jsonl", folder / f"rows.{format_}"
    _elsewhere(files.write_jsonl, lines, count, prefix, raters)
    if format_ == "parquet":
        _elsewhere(files.write_parquet, file, count, prefix, raters)
    there = project.pairs.count()
    floor = bare(lines)
    cost, learning = imported(project, file)
    told = {
        "pairs": count, "raters": raters, "format": format_, "bytes_per_row": lines.stat().st_size // count, "there_before": there,
        "rows_per_second": round(count / cost.seconds), "floor": round(count / floor),
        "times_the_floor": round(cost.seconds / floor, 1), "ms_per_1000": round(1e6 * cost.seconds / count),
        "process_ms_per_1000": round(1e6 * cost.process / count),
        "backend_ms_per_1000": round(1e6 * cost.backend / count),
        "peak_mib": cost.peak_mib, "lexicon_seconds": round(learning, 1),
    }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _elsewhere(write: object, path: Path, *made: object) -> None:
    """In a process of its own, so that writing the file is not counted as memory of reading it."""
    process = multiprocessing.get_context("spawn").Process(target=write, args=(path, *made))  # type: ignore[arg-type]
    process.start()
    process.join()
    assert process.exitcode == 0, "the file was written"


def imported(project: Project, path: Path) -> tuple[Cost, float]:
    """What the rows cost, and the seconds from the last of them to the end."""
    meter = Meter()
    began = last = meter.read()

    def note(_counts: ImportCounts, _bytes: int) -> None:
        nonlocal last
        last = meter.read()

    counts = running.run_here(
        project, "pairs", [path], plan=Plan(dict(OWN)), origin=Origin("-", "-", ""), on_progress=note
    )
    assert counts.new == counts.read, counts
    return last.since(began), meter.read().since(last).seconds


def bare(path: Path) -> float:
    """Seconds to copy the lines as they are into a table that nobody has indexed."""
    statement = "COPY bare_copy (body) FROM STDIN (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"
    with connected_as(settings.OWNER_DATABASE), connection.cursor() as cursor:  # the app's role makes no tables
        cursor.execute("CREATE TABLE bare_copy (body jsonb)")
        began = time.perf_counter()
        with transaction.atomic(), path.open("rb") as file, cursor.copy(statement) as copy:
            while block := file.read(_BLOCK):
                copy.write(block)
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE bare_copy")
    return seconds


if __name__ == "__main__":
    main()
