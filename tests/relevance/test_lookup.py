"""What a source says to a wish: only where it is about it, and a conflict only by another value of the same thing."""

from __future__ import annotations

import pytest

from relevance.cells import Cell, Source, Verdict
from relevance.constraints import Constraint
from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid, build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from relevance.phrases import SHOWN, around

SHIPPED = Lexicon.shipped().learn([ItemFacts("0", "Kettle", cpv=(("brand", "Acme"),))])


def looked_up(wish: Constraint, title: str, *, description: str = "", price: str = "", **cpv: str) -> EvidenceGrid:
    item = ItemFacts("1", title, cpv=tuple(cpv.items()), description=description, price=price)
    return build_grid(PairFacts(wish.text, item), SHIPPED, [wish])


def verdict(wish: Constraint, title: str, **item: str) -> str:
    return looked_up(wish, title, **item).rows[0].verdict.value  # type: ignore[arg-type]


def cell(found: EvidenceGrid, source: Source) -> Cell:
    return next(one for one in found.rows[0].cells if one.source is source)


def model(text: str, role: str = "") -> Constraint:
    return Constraint(Dimension.MODEL, text, text, role=role)


def word(text: str, kind: Dimension = Dimension.FUNCTION) -> Constraint:
    return Constraint(kind, text, text, word=True)


def brand(text: str) -> Constraint:
    return Constraint(Dimension.BRAND, text, text)


# models


@pytest.mark.parametrize(
    ("asked", "title", "expected"),
    [
        ("tn-2110", "Acme TN-2110 toner", "match"),
        ("tn-2110", "Acme TN2110 toner", "match"),
        ("tn-2110", "Acme TN-2110XL toner", "near"),
        ("tn-2110", "Acme TN-360 toner", "conflict"),
        ("tn-2110", "Acme TN-360 toner, like TN-2110", "match"),
        ("tn-2110", "Acme DR-360 drum", "silent"),  # other letters: another thing, not another model of it
        ("rtx 2060", "Acme RTX 2070 card", "conflict"),
        ("rtx 2060", "Acme RTX 2060 card", "match"),
        ("usb 2.0", "Acme USB 3.0 hub", "conflict"),
        ("usb 2.0", "Acme USB 3.0 and USB 2.0 hub", "match"),
        ("ddr4", "Acme DDR3 memory", "conflict"),
        ("x2000 pro", "Acme X2000 camera", "near"),
        ("iphone 7", "Case for iPhone 6/7/8", "match"),
    ],
)
def test_another_code_of_the_same_letters_is_a_conflict(asked: str, title: str, expected: str) -> None:
    assert verdict(model(asked), title) == expected


def test_a_code_that_is_all_that_is_wanted_is_looked_up_as_a_code() -> None:
    wish = Constraint(Dimension.MODEL, "tn-2110", "tn-2110", head=True)
    assert [verdict(wish, title) for title in ("Acme TN-2110 toner", "Acme TN-360 toner")] == ["match", "conflict"]


def test_a_model_it_is_made_for_is_near_unless_that_was_asked() -> None:
    assert verdict(model("hl-2140"), "Acme toner", compatibility="HL-2140, HL-2150") == "near"
    assert verdict(model("hl-2140", "for"), "Acme toner", compatibility="HL-2140, HL-2150") == "match"


# brands


def test_a_brand_is_answered_by_its_attribute_first() -> None:
    assert verdict(brand("acme"), "Kettle", brand="Acme") == "match"
    assert verdict(brand("acme"), "Kettle", brand="Umbra") == "conflict"
    assert verdict(brand("akme"), "Kettle", brand="Umbra") == "silent"  # no catalogue knows it: it may be another word
    assert verdict(brand("umbrra"), "Kettle", brand="Umbra") == "match"
    assert verdict(brand("acme"), "Umbra case for Acme One", brand="Umbra") == "near"
    assert verdict(brand("acme"), "Case", compatibility="Acme One") == "near"


# words


def test_words_are_found_inflected_and_written_as_one_or_two() -> None:
    for asked, said in (("hand held", "Hand-held shower"), ("handheld", "Hand held shower"), ("tmobile", "T-Mobile plan"),
                        ("high waisted", "High waist trousers"), ("wooden", "Box of wood"), ("boxes", "Box")):  # fmt: skip
        assert verdict(word(asked), said) == "match", asked


