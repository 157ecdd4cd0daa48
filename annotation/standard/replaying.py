"""Gold pairs frozen with their labels, and what two sets of rules make of labelled pairs.

A draft may be published when it drops on no following project's newest replay set by more than that project tolerates
(after SEEK's replay-gated edits: accepted only where a frozen set holds); `rule_replays` asks, works and gates.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import Gold, Judgment, ReplayEntry, ReplaySet
from annotation.standard.rule_effects import TwoSets
from catalogue.evidence import grids
from catalogue.evidence.grids import GridSubject
from catalogue.evidence.lexicons import current
from catalogue.models import Pair, Snapshot
from inference.registry.basis import Basis
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused
from relevance.evidence import EvidenceGrid
from relevance.lexicon import Lexicon
from relevance.resampling import Figure, Floats, figures, ratio
from relevance.rules import RuleSpec, in_force

MOST = 5000  # pairs of a set, drawn evenly over the gold there is
TOGETHER = 250  # pairs between two reports of progress
REPLAY_SETS = Allowance("replay_set", 60, gettext_lazy("replay sets"))


def freeze(project: Project, by: Person | None) -> ReplaySet:
    """Today's gold as the project's next replay set. Raises Refused."""
    with transaction.atomic():
        # Without the lock two people who freeze at once would choose the same number.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        gold = project.pairs.exclude(gold_label="").values_list("pk", "item__current_snapshot", "gold_label")
        frozen = sorted(gold, key=lambda row: _drawn(row[0]))[:MOST]
        if not frozen:
            raise Refused("no_gold", _("There is no gold to freeze yet."), status=409)
        if by is not None:
            allowances.spend(REPLAY_SETS, by)
        made = ReplaySet.objects.create(
            project=project,
            number=ReplaySet.objects.filter(project=project).count() + 1,
            size=len(frozen),
            digest=hashlib.sha256(orjson.dumps([list(row) for row in frozen])).hexdigest(),
            created_by=by,
        )
        ReplayEntry.objects.bulk_create(
            ReplayEntry(replay_set=made, pair_id=pair, snapshot_id=snapshot, label=label)
            for pair, snapshot, label in frozen
        )
        record(by, "rules.replay_frozen", project=project, on=made, pairs=made.size)
    return made


def newest(project: Project) -> ReplaySet | None:
    return ReplaySet.objects.filter(project=project).order_by("-number").first()


@dataclass
class Replayed:
    """Labelled pairs under two sets of rules: how many of them the rules give another label, and how many the right one, in all
    and by query. Labels are in the project's scale; `basis` says on which ground they stand."""

    pairs: int = 0
    flips: Counter[tuple[str, str]] = field(default_factory=Counter)
    right_before: int = 0
    right_after: int = 0
    by_query: dict[int, list[int]] = field(default_factory=dict)  # pairs, right before, right after
    basis: Basis = field(default_factory=Basis)

    def add(self, query: int, label: str, before: str, after: str) -> None:
        self.pairs += 1
        self.right_before += before == label
        self.right_after += after == label
        told = self.by_query.setdefault(query, [0, 0, 0])
        for place, more in enumerate((1, before == label, after == label)):
            told[place] += more
        if before != after:
            self.flips[before, after] += 1

    def agreement(self) -> tuple[Figure, Figure]:
        """The share of the labels that the rules give, before and after, with an interval over queries."""
        counts = np.array([told for _query, told in sorted(self.by_query.items())], dtype=np.float64).reshape(-1, 3)

        def shares(weights: Floats) -> Floats:
            pairs, *right = (weights @ counts).T
            return np.stack([ratio(one, pairs) for one in right], axis=1)

        before, after = figures(shares, len(counts), (self.pairs, self.pairs))
        return before, after

    def to_json(self) -> dict[str, Any]:
        self.basis.queries = len(self.by_query)
        return {
            "agreement": [one.to_json() for one in self.agreement()],
            "basis": self.basis.to_json(),
            "pairs": self.pairs,
            "changed": self.flips.total(),
            "by_direction": {f"{a}->{b}": count for (a, b), count in self.flips.most_common()},
            "right_before": self.right_before,
            "right_after": self.right_after,
        }


