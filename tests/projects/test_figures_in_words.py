"""Figures as pages show them: rounded, set apart in either language, with bounds that cannot be misread."""

from __future__ import annotations

import pytest
from django.utils import translation

from projects.templatetags.look import fixed, interval, number, percent
from relevance.resampling import Figure


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (percent(8 / 13), "62 %"),  # 61.54
        (percent(0.99951, 1), "100.0 %"),
        (percent(0), "0 %"),
        (fixed(0.7366, 2), "0.74"),
        (fixed(-0.0004), "0.000"),
        (fixed(None), "–"),
    ],
)
def test_a_figure_is_rounded_not_cut_off(shown: str, told: str) -> None:
    assert shown == told


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_thousands_are_set_apart_in_either_language(language: str) -> None:
    with translation.override(language):
        assert (number(2968747), number(999), number(None)) == ("2,968,747", "999", "–")


def test_an_interval_has_one_unit_and_a_word_between_its_bounds() -> None:
    assert interval(Figure(0.82, 0.7366, 0.8914, 20), "percent") == "73.7 to 89.1 %"
    assert interval({"value": 0.1, "low": -0.24449, "high": 0.4506}) == "-0.244 to 0.451"
    assert interval(Figure(None, None, None, 0)) == interval("") == ""  # there is none
