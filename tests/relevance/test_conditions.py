"""The language of conditions beyond rows and overlap: words, amounts, shares, and which source wins."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from relevance.conditions import ConditionError, parse_condition
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from relevance.rules import RuleError, parse_rule, rule_to_data

SHIPPED = Lexicon.shipped()


def holds(when: dict[str, Any], query: str, title: str, *, caption: str = "", **cpv: str) -> tuple[str, ...] | None:
    pair = PairFacts(query, ItemFacts("1", title, cpv=tuple(cpv.items()), caption=caption))
    condition = parse_condition(when)
    assert parse_condition(condition.to_data()) == condition
    return condition.holds(pair, build_grid(pair, SHIPPED))


# words


def test_words_of_the_query_are_whole_words_and_plurals_in_latin_letters() -> None:
    when = {"query_contains": ["pure", "纯"]}
    assert holds(when, "pure cotton shirt", "Shirt") == ("pure",)
    assert holds(when, "纯棉衬衫", "衬衫") == ("纯",)
    assert holds(when, "purell soap", "Soap") is None


def test_the_name_of_the_shop_is_no_text_of_the_item() -> None:
    pair = PairFacts("mug official store", ItemFacts("1", "Mug", shop="Ox official store"))
    grid = build_grid(pair, Lexicon.shipped())
    words = ["official", "官方"]
    assert parse_condition({"shop_contains": words}).holds(pair, grid) == ("official",)
    assert parse_condition({"item_contains": words}).holds(pair, grid) is None


def test_words_of_the_item_may_stand_in_any_of_its_texts() -> None:
    when = {"item_contains": ["sample", "小样"]}
    assert holds(when, "serum", "Serum samples") == ("samples",)
    assert holds(when, "serum", "Serum", size="小样 5ml") == ("小样",)
    assert holds(when, "serum", "Serum", caption="a sample sachet") == ("sample",)
    assert holds(when, "serum sample", "Serum") is None


# amounts


@pytest.mark.parametrize(
    ("title", "off"),
    [
        ("Rice 30 kg", 0.0),
        ("Rice 27 kg", 0.10),  # 3 of 30
        ("Rice 24 kg", 0.20),  # 6 of 30
        ("Rice 60 kg", 1.00),
    ],
)
def test_an_amount_is_off_by_its_share_of_the_asked_one(title: str, off: float) -> None:
    inside = {"amount": {"of": "mass", "off": {"at_most": off + 0.001}}}
    beyond = {"amount": {"of": "mass", "off": {"above": off}}}
    assert holds(inside, "rice 30 kg", title) is not None
    assert holds(beyond, "rice 30 kg", title) is None


def test_bands_meet_without_gap_or_overlap() -> None:
    near = {"amount": {"of": "mass", "off": {"above": 0.05, "at_most": 0.10}}}
    far = {"amount": {"of": "mass", "off": {"above": 0.10}}}
    assert holds(near, "rice 100 g", "Rice 90 g") == ("100 g", "90 g")
    assert holds(far, "rice 100 g", "Rice 90 g") is None
    assert holds(far, "rice 100 g", "Rice 89 g") == ("100 g", "89 g")


def test_the_amount_closest_to_the_wish_counts() -> None:
    when = {"amount": {"of": "mass", "off": {"above": 0.1}}}
    assert holds(when, "rice 5 kg", "Rice 1 kg or 5 kg") is None


def test_an_item_that_states_no_amount_is_not_off() -> None:
    assert holds({"amount": {"of": "mass", "off": {"at_most": 9}}}, "rice 5 kg", "Rice") is None
    assert holds({"amount": {"of": "mass", "off": {"at_most": 9}}}, "rice", "Rice 5 kg") is None


def test_whole_multiples_of_a_pack() -> None:
    whole, other = ({"amount": {"of": "mass", "multiple": said}} for said in (True, False))
    assert holds(whole, "rice 5 kg", "Rice 10 kg") is not None  # 10 = 2 x 5
    assert holds(whole, "rice 30 kg", "Rice 20 kg") is None  # 20 / 30 is none
    assert holds(other, "rice 30 kg", "Rice 20 kg") is not None


def test_a_price_of_the_catalogue_is_an_amount() -> None:
    when = {"amount": {"of": "money", "off": {"above": 0.1}}}
    assert holds(when, "headphones $50", "Headphones", price="60") == ("$50", "60")
    assert holds(when, "headphones $50", "Headphones", price="54") is None
    assert holds(when, "headphones under $50", "Headphones", price="20") is None


# shares


@pytest.mark.parametrize("text", ["95% cotton", "Cotton 95 %", "cotton: 95%", "棉95%", "95%棉"])
def test_a_percentage_of_a_material_is_read_either_way_round(text: str) -> None:
    when = {"share": {"of": ["cotton", "棉"], "at_least": 95}}
    assert holds(when, "cotton shirt", f"Shirt {text}") is not None
    assert holds(when, "cotton shirt", "Shirt", cotton="95%") is not None
    assert holds({"share": {"of": ["cotton", "棉"], "below": 95}}, "cotton shirt", f"Shirt {text}") is None


def test_a_share_of_something_else_does_not_count() -> None:
    assert holds({"share": {"of": ["cotton"], "below": 50}}, "cotton shirt", "Shirt 5% elastane 95% cotton") is None
    assert holds({"share": {"of": ["cotton"], "at_least": 1}}, "cotton shirt", "Shirt 100% silk") is None


# which source wins


def test_the_first_named_source_that_speaks_decides_for_this_rule() -> None:
    title_first, image_first = (
        {"row": {"kind": "colour", "verdict": "conflict", "wins": wins}}
        for wins in (["title", "cpv"], ["caption", "title"])
    )
    assert holds(title_first, "red dress", "Blue dress", colour="red") is not None
    assert holds(title_first, "red dress", "Dress", colour="blue") is not None  # the title says nothing
    assert holds(image_first, "red dress", "Blue dress", caption="a red dress") is None


# what cannot be read


@pytest.mark.parametrize(
    ("when", "field"),
    [
        ({"amount": {"of": "mass"}}, "when.amount"),
        ({"amount": {"of": "weight", "multiple": True}}, "when.amount.of"),
        ({"amount": {"of": "mass", "off": {"up_to": 1}}}, "when.amount.off"),
        ({"amount": {"of": "mass", "off": {"above": "much"}}}, "when.amount.off.above"),
        ({"amount": {"of": "mass", "multiple": 1}}, "when.amount.multiple"),
        ({"share": {"of": "cotton"}}, "when.share"),
        ({"share": {"of": "cotton", "at_least": 101}}, "when.share.at_least"),
        ({"share": {"of": [], "at_least": 1}}, "when.share.of"),
        ({"query_contains": "pure"}, "when.query_contains"),
        ({"row": {"source": "title", "wins": ["cpv"]}}, "when.row"),
        ({"row": {"wins": ["shop"]}}, "when.row.wins"),
        ({"row": {"kind": []}}, "when.row.kind"),
        ({"row": {"verdict": None}}, "when.row.verdict"),
        ({"row": {"value": {"a": "b"}}}, "when.row.value"),
        ({"row": {"value": 1.5}}, "when.row.value"),
        ({"amount": {"of": ["mass"], "multiple": True}}, "when.amount.of"),
    ],
)
def test_a_wrong_condition_names_its_field(when: dict[str, Any], field: str) -> None:
    with pytest.raises(ConditionError, match=f"^{field}: "):
        parse_condition(when)


@pytest.mark.parametrize(
    "when", [{"overlap": {"at_least": 0}}, {"overlap": {"below": 1}}, {"share": {"of": "x", "at_least": 0}}]
)
def test_what_can_be_read_can_be_read_again_in_the_form_that_is_stored(when: dict[str, Any]) -> None:
    """Else a draft that holds it could not be opened any more."""
    once = parse_condition(when)
    assert parse_condition(once.to_data()) == once


# what else a rule says

RULE: dict[str, Any] = {
    "code": "R-501",
    "version": 1,
    "dimension": "material",
    "title": {"en": "Pure", "zh": "纯"},
    "statement": {"en": "Pure means 95 %.", "zh": "纯指 95%。"},
    "effect": "cap",
    "label": "L3",
    "precedence": 50,
    "cases": [],
}
MORE: dict[str, Any] = {
    "principle": {"en": "Below 95 %: at most related.", "zh": "低于 95%：至多相关。"},
    "behind": "zh",
    "scope": ["shirt"],
    "queries": ["pure"],
    "valid_from": "2026-01-01",
    "valid_until": "2026-12-31",
}


def test_principle_scope_of_queries_validity_and_an_older_translation_survive_their_data_form() -> None:
    rule = parse_rule({**RULE, **MORE})
    assert rule_to_data(rule) == {**RULE, **MORE}
    assert parse_rule(rule_to_data(rule)) == rule
    assert parse_rule(RULE).principle == {} and not parse_rule(RULE).behind


def test_a_rule_covers_the_categories_and_the_queries_it_names() -> None:
    rule = parse_rule({**RULE, **MORE})
    assert rule.covers(PairFacts("pure cotton", ItemFacts("1", "Shirt")))
    assert not rule.covers(PairFacts("cotton", ItemFacts("1", "Shirt")))
    assert not rule.covers(PairFacts("pure cotton", ItemFacts("1", "Sock")))


def test_both_days_of_a_validity_belong_to_it() -> None:
    rule = parse_rule({**RULE, **MORE})
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1))
    assert [rule.in_force(day) for day in days] == [False, True, True, False]
    assert parse_rule(RULE).in_force(date(1900, 1, 1))


@pytest.mark.parametrize(
    ("more", "field"),
    [({"valid_from": "soon"}, "valid_from"), ({"behind": "fr"}, "behind"), ({"principle": {"en": "x"}}, "principle")],
)
def test_a_wrong_addition_names_rule_and_field(more: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleError, match=f"^R-501: {field}: "):
        parse_rule({**RULE, **more})
