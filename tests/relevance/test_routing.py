"""Which rules a pair is shown: those about what is asked and stated, with those words; which of them fire is not told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid, Verdict, build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from relevance.routing import IN_A_PROMPT, ON_A_CARD, RoutedRule, routed_rules
from relevance.rules import RuleSpec, parse_rule
from tests.relevance.test_rules import COLOUR, grid, pair

Data = dict[str, Any]
NEAR_SHADE: Data = {"code": "R-081", "when": {"row": {"kind": "colour", "verdict": "near"}}, "precedence": 46}
UNSTATED: Data = {"code": "R-083", "when": {"row": {"kind": "colour", "verdict": "silent"}}, "precedence": 40}


def rule(**changes: Any) -> RuleSpec:
    return parse_rule({**COLOUR, **changes})


def shown(asked: PairFacts, *specs: RuleSpec, limit: int = ON_A_CARD) -> list[str]:
    return [one.spec.code for one in routed_rules(asked, grid(asked), specs, limit)]


def told(asked: PairFacts, *specs: RuleSpec) -> list[str]:
    return [one.reason.in_words["en"] for one in routed_rules(asked, grid(asked), specs)]


# what made it apply


def test_a_rule_comes_with_the_words_that_made_it_apply_in_both_languages() -> None:
    asked = pair("red mug", "Mug", colour="blue")
    (one,) = routed_rules(asked, grid(asked), [rule()])
    assert one.reason.in_words == {"en": "colour: red asked, blue stated", "zh": "颜色：要求 red，标明 blue"}


def test_what_the_item_leaves_open_is_told_as_not_stated() -> None:
    assert told(pair("red mug", "Mug"), rule(**UNSTATED)) == ["colour: red asked, not stated"]


def test_what_the_query_excludes_is_told_as_excluded() -> None:
    excluded = rule(when={"row": {"verdict": "conflict", "negated": True}})
    assert told(pair("mug without red", "Mug", colour="red"), excluded) == ["colour: no red asked, red stated"]


def test_words_that_only_the_item_has_are_told_as_not_asked() -> None:
    sample = rule(when={"all": [{"item_contains": ["tester"]}, {"not": {"query_contains": ["sample"]}}]})
    assert told(pair("perfume", "Perfume tester"), sample) == ["colour: tester stated, not asked"]
    assert told(pair("perfume sample", "Perfume tester"), sample) == []


def test_a_long_literal_is_cut_in_a_reason() -> None:
    style = rule(when={"item_contains": ["x" * 100]})
    assert told(pair("mug", "x" * 100), style) == [f"colour: {'x' * 59}… stated, not asked"]


@pytest.mark.parametrize("before", [0, 10, 52, 56, 80, 300])
@pytest.mark.parametrize("after", [0, 30, 300])
def test_of_a_long_literal_the_part_with_the_asked_words_is_told(before: int, after: int) -> None:
    asked = pair("sofa", "Lamp")
    long = stating(asked, f"{'b' * before} sofa bed {'a' * after}", Verdict.NEAR)
    (one,) = routed_rules(asked, long, [rule(when={"row": {"head": True, "verdict": "near"}})])
    assert "sofa" in one.reason.stated and len(one.reason.stated) <= 60
    assert one.reason.stated.strip("…").strip() in f"{'b' * before} sofa bed {'a' * after}"


# what a rule concerns


@pytest.mark.parametrize("title", ["Mug", "Red mug"])
def test_a_wish_that_is_just_met_or_left_open_brings_no_rule_of_what_differs(title: str) -> None:
    assert shown(pair("red mug", title), rule(), rule(**NEAR_SHADE)) == []


def test_a_dimension_that_the_query_does_not_ask_brings_no_rule() -> None:
    assert shown(pair("mug", "Mug", colour="blue"), rule(), rule(**UNSTATED)) == []


def test_a_scope_is_of_the_item_itself_not_of_what_it_is_for() -> None:
    socks = rule(scope=["socks"])
    assert shown(pair("red socks", "Wool socks", colour="blue"), socks) == ["R-080"]
    assert shown(pair("red washing bag", "Washing bag for socks", colour="blue"), socks) == []
    assert shown(pair("red socks", "Long ones", category="Socks", colour="blue"), socks) == ["R-080"]


def test_a_kind_in_a_condition_is_of_the_item_itself_too() -> None:
    toy = rule(when={"category_contains": ["toy"]})
    assert shown(pair("car", "Toy car"), toy) == ["R-080"]
    assert shown(pair("chest", "Chest for toy cars"), toy) == []


def test_words_that_a_rule_names_of_the_query_ask_for_its_dimension() -> None:
    """No list knows what a style is; a rule that speaks of one is shown to who judges a query with its words."""
    style = rule(code="R-151", dimension="aesthetic_style", queries=["cottagecore"], when=None)
    assert told(pair("cottagecore rug", "Rug"), style) == ["aesthetic style: cottagecore asked"]
    assert told(pair("grey rug", "Rug"), style) == []


def test_what_must_be_stated_brings_its_rule_only_where_it_is_not() -> None:
    organic = rule(queries=["organic"], when={"not": {"item_contains": ["organic"]}})
    assert told(pair("organic tea", "Tea"), organic) == ["colour: organic asked, not stated"]
    assert told(pair("organic tea", "Organic tea"), organic) == []


def test_of_several_situations_the_one_of_the_pair_is_told() -> None:
    skin = rule(
        when={
            "any": [
                {"all": [{"query_contains": ["oily skin"]}, {"item_contains": ["dry skin"]}]},
                {"all": [{"query_contains": ["curly hair"]}, {"item_contains": ["straight hair"]}]},
            ]
        }
    )
    assert told(pair("shampoo curly hair", "Shampoo, straight hair"), skin) == [
        "colour: curly hair asked, straight hair stated"
    ]
    assert told(pair("wool sweater", "Sweater"), skin) == []


def test_a_rule_of_the_kind_of_thing_alone_is_shown_only_where_that_differs() -> None:
    other = rule(dimension="category", when={"row": {"kind": "category", "verdict": "conflict", "head": True}})
    open_ones = rule(code="R-004", when={"row": {"kind": "category", "verdict": "match", "head": True}})
    assert shown(pair("sofa", "Sofa"), other, open_ones) == []
    assert told(pair("sofa", "Lamp"), other, open_ones) == ["category: sofa asked, Lamp stated"]


def test_a_rule_that_only_people_can_apply_is_shown_where_its_dimension_is_asked_and_not_just_met() -> None:
    by_eye = rule(when=None)
    assert told(pair("red mug", "Mug", colour="blue"), by_eye) == ["colour: red asked, blue stated"]
    assert told(pair("red mug", "Mug"), by_eye) == ["colour: red asked, not stated"]
    assert told(pair("red mug", "Red mug"), by_eye) == told(pair("mug", "Mug"), by_eye) == []


def stating(asked: PairFacts, literal: str, verdict: Verdict = Verdict.CONFLICT) -> EvidenceGrid:
    """The grid of a pair, whose first row says this of each source that speaks."""
    value = grid(asked)
    row = value.rows[0]
    cells = (replace(cell, literal=literal, verdict=verdict) if cell.literal else cell for cell in row.cells)
    return replace(value, rows=(replace(row, cells=tuple(cells), verdict=verdict), *value.rows[1:]))


@pytest.mark.parametrize(
    ("literal", "shown"),
    [("lamp", [True, True]), ("sofa lamp", [False, True]), ("garden sofa", [False, True]), ("Sofas", [False, False])],
)
def test_the_asked_words_are_no_other_value_and_with_more_around_them_near_at_most(
    literal: str, shown: list[bool]
) -> None:
    """Without this a grid that is unsure of "sweater coat" would bring "another kind of thing" before sweaters."""
    asked = pair("sofa", "Lamp")
    specs = [rule(when={"row": {"head": True, "verdict": one}}) for one in ("conflict", ["near", "conflict"])]
    assert [bool(routed_rules(asked, stating(asked, literal), [spec])) for spec in specs] == shown


def test_a_wish_that_is_just_met_brings_its_rule_where_nothing_else_is_asked() -> None:
    brand = rule(when={"row": {"kind": "brand", "verdict": "match"}}, dimension="brand")
    lexicon = Lexicon.shipped().learn([ItemFacts("1", "Lamp", cpv=(("brand", "Ikea"),))])
    for query, expected in (("ikea", ["R-080"]), ("ikea lamp", [])):
        asked = pair(query, "Lamp", brand="Ikea")
        found = routed_rules(asked, build_grid(asked, lexicon), [brand])
        assert [one.spec.code for one in found] == expected


@pytest.mark.parametrize(("literal", "brought"), [("phone case", False), ("A452", True)])
def test_a_wanted_model_and_another_kind_of_thing_are_no_two_models(literal: str, brought: bool) -> None:
    asked = pair("a451", "A452")
    value = stating(asked, literal)
    wish = replace(value.rows[0].constraint, kind=Dimension.MODEL, head=True)
    cells = (replace(value.rows[0].cells[0], literal=literal, verdict=Verdict.CONFLICT), *value.rows[0].cells[1:])
    wanted = replace(value, rows=(replace(value.rows[0], constraint=wish, cells=cells),))
    other = rule(dimension="model", when={"row": {"kind": "model", "verdict": "conflict"}})
    assert bool(routed_rules(asked, wanted, [other])) is brought


def test_a_row_of_one_source_tells_what_that_source_states() -> None:
    mentioned = rule(when={"row": {"kind": "colour", "source": "cpv", "verdict": "conflict"}})
    assert told(pair("red mug", "Green mug", colour="blue"), mentioned) == ["colour: red asked, blue stated"]


def test_a_kind_of_thing_is_mentioned_in_a_source_where_its_words_stand_there() -> None:
    """Without this a notebook's own kind would be told as where headphones are mentioned."""
    mentioned = rule(when={"row": {"head": True, "source": "title", "verdict": "near"}})
    asked = pair("sofa", "Lamp")
    for literal, brought in (("lamp", []), ("goes with any sofa", ["category: sofa asked, goes with any sofa stated"])):
        found = routed_rules(asked, stating(asked, literal), [replace(mentioned, dimension=Dimension.CATEGORY)])
        assert [one.reason.in_words["en"] for one in found] == brought


