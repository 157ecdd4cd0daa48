"""A draft of the rules held against every stored pair of a project: what it would flip, and whether that is for the better.

For each pair with a grid of its current snapshot the label under the draft's base and under the draft; the newest grid
counts, and how many pairs have none is told. Nothing is stored but the result. Pairs stream; what is kept is eleven bytes
of a labelled pair, three counts of a query, and what people say of pairs without gold.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connections, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.models import BackTest
from annotation.standard.rule_effects import Effect, TwoSets
from annotation.trust.measurable import Exposure, Material
from catalogue.evidence import grids, lexicons
from inference import unanswered
from inference.models import ModelVersion
from inference.registry.basis import Basis
from jobs import kinds, leasing
from jobs.kinds import Kind, single
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused, TotalFailure
from relevance.agreement import cohen_kappa, percent_agreement
from relevance.evidence import EvidenceGrid
from relevance.facts import ItemFacts, PairFacts, Sku
from relevance.labels import LORE, Scale
from relevance.metrics import good_rate
from relevance.rules import RuleSpec, in_force
from rules import drafting
from rules.models import RuleDraft
from rules.publishing import specs

TOGETHER = 2000  # rows a fetch, and pairs between two reports of progress
EXAMPLES = 5  # pairs shown of each direction
MOST_CATEGORIES = 20

# Without the LATERAL a pair would count once for each extractor that has made a grid of it: the one made as it would be made
# now is taken, else the newest.
_PAIRS = """
SELECT p.id, p.query_id, q.text, s.title, s.category, s.cpv::text, s.skus::text, s.shop, p.gold_label, g.body::text
FROM catalogue_pair p
JOIN catalogue_query q ON q.id = p.query_id
JOIN catalogue_item i ON i.id = p.item_id
JOIN catalogue_snapshot s ON s.id = i.current_snapshot_id
JOIN LATERAL (SELECT body FROM catalogue_grid g WHERE g.query_id = p.query_id AND g.snapshot_id = s.id
              ORDER BY g.extractor = %(extractor)s || evidence_key(p.query_id, s.id) DESC, g.id DESC LIMIT 1) g ON true
WHERE p.project_id = %(project)s
"""


WHY_FAILED = {"draft_changed": _("The draft was changed while it was tested: test it again.")}
BACK_TESTS = Allowance("back_test", 120, _("back-tests"))


class DraftChanged(Exception):
    """What was tested is not what was asked for: the result would vouch for another content."""

    code = "draft_changed"

    def __init__(self) -> None:
        super().__init__("the draft was changed while it was tested: test it again")


class Stored(NamedTuple):
    pair_id: int
    query_id: int
    facts: PairFacts
    grid: EvidenceGrid
    gold: str


@dataclass
class BackTestTally:
    """What has been seen so far. Labels of `truths` are in the project's scale, the rules' in LORE's."""

    scale: Scale
    pairs: int = 0
    without_grid: int = 0
    flips: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_category: Counter[str] = field(default_factory=Counter)
    by_dimension: Counter[str] = field(default_factory=Counter)
    by_rule: Counter[str] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    good: tuple[Counter[int], Counter[int], Counter[int]] = field(
        default_factory=lambda: (Counter(), Counter(), Counter())
    )  # by query: pairs, good before, good after
    truths: dict[str, Truth] = field(default_factory=dict)
    basis: Basis = field(default_factory=Basis)

    def add(self, stored: Stored, effect: Effect, gold: str, people: str) -> None:
        self.pairs += 1
        total, before, after = self.good
        total[stored.query_id] += 1
        before[stored.query_id] += effect.before in ("L3", "L4")
        after[stored.query_id] += effect.after in ("L3", "L4")
        for name, truth in (("gold", gold), ("people", people)):
            if truth:
                self.truths.setdefault(name, Truth(self.scale)).add(stored.query_id, truth, effect)
        if effect.before == effect.after:
            return
        direction = (effect.before, effect.after)
        self.flips[direction] += 1
        decided = effect.decided_after or effect.decided_before
        self.by_category[stored.facts.item.category.split(">")[0].strip()] += 1
        self.by_dimension[decided.dimension.value if decided else ""] += 1
        self.by_rule[decided.code if decided else ""] += 1
        shown = self.examples.setdefault(direction, [])
        if len(shown) < EXAMPLES:
            shown.append(stored.pair_id)


