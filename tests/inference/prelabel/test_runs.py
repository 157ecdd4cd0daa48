"""A run asks a model about every pair, pays for no answer twice, and takes no late one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from annotation.models import Disagreement
from catalogue.models import Grid, Pair, Snapshot
from database.clock import ClockTimestamp
from inference.engines.base import Completion, EngineError, EngineUnavailable, Question
from inference.models import Prediction, PrelabelAttempt, PrelabelJob, PrelabelRun
from inference.prelabel import progress as run_progress
from inference.prelabel import runs
from inference.prelabel.runs import Wish
from inference.registry import connecting, registry
from jobs import leasing
from jobs.isolation import Isolation
from jobs.models import JobState
from projects.models import Project
from relevance.chain import Chain, chain_json
from tests.at_work import work_on
from tests.conftest import refused
from tests.world.rows import make_item, make_judgment, make_pair, make_rule_base

Script = Callable[[Question], Completion | EngineError]


def answer(label: str, posterior: dict[str, float] | None = None) -> Completion:
    chain = Chain(
        entity="mug", intent="item", constraints=(), path=(), rules=(), label=label,
        mismatch="colour" if label == "L2" else None,
    )  # fmt: skip
    shares = posterior or {code: 0.85 if code == label else 0.05 for code in ("L1", "L2", "L3", "L4")}
    return Completion(chain_json(chain), shares, tokens_in=10, tokens_out=5, seconds=0.1)


class Puppet:
    """An engine that says what the test says, and counts what it was asked."""

    name = "puppet"
    revision = "1"
    prompt_version = "1"

    def __init__(self) -> None:
        self.script: Script = lambda question: answer("L4")
        self.asked: list[str] = []

    def inputs(self, question: Question) -> object:
        return [question.pair.query, question.pair.item.title, [rule.spec.code for rule in question.rules]]

    def generate(self, questions: Any) -> list[Completion | EngineError]:
        self.asked += [question.pair.item.title for question in questions]
        return [self.script(question) for question in questions]


@pytest.fixture
def puppet(monkeypatch: pytest.MonkeyPatch) -> Puppet:
    engine = Puppet()
    monkeypatch.setattr(connecting, "ENGINES", {**connecting.ENGINES, "puppet": lambda rules: engine})
    return engine


@pytest.fixture
def pairs(project: Project) -> list[Pair]:
    make_rule_base()
    return [make_pair(project=project, item=make_item(project=project, title=f"Mug {n}")) for n in range(5)]


def start(project: Project) -> PrelabelRun:
    return runs.start_run(project, None, Wish("puppet"))


def work(ids: Sequence[int]) -> int:
    return work_on(runs.KIND, ids)


def job_ids(run: PrelabelRun) -> list[int]:
    return list(run.jobs.order_by("pk").values_list("pk", flat=True))


def work_off(run: PrelabelRun) -> None:
    """As a worker would, with every pause cut short."""
    while runs.is_open(run):
        run.jobs.filter(state=JobState.FAILED).update(due_at=ClockTimestamp())
        assert runs.work_some(run)


def states(run: PrelabelRun) -> list[str]:
    return list(run.jobs.order_by("pk").values_list("state", flat=True))


def test_a_run_predicts_every_pair(project: Project, pairs: list[Pair], puppet: Puppet) -> None:
    run = start(project)
    assert (run.pairs, run.reused, run.jobs.count()) == (5, 0, 5)
    work_off(run)
    assert states(run) == [JobState.DONE] * 5
    assert sorted(Prediction.objects.values_list("pair_id", flat=True)) == [pair.pk for pair in pairs]


def test_without_an_engine_named_the_cold_start_judges_and_says_it_has_not_learnt(
    project: Project, pairs: list[Pair]
) -> None:
    run = runs.start_run(project, None)
    assert (run.model.engine, run.model.learnt) == ("distilled", False)
    work_off(run)
    assert Prediction.objects.filter(status="ok").count() == 5


def test_prediction_names_its_origin(project: Project, pairs: list[Pair], puppet: Puppet) -> None:
    run = start(project)
    work_off(run)
    for row in Prediction.objects.select_related("model", "rule_base", "grid", "pair__item"):
        assert (row.model, row.rule_base) == (run.model, run.rule_base)
        assert row.snapshot_id == row.pair.item.current_snapshot_id == row.grid.snapshot_id
        assert len(row.prompt_digest) == len(row.key_sha256) == 64
        assert (row.tokens_in, row.tokens_out, row.sampling) == (10, 5, {"samples": 1})
        assert row.chain["label"] == row.label == "L4"
        assert row.margin == pytest.approx(0.8)  # 0.85 - 0.05


def test_the_grid_of_a_pair_is_made_once(project: Project, pairs: list[Pair], puppet: Puppet) -> None:
    work_off(start(project))
    puppet.revision = "2"
    work_off(start(project))
    assert Grid.objects.count() == 5


def test_a_second_run_reuses_every_answer_and_asks_nothing(project: Project, pairs: list[Pair], puppet: Puppet) -> None:
    work_off(start(project))
    again = start(project)
    assert (again.pairs, again.reused, again.jobs.count()) == (5, 5, 0)
    assert len(puppet.asked) == 5


def test_a_pair_whose_item_changed_is_asked_again(project: Project, pairs: list[Pair], puppet: Puppet) -> None:
    work_off(start(project))
    item = pairs[0].item
    item.current_snapshot = Snapshot.objects.create(item=item, sha256="f" * 64, title="Blue mug", batch=pairs[0].batch)
    item.save()
    work_off(start(project))
    assert puppet.asked.count("Blue mug") == 1
    assert pairs[0].predictions.count() == 2


def test_another_revision_of_the_model_answers_anew(project: Project, pairs: list[Pair], puppet: Puppet) -> None:
    work_off(start(project))
    puppet.revision = "2"
    run = start(project)
    assert run.reused == 0
    work_off(run)
    assert Prediction.objects.count() == 10


def test_one_prediction_per_key(project: Project, pairs: list[Pair], puppet: Puppet) -> None:
    """Two runs asked for at once: what one has answered, the other takes over."""
    first, second = start(project), start(project)
    work_off(first)
    work_off(second)
    assert Prediction.objects.count() == 5
    assert len(puppet.asked) == 5
    assert states(second) == [JobState.DONE] * 5
    assert run_progress.progress(second).ok == 5


def test_equal_pairs_of_two_projects_have_a_prediction_each(
    project: Project, pairs: list[Pair], puppet: Puppet
) -> None:
    other = Project.objects.create(slug="hats", name="Hats")
    make_pair(project=other, item=make_item(project=other, title="Mug 0"))
    work_off(start(project))
    work_off(start(other))
    assert Prediction.objects.filter(pair__project=other).count() == 1


def test_an_unusable_answer_is_stored_as_invalid_without_a_label(
    project: Project, pairs: list[Pair], puppet: Puppet
) -> None:
    puppet.script = lambda question: Completion("I think\x00 it fits", None)
    run = start(project)
    work_off(run)
    assert set(Prediction.objects.values_list("status", "label", "reason")) == {("invalid", "", "not_json")}
    tries = PrelabelAttempt.objects.values_list("outcome", "answer")
    assert set(tries) == {("invalid", "I think� it fits")}
    (reason,) = run_progress.progress(run).reasons
    assert (reason.kind, reason.code, reason.pairs) == ("invalid", "not_json", 5)


def test_an_unavailable_engine_is_tried_again(project: Project, pairs: list[Pair], puppet: Puppet) -> None:
    def out_of_order(question: Question) -> EngineError:
        return EngineUnavailable("no server")

    puppet.script = out_of_order
    run = start(project)
    work(job_ids(run))
    assert states(run) == [JobState.FAILED] * 5
    assert not leasing.due(PrelabelJob).exists()  # each waits for its pause to end
    puppet.script = lambda question: answer("L3")
    work_off(run)
    assert states(run) == [JobState.DONE] * 5
    assert sorted(PrelabelAttempt.objects.values_list("outcome", flat=True)) == ["failed"] * 5 + ["ok"] * 5


def test_a_poisonous_pair_dies_after_exactly_all_its_attempts_while_the_others_go_on(
    project: Project, pairs: list[Pair], puppet: Puppet, settings: Any
) -> None:
    settings.JOB_ATTEMPTS = 3

    def script(question: Question) -> Completion | EngineError:
        return EngineUnavailable("it crashed") if question.pair.item.title == "Mug 2" else answer("L4")

    puppet.script = script
    run = start(project)
    work_off(run)
    assert states(run) == [JobState.DONE, JobState.DONE, JobState.DEAD, JobState.DONE, JobState.DONE]
    assert puppet.asked.count("Mug 2") == 3
    dead = run.jobs.get(state=JobState.DEAD)
    assert [attempt.number for attempt in dead.tries.order_by("number")] == [1, 2, 3]


def test_a_pair_at_which_the_engine_raises_fails_alone(project: Project, pairs: list[Pair], puppet: Puppet) -> None:
    def script(question: Question) -> Completion:
        if question.pair.item.title == "Mug 2":
            raise ZeroDivisionError("by design")
        return answer("L4")

    puppet.script = script
    run = start(project)
    work(job_ids(run))
    assert states(run) == [JobState.DONE, JobState.DONE, JobState.FAILED, JobState.DONE, JobState.DONE]
    assert run.jobs.get(state=JobState.FAILED).error == "ZeroDivisionError: by design"


def test_late_results_are_superseded(
    project: Project, pairs: list[Pair], puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the engine thinks, the lease runs out and another worker takes the job."""
    run = start(project)
    late, *_ = job_ids(run)

    def overtaken(question: Question) -> Completion:
        puppet.script = lambda question: answer("L4")
        past = ClockTimestamp() - timedelta(seconds=1)
        PrelabelJob.objects.filter(pk=late).update(lease_until=past, due_at=past)
        work_on(replace(runs.KIND, isolation=Isolation()), [late])  # the other worker is another process
        return answer("L1")

    puppet.script = overtaken
    work([late])
    job = run.jobs.get(pk=late)
    assert (job.state, job.attempts) == (JobState.DONE, 2)
    assert list(job.pair.predictions.values_list("label", flat=True)) == ["L4"]
    assert list(job.tries.order_by("number").values_list("number", "outcome")) == [(1, "superseded"), (2, "ok")]
    assert '"label":"L1"' in job.tries.get(number=1).answer


