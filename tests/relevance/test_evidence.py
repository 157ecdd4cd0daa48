"""The evidence grid: what a query asks, looked up in an item."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relevance.constraints import Op, extract_constraints
from relevance.evidence import EvidenceGrid, Source, Verdict, build_grid, highlights
from relevance.facts import ItemFacts, PairFacts, Sku
from relevance.lexicon import Lexicon

SHIPPED = Lexicon.shipped()


def grid(
    query: str, title: str, *, cpv: dict[str, str] | None = None, lexicon: Lexicon = SHIPPED, **facts: object
) -> EvidenceGrid:
    item = ItemFacts("1", title, cpv=tuple((cpv or {}).items()), **facts)  # type: ignore[arg-type]
    return build_grid(PairFacts(query, item), lexicon)


def verdicts(found: EvidenceGrid) -> dict[str, str]:
    return {f"{row.constraint.kind}:{row.constraint.value}": row.verdict.value for row in found.rows}


def kinds(query: str) -> list[tuple[str, str]]:
    return [(one.kind.value, one.value) for one in extract_constraints(query, SHIPPED)]


# what a query asks


def test_a_query_is_read_into_its_wishes() -> None:
    assert kinds("burgundy long dress cotton") == [
        ("colour", "burgundy"),
        ("style_details", "long"),
        ("category", "dress"),
        ("material", "cotton"),
    ]


def test_chinese_without_spaces_is_read_by_the_longest_words() -> None:
    assert kinds("酒红色长款连衣裙") == [("colour", "burgundy"), ("style_details", "long"), ("category", "dress")]


def test_a_negation_belongs_to_what_follows() -> None:
    wishes = extract_constraints("wall lamp without cord", SHIPPED)
    assert [(one.value, one.negated) for one in wishes] == [("lamp", False), ("wired", True)]
    assert [one.negated for one in extract_constraints("连衣裙不含腰带", SHIPPED)] == [False, True]


def test_a_suffix_negates_what_it_follows() -> None:
    (wish,) = extract_constraints("sugar free", SHIPPED)
    assert (wish.value, wish.negated) == ("sugar", True)


@pytest.mark.parametrize(
    ("query", "number", "unit", "op"),
    [
        ("laptop under 500 dollars", 500.0, "money", Op.AT_MOST),
        ("16GB ram", 16.0, "memory", Op.IS),
        ("1TB disk", 1024.0, "memory", Op.IS),  # 1 x 1024 GB
        ('29.5" shelf', 74.93, "length", Op.IS),  # 29.5 x 2.54 cm
        ("55-65 inch tv", 152.4, "length", Op.ABOUT),  # (55 + 65) / 2 x 2.54 cm
        ("set of 4 mugs", 4.0, "count", Op.IS),
        ("42码红色连衣裙", 42.0, "size", Op.IS),
        ("200元以下 耳机", 200.0, "money", Op.AT_MOST),
        ("winter jacket 2024", 2024.0, "year", Op.IS),
    ],
)
def test_numbers_are_read_with_their_units(query: str, number: float, unit: str, op: Op) -> None:
    (wish,) = [one for one in extract_constraints(query, SHIPPED) if one.number is not None]
    assert (wish.number, wish.unit, wish.op) == (pytest.approx(number), unit, op)


def test_the_head_is_what_is_wanted_not_what_it_is_for() -> None:
    heads = {query: next(one.text for one in extract_constraints(query, SHIPPED) if one.head) for query in
             ("case for iphone 11", "phone case", "wall lamp without cord", "red mug")}  # fmt: skip
    assert heads == {
        "case for iphone 11": "case",
        "phone case": "phone case",
        "wall lamp without cord": "wall lamp",
        "red mug": "mug",
    }


def test_a_misspelt_kind_of_thing_is_understood() -> None:
    assert ("category", "headphones") in kinds("headphnes")


# where the item answers


def test_a_colour_named_in_the_title_is_a_match() -> None:
    assert verdicts(grid("red mug", "Red mug, 300 ml"))["colour:red"] == "match"


def test_another_colour_in_the_attributes_is_a_conflict_with_the_literal() -> None:
    found = grid("red mug", "Mug", cpv={"colour": "Blue"})
    (row,) = [row for row in found.rows if row.constraint.kind == "colour"]
    cell = next(cell for cell in row.cells if cell.source is Source.CPV)
    assert (row.verdict, cell.literal, cell.where) == (Verdict.CONFLICT, "blue", "colour")


def test_a_shade_of_the_family_is_near() -> None:
    assert verdicts(grid("burgundy dress", "Dress", cpv={"colour": "red"}))["colour:burgundy"] == "near"


def test_an_item_that_says_nothing_contradicts_nothing() -> None:
    assert verdicts(grid("red cotton mug", "Mug"))["colour:red"] == "silent"


def test_a_chinese_query_meets_an_english_item() -> None:
    found = verdicts(grid("红色马克杯", "Coffee mug", cpv={"colour": "red"}))
    assert found == {"colour:red": "match", "category:mug": "match"}


def test_women_and_men_exclude_each_other() -> None:
    assert verdicts(grid("women's shoes", "Men's running shoes"))["audience:women"] == "conflict"


def test_what_must_not_be_there_is_a_conflict_when_it_is() -> None:
    assert verdicts(grid("lamp without cord", "Corded desk lamp"))["function:wired"] == "conflict"
    assert verdicts(grid("lamp without cord", "Desk lamp"))["function:wired"] == "silent"


@pytest.mark.parametrize(
    ("title", "verdict"),
    [
        ("Shelf 100 cm", "match"),
        ("Shelf 1 m", "match"),
        ("Shelf 105 cm", "near"),  # 5 % off
        ("Shelf 110 cm", "near"),  # 10 % off: the edge is near
        ("Shelf 111 cm", "conflict"),
        ("Shelf 2 kg", "silent"),  # another quantity contradicts nothing
    ],
)
def test_a_number_is_near_within_ten_percent(title: str, verdict: str) -> None:
    assert verdicts(grid("100 cm shelf", title))["specification:100"] == verdict


def test_a_bound_is_kept_or_broken() -> None:
    assert verdicts(grid("headphones under 100", "Headphones", cpv={"price": "89"}))["price:100"] == "match"
    assert verdicts(grid("headphones under 100", "Headphones", cpv={"price": "150"}))["price:100"] == "conflict"


def test_a_count_is_exact() -> None:
    assert verdicts(grid("set of 4 mugs", "Set of 6 mugs"))["set_single:4"] == "conflict"


def test_variants_answer_too() -> None:
    found = grid("red mug", "Mug", skus=(Sku("M-R", "Mug", (("colour", "red"),)),))
    assert verdicts(found)["colour:red"] == "match"


def test_an_accessory_for_a_main_product_is_a_row_of_its_own() -> None:
    found = verdicts(grid("laptop", "Laptop sleeve 15.6 inch"))
    assert found["main_accessory:main"] == "conflict"
    assert "main_accessory:main" not in verdicts(grid("laptop sleeve", "Laptop sleeve 15.6 inch"))


def test_a_head_that_only_describes_another_noun_is_near() -> None:
    assert verdicts(grid("projector", "Sony projector lamp"))["category:projector"] != "match"
    assert verdicts(grid("projector", "Sony projector black"))["category:projector"] == "match"


# the lexicon


def items() -> list[ItemFacts]:
    return [
        ItemFacts("1", "Kettle", cpv=(("brand", "Lindenhof"),)),
        ItemFacts("2", "Vase", category="Home > Vases", cpv=(("colour", "dusty pink"),)),
    ]


def test_brands_and_shades_are_learnt_from_the_attributes() -> None:
    learnt = SHIPPED.learn(items())
    assert verdicts(grid("lindenhof vase", "Lindenhof vase", lexicon=learnt))["brand:lindenhof"] == "match"
    assert learnt.meaning("dusty pink").family == "pink"  # type: ignore[union-attr]


def test_the_order_of_the_catalogue_does_not_matter() -> None:
    assert SHIPPED.learn(items()).digest == SHIPPED.learn(items()[::-1]).digest != SHIPPED.digest


def test_a_lexicon_survives_its_json() -> None:
    learnt = SHIPPED.learn(items())
    assert Lexicon.from_json(learnt.to_json()).digest == learnt.digest


def test_a_grid_survives_its_json() -> None:
    found = grid("red cotton mug under 20", "Red mug", cpv={"price": "12"})
    assert EvidenceGrid.from_json(found.to_json()) == found


# highlights and hostile texts


def test_matches_are_marked_and_the_text_stays_whole() -> None:
    pieces = highlights("Blue MUG, 300 ml", grid("mug", "Blue MUG, 300 ml"))
    assert "".join(piece for piece, _ in pieces) == "Blue MUG, 300 ml"
    assert [piece for piece, marked in pieces if marked] == ["MUG,"]


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=200),
    st.text(max_size=200),
    st.dictionaries(st.text(max_size=20), st.text(max_size=60), max_size=4),
)
def test_no_text_breaks_the_grid(query: str, title: str, cpv: dict[str, str]) -> None:
    found = grid(query, title, cpv=cpv)
    assert EvidenceGrid.from_json(found.to_json()) == found
    assert "".join(piece for piece, _ in highlights(title, found)) == title.replace("\0", "") or "\0" in title
    assert 0.0 <= found.overlap <= 1.0


@pytest.mark.parametrize(
    "hostile", ["a" * 1_000_000, "1" * 500_000, "红" * 500_000, "- " * 400_000, "\x00\u202e\ud800" * 1000]
)
def test_a_huge_or_odd_text_is_read_in_bounds(hostile: str) -> None:
    found = grid(hostile, hostile, cpv={f"name {n}": hostile[:2000] for n in range(300)})
    assert len(found.rows) <= 25  # 24 constraints and one implied row
