"""What must hold after a drill, whatever was broken on the way: nothing lost, nothing doubled, everything ended."""

from __future__ import annotations

from annotation import prelabelling
from annotation.models import Import, JobState, Pair, Prediction, PrelabelAttempt, PrelabelRun, Query
from annotation.prelabelling import Wish
from projects.models import Project
from tests.builders import make_import, make_item, make_rule_base

PAIRS = 1000


def ask_for_a_thousand(model: str | None = None) -> PrelabelRun:
    """20 items under 50 queries, for the model of that name, else the cold start."""
    make_rule_base()
    project = Project.objects.create(slug="shoes", name="Shoes")
    batch = make_import(project=project)
    Import.objects.update(state=JobState.DONE)
    items = [make_item(project=project, title=f"Red mug {n}", batch=batch) for n in range(20)]
    queries = [Query.objects.create(project=project, text=f"red mug {n}") for n in range(50)]
    Pair.objects.bulk_create(
        Pair(project=project, query=query, item=item, batch=batch) for query in queries for item in items
    )
    return prelabelling.start_run(project, None, Wish(model))


def done(run: PrelabelRun) -> int:
    return run.jobs.filter(state=JobState.DONE).count()


def everything_is_done_exactly_once(run: PrelabelRun) -> None:
    states = set(run.jobs.values_list("state", flat=True))
    assert states == {JobState.DONE}
    assert run.jobs.count() == PAIRS
    assert Prediction.objects.count() == PAIRS
    assert Prediction.objects.values("pair_id").distinct().count() == PAIRS
    assert run.jobs.values("prediction_id").distinct().count() == PAIRS
    accepted = PrelabelAttempt.objects.filter(outcome="ok")
    assert accepted.count() == PAIRS
    assert accepted.values("job_id").distinct().count() == PAIRS
