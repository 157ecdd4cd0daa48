"""Which rules a judge gives as the ground of a judgment: among those on the card, or that none of them fits.

What is cited is a rule version of the rule base version that the page showed, whatever has been published since. A blind
card shows no rules, so nothing is cited and nothing asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils import timezone

from annotation.models import Citation, Judgment, Lease
from catalogue import display
from catalogue.evidence import grids
from catalogue.models import Grid
from database.statements import array_of, rows
from projects.models import Mode, Project
from relevance.routing import ON_A_CARD, RoutedRule, routed_rules
from relevance.rules import in_force
from rules.models import RuleBaseEntry
from rules.publishing import specs

KEYS = ("q", "w", "e")  # of the rules on the card, in their order
NONE_FITS_KEY = "r"

# Without the array Django would make a parameter of each id: for what an export's thousand rows cite, 9 ms instead of 0.2.
_CITED = """
SELECT c.judgment_id, r.code, v.number
FROM annotation_citation c JOIN rules_ruleversion v ON v.id = c.version_id JOIN rules_rule r ON r.id = v.rule_id
WHERE c.judgment_id = ANY(%s::bigint[]) ORDER BY c.judgment_id, r.code"""


class NotOnTheCard(ValueError):
    """A code that the card did not show."""


def grid_on_the_card(lease: Lease) -> Grid:
    """The one that the page of a lease shows, whatever the lexicon has learnt since."""
    return lease.grid or grids.grid_of(lease.pair, lease.snapshot)


def on_the_card(lease: Lease) -> tuple[RoutedRule, ...]:
    """The rules that a card shows, each with what made it apply, as in force when it was taken; none where it is blind."""
    if lease.mode == Mode.BLIND or lease.rule_base is None:
        return ()
    value = display.grid_value(grid_on_the_card(lease))
    if value is None:
        return ()
    rules = in_force(specs(lease.rule_base), timezone.localdate(lease.taken_at))
    return routed_rules(lease.pair.facts(lease.snapshot), value, rules, ON_A_CARD)


def check(lease: Lease, codes: Sequence[str]) -> None:
    """Raises NotOnTheCard naming the code."""
    known = {rule.spec.code for rule in on_the_card(lease)} if codes else set()
    for code in codes:
        if code not in known:
            raise NotOnTheCard(code)


def is_missing(lease: Lease, project: Project, codes: Sequence[str], *, no_rule_fits: bool) -> bool:
    """Whether the project wants a ground, the card offered one, and none was given."""
    return project.require_citation and not codes and not no_rule_fits and bool(on_the_card(lease))


def store(judgment: Judgment, lease: Lease, codes: Iterable[str]) -> None:
    entries = RuleBaseEntry.objects.filter(rule_base_id=lease.rule_base_id, rule__code__in=list(codes))
    Citation.objects.bulk_create(Citation(judgment=judgment, version_id=entry.version_id) for entry in entries)


class Cited(NamedTuple):
    """A rule as it read when it was cited."""

    code: str
    version: int

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


def cited_by(judgments: Iterable[Judgment]) -> dict[int, list[Cited]]:
    """Judgment -> the rules it cites by code, in one query; nothing for one that cites none."""
    return cited_by_ids([one.pk for one in judgments])


def cited_by_ids(judgments: Iterable[int]) -> dict[int, list[Cited]]:
    found: dict[int, list[Cited]] = {}
    for judgment, code, number in rows(_CITED, array_of(judgments)):
        found.setdefault(judgment, []).append(Cited(code, number))
    return found
