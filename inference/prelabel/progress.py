"""How far a pre-label run has come: counts by state, pace, time left, and why what failed has failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from django.db.models import CharField, Count, DurationField, ExpressionWrapper, F, Func, Min, Q, QuerySet, Sum, Value
from django.utils.translation import gettext as _

from database.clock import ClockTimestamp
from inference import unanswered
from inference.models import ModelVersion, PrelabelAttempt, PrelabelJob, PrelabelRun
from inference.prelabel import stopping
from inference.prelabel.stopping import Stopped
from jobs import failures
from jobs.leasing import LIVE
from jobs.models import JobState
from projects.hooks import Hook
from projects.models import Project
from projects.refusals import TotalFailure

WINDOW = timedelta(seconds=60)

disputes_with_the_model: Hook[[Project], int] = Hook()  # how many are open: promoting another model ends them


class RunFailure(NamedTuple):
    """`kind`: invalid (the model answered, unusably), failed (will be tried again) or dead. `said` is behind one of the errors."""

    kind: str
    code: str
    pairs: int
    sentence: str
    said: str = ""


class RunCost(NamedTuple):
    """Of every try of a run, successful or not: tokens, those of them served from the prefix cache, engine seconds."""

    tokens_in: int
    tokens_out: int
    tokens_cached: int
    seconds: float


@dataclass(frozen=True)
class RunProgress:
    pairs: int
    reused: int
    ok: int
    invalid: int
    states: Mapping[str, int]
    rate: float | None  # jobs ended per second over the last minute
    seconds: float  # since the run was asked for, until its last job ended
    reasons: tuple[RunFailure, ...]
    cancelled: bool  # by a person
    stopped: Stopped | None  # by its engine
    cost: RunCost
    invalid_before: Mapping[str, int]  # of those reused, the answers that were unusable, by reason

    @property
    def done(self) -> int:
        """Pairs that need no more work, for whatever reason."""
        return self.pairs - self.left - self.waiting

    @property
    def waiting(self) -> int:
        """Pairs that its engine was not asked about before it refused: somebody goes on with them."""
        return self.states.get(JobState.CANCELLED, 0) if self.stopped is not None else 0

    @property
    def left(self) -> int:
        return sum(self.states.get(state, 0) for state in LIVE)

    @property
    def dead(self) -> int:
        return self.states.get(JobState.DEAD, 0)

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """State, its name and how many, in the order of a job's life; states that nothing is in are left out."""
        waits = {JobState.CANCELLED: _("not asked yet")} if self.waiting else {}
        return [(s.value, waits.get(s, str(s.label)), self.states[s]) for s in JobState if self.states.get(s)]

    @property
    def failed(self) -> int:
        return self.dead + self.states.get(JobState.FAILED, 0)

    @property
    def terminal(self) -> bool:
        return self.left == 0

    @property
    def seconds_left(self) -> float | None:
        return self.left / self.rate if self.rate else None


def progress(run: PrelabelRun) -> RunProgress:
    """Three queries over the jobs of one run."""
    rows = PrelabelJob.objects.filter(run=run)
    recently = Q(finished_at__gt=ClockTimestamp() - WINDOW, state=JobState.DONE)
    counted = list(rows.values("state").annotate(n=Count("pk"), recent=Count("pk", filter=recently)).order_by())
    states = {row["state"]: row["n"] for row in counted}
    answers = _answers(rows, run)
    age, span = _times(run)
    recent = sum(row["recent"] for row in counted)
    return RunProgress(
        pairs=run.pairs,
        reused=run.reused + answers.reused,
        ok=answers.ok,
        invalid=sum(answers.invalid.values()),
        states=states,
        rate=recent / max(1.0, min(age, WINDOW.total_seconds())) if recent else None,
        seconds=span if sum(states.get(state, 0) for state in LIVE) == 0 else age,
        reasons=(*_unusable(answers.invalid), *_failures(rows)),
        cancelled=run.cancelled_at is not None and not run.refusal,
        stopped=stopping.of(run),
        cost=_cost(run),
        invalid_before=answers.invalid_before,
    )


def why_nothing(run: PrelabelRun, seen: RunProgress) -> TotalFailure | None:
    """The reason that most pairs share, where the run has ended and no pair has an answer that can be used; why its engine
    stopped it, whatever was answered before."""
    if seen.stopped is not None:
        return seen.stopped.failure
    usable = seen.ok + seen.reused - sum(seen.invalid_before.values())
    reasons = Counter({(one.kind, one.code): one.pairs for one in seen.reasons})
    reasons.update({("invalid", code): pairs for code, pairs in seen.invalid_before.items()})
    if usable or seen.cancelled or not seen.terminal or not reasons:
        return None
    [((kind, code), pairs)] = reasons.most_common(1)
    reason = unanswered.why_invalid(code) if kind == "invalid" else _died_of(run, code)
    said = _("0 of %(pairs)s pairs got an answer that can be used. %(shared)s of them: %(reason)s")
    return TotalFailure(code or "invalid", said % {"pairs": seen.pairs, "reason": reason, "shared": pairs})


