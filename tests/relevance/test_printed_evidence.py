"""Words read off a picture as evidence: they match, and contradict only by a brand, a model or a measure."""

from __future__ import annotations

import pytest

from relevance.evidence import Cell, Source, Verdict, build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon

WORDS = Lexicon.shipped().learn([ItemFacts("0", "Juice", cpv=(("brand", "Bravo"),))])


def printed(query: str, words: str, title: str = "Carton") -> list[Cell]:
    grid = build_grid(PairFacts(query, ItemFacts("1", title, picture_words=words)), WORDS)
    cells = [cell for row in grid.rows for cell in row.cells if cell.source is Source.CAPTION]
    return [cell for cell in cells if cell.verdict is not Verdict.SILENT]


@pytest.mark.parametrize(
    ("query", "words", "literal"),
    [
        ("bravo juice", "BRAVO\nOriginalet", "bravo"),
        ("oat milk", "THE ORIGINAL\nOAT MILK", "oat milk"),
        ("juice 1 litre", "BRAVO\n1 litre", "1 litre"),
    ],
)
def test_a_whole_word_that_is_read_matches(query: str, words: str, literal: str) -> None:
    assert [literal] == [
        cell.literal.casefold() for cell in printed(query, words) if cell.literal.casefold() == literal
    ]
    assert {cell.verdict for cell in printed(query, words)} == {Verdict.MATCH}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("bravo juice", ""),
        ("bravo juice", "BRAV0"),  # misread
        ("bravo juice", "BRAVOUR"),  # another word that holds it
        ("red mug", "BLUE"),  # a flavour, a team, a song
        ("phone case", "laptop"),
    ],
)
def test_what_is_not_read_or_proves_nothing_says_nothing(query: str, words: str) -> None:
    assert printed(query, words) == []


def test_another_measure_than_the_one_asked_for_contradicts() -> None:
    assert [cell.verdict for cell in printed("milk 1 litre", "500 ml")] == [Verdict.CONFLICT]
