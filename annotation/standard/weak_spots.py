"""Where the standard is weak: how often people, and people and model, differ over a rule, and in which regions.

A pair rests on the rules that its people's standing judgments cite and on those that its standing prediction's chain names,
in whatever version. People differ over it where two standing judgments do not say the same; people and model differ where
a standing judgment that was given without a model's label in view says otherwise than the prediction, read in the
project's scale. A region is a dimension, of those
rules or of a named mismatch, and the first part of the item's category.

Looked at are the LOOKED_AT judgments and the LOOKED_AT predictions that came last: what a rule owner changes is how people
judge now.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection, transaction

from catalogue.models import Pair
from database.statements import statement
from inference.models import ModelVersion
from inference.registry import registry
from projects.models import Project
from relevance.dimensions import Dimension
from relevance.rules import RuleSpec
from relevance.shares import wilson
from rules.publishing import active_rule_base, specs

LOOKED_AT = 50_000
TOGETHER = 2000
BINS = 10  # of confidence, from 0 to 1

_PAIRS = statement(__file__, "pairs_seen")


class Region(NamedTuple):
    dimension: Dimension
    category: str


class PairOpinions(NamedTuple):
    """A pair, as far as it tells of the standard. `said` are people's labels (empty: cannot tell), `unaided` those of them that
    were given without a model's label in view, `told` the model's, in the project's scale; empty where nobody said anything."""

    pair_id: int
    rules: tuple[str, ...]
    regions: tuple[Region, ...]
    said: tuple[str, ...]
    unaided: tuple[str, ...]
    none_fits: int
    told: str
    confidence: float | None

    def untold(self) -> PairOpinions:
        """For whoever may yet judge or settle the pair."""
        return self._replace(rules=(), said=(), unaided=(), none_fits=0, told="", confidence=None)

    @property
    def by_two(self) -> bool:
        return len(self.said) > 1

    @property
    def people_differ(self) -> bool:
        return len(set(self.said)) > 1

    @property
    def by_both(self) -> bool:
        return bool(self.unaided and self.told)

    @property
    def model_differs(self) -> bool:
        return self.by_both and any(label != self.told for label in self.unaided)

    @property
    def disputed(self) -> bool:
        return self.people_differ or self.model_differs


@dataclass
class SpotTally:
    """What the pairs of a rule, or of a region, tell. Shares are None where there is nothing to divide by."""

    pairs: int = 0
    judgments: int = 0
    none_fits: int = 0
    by_two: int = 0
    people_differ: int = 0
    by_both: int = 0
    model_differs: int = 0
    comparable: int = 0
    disputed: int = 0
    unsure: int = 0  # confidence below the project's cut
    confidence: list[int] = field(default_factory=lambda: [0] * BINS)

    def add(self, seen: PairOpinions, cut: float) -> None:
        self.pairs += 1
        self.judgments += len(seen.said)
        self.none_fits += seen.none_fits
        self.by_two += seen.by_two
        self.people_differ += seen.people_differ
        self.by_both += seen.by_both
        self.model_differs += seen.model_differs
        self.comparable += seen.by_two or seen.by_both
        self.disputed += seen.disputed
        if seen.confidence is not None:
            self.unsure += seen.confidence < cut
            self.confidence[min(int(seen.confidence * BINS), BINS - 1)] += 1

    @property
    def people_rate(self) -> float | None:
        return _share(self.people_differ, self.by_two)

    @property
    def model_rate(self) -> float | None:
        return _share(self.model_differs, self.by_both)

    @property
    def rate(self) -> float | None:
        return _share(self.disputed, self.comparable)

    @property
    def none_fits_share(self) -> float | None:
        return _share(self.none_fits, self.judgments)

    @property
    def unsure_share(self) -> float | None:
        return _share(self.unsure, sum(self.confidence))

    @property
    def spread(self) -> list[float]:
        """The confidences' histogram, the highest bin as 1."""
        highest = max(self.confidence)
        return [count / highest for count in self.confidence] if highest else []

    @property
    def at_least(self) -> float:
        """The lower end of the dispute rate's 95 % interval (Wilson 1927): by it one orders, so that two pairs of which
        one is disputed do not lead a list."""
        return wilson(self.disputed, self.comparable)[0]


class WeakRule(NamedTuple):
    """`spec` None: no longer in the rule base that the project judges by. `coverage`: the share of pairs that rest on it."""

    code: str
    spec: RuleSpec | None
    tally: SpotTally
    coverage: float