# what is not told


def with_verdict(value: EvidenceGrid, verdict: Verdict) -> EvidenceGrid:
    """The same grid with every cell that speaks, and its row, of one verdict."""
    rows = []
    for row in value.rows:
        cells = tuple(cell if cell.verdict is Verdict.SILENT else replace(cell, verdict=verdict) for cell in row.cells)
        rows.append(replace(row, cells=cells, verdict=row.verdict if row.verdict is Verdict.SILENT else verdict))
    return replace(value, rows=tuple(rows))


def test_near_and_conflict_bring_the_same_rules_in_the_same_order() -> None:
    asked = pair("red mug", "Mug", colour="blue")
    specs = [rule(**NEAR_SHADE), rule(), rule(**UNSTATED)]
    near, conflict = (
        routed_rules(asked, with_verdict(grid(asked), verdict), specs) for verdict in (Verdict.NEAR, Verdict.CONFLICT)
    )
    assert [one.spec.code for one in near] == ["R-080", "R-081"]
    assert near == conflict


def test_no_bound_is_looked_at() -> None:
    """One kilogram is asked: which of two bands the item's weight lies in is the verdict."""
    bands = [rule(when={"amount": {"of": "mass", "off": {"at_most": 0.1}}}),
             rule(code="R-081", when={"amount": {"of": "mass", "off": {"above": 0.1}}})]  # fmt: skip
    shares = [rule(queries=["cotton"], when={"share": {"of": ["cotton"], "below": 50}}),
              rule(code="R-081", queries=["cotton"], when={"share": {"of": ["cotton"], "at_least": 50}})]  # fmt: skip
    for title in ("Rice 1.05 kg", "Rice 5 kg"):
        assert shown(pair("rice 1 kg", title), *bands) == ["R-080", "R-081"]
    for title in ("Shirt 40% cotton", "Shirt 60% cotton"):
        assert shown(pair("cotton shirt", title), *shares) == ["R-080", "R-081"]


