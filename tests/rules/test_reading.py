from __future__ import annotations

from typing import Any

import pytest

from rules import reading
from rules.reading import Phrase
from tests.rules.conftest import spec


def said(when: Any) -> Phrase | None:
    return reading.condition(spec(when=when))


def test_a_row_is_read_property_by_property() -> None:
    phrase = said({"row": {"kind": ["colour", "material"], "verdict": "conflict", "source": "sku", "negated": False}})
    assert phrase is not None
    assert [part.text for part in phrase.parts] == [
        "the query asks for: colour | material",
        "the query does not exclude it",
        "the item's answer (SKU) is: conflict",
    ]


def test_a_condition_is_read_from_outside_in() -> None:
    phrase = said(
        {
            "all": [
                {"any": [{"row": {"head": True}}, {"overlap": {"below": 0.3}}]},
                {"not": {"category_contains": ["phone case", "手机壳"]}},
                {"price_stated": True},
            ]
        }
    )
    assert phrase == Phrase(
        "all of these hold:",
        (
            Phrase(
                "at least one of these holds:",
                (
                    Phrase(
                        "one row of the evidence grid:",
                        (Phrase("it is the thing itself that the shopper wants"),),
                    ),
                    Phrase("less than 30% of the query's words stand in the item"),
                ),
            ),
            Phrase(
                "this does not hold:",
                (Phrase("category or title of the item contains: phone case | 手机壳"),),
            ),
            Phrase("the item states a price"),
        ),
    )


@pytest.mark.parametrize(
    ("overlap", "words"),
    [
        ({"at_least": 0.5}, "at least 50% of the query's words stand in the item"),
        ({"at_least": 0.2, "below": 0.5}, "from 20% to less than 50% of the query's words stand in the item"),
    ],
)
def test_an_overlap_is_read_as_a_share_of_the_words(overlap: dict[str, float], words: str) -> None:
    assert said({"overlap": overlap}) == Phrase(words)


def test_a_rule_without_a_condition_is_for_people() -> None:
    assert said(None) is None


@pytest.mark.parametrize(
    ("effect", "words"),
    [("cap", "The label is at most L2"), ("floor", "The label is at least L2"), ("label", "The label is L2")],
)
def test_the_effect_is_a_sentence(effect: str, words: str) -> None:
    assert reading.effect(spec(effect=effect)).startswith(words)