class WeakRegion(NamedTuple):
    """`rule`: the code of the dimension's rule on which most of its disputed pairs rest; empty where they rest on none."""

    region: Region
    tally: SpotTally
    rule: str


class WeakSpots(NamedTuple):
    """Rules and regions, the surely most disputed first; rules that no pair rests on are in `unused`. `model` is who is meant
    by the model: None where none answers in the project."""

    pairs: int
    model: ModelVersion | None
    rules: list[WeakRule]
    regions: list[WeakRegion]
    unused: list[RuleSpec]


def weak_spots(project: Project) -> WeakSpots:
    known = _known(project)
    by_rule: dict[str, SpotTally] = {}
    by_region: dict[Region, SpotTally] = {}
    rules_of: dict[Region, Counter[str]] = defaultdict(Counter)
    pairs = 0
    for seen in pairs_seen(project):
        pairs += 1
        for code in seen.rules:
            by_rule.setdefault(code, SpotTally()).add(seen, project.confidence_cut)
        for region in seen.regions:
            by_region.setdefault(region, SpotTally()).add(seen, project.confidence_cut)
            if seen.disputed or seen.none_fits:
                own = (code for code in seen.rules if code in known and known[code].dimension is region.dimension)
                rules_of[region].update(own)
    rules = [WeakRule(code, known.get(code), tally, tally.pairs / pairs) for code, tally in by_rule.items()]
    regions = [
        WeakRegion(region, tally, next((code for code, _count in rules_of[region].most_common(1)), ""))
        for region, tally in by_region.items()
        if tally.disputed or tally.none_fits
    ]
    return WeakSpots(
        pairs,
        registry.active(project),
        sorted(rules, key=lambda one: (-one.tally.at_least, -one.tally.disputed, one.code)),
        sorted(regions, key=lambda one: (-one.tally.at_least, -one.tally.none_fits, one.region)),
        [spec for code, spec in sorted(known.items()) if code not in by_rule],
    )


def disputed(
    project: Project, wanted: Callable[[PairOpinions], bool], most: int
) -> tuple[SpotTally, list[tuple[PairOpinions, Pair]]]:
    """What all the wanted pairs tell, and up to `most` of the disputed ones, the newest first."""
    tally, found = SpotTally(), list[PairOpinions]()
    for seen in pairs_seen(project):
        if wanted(seen):
            tally.add(seen, project.confidence_cut)
            if (seen.disputed or seen.none_fits) and len(found) < most:
                found.append(seen)
    rows = Pair.objects.filter(pk__in=[seen.pair_id for seen in found]).select_related(
        "query", "item__current_snapshot"
    )
    pairs = rows.in_bulk()
    return tally, [(seen, pairs[seen.pair_id]) for seen in found]


def pairs_seen(project: Project) -> Iterator[PairOpinions]:
    """The pairs judged or predicted last, the newest pairs first, as a stream."""
    known, scale = _known(project), project.scale
    with _whole_answer() as cursor:
        cursor.execute(_PAIRS, {"project": project.pk, "most": LOOKED_AT})
        while rows := cursor.fetchmany(TOGETHER):
            for (
                pair_id,
                category,
                labels,
                unaided,
                none_fits,
                mismatches,
                cited,
                told,
                mismatch,
                named,
                confidence,
            ) in rows:
                codes = tuple(sorted({*cited, *named}))
                dimensions = {known[code].dimension for code in codes if code in known}
                dimensions |= {Dimension(name) for name in (*mismatches, mismatch) if name in _DIMENSIONS}
                yield PairOpinions(
                    pair_id,
                    codes,
                    tuple(Region(dimension, category) for dimension in sorted(dimensions)),
                    tuple(labels),
                    tuple(unaided),
                    none_fits,
                    scale.from_lore(told) if told else "",
                    confidence,
                )


@contextmanager
def _whole_answer() -> Iterator[Any]:
    """A server-side cursor all of whose rows will be fetched."""
    with transaction.atomic():
        with connection.cursor() as setting:
            # Without this PostgreSQL plans for the first tenth of the rows, and all of them took 9 s instead of 0.6.
            setting.execute("SET LOCAL cursor_tuple_fraction = 1")
            # What came last lies in memory. Without this a project of a million pairs is read whole, twice, for 50,000.
            setting.execute("SET LOCAL random_page_cost = 1.1")
        with connection.chunked_cursor() as cursor:
            yield cursor


_DIMENSIONS = frozenset(Dimension)


def _known(project: Project) -> dict[str, RuleSpec]:
    active = active_rule_base(project)
    held: Sequence[RuleSpec] = specs(active) if active is not None else ()
    return {spec.code: spec for spec in held}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
