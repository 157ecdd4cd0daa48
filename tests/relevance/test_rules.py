"""Rules as values: strict reading, firing with its evidence, deciding."""

from __future__ import annotations

from typing import Any

import pytest

from relevance.conditions import ConditionError, parse_condition
from relevance.deciding import decide, posterior
from relevance.evidence import EvidenceGrid, build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from relevance.rules import FiredRule, RuleError, fired_rules, parse_rule, rule_to_data

COLOUR: dict[str, Any] = {
    "code": "R-080",
    "version": 1,
    "dimension": "colour",
    "title": {"en": "Another colour", "zh": "颜色不符"},
    "statement": {"en": "Another colour is a mismatch.", "zh": "颜色不同即不匹配。"},
    "when": {"row": {"kind": "colour", "verdict": "conflict"}},
    "effect": "cap",
    "label": "L2",
    "precedence": 69,
    "cases": [{"query": "red mug", "item": {"title": "Mug", "cpv": {"colour": "blue"}}, "label": "L2"}],
}


def pair(query: str, title: str, category: str = "", **cpv: str) -> PairFacts:
    return PairFacts(query, ItemFacts("1", title, category=category, cpv=tuple(cpv.items())))


def grid(of: PairFacts) -> EvidenceGrid:
    return build_grid(of, Lexicon.shipped())


def fired(effect: str, label: str, precedence: int, code: str = "R-001") -> FiredRule:
    return FiredRule(code, 1, parse_rule(COLOUR).dimension, effect, label, precedence, ())


# reading


def test_a_rule_survives_its_data_form() -> None:
    spec = parse_rule(COLOUR)
    assert parse_rule(rule_to_data(spec)) == spec


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"code": "X1"}, "code"),
        ({"dimension": "taste"}, "taste"),
        ({"effect": "maybe"}, "effect"),
        ({"label": "L5"}, "label"),
        ({"version": 0}, "version"),
        ({"precedence": "high"}, "precedence"),
        ({"title": {"en": "x"}}, "title"),
        ({"statement": {"en": "x", "zh": " "}}, "statement.zh"),
        ({"when": {"row": {"colour": "red"}}}, "when.row"),
        ({"when": {"row": {"kind": "colour", "verdict": "wrong"}}}, "when.row.verdict"),
        ({"when": {"all": []}}, "when.all"),
        ({"when": {"overlap": {"at_least": 2}}}, "when.overlap.at_least"),
        ({"cases": [{"query": "x"}]}, "cases[0]"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_rule_that_cannot_be_read_names_its_code_and_field(change: dict[str, Any], named: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule({**COLOUR, **change})
    assert str(change.get("code", "R-080")) in str(caught.value)
    assert named in str(caught.value)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(RuleError, match="R-080: field 'label' is missing"):
        parse_rule({key: value for key, value in COLOUR.items() if key != "label"})


@pytest.mark.parametrize(
    "data",
    [
        {"row": {"kind": "colour", "verdict": ["conflict", "near"], "source": "cpv", "negated": False}},
        {"all": [{"row": {"head": True}}, {"not": {"overlap": {"at_least": 0.5, "below": 0.9}}}]},
        {"any": [{"category_contains": ["shoes", "鞋"]}, {"price_stated": True}]},
    ],
)
def test_a_condition_survives_its_data_form(data: dict[str, Any]) -> None:
    once = parse_condition(data)
    assert parse_condition(once.to_data()) == once


@pytest.mark.parametrize("data", [None, [], {}, "row", {"row": {}}, {"maybe": 1}, {"all": {}, "any": {}}, {"not": 3}])
def test_a_condition_is_read_strictly(data: object) -> None:
    with pytest.raises(ConditionError):
        parse_condition(data)


# firing


def test_a_fired_rule_says_what_it_rests_on() -> None:
    asked = pair("red mug", "Mug", colour="blue")
    (one,) = fired_rules(asked, grid(asked), [parse_rule(COLOUR)])
    assert one.evidence == ("red", "blue")


# deciding


def test_everything_answered_is_excellent() -> None:
    asked = pair("red mug", "Red mug")
    assert decide(grid(asked), ()).label == "L4"


def test_caps_win_over_floors_and_labels() -> None:
    asked = grid(pair("red mug", "Red mug"))
    rules = [fired("label", "L4", 90), fired("floor", "L3", 50), fired("cap", "L2", 10)]
    decision = decide(asked, rules)
    assert (decision.label, decision.deciding) == ("L2", (rules[2],))


def test_of_two_label_rules_the_higher_precedence_decides() -> None:
    asked = grid(pair("red mug", "Red mug"))
    assert decide(asked, [fired("label", "L1", 90), fired("label", "L4", 50)]).label == "L1"


def test_only_a_mismatch_names_a_dimension() -> None:
    asked = grid(pair("red mug", "Mug", colour="blue"))
    assert decide(asked, [fired("cap", "L2", 10)]).mismatch == "colour"
    assert decide(asked, [fired("cap", "L1", 10)]).mismatch is None


@pytest.mark.parametrize("grade", [1, 2, 3, 4])
def test_the_posterior_sums_to_one_and_peaks_at_the_label(grade: int) -> None:
    for asked in (pair("red mug", "Red mug"), pair("red mug", "Lamp"), pair("", "")):
        shares = posterior(grade, grid(asked))
        assert sum(shares.values()) == pytest.approx(1, abs=1e-9)
        assert max(shares, key=lambda label: shares[label]) == f"L{grade}"


def test_the_less_an_item_says_the_wider_the_posterior() -> None:
    said, silent = grid(pair("red mug", "Red mug")), grid(pair("red mug", "Thing"))
    assert posterior(3, said)["L3"] > posterior(3, silent)["L3"]
