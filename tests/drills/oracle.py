"""What must hold after a drill, whatever was broken on the way: nothing lost, nothing doubled, everything ended."""

from __future__ import annotations

from collections.abc import Sequence

from catalogue.models import Import, Pair, Query
from inference.models import Prediction, PrelabelAttempt, PrelabelRun
from inference.prelabel import runs
from inference.prelabel.runs import Wish
from jobs.models import JobState
from projects.models import Project
from tests.world.rows import make_import, make_item, make_rule_base

ITEMS = 20


def ask_for(pairs: int, model: str | None = None, *, odd: Sequence[str] = ()) -> PrelabelRun:
    """Twenty items under as many queries as it takes, for the model of that name, else the cold start.

    `odd`: titles of further items, each under one of the queries, well apart.
    """
    make_rule_base()
    project = Project.objects.create(slug="shoes", name="Shoes")
    batch = make_import(project=project)
    Import.objects.update(state=JobState.DONE)
    items = [make_item(project=project, title=f"Red mug {n}", batch=batch) for n in range(ITEMS)]
    queries = [Query.objects.create(project=project, text=f"red mug {n}") for n in range(-(-pairs // ITEMS))]
    wanted = [(query, item) for query in queries for item in items][:pairs]
    apart = len(queries) // max(1, len(odd))
    wanted += [
        (queries[number * apart], make_item(project=project, title=title, batch=batch))
        for number, title in enumerate(odd)
    ]
    Pair.objects.bulk_create(Pair(project=project, query=query, item=item, batch=batch) for query, item in wanted)
    return runs.start_run(project, None, Wish(model))


def done(run: PrelabelRun) -> int:
    return run.jobs.filter(state=JobState.DONE).count()


def everything_is_done_exactly_once(run: PrelabelRun) -> None:
    states = set(run.jobs.values_list("state", flat=True))
    assert states == {JobState.DONE}
    assert run.jobs.count() == run.pairs
    assert Prediction.objects.count() == run.pairs
    assert Prediction.objects.values("pair_id").distinct().count() == run.pairs
    assert run.jobs.values("prediction_id").distinct().count() == run.pairs
    accepted = PrelabelAttempt.objects.filter(outcome="ok")
    assert accepted.count() == run.pairs
    assert accepted.values("job_id").distinct().count() == run.pairs
