"""A seeded sample of each category's pairs, on which people check the evidence.

A category that has no 50 pairs of 20 queries to draw from could never pass its gate alone: such small ones are drawn and
measured together. Never drawn: pairs with gold, benchmark queries, queries whose split is test.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.evidence_checks import gate
from annotation.models import EvidenceDraw, EvidenceGate, SampledPair
from catalogue import benchmark
from catalogue.models import Pair
from database.statements import rows, statement
from projects import allowances, audit
from projects.allowances import Allowance
from projects.models import Person, Project
from projects.refusals import Refused
from relevance.evidence_gate import FEWEST_PAIRS, FEWEST_QUERIES

PER_CATEGORY = 60
MOST_PER_CATEGORY = 500
MOST_OF_A_QUERY = 3  # pairs: sixty are of twenty queries at least
LOOKED_AT = 40_000  # pairs of a large project

DRAWS = Allowance("evidence.drawn", 60, gettext_lazy("draws of pairs"))

_DRAWABLE = statement(__file__, "drawable_pairs")


class Drawable(NamedTuple):
    pair: int
    query: int
    text: str
    category: str


class Group(NamedTuple):
    """What is measured together: one category, or all the small ones."""

    category: str
    covers: tuple[str, ...]
    together: bool = False


def draw(
    project: Project, *, seed: int, actor: Person | None, per_category: int = PER_CATEGORY, only: Group | None = None
) -> EvidenceDraw:
    """So many pairs more of each category, or of one. Raises Refused."""
    with transaction.atomic():
        if actor is not None:
            allowances.spend(DRAWS, actor)
        # Without the lock two who draw at once would draw the same pairs, and the second would fail.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        found = drawable(project, seed)
        drawn = dict(SampledPair.objects.filter(project=project).values_list("pair", "pair__query"))
        groups = grouped(found)
        chosen = [
            one for group in groups if only in (None, group) for one in _chosen(found, group, drawn, per_category)
        ]
        if not chosen:
            nothing = _("There is no pair left to draw: all that may be checked are drawn already, or have gold.")
            raise Refused("nothing_to_draw", nothing, status=409)
        act = EvidenceDraw.objects.create(
            project=project, seed=seed, per_category=per_category, pairs=len(chosen), drawn_by=actor
        )
        SampledPair.objects.bulk_create(
            SampledPair(project=project, draw=act, pair_id=one.pair, category=one.category) for one in chosen
        )
        _regroup(project, groups)
        audit.record(actor, "evidence.drawn", project=project, on=act, seed=seed, pairs=len(chosen))
        gate.recount(project)
    return act


def drawable(project: Project, seed: int) -> list[Drawable]:
    """In the order of the seed."""
    one_in = max(1, Pair.objects.filter(project=project).count() // LOOKED_AT)
    splits = benchmark.splits(project)
    found = (Drawable(*row) for row in rows(_DRAWABLE, project=project.pk, seed=str(seed), one_in=one_in))
    return [one for one in found if splits.of(one.text) != "test"]


def grouped(found: Iterable[Drawable]) -> list[Group]:
    """The categories that can be measured alone, by name, and the others together."""
    pairs: Counter[str] = Counter()
    queries: dict[str, set[int]] = defaultdict(set)
    for one in found:
        pairs[one.category] += 1
        queries[one.category].add(one.query)
    alone = [name for name in sorted(pairs) if pairs[name] >= FEWEST_PAIRS and len(queries[name]) >= FEWEST_QUERIES]
    small = tuple(sorted(pairs.keys() - set(alone)))
    groups = [Group(name, covers=(name,)) for name in alone]
    return [*groups, Group("", covers=small, together=True)] if small else groups


def _chosen(found: list[Drawable], group: Group, drawn: dict[int, int], most: int) -> list[Drawable]:
    of_query = Counter(drawn.values())
    chosen: list[Drawable] = []
    for one in found:
        if one.category not in group.covers or one.pair in drawn or of_query[one.query] >= MOST_OF_A_QUERY:
            continue
        of_query[one.query] += 1
        chosen.append(one)
        if len(chosen) == most:
            break
    return chosen


def _regroup(project: Project, groups: list[Group]) -> None:
    """A gate for each group that exists now; one whose category has become too small to stand alone is gone."""
    kept = {(group.together, group.category): group for group in groups}
    for row in EvidenceGate.objects.filter(project=project):
        if (row.together, row.category) not in kept:
            row.delete()
    for group in groups:
        EvidenceGate.objects.update_or_create(
            project=project,
            together=group.together,
            category=group.category,
            defaults={"covers": [{"category": name} for name in group.covers]},
        )
