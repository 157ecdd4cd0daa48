"""What a figure of a model is of: its rules, the grounds of its gold, the modes of the judgments behind it, and what was left
out. Counted by whoever measures (annotation.trust.measurable), kept in reports, told by pages and commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from projects.models import Mode

IMPORTED = "imported"  # the mode of a rating that a file brought
FEWEST_ANSWERED = 20  # pairs: of fewer that both sides answered, a comparison tells nothing
SHIPPED = "shipped"  # the ground of pairs that belong to no catalogue
_MODES = {**dict(Mode.choices), IMPORTED: _("imported")}
_GROUNDS = {
    "import": _("gold by import"),
    "adjudication": _("gold by adjudication"),
    "consensus": _("gold by consensus"),
    "people": _("what people say, without gold"),
    "model": _("the teacher's own words, without gold"),
    SHIPPED: _("pairs that come with the product, without gold"),
}

_WHY = {
    "learnt": _("the model has learnt from their queries"),
    "not_test": _("their queries do not test models"),
    "assisted": _("their labels were given with a model's label in view"),
    "stale": _("the model said so under older rules, or of what the item was before"),
}


@dataclass
class LeftOut:
    """How many pairs did not measure, by the first reason that holds; of single opinions `assisted` counts those instead.

    `not_test`: pairs of queries that train or calibrate models, though this one has not learnt from them.
    """

    learnt: int = 0
    not_test: int = 0
    assisted: int = 0
    stale: int = 0

    def add(self, why: str) -> None:
        setattr(self, why, getattr(self, why) + 1)

    def most(self) -> tuple[str, str, int] | None:
        """The reason that most share, its words and how many they are; None where nothing was left out."""
        why, count = max(asdict(self).items(), key=lambda one: one[1])
        return (why, str(_WHY[why]), count) if count else None


@dataclass
class Basis:
    """What a figure is of. `model` is empty where people are measured or the rules alone judge; `lineage` says how far it is
    known what the model learnt from; `ground` counts gold pairs, `modes` the judgments that stand behind the figure."""

    model: str = ""
    lineage: str = ""
    rule_base: int | None = None
    rule_base_now: int | None = None
    ground: dict[str, int] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    n: int = 0
    queries: int = 0
    left_out: LeftOut = field(default_factory=LeftOut)
    of: str = "gold"  # or "opinions"

    @classmethod
    def read(cls, told: Mapping[str, Any], model: object) -> Basis:
        """Of a report that kept it."""
        fields = {name: value for name, value in told.items() if name != "left_out"}
        return cls(**{**fields, "model": str(model), "left_out": LeftOut(**told["left_out"])})

    @property
    def grounds_in_words(self) -> list[tuple[Any, int]]:
        return [(name, self.ground[code]) for code, name in _GROUNDS.items() if code in self.ground]

    @property
    def modes_in_words(self) -> list[tuple[Any, int]]:
        return [(name, self.modes[code]) for code, name in _MODES.items() if code in self.modes]

    def to_json(self) -> dict[str, Any]:
        """As the commands print it, and as reports keep it."""
        names = ("model", "lineage", "rule_base", "ground", "modes", "n", "queries")
        told = {name: getattr(self, name) for name in names}
        return {**told, "model": self.model or None, "left_out": asdict(self.left_out)}

    def measured(self, ground: str, modes: Iterable[str | None] = ()) -> None:
        """One more gold pair measures; `modes` of the judgments that its gold rests on."""
        self.n += 1
        if ground:
            self.ground[ground] = self.ground.get(ground, 0) + 1
        self.heard(modes)

    def heard(self, modes: Iterable[str | None]) -> None:
        """Judgments stand behind the figure; without a mode are those that a file brought."""
        for said in modes:
            mode = said or IMPORTED
            self.modes[mode] = self.modes.get(mode, 0) + 1
