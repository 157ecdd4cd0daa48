"""kill -9 of the worker while pictures are in the air: their jobs are taken up again, none is lost, none fetched twice."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from catalogue.models import Image, Import, PictureFetch
from catalogue.pictures import allowed_hosts, fetching
from projects.models import Project
from tests.conftest import ROOT, FreshDatabase
from tests.drills.conftest import LEASE_SECONDS, wait_until
from tests.drills.rig import children
from tests.picture_servers import Server, picture, running, says
from tests.processes import process
from tests.world.rows import make_import

pytestmark = pytest.mark.drill
PICTURES = 24
HOST = "pictures.example.com"


def children_of(number: int) -> list[int]:
    """And theirs: who stands by has the worker for a child, the worker its fetchers and decoders."""
    found = children(number)
    return [*found, *(below for child in found for below in children_of(child))]


def done() -> int:
    return PictureFetch.objects.filter(state="done").count()


def test_a_worker_killed_in_mid_fetch_loses_and_doubles_nothing(
    fresh_database: FreshDatabase, tmp_path: Path, django_db_blocker: Any, figures: Callable[..., None]
) -> None:
    environment = {
        **fresh_database.environment,
        "LORE_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        "LORE_LOG_LEVEL": "warning",
    }

    @contextmanager
    def working(server: Server) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "tests.drills.fetching_worker", str(server.port)]
        with process(command, environment, ROOT, tmp_path / "worker.log") as worker:
            yield worker

    slow = True

    def answer(number: int) -> Callable[[Any], None]:
        def answered(connection: Any) -> None:
            if slow and number % 8 >= 4:
                time.sleep(30)
            says("200 OK", picture("red", (40 + number, 40)))(connection)

        return answered

    with running({f"/{n}.png": answer(n) for n in range(PICTURES)}) as server, django_db_blocker.unblock():
        project = Project.objects.create(slug="shoes", name="Shoes")
        batch = make_import(project=project)
        Import.objects.update(state="done")
        fetching.want(batch, [f"http://{HOST}/{n}.png" for n in range(PICTURES)])
        allowed_hosts.allow(project, HOST, None, plain_http=True)
        with working(server) as worker:
            wait_until(lambda: 0 < done() < PICTURES, 60, "some pictures fetched, others in the air")
            family = children_of(worker.pid)
            worker.kill()
            worker.wait()
        killed_with, slow = done(), False
        assert len(family) > 1 and PictureFetch.objects.filter(state="running").exists()
        wait_until(lambda: not any(alive(pid) for pid in family), 20, "the children are gone with their worker")
        with working(server):
            wait_until(lambda: done() == PICTURES, 90, "all pictures fetched")
        assert PictureFetch.objects.filter(attempts__gt=1).exists()
        assert Image.objects.count() == PICTURES
        assert max(server.asked.values()) == 2  # those that were in the air; what was stored is not asked for again
        once = PictureFetch.objects.filter(attempts=1).values_list("address", flat=True)
        assert {server.asked[f"/{address.rpartition('/')[2]}"] for address in once} == {1}
        figures("T52 killed worker", pictures=PICTURES, done_before=killed_with, lost=0, doubled=0)


def alive(pid: int) -> bool:
    """Not ended, and no zombie that waits for whoever inherited it."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