@pytest.mark.parametrize(("effect", "label"), [("cap", "L2"), ("floor", "L4"), ("label", "L1")])
def test_neither_effect_nor_label_chooses(effect: str, label: str) -> None:
    specs = [rule(effect=effect, label=label), rule(**NEAR_SHADE), rule(code="R-090", precedence=90)]
    assert shown(pair("red mug", "Mug", colour="blue"), *specs) == ["R-090", "R-080", "R-081"]


# how many, in which order


def test_a_card_shows_at_most_three_rules_and_a_prompt_five_of_the_same_order() -> None:
    specs = [rule(code=f"R-{n:03}") for n in range(100, 108)]
    asked = pair("red mug", "Mug", colour="blue")
    assert shown(asked, *specs) == ["R-100", "R-101", "R-102"]
    assert shown(asked, *specs, limit=IN_A_PROMPT) == ["R-100", "R-101", "R-102", "R-103", "R-104"]


def test_each_wish_has_its_first_rule_before_another_has_its_second() -> None:
    specs = [rule(code=f"R-{n}") for n in (100, 101)]
    material = rule(code="R-200", dimension="material", when={"row": {"kind": "material", "verdict": "conflict"}},
                    precedence=1)  # fmt: skip
    asked = pair("red cotton bag", "Bag", colour="blue", material="leather")
    assert shown(asked, *specs, material) == ["R-100", "R-200", "R-101"]


