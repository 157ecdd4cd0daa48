"""Which of the lines that a reader found on a picture count as words of the item."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.pictures import printed_words
from catalogue.pictures.printed_words import MOST_CHARACTERS, MOST_LINES, PrintedLine


def line(
    text: str, confidence: float = 0.99, across: float = 0.5, down: float = 0.5, height: float = 0.1
) -> PrintedLine:
    return PrintedLine(text, confidence, across - 0.1, down - 0.05, across + 0.1, down + 0.05, height)


def test_what_is_sure_large_and_near_the_middle_counts() -> None:
    assert printed_words.words([[line("BRAVO"), line("ÄPPLE JUICE", down=0.6)]]) == "BRAVO\nÄPPLE JUICE"


@pytest.mark.parametrize(
    "left_out",
    [
        line("BRAV0", confidence=0.89),
        line("GOD MORGON", across=0.85),  # a neighbour on the shelf
        line("HALLON", down=0.1),  # the tag of the shelf
        line("rich in plant protein", height=0.03),
        line("28,95"),  # a price, or a date
        line("G"),
        line("口"),  # a box
    ],
)
def test_what_may_be_misread_or_of_another_thing_does_not(left_out: PrintedLine) -> None:
    assert printed_words.words([[left_out]]) == ""


def test_two_chinese_signs_are_a_word() -> None:
    assert printed_words.words([[line("绿茶")]]) == "绿茶"


def test_a_line_is_told_once_in_the_order_of_the_pictures_and_of_their_lines() -> None:
    front, back = [line("juice", down=0.6), line("BRAVO", down=0.3)], [line("BRAVO"), line("1 litre", down=0.8)]
    assert printed_words.words([front, back]) == "BRAVO\njuice\n1 litre"


def test_of_too_many_words_the_largest_are_kept() -> None:
    small = [line(f"small print number {n:03}", height=0.04, down=0.2 + n / 500) for n in range(60)]
    told = printed_words.words([[*small, line("BRAVO", down=0.8, height=0.2)]])
    assert len(told) <= MOST_CHARACTERS and told.endswith("\nBRAVO") and told.startswith("small print number 000\n")


def test_what_a_reader_says_is_read_and_bounded() -> None:
    told = [["BRAVO  \n juice\x00", 0.98765, 0.1, 0.2, 0.3, 0.4, 1.7], ["x" * 999, 1, 0, 0, 1, 1, 1]]
    first, second = printed_words.lines_from(told)
    assert first == PrintedLine("BRAVO juice\ufffd", 0.9877, 0.1, 0.2, 0.3, 0.4, 1.0)
    assert len(second.text) == 200
    assert printed_words.lines_from(printed_words.to_json((first,))) == (first,)
    assert len(printed_words.lines_from([["a", 1, 0, 0, 1, 1, 1]] * 999)) == MOST_LINES


@pytest.mark.parametrize(
    "odd", [None, {}, "BRAVO", [["a", "b", 0, 0, 1, 1, 1]], [["a", 1]], [7], [["  ", 1, 0, 0, 1, 1, 1]]]
)
def test_what_is_no_line_is_left_out(odd: Any) -> None:
    assert printed_words.lines_from(odd) == ()
