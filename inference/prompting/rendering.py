"""From a question to the words that are sent: fixed part first, what a query's items share next, the item last.

So that a server's prefix cache serves the most of it. Catalogue text is JSON between random markers; marker and code
are new with every asking and are no part of what a prompt is identified by.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from inference.engines.base import Question
from inference.engines.chat import Picture
from inference.prompting.item_text import estimated_tokens, item_text
from inference.prompting.prompts import PromptSet, fill
from relevance.chain import CHAIN_SCHEMA
from relevance.dimensions import Dimension
from relevance.quoting import quoted
from relevance.routing import RoutedRule

RULES_BUDGET = 800  # tokens; LORE found that a mid-length choice of rules beats all of them
KNOWLEDGE_BUDGET = 300
GUIDELINE_BUDGET = 200
GRADE_WORDS = {
    "L4": "excellent: the item is what the query asks for and meets every demand, stated or plainly implied.",
    "L3": "related: the item is of the right kind and close, but some demand is only nearly met or not shown.",
    "L2": "mismatch: an outright demand of the query is contradicted, or the item is only a neighbour of what is wanted.",
    "L1": "irrelevant: the item is of another kind and nobody who asked this would want it.",
}


@dataclass(frozen=True)
class Section:
    """A named part of a prompt, for people to look at."""

    name: str
    text: str

    @property
    def tokens(self) -> int:
        return estimated_tokens(self.text)


@dataclass(frozen=True)
class Rendered:
    """One question in words. `code` must come back in the answer; `order` maps its letters to labels."""

    system: str
    shared: str  # the user message up to its task, the same for both passes
    grade_task: str
    chain_task: str
    pictures: tuple[Picture, ...]
    order: Mapping[str, str]
    code: str
    sections: tuple[Section, ...]


def render(question: Question, prompts: PromptSet, *, code: str | None = None, marker: str | None = None) -> Rendered:
    """The prompt of a question. Without `code` and `marker` fresh random ones are drawn."""
    code, marker = fresh() if code is None else code, fresh() if marker is None else marker
    order = prompts.order(question.pair.query)
    system, user = prompts.parts("judge")
    values = {
        "grades": grades(order),
        "dimensions": ", ".join(dimension.value for dimension in Dimension),
        "query": quoted(question.pair.query[:1000]),
        "knowledge": knowledge_text(question.knowledge, prompts),
        "guideline": guideline_text(question.guideline),
        "rules": rules_text(question.rules, question.pair.query),
        "item": item_text(question.pair.item, question.grid, caption=question.caption)
        + reasons_text(question.rules, question.pair.query),
        "marker": marker,
    }
    tasks = {
        "grade": prompts.templates["grade"],
        "explanation": fill(prompts.templates["explanation"], {"code": code}),
    }
    head, _, tail = user.partition("{{task}}")
    filled = fill(system, values)
    sections = (
        Section("system", filled),
        *(Section(name, values[name]) for name in ("knowledge", "guideline", "query", "rules", "item") if values[name]),
        *(Section(name, text) for name, text in tasks.items()),
    )
    return Rendered(
        system=filled,
        shared=fill(head, values),
        grade_task=tasks["grade"] + tail,
        chain_task=tasks["explanation"] + tail,
        pictures=question.pictures,
        order=order,
        code=code,
        sections=sections,
    )


def fresh() -> str:
    return secrets.token_hex(5)


def grades(order: Mapping[str, str]) -> str:
    """The letters in alphabetical order, so that their order says nothing about their rank."""
    return "\n".join(f"{letter} = {label} {GRADE_WORDS[label]}" for letter, label in sorted(order.items()))


def knowledge_text(cards: Sequence[Mapping[str, Any]], prompts: PromptSet) -> str:
    """The notes that fit; nothing at all where there is none."""
    told, left = [], KNOWLEDGE_BUDGET
    for card in cards:
        line = quoted(dict(card))
        if (cost := estimated_tokens(line)) <= left:
            told.append(line)
            left -= cost
    return fill(prompts.templates["knowledge"], {"cards": "\n".join(told)}) if told else ""


def guideline_text(guideline: Mapping[str, Any] | None) -> str:
    if guideline is None:
        return ""
    text = quoted(dict(guideline))
    return f"What the query asks for, as JSON: {text}\n" if estimated_tokens(text) <= GUIDELINE_BUDGET * 2 else ""


def rules_text(rules: Sequence[RoutedRule], query: str) -> str:
    """The routed rules in the query's language, as many as fit."""
    language = _language(query)
    told = [_rule_line(rule, language) for rule in _that_fit(rules, language)]
    return "Rules of the shop:\n" + "\n".join(told) + "\n" if told else ""


def reasons_text(rules: Sequence[RoutedRule], query: str) -> str:
    """What made each of them apply, as one line of JSON: it quotes the item, so it stands where the item's words stand."""
    language = _language(query)
    reasons = {rule.spec.code: rule.reason.in_words[language] for rule in _that_fit(rules, language)}
    return "\n" + quoted({"why_these_rules": reasons}) if reasons else ""


def told_rules(rules: Sequence[RoutedRule], query: str) -> frozenset[str]:
    """Codes of the rules that stand in the prompt: what an answer may cite."""
    return frozenset(rule.spec.code for rule in _that_fit(rules, _language(query)))


def _language(query: str) -> str:
    return "zh" if any("\u4e00" <= sign <= "\u9fff" for sign in query) else "en"


def _rule_line(rule: RoutedRule, language: str) -> str:
    return f"{rule.spec.code} ({rule.spec.dimension.value}): {rule.spec.statement[language]}"


def _that_fit(rules: Sequence[RoutedRule], language: str) -> Sequence[RoutedRule]:
    """As many as fit from the first on, which always does."""
    costs = accumulate(estimated_tokens(_rule_line(rule, language)) for rule in rules)
    return rules[: max(1, sum(cost <= RULES_BUDGET for cost in costs))]


def chain_schema(order: Mapping[str, str]) -> dict[str, Any]:
    """The chain as an answer must have it: the code first, letters for labels, and only what every decoder can hold.

    Length limits are left to the parser: decoders that hold them emit characters that JSON does not allow
    (mlc-ai/xgrammar#800).
    """
    schema: dict[str, Any] = _without_lengths(CHAIN_SCHEMA)
    properties = {
        "nonce": {"type": "string"},
        **schema["properties"],
        "label": {"type": "string", "enum": sorted(order)},
        "mismatch": {"enum": [*(dimension.value for dimension in Dimension), None]},
    }
    return {**schema, "properties": properties, "required": list(properties), "additionalProperties": False}


def _without_lengths(value: Any) -> Any:
    if isinstance(value, dict):
        dropped = ("maxLength", "minLength", "title", "default", "pattern", "description")
        return {
            key: _without_lengths(one)
            for key, one in value.items()
            if key not in dropped or not isinstance(one, str | int | float | bool | None)
        }
    if isinstance(value, list):
        return [_without_lengths(one) for one in value]
    return value
