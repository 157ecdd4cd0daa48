"""From a question to a judged pair: what is accepted, what is invalid, what contradicts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from inference.engines.base import Completion, EngineError, EngineUnavailable, Terms
from inference.engines.distilled import Distilled
from inference.engines.scripted import Scripted
from inference.pipeline import Judged, ask, judge, prompt_digest
from relevance.chain import parse_chain
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from rules.packs import load_pack

RULES = load_pack((Path(__file__).resolve().parents[2] / "rules/packs/starter.yaml").read_text()).rules
CHAIN: dict[str, Any] = {
    "entity": "mug", "intent": "item", "constraints": [], "path": [], "rules": [], "label": "L4", "mismatch": None,
}  # fmt: skip
FLAT = {"L1": 0.25, "L2": 0.25, "L3": 0.25, "L4": 0.25}


def question(query: str = "red mug", title: str = "Red mug", **cpv: str) -> Any:
    pair = PairFacts(query, ItemFacts("1", title, cpv=tuple(cpv.items())))
    return ask(pair, build_grid(pair, Lexicon.shipped()), RULES)


def says(posterior: Any = None, asked: Any = None, **chain: Any) -> Judged:
    text = json.dumps({**CHAIN, **chain})
    (judged,) = judge([asked or question()], Scripted([Completion(text, posterior)]))
    assert isinstance(judged, Judged)
    return judged


def test_a_good_answer_is_ok() -> None:
    judged = says()
    assert (judged.status, judged.label, judged.contradicts) == ("ok", "L4", ())


def test_the_posterior_decides_the_label_where_there_is_one() -> None:
    judged = says({"L1": 0.1, "L2": 0.1, "L3": 0.6, "L4": 0.2})
    assert (judged.label, judged.contradicts) == ("L3", ("chain_label",))
    assert judged.margin == pytest.approx(0.4)  # 0.6 - 0.2


def test_a_good_label_against_a_conflict_is_marked() -> None:
    assert says(asked=question("red mug", "Mug", colour="blue")).contradicts == ("grid_conflict",)


def test_a_bad_label_although_all_matches_is_marked() -> None:
    assert says(label="L1").contradicts == ("grid_match",)


@pytest.mark.parametrize(
    "posterior",
    [
        {"L1": 1.0},
        {**FLAT, "L5": 0.0},
        {**FLAT, "L1": 0.9},
        {**FLAT, "L1": math.nan},
        {"L1": -0.1, "L2": 0.5, "L3": 0.3, "L4": 0.3},
    ],
)
def test_a_posterior_that_is_none_is_invalid(posterior: dict[str, float]) -> None:
    judged = says(posterior)
    assert (judged.status, judged.reason, judged.label) == ("invalid", "posterior", "")


def test_an_l2_by_posterior_alone_takes_its_mismatch_from_the_grid() -> None:
    l2 = {"L1": 0.1, "L2": 0.6, "L3": 0.2, "L4": 0.1}
    judged = says(l2, asked=question("red mug", "Mug", colour="blue"))
    assert (judged.status, judged.label, judged.mismatch) == ("ok", "L2", "colour")
    assert "chain_label" in judged.contradicts
    assert says(l2).mismatch == ""  # nothing says what is wrong, and nothing is invented


@pytest.mark.parametrize("text", ["", "L4", "{}", '{"label": "L4"', json.dumps({**CHAIN, "label": "l4"})])
def test_what_does_not_parse_has_no_label(text: str) -> None:
    (judged,) = judge([question()], Scripted([text]))
    assert isinstance(judged, Judged)
    assert (judged.status, judged.label, judged.posterior) == ("invalid", "", None)
    assert judged.reason


@pytest.mark.parametrize(
    ("around", "held", "status", "reason"),
    [
        ("```json\n@\n```", False, "ok", ""),
        ("<think>L1? No.</think>@", False, "ok", ""),
        ("```json\n@\n```", True, "invalid", "not_json"),
        ("<think>L1? No.</think>@", True, "invalid", "not_json"),
        ("@@", False, "invalid", "not_json"),
        ("An excellent match.", False, "invalid", "prose"),
        ("An excellent match.", True, "invalid", "not_json"),
    ],
)
def test_a_fence_and_thoughts_are_looked_through_only_where_no_schema_is_held(
    around: str, held: bool, status: str, reason: str
) -> None:
    text = around.replace("@", json.dumps({"nonce": "abc", **CHAIN, "label": "K"}))
    terms = Terms("abc", {"K": "L4", "M": "L1"}, frozenset(), schema_held=held)
    (judged,) = judge([question()], Scripted([Completion(text, None, terms=terms)]))
    assert isinstance(judged, Judged)
    assert (judged.status, judged.reason, judged.label) == (status, reason, "L4" if status == "ok" else "")


def test_an_unknown_rule_makes_a_chain_invalid() -> None:
    text = json.dumps({**CHAIN, "rules": ["R-999"]})
    (judged,) = judge([question()], Scripted([text]), known_rules={"R-001"})
    assert isinstance(judged, Judged)
    assert judged.reason == "unknown_rule"


def test_an_error_stands_where_its_answer_would() -> None:
    answers = judge([question(), question()], Scripted([EngineUnavailable("down"), json.dumps(CHAIN)]))
    assert isinstance(answers[0], EngineError)
    assert isinstance(answers[1], Judged)


def test_the_digest_follows_the_inputs() -> None:
    engine = Scripted([])
    same, other = prompt_digest(question(), engine), prompt_digest(question(title="Blue mug"), engine)
    assert prompt_digest(question(), engine) == same != other


# the cold start


def cold(query: str, title: str, **cpv: str) -> Judged:
    (judged,) = judge([question(query, title, **cpv)], Distilled(RULES))
    assert isinstance(judged, Judged)
    return judged


def test_the_cold_start_answers_with_a_real_chain() -> None:
    judged = cold("burgundy long dress cotton", "Midi dress, cotton blend", colour="blue")
    assert (judged.status, judged.label) == ("ok", "L2")
    assert judged.chain is not None
    assert judged.chain.entity == "dress"
    assert judged.chain.mismatch == "colour"
    assert "R-080" in judged.chain.rules
    assert ("burgundy", "cpv", "conflict", "blue") in {
        (step.constraint, step.source, step.verdict, step.literal) for step in judged.chain.path
    }


def test_the_cold_start_says_that_it_has_not_learnt() -> None:
    assert Distilled(RULES).learnt is False
    assert Distilled(RULES).revision.startswith("cold-start-")


def test_another_pack_is_another_revision() -> None:
    assert Distilled(RULES).revision != Distilled(RULES[1:]).revision


@pytest.mark.parametrize("query", ["", "   ", "?!", "x" * 5000, "\x00\u202e", "红" * 3000])
def test_the_cold_start_never_breaks_on_a_query(query: str) -> None:
    judged = cold(query, "Red mug")
    assert judged.status == "ok"
    assert not isinstance(parse_chain(judged.completion.text), str)


def test_the_same_evidence_gives_the_same_answer() -> None:
    assert cold("red mug", "Red mug").completion.text == cold("red mug", "Red mug").completion.text