class ReplayedPair(NamedTuple):
    pair: Pair
    snapshot: Snapshot
    label: str


def labelled(project: Project, replay_set: ReplaySet | None) -> QuerySet[ReplayEntry] | QuerySet[Pair]:
    """The frozen pairs; without a set as many pairs with gold as one would hold, drawn as it would draw them."""
    if replay_set is not None:
        return replay_set.entries.select_related("pair__query", "pair__item", "snapshot").order_by("pk")
    gold = project.pairs.exclude(gold_label="").values_list("pk", flat=True)
    rows = Pair.objects.filter(pk__in=sorted(gold, key=_drawn)[:MOST])
    return rows.select_related("query", "item__current_snapshot").order_by("pk")


def replay(
    project: Project,
    rows: QuerySet[ReplayEntry] | QuerySet[Pair],
    before: Sequence[RuleSpec],
    after: Sequence[RuleSpec],
    report: Callable[[int], bool] = lambda _seen: True,
) -> Replayed | None:
    """Both sets of rules on the pairs, with the grids that this version reads from them; None where `report` says to stop."""
    today, scale, found = timezone.localdate(), project.scale, Replayed()
    sets = TwoSets(in_force(before, today), in_force(after, today))
    lexicon, keys = current(project), list(rows.values_list("pk", flat=True))
    for start in range(0, len(keys), TOGETHER):
        together = [_labelled(row) for row in rows.filter(pk__in=keys[start : start + TOGETHER])]
        _measure(found.basis, together)
        for one, grid in _with_grids(together, lexicon):
            effect = sets.effect(one.pair.facts(one.snapshot), grid)
            found.add(one.pair.query_id, one.label, scale.from_lore(effect.before), scale.from_lore(effect.after))
        if not report(found.pairs):
            return None
    return found


def _labelled(row: ReplayEntry | Pair) -> ReplayedPair:
    if isinstance(row, ReplayEntry):
        return ReplayedPair(row.pair, row.snapshot, row.label)
    assert row.item.current_snapshot is not None, f"item {row.item_id} has no snapshot"
    return ReplayedPair(row, row.item.current_snapshot, row.gold_label)


def _measure(basis: Basis, together: Sequence[ReplayedPair]) -> None:
    """On which ground their labels stand now, and in which modes the judgments of a consensus were given; a label that is gold
    no more has none."""
    newest = Gold.objects.filter(pair__in=[one.pair for one in together]).order_by("pair", "-revision").distinct("pair")
    gold = {row.pair_id: row for row in newest}
    consensus = [pk for row in gold.values() for pk in row.judgments]
    modes = dict(Judgment.objects.filter(pk__in=consensus).values_list("pk", "mode"))
    for one in together:
        row = gold.get(one.pair.pk)
        if row is None or row.label != one.label:
            basis.measured("")
        else:
            basis.measured(row.ground, [modes.get(pk) for pk in row.judgments])


def _with_grids(together: Sequence[ReplayedPair], lexicon: Lexicon) -> Iterator[tuple[ReplayedPair, EvidenceGrid]]:
    Snapshot.read_together(one.snapshot for one in together)
    seen = [GridSubject(one.pair.query_id, one.snapshot.pk) for one in together]
    facts = {key: one.pair.facts(one.snapshot) for key, one in zip(seen, together, strict=True)}
    found = grids.get_or_build(facts, lexicon)
    return ((one, found[key]) for key, one in zip(seen, together, strict=True))


def _drawn(pair: int) -> bytes:
    """Their order by this is even over everything that there is."""
    return hashlib.sha256(str(pair).encode()).digest()
