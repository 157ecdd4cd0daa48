"""What may measure a model, and what a figure is of: whose words, which gold, which predictions, and what was left out.

Three things never measure a model: queries that it has learnt from (of one that learnt, only those that test do), labels
that people gave with the label of a model in view, and what it said under older rules. All are counted, and told by every
figure. Knows no figure itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from annotation.models import Gold
from catalogue import benchmark
from database.statements import array_of, planned_for_its_values, rows, statement
from inference.models import LearntModel, ModelVersion, Prediction
from inference.registry import lineage, registry
from inference.registry.basis import Basis
from projects.models import Project
from relevance.splits import Splits, digest
from rules.publishing import active_rule_base

_WORDS = statement(__file__, "words")
_PAIRS = statement(__file__, "measurable_pairs")


class Word(NamedTuple):
    """What a judge says of a pair: `label` stands now, `unaided` is the last before a model's label was in view; '' is
    "cannot tell", None is that there was none. `mode` is how the unaided one was asked for."""

    query: int
    pair: int
    judge: int
    imported: bool
    label: str
    mode: str | None
    unaided: str | None


class MeasurablePair(NamedTuple):
    """A pair that has gold or was judged. `label` and `posterior` are what the active model says, in LORE's labels; `older`:
    it says nothing, one before it did. `needed`: of a consensus, how many words the gold rests on."""

    pair: int
    query: int
    text: str
    gold: str
    ground: str
    needed: int
    label: str | None
    posterior: str | None
    rule_base: int | None
    older: bool

    @property
    def shares(self) -> dict[str, float] | None:
        return orjson.loads(self.posterior) if self.posterior else None


class Exposure:
    """What a model has learnt from, in whatever project, as a measure of it in this one must know. `lineage`: none (a cold
    start learns nothing), known, unknown (nobody has said), another_split (it may have seen any query)."""

    def __init__(self, model: ModelVersion | None, project: Project | None) -> None:
        self._project = project
        self.families = lineage.of(model) if model is not None else None
        if model is None or model.cold_start:
            self.lineage = "none"
        elif lineage.learnt_by_another_split(model):
            self.lineage = "another_split"
        elif self.families is not None or LearntModel.objects.filter(version=model).exists():
            self.lineage = "known"
        else:
            self.lineage = "unknown"

    @cached_property
    def _splits(self) -> Splits:
        return benchmark.splits(self._project) if self._project is not None else Splits()

    def why_not(self, query: str) -> str:
        """Why pairs of this query do not measure the model: `learnt`, `not_test`, or nothing."""
        if self.lineage == "another_split":
            return "learnt"
        if self.lineage != "known":
            return ""
        family = digest(query)
        # A model whose families nobody told learnt where another benchmark was held out, or none: its share alone tells.
        if family in self.families if self.families is not None else Splits().of_digest(family) == "train":
            return "learnt"
        return "" if self._splits.of_digest(family) == "test" else "not_test"


class Material:
    """What the figures of a project are made of, read when it is first asked for: of every `one_in`-th query, or of the
    pairs `only`. About 1.4 KB of memory a judged pair."""

    def __init__(self, project: Project, one_in: int = 1, *, only: Iterable[int] | None = None) -> None:
        self.project = project
        self.one_in = one_in
        self.only = None if only is None else array_of(only)

    @cached_property
    def words(self) -> list[Word]:
        return [Word._make(row) for row in self._rows(_WORDS)]

    @cached_property
    def words_of(self) -> Mapping[int, list[Word]]:
        """By pair."""
        found: dict[int, list[Word]] = defaultdict(list)
        for word in self.words:
            found[word.pair].append(word)
        return found

    @cached_property
    def pairs(self) -> list[MeasurablePair]:
        rated = {word.pair for word in self.words if word.imported}  # `judged` does not tell of what files brought
        params = {"older": array_of(registry.older(self.project)), "rated": array_of(rated)}
        return [MeasurablePair._make(row) for row in self._rows(_PAIRS, **params)]

    @cached_property
    def model(self) -> ModelVersion | None:
        return registry.active(self.project)

    @cached_property
    def exposure(self) -> Exposure:
        return Exposure(self.model, self.project)

    @cached_property
    def rule_base_now(self) -> int | None:
        base = active_rule_base(self.project)
        return base.number if base is not None else None

    @cached_property
    def rule_base(self) -> int | None:
        """Predictions under it measure: the project's own, while nothing is predicted under that the newest before."""
        return newest_rules((row.rule_base for row in self.pairs), self.rule_base_now)

    def assisted(self, row: MeasurablePair) -> bool:
        """Whether a gold label rests on words that were said with a model's label in view: without them there would be no
        such consensus. Gold by adjudication or import stands on its own."""
        if row.ground != Gold.Ground.CONSENSUS:
            return False
        said = Counter(word.unaided for word in self.words_of.get(row.pair, ()) if word.unaided is not None)
        return said[row.gold] < row.needed or len(said) > 1

    def measured(self, basis: Basis, row: MeasurablePair) -> None:
        """One more gold pair measures: told to the basis, with the modes of what its consensus rests on."""
        words = self.words_of.get(row.pair, ()) if row.ground == Gold.Ground.CONSENSUS else ()
        basis.measured(row.ground, [word.mode for word in words if word.unaided == row.gold])

    def why_not(self, row: MeasurablePair, *, gold: bool) -> str:
        """Why a pair does not measure the active model: a name of LeftOut, "unanswered", or nothing where it does."""
        if row.label is None and not row.older:
            return "unanswered"
        if why := self.exposure.why_not(row.text):
            return why
        if gold and self.assisted(row):
            return "assisted"
        return "stale" if row.label is None or row.rule_base != self.rule_base else ""

    def basis(self, of: str = "gold") -> Basis:
        """Of the active model, with nothing measured yet."""
        return Basis(
            model=str(self.model or ""),
            lineage=self.exposure.lineage,
            rule_base=self.rule_base,
            rule_base_now=self.rule_base_now,
            of=of,
        )

    def _rows(self, asked: str, **params: Any) -> list[tuple[Any, ...]]:
        with planned_for_its_values():
            return rows(asked, **params, project=self.project.pk, one_in=self.one_in, only=self.only)


