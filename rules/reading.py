"""A rule's condition and effect in words, for people who do not read YAML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.language import in_language
from relevance.conditions import All, AnyOf, Condition, Not, Overlap, RowIs
from relevance.dimensions import DIMENSION_NAMES, Dimension
from relevance.evidence import Source, Verdict
from relevance.item_conditions import (
    Amount,
    CategoryContains,
    ItemContains,
    PriceStated,
    QueryContains,
    Share,
    ShopContains,
)
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
    ("describes", True): gettext_lazy("the title uses its words only to describe another thing"),
    ("describes", False): gettext_lazy("the title does not use its words to describe another thing"),
}

QUANTITIES: dict[str, str | Promise] = {
    "length": gettext_lazy("length"),
    "mass": gettext_lazy("weight"),
    "volume": gettext_lazy("volume"),
    "memory": gettext_lazy("memory"),
    "power": gettext_lazy("power"),
    "charge": gettext_lazy("charge"),
    "frequency": gettext_lazy("frequency"),
    "pixels": gettext_lazy("resolution"),
    "size": gettext_lazy("size"),
    "money": gettext_lazy("price"),
    "count": gettext_lazy("number of pieces"),
    "age": gettext_lazy("age"),
    "duration": gettext_lazy("duration"),
    "year": gettext_lazy("year"),
}


@dataclass(frozen=True)
class Phrase:
    """A sentence, and what it is made of."""

    text: str
    parts: tuple[Phrase, ...] = ()


def condition(spec: RuleSpec) -> Phrase | None:
    """None: the rule is for people to judge by, a machine cannot check it."""
    return phrase(spec.when) if spec.when is not None else None


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


def phrase(when: Condition) -> Phrase:
    match when:
        case All(parts):
            return Phrase(_("all of these hold:"), tuple(map(phrase, parts)))
        case AnyOf(parts):
            return Phrase(_("at least one of these holds:"), tuple(map(phrase, parts)))
        case Not(part):
            return Phrase(_("this does not hold:"), (phrase(part),))
        case RowIs():
            return Phrase(_("one row of the evidence grid:"), tuple(map(Phrase, _row(when))))
        case Overlap():
            return Phrase(_overlap(when))
        case CategoryContains(words):
            return Phrase(_("category or title of the item contains: %s") % _or(words))
        case QueryContains(words):
            return Phrase(_("the query contains: %s") % _or(words))
        case ItemContains(words):
            return Phrase(_("a text of the item contains: %s") % _or(words))
        case ShopContains(words):
            return Phrase(_("the name of the shop contains: %s") % _or(words))
        case Amount():
            return Phrase(_amount(when))
        case Share():
            return Phrase(_share(when))
        case PriceStated(wanted):
            return Phrase(_("the item states a price") if wanted else _("the item states no price"))
        case _:
            return Phrase(str(when.to_data()))


def _row(row: RowIs) -> list[str]:
    phrases = []
    if row.kinds:
        phrases.append(_("the query asks for: %s") % _or(map(dimension_name, row.kinds)))
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
    if row.wins:
        sources = " > ".join(str(SOURCES[source]) for source in row.wins)
        phrases.append(_("of the sources the first that says anything decides: %s") % sources)
    return phrases


def _amount(amount: Amount) -> str:
    values = {"quantity": str(QUANTITIES.get(amount.quantity, amount.quantity))}
    if amount.multiple is not None:
        whole = _("the item's %(quantity)s is a whole multiple of the asked one")
        other = _("the item's %(quantity)s is no whole multiple of the asked one")
        said = (whole if amount.multiple else other) % values
        if amount.above is None and amount.at_most is None:
            return said
        return f"{said}; {_off(amount, values)}"
    return _off(amount, values)


def _off(amount: Amount, values: dict[str, str]) -> str:
    values = values | {"above": f"{amount.above or 0:.0%}", "most": f"{amount.at_most or 0:.0%}"}
    if amount.at_most is None:
        return _("the item's %(quantity)s is off what was asked by more than %(above)s") % values
    if amount.above is None:
        return _("the item's %(quantity)s is off what was asked by at most %(most)s") % values
    return _("the item's %(quantity)s is off what was asked by more than %(above)s, at most %(most)s") % values


def _share(share: Share) -> str:
    values = {"of": _or(share.of), "least": f"{share.at_least:g} %", "below": f"{share.below:g} %"}
    if share.below > 100:
        return _("the item says that at least %(least)s of it is: %(of)s") % values
    if share.at_least <= 0:
        return _("the item says that less than %(below)s of it is: %(of)s") % values
    return _("the item says that from %(least)s to less than %(below)s of it is: %(of)s") % values


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


def dimension_name(dimension: Dimension) -> str:
    return in_language(DIMENSION_NAMES[dimension])


def _or(words: Iterable[str]) -> str:
    return " | ".join(words)
