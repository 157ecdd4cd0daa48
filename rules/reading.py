"""A rule's condition and effect in words, for people who do not read YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from relevance.dimensions import DIMENSION_NAMES, Dimension
from relevance.labels import LORE
from relevance.rules import RuleSpec, rule_to_data


@dataclass(frozen=True)
class Phrase:
    """A sentence, and what it is made of."""

    text: str
    parts: tuple[Phrase, ...] = ()


def condition(spec: RuleSpec) -> Phrase | None:
    """None: the rule is for people to judge by, a machine cannot check it."""
    data = rule_to_data(spec).get("when")
    return _phrase(data) if data else None


def effect(spec: RuleSpec) -> str:
    name = next(grade.name for grade in LORE.grades if grade.code == spec.label)
    values = {"code": spec.label, "name": _(name)}
    match spec.effect:
        case "cap":
            return _("The label is at most %(code)s (%(name)s).") % values
        case "floor":
            return _("The label is at least %(code)s (%(name)s).") % values
        case _:
            return _("The label is %(code)s (%(name)s).") % values


def _phrase(data: Any) -> Phrase:
    if isinstance(data, list | tuple):
        return Phrase(_("all of these hold:"), tuple(map(_phrase, data)))
    if not isinstance(data, Mapping):
        return Phrase(str(data))
    phrases = [_one(str(key), value) for key, value in data.items()]
    return phrases[0] if len(phrases) == 1 else Phrase(_("all of these hold:"), tuple(phrases))


def _one(key: str, value: Any) -> Phrase:
    match key:
        case "all":
            return Phrase(_("all of these hold:"), tuple(map(_phrase, value)))
        case "any":
            return Phrase(_("at least one of these holds:"), tuple(map(_phrase, value)))
        case "not":
            return Phrase(_("this does not hold:"), (_phrase(value),))
        case "row" if isinstance(value, Mapping):
            return _row(value)
        case _:
            return Phrase(f"{key}: {_said(value)}")


def _row(data: Mapping[str, Any]) -> Phrase:
    return Phrase(
        _("the query names something, and the evidence grid answers it with:"),
        tuple(Phrase(f"{_(key)}: {_said(value)}") for key, value in data.items()),
    )


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " | ".join(_said(each) for each in value)
    if isinstance(value, str) and value in set(Dimension):
        language = "zh" if (get_language() or "").startswith("zh") else "en"
        return DIMENSION_NAMES[Dimension(value)][language]
    return str(value)
