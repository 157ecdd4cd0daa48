"""Exports on a full disk, killed in the middle, asked for twice: what is sealed is whole, and nothing else can be had."""

from __future__ import annotations

import errno
import hashlib
import json
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from annotation.curation import exporting
from annotation.models import Export, Judgment
from jobs.models import JobState
from projects.models import Membership, Person, Project
from tests.conftest import FreshDatabase
from tests.drills.conftest import LONG, Workplace, wait_until
from tests.drills.naive_jobs import export_in_place, judgments_since
from tests.drills.scale import size
from tests.drills.submitting import crowd, p99
from tests.world.rows import make_import, make_item, make_judgment, make_pair

pytestmark = [pytest.mark.drill, pytest.mark.redis]
Figures = Callable[..., None]
ROWS, EXPORTS = size(full=50_000, quick=2_000), size(full=20, quick=3)
SUBMITS = size(full=200, quick=40)
MIB = 1024 * 1024
PER_ITEM = 500  # pairs
FEW, MANY = 1000, 11_000  # a row's labels are about 440 bytes: 0.4 MiB fit, 5 MiB do not


def ready(rows: int, text: str = "query") -> Project:
    """A project of so many pairs with gold: in two statements, since fifty thousand are many."""
    project, _ = Project.objects.get_or_create(slug="shoes", defaults={"name": "Shoes", "overlap": 1, "mode": "blind"})
    batch = make_import(project=project)
    items = [make_item(project=project, title=f"Mug {n}", batch=batch) for n in range(-(-rows // PER_ITEM))]
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH queries AS (
                 INSERT INTO catalogue_query (project_id, text, locale, is_benchmark)
                 SELECT %(project)s, %(text)s || n, '', false FROM generate_series(1, %(each)s) AS n RETURNING id
               ), pairs AS (
                 INSERT INTO catalogue_pair (project_id, query_id, item_id, external_id, batch_id, gold_label)
                 SELECT %(project)s, q.id, i.id, '', %(batch)s, 'L4'
                 FROM queries q, catalogue_item i WHERE i.id = ANY(%(items)s) LIMIT %(rows)s RETURNING id, item_id
               )
               INSERT INTO annotation_gold (pair_id, snapshot_id, revision, label, mismatch, ground, judgments, batch_id)
               SELECT p.id, i.current_snapshot_id, 1, 'L4', '', 'import', '[]', %(batch)s
               FROM pairs p JOIN catalogue_item i ON i.id = p.item_id""",
            {
                "project": project.pk,
                "batch": batch.pk,
                "text": text,
                "each": min(rows, PER_ITEM),
                "items": [item.pk for item in items],
                "rows": rows,
            },
        )
    return project


def whole(export: Export) -> int:
    """Hash, bytes, count and manifest say the same; returns the rows."""
    assert export.state == JobState.DONE and export.manifest is not None
    for entry in export.manifest["files"]:
        with exporting.open_file(export, entry["name"]) as file:
            data = file.read()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (entry["sha256"], entry["bytes"])
        if entry["counted"]:
            assert data.count(b"\n") == entry["rows"]
    assert exporting.verify(export) == []
    with exporting.open_file(export, exporting.MANIFEST) as file:
        assert json.loads(file.read()) == export.manifest
    assert export.rows == sum(entry["rows"] for entry in export.manifest["files"] if entry["counted"])
    return export.rows


def files_under(*folders: Path) -> set[Path]:
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def sealed_files(data: Path) -> set[Path]:
    found = set()
    for export in Export.objects.filter(state=JobState.DONE):
        assert export.manifest is not None
        names = [entry["name"] for entry in export.manifest["files"]] + [exporting.MANIFEST]
        found |= {data / "storage" / export.folder / name for name in names}
    return found


def test_d28_exports_killed_in_the_middle_and_asked_for_twice(
    workplace: Workplace,
    fresh_database: FreshDatabase,
    django_db_blocker: Any,
    settings: Any,
    tmp_path: Path,
    figures: Figures,
) -> None:
    data = tmp_path / "data"
    workplace.environment |= {"DRILL_CHUNK": str(ROWS // 50), "LORE_JOB_ATTEMPTS": "5"}
    with django_db_blocker.unblock():
        project = ready(ROWS)
        with crowd(fresh_database, tmp_path, settings, SUBMITS) as people:
            asked = [exporting.request_export(project, "labels", None) for _ in range(EXPORTS)]
            assert len({export.pk for export in asked}) == EXPORTS  # equal requests, exports of their own
            taken: list[float] = []
            judging = threading.Thread(target=lambda: taken.extend(people.judge_everything()))
            judging.start()
            kills = left = 0
            for _ in range(2):
                worker = workplace.start_worker(fault="crawling")
                wait_until(is_in_the_middle, LONG, "an export in the middle")
                workplace.kill(worker)
                kills += 1
                left = max(left, len(files_under(data / "scratch")))
            judging.join()
        assert left > 0  # the kill left something
        workplace.start_worker()
        exports = Export.objects.filter(pk__in=[export.pk for export in asked])
        wait_until(lambda: not exports.exclude(state=JobState.DONE).exists(), 2 * LONG, "all exports sealed")
        rows = {whole(export) for export in exports}
        exporting.tidy()
        assert files_under(data / "scratch", data / "storage/exports") == sealed_files(data)
        assert Judgment.objects.count() == len(taken) == SUBMITS
    half, naive_whole = naive_export_killed(tmp_path)
    assert rows == {ROWS}
    assert 0 < half < naive_whole
    figures(
        "D28 killed", exports=EXPORTS, rows_each=ROWS, kills=kills, sealed_whole=EXPORTS, files_left=0,
        submits_p99_ms=round(1000 * p99(taken)), control_offers=f"{half} of {naive_whole} rows as if whole",
    )  # fmt: skip


def is_in_the_middle() -> bool:
    return any(
        0 < written < total
        for written, total in Export.objects.filter(state=JobState.RUNNING).values_list("rows_written", "rows_total")
    )


def naive_export_killed(folder: Path) -> tuple[int, int]:
    """Rows in the file that people download after a kill in the middle, and rows that it should have."""
    path, rows = folder / "naive.jsonl", 2000
    code = (
        "import sys, time; from pathlib import Path; from tests.drills.naive_jobs import export_in_place\n"
        f"rows = (b'{{\"row\": %d}}\\n' % n for n in range({rows}))\n"
        "export_in_place(Path(sys.argv[1]), rows, lambda: time.sleep(0.002))"
    )
    writing = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=Path(__file__).parents[2])
    wait_until(lambda: path.exists() and path.stat().st_size > 1000, LONG, "the naive export in the middle")
    writing.send_signal(signal.SIGKILL)
    writing.wait()
    return path.read_bytes().count(b"\n"), rows


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """4 MiB: a file system of its own where we may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("no file system can be mounted here; the limit of a file's size is drilled instead")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_d28_exports_on_a_disk_of_four_mebibytes(
    workplace: Workplace,
    fresh_database: FreshDatabase,
    small_disk: Path,
    django_db_blocker: Any,
    settings: Any,
    tmp_path: Path,
    figures: Figures,
) -> None:
    """One fits, one does not: it is dead with its reason, cannot be had, and leaves nothing; people judge on."""
    settings.STORAGES["default"]["OPTIONS"]["location"] = str(small_disk)
    workplace.environment |= {"LORE_STORAGE_DIR": str(small_disk), "LORE_JOB_ATTEMPTS": "1"}
    with django_db_blocker.unblock():
        small = ready(FEW)
        fits = exporting.request_export(small, "labels", None)
        with crowd(fresh_database, tmp_path, settings, SUBMITS, LORE_STORAGE_DIR=str(small_disk)) as people:
            workplace.start_worker()
            wait_until(lambda: state(fits) == JobState.DONE, LONG, "the small export sealed")
            ready(MANY, text="more")
            fails = exporting.request_export(small, "labels", None)
            wait_until(lambda: state(fails) in (JobState.DEAD, JobState.DONE), LONG, "the large export at its end")
            taken = people.judge_everything()
        fits.refresh_from_db()
        fails.refresh_from_db()
        assert whole(fits) == FEW
        assert (fails.state, fails.error) == (JobState.DEAD, "disk_full: no room is left where exports are written")
        page = seen_by_an_engineer(small, fails)
        assert "No room is left where exports are written." in page
        exporting.tidy()
        assert files_under(small_disk / "exports") == {
            small_disk / fits.folder / name for name in ("labels.jsonl", "labels.csv", exporting.MANIFEST)
        }
        assert Judgment.objects.count() == len(taken) == SUBMITS
        naive = small_disk / "naive.jsonl"
        with pytest.raises(OSError, match="No space") as full:
            export_in_place(naive, iter([b"x" * 1023 + b"\n"] * 8192))
    assert full.value.errno == errno.ENOSPC
    assert naive.stat().st_size > 0
    figures(
        "D28 full disk", sealed_whole=1, failed=1, can_be_had=0, files_left=0, submits_p99_ms=round(1000 * p99(taken)),
        control_offers=f"{naive.stat().st_size // 1024} of 8192 rows",
    )  # fmt: skip


def state(export: Export) -> str:
    return Export.objects.values_list("state", flat=True).get(pk=export.pk)


def seen_by_an_engineer(project: Project, export: Export) -> str:
    """The page of a failed export; none of its files can be had."""
    person = Person.objects.create_person("max")
    Membership.objects.create(project=project, person=person, role="ml_engineer")
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    for name in ("labels.jsonl", "labels.csv", exporting.MANIFEST):
        assert client.get(reverse("export-file", args=[project.slug, export.pk, name])).status_code == 404
    page = client.get(reverse("export", args=[project.slug, export.pk]))
    assert page.status_code == 200
    return page.content.decode()


@pytest.mark.django_db
def test_d28_an_export_that_may_write_no_more_leaves_nothing(project: Project, settings: Any) -> None:
    """The limit of a file's size stands for the disk where none can be mounted."""
    ready(200)
    export = exporting.request_export(project, "labels", None)
    token = exporting.leasing.claim(Export, export.pk)
    assert token is not None
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20 * 1024, before[1]))
    try:
        with pytest.raises(exporting.NoRoom):
            exporting.work(export.pk, token)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert files_under(settings.DATA_DIR) == set()
    assert exporting.open_file(export, exporting.MANIFEST) is None


def test_t31_a_judgment_that_commits_late_is_in_the_next_export(
    fresh_database: FreshDatabase, django_db_blocker: Any, figures: Figures
) -> None:
    """Written first, committed last: each export is of one moment, and the next one has what came late."""
    with django_db_blocker.unblock():
        project = Project.objects.create(slug="shoes", name="Shoes")
        first, second, third = (make_pair(project=project, query=f"mug {n}") for n in range(3))
        people = [Person.objects.create_person(name) for name in ("ana", "ben")]
        make_judgment(pair=first, by=people[0])
        written, may_commit = threading.Event(), threading.Event()

        def hold() -> None:
            from django.db import transaction

            with transaction.atomic():
                make_judgment(pair=second, by=people[0])
                written.set()
                may_commit.wait(30)
            connection.close()

        holding = threading.Thread(target=hold)
        holding.start()
        assert written.wait(30)
        make_judgment(pair=third, by=people[1])
        before, seen = exported(project), judgments_since(0)
        may_commit.set()
        holding.join()
        after, seen_later = exported(project), judgments_since(max(seen))
        stored = set(Judgment.objects.values_list("pk", flat=True))
    assert before == {"mug 0", "mug 2"}
    assert before | after == after == {"mug 0", "mug 1", "mug 2"}
    missed = stored - {*seen, *seen_later}
    assert len(missed) == 1
    figures("T31", judgments=3, exported=3, control_missed=len(missed))


def exported(project: Project) -> set[str]:
    """Queries in a fresh export, by its file."""
    export = exporting.request_export(project, "labels", None)
    token = exporting.leasing.claim(Export, export.pk)
    assert token is not None
    exporting.work(export.pk, token)
    export.refresh_from_db()
    assert whole(export) > 0
    with exporting.open_file(export, "labels.jsonl") as file:
        return {json.loads(line)["query"] for line in file.read().splitlines()}
