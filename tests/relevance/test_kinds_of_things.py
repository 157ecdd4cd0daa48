"""What kind of thing an item is: told from its title's own noun, not from what describes it or what it is made for."""

from __future__ import annotations

import pytest

from relevance.cells import Source
from relevance.constraints import Constraint
from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid, build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.heads import asked_kind, is_of_kind
from relevance.lexicon import Lexicon
from relevance.things import READ, mentions

SHIPPED = Lexicon.shipped()


def grid(query: str, title: str, category: str = "", **cpv: str) -> EvidenceGrid:
    item = ItemFacts("1", title, category, tuple(cpv.items()))
    return build_grid(PairFacts(query, item), SHIPPED, [Constraint(Dimension.CATEGORY, query, query, head=True)])


def head(query: str, title: str, category: str = "", **cpv: str) -> str:
    row = grid(query, title, category, **cpv).head
    assert row is not None
    return row.verdict.value


@pytest.mark.parametrize(
    ("title", "noun"),
    [
        ("Acme Mouse Wrist Pillow", "wrist pillow"),
        ("Acme K120 Keyboard USB black", "keyboard"),
        ("Acme 8cm Fan Guard for Case or Cooling Fans", "fan guard"),
        ("Case for Acme One, shockproof, with strap", "case"),
        ('Acme ProLine Notebook PC 39.1 cm (15.4") 1680 x 1050 pixels 250 GB SSD', "notebook pc"),
        ("Acme notebook spare part Keyboard", "keyboard"),
        ("Acme TN-77 Toner Cartridge Original Black", "toner cartridge"),
        ("Acme laptop 65 W AC Adapter", "ac adapter"),
        ("Faux orchid bouquet in planter", "bouquet"),
        ("Nocturne, PS4 video game", "video game"),
        ("geometric turquoise pillow", "pillow"),
        ("蓝牙耳机保护套", "保护套"),
    ],
)
def test_a_title_names_its_thing_by_the_noun_of_its_first_phrase(title: str, noun: str) -> None:
    assert [one.words for one in mentions(title) if one.head and one.zone == "first"][-1] == noun


def test_a_brand_that_is_a_word_for_a_thing_names_none() -> None:
    assert is_of_kind(asked_kind("case"), "Case Logic QPB-201 Gray", "case logic").verdict == ""


@pytest.mark.parametrize(
    ("query", "title", "verdict"),
    [
        ("mouse", "Acme Mouse Wrist Pillow", "conflict"),
        ("mouse", "Acme 3-button Optical Mouse", "match"),
        ("scanner", "Acme printer/scanner spare part Roller", "conflict"),
        ("ps4", "Nocturne, PS4 video game", "conflict"),
        ("keyboard", "Acme keyboard USB", "match"),  # the word itself, whatever stands behind it
        ("earrings", "Silver earrings Princess", "match"),
        ("laptop", "Acme Notebook PC 39 cm", "match"),
        ("ssd", "Acme 500 GB internal solid state drive", "match"),
        ("tv", "Acme television 55 inch", "match"),
        ("chair", "Oak office chair", "match"),
        ("chaise", "Velvet wingback chair", "near"),
        ("pillow", "Twin futon chair", "conflict"),
        ("toner", "Acme laser printer", "conflict"),
        ("lanyard", "Badge holder with zipper, neck lanyard", "near"),
        ("gadget", "Acme USB cable", "silent"),  # no kind of its own: nothing to contradict
        ("projector", "Sony VF-77", "silent"),
        ("hub", "Compact keyboard no hub", "conflict"),
        ("laptop bag", "Acme notebook case 39 cm", "match"),
        ("phone case", "Acme handbag", "conflict"),
        ("tires", "Front tire replacement", "match"),
        ("xbox", "Xbox One console", "match"),
        ("xbox", "PlayStation 4 console", "conflict"),  # another line of the same family
        ("printer", "Acme LaserJet 600 x 600 DPI", "near"),  # a line of printers, and of what goes with them
        ("rug plum", "Wool area rug", "near"),  # the noun, but not in the way that was asked
        ("rug plum", "Plum wool rug", "match"),
    ],
)
def test_the_head_is_matched_by_the_thing_itself_alone(query: str, title: str, verdict: str) -> None:
    assert head(query, title) == verdict


def test_what_else_a_name_describes_is_told_with_it() -> None:
    row = grid("mouse", "Acme Mouse Wrist Pillow, blue").head
    assert row is not None and row.describes
    assert next(cell.literal for cell in row.cells if cell.source is Source.TITLE) == "Mouse Wrist Pillow"


def test_only_category_and_type_say_what_it_is() -> None:
    assert head("cable", "Acme V4", "Cables") == "match"
    assert head("cable", "Acme V4", type="Cable") == "match"
    assert head("cable", "Acme V4", notes="comes with a cable for the wall") == "silent"


def test_what_it_goes_with_is_not_what_it_is() -> None:
    assert head("printer", "Acme V4", compatibility="Acme printer") == "near"
    assert head("printer", "Acme roller", compatibility="Acme printer") == "conflict"


def test_a_title_that_names_nothing_is_helped_by_the_beginning_of_the_description() -> None:
    item = ItemFacts("1", "Acme V4", description="A laptop stand of aluminium. Works beside any camera.")
    found = build_grid(PairFacts("camera", item), SHIPPED).head
    assert found is not None and found.verdict == "conflict"
    cell = next(cell for cell in found.cells if cell.source is Source.CPV)
    assert (cell.literal, cell.where) == ("laptop stand", "description")


def test_a_conflict_never_tells_the_asked_word_alone_as_its_reason() -> None:
    for title in ("Acme Mouse Wrist Pillow", "Mouse trap", "Cable for mouse", "Mouse pad"):
        row = grid("mouse", title).head
        assert row is not None
        assert all(cell.literal.casefold() != "mouse" for cell in row.cells if cell.verdict == "conflict")


def test_a_long_title_is_read_to_a_bound() -> None:
    assert all(one.end <= READ for one in mentions("mouse pad " * 10_000))
