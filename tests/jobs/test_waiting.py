"""What a project may have waiting is bounded for every kind of job that a person can start, in the one table of kinds."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from annotation.curation import exporting
from annotation.models import BackTest
from annotation.pairs import more_judgments
from annotation.pairs.choosing import Choice
from annotation.pairs.more_judgments import MoreWanted
from annotation.standard import backtesting
from annotation.standard.backtesting import Sample
from catalogue.importing import receiving
from evaluation import canary_jobs
from inference.knowledge import file_jobs
from inference.models import ModelJob, PrelabelJob, PrelabelRun
from inference.playground import trials
from inference.prelabel import query_readings, runs
from inference.prompting import prompt_versions
from inference.registry import registry
from jobs import kinds, leasing
from jobs.models import JobState
from projects.models import Project
from projects.refusals import Refused
from rules import drafting
from rules.publishing import newest, specs
from tests.conftest import Cast
from tests.world.rows import make_import, make_model, make_pair, make_rule_base
from training import training_jobs

pytestmark = pytest.mark.django_db
ClientFor = Callable[..., Client]
ROOT = Path(__file__).resolve().parent.parent.parent
FOLLOW = {
    "rule_replay": "one for each project and waiting draft or published version",
    "evidence_remaking": "one of a project, and one for each query whose reading was put right",
    "picture_words": "one for each picture that an import brought",
    "picture": "one for each address of rows that an import took in",
}


def test_every_kind_is_bounded_or_follows_from_something_that_is() -> None:
    unbounded = {kind.code for kind in kinds.every() if kind.most_waiting is None}
    assert unbounded == FOLLOW.keys(), "say how many of it a project may have waiting, or from what it follows"


def test_every_bounded_kind_is_held_where_it_is_asked_for() -> None:
    held = set()
    for app in settings.OUR_APPS:
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "kinds.refuse_beyond":
                    held |= {one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant)}
    one_at_a_time = {"training", "canary"}  # with a sentence of their own: model_jobs.runs
    assert held == {kind.code for kind in kinds.every()} - FOLLOW.keys() - one_at_a_time


@pytest.fixture
def none_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {code: replace(kind, most_waiting=0) for code, kind in kinds._kinds.items()})


@pytest.mark.usefixtures("none_may_wait")
def test_each_door_says_that_too_many_wait(project: Project, cast: Cast) -> None:
    make_rule_base()
    pair = make_pair(project=project)
    base, model = newest(), make_model(name="lore", learnt=True)
    assert base is not None
    draft = drafting.start(base, "", "", cast.rosa)
    first = specs(base)[0]
    drafting.retire(draft, first.code, cast.rosa)
    file = SimpleUploadedFile("cards.jsonl", b'{"kind": "term", "key": "mug", "text": "a cup"}\n')
    nothing_decided: Any = None
    chat = make_model(name="chat", learnt=True, prompt=prompt_versions.active())
    doors: dict[str, Callable[[], Any]] = {
        "import": lambda: receiving.confirm(make_import(project=project), nothing_decided, person=cast.lena),
        "export": lambda: exporting.request_export(project, "labels", None),
        "prelabel": lambda: runs.start_run(project, None),
        "trial": lambda: trials.start_trial(pair, registry.cold_start(specs(base)), None, cast.max),
        "back_test": lambda: backtesting.start(draft, project, cast.max),
        "back_test_with_a_model": lambda: backtesting.start(draft, project, cast.max, Sample(model, 10)),
        "knowledge_import": lambda: file_jobs.receive(project, file, cast.max),
        "query_readings": lambda: query_readings.start(project, chat, cast.max),
        "more_judgments": lambda: more_judgments.ask(project, MoreWanted(Choice(), 1), None, uuid4()),
    }
    for code, door in doors.items():
        with pytest.raises(leasing.QueueFull) as refusal:
            door()
        assert (refusal.value.status, refusal.value.retry_after) == (429, 60), code
    left = {kind.code for kind in kinds.every()} - doors.keys() - FOLLOW.keys()
    assert left == {"training", "canary"}  # below


def test_a_run_counts_once_however_many_pairs_it_asks_about_until_it_is_over(project: Project) -> None:
    make_rule_base()
    for number in range(3):
        make_pair(project=project, query=f"mug {number}")
    run = runs.start_run(project, None)
    assert PrelabelJob.objects.count() == 3 and list(runs.unfinished(project)) == [run]
    kind = next(one for one in kinds.every() if one.code == "prelabel")
    assert kind.waiting_in(project).count() == 1
    PrelabelJob.objects.update(state=JobState.CANCELLED)
    assert not kind.waiting_in(project).exists()


def test_a_training_and_a_canary_run_are_had_one_at_a_time(project: Project, cast: Cast) -> None:
    make_rule_base()
    training_jobs.ask(project, ModelJob.Source.GOLD, cast.max, promote=False)
    canary_jobs.ask(project, make_model(learnt=True), cast.max)
    for ask in (
        lambda: training_jobs.ask(project, ModelJob.Source.GOLD, cast.max, promote=False),
        lambda: canary_jobs.ask(project, make_model(learnt=True), cast.max),
    ):
        with pytest.raises(Refused, match="not over yet"):
            ask()


def test_the_page_says_so_with_the_time_to_come_again(project: Project, cast: Cast, client_for: ClientFor) -> None:
    make_rule_base()
    make_pair(project=project)
    kind = next(one for one in kinds.every() if one.code == "prelabel")
    run = runs.start_run(project, None)
    for _ in range((kind.most_waiting or 0) - 1):
        again = PrelabelRun.objects.get(pk=run.pk)
        again.pk = None
        again.save()
        job = PrelabelJob.objects.filter(run=run)[0]
        job.pk, job.run = None, again
        job.save()
    answer = client_for(cast.max).post(reverse("runs", args=[project.slug]))
    assert (
        answer.status_code == 429 and "20 of these jobs of this project are waiting already" in answer.content.decode()
    )
    assert PrelabelRun.objects.count() == 20 and not BackTest.objects.exists()
