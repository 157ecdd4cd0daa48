"""Exports: requested by a person, written by a worker, sealed by a manifest, and only then downloadable.

An export is of one moment: which pairs and which gold it holds is read in one statement; all it then reads only grows.
Families of the project's benchmark queries are held out of it. Files that train hold no test query; files for people say
which side a query is on.
"""

from __future__ import annotations

import errno
import logging
import shutil
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.curation import numbering, sealing
from annotation.curation.formats import table
from annotation.curation.formats.shape import ToWrite
from annotation.curation.gathering import Gatherer
from annotation.curation.pair_records import PairRecord
from annotation.curation.sealing import SealedFile
from annotation.models import Export, HardSet
from annotation.standard import staleness
from catalogue.benchmark import splits as splits_now
from catalogue.models import Query
from database.clock import ClockTimestamp
from jobs import kinds, leasing
from jobs.kinds import Kind, single
from jobs.models import JobState
from projects import allowances, audit
from projects.allowances import Allowance
from projects.models import Person, Project
from projects.refusals import Refused, TotalFailure
from relevance.splits import SHARES, SPLIT_VERSION, Splits, digest

logger = logging.getLogger(__name__)
CHUNK = 2500  # pairs a statement: planning one takes as long as 50 rows, and two of them in memory are 10 MiB
REPORT_EVERY_SECONDS = 0.5
MANIFEST = "manifest.json"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
TIDIED_FOR = timedelta(days=7)

_MOMENT = """
SELECT p.id, g.id, q.id
FROM catalogue_pair p
JOIN catalogue_query q ON q.id = p.query_id
LEFT JOIN LATERAL (
  SELECT id, label FROM annotation_gold WHERE pair_id = p.id ORDER BY revision DESC LIMIT 1) g ON g.label <> ''
WHERE p.project_id = %(project)s AND q.erased_at IS NULL
  AND (g.id IS NOT NULL OR (%(judged)s AND EXISTS (SELECT 1 FROM annotation_judgment j WHERE j.pair_id = p.id)))
  AND (%(hard_set)s::bigint IS NULL OR EXISTS (
    SELECT 1 FROM annotation_hardsetmember m WHERE m.hard_set_id = %(hard_set)s AND m.pair_id = p.id))
ORDER BY p.id
"""
EXPORTS = Allowance("export", 120, _("exports"))


class Chosen(NamedTuple):
    """Up to CHUNK pairs in a row, each with its gold, or 0: eight bytes a number, since a list of rows in memory for a
    million pairs would be most of what an export may take."""

    pairs: array[int]
    golds: array[int]


def request_export(
    project: Project, kind: str, by: Person | None, hard_set: HardSet | None = None, *, without_stale: bool = False
) -> Export:
    """`without_stale`: leave out pairs of which a standing judgment cites a rule that reads otherwise now. Raises Refused
    for a kind that is none, and where too many of the project wait."""
    kinds.refuse_beyond("export", project)
    if by is not None:
        allowances.spend(EXPORTS, by)
    export = Export.objects.create(
        project=project, kind=table.named(kind).code, requested_by=by, hard_set=hard_set, without_stale=without_stale
    )
    audit.record(by, "requested_export", project=project, on=export, kind=kind, without_stale=without_stale)
    return export


def cancel(export: Export, by: Person) -> bool:
    stopped = leasing.cancel(Export.objects.filter(pk=export.pk))
    if stopped:
        audit.record(by, "cancelled_export", project=export.project, on=export)
    return bool(stopped)


_HELD_OUT = {
    "held_out_benchmark": _("held out for the benchmark"),
    "held_out_test": _("held out, since their queries test models"),
    "left_out_stale": _("left out, since they cite a rule out of force"),
}


def why_nothing(export: Export) -> TotalFailure | None:
    """Why a sealed export holds no row: what most of its pairs share, where there were any."""
    if export.rows or export.manifest is None:
        return None
    held_out = {code: export.manifest["counts"].get(code, 0) for code in _HELD_OUT}
    code = max(held_out, key=lambda one: held_out[one])
    if pairs := sum(held_out.values()):
        said = gettext("0 of %(pairs)s pairs were exported: %(reason)s (%(shared)s of them).")
        reason = str(_HELD_OUT[code])
        return TotalFailure(code, said % {"pairs": pairs, "reason": reason, "shared": held_out[code]})
    kind = table.FORMATS.get(export.kind)
    if kind is None or kind.gold_only:
        return TotalFailure("no_gold", gettext("No row was exported: no pair has a gold label."))
    return TotalFailure("not_judged", gettext("No row was exported: no pair has a gold label or a judgment."))


WHY_FAILED = {"disk_full": _("No room is left where exports are written.")}


class NoRoom(Exception):
    """The disk took no more; what had been written is removed again."""

    code = "disk_full"

    def __init__(self) -> None:
        super().__init__("no room is left where exports are written")


