"""However large or odd an item is, reading it is bounded; what a page shows of it stays whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from relevance import reading, tokens, units
from relevance.evidence import HIGHLIGHTED, EvidenceGrid, build_grid, highlights
from relevance.facts import ItemFacts, PairFacts, Sku
from relevance.lexicon import Lexicon
from relevance.reading import read_item

SHIPPED = Lexicon.shipped()


def grid(query: str, item: ItemFacts) -> EvidenceGrid:
    return build_grid(PairFacts(query, item), SHIPPED)


# highlights


@pytest.mark.parametrize("text", ["red\0mug", "\0", "a\0 \0b", "", " red  mug ", "\ud800 mug\x1c\x85red"])
def test_highlighted_pieces_joined_are_the_text_whatever_it_holds(text: str) -> None:
    found = grid("red mug", ItemFacts("1", text))
    assert "".join(piece for piece, _ in highlights(text, found)) == text


def test_beyond_the_cap_a_text_is_one_plain_piece() -> None:
    text = "red mug " * 131_072  # 1 MiB
    pieces = highlights(text, grid("red mug", ItemFacts("1", text)))
    assert "".join(piece for piece, _ in pieces) == text
    assert pieces[0] == ("red", True)
    assert pieces[-1] == (text[HIGHLIGHTED:], False)
    assert len(pieces) <= HIGHLIGHTED + 1


SEVERAL_HITS = """
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
item = ItemFacts("1", "printer m350a m350b m350c m350d toner")
print(build_grid(PairFacts("m350 printer", item), Lexicon.shipped()).to_json())
"""


def test_a_grid_does_not_depend_on_the_order_of_sets() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", SEVERAL_HITS],
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(Path(__file__).parents[2])},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in range(6)
    }
    assert len(said) == 1


# caps, counted rather than timed


def test_no_more_than_so_many_characters_of_a_source_are_read() -> None:
    item = ItemFacts("1", "Mug", cpv=tuple((f"name {n}", f"value{n} " * 500) for n in range(10_000)))
    cpv = read_item(item, SHIPPED).cpv
    assert len(cpv.words) <= 2 * reading.MAX_WORDS
    assert "value0" in cpv.words
    assert len(cpv.chinese) <= reading.MAX_CHARACTERS


def test_the_first_attributes_of_a_huge_item_still_answer() -> None:
    item = ItemFacts("1", "Mug", cpv=(("colour", "red"), *((f"name {n}", "x" * 4000) for n in range(10_000))))
    (row,) = [row for row in grid("red mug", item).rows if row.constraint.kind == "colour"]
    assert row.verdict == "match"


def test_an_ordinary_item_of_many_attributes_is_read_to_its_end() -> None:
    cpv = (*((f"name {n}", f"some value {n}") for n in range(198)), ("colour", "red"))
    (row,) = [row for row in grid("red mug", ItemFacts("1", "Mug", cpv=cpv)).rows if row.constraint.kind == "colour"]
    assert row.verdict == "match"


def test_variants_are_capped_together() -> None:
    skus = tuple(Sku(str(n), "word " * 800, (("a", f"size{n} " * 500),) * 10) for n in range(40))
    assert len(read_item(ItemFacts("1", "Mug", skus=skus), SHIPPED).sku.words) <= 2 * reading.MAX_WORDS


def test_characters_that_unfold_into_many_are_capped_after_unfolding() -> None:
    assert max(token.end for token in tokens.tokens("\ufdfa a " * 4000)) <= tokens.MAX_TEXT


def test_no_more_numbers_than_the_cap_are_read() -> None:
    assert len(units.quantities("set of 2 3 cm " * 1000)) == units.MAX_NUMBERS


def test_a_word_longer_than_any_model_number_is_still_one_word() -> None:
    assert [token.text for token in tokens.tokens("abc-" * 60 + "x1")] == ["abc-" * 60 + "x1"]
