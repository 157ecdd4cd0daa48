"""Bands of numbers that leave something out: between two conditions on one quantity, or between two worked prices."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from django.utils.translation import gettext as _

from relevance.conditions import Condition, Overlap
from relevance.constraints import extract_constraints
from relevance.dimensions import Dimension
from relevance.item_conditions import Amount, Share
from relevance.lexicon import Lexicon
from relevance.rules import RuleSpec, WorkedCase
from rules.linting.finding import Finding
from rules.linting.situations import clauses

CLOSE = 1e-9


class Band(NamedTuple):
    low: float
    high: float
    rule: RuleSpec


def gaps(specs: Sequence[RuleSpec]) -> Iterator[Finding]:
    """Between the bands that rules of one dimension, scope and otherwise equal condition cut out of one quantity."""
    found: dict[tuple[object, ...], list[Band]] = defaultdict(list)
    for spec in specs:
        parts = clauses(spec.when)
        for part in parts:
            cut = _band(part)
            if cut is not None:
                subject, low, high = cut
                rest = frozenset(repr(other) for other in parts if other is not part)
                scope = (spec.scope_categories, spec.scope_queries)
                found[(spec.dimension, subject, rest, scope)].append(Band(low, high, spec))
    for key, bands in found.items():
        ordered = sorted(bands, key=lambda one: (one.low, one.high))
        reached = ordered[0]
        for band in ordered[1:]:
            if band.low > reached.high + CLOSE:
                yield _gap(str(key[1]), reached, band)
            reached = max(reached, band, key=lambda one: one.high)


def _gap(subject: str, below: Band, above: Band) -> Finding:
    values = {"subject": subject, "low": f"{below.high:g}", "high": f"{above.low:g}",
              "below": below.rule.code, "above": above.rule.code}  # fmt: skip
    return Finding(
        "gap",
        "error",
        (below.rule.code, above.rule.code),
        _("%(subject)s from %(low)s to %(high)s: neither %(below)s nor %(above)s says anything") % values,
        _("Decide where one band ends and the next begins."),
    )


def _band(part: Condition) -> tuple[str, float, float] | None:
    """(subject, low, high) of a clause that cuts a band; shares of the asked amount, percentages, shares of the query."""
    match part:
        case Amount(quantity, above, at_most, None) if above is not None or at_most is not None:
            return f"amount of {quantity}", above or 0.0, math.inf if at_most is None else at_most
        case Share(of, at_least, below):
            return f"share of {', '.join(of)}", at_least, below if below <= 100 else math.inf
        case Overlap(at_least, below):
            return "overlap", at_least, below if below <= 1 else math.inf
        case _:
            return None


def undecided_prices(specs: Sequence[RuleSpec]) -> Iterator[Finding]:
    """Where only worked cases say what a price is worth: prices between two cases of different labels."""
    for spec in specs:
        if spec.dimension is not Dimension.PRICE or spec.when is not None:
            continue
        for asked, offers in _prices(spec.cases).items():
            ordered = sorted(offers)
            for (low, first), (high, second) in pairwise(ordered):
                if first == second:
                    continue
                values = {"rule": spec.code, "asked": f"{asked:g}", "low": f"{low:g}", "high": f"{high:g}",
                          "first": first, "second": second}  # fmt: skip
                yield Finding(
                    "gap",
                    "error",
                    (spec.code,),
                    _("%(rule)s, price %(asked)s asked: %(low)s is %(first)s, %(high)s is %(second)s, nothing between")
                    % values,
                    _("Write the line into a condition: amount of money, off by at most so much."),
                )


def _prices(cases: Sequence[WorkedCase]) -> dict[float, list[tuple[float, str]]]:
    """Asked price -> (offered price, label) of each case that names both."""
    found: dict[float, list[tuple[float, str]]] = defaultdict(list)
    for case in cases:
        wishes = extract_constraints(case.query, Lexicon.shipped())
        asked = next((one.number for one in wishes if one.unit == "money" and one.number is not None), None)
        offered = next((value for name, value in case.item.cpv if name.casefold() in {"price", "价格"}), "")
        if asked is not None and offered.replace(".", "", 1).isdigit():
            found[asked].append((float(offered), case.label))
    return found
