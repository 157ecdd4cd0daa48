"""How large a rule may be that somebody writes now. What was published stays readable, whatever its size."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from relevance.rules import RuleError, RuleSpec, WorkedCase, rule_to_data

PRECEDENCE = 1000
TITLE = 120
TEXT = 4000  # a statement or principle in one language
CONDITION = 8000  # characters of its data form
CASES = 60
WORDS = 200  # of its scope, and of its queries
WORD = 200
RULE = 32_000  # characters of all of it
CASE = {"query": 200, "note": 400, "title": 400, "category": 200, "shop": 200, "caption": 400}
ATTRIBUTES, ATTRIBUTE = 50, 500
VARIANTS, VARIANT = 50, 200


def check(spec: RuleSpec) -> None:
    """Raises RuleError naming the first field that is too large, and how large it may be."""
    for field, size, most in _sizes(spec):
        if size > most:
            raise RuleError(spec.code, "%(size)s is too much, %(most)s at most", at=field, size=size, most=most)


def _sizes(spec: RuleSpec) -> Iterator[tuple[str, int, int]]:
    """(field, how large it is, how large it may be): characters of texts, entries of lists."""
    yield "precedence", spec.precedence, PRECEDENCE
    yield "cases", len(spec.cases), CASES
    for name, most in (("title", TITLE), ("statement", TEXT), ("principle", TEXT)):
        for language, text in getattr(spec, name).items():
            yield f"{name}.{language}", len(text), most
    yield from _of_list("scope", spec.scope_categories, WORDS, WORD)
    yield from _of_list("queries", spec.scope_queries, WORDS, WORD)
    for number, case in enumerate(spec.cases):
        yield from _of_case(f"cases[{number}]", case)
    if spec.when is not None:
        yield "when", _characters(spec.when.to_data()), CONDITION
    yield "the whole rule", _characters(rule_to_data(spec)), RULE


def _of_case(path: str, case: WorkedCase) -> Iterator[tuple[str, int, int]]:
    yield f"{path}.query", len(case.query), CASE["query"]
    yield f"{path}.note", len(case.note), CASE["note"]
    for name in ("title", "category", "shop", "caption"):
        yield f"{path}.item.{name}", len(getattr(case.item, name)), CASE[name]
    yield from _of_list(f"{path}.item.cpv", (name + value for name, value in case.item.cpv), ATTRIBUTES, ATTRIBUTE)
    yield from _of_list(f"{path}.item.skus", (sku.name for sku in case.item.skus), VARIANTS, VARIANT)


def _of_list(path: str, texts: Iterable[str], most: int, longest: int) -> Iterator[tuple[str, int, int]]:
    lengths = list(map(len, texts))
    yield path, len(lengths), most
    yield path, max(lengths, default=0), longest


def _characters(data: object) -> int:
    return len(json.dumps(data, ensure_ascii=False))
