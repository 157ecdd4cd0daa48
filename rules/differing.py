"""What differs between two versions of a rule or of the rule base, word by word; Chinese by character.

Where the same words stand so often on both sides that comparing them would take long, lines are compared, and where these
repeat as well, the whole: "一" 4,000 times against "一二" 2,000 times took minutes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import yaml

from relevance.rules import RuleSpec, rule_to_data
from rules.models import RuleVersion

_CUTS = (re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+|\s+"), re.compile(r"[^\n]*\n|[^\n]+"))
MOST_ALIKE = 40_000  # pairs of equal pieces, which is what a comparison looks at again and again
UNSEEN = ("code", "version")


class DiffPiece(NamedTuple):
    """`kind`: same, gone or new."""

    kind: str
    text: str


class ChangedField(NamedTuple):
    """A property that differs, as pieces of its old and new text."""

    name: str
    pieces: tuple[DiffPiece, ...]


class ChangedRule(NamedTuple):
    """A rule of which something differs; `before` None: it is new, `after` None: it is retired."""

    code: str
    before: RuleSpec | None
    after: RuleSpec | None
    fields: tuple[ChangedField, ...]


def between_texts(before: str, after: str) -> tuple[DiffPiece, ...]:
    """The pieces marked same and gone joined are the old text, those marked same and new the new one."""
    old, new = _cut(before, after)
    found: list[DiffPiece] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(DiffPiece("same", "".join(old[a:b])))
            continue
        found += [DiffPiece("gone", "".join(old[a:b]))] if b > a else []
        found += [DiffPiece("new", "".join(new[c:d]))] if d > c else []
    return tuple(found)


def _cut(before: str, after: str) -> tuple[list[str], list[str]]:
    for cut in _CUTS:
        old, new = cut.findall(before), cut.findall(after)
        often = Counter(new)
        if sum(times * often[piece] for piece, times in Counter(old).items()) <= MOST_ALIKE:
            return old, new
    return [before] if before else [], [after] if after else []


def between_rules(before: RuleSpec | None, after: RuleSpec | None) -> tuple[ChangedField, ...]:
    """Every property that differs, in the pack's order; texts by language."""
    old, new = (dict(_properties(spec)) if spec is not None else {} for spec in (before, after))
    names = [*old, *(name for name in new if name not in old)]
    return tuple(
        ChangedField(name, between_texts(old.get(name, ""), new.get(name, "")))
        for name in names
        if old.get(name, "") != new.get(name, "")
    )


def between_sets(before: Sequence[RuleSpec], after: Sequence[RuleSpec]) -> tuple[ChangedRule, ...]:
    """The rules that differ between two rule bases, by code."""
    old, new = ({spec.code: spec for spec in specs} for specs in (before, after))
    return tuple(
        ChangedRule(code, old.get(code), new.get(code), fields)
        for code in sorted(old.keys() | new.keys())
        if (fields := between_rules(old.get(code), new.get(code)))
    )


class VersionChange(NamedTuple):
    """A version of a rule, and what it changed of the one before; the first changed nothing."""

    version: RuleVersion
    fields: tuple[ChangedField, ...]


def history(versions: Sequence[RuleVersion]) -> list[VersionChange]:
    """The versions of one rule, newest first, each with what it changed."""
    pairs = zip(versions, [*versions[1:], None], strict=True)
    return [
        VersionChange(one, between_rules(before.spec, one.spec) if before is not None else ()) for one, before in pairs
    ]


def _properties(spec: RuleSpec) -> Iterator[tuple[str, str]]:
    for name, value in rule_to_data(spec).items():
        if name in UNSEEN:
            continue
        if isinstance(value, dict) and set(value) == {"en", "zh"}:
            yield from ((f"{name}.{language}", text) for language, text in value.items())
        else:
            yield name, _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, dict | list):
        return str(yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100))
    return str(value)
