"""A draft of the rules tried by a model on a sample of pairs: what its words would flip, where no machine can check them.

A pair can be judged otherwise only if its prompt holds other rules under the draft than under its base: it is *concerned*.
All stored pairs are looked at for that; of the concerned ones a sample is drawn, in strata by the label that the draft's
base gives by machine, each in proportion to its size. The same model is asked about each pair under both sets, with the
same knowledge, guideline and picture.

The share of flips among the concerned pairs is the strata's, weighted by their size; its 95 % interval comes from draws of
each stratum's share from a Beta(flips + 1/2, rest + 1/2) (Jeffreys), so that no flip in a small sample is not called none.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.db.models import Avg, Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from annotation.models import BackTest
from annotation.standard import backtesting
from annotation.standard.backtesting import BackTestTally, Stored, stored_pairs
from annotation.standard.rule_effects import Effect
from catalogue.models import Pair, Snapshot
from inference.asking import Asking
from inference.engines.base import EngineError
from inference.engines.errors import unless_refused
from inference.models import ModelVersion, Prediction
from inference.pipeline import Judged
from inference.prelabel import model_context
from inference.prompting.rendering import reasons_text, rules_text
from jobs import leasing
from jobs.kinds import PRELABEL_QUEUE, Kind, single
from projects.models import Project
from relevance.deciding import decide
from relevance.resampling import Figure
from relevance.routing import IN_A_PROMPT, RoutedRule, routed_rules
from relevance.rules import RuleSpec, fired_rules, in_force
from rules import drafting
from rules.models import RuleDraft
from rules.publishing import specs

FEWEST, USUAL, MOST = 20, 200, 2000  # pairs of a sample
TOGETHER = 16  # pairs asked about between two reports of progress
LOOKED_BACK = 500  # answers from which a model's price is told
DRAWS = 4000


class BackTestCost(NamedTuple):
    """What a test of so many pairs takes at most, by the model's last answers (None: it has not answered yet), and how
    far the share of flips may then be off, either way."""

    questions: int
    tokens_in: int | None
    tokens_out: int | None
    seconds: float | None
    within: float


@dataclass
class Stratum:
    """The concerned pairs to which the base's rules give one label, and a fair sample of them (reservoir)."""

    size: int = 0
    kept: list[Stored] = field(default_factory=list)
    asked: int = 0
    flips: int = 0

    def see(self, stored: Stored, most: int, chance: random.Random) -> None:
        self.size += 1
        if len(self.kept) < most:
            self.kept.append(stored)
        elif (place := chance.randrange(self.size)) < most:
            self.kept[place] = stored

    def narrow(self, wanted: int, chance: random.Random) -> None:
        """Fewer of them, by lot: the places of a reservoir are not alike, early pairs stay where they came."""
        self.kept = chance.sample(self.kept, wanted)


def cost(model: ModelVersion, pairs: int) -> BackTestCost:
    last = Prediction.objects.filter(model=model, status="ok").order_by("-pk")[:LOOKED_BACK]
    told = last.aggregate(
        n=Count("pk"), tokens_in=Avg("tokens_in"), tokens_out=Avg("tokens_out"), seconds=Avg("seconds")
    )
    questions, known = 2 * pairs, bool(told["n"])
    return BackTestCost(
        questions,
        round(questions * told["tokens_in"]) if known else None,
        round(questions * told["tokens_out"]) if known else None,
        questions * told["seconds"] if known else None,
        1.96 * 0.5 / float(np.sqrt(pairs)),
    )


def work(pk: int, token: UUID) -> None:
    """See a claimed test to its end; quietly gives up when it was cancelled or taken over."""
    test = BackTest.objects.select_related("project", "draft__base", "model").get(pk=pk)

    def report(seen: int, total: int) -> bool:
        fields = {"seen": seen, "total": total}
        return leasing.renew(test, token) and bool(leasing.held_by(BackTest, pk, token).update(**fields))

    with leasing.kept(BackTest, {pk: token}):
        after = drafting.specs_of(test.draft)
        try:
            result = run(test, specs(test.draft.base), after, report)
        except EngineError as error:
            leasing.fail(test, token, error, retry=not error.for_all)
            return
        if result is None:
            return
        if drafting.digest_of_draft(RuleDraft.objects.select_related("base").get(pk=test.draft_id)) != test.digest:
            leasing.fail(test, token, backtesting.DraftChanged(), retry=False)
        else:
            leasing.finish(test, token, seen=result["pairs"], total=result["pairs"], result=result)


KIND = Kind(
    "back_test_with_a_model",
    gettext_lazy("Back-test with a model"),
    BackTest,
    single(work),
    PRELABEL_QUEUE,
    only=Q(kind=BackTest.Kind.MODEL),
    most_waiting=10,
)


