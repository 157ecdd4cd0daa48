"""Prompt sets: plain text templates with checked placeholders, the label aliases, and the digest of both.

A template is text with `{{name}}` in it. Where it is a whole prompt, a line `---` parts the system message, which is
fixed and knows nothing of catalogue or shopper, from the user message. Knows no tables.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SHIPPED = Path(__file__).parent / "shipped"
DEFAULT = "lore-1"
PARTING = "\n---\n"
LONGEST = 20_000
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_LOOSE = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True)
class Form:
    """What a template must name, each once: in its system message, and in its user message (or its only part)."""

    user: frozenset[str]
    system: frozenset[str] | None = None  # None: the template is a part of another, without a system message


FORMS: Mapping[str, Form] = {
    "judge": Form(
        frozenset({"query", "knowledge", "guideline", "rules", "item", "marker", "task"}),
        frozenset({"grades", "dimensions"}),
    ),
    "grade": Form(frozenset()),
    "explanation": Form(frozenset({"code"})),
    "knowledge": Form(frozenset({"cards"})),
    "guideline": Form(frozenset({"knowledge", "query", "code"}), frozenset()),
    "caption": Form(frozenset({"picture", "query"}), frozenset()),
}
TWICE = frozenset({"marker"})  # before and after the item


class PromptError(ValueError):
    """A prompt set that cannot be used: names the template and what is wrong with it."""

    def __init__(self, template: str, problem: str) -> None:
        super().__init__(f"{template}: {problem}")
        self.template = template
        self.problem = problem


@dataclass(frozen=True)
class PromptSet:
    """A checked set. `aliases` are a few orders of four letters, the letters for L1 to L4."""

    name: str
    templates: Mapping[str, str]
    aliases: tuple[str, ...]
    digest: str

    @property
    def version(self) -> str:
        return f"{self.name}+{self.digest[:8]}"

    def parts(self, kind: str) -> tuple[str, str]:
        """The system and the user message of a whole prompt, still with their placeholders."""
        system, _, user = self.templates[kind].partition(PARTING)
        return system, user

    def order(self, query: str) -> Mapping[str, str]:
        """Letter -> label. The same for all items of a query, so that they share their prefix."""
        number = int.from_bytes(hashlib.sha256(query.encode("utf-8", "replace")).digest()[:4], "big")
        letters = self.aliases[number % len(self.aliases)]
        return {letter: f"L{n}" for n, letter in enumerate(letters, 1)}


def prompt_set(name: str, templates: Mapping[str, str], aliases: tuple[str, ...] | list[str]) -> PromptSet:
    """Check everything. Raises PromptError naming the template and the placeholder."""
    if missing := FORMS.keys() - templates.keys():
        raise PromptError(sorted(missing)[0], "the template is missing")
    if unknown := templates.keys() - FORMS.keys():
        raise PromptError(sorted(unknown)[0], "no template of this name is used")
    clean = {kind: templates[kind].replace("\r\n", "\n") for kind in FORMS}
    for kind, text in clean.items():
        _check(kind, text)
    orders = tuple(aliases)
    _check_aliases(orders)
    body = json.dumps([clean, list(orders)], ensure_ascii=True, sort_keys=True)
    return PromptSet(name, clean, orders, hashlib.sha256(body.encode()).hexdigest())


def _check(kind: str, text: str) -> None:
    if not text.strip():
        raise PromptError(kind, "the template is empty")
    if len(text) > LONGEST:
        raise PromptError(kind, f"longer than {LONGEST} characters")
    form = FORMS[kind]
    if form.system is None:
        _check_part(kind, text, form.user)
        return
    system, parting, user = text.partition(PARTING)
    if not parting:
        raise PromptError(kind, "a line with --- must part the fixed instructions from what is asked")
    _check_part(f"{kind}, before ---", system, form.system)
    _check_part(f"{kind}, after ---", user, form.user)


def _check_part(where: str, text: str, wanted: frozenset[str]) -> None:
    names = _PLACEHOLDER.findall(text)
    if _LOOSE.search(_PLACEHOLDER.sub("", text)):
        raise PromptError(where, "{{ and }} only stand around the name of a placeholder")
    for name in names:
        if name not in wanted:
            allowed = ", ".join(sorted(wanted)) or "none"
            raise PromptError(where, f"{{{{{name}}}}} may not stand here; allowed: {allowed}")
    for name in sorted(wanted):
        times = 2 if name in TWICE else 1
        if names.count(name) != times:
            raise PromptError(where, f"{{{{{name}}}}} must stand here {'twice' if times == 2 else 'once'}")


def _check_aliases(orders: tuple[str, ...]) -> None:
    if not 1 <= len(orders) <= 8:
        raise PromptError("aliases", "one to eight orders")
    for order in orders:
        if len(order) != 4 or len(set(order)) != 4 or not (order.isascii() and order.isalpha() and order.isupper()):
            raise PromptError("aliases", f"{order!r} is not four different capital letters")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Every placeholder replaced at once, so that nothing in a value is taken for a placeholder."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


@lru_cache(maxsize=4)
def shipped(name: str = DEFAULT) -> PromptSet:
    """A prompt set that comes with the product."""
    folder = SHIPPED / name
    templates = {kind: (folder / f"{kind}.txt").read_text(encoding="utf-8") for kind in FORMS}
    return prompt_set(name, templates, (folder / "aliases.txt").read_text(encoding="utf-8").split())
