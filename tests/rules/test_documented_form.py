"""docs/rules.md: each form, key and example is read in the form in which it stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

from relevance.conditions import ROW_KEYS, parse_condition
from relevance.rules import _KEYS, rule_to_data
from rules.packs import load_pack
from rules.yaml_reading import read

TEXT = (Path(__file__).resolve().parents[2] / "docs/rules.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (`.+?`) \| (.+?) \|$", TEXT.split("## Conditions")[1].split("\n## ")[0], re.MULTILINE))


def example(opening: str) -> str:
    """The indented block that begins so."""
    block = re.search(rf"^    {re.escape(opening)}.*\n(?:    .*\n)*", TEXT, re.MULTILINE)
    assert block is not None, opening
    return dedent(block.group())


def keys(data: object) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from keys(value)
    if isinstance(data, list):
        for one in data:
            yield from keys(one)


def test_the_form_of_a_pack_is_a_pack_that_names_every_field_of_a_rule() -> None:
    pack = load_pack(example("rules:"))
    assert pack.problems == ()
    (rule,) = pack.rules
    assert (rule.code, rule.title["zh"], str(rule.valid_from)) == ("R-080", "颜色不符", "2026-01-01")
    (entry,) = read(example("rules:"))["rules"]
    written = rule_to_data(rule)
    assert entry.keys() | {"valid_until"} == _KEYS
    assert entry.keys() == written.keys() and entry["when"] == written["when"], (
        "off and on and a day, too, as they stand"
    )


def test_every_key_of_the_table_stands_in_an_example_that_is_read() -> None:
    conditions = read(example("- {row:"))
    assert [parse_condition(one).to_data() for one in conditions] == conditions
    named = {word for cell in ROWS for word in re.findall(r"`(\w+)`", cell)}
    assert len(named) == 12 and named <= set(keys(conditions))
    within = {word for cell in ROWS.values() for word in re.findall(r"`(\w+)`", cell)} - {"above"}
    assert within <= set(keys(conditions)) and set(ROW_KEYS) <= set(keys(conditions))
    assert {"of", "off", "above", "at_most", "multiple", "at_least", "below"} <= set(keys(conditions))


def test_what_stands_as_code_within_a_line_is_read() -> None:
    pieces = re.findall(r"`(\w+: [^`]+)`", TEXT)
    assert "multiple: true" in pieces and "title: 1.50" in pieces
    for piece in pieces:
        (key,) = read(piece)
        assert piece.startswith(key)


def test_the_words_that_the_page_calls_text_are_text() -> None:
    words = re.findall(r"`([^`]+)`", TEXT.split("every other word is the text")[1].split(" among them")[0])
    assert {"off", "on", "yes", "no", "12:30", "010", "0x1F", ".inf"} == set(words)
    assert read("\n".join(f"{word}: {word}" for word in words)) == {word: word for word in words}
