"""The playground: one pair asked with one model and one prompt version, and two prompt versions on a sample of gold.

What is tried here is no prediction: nothing is pre-labelled, nothing opens a dispute. A trial is a job like any other, since
no web request may call a model.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from math import comb
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalogue.models import Pair
from inference.asking import Asking
from inference.engines.base import EngineError, EngineUnavailable, EngineWaiting, Question
from inference.engines.errors import refused_altogether
from inference.models import Comparison, ModelVersion, PromptVersion, Trial
from inference.pipeline import Judged
from inference.prelabel import model_context
from inference.prelabel.model_context import Briefing
from inference.prelabel.predictions import LONGEST_ANSWER
from inference.prompting import prompt_versions
from inference.prompting.rendering import render
from inference.registry import registry, runnable
from inference.registry.basis import Basis
from jobs import kinds, leasing
from jobs.kinds import PRELABEL_QUEUE, Kind
from jobs.leasing import Claim
from jobs.models import JobState
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.hooks import Hook
from projects.models import Person, Project
from projects.refusals import Refused
from relevance.metrics import report
from relevance.sanitising import storable
from rules.publishing import active_rule_base, rule_base_of, specs

MOST_PAIRS, FEWEST_PAIRS = 200, 10

# What a model was asked about these pairs is of, under a rule base by its number.
basis_of: Hook[[Project, ModelVersion, Collection[int], int | None], Basis] = Hook()
gold_to_measure: Hook[[Project, ModelVersion], list[int]] = Hook()  # pairs whose gold may measure a model
COMPARISONS = Allowance("comparison", 60, _("comparisons of prompts"))
TRIALS = Allowance("trial", 300, _("trials"))


def start_trial(pair: Pair | None, model: ModelVersion | None, prompt: PromptVersion | None, by: Person) -> Trial:
    """Ask about one pair; the page watches the job. Raises Refused."""
    if pair is None:
        raise Refused("no_pair", _("There is no such pair in this project: take its number from its page."))
    if model is None:
        raise Refused("no_model", _("Choose a model."))
    if refusal := runnable.why_not(model):
        raise refusal
    rule_base_of(pair.project)
    kinds.refuse_beyond("trial", pair.project)
    with transaction.atomic():
        allowances.spend(TRIALS, by)
        trial = Trial.objects.create(
            project=pair.project,
            pair=pair,
            snapshot_id=pair.item.snapshot_now,
            model=model,
            prompt=prompt if model.prompt_id is not None else None,
            requested_by=by,
        )
        record(by, "trial.started", project=pair.project, on=trial, model=str(model))
    return trial


def start_comparison(
    project: Project,
    model: ModelVersion | None,
    before: PromptVersion | None,
    after: PromptVersion | None,
    pairs: int,
    by: Person,
    seed: int = 0,
) -> Comparison:
    """Both versions on the same gold pairs that may measure the model, drawn at random; raises Refused."""
    if model is None or model.prompt_id is None or not before or not after or before.pk == after.pk or pairs < 1:
        raise Refused("two_prompts", _("Choose a large model, two different prompt versions and how many pairs."))
    kinds.refuse_beyond("trial", project)
    gold = [pk for found in gold_to_measure(project, model) for pk in found]
    if len(gold) < FEWEST_PAIRS:
        raise Refused("no_gold", _("Ten gold pairs at least are needed to compare two prompt versions."), status=409)
    drawn = random.Random(seed).sample(gold, min(pairs, len(gold), MOST_PAIRS))
    rows = Pair.objects.filter(pk__in=drawn).select_related("item")
    with transaction.atomic():
        allowances.spend(COMPARISONS, by)
        comparison = Comparison.objects.create(
            project=project, model=model, before=before, after=after, pairs=len(drawn), seed=seed, requested_by=by
        )
        Trial.objects.bulk_create(
            Trial(
                project=project,
                pair=pair,
                snapshot_id=pair.item.snapshot_now,
                model=model,
                prompt=prompt,
                comparison=comparison,
                requested_by=by,
            )
            for pair in rows
            for prompt in (before, after)
        )
        record(by, "comparison.started", project=project, on=comparison, pairs=len(drawn))
    return comparison


def work(claims: Sequence[Claim]) -> None:
    """See each of the claimed trials to its end."""
    with leasing.kept(Trial, claims):
        for claim in claims:
            _try(claim)


KIND = Kind("trial", _("trial"), Trial, work, PRELABEL_QUEUE, together=4, most_waiting=1000)


def _try(claim: Claim) -> None:
    trial = Trial.objects.select_related("project", "pair__query", "pair__item", "snapshot", "model", "prompt").get(
        pk=claim.job_id
    )
    try:
        fields = _ask(trial)
    except EngineWaiting as error:
        leasing.put_back(Trial, [claim], error.retry_after or 1.0)
    except EngineError as error:
        leasing.fail(trial, claim.token, error, retry=isinstance(error, EngineUnavailable))
        if error.for_all and trial.comparison_id is not None:
            _stop(trial.comparison_id)
    else:
        leasing.finish(trial, claim.token, **fields)


def _stop(comparison: int) -> None:
    """The engine would refuse each of the other pairs as well; the trial that it refused says why."""
    leasing.cancel(Trial.objects.filter(comparison=comparison))


def _ask(trial: Trial) -> dict[str, Any]:
    """Everything that was sent and said, as the fields of the trial; a cold start is the one of the rules of this moment."""
    rule_base = active_rule_base(trial.project)
    assert rule_base is not None, "a trial is started where there are rules"
    rules = specs(rule_base)
    model = registry.with_rules(trial.model, rules)
    asking = Asking(trial.project, model, rules, prompt=trial.prompt)
    (told,) = asking.brief([model_context.subject(trial.pair, trial.snapshot)])
    if not isinstance(told, Briefing):
        raise told
    question = asking.question(told)
    (judged,) = asking.judge([question])
    if isinstance(judged, EngineError):
        raise judged
    return {
        "model": model,
        "rendered": _sections(question, trial.prompt),
        "raw": storable(judged.completion.text[:LONGEST_ANSWER]),
        "judged": {**_as_json(judged), "rule_base": rule_base.number},
        "tokens_in": judged.completion.tokens_in,
        "tokens_out": judged.completion.tokens_out,
        "tokens_cached": judged.completion.tokens_cached,
        "seconds": judged.completion.seconds,
    }


def _sections(question: Question, prompt: PromptVersion | None) -> list[dict[str, Any]]:
    """The prompt of a chat model for people to look at; an engine without prompts was sent none."""
    if prompt is None:
        return []
    return [
        {**asdict(one), "tokens": one.tokens} for one in render(question, prompt_versions.value(prompt.pk)).sections
    ]


def _as_json(judged: Judged) -> dict[str, Any]:
    return {
        "status": judged.status,
        "reason": judged.reason,
        "label": judged.label,
        "mismatch": judged.mismatch,
        "posterior": dict(judged.posterior) if judged.posterior else None,
        "chain": judged.chain.model_dump(mode="json") if judged.chain is not None else None,
        "contradicts": list(judged.contradicts),
    }


@dataclass(frozen=True)
class Side:
    """One prompt version in a comparison: what it got right, what it said nothing usable about, and at what price."""

    prompt: PromptVersion
    answered: int
    unusable: int
    figures: dict[str, Any]
    tokens_in: int
    tokens_out: int
    seconds: float


@dataclass(frozen=True)
class Compared:
    """`answered_by_both`: pairs about which both said something usable. `only_after` and `only_before`: pairs that one version
    alone got right; `p`: how likely that is by chance alone (exact McNemar test, two-sided). `refusal`: what ended it before
    all was asked."""

    done: int
    total: int
    basis: Basis
    before: Side
    after: Side
    answered_by_both: int
    only_before: int
    only_after: int
    p: float
    refusal: str

    @property
    def ended(self) -> bool:
        return self.done == self.total


def compared(comparison: Comparison) -> Compared:
    trials = list(comparison.trials.select_related("pair__query").order_by("pk"))
    ended = [one for one in trials if one.state in (JobState.DONE, JobState.DEAD, JobState.CANCELLED)]
    scale = comparison.project.scale
    right: dict[int | None, set[int]] = {comparison.before_id: set(), comparison.after_id: set()}
    answered: dict[int | None, set[int]] = {comparison.before_id: set(), comparison.after_id: set()}
    for trial in ended:
        if label := (trial.judged or {}).get("label"):
            answered[trial.prompt_id].add(trial.pair_id)
            if scale.from_lore(label) == trial.pair.gold_label:
                right[trial.prompt_id].add(trial.pair_id)
    first, second = right[comparison.before_id], right[comparison.after_id]
    return Compared(
        done=len(ended),
        total=len(trials),
        basis=_basis(comparison, ended),
        before=_side(comparison.before, ended, comparison.project),
        after=_side(comparison.after, ended, comparison.project),
        answered_by_both=len(answered[comparison.before_id] & answered[comparison.after_id]),
        only_before=len(first - second),
        only_after=len(second - first),
        p=mcnemar(len(first - second), len(second - first)),
        refusal=next((one.error for one in ended if refused_altogether(one.error)), ""),
    )


def _basis(comparison: Comparison, ended: Sequence[Trial]) -> Basis:
    """What both sides are of: the pairs that were asked about; no rule base where they were asked under several."""
    bases = {one.judged.get("rule_base") for one in ended if one.judged is not None}
    rule_base = bases.pop() if len(bases) == 1 else None
    (basis,) = basis_of(comparison.project, comparison.model, {one.pair_id for one in ended}, rule_base)
    return basis


def _side(prompt: PromptVersion, trials: Sequence[Trial], project: Project) -> Side:
    own = [trial for trial in trials if trial.prompt_id == prompt.pk]
    usable = [trial for trial in own if (trial.judged or {}).get("label")]
    rows = [
        (one.pair.query_id, one.pair.gold_label, project.scale.from_lore((one.judged or {})["label"]), None)
        for one in usable
    ]
    return Side(
        prompt=prompt,
        answered=len(usable),
        unusable=len(own) - len(usable),
        figures=report(project.scale, rows).to_json() if rows else {},
        tokens_in=sum(one.tokens_in for one in own),
        tokens_out=sum(one.tokens_out for one in own),
        seconds=sum(one.seconds for one in own),
    )


def mcnemar(first: int, second: int) -> float:
    """Two-sided exact p of so uneven a split of the pairs on which two answers differ."""
    n = first + second
    tail = sum(comb(n, k) for k in range(min(first, second) + 1))
    return min(1.0, float(2 * tail / 2**n))
