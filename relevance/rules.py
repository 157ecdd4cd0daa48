"""Rules as values: what a rule says, when it applies, and which rules fire on a pair.

How several fired rules combine is in relevance.deciding, which rules a pair is shown in relevance.routing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from relevance.conditions import Condition, parse_condition, text_of
from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid
from relevance.facts import ItemFacts, PairFacts, Sku
from relevance.identifiers import RULE_CODE, is_identifier
from relevance.item_conditions import Words
from relevance.labels import LORE
from relevance.misread import Misread, quoted, within

LANGUAGES = ("en", "zh")
EFFECTS = ("label", "cap", "floor")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
LARGEST_VERSION = 2**31 - 1  # what a column of the database holds
_KEYS = {
    "code",
    "version",
    "dimension",
    "title",
    "statement",
    "principle",
    "behind",
    "scope",
    "queries",
    "valid_from",
    "valid_until",
    "when",
    "effect",
    "label",
    "precedence",
    "cases",
}
_OPTIONAL = {"principle", "behind", "scope", "queries", "valid_from", "valid_until", "when"}
_ITEM_KEYS = {"title", "category", "cpv", "skus", "caption", "shop"}


class RuleError(Misread):
    """A rule that cannot be read: names the rule and, in it, the field."""

    def __init__(self, code: str, problem: str, /, *, at: str = "", **values: object) -> None:
        super().__init__(f"{code}: {at}" if at else code, problem, **values)
        self.code = code


@dataclass(frozen=True)
class WorkedCase:
    """A query and an item with the label they must get by the whole standard."""

    query: str
    item: ItemFacts
    label: str
    note: str = ""

    @property
    def pair(self) -> PairFacts:
        return PairFacts(self.query, self.item)


@dataclass(frozen=True)
class RuleSpec:
    """One version of a rule. `when` None: for people to judge by, no machine can check it.

    `principle` maps the condition to the label in words; `behind` names the language whose words are older than the
    other's; `valid_from` and `valid_until` are inclusive.
    """

    code: str
    version: int
    dimension: Dimension
    title: Mapping[str, str]
    statement: Mapping[str, str]
    scope_categories: tuple[str, ...]
    when: Condition | None
    effect: str
    label: str
    precedence: int
    cases: tuple[WorkedCase, ...]
    principle: Mapping[str, str] = field(default_factory=dict)
    behind: str = ""
    scope_queries: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None

    def covers(self, pair: PairFacts) -> bool:
        """Whether the pair lies in the rule's scope: words of category or title, and words of the query, where named."""
        if not self.may_concern(pair):
            return False
        return not self.scope_categories or self._categories.first_in(pair.item.named) is not None

    def may_concern(self, pair: PairFacts) -> bool:
        """Whether the pair's query lies in the scope."""
        return not self.scope_queries or self._queries.first_in(pair.asked) is not None

    def asked_words(self, pair: PairFacts) -> str:
        """The words of the query that lie in the scope; empty where it names none."""
        return self._queries.first_in(pair.asked) or "" if self.scope_queries else ""

    def is_of_kind(self, pair: PairFacts) -> bool:
        """Whether the item itself is of a kind in the scope: a title names many things besides."""
        return not self.scope_categories or self._categories.first_in(pair.item.kind) is not None

    @cached_property
    def _queries(self) -> Words:
        return Words(self.scope_queries)

    @cached_property
    def _categories(self) -> Words:
        return Words(self.scope_categories)

    def in_force(self, on: date) -> bool:
        return (self.valid_from or on) <= on <= (self.valid_until or on)


@dataclass(frozen=True)
class FiredRule:
    """A rule that applies to a pair, with the literals of query and item it rests on."""

    code: str
    version: int
    dimension: Dimension
    effect: str
    label: str
    precedence: int
    evidence: tuple[str, ...]


def in_force(specs: Iterable[RuleSpec], on: date) -> tuple[RuleSpec, ...]:
    """Those whose validity holds the day."""
    return tuple(spec for spec in specs if spec.in_force(on))


def fired_rules(pair: PairFacts, grid: EvidenceGrid, specs: Iterable[RuleSpec]) -> tuple[FiredRule, ...]:
    """Every rule whose condition holds, most important first."""
    fired = []
    for spec in specs:
        if spec.when is None or not spec.covers(pair):
            continue
        evidence = spec.when.holds(pair, grid)
        if evidence is not None:
            fired.append(
                FiredRule(spec.code, spec.version, spec.dimension, spec.effect, spec.label, spec.precedence, evidence)
            )
    return tuple(sorted(fired, key=lambda one: (-one.precedence, one.code)))