def gold_to_measure(project: Project, model: ModelVersion) -> list[int]:
    """The gold pairs that may measure a model, whatever it has said of them so far; oldest first."""
    found, exposure = Material(project), Exposure(model, project)
    gold = [row for row in found.pairs if row.gold and not exposure.why_not(row.text)]
    return sorted(row.pair for row in gold if not found.assisted(row))


def basis_of(project: Project, model: ModelVersion, pairs: Iterable[int], rule_base: int | None) -> Basis:
    """Of what a model was asked about these pairs, no prediction of the project, held against their gold as it is now."""
    found = Material(project, only=pairs)
    basis = Basis(str(model), Exposure(model, project).lineage, rule_base, found.rule_base_now)
    gold = [row for row in found.pairs if row.gold]
    for row in gold:
        found.measured(basis, row)
    basis.queries = len({row.query for row in gold})
    return basis


def ages(project: Project, predictions: Iterable[Prediction]) -> dict[int, str]:
    """Why a prediction is not what the project takes its model to say now, by its key: it is by an `older_model`, by a
    `candidate` that never judged here, of an `older_item`, its content before, or under `older_rules`; one that is none of
    these is not named."""
    active, base = registry.active(project), active_rule_base(project)
    older, found = registry.older(project), dict[int, str]()
    for row in predictions:
        if active is None or row.model_id != active.pk:
            found[row.pk] = "older_model" if row.model_id in older else "candidate"
        elif row.snapshot_id != row.pair.item.current_snapshot_id:
            found[row.pk] = "older_item"
        elif base is not None and row.rule_base_id != base.pk:
            found[row.pk] = "older_rules"
    return found


def newest_rules(used: Iterable[int | None], now: int | None) -> int | None:
    """The rule base whose predictions measure, of those that were used."""
    known: Collection[int] = {number for number in used if number is not None}
    return now if now in known else max(known, default=now)