def run(
    test: BackTest,
    before: Sequence[RuleSpec],
    after: Sequence[RuleSpec],
    report: Callable[[int, int], bool] = lambda _seen, _total: True,
) -> dict[str, Any] | None:
    """The result as it is stored; None where `report` says to stop. Raises the engine's error where nothing was answered, or
    it refuses all alike."""
    assert test.model is not None and test.sample is not None, "a_sample_needs_a_model"
    today = timezone.localdate()
    first, second = in_force(before, today), in_force(after, today)
    strata, stored_total = concerned(test.project, first, second, test.sample, seed=test.pk)
    drawn = [(stratum, stored) for stratum in strata for stored in stratum.kept]
    sides = Asking(test.project, test.model, before), Asking(test.project, test.model, after)
    truth, tally = backtesting.Measures(test.project, test.model), BackTestTally(test.project.scale)
    given, failures = list[Judged](), list[EngineError]()
    for start_at in range(0, len(drawn), TOGETHER):
        if not report(start_at, len(drawn)):
            return None
        some = drawn[start_at : start_at + TOGETHER]
        truth.read(stored for _stratum, stored in some)
        answers = _asked([stored for _stratum, stored in some], *sides)
        for (stratum, stored), (told, told_after) in zip(some, answers, strict=True):
            failures += [one for one in (told, told_after) if isinstance(one, EngineError)]
            given += [one for one in (told, told_after) if isinstance(one, Judged)]
            if isinstance(told, EngineError) or isinstance(told_after, EngineError):
                continue
            if told.label and told_after.label:
                tally.add(stored, Effect(told.label, told_after.label, None, None), *truth.of(stored))
                stratum.asked += 1
                stratum.flips += told.label != told_after.label
    if drawn and not tally.pairs and failures:
        raise failures[0]
    tally.basis = truth.basis
    tally.without_grid = max(0, test.project.pairs.count() - stored_total)
    whole = sum(stratum.size for stratum in strata)
    return {
        **backtesting.result_of(tally),
        "stored": stored_total,
        "concerned": whole,
        "unanswered": len(drawn) - tally.pairs,
        "unanswered_by_reason": dict(Counter(one.reason for one in given if not one.label).most_common()),
        "flip_share": flip_share(strata).to_json(),
        "tokens_in": sum(one.completion.tokens_in for one in given),
        "tokens_out": sum(one.completion.tokens_out for one in given),
        "seconds": round(sum(one.completion.seconds for one in given), 1),
    }


def concerned(
    project: Project, before: Sequence[RuleSpec], after: Sequence[RuleSpec], sample: int, *, seed: int
) -> tuple[list[Stratum], int]:
    """The strata of the concerned pairs, each with its part of the sample; and how many pairs were looked at."""
    held = [{_read(spec): spec for spec in specs} for specs in (before, after)]
    differ = [spec for one, other in (held, held[::-1]) for read, spec in one.items() if read not in other]
    chance, strata, looked_at = random.Random(seed), dict[str, Stratum](), 0
    for stored in stored_pairs(project):
        looked_at += 1
        if not any(spec.covers(stored.facts) for spec in differ):
            continue
        query = stored.facts.query
        told = [_told(routed_rules(stored.facts, stored.grid, rules, IN_A_PROMPT), query) for rules in (before, after)]
        if told[0] == told[1]:
            continue
        label = decide(stored.grid, fired_rules(stored.facts, stored.grid, before)).label
        strata.setdefault(label, Stratum()).see(stored, sample, chance)
    found = [strata[label] for label in sorted(strata)]
    for stratum, wanted in zip(found, shares([one.size for one in found], sample), strict=True):
        stratum.narrow(wanted, chance)
    return found, looked_at


def _told(rules: Sequence[RoutedRule], query: str) -> tuple[str, str]:
    return rules_text(rules, query), reasons_text(rules, query)


def _read(spec: RuleSpec) -> tuple[object, ...]:
    """What decides whether a prompt holds the rule, and the words it then holds (inference.prompting.rendering)."""
    return (
        spec.code, spec.dimension, spec.scope_categories, spec.scope_queries, spec.when, spec.precedence, *spec.statement.values(),
    )  # fmt: skip


def shares(sizes: Sequence[int], sample: int) -> list[int]:
    """A sample split over strata in proportion to their sizes, by largest remainder; all of it where it is large enough."""
    whole = sum(sizes)
    if whole <= sample:
        return list(sizes)
    exact = [sample * size / whole for size in sizes]
    given = [int(one) for one in exact]
    by_remainder = sorted(range(len(sizes)), key=lambda n: given[n] - exact[n])
    for n in by_remainder[: sample - sum(given)]:
        given[n] += 1
    return given


def flip_share(strata: Iterable[Stratum]) -> Figure:
    asked = [one for one in strata if one.asked]
    n, whole = sum(one.asked for one in asked), sum(one.size for one in asked)
    if not n:
        return Figure(None, None, None, 0)
    value = sum(one.size * one.flips / one.asked for one in asked) / whole
    generator = np.random.default_rng(n)
    draws = sum(one.size / whole * generator.beta(one.flips + 0.5, one.asked - one.flips + 0.5, DRAWS) for one in asked)
    low, high = np.percentile(draws, (2.5, 97.5))
    return Figure(value, min(float(low), value), max(float(high), value), n)


def _asked(
    some: Sequence[Stored], before: Asking, after: Asking
) -> list[tuple[Judged | EngineError, Judged | EngineError]]:
    """Both answers on each pair, told the same beside the rules: as pre-labelling would tell it now."""
    rows = Pair.objects.select_related("query", "item__current_snapshot").in_bulk([one.pair_id for one in some])
    Snapshot.read_together(row.item.current_snapshot for row in rows.values() if row.item.current_snapshot)
    told = before.brief([model_context.subject(rows[one.pair_id]) for one in some])
    first = unless_refused(before.answers(told))
    return list(zip(first, unless_refused(after.answers(told)), strict=True))