def work(export_id: int, token: UUID) -> None:
    """Write a claimed export and seal it, or leave nothing: raises what went wrong, returns quietly when superseded."""
    export = Export.objects.select_related("project", "hard_set").get(pk=export_id)
    folder = _folder(export.pk, token)
    try:
        with leasing.kept(Export, {export.pk: token}), _scratch(token) as scratch:
            erased = _erased(export.project)
            manifest = _write(export, token, scratch, folder)
            rows = sum(entry["rows"] for entry in manifest["files"] if entry["counted"])
            data = sealing.manifest_bytes(manifest)
            sealing.keep(f"{folder}/{MANIFEST}", ContentFile(data))
            digest = sealing.sha256_of(f"{folder}/{MANIFEST}")
            done = {"rows": rows, "folder": folder, "manifest": manifest, "manifest_sha256": digest}
            _seal(export, token, erased, rows_written=rows, **done)
    except BaseException as error:
        sealing.discard(folder)
        if isinstance(error, leasing.Superseded):
            return
        if isinstance(error, OSError) and error.errno in FULL:
            raise NoRoom from error
        raise


def _erased(project: Project) -> int:
    return Query.objects.filter(project=project, erased_at__isnull=False).count()


def _seal(export: Export, token: UUID, erased: int, **fields: Any) -> None:
    """Raises Superseded where the row is no longer ours, and where a query was erased meanwhile: it is begun anew."""
    with transaction.atomic():
        if not leasing.finish(export, token, **fields):
            raise leasing.Superseded
        # After the row is written, so that an erasing either finds it sealed or is found here. Without this an export that was
        # asked for while a query was being erased would be sealed with its text.
        if _erased(export.project) == erased:
            return
        transaction.set_rollback(True)
    leasing.put_back(Export, [leasing.Claim(export.pk, token, 0)], 0)
    raise leasing.Superseded


KIND = Kind("export", _("export"), Export, single(work), most_waiting=50)


def _folder(export_id: int, token: UUID) -> str:
    """A folder of each attempt's own: two never write into the same file."""
    return f"exports/{export_id}/{token.hex}"


@contextmanager
def _scratch(token: UUID) -> Iterator[Path]:
    """Named after the attempt, so that what a killed one left is known for what it is."""
    folder = settings.DATA_DIR / "scratch" / token.hex
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.parent.chmod(0o700)  # an earlier version made it for everybody on the host to read
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tidy() -> int:
    """Remove what attempts left whose process was killed, here and in the storage; returns how many folders that was.

    Folders are listed before rows are read: whose attempt still runs, or was sealed meanwhile, is known to the row.
    """
    scratches = {path.name: path for path in (settings.DATA_DIR / "scratch").glob("*")}
    recent = Export.objects.filter(Q(state__in=leasing.LIVE) | Q(finished_at__gt=ClockTimestamp() - TIDIED_FOR))
    stored = {f"exports/{pk}/{name}" for pk in recent.values_list("pk", flat=True) for name in _attempts(pk)}
    rows = Export.objects.filter(pk__in=recent.values("pk"))
    running = {(row.pk, row.token) for row in rows.filter(state=JobState.RUNNING) if row.token}
    kept = {_folder(pk, token) for pk, token in running} | set(rows.values_list("folder", flat=True))
    left = [path for name, path in scratches.items() if name not in {token.hex for _pk, token in running}]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    for folder in stored - kept:
        sealing.discard(folder)
    if removed := len(left) + len(stored - kept):
        logger.warning("removed %d folders that killed exports had left", removed)
    return removed


def _attempts(export_id: int) -> list[str]:
    try:
        return default_storage.listdir(f"exports/{export_id}")[0]
    except FileNotFoundError:
        return []


def discard_all_of(project: Project) -> None:
    """Every file of its exports, sealed or left behind."""
    for pk in Export.objects.filter(project=project).values_list("pk", flat=True):
        for attempt in _attempts(pk):
            sealing.discard(f"exports/{pk}/{attempt}")


def _write(export: Export, token: UUID, scratch: Path, folder: str) -> dict[str, Any]:
    chosen, left_out, splits = moment(export)
    total = sum(len(some.pairs) for some in chosen)
    Export.objects.filter(pk=export.pk, token=token).update(rows_total=total)
    kind = table.named(export.kind)
    seen: set[tuple[str, int]] = set()
    records = _noting_versions(_records(chosen, _reporter(export, token), with_judgments=kind.with_judgments), seen)
    files, counts = kind.write(ToWrite(numbering.numbered(records), scratch, splits, export.project.scale))
    sealing.store(folder, files)
    return _manifest(export, files, {**counts, **left_out}, seen)


def _noting_versions(records: Iterator[PairRecord], seen: set[tuple[str, int]]) -> Iterator[PairRecord]:
    for record in records:
        if record.rule_base is not None:
            seen.add((record.model, record.rule_base))
        yield record


