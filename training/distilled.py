"""The distilled tier learns from a project's labels, or from what a large model said of its pairs.

It learns from queries on the training side of the split and is measured on those of the test side, which no model of the
project ever learns from, so that an old and a new one can be compared on them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from annotation.models import Judgment, StandingJudgment
from annotation.trust.measurable import Material
from catalogue import benchmark
from catalogue.evidence import grids, lexicons, other_items
from catalogue.evidence.grids import GridSubject
from catalogue.models import Pair, Snapshot
from evaluation import comparing, measuring
from inference.distilled import learnt_models
from inference.distilled.feature_matrix import NAMES, Observed, observe
from inference.distilled.fitting import Learnt, Lesson, TooLittle, fit
from inference.models import ModelVersion, Prediction
from inference.registry import connecting, lineage, registry
from inference.registry.basis import Basis
from projects.audit import record
from projects.models import Person, Project
from relevance.chain import LABELS
from relevance.evidence import EvidenceGrid
from relevance.facts import PairFacts
from relevance.labels import Scale
from relevance.rules import RuleSpec
from relevance.splits import SPLIT_VERSION, Split, Splits, digest, digests
from relevance.vocabulary import Vocabulary
from rules.models import RuleBaseVersion
from rules.publishing import active_rule_base, specs, specs_today

Source = Literal["gold", "people", "model"]
SOURCES: tuple[Source, ...] = ("gold", "people", "model")
TOGETHER = 2000  # pairs read in one go
FEWEST_PAIRS, FEWEST_QUERIES, FEWEST_TEST = 100, 10, 20
TOGETHER = 500  # pairs that are read or asked about at once


WHY_FAILED = {
    "cannot_train": _("Nothing could be learnt."),
    "leaked_lineage": _(
        "The teacher has learnt from queries that test, so what learns from it cannot be measured by them."
    ),
}


class CannotTrain(Exception):
    """There is not enough to learn from or to measure by; the message says what is missing."""

    code = "cannot_train"


class LeakedLineage(CannotTrain):
    """The teacher has learnt from queries that test: the student would be measured by what it was told of them."""

    code = "leaked_lineage"


@dataclass(frozen=True)
class Labelled:
    """A pair with its facts, the shares of L1 to L4 to learn, and the label to be measured against (project's scale)."""

    pair: Pair
    facts: PairFacts
    shares: tuple[float, ...]
    truth: str
    split: Split


@dataclass(frozen=True)
class Lessons:
    """What was learnt from whose labels, with its figures on the test queries; no row yet."""

    source: Source
    learnt: Learnt
    vocabulary: Vocabulary
    report: Mapping[str, Any]
    families: Set[
        str
    ]  # of queries, by digest: what it learnt from, and what its teachers are known to have learnt from


@dataclass(frozen=True)
class Trained:
    version: ModelVersion
    report: Mapping[str, Any]
    promoted: bool
    why_not: str


def train(project: Project, source: Source, by: Person | None, *, promote: bool = True, seed: int = 0) -> Trained:
    """Learn, measure on the test queries, store with the report; promote where it beats the active model there.

    Raises CannotTrain.
    """
    return keep(project, learn(project, source, seed=seed), by, promote=promote)


def learn(project: Project, source: Source, *, seed: int = 0) -> Lessons:
    """What takes long: nothing of it is seen by anybody until it is kept. Raises CannotTrain."""
    rule_base = active_rule_base(project)
    if rule_base is None:
        raise CannotTrain("there are no rules yet: load the starter pack with load_rules")
    rules = specs_today(rule_base)
    splits = benchmark.splits(project)
    teachers = _teachers(project, splits) if source == "model" else {}
    labelled = _labelled(project, source, splits)
    training = [one for one in labelled if one.split == "train"]
    test, basis = _test(project, source, labelled, splits)
    _check_enough(training, test)
    basis.rule_base = rule_base.number
    vocabulary = Vocabulary.learn({one.pair.item_id: one.facts.item for one in training}.values())
    evidence = _grids(project, [*training, *test])
    seen = _observe(training, evidence, rules, vocabulary)
    targets = np.array([one.shares for one in training])
    try:
        learnt = fit(
            NAMES, Lesson(seen.features, seen.words, targets, [digest(one.facts.query) for one in training]), seed=seed
        )
    except TooLittle as error:
        raise CannotTrain(str(error)) from error
    measured = _measure(project, test, evidence, rule_base, learnt, vocabulary)
    known = {name: "unknown" if families is None else "known" for name, families in teachers.items()}
    origin = {
        "source": source,
        "split": SPLIT_VERSION,
        "teachers": known,
        "lineage": min(known.values(), default="known"),
    }
    counts = {"train_pairs": len(training), "test_pairs": len(test)}
    report = {**origin, **counts, **measured, "basis": basis.to_json()}
    families = digests(one.facts.query for one in training).union(*(seen or () for seen in teachers.values()))
    return Lessons(source, learnt, vocabulary, report, families)


def keep(project: Project, learnt: Lessons, by: Person | None, *, promote: bool) -> Trained:
    """Store what was learnt; promote it where that is wished and it beats the active model."""
    told = (learnt.learnt, learnt.vocabulary, learnt.report)
    version = learnt_models.store(project, *told, source=learnt.source, families=learnt.families, by=by)
    why_not = "not asked to" if not promote else comparing.why_not(learnt.report)
    if not why_not:
        registry.promote(version, project, by)
    record(by, "model.measured", project=project, on=version, promoted=not why_not, why_not=why_not)
    return Trained(version, learnt.report, not why_not, why_not)


def _check_enough(training: Sequence[Labelled], test: Sequence[Labelled]) -> None:
    queries = len({one.facts.query for one in training})
    if len(training) < FEWEST_PAIRS or queries < FEWEST_QUERIES:
        raise CannotTrain(
            f"{len(training)} labelled pairs of {queries} queries are too few to learn from: "
            f"{FEWEST_PAIRS} of {FEWEST_QUERIES} at least"
        )
    if len(test) < FEWEST_TEST:
        raise CannotTrain(f"{len(test)} pairs of test queries are too few to measure by: {FEWEST_TEST} at least")


def _test(
    project: Project, source: Source, labelled: Sequence[Labelled], splits: Splits
) -> tuple[list[Labelled], Basis]:
    """The pairs of test queries that measure what was learnt: by gold, as pages and commands measure the active model; only
    where there is too little of it by what people said, or by the teacher's own words. And what that is."""
    found = Material(project)
    golds = {row.pair: row for row in found.pairs if row.gold}
    by_gold, basis = list[Labelled](), Basis(lineage="known")
    for one in labelled if source == "gold" else _labelled(project, "gold", splits):
        if one.split != "test":
            basis.left_out.add("learnt" if one.split == "train" else "not_test")
        elif found.assisted(golds[one.pair.pk]):
            basis.left_out.add("assisted")
        else:
            by_gold.append(one)
            found.measured(basis, golds[one.pair.pk])
    if source == "gold" or len(by_gold) >= FEWEST_TEST:
        basis.queries = len({one.pair.query_id for one in by_gold})
        return by_gold, basis
    aided = {pk for pk, said in found.words_of.items() if any(word.unaided != word.label for word in said)}
    test = [one for one in labelled if one.split == "test" and (source == "model" or one.pair.pk not in aided)]
    test = [one for one in test if one.pair.pk not in golds or not found.assisted(golds[one.pair.pk])]
    ground = Counter(golds[one.pair.pk].ground if one.pair.pk in golds else source for one in test)
    queries = {one.pair.query_id for one in test}
    return test, Basis(lineage="known", ground=dict(ground), n=len(test), queries=len(queries))


def _labelled(project: Project, source: Source, splits: Splits) -> list[Labelled]:
    shares = {"gold": _gold, "people": _people, "model": _model}[source](project)
    pairs = Pair.objects.filter(project=project, item__current_snapshot__isnull=False)
    rows = pairs.select_related("query", "item__current_snapshot").order_by("pk").iterator(chunk_size=TOGETHER)
    found = []
    while together := list(islice(rows, TOGETHER)):
        wanted = [pair for pair in together if pair.pk in shares]
        Snapshot.read_together(pair.item.current_snapshot for pair in wanted if pair.item.current_snapshot)
        for pair in wanted:
            share = shares[pair.pk]
            top = LABELS[max(range(len(LABELS)), key=lambda n: share[n])]
            truth = pair.gold_label or project.scale.from_lore(top)
            found.append(Labelled(pair, pair.facts(), share, truth, splits.of(pair.query.text)))
    return found


def _gold(project: Project) -> dict[int, tuple[float, ...]]:
    rows = Pair.objects.filter(~Q(gold_label=""), project=project).values_list("pk", "gold_label")
    return {pk: _share(project.scale, {label: 1}) for pk, label in rows}


def _people(project: Project) -> dict[int, tuple[float, ...]]:
    """What the judges of a pair say, each with the same weight; where they differ the label is soft."""
    said: dict[int, Counter[str]] = defaultdict(Counter)
    for judgment in StandingJudgment.objects.filter(pair__project=project):
        if judgment.outcome == Judgment.Outcome.LABEL:
            said[judgment.pair_id][judgment.label] += 1
    return {pk: _share(project.scale, labels) for pk, labels in said.items()}


def _model(project: Project) -> dict[int, tuple[float, ...]]:
    """The latest posterior of a large model on the item as it is now: distillation by soft labels."""
    latest = _said_by_large_models(project).values_list("pair_id", "posterior", "label")
    return {
        pk: tuple((posterior or {label: 1.0}).get(code, 0.0) for code in LABELS)
        for pk, posterior, label in latest.iterator()
    }


def _said_by_large_models(project: Project) -> QuerySet[Prediction]:
    rows = Prediction.objects.filter(pair__project=project, status="ok", model__prompt__isnull=False)
    rows = rows.filter(snapshot=F("pair__item__current_snapshot"))
    return rows.order_by("pair_id", "-id").distinct("pair_id")


def _teachers(project: Project, splits: Splits) -> dict[str, Set[str] | None]:
    """Whose words would be learnt, and the families each has learnt from, None where nobody knows. Raises LeakedLineage."""
    told = Prediction.objects.filter(pk__in=_said_by_large_models(project).values("pk"))
    teachers = ModelVersion.objects.filter(pk__in=told.values("model")).order_by("pk")
    for teacher in teachers:
        if leaked := lineage.tests_seen(teacher, splits):
            raise LeakedLineage(
                f"the teacher {teacher} has learnt from {leaked} families of queries that test (split {SPLIT_VERSION}): what it "
                "says of them would teach the model and then measure it. Ask a model that was trained on exports of this split"
            )
    return {str(teacher): lineage.of(teacher) for teacher in teachers}


def _share(scale: Scale, labels: Mapping[str, int]) -> tuple[float, ...]:
    total = sum(labels.values())
    sums = dict.fromkeys(LABELS, 0.0)
    for label, times in labels.items():
        sums[scale.to_lore(label)] += times / total  # type: ignore[index]
    return tuple(sums.values())


def _grids(project: Project, labelled: Sequence[Labelled]) -> dict[int, EvidenceGrid]:
    lexicon = lexicons.value(lexicons.up_to_date(project).pk)
    found: dict[int, EvidenceGrid] = {}
    for start in range(0, len(labelled), TOGETHER):
        chunk = labelled[start : start + TOGETHER]
        seen = {one.pair.pk: GridSubject(one.pair.query_id, one.pair.item.snapshot_now) for one in chunk}
        made = grids.get_or_make({seen[one.pair.pk]: one.facts for one in chunk}, lexicon)
        found |= {pk: made[key].grid for pk, key in seen.items()}
    return found


def _observe(
    pairs: Sequence[Labelled], evidence: Mapping[int, EvidenceGrid], rules: Sequence[RuleSpec], vocabulary: Vocabulary
) -> Observed:
    queries = {one.pair.query_id: one.facts.asked_query for one in pairs}
    others = {queries[query_id]: items for query_id, items in other_items.of_queries(queries).items()}
    return observe([(one.facts, evidence[one.pair.pk]) for one in pairs], rules, vocabulary, others)


def _measure(
    project: Project,
    test: Sequence[Labelled],
    evidence: Mapping[int, EvidenceGrid],
    rule_base: RuleBaseVersion,
    learnt: Learnt,
    vocabulary: Vocabulary,
) -> dict[str, Any]:
    """Figures of the new model beside the cold start, the most frequent label and the active model, same pairs."""
    seen = _observe(test, evidence, specs_today(rule_base), vocabulary)
    shares = learnt.posterior(seen.features, seen.words)
    rules = specs(rule_base)
    cold = registry.register(connecting.connect(connecting.COLD_START, rules))
    active = registry.active(project)
    majority = Counter(one.truth for one in test).most_common(1)[0][0]
    return {
        **measuring.figures_of(project.scale, test, shares),
        "cold_start": measuring.figures_of(project.scale, test, measuring.shares_of(cold, project, test, rules)),
        "majority": {"label": majority, "acc": sum(one.truth == majority for one in test) / len(test)},
        "active": comparing.active_figures(project, active, test, rules),
    }