def parse_rule(data: Mapping[str, Any]) -> RuleSpec:
    """Read a rule from its data form (docs/rules.md) strictly. Raises RuleError naming rule and field, and nothing else."""
    if not isinstance(data, Mapping):
        raise RuleError("?", "a rule must be a mapping")
    code = data.get("code", "?")
    if "code" in data and not is_identifier(code, RULE_CODE):
        raise RuleError(
            quoted(code), "must look like R-001: R, a hyphen and three to five of the digits 0 to 9", at="code"
        )
    if unknown := set(data) - _KEYS:
        raise RuleError(code, "unknown field %(field)s", field=quoted(min(map(str, unknown))))
    if missing := _KEYS - _OPTIONAL - set(data):
        raise RuleError(code, "field %(field)s is missing", field=repr(sorted(missing)[0]))
    try:
        return RuleSpec(
            code,
            _whole(data["version"], "version", least=1, most=LARGEST_VERSION),
            Dimension(_one_of(data["dimension"], list(Dimension), "dimension")),
            _texts(data["title"], "title"),
            _texts(data["statement"], "statement"),
            tuple(_words(data.get("scope", []), "scope")),
            parse_condition(data["when"]) if data.get("when") is not None else None,
            _one_of(data["effect"], EFFECTS, "effect"),
            _one_of(data["label"], LORE.codes, "label"),
            _whole(data["precedence"], "precedence", least=0, most=LARGEST_VERSION),
            tuple(_case(case, n) for n, case in enumerate(_list(data["cases"], "cases"))),
            principle=_texts(data["principle"], "principle") if "principle" in data else {},
            behind=_one_of(data["behind"], LANGUAGES, "behind") if "behind" in data else "",
            scope_queries=tuple(_words(data.get("queries", []), "queries")),
            valid_from=_date(data.get("valid_from"), "valid_from"),
            valid_until=_date(data.get("valid_until"), "valid_until"),
        )
    except Misread as error:
        raise RuleError(code, error.problem, at=error.path, **error.values) from error


def _case(data: object, number: int) -> WorkedCase:
    path = f"cases[{number}]"
    if not isinstance(data, Mapping) or not {"query", "item", "label"} <= set(data) <= {
        "query",
        "item",
        "label",
        "note",
    }:
        raise Misread(path, "must have query, item and label, and may have a note")
    label = _one_of(data["label"], LORE.codes, f"{path}.label")
    query, note = text_of(data["query"], f"{path}.query"), text_of(data.get("note", ""), f"{path}.note")
    return WorkedCase(query, _item(data["item"], f"{path}.item"), label, note)


def _item(data: object, path: str) -> ItemFacts:
    if not isinstance(data, Mapping) or "title" not in data or not set(data) <= _ITEM_KEYS:
        raise Misread(
            path, "must have a title, and may have %(known)s", known=", ".join(sorted(_ITEM_KEYS - {"title"}))
        )
    cpv = data.get("cpv", {})
    if not isinstance(cpv, Mapping):
        raise Misread(within(path, "cpv"), "must be a mapping of names to values")
    title, category, caption, shop = (
        text_of(data.get(name, ""), f"{path}.{name}") for name in ("title", "category", "caption", "shop")
    )
    return ItemFacts(
        "",
        title,
        category=category,
        caption=caption,
        shop=shop,
        cpv=tuple((str(name), text_of(value, f"{path}.cpv.{quoted(name)}")) for name, value in cpv.items()),
        skus=tuple(Sku("", name) for name in _words(data.get("skus", []), f"{path}.skus")),
    )


def rule_to_data(spec: RuleSpec) -> dict[str, Any]:
    """The data form of a rule: `parse_rule(rule_to_data(x)) == x`."""
    data: dict[str, Any] = {
        "code": spec.code,
        "version": spec.version,
        "dimension": spec.dimension.value,
        "title": {language: spec.title[language] for language in LANGUAGES},
        "statement": {language: spec.statement[language] for language in LANGUAGES},
    }
    if spec.principle:
        data["principle"] = {language: spec.principle[language] for language in LANGUAGES}
    if spec.behind:
        data["behind"] = spec.behind
    if spec.scope_categories:
        data["scope"] = list(spec.scope_categories)
    if spec.scope_queries:
        data["queries"] = list(spec.scope_queries)
    for name in ("valid_from", "valid_until"):
        if (day := getattr(spec, name)) is not None:
            data[name] = day.isoformat()
    if spec.when is not None:
        data["when"] = spec.when.to_data()
    cases = [_case_to_data(case) for case in spec.cases]
    return {**data, "effect": spec.effect, "label": spec.label, "precedence": spec.precedence, "cases": cases}


def _case_to_data(case: WorkedCase) -> dict[str, Any]:
    item: dict[str, Any] = {"title": case.item.title}
    for name in ("category", "caption", "shop"):
        if value := getattr(case.item, name):
            item[name] = value
    if case.item.cpv:
        item["cpv"] = dict(case.item.cpv)
    if case.item.skus:
        item["skus"] = [sku.name for sku in case.item.skus]
    data = {"query": case.query, "item": item, "label": case.label}
    return {**data, "note": case.note} if case.note else data


def _texts(value: object, path: str) -> dict[str, str]:
    if not isinstance(value, Mapping) or set(value) != set(LANGUAGES):
        raise Misread(path, "must have exactly en and zh")
    for language in LANGUAGES:
        if not isinstance(value[language], str) or not value[language].strip():
            raise Misread(within(path, language), "must be text")
    return {language: value[language] for language in LANGUAGES}


def _one_of(value: object, known: Iterable[str], path: str) -> str:
    if not isinstance(value, str) or value not in set(known):
        raise Misread(path, "%(value)s is not one of %(known)s", value=quoted(value), known=", ".join(known))
    return value


def _whole(value: object, path: str, *, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Misread(path, "must be a whole number from %(least)s to %(most)s", least=least, most=most)
    return value


def _date(value: object, path: str) -> date | None:
    if value is None or type(value) is date:
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise Misread(path, "must be a day such as 2026-03-31")


def _list(value: object, path: str) -> list[object]:
    if not isinstance(value, list):
        raise Misread(path, "must be a list")
    return value


def _words(value: object, path: str) -> list[str]:
    return [text_of(word, path) for word in _list(value, path)]