def test_a_result_that_comes_after_the_run_was_cancelled_is_superseded(
    project: Project, pairs: list[Pair], puppet: Puppet
) -> None:
    run = start(project)

    def cancelled_meanwhile(question: Question) -> Completion:
        runs.cancel(run, by=None)
        return answer("L4")

    puppet.script = cancelled_meanwhile
    work(job_ids(run))
    assert states(run) == [JobState.CANCELLED] * 5
    assert not Prediction.objects.exists()
    assert set(PrelabelAttempt.objects.values_list("outcome", flat=True)) == {"superseded"}


def test_a_replayed_job_has_all_its_attempts_again(
    project: Project, pairs: list[Pair], puppet: Puppet, settings: Any
) -> None:
    settings.JOB_ATTEMPTS = 1
    puppet.script = lambda question: EngineUnavailable("no server")
    run = start(project)
    work_off(run)
    assert states(run) == [JobState.DEAD] * 5
    puppet.script = lambda question: answer("L4")
    assert runs.replay(run, by=None) == 5
    work_off(run)
    assert states(run) == [JobState.DONE] * 5


def test_a_process_with_another_revision_does_not_answer_in_the_runs_name(
    project: Project, pairs: list[Pair], puppet: Puppet
) -> None:
    run = start(project)
    puppet.revision = "2"
    work(job_ids(run))
    assert not Prediction.objects.exists()
    assert set(run.jobs.values_list("state", "attempts")) == {(JobState.CANCELLED, 0)}
    run.refresh_from_db()
    assert run.refusal.startswith("other_revision")


