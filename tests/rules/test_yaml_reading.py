"""YAML that people write: read as docs/rules.md says, or refused in a sentence with its line, within a second."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
import yaml

from relevance.conditions import MOST_DEPTH, ConditionError, parse_condition
from rules.packs import dump_pack, load_pack
from rules.yaml_reading import MOST_NODES, UnreadableText, read
from tests.rules.conftest import spec


def bomb(layers: int, times: int = 2) -> str:
    """`times` to the power of `layers` when aliases are followed, in some thirty bytes a layer."""
    lines = ["x0: &x0 {price_stated: true}"]
    lines += [f"x{n}: &x{n} {{any: [{', '.join([f'*x{n - 1}'] * times)}]}}" for n in range(1, layers)]
    return "\n".join([*lines, f"when: *x{layers - 1}"])


REFUSED = {
    bomb(22): "line 1: anchors (&name) are not read: write it out",
    "when: &w {not: *w}": "line 1: anchors (&name) are not read: write it out",
    "a: 1\nb: *a": "line 2: aliases (*name) are not read: write it out",
    "a: !!python/object:os.system x": "line 1: tags (!name) are not read: leave it out",
    "a: 1\nb: !!str 5": "line 2: tags (!name) are not read: leave it out",
    "! a": "line 1: tags (!name) are not read: leave it out",
    "a: 1\na: 2": "line 2: the key “a” stands twice",
    "a: 1\n? [b]\n: 2": "line 2: a key must be a word",
    "---\na: 1\n---\nb: 2": "line 3: a second document begins: one is read",
    "- " * 21 + "a": "line 1: nested more than 20 deep",
    "a:\n  " + "{a: " * 20 + "1" + "}" * 20: "line 2: nested more than 20 deep",
    "a:\n- 1\n" + "- 1\n" * MOST_NODES: "line 9999: more than 10000 values and keys",
    "#" * (1 << 20) + "\na": "It holds more than 1024 kilobytes.",
    "a: 1\nb: '\x07'": "line 2: a character that may not stand in YAML",
    "a: b: c": "line 1: not YAML: mapping values are not allowed in this context",
    "a: 1\n\t- x": "line 2: not YAML: found a tab character that violates indentation",
}


@pytest.mark.parametrize("text", REFUSED, ids=[said[:50] for said in REFUSED.values()])
def test_what_is_refused_says_why_and_where(text: str) -> None:
    with pytest.raises(UnreadableText) as refused:
        read(text)
    assert str(refused.value) == REFUSED[text]


@pytest.mark.parametrize("text", ["[" * 3000, "{" * 3000, "- " * 3000, "? " * 3000, "[" * 900_000, "a: &a " * 9000])
def test_no_nesting_is_followed_to_the_end_of_the_stack(text: str) -> None:
    with pytest.raises(UnreadableText, match=r"^line 1: "):
        read(text)


def test_a_bomb_unfolds_where_aliases_are_followed_and_nowhere_else() -> None:
    """The control is the loader that everybody takes: 15 lines of it are 8 MB."""
    unfolded = yaml.safe_load(bomb(15))["when"]
    assert len(json.dumps(unfolded)) > 300_000 > 300 * len(bomb(15))
    tracemalloc.start()
    with pytest.raises(UnreadableText):
        read(bomb(22))
    with pytest.raises(ConditionError, match=r"^when: has more than 10000 values$"):
        parse_condition(yaml.safe_load(bomb(8, 40))["when"])  # shared objects, as a program might put them together
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_a_condition_is_bounded_whichever_door_it_comes_through() -> None:
    """Not only as YAML: forms and stored rows hold JSON."""
    deep: dict[str, Any] = {"price_stated": True}
    for _ in range(MOST_DEPTH - 1):
        deep = {"not": deep}
    assert parse_condition(deep).to_data() == deep
    with pytest.raises(ConditionError, match=r"^when: is nested more than 16 deep$"):
        parse_condition({"not": deep})
    endless: dict[str, Any] = {}
    endless["not"] = endless
    with pytest.raises(ConditionError, match=r"^when: is nested more than 16 deep$"):
        parse_condition(endless)
    with pytest.raises(ConditionError, match=r"^when: has more than 10000 values$"):
        parse_condition({"query_contains": ["x"] * 10_000})


def test_the_deepest_condition_of_a_form_comes_back_in_a_pack() -> None:
    deep: dict[str, Any] = {"query_contains": ["pure"]}
    for _ in range((MOST_DEPTH - 2) // 2):
        deep = {"all": [deep, {"price_stated": True}]}
    rule = spec("R-500", when=deep)
    assert load_pack(dump_pack([rule])).rules == (rule,)


@pytest.mark.parametrize(
    ("written", "is_read"),
    [
        ("off", "off"), ("on", "on"), ("yes", "yes"), ("no", "no"), ("NO", "NO"), ("y", "y"), ("Off", "Off"),
        ("12:30", "12:30"), ("1:30:00", "1:30:00"), ("010", "010"), ("0o17", "0o17"), ("0x1F", "0x1F"), ("1_000", "1_000"),
        ("2026-01-31", "2026-01-31"), ("2026-13-45", "2026-13-45"), ("2026-01-31 10:00:00", "2026-01-31 10:00:00"),
        (".inf", ".inf"), ("-.INF", "-.INF"), (".nan", ".nan"), ("1e3", "1e3"), ("+5", "+5"), ("<<", "<<"), ("=", "="),
        ("9" * 5000, "9" * 5000), ("١٢", "١٢"), ("'5'", "5"), ('"a\\0b"', "a\ufffdb"), ("True", "True"),
        ("5", 5), ("-5", -5), ("0", 0), ("0.10", 0.1), ("-1.5", -1.5), ("1.0e-05", 1e-5),
        ("true", True), ("false", False), ("null", None), ("~", None), ("", None),
    ],
)  # fmt: skip
def test_words_stay_words(written: str, is_read: object) -> None:
    """YAML 1.1 reads `off` and `no` as false, 12:30 as 750, 010 as 8 and a day as no text."""
    assert read(f"key: {written}") == {"key": is_read}
    assert type(read(f"key: {written}")["key"]) is type(is_read)


@pytest.mark.parametrize(
    "word", ["off", "on", "yes", "no", "NO", "true", "null", "12:30", "010", "5", "2026-01-31", "<<"]
)
def test_keys_are_words(word: str) -> None:
    assert read(f"{word}: 1") == {word: 1}


def test_no_number_is_written_anew_where_a_text_is_meant() -> None:
    """1.50 would become 1.5, and true would become True: the one who wrote it is asked."""
    pack = dump_pack([spec("R-500")])
    assert load_pack(pack.replace("title: Mug", "title: 501")).rules[0].cases[0].item.title == "501"
    for written, told in (("1.50", "1.5"), ("true", "True")):
        (problem,) = load_pack(pack.replace("title: Mug", f"title: {written}")).problems
        assert "cases[0].item.title: must be text, in quotes where it looks like something else" in problem
        assert problem.endswith(told)


def test_a_word_that_others_read_as_a_number_or_a_truth_survives_its_pack() -> None:
    """What we write is read alike by programs that follow YAML 1.1."""
    words = [
        "off",
        "no",
        "NO",
        "12:30",
        "010",
        "1.5e3",
        "1e3",
        "0o17",
        "2026-01-31",
        ".inf",
        "~",
        "1_000",
        "<<",
        "=",
        "y",
    ]
    rule = spec("R-500", scope=words, when={"row": {"kind": "colour", "value": words}})
    text = dump_pack([rule])
    assert load_pack(text).rules == (rule,)
    (entry,) = yaml.safe_load(text)["rules"]
    assert entry["scope"] == entry["when"]["row"]["value"] == words