def test_of_one_thing_what_tells_more_of_it_comes_before_what_tells_its_kind_alone() -> None:
    other = rule(code="R-001", when={"row": {"kind": "category", "verdict": ["conflict", "near"], "head": True}},
                 precedence=90)  # fmt: skip
    part = rule(code="R-010", when={"row": {"kind": "main_accessory", "value": "main", "verdict": "conflict"}})
    assert shown(pair("laptop", "Case for a lamp"), other, part) == ["R-010", "R-001"]


def test_what_only_people_can_apply_is_left_out_beside_two_that_a_machine_can_check() -> None:
    asked, by_eye = pair("red mug", "Mug", colour="blue"), rule(code="R-086", when=None)
    assert shown(asked, by_eye, rule()) == ["R-080", "R-086"]
    assert shown(asked, by_eye, rule(), rule(**NEAR_SHADE)) == ["R-080", "R-081"]
    assert shown(pair("red mug", "Mug"), by_eye, rule(**UNSTATED)) == ["R-083"]


def test_what_the_item_states_comes_before_what_it_leaves_open() -> None:
    material = rule(code="R-078", dimension="material", when={"row": {"kind": "material", "verdict": "silent"}},
                    precedence=99)  # fmt: skip
    asked = pair("red cotton bag", "Bag", colour="blue")
    assert shown(asked, material, rule()) == ["R-080", "R-078"]


def test_routing_is_a_value_that_does_not_depend_on_the_order_of_the_rules() -> None:
    asked = pair("red mug", "Mug", colour="blue")
    specs = [rule(code=f"R-{n:03}") for n in range(100, 104)]
    found = routed_rules(asked, build_grid(asked, Lexicon.shipped()), specs)
    assert found == routed_rules(asked, grid(asked), specs[::-1])
    assert all(isinstance(one, RoutedRule) for one in found)


def test_a_hostile_item_has_a_kind() -> None:
    assert ItemFacts("1", "").kind == ""
    assert len(ItemFacts("1", "a" * 10_000, category="b" * 10_000).kind) <= 801
