"""How fast labels and training rows are written, beside a bare server-side cursor over the same join.

    python -m benchmarks.export [--pairs 10000 100000 1000000] [--kind labels sft] [--others 0] [--turns 1]

Made-up pairs of a kilobyte (tests.world.large), each with gold by import, two judgments and a prediction whose chain ends in
the gold label for nine of ten. Measured is the whole of a job: choosing, reading, writing, hashing, storing. The floor
fetches the rows of the same statement, over the whole project at once, and for labels the judgments, and drops them.
The control lets PostgreSQL plan the statements as it likes, in turn with the export. `--others`: so many pairs of other
projects are made up beforehand, in three projects.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from contextlib import nullcontext
from typing import Any
from unittest import mock

from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, transaction

from annotation.curation import exporting, gathering, sealing
from annotation.curation.formats import table
from annotation.models import Export, Gold, Judge, Judgment
from benchmarks.measuring import Meter
from catalogue.models import Grid
from inference.models import ModelVersion, Prediction
from jobs import leasing
from jobs.process import COLLECT_AFTER
from projects.models import Project
from rules.models import RuleBaseVersion
from tests.world import large
from tests.world.large import insert

_CHAIN = {
    "entity": "mug", "intent": "item", "label": "L4", "mismatch": None, "rules": ["R-001"],
    "constraints": [{"dimension": "colour", "value": "red", "verdict": "match", "evidence": "Mug, red"}] * 3,
    "path": ["The query asks for a mug.", "The item is a mug.", "Nothing contradicts."],
}  # fmt: skip


def _of_project(joined: str = "", order: str = "") -> str:
    pairs = f"catalogue_pair p JOIN catalogue_item i ON i.id = p.item_id {joined}"
    return f"{pairs} WHERE p.project_id = %(project)s ORDER BY p.id{order}"


_OF_PAIR = {"pair": "p.id", "snapshot": "i.current_snapshot_id"}
_STATEMENTS = (
    insert(Gold, _of_project(), label="'L4'", ground="'import'", batch="p.batch_id", **_OF_PAIR),
    insert(
        Judgment,
        _of_project("CROSS JOIN unnest(%(judges)s::bigint[]) AS judge", ", judge"),
        judge="judge",
        outcome="'label'",
        label="'L4'",
        batch="p.batch_id",
        **_OF_PAIR,
    ),
    insert(
        Grid, _of_project(), query="p.query_id", snapshot="i.current_snapshot_id", extractor="'benchmark'", body="'{}'"
    ),
    insert(
        Prediction,
        _of_project("JOIN catalogue_grid g ON g.query_id = p.query_id AND g.snapshot_id = i.current_snapshot_id"),
        model="%(model)s",
        rule_base="%(rule_base)s",
        grid="g.id",
        prompt_digest="'1'",
        key_sha256="lpad(p.id::text, 64, '0')",
        status="'ok'",
        label="'L4'",
        chain="%(chain)s",
        contradicts="CASE WHEN p.id %% 10 = 0 THEN '[\"grid\"]'::jsonb ELSE '[]' END",
        **_OF_PAIR,
    ),
    "ANALYZE annotation_gold, annotation_judgment, inference_prediction, catalogue_grid",
)

OTHER_PROJECTS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--kind", nargs="*", default=["labels", "sft"], choices=table.codes())
    parser.add_argument("--others", type=int, default=0)
    parser.add_argument("--turns", type=int, default=1)
    options = parser.parse_args()
    gc.set_threshold(*COLLECT_AFTER)  # as in the worker that runs it
    for _ in range(OTHER_PROJECTS if options.others else 0):
        stocked(options.others // OTHER_PROJECTS)
    for count in options.pairs:
        project = stocked(count)
        for kind in options.kind * options.turns:
            with mock.patch.object(gathering, "by_index", nullcontext):
                report(project, count, kind, control=True)
            report(project, count, kind)


def stocked(count: int) -> Project:
    name = f"export-{time.time_ns()}"
    project = Project.objects.create(slug=name, name=name)
    large.stock(project, count, rich=True)
    model, _ = ModelVersion.objects.get_or_create(name=name, engine="none", revision="1", prompt_version="1")
    if not RuleBaseVersion.objects.exists():
        call_command("load_rules", "rules/packs/starter.yaml")
    base = RuleBaseVersion.objects.latest("number")
    judges = [Judge.objects.create(project=project, rater=rater).pk for rater in ("r1", "r2")]
    params: dict[str, Any] = {
        "project": project.pk, "judges": judges, "model": model.pk, "rule_base": base.pk, "chain": json.dumps(_CHAIN),
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, params if "%(" in statement else None)
    return project


def report(project: Project, count: int, kind: str, *, control: bool = False) -> None:
    floor = bare(project, kind)
    export = exporting.request_export(project, kind, None)
    token = leasing.claim(Export, export.pk)
    assert token is not None, "nobody else works here"
    meter = Meter()
    before = meter.read()
    exporting.work(export.pk, token)
    cost = meter.read().since(before)
    export.refresh_from_db()
    assert export.manifest is not None and export.rows is not None, export.error
    assert export.rows + export.manifest["counts"]["held_out_test"] == count
    told = {
        "kind": kind, "control": control, "pairs": count,
        "rows": export.rows, "rows_per_second": round(export.rows / cost.seconds), "floor": round(count / floor),
        "times_the_floor": round((cost.seconds / export.rows) / (floor / count), 1),
        "process_ms_per_1000": round(1e6 * cost.process / export.rows),
        "backend_ms_per_1000": round(1e6 * cost.backend / export.rows), "peak_mib": cost.peak_mib, "before_mib": before.peak_mib,
        "mib_written": round(sum(file["bytes"] for file in export.manifest["files"]) / 2**20),
    }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sealing.discard(export.folder)
    assert not default_storage.exists(f"{export.folder}/{exporting.MANIFEST}"), "the next size finds room on the disk"


def bare(project: Project, kind: str) -> float:
    """Seconds to fetch the same rows in one go and look at nothing."""
    whole = gathering.RECORDS.replace(" AND g.id = ANY(%(golds)s::bigint[])", "")
    statement = whole.replace("p.id = ANY(%(pairs)s::bigint[])", "p.project_id = %(project)s")
    statements = [statement]
    if kind == "labels":
        statements.append(
            """SELECT j.pair_id, j.id, j.judge_id, j.label, j.outcome, j.mismatch, j.mode, j.late, j.no_rule_fits,
                 j.recorded_at FROM annotation_judgment j JOIN catalogue_pair p ON p.id = j.pair_id
               WHERE p.project_id = %(project)s"""
        )
    began = time.perf_counter()
    for statement in statements:
        with transaction.atomic(), connection.chunked_cursor() as cursor:
            cursor.execute(statement, {"project": project.pk, "training": kind == "sft"})
            while cursor.fetchmany(exporting.CHUNK):
                pass
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