def test_an_attribute_speaks_only_of_what_it_is_about() -> None:
    assert (
        verdict(word("external"), "Notebook", power="External 65 W AC adapter of the newest kind with cable")
        == "silent"
    )
    assert verdict(word("case", Dimension.CATEGORY), "Bag", brand="Case Logic") == "silent"
    assert verdict(word("bluetooth"), "Notebook", **{"bundled software": "Bluetooth"}) == "silent"
    assert verdict(word("bluetooth"), "Notebook", connectivity="Wi-Fi, Bluetooth") == "match"


def test_a_plain_no_is_a_conflict_and_tells_its_name() -> None:
    found = looked_up(word("bluetooth"), "Notebook", bluetooth="No")
    assert cell(found, Source.CPV) == Cell(Source.CPV, Verdict.CONFLICT, "bluetooth: No", "")
    assert verdict(word("bluetooth"), "Notebook", bluetooth="Yes") == "match"


def test_a_no_to_a_longer_name_denies_none_of_its_words() -> None:
    denied = {"intel wireless display technology": "No", "connectivity": "Wireless"}
    assert verdict(word("wireless"), "Speaker", **denied) == "match"


def test_a_size_is_never_met_by_letters() -> None:
    assert verdict(Constraint(Dimension.SPECIFICATION, "xs", "xs"), "Dress, Small") != "match"


def test_a_colour_of_a_part_contradicts_nothing() -> None:
    red = Constraint(Dimension.COLOUR, "red", "red", family="red")
    assert verdict(red, "Chair", **{"colour of the frame": "black"}) == "silent"
    assert verdict(red, "Chair", colour="black") == "conflict"
    assert verdict(red, "Chair", notes="black") == "silent"
    assert verdict(red, "Chair", colour="multicoloured, black") == "silent"


def test_the_description_answers_where_nothing_else_does_and_denies_what_it_denies() -> None:
    assert verdict(word("wifi"), "Camera", description="Needs no Wi-Fi.") == "conflict"
    assert verdict(word("wifi"), "Camera", description="Connects by Wi-Fi.") == "match"
    without = Constraint(Dimension.FUNCTION, "wifi", "wifi", negated=True, word=True)
    assert verdict(without, "Camera", description="Needs no Wi-Fi.") == "match"


def test_selling_points_are_read_as_the_description_is() -> None:
    item = ItemFacts("1", "Trousers", selling_points=("A high waist.",))
    found = build_grid(PairFacts("high waisted", item), SHIPPED, [word("high waisted")])
    assert cell(found, Source.CPV) == Cell(Source.CPV, Verdict.MATCH, "A high waist.", "selling point")


# prices


def test_the_price_of_the_catalogue_answers_a_bound() -> None:
    most = Constraint(Dimension.PRICE, "under $13", "13", number=13, unit="money", op="<=")  # type: ignore[arg-type]
    assert verdict(most, "Shoes", price="12.99 USD") == "match"
    assert verdict(most, "Shoes", price="1,299.00 USD") == "conflict"
    assert verdict(most, "Shoes") == "silent"


# what is shown


def test_a_long_value_is_cut_around_the_words_that_decided() -> None:
    long = f"{'first words of it ' * 20}Wi-Fi and\nBluetooth{' last words of it' * 20}"
    shown = around(long, *(lambda at: (at, at + 5))(" ".join(long.split()).lower().index("wi-fi")))
    assert len(shown) <= SHOWN and shown.startswith("…") and shown.endswith("…")
    assert "Wi-Fi and Bluetooth" in shown


def test_a_title_is_told_by_the_words_alone() -> None:
    assert cell(looked_up(word("wireless"), "Acme wireless mouse"), Source.TITLE).literal == "wireless"


def test_what_a_picture_shows_or_says_is_one_source() -> None:
    item = ItemFacts("1", "Drink", caption="a red can on a table", picture_words="ZERO\nSUGAR FREE")
    red = Constraint(Dimension.COLOUR, "red", "red", family="red")
    found = build_grid(PairFacts("red zero", item), SHIPPED, [red, word("zero")])
    assert [cell.verdict.value for row in found.rows for cell in row.cells if cell.source is Source.CAPTION] == [
        "match",
        "match",
    ]