def moment(export: Export) -> tuple[list[Chosen], dict[str, int], Splits]:
    """What the export holds, how many pairs were held out and why, and the split it is made by: one statement, one snapshot."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        with connection.cursor() as setting:
            setting.execute("SET LOCAL cursor_tuple_fraction = 1")  # all of it is fetched, not the first few
        judged = not table.named(export.kind).gold_only
        cursor.execute(_MOMENT, {"project": export.project_id, "judged": judged, "hard_set": export.hard_set_id})
        splits = splits_now(export.project)
        benchmark, test = held_out(export, splits)
        stale: set[int] = set()
        if export.without_stale:
            stale = set(staleness.stale_pairs(export.project).values_list("pk", flat=True))
        chosen: list[Chosen] = []
        in_benchmark = in_test = left_out = 0
        while found := cursor.fetchmany(CHUNK):
            kept = [row for row in found if row[2] not in benchmark and row[2] not in test]
            fresh = [row for row in kept if row[0] not in stale] if stale else kept
            in_benchmark += sum(row[2] in benchmark for row in found)
            in_test += sum(row[2] in test for row in found)
            left_out += len(kept) - len(fresh)
            if fresh:
                chosen.append(Chosen(array("q", [row[0] for row in fresh]), array("q", [row[1] or 0 for row in fresh])))
    counts = {"held_out_benchmark": in_benchmark, "held_out_test": in_test}
    return chosen, {**counts, "left_out_stale": left_out} if export.without_stale else counts, splits


def held_out(export: Export, splits: Splits) -> tuple[set[int], set[int]]:
    """Queries of no export: those of the project's benchmark, by family. And those that no training file may hold: the other
    test queries."""
    trains = table.named(export.kind).trains
    benchmark, test = set[int](), set[int]()
    if not trains and not splits.benchmark:
        return benchmark, test
    queries = Query.objects.filter(project=export.project).values_list("pk", "text")
    for pk, text in queries.iterator(chunk_size=10_000):
        if (family := digest(text)) in splits.benchmark:
            benchmark.add(pk)
        elif trains and splits.of_digest(family) == "test":
            test.add(pk)
    return benchmark, test


def _reporter(export: Export, token: UUID) -> Callable[[int], None]:
    """Says how far it is, twice a second, and renews the lease; raises Superseded when the row is no longer ours."""
    last = 0.0

    def report(done: int) -> None:
        nonlocal last
        if time.monotonic() - last < REPORT_EVERY_SECONDS:
            return
        last = time.monotonic()
        if not leasing.renew(export, token):
            raise leasing.Superseded
        leasing.held_by(Export, export.pk, token).update(rows_written=done)

    return report


def _records(
    chosen: Sequence[Chosen], report: Callable[[int], None], *, with_judgments: bool = True
) -> Iterator[PairRecord]:
    gatherer, done = Gatherer(training=not with_judgments), 0
    for some in chosen:
        yield from gatherer.records(some.pairs, some.golds)
        done += len(some.pairs)
        report(done)


def _manifest(
    export: Export, files: Sequence[SealedFile], counts: Mapping[str, Any], seen: set[tuple[str, int]]
) -> dict[str, Any]:
    project = export.project
    batches = project.imports.exclude(source="").values("source", "licence", "attribution").distinct()
    return {
        "export": export.pk,
        "kind": export.kind,
        "project": project.slug,
        "scale": project.scale_name,
        "hard_set": export.hard_set.name if export.hard_set else None,
        "split": {"by": "family", "version": SPLIT_VERSION, "shares": SHARES},
        "files": [file.entry() for file in files],
        "counts": dict(counts),
        "versions": {
            "product": settings.VERSION,
            "models": sorted({model for model, _ in seen}),
            "rule_bases": sorted({number for _, number in seen}),
        },
        "sources": sorted(batches, key=lambda row: row["source"]),
        "made_at": timezone.now().isoformat(timespec="seconds"),
    }


def open_file(export: Export, name: str) -> Any:
    """A file of a sealed export, or None: what is not in the manifest does not exist. Raises Refused where the storage has
    lost it."""
    if export.state != "done" or export.manifest is None:
        return None
    names = {entry["name"] for entry in export.manifest["files"]} | {MANIFEST}
    return _opened(export, name) if name in names else None


def _opened(export: Export, name: str) -> Any:
    try:
        return default_storage.open(f"{export.folder}/{name}", "rb")
    except FileNotFoundError as error:
        lost = _("The storage has lost the file %(name)s of this export. Take it from a backup, or export anew.")
        raise Refused("file_lost", lost, status=410, name=name) from error


def verify(export: Export) -> list[str]:
    """Names of files whose content no longer is what the manifest says; empty when all is well."""
    assert export.manifest is not None, "only a sealed export can be verified"
    wanted = {entry["name"]: entry["sha256"] for entry in export.manifest["files"]}
    wanted[MANIFEST] = export.manifest_sha256
    return [name for name, digest in wanted.items() if sealing.sha256_of(f"{export.folder}/{name}") != digest]


def copy_to(export: Export, folder: Path) -> list[str]:
    """The sealed files into a folder, the manifest last."""
    assert export.manifest is not None, "only a sealed export can be copied"
    folder.mkdir(parents=True, exist_ok=True)
    names = [entry["name"] for entry in export.manifest["files"]] + [MANIFEST]
    for name in names:
        with _opened(export, name) as source, (folder / name).open("wb") as target:
            for chunk in iter(lambda: source.read(1 << 20), b""):
                target.write(chunk)
    return names