def test_a_prediction_opens_a_disagreement_with_people_who_agree(
    project: Project, cast: Any, pairs: list[Pair], puppet: Puppet
) -> None:
    for person in (cast.ana, cast.ben):
        make_judgment(pair=pairs[0], by=person, label="L4")
    puppet.script = lambda question: answer("L1")
    work_off(start(project))
    opened = Disagreement.objects.get()
    assert (opened.pair, opened.kind, opened.prediction.label) == (pairs[0], "human_model", "L1")


def test_work_does_nothing_for_ids_that_are_not_due(project: Project, pairs: list[Pair], puppet: Puppet) -> None:
    run = start(project)
    work_off(run)
    assert work([*job_ids(run), 2**40]) == 0
    assert len(puppet.asked) == 5


def test_a_run_without_rules_or_pairs_is_refused(project: Project, puppet: Puppet) -> None:
    with refused("no_rules"):
        start(project)
    make_rule_base()
    with refused("no_pairs"):
        start(project)
    with pytest.raises(registry.UnknownModel, match="oracle"):
        make_pair(project=project)
        runs.start_run(project, None, Wish("oracle"))


def test_progress_counts_what_is_done_and_how_fast(project: Project, pairs: list[Pair], puppet: Puppet) -> None:
    run = start(project)
    work(job_ids(run)[:2])
    progress = run_progress.progress(run)
    assert (progress.ok, progress.left, progress.done) == (2, 3, 2)
    assert progress.rate == pytest.approx(2.0, rel=0.5)  # 2 in the first second or so
    assert progress.seconds_left == pytest.approx(3 / progress.rate)
    assert not progress.terminal


def test_starting_takes_the_same_number_of_queries_for_any_number_of_pairs(
    project: Project, pairs: list[Pair], puppet: Puppet, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(45):  # eleven of them make the model the project's active one
        start(project)


def test_a_batch_is_worked_in_a_fixed_number_of_queries(
    project: Project, pairs: list[Pair], puppet: Puppet, django_assert_max_num_queries: Any
) -> None:
    run = start(project)
    work(job_ids(run)[:1])  # rules and lexicon are read once a process
    with django_assert_max_num_queries(24):
        work(job_ids(run)[1:])
