"""One strict parser: a text is a chain as it stands, or invalid for a reason that can be counted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from relevance.chain import (
    CHAIN_SCHEMA,
    MAX_BYTES,
    Chain,
    ConstraintStep,
    Intent,
    Invalid,
    PathStep,
    chain_json,
    lone_object,
    parse_chain,
)
from relevance.dimensions import Dimension

RED_SHOE: dict[str, Any] = {
    "entity": "shoe",
    "intent": "item_with_attributes",
    "constraints": [{"text": "red", "dimension": "colour", "value": "red", "negated": False}],
    "path": [
        {
            "constraint": "red",
            "dimension": "colour",
            "source": "cpv",
            "verdict": "conflict",
            "literal": "蓝色",
        }
    ],
    "rules": ["R-001"],
    "label": "L2",
    "mismatch": "colour",
}


def text_of(**changes: Any) -> str:
    return json.dumps(RED_SHOE | changes)


def without(key: str) -> str:
    return json.dumps({name: value for name, value in RED_SHOE.items() if name != key})


def reason_of(text: str | bytes, **kwargs: Any) -> str:
    parsed = parse_chain(text, **kwargs)
    assert isinstance(parsed, Invalid), parsed
    assert len(parsed.detail) <= 300
    parsed.detail.encode()  # storable: no lone surrogate
    assert "\x00" not in parsed.detail
    return parsed.reason


def test_a_whole_answer_is_a_chain() -> None:
    chain = parse_chain(text_of(), known_rules={"R-001"})
    assert isinstance(chain, Chain)
    assert chain.intent is Intent.ITEM_WITH_ATTRIBUTES
    assert chain.mismatch is Dimension.COLOUR
    assert chain.path[0].literal == "蓝色"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "L4",
        "Here it is: " + text_of(),
        text_of() + " hope this helps",
        text_of() + text_of(label="L4", mismatch=None),
        "```json\n" + text_of() + "\n```",
        text_of()[:-1],
        "\ufeff" + text_of(),
        '{"label": NaN}',
        '{"label": "L4", "x": -Infinity}',
        "[" * 100_000,
        "9" * 5000,
    ],
)
def test_a_text_that_is_not_one_json_value_is_not_json(text: str) -> None:
    assert reason_of(text) == "not_json"


@pytest.mark.parametrize("text", ["[]", '"L4"', "null", "4"])
def test_a_json_value_that_is_no_object_fails_the_schema(text: str) -> None:
    assert reason_of(text) == "schema"


@pytest.mark.parametrize(
    "around",
    [
        "@",
        " \n@\n",
        "```json\n@\n```",
        "```\n@```",
        "<think>Perhaps {L1}? No.</think>@",
        "\n<think>\n{}\n</think>\n\n```json\n@\n```\n",
        "The server swallowed where the thoughts begin.</think>\n@",
        "Here is the answer:\n@\nThat is all.",
    ],
)
def test_where_no_schema_is_held_the_one_object_is_found_among_thoughts_fences_and_words(around: str) -> None:
    assert lone_object(around.replace("@", text_of())) == text_of()


@pytest.mark.parametrize(
    ("around", "reason"),
    [
        ("", "prose"),
        ("The mug is red.", "prose"),
        ("<think>@</think>", "prose"),
        ("<think>@", "not_json"),
        ("<think>a</think>b</think>@", "not_json"),
        ("@@", "not_json"),
        ("@ or @", "not_json"),
        ("In {braces}: @", "not_json"),
        ("@ {", "not_json"),
        ("{" * 100_000, "not_json"),
        ('{"a":' * 50_000, "not_json"),
        (" " * (MAX_BYTES + 1), "too_large"),
    ],
)
def test_none_two_or_half_an_object_is_never_chosen_from(around: str, reason: str) -> None:
    found = lone_object(around.replace("@", text_of()))
    assert isinstance(found, Invalid) and found.reason == reason


def test_what_is_found_is_read_as_strictly_as_ever() -> None:
    for text in ('```json\n{"label": "L4", "label": "L1"}\n```', '```json\n{"label": "l4"}\n```', '{"label": NaN}'):
        found = lone_object(text)
        assert isinstance(found, str) and isinstance(parse_chain(found), Invalid)


def test_two_labels_in_one_answer_are_invalid_even_if_they_agree() -> None:
    assert reason_of(text_of().replace('"label"', '"label": "L3", "label"')) == "two_labels"
    assert reason_of(text_of().replace('"label"', '"label": "L2", "label"')) == "two_labels"


@pytest.mark.parametrize("key", ['"entity"', '"text"', '"rules"'])
def test_any_other_repeated_key_fails_the_schema(key: str) -> None:
    assert reason_of(text_of().replace(key, f'{key}: "x", {key}', 1)) == "schema"


@pytest.mark.parametrize("text", [without("label"), text_of(label=None), text_of(label="")])
def test_an_answer_without_a_label_has_no_label(text: str) -> None:
    assert reason_of(text) == "no_label"


@pytest.mark.parametrize(
    "label", ["l2", "L 2", " L2", "L2 ", "Ｌ2", "L２", "L5", "2", "mismatch", 2, True, ["L2"], {"L2": 1}]
)
def test_a_label_in_any_other_form_is_never_coerced(label: object) -> None:
    assert reason_of(text_of(label=label)) == "label"


@pytest.mark.parametrize("text", [without("mismatch"), text_of(mismatch=None), text_of(mismatch="")])
def test_a_mismatch_names_its_dimension(text: str) -> None:
    assert reason_of(text) == "mismatch_missing"


@pytest.mark.parametrize("label", ["L1", "L3", "L4"])
def test_only_a_mismatch_names_a_dimension(label: str) -> None:
    assert reason_of(text_of(label=label)) == "schema"
    assert isinstance(parse_chain(text_of(label=label, mismatch=None)), Chain)


def test_a_rule_that_was_not_offered_is_unknown() -> None:
    assert reason_of(text_of(), known_rules=["R-002"]) == "unknown_rule"
    assert reason_of(text_of(), known_rules=[]) == "unknown_rule"
    assert isinstance(parse_chain(text_of()), Chain)


@pytest.mark.parametrize(
    "changes",
    [
        {"confidence": 0.9},
        {"mismatch": "color"},
        {"intent": "Brand"},
        {"entity": 3},
        {"entity": "x" * 301},
        {"rules": "R-001"},
        {"rules": ["R-001\n"]},
        {"rules": ["<b>"]},
        {"rules": ["R-001"] * 65},
        {"constraints": [{"text": "", "dimension": "colour"}]},
        {"constraints": [{"text": "red", "dimension": "colour", "negated": "false"}]},
        {"constraints": [{"text": "red", "dimension": "colour", "weight": 1}]},
        {"path": [RED_SHOE["path"][0] | {"source": "image"}]},
        {"path": [RED_SHOE["path"][0] | {"verdict": "Match"}]},
        {"path": RED_SHOE["path"] * 257},
        {"path": None},
    ],
)
def test_whatever_departs_from_the_schema_is_refused(changes: dict[str, Any]) -> None:
    assert reason_of(text_of(**changes)) == "schema"


@pytest.mark.parametrize("key", ["entity", "intent", "constraints", "path", "rules"])
def test_no_step_of_the_thought_may_be_left_out(key: str) -> None:
    assert reason_of(without(key)) == "schema"


def test_a_text_beyond_the_bound_is_not_read() -> None:
    assert reason_of(" " * (MAX_BYTES + 1)) == "too_large"
    assert reason_of(b" " * (MAX_BYTES + 1)) == "too_large"
    assert reason_of("红" * (MAX_BYTES // 3 + 1)) == "too_large"  # three bytes each
    padding = " " * (MAX_BYTES - len(text_of()))
    assert isinstance(parse_chain(text_of() + padding), Chain)


def test_repeated_keys_by_the_thousand_are_refused_at_once() -> None:
    assert reason_of("{" + '"a":1,' * 30_000 + '"b":1}') == "schema"


@pytest.mark.parametrize("bad", ["\x00", "\\u0000", "\ud800", "\\ud800", "\\udfff"])
def test_what_cannot_be_stored_becomes_a_replacement_character(bad: str) -> None:
    chain = parse_chain(text_of(entity="sh@e").replace("@", bad))
    assert isinstance(chain, Chain)
    assert chain.entity == "sh\ufffde"


def test_a_pair_of_surrogates_is_a_character() -> None:
    chain = parse_chain(text_of(entity="👟"))  # json.dumps writes it as a pair
    assert isinstance(chain, Chain)
    assert chain.entity == "👟"


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    chain = parse_chain(text_of(entity="sh@e").encode().replace(b"@", b"\xff"))
    assert isinstance(chain, Chain)
    assert chain.entity == "sh\ufffde"


def test_a_hostile_key_is_reported_within_bounds() -> None:
    assert reason_of(text_of(**{"\ud800" + "k" * 5000: 1})) == "schema"
    assert reason_of(text_of(**{"\x00": 1})) == "schema"


def test_a_chain_built_in_code_obeys_the_same_law() -> None:
    with pytest.raises(ValidationError):
        Chain(entity="shoe", intent=Intent.ITEM, constraints=(), path=(), rules=(), label="L2")
    step = ConstraintStep(text="red\x00", dimension=Dimension.COLOUR)
    assert step.text == "red\ufffd"
    with pytest.raises(ValidationError):
        step.text = "blue"  # type: ignore[misc]


phrases = st.text(st.characters(), max_size=30)
named = phrases.filter(bool)
dimensions = st.sampled_from(Dimension)
labels_with_mismatch = st.one_of(
    st.tuples(st.sampled_from(["L1", "L3", "L4"]), st.none()), st.tuples(st.just("L2"), dimensions)
)
chains = st.builds(
    lambda verdict, **steps: Chain(label=verdict[0], mismatch=verdict[1], **steps),
    verdict=labels_with_mismatch,
    entity=phrases,
    intent=st.sampled_from(Intent),
    constraints=st.lists(
        st.builds(ConstraintStep, text=named, dimension=dimensions, value=phrases, negated=st.booleans()),
        max_size=3,
    ),
    path=st.lists(
        st.builds(
            PathStep,
            constraint=named,
            dimension=dimensions,
            source=st.sampled_from(["title", "cpv", "sku", "caption"]),
            verdict=st.sampled_from(["match", "near", "conflict", "silent"]),
            literal=phrases,
        ),
        max_size=3,
    ),
    rules=st.lists(st.from_regex(r"R-[0-9]{3}", fullmatch=True), max_size=3),
)


@settings(max_examples=40)
@given(chains)
def test_every_chain_survives_its_own_text(chain: Chain) -> None:
    text = chain_json(chain)
    assert parse_chain(text) == chain == parse_chain(text.encode())
    assert chain_json(Chain.model_validate(json.loads(text))) == text


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_no_text_makes_the_parser_fail(text: str | bytes) -> None:
    assert isinstance(parse_chain(text), Invalid)


def test_the_schema_for_constrained_decoding_leaves_nothing_open() -> None:
    step = CHAIN_SCHEMA["$defs"]["PathStep"]
    assert CHAIN_SCHEMA["required"] == list(Chain.model_fields)
    assert list(CHAIN_SCHEMA["properties"]) == list(Chain.model_fields)
    assert step["required"] == list(PathStep.model_fields)
    assert CHAIN_SCHEMA["additionalProperties"] is False is step["additionalProperties"]
    assert CHAIN_SCHEMA["properties"]["label"]["enum"] == ["L1", "L2", "L3", "L4"]
