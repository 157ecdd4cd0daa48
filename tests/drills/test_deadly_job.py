"""A job that takes its worker down is dead after exactly its attempts; the jobs beside it are not."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from annotation import prelabelling
from annotation.models import JobState, Prediction
from projects.models import Project
from tests.builders import make_item, make_pair, make_rule_base
from tests.drills.conftest import LEASE_SECONDS
from tests.drills.deadly_worker import DEADLY, STARTS

pytestmark = pytest.mark.drill


def test_a_deadly_job_dies_after_three_starts_and_takes_no_other_with_it(
    fresh_database: Any, django_db_blocker: Any, tmp_path: Path
) -> None:
    """Supervised like any worker: started again whenever it goes down. No Redis needed."""
    environment = {**fresh_database.environment, "LORE_JOB_LEASE_SECONDS": str(LEASE_SECONDS)}
    script = Path(__file__).with_name("deadly_worker.py")
    with django_db_blocker.unblock():
        make_rule_base()
        project = Project.objects.create(slug="shoes", name="Shoes")
        titles = [f"Red mug {n}" for n in range(99)]
        titles.insert(40, DEADLY)
        for title in titles:
            make_pair(project=project, item=make_item(project=project, title=title))
        run = prelabelling.start_run(project, None)
        deadline = time.monotonic() + 60
        deaths = 0
        process = None
        while prelabelling.is_open(run):
            assert time.monotonic() < deadline
            if process is None or process.poll() is not None:
                deaths += process is not None
                process = subprocess.Popen(
                    [sys.executable, str(script)], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
                )
            time.sleep(0.1)
        assert process is not None
        process.terminate()
        process.wait(20)
        dead = run.jobs.get(state=JobState.DEAD)
        assert dead.snapshot.title == DEADLY
        assert dead.error.startswith("lease_ran_out")
        assert (tmp_path / STARTS).read_text() == "xxx"
        assert run.jobs.filter(state=JobState.DONE).count() == 99
        assert Prediction.objects.count() == 99
