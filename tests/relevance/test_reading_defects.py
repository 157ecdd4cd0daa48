"""Readings that once went wrong: bounds that are names, ranges, ages, things an item says it does not have."""

from __future__ import annotations

import json

import pytest

from relevance.constraints import Constraint, Op, extract_constraints
from relevance.evidence import EvidenceGrid, Source, Verdict, build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from relevance.units import quantities

SHIPPED = Lexicon.shipped()


def grid(query: str, title: str, **cpv: str) -> EvidenceGrid:
    return build_grid(PairFacts(query, ItemFacts("1", title, cpv=tuple(cpv.items()))), SHIPPED)


def verdict(query: str, title: str, unit: str, **cpv: str) -> Verdict:
    """Of the one row that asks for this quantity."""
    (row,) = [row for row in grid(query, title, **cpv).rows if row.constraint.unit == unit]
    return row.verdict


def numeric(query: str) -> list[Constraint]:
    return [one for one in extract_constraints(query, SHIPPED) if one.number is not None]


# bounds


@pytest.mark.parametrize(
    "query", ["nike air max 90", "airmax 90", "climax 20", "thunder 50", "iphone 12+", "from 5", "kettlebell min 4"]
)
def test_a_bare_number_after_a_name_is_no_price(query: str) -> None:
    assert numeric(query) == []


def test_air_max_90_is_a_model() -> None:
    found = {one.value: one.kind for one in extract_constraints("nike air max 90", SHIPPED)}
    assert found["air max 90"] == "model"
    assert {row.verdict for row in grid("nike air max 90", "Nike Air Max 90 sneaker").rows} == {Verdict.MATCH}


@pytest.mark.parametrize(
    ("query", "op"),
    [
        ("sneaker under 90", Op.AT_MOST),
        ("sneaker below 90", Op.AT_MOST),
        ("sneaker less than 90", Op.AT_MOST),
        ("sneaker up to 90", Op.AT_MOST),
        ("sneaker no more than 90", Op.AT_MOST),
        ("sneaker 90 or less", Op.AT_MOST),
        ("sneaker max 90 dollars", Op.AT_MOST),
        ("sneaker max $90", Op.AT_MOST),
        ("跑鞋不超过90", Op.AT_MOST),
        ("跑鞋 90以内", Op.AT_MOST),
        ("跑鞋价格90元以下", Op.AT_MOST),
        ("sneaker over 90", Op.AT_LEAST),
        ("sneaker at least 90", Op.AT_LEAST),
        ("跑鞋 不低于90", Op.AT_LEAST),
    ],
)
def test_a_number_after_a_true_bound_is_a_price(query: str, op: Op) -> None:
    (wish,) = numeric(query)
    assert (wish.number, wish.unit, wish.op) == (90.0, "money", op)


def test_a_maximum_with_a_unit_stays_a_bound() -> None:
    (wish,) = numeric("suitcase max 20 kg")
    assert (wish.number, wish.unit, wish.op) == (20_000.0, "mass", Op.AT_MOST)


@pytest.mark.parametrize("query", ["2 in 1 laptop", "3-in-1 charger"])
def test_so_many_in_one_is_no_length(query: str) -> None:
    assert numeric(query) == []


# ranges


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("TV 55 inch", Verdict.MATCH),
        ("TV 60 inch", Verdict.MATCH),
        ("TV 65 inch", Verdict.MATCH),
        ("TV 53 inch", Verdict.NEAR),  # 3.6 % below the range
        ("TV 68 inch", Verdict.NEAR),  # 4.6 % above it
        ("TV 50 inch", Verdict.CONFLICT),
        ("TV 75 inch", Verdict.CONFLICT),
        ("TV mount 32-55 inch", Verdict.MATCH),  # a range that touches the one asked for
        ("TV", Verdict.SILENT),
    ],
)
def test_inside_a_range_is_a_match(title: str, wanted: Verdict) -> None:
    assert verdict("55-65 inch tv", title, "length") is wanted


@pytest.mark.parametrize(
    "query",
    [
        "headphones between 100 and 200 dollars",
        "headphones from 100 to 200 dollars",
        "headphones $100-$200",
        "headphones $100 to 200",
        "headphones 100 dollars to 200 dollars",
        "耳机 100-200元",
        "耳机100元到200元",
        "耳机100至200元",
    ],
)
def test_a_price_range_has_two_ends(query: str) -> None:
    (wish,) = numeric(query)
    assert (wish.low, wish.high, wish.unit, wish.op) == (100.0, 200.0, "money", Op.ABOUT)
    by_price = {
        price: verdict(query, "Headphones", "money", price=price) for price in ("100", "150", "215", "90", "80")
    }
    assert [one.value for one in by_price.values()] == ["match", "match", "near", "near", "conflict"]


def test_a_range_and_another_quantity_beside_it_stay_apart() -> None:
    assert [(one.quantity, one.low) for one in quantities("cable 2 m - 4 pack")] == [("length", 200), ("count", 4)]


