"""What a draft or a version would change in a project, as pages tell it. Who computes it plugs in by hooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from projects.hooks import Hook
from projects.models import Person, Project
from rules.models import RuleBaseVersion, RuleDraft


@dataclass(frozen=True)
class ForeseenChange:
    """Of one project's labelled pairs, beside `before`. `result` is empty until it is done; `state` is a job's; `basis` tells
    what the figures are of, as who computes them does."""

    project: Project
    before: RuleBaseVersion
    state: str
    state_display: str
    seen: int
    total: int
    result: Mapping[str, Any]
    replay_set: int | None
    basis: object = None

    @property
    def ended(self) -> bool:
        return self.state in ("done", "dead", "cancelled")

    @property
    def flips(self) -> list[tuple[str, str, int]]:
        """(before, after, pairs), the most frequent first."""
        return [(*way.split("->"), count) for way, count in self.result.get("by_direction", {}).items()]

    @property
    def agreement(self) -> Sequence[Mapping[str, Any]] | None:
        """The share of the labels that the rules give, before and after, with its interval; none in what an earlier version
        computed."""
        pairs = self.result.get("pairs")
        if not pairs:
            return None
        shares = [{"value": self.result[f"right_{when}"] / pairs} for when in ("before", "after")]
        told: Sequence[Mapping[str, Any]] = self.result.get("agreement", shares)
        return told


@dataclass(frozen=True)
class Foretold:
    """Of a draft: the projects whose figures the reader may see, and how many others there are, without their names."""

    shown: Sequence[ForeseenChange]
    elsewhere: int
    elsewhere_ended: int

    @property
    def ended(self) -> bool:
        return self.elsewhere == self.elsewhere_ended and all(one.ended for one in self.shown)


to_be_foretold: Hook[[RuleDraft], int] = Hook()  # a draft waits for its second person: what does it change, and where?
foretold: Hook[[RuleDraft, Person], Foretold] = Hook()  # what is known of that, as this person may read it
