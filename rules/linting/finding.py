"""What the linter says: which rules, what is wrong with literal evidence, and what somebody has to decide."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

KINDS: dict[str, str | Promise] = {
    "contradictory_cases": _("contradicting cases"),
    "failing_case": _("failing case"),
    "equal_rank": _("equal rank"),
    "gap": _("gap"),
    "unreachable": _("cannot show"),
    "unrouted": _("never on a card"),
    "caseless": _("too few cases"),
    "untranslated": _("translation"),
}


@dataclass(frozen=True)
class Finding:
    """`rules` names both sides where there are two; `case` is the number of the worked case that it is about, 0 for none."""

    kind: str
    severity: Literal["error", "warning"]
    rules: tuple[str, ...]
    message: str
    proposal: str
    case: int = 0

    @property
    def kind_name(self) -> str:
        return str(KINDS[self.kind])

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "rules": list(self.rules)}