def test_a_grid_of_a_range_survives_its_json_and_one_stored_before_ranges_is_read() -> None:
    found = grid("55-65 inch tv", "TV 55 inch")
    data = found.to_json()
    assert EvidenceGrid.from_json(data) == found
    for row in data["rows"]:
        row["constraint"].pop("low"), row["constraint"].pop("high")
    assert EvidenceGrid.from_json(data).rows[0].constraint.low is None


def test_a_reading_survives_its_json_and_one_stored_before_roles_is_read() -> None:
    wishes = extract_constraints("red mug 300-350 ml without handle", SHIPPED)
    stored = json.loads(json.dumps([one.to_json() for one in wishes]))
    assert tuple(map(Constraint.from_json, stored)) == wishes
    for one in stored:
        one.pop("role")
    assert tuple(map(Constraint.from_json, stored)) == wishes


def test_an_item_that_takes_up_to_so_much_takes_less() -> None:
    assert verdict("55 inch wall mount", "Wall mount, up to 65 inch", "length") is Verdict.MATCH
    assert verdict("70 inch wall mount", "Wall mount, up to 60 inch", "length") is Verdict.CONFLICT


# years, ages and durations


@pytest.mark.parametrize("query", ["toys for 5 year old", "5-year-old birthday gift", "玩具 5岁", "toys age 5"])
def test_so_many_years_old_is_an_age_and_no_year(query: str) -> None:
    (wish,) = numeric(query)
    assert (wish.kind, wish.number, wish.unit) == ("audience", 5.0, "age")


def test_a_warranty_of_two_years_is_no_year() -> None:
    assert [(one.kind.value, one.unit) for one in numeric("2 year warranty laptop")] == [("specification", "duration")]
    assert verdict("2 year warranty laptop", "Laptop 2019", "duration") is Verdict.SILENT


def test_a_calendar_year_stays_one() -> None:
    for query in ("jacket 2024", "jacket 2024年", "2024 year jacket"):
        assert [(one.kind.value, one.number) for one in numeric(query)] == [("year", 2024.0)]


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("Puzzle for 5 year old kids", Verdict.MATCH),
        ("Puzzle, ages 3-6", Verdict.MATCH),
        ("Puzzle ages 3+", Verdict.MATCH),
        ("Puzzle ages 3 and up", Verdict.MATCH),
        ("Puzzle for 12 year olds", Verdict.CONFLICT),
        ("Puzzle 2021", Verdict.SILENT),
        ("Puzzle", Verdict.SILENT),
    ],
)
def test_an_age_meets_the_ages_an_item_is_for(title: str, wanted: Verdict) -> None:
    assert verdict("puzzle for 5 year old", title, "age") is wanted


# what is not there


def negated(found: EvidenceGrid) -> Verdict:
    (row,) = [row for row in found.rows if row.constraint.negated]
    return row.verdict


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("gluten free bread", "Gluten free bread"),
        ("gluten-free bread", "Gluten free bread"),
        ("gluten free bread", "Gluten-Free Bread"),
        ("bread without gluten", "Bread, no gluten"),
        ("wall lamp without cord", "Wall lamp without cord"),
        ("lamp no cord", "Cord free lamp"),
        ("连衣裙不含腰带", "连衣裙 不含腰带"),
        ("无糖饼干", "无糖饼干 500克"),
        ("饼干 无糖", "无糖饼干"),
        ("bread without gluten", "无麸质 bread gluten free"),
    ],
)
def test_what_must_not_be_there_and_is_said_to_be_absent_is_a_match(query: str, title: str) -> None:
    assert negated(grid(query, title)) is Verdict.MATCH


def test_gluten_free_bread_asked_and_offered_has_no_conflict() -> None:
    found = grid("gluten free bread", "Gluten free bread")
    assert found.conflicts == ()
    title = next(cell for cell in found.rows[0].cells if cell.source is Source.TITLE)
    assert (title.verdict, title.literal) == (Verdict.MATCH, "Gluten")


@pytest.mark.parametrize("title", ["Bread with gluten", "Gluten bread, sugar free", "Bread without sugar, gluten rich"])
def test_what_must_not_be_there_and_is_there_stays_a_conflict(title: str) -> None:
    assert negated(grid("gluten free bread", title)) is Verdict.CONFLICT


def test_what_is_both_there_and_denied_is_a_conflict() -> None:
    assert negated(grid("lamp without cord", "Lamp without cord, cord length 2 m")) is Verdict.CONFLICT


def test_an_attribute_that_says_no_says_absent() -> None:
    assert negated(grid("bread without gluten", "Bread", gluten="No")) is Verdict.MATCH
    assert negated(grid("bread without gluten", "Bread", ingredients="no gluten")) is Verdict.MATCH
    assert negated(grid("bread without gluten", "Bread", ingredients="wheat gluten")) is Verdict.CONFLICT


def test_ends_of_lines_that_a_catalogue_writes_out_are_blanks() -> None:
    """ "915\\n- Stylus": the sign and the letter are no words, and nobody reads them in a cell."""
    item = ItemFacts("1", "Ink", cpv=(("colour", "black\\n- red"),))
    (row,) = build_grid(PairFacts("red", item), SHIPPED).rows
    assert [cell.literal for cell in row.cells if cell.literal] == ["black - red"]
