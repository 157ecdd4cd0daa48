"""Eighteen ways in which a model server misbehaves: every job ends as it must, and nothing invalid is accepted.

A hundred jobs a mode make the full drill; the deadline of a call is two seconds.
"""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Iterator

import pytest

from catalogue.models import Pair
from inference.models import Prediction, PrelabelAttempt, PrelabelJob, PrelabelRun
from inference.prelabel import runs
from inference.prelabel.runs import Wish
from jobs import leasing
from projects.models import Project
from tests.drills.scale import size
from tests.misbehaving.served import served_at
from tests.misbehaving.server import Misbehaving, running
from tests.world.rows import make_item, make_pair, make_rule_base

SIZE = size(full=100, quick=12)
DEADLINE = 2
pytestmark = pytest.mark.drill

# Mode -> what may become of a job: (state, status of its prediction, reason or error code)
OK = ("done", "ok", "")
ENDS: dict[str, set[tuple[str, str, str]]] = {
    "good": {OK},
    "flaky_500": {OK},
    "always_500": {("dead", "", "http_5xx")},
    "rate_limited": {OK},
    "silent": {("dead", "", "deadline")},
    "drip": {("dead", "", "deadline")},
    "cut_off": {("dead", "", "truncated")},
    "cut_json": {("done", "invalid", "length"), ("done", "invalid", "not_json")},
    "length": {("done", "invalid", "length")},
    "wrong_label": {("done", "invalid", "label")},
    "two_labels": {("done", "invalid", "two_labels"), OK},
    "not_api": {("dead", "", "not_api"), ("dead", "", "html")},
    "repetition": {("done", "invalid", "length")},
    "huge": {("dead", "", "too_large")},
    "swapped": {("done", "invalid", "nonce")},
    "odd_text": {OK, ("dead", "", "not_api"), ("done", "invalid", "not_json")},
    "markup": {OK},
    "hostile_transport": {("dead", "", "redirect"), ("dead", "", "not_api"), ("dead", "", "connection")},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with running() as server:
        yield server


@pytest.fixture
def pairs(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[Pair]:
    monkeypatch.setattr(leasing, "PAUSE", "0.05")
    make_rule_base()
    items = [make_item(project=project, title=f"Mug number {n}") for n in range(SIZE)]
    return [make_pair(project=project, query=f"mug {n}", item=item) for n, item in enumerate(items)]


def work_off(run: PrelabelRun) -> None:
    while runs.is_open(run):
        runs.work_some(run)


def ends(run: PrelabelRun) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for job in PrelabelJob.objects.filter(run=run).select_related("prediction"):
        told = job.prediction
        reason = told.reason if told else job.error.partition(":")[0]
        found[job.state, told.status if told else "", reason] += 1
    return found


@pytest.mark.parametrize("mode", ENDS)
def test_every_job_ends_as_it_must(mode: str, server: Misbehaving, project: Project, pairs: list[Pair]) -> None:
    server.reset()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    served_at(server, mode, deadline_seconds=DEADLINE, breaker_failures=0)
    run = runs.start_run(project, None, Wish(mode))
    work_off(run)
    found = ends(run)
    assert set(found) <= ENDS[mode] and sum(found.values()) == SIZE, found
    counts = server.counts()["modes"][mode]
    labels = Prediction.objects.filter(model=run.model).exclude(label="")
    assert labels.count() == found[OK]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 50 * 1024, f"{grown} KiB"
    assert counts["canary_hits"] == 0
    if mode == "always_500":
        assert counts["calls"] == 3 * SIZE
    if mode == "good":
        assert counts["calls"] == 2 * SIZE  # the grade, then the chain
    if mode == "flaky_500":
        assert set(PrelabelJob.objects.filter(run=run).values_list("attempts", flat=True)) == {3}
    if mode == "rate_limited":
        assert counts["early"] == 0
    if mode == "two_labels":
        doubtful = Prediction.objects.filter(model=run.model, status="ok")
        assert all("chain_label" in one.contradicts for one in doubtful)
    if mode in ("silent", "drip"):
        slow = PrelabelAttempt.objects.filter(job__run=run)
        assert slow.count() == 3 * SIZE and not slow.filter(seconds__gt=DEADLINE + 2).exists()


def test_after_all_of_it_every_pair_can_be_judged_without_a_pre_label(
    server: Misbehaving, project: Project, pairs: list[Pair]
) -> None:
    served_at(server, "silent", deadline_seconds=DEADLINE, breaker_failures=0)
    work_off(runs.start_run(project, None, Wish("silent")))
    assert project.slots.filter(state="open").values("pair").distinct().count() == SIZE or not project.slots.exists()
