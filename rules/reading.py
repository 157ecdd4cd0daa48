"""A rule's condition and effect in words, for people who do not read YAML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from relevance.conditions import All, AnyOf, CategoryContains, Condition, Not, Overlap, PriceStated, RowIs
from relevance.dimensions import DIMENSION_NAMES, Dimension
from relevance.evidence import Source, Verdict
from relevance.labels import LORE
from relevance.rules import RuleSpec

VERDICTS: dict[Verdict, str | Promise] = {
    Verdict.MATCH: gettext_lazy("match"),
    Verdict.NEAR: gettext_lazy("near"),
    Verdict.CONFLICT: gettext_lazy("conflict"),
    Verdict.SILENT: gettext_lazy("silent"),
}
SOURCES: dict[Source, str | Promise] = {
    Source.TITLE: gettext_lazy("title"),
    Source.CPV: gettext_lazy("CPV"),
    Source.SKU: gettext_lazy("SKU"),
    Source.CAPTION: gettext_lazy("image"),
}
FLAGS: dict[tuple[str, bool], str | Promise] = {
    ("head", True): gettext_lazy("it is the thing itself that the shopper wants"),
    ("head", False): gettext_lazy("it is not the thing itself, but something about it"),
    ("negated", True): gettext_lazy("the query excludes it"),
    ("negated", False): gettext_lazy("the query does not exclude it"),
    ("word", True): gettext_lazy("it is a word of the query that no list knows"),
    ("word", False): gettext_lazy("it is more than an unknown word of the query"),
}


@dataclass(frozen=True)
class Phrase:
    """A sentence, and what it is made of."""

    text: str
    parts: tuple[Phrase, ...] = ()


def condition(spec: RuleSpec) -> Phrase | None:
    """None: the rule is for people to judge by, a machine cannot check it."""
    return _phrase(spec.when) if spec.when is not None else None


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


def _phrase(when: Condition) -> Phrase:
    match when:
        case All(parts):
            return Phrase(_("all of these hold:"), tuple(map(_phrase, parts)))
        case AnyOf(parts):
            return Phrase(_("at least one of these holds:"), tuple(map(_phrase, parts)))
        case Not(part):
            return Phrase(_("this does not hold:"), (_phrase(part),))
        case RowIs():
            return Phrase(_("one row of the evidence grid:"), tuple(map(Phrase, _row(when))))
        case Overlap():
            return Phrase(_overlap(when))
        case CategoryContains(words):
            return Phrase(_("category or title of the item contains: %s") % _or(words))
        case PriceStated(wanted):
            return Phrase(_("the item states a price") if wanted else _("the item states no price"))
        case _:
            return Phrase(str(when.to_data()))


def _row(row: RowIs) -> list[str]:
    phrases = []
    if row.kinds:
        phrases.append(_("the query asks for: %s") % _or(map(_dimension, row.kinds)))
    if row.values:
        phrases.append(_("namely: %s") % _or(row.values))
    phrases += [str(FLAGS[flag]) for flag in row.flags]
    if row.verdicts:
        verdicts = _or(str(VERDICTS[verdict]) for verdict in row.verdicts)
        if row.source is None:
            phrases.append(_("the item's answer is: %s") % verdicts)
        else:
            source = str(SOURCES[row.source])
            phrases.append(
                _("the item's answer (%(source)s) is: %(verdicts)s") % {"source": source, "verdicts": verdicts}
            )
    return phrases


def _overlap(overlap: Overlap) -> str:
    least, below = f"{overlap.at_least:.0%}", f"{overlap.below:.0%}"
    if overlap.below > 1:
        return _("at least %s of the query's words stand in the item") % least
    if overlap.at_least <= 0:
        return _("less than %s of the query's words stand in the item") % below
    return _("from %(least)s to less than %(below)s of the query's words stand in the item") % {
        "least": least,
        "below": below,
    }


def _dimension(dimension: Dimension) -> str:
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return DIMENSION_NAMES[dimension][language]


def _or(words: Iterable[str]) -> str:
    return " | ".join(words)