def _died_of(run: PrelabelRun, code: str) -> str:
    """The words of one of them stand for all: they tell what the model's server said."""
    dead = PrelabelJob.objects.filter(run=run, state=JobState.DEAD, error__startswith=code).order_by("pk")
    return failures.of(dead.values_list("error", flat=True).first() or code).words


class _Answers(NamedTuple):
    ok: int
    invalid: Mapping[str, int]
    reused: int  # asked for as jobs, answered by a prediction that was there before the run
    invalid_before: Mapping[str, int]  # of those


def _answers(rows: QuerySet[PrelabelJob], run: PrelabelRun) -> _Answers:
    before = Q(prediction__created_at__lt=run.created_at)
    found = (
        rows.filter(state=JobState.DONE)
        .values("prediction__status", "prediction__reason")
        .annotate(new=Count("pk", filter=~before), old=Count("pk", filter=before))
        .order_by("prediction__reason")
    )
    ok = sum(row["new"] for row in found if row["prediction__status"] == "ok")
    invalid = {r["prediction__reason"]: r["new"] for r in found if r["prediction__status"] == "invalid" and r["new"]}
    before_too = {r["prediction__reason"]: r["old"] for r in found if r["prediction__status"] == "invalid" and r["old"]}
    return _Answers(ok, invalid, sum(row["old"] for row in found), before_too)


def _unusable(invalid: Mapping[str, int]) -> list[RunFailure]:
    return [RunFailure("invalid", code, n, unanswered.why_invalid(code)) for code, n in invalid.items()]


def _failures(rows: QuerySet[PrelabelJob]) -> list[RunFailure]:
    """By the code before the colon of the error, with what one of them says behind it."""
    code = Func(F("error"), Value(":"), Value(1), function="split_part", output_field=CharField())
    found = (
        rows.filter(state__in=[JobState.FAILED, JobState.DEAD])
        .values("state", code=code)
        .annotate(n=Count("pk"), said=Min("error"))
        .order_by("state", "-n")[:20]
    )
    told = [(row, failures.of(row["said"])) for row in found]
    return [RunFailure(row["state"], row["code"], row["n"], why.sentence, why.said) for row, why in told]


def _cost(run: PrelabelRun) -> RunCost:
    found = PrelabelAttempt.objects.filter(job__run=run).aggregate(
        tokens_in=Sum("tokens_in"),
        tokens_out=Sum("tokens_out"),
        tokens_cached=Sum("tokens_cached"),
        seconds=Sum("seconds"),
    )
    return RunCost(**{name: value or 0 for name, value in found.items()})


def _times(run: PrelabelRun) -> tuple[float, float]:
    """Seconds since the run was asked for, and until its last job ended, by the database's clock."""
    age = ExpressionWrapper(ClockTimestamp() - F("created_at"), output_field=DurationField())
    row = PrelabelRun.objects.filter(pk=run.pk).values_list(age, "created_at").get()
    last = PrelabelJob.objects.filter(run=run, finished_at__isnull=False).order_by("-finished_at")
    ended = last.values_list("finished_at", flat=True).first()
    return row[0].total_seconds(), (ended - row[1]).total_seconds() if ended else 0.0


class Summary(NamedTuple):
    """A run in one line of a list."""

    run: PrelabelRun
    left: int
    dead: int
    waiting: int  # that its engine was not asked about before it refused

    @property
    def done(self) -> int:
        return self.run.pairs - self.left - self.waiting

    @property
    def state(self) -> str:
        if self.run.refusal:
            return JobState.DEAD
        if self.run.cancelled_at is not None:
            return JobState.CANCELLED
        return JobState.RUNNING if self.left else JobState.DEAD if self.dead else JobState.DONE

    @property
    def state_name(self) -> str:
        return _("stopped") if self.run.refusal else str(JobState(self.state).label)


def summaries(runs: Sequence[PrelabelRun]) -> list[Summary]:
    """One query for a page of runs; it reads an index alone."""
    rows = PrelabelJob.objects.filter(run__in=runs).exclude(state=JobState.DONE)
    counted = rows.values_list("run_id", "state").annotate(n=Count("pk")).order_by()
    counts = {(run_id, state): n for run_id, state, n in counted}

    def of(run: PrelabelRun, *states: JobState) -> int:
        return sum(counts.get((run.pk, state), 0) for state in states)

    return [
        Summary(run, of(run, *LIVE), of(run, JobState.DEAD), of(run, JobState.CANCELLED) if run.refusal else 0)
        for run in runs
    ]


def dead_jobs(run: PrelabelRun, limit: int = 50) -> list[PrelabelJob]:
    rows = PrelabelJob.objects.filter(run=run, state=JobState.DEAD).select_related("pair__query", "snapshot")
    return list(rows.order_by("pk")[:limit])


def carry(project: Project, model: ModelVersion) -> int:
    """How many pairs of a project carry a valid answer of a model, about the item as it is now."""
    answered = PrelabelJob.objects.filter(run__project=project, run__model=model, prediction__status="ok")
    now = answered.filter(snapshot=F("pair__item__current_snapshot"))
    return now.aggregate(pairs=Count("pair", distinct=True))["pairs"] or 0