class Truth:
    """Labelled pairs, compactly: query, label, and the labels before and after as places in the scale."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self.codes = list(scale.codes)
        self.place = {code: n for n, code in enumerate(self.codes)}
        self.queries, self.labels = array("q"), array("b")
        self.before, self.after = array("b"), array("b")

    def add(self, query_id: int, label: str, effect: Effect) -> None:
        self.queries.append(query_id)
        self.labels.append(self.place[label])
        self.before.append(self.place[self.scale.from_lore(effect.before)])
        self.after.append(self.place[self.scale.from_lore(effect.after)])

    def agreement(self, told: array[int]) -> dict[str, Any]:
        def rows() -> Iterator[tuple[int, str, str]]:
            for query, label, said in zip(self.queries, self.labels, told, strict=True):
                yield query, self.codes[label], self.codes[said]

        return {
            "kappa_quadratic": cohen_kappa(rows(), self.scale).to_json(),
            "percent": percent_agreement(rows(), self.scale).to_json(),
        }


class Sample(NamedTuple):
    """So many pairs, judged by a model under both sets."""

    model: ModelVersion
    pairs: int


def start(draft: RuleDraft, project: Project, by: Person | None, sample: Sample | None = None) -> BackTest:
    """Ask for the draft as it is now to be held against every stored pair, or tried on a sample. Raises Refused."""
    if not draft.rules.exists():
        raise Refused("nothing_changes", _("The draft changes nothing yet."), status=409)
    if not project.pairs.exists():
        raise Refused("no_pairs", _("There is nothing to test on: import pairs first."), status=409)
    kinds.refuse_beyond("back_test_with_a_model" if sample else "back_test", project)
    with transaction.atomic():
        if by is not None:
            allowances.spend(BACK_TESTS, by)
        test = BackTest.objects.create(
            project=project,
            draft=draft,
            kind=BackTest.Kind.MODEL if sample else BackTest.Kind.EXACT,
            model=sample.model if sample else None,
            sample=sample.pairs if sample else None,
            digest=drafting.digest_of_draft(draft),
            total=sample.pairs if sample else project.pairs.count(),
            requested_by=by,
        )
        asked = {"model": str(sample.model), "pairs": sample.pairs} if sample else {}
        record(by, "rules.back_test_started", project=project, on=test, draft=draft.pk, **asked)
    return test


def work(pk: int, token: UUID) -> None:
    """See a claimed back-test to its end; quietly gives up when it was cancelled or taken over."""
    test = BackTest.objects.select_related("project", "draft__base").get(pk=pk)

    def report(seen: int) -> bool:
        return leasing.renew(test, token) and bool(leasing.held_by(BackTest, pk, token).update(seen=seen))

    with leasing.kept(BackTest, {pk: token}):
        after = drafting.specs_of(test.draft)
        tally = compare(test.project, specs(test.draft.base), after, report)
        if tally is None:
            return
        now = RuleDraft.objects.select_related("base").get(pk=test.draft_id)
        if drafting.digest_of_draft(now) != test.digest or drafting.specs_of(now) != after:
            leasing.fail(test, token, DraftChanged(), retry=False)
        else:
            leasing.finish(test, token, seen=tally.pairs, result=result_of(tally))


KIND = Kind("back_test", _("Back-test"), BackTest, single(work), only=Q(kind=BackTest.Kind.EXACT), most_waiting=20)


def compare(
    project: Project,
    before: Sequence[RuleSpec],
    after: Sequence[RuleSpec],
    report: Callable[[int], bool] = lambda _seen: True,
) -> BackTestTally | None:
    """Both sets on every stored pair; None where `report` says to stop."""
    today = timezone.localdate()
    sets = TwoSets(in_force(before, today), in_force(after, today))
    truth, tally = Measures(project), BackTestTally(project.scale)
    stream = stored_pairs(project)
    while together := list(islice(stream, TOGETHER)):
        truth.read(together)
        for stored in together:
            tally.add(stored, sets.effect(stored.facts, stored.grid), *truth.of(stored))
        if len(together) == TOGETHER and not report(tally.pairs):
            return None
    tally.without_grid = max(0, project.pairs.count() - tally.pairs)
    tally.basis = truth.basis
    return tally


def stored_pairs(project: Project) -> Iterator[Stored]:
    """Every pair with a grid, as a stream."""
    # Without a cursor of the server's all pairs of the project would lie in memory at once.
    with transaction.atomic(), connections["default"].chunked_cursor() as cursor:
        now = grids.extractor(lexicons.current(project))
        cursor.execute(_PAIRS, {"project": project.pk, "extractor": now})
        while rows := cursor.fetchmany(TOGETHER):
            for pair_id, query_id, query, title, category, cpv, skus, shop, gold, body in rows:
                item = ItemFacts(
                    "",
                    title,
                    category,
                    tuple([(name, value) for name, value in orjson.loads(cpv)]) if cpv != "[]" else (),
                    tuple([Sku(sku.get("code", ""), sku.get("name", "")) for sku in orjson.loads(skus)])
                    if skus != "[]"
                    else (),
                    shop,
                )
                yield Stored(
                    pair_id, query_id, PairFacts(query, item), EvidenceGrid.from_json(orjson.loads(body)), gold
                )


def result_of(tally: BackTestTally) -> dict[str, Any]:
    """The result as it is stored and printed; every figure with its interval."""
    flips = sum(tally.flips.values())
    return {
        "pairs": tally.pairs,
        "without_grid": tally.without_grid,
        "flips": flips,
        "by_direction": {f"{a}->{b}": count for (a, b), count in sorted(tally.flips.items())},
        "by_category": dict(tally.by_category.most_common(MOST_CATEGORIES)),
        "by_dimension": dict(tally.by_dimension.most_common()),
        "by_rule": dict(tally.by_rule.most_common(MOST_CATEGORIES)),
        "examples": {f"{a}->{b}": ids for (a, b), ids in sorted(tally.examples.items())},
        "agreement_before": {name: truth.agreement(truth.before) for name, truth in tally.truths.items()},
        "agreement_after": {name: truth.agreement(truth.after) for name, truth in tally.truths.items()},
        "good_rate_before": _good_rate(tally, 1),
        "good_rate_after": _good_rate(tally, 2),
        "basis": tally.basis.to_json(),
    }


def why_nothing(result: Mapping[str, Any]) -> TotalFailure | None:
    """Why a test that is over has looked at no pair. That no pair is concerned is an answer of a test by a model."""
    without, asked = result["without_grid"], result.get("unanswered", 0)
    if result["pairs"] or (not asked and result.get("stored", 0)):
        return None
    if asked:
        said = gettext("0 of %(pairs)s pairs were answered by the model under both sets of rules: %(reason)s")
        reason, _n = next(iter(result.get("unanswered_by_reason", {}).items()), ("invalid", 0))
        return TotalFailure(reason, said % {"pairs": asked, "reason": unanswered.why(reason)})
    said = gettext("0 of %(pairs)s pairs were tested: they have no evidence grid yet, so pre-label them first.")
    return TotalFailure("no_grids", said % {"pairs": without})


def _good_rate(tally: BackTestTally, which: int) -> dict[str, Any] | None:
    total, good = tally.good[0], tally.good[which]
    labels = (
        (query, code)
        for query, count in total.items()
        for code in ["L4"] * good[query] + ["L1"] * (count - good[query])
    )
    return good_rate(LORE, labels).to_json()


class Measures:
    """What the labels under both sets are held against, pair by pair: gold, else what at least two people agree on, nobody
    saying otherwise. Nothing that was said with a model's label in view, and nothing the model that judges has learnt from.
    """

    def __init__(self, project: Project, model: ModelVersion | None = None) -> None:
        self._project, self._exposure = project, Exposure(model, project)
        self._queries = set[int]()
        self.basis = Basis(model=str(model or ""), lineage=self._exposure.lineage if model is not None else "")

    def read(self, together: Iterable[Stored]) -> None:
        """Before `of` is asked of any of these; what was read before is let go."""
        self._material = Material(self._project, only=[stored.pair_id for stored in together])
        self._golds = {row.pair: row for row in self._material.pairs if row.gold}

    def of(self, stored: Stored) -> tuple[str, str]:
        """The gold label and what people say, each empty where it does not measure."""
        row, words = self._golds.get(stored.pair_id), self._material.words_of.get(stored.pair_id, ())
        said = [word.unaided for word in words if word.unaided is not None]
        people = said[0] or "" if row is None and len(said) > 1 and len(set(said)) == 1 else ""
        if row is None and not people:
            return "", ""
        why = self._exposure.why_not(stored.facts.query)
        if why or (row is not None and self._material.assisted(row)):
            self.basis.left_out.add(why or "assisted")
            return "", ""
        if row is not None:
            self._material.measured(self.basis, row)
            self._queries.add(row.query)
            self.basis.queries = len(self._queries)
        return row.gold if row is not None else "", people
