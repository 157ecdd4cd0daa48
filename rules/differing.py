"""What differs between two versions of a rule or of the rule base, word by word; Chinese by character."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import yaml

from relevance.rules import RuleSpec, rule_to_data
from rules.models import RuleVersion

_WORDS = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+|\s+")
UNSEEN = ("code", "version")


class Piece(NamedTuple):
    """`kind`: same, gone or new."""

    kind: str
    text: str


class Field(NamedTuple):
    """A property that differs, as pieces of its old and new text."""

    name: str
    pieces: tuple[Piece, ...]


class Changed(NamedTuple):
    """A rule of which something differs; `before` None: it is new, `after` None: it is retired."""

    code: str
    before: RuleSpec | None
    after: RuleSpec | None
    fields: tuple[Field, ...]


def between_texts(before: str, after: str) -> tuple[Piece, ...]:
    """The pieces marked same and gone joined are the old text, those marked same and new the new one."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    found: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece("same", "".join(old[a:b])))
            continue
        found += [Piece("gone", "".join(old[a:b]))] if b > a else []
        found += [Piece("new", "".join(new[c:d]))] if d > c else []
    return tuple(found)


def between_rules(before: RuleSpec | None, after: RuleSpec | None) -> tuple[Field, ...]:
    """Every property that differs, in the pack's order; texts by language."""
    old, new = (dict(_properties(spec)) if spec is not None else {} for spec in (before, after))
    names = [*old, *(name for name in new if name not in old)]
    return tuple(
        Field(name, between_texts(old.get(name, ""), new.get(name, "")))
        for name in names
        if old.get(name, "") != new.get(name, "")
    )


def between_sets(before: Sequence[RuleSpec], after: Sequence[RuleSpec]) -> tuple[Changed, ...]:
    """The rules that differ between two rule bases, by code."""
    old, new = ({spec.code: spec for spec in specs} for specs in (before, after))
    return tuple(
        Changed(code, old.get(code), new.get(code), fields)
        for code in sorted(old.keys() | new.keys())
        if (fields := between_rules(old.get(code), new.get(code)))
    )


class Step(NamedTuple):
    """A version of a rule, and what it changed of the one before; the first changed nothing."""

    version: RuleVersion
    fields: tuple[Field, ...]


def history(versions: Sequence[RuleVersion]) -> list[Step]:
    """The versions of one rule, newest first, each with what it changed."""
    pairs = zip(versions, [*versions[1:], None], strict=True)
    return [Step(one, between_rules(before.spec, one.spec) if before is not None else ()) for one, before in pairs]


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
