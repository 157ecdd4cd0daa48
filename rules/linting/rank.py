"""Two rules of equal rank that say different things of one situation, or of one that lies within the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from django.utils.translation import gettext as _

from relevance.rules import RuleSpec
from rules.linting.finding import Finding
from rules.linting.situations import implies, share_dates, share_scope


def of_equal_rank(specs: Sequence[RuleSpec]) -> Iterator[Finding]:
    for first, second in combinations(specs, 2):
        if first.precedence != second.precedence or (first.effect, first.label) == (second.effect, second.label):
            continue
        if not share_scope(first, second) or not share_dates(first, second) or not _disagree(first, second):
            continue
        forth, back = implies(first.when, second.when), implies(second.when, first.when)
        if not forth and not back:
            continue
        values = {"first": first.code, "second": second.code, "one": f"{first.effect} {first.label}",
                  "other": f"{second.effect} {second.label}"}  # fmt: skip
        if forth and back:
            said = _("%(first)s says “%(one)s” and %(second)s says “%(other)s” of the same situation, with equal rank")
            decide = _("Decide which label holds, or separate the two by their scope.")
        else:
            narrow, wide = (first, second) if forth else (second, first)
            values |= {"narrow": narrow.code, "wide": wide.code}
            said = _(
                "what %(narrow)s speaks of lies within what %(wide)s speaks of, yet they say “%(one)s” and “%(other)s” "
                "with equal rank"
            )
            decide = _("Give the narrower rule a higher precedence, or one label to both.")
        yield Finding("equal_rank", "error", (first.code, second.code), said % values, decide)


def _disagree(first: RuleSpec, second: RuleSpec) -> bool:
    """A cap and a floor go together unless the cap lies below the floor."""
    if {first.effect, second.effect} == {"cap", "floor"}:
        cap, floor = (first, second) if first.effect == "cap" else (second, first)
        return cap.label < floor.label
    return True
