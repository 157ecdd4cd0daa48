"""Scales are data: what they accept, what they refuse, and how they map to L1..L4 and back."""

from __future__ import annotations

import pickle

import pytest

from relevance.labels import LORE, SCALES, Scale, UnknownLabel, UnknownScale, scale_named

every_scale = pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)


@every_scale
def test_every_code_survives_the_way_to_lore_and_back(scale: Scale) -> None:
    assert [scale.from_lore(scale.to_lore(code)) for code in scale.codes] == list(scale.codes)


@every_scale
def test_a_label_stays_on_its_side_of_the_cut_when_mapped(scale: Scale) -> None:
    for code in scale.codes:
        assert scale.is_good(code) == LORE.is_good(scale.to_lore(code))
    for lore in LORE.codes:
        assert scale.is_good(scale.from_lore(lore)) == LORE.is_good(lore)


@every_scale
def test_grades_ascend_by_one(scale: Scale) -> None:
    grades = [scale.grade_of(code) for code in scale.codes]
    assert grades == list(range(grades[0], grades[0] + len(grades)))


@every_scale
def test_a_code_parses_in_any_case_and_as_its_number(scale: Scale) -> None:
    for code in scale.codes:
        grade = scale.grade_of(code)
        for value in (
            code,
            f"  {code.upper()} ",
            code.lower(),
            grade,
            float(grade),
            str(grade),
            f"{grade}.0",
        ):
            assert scale.parse(value) == code


@every_scale
def test_every_alias_leads_to_a_code_and_hides_none(scale: Scale) -> None:
    assert set(scale.aliases.values()) <= set(scale.codes)
    assert not set(scale.aliases) & {code.casefold() for code in scale.codes}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("binary", "yes", "Relevant"),
        ("binary", "NO", "Not relevant"),
        ("binary", "irrelevant", "Not relevant"),
        ("binary", True, "Relevant"),
        ("binary", False, "Not relevant"),
        ("binary", "不相关", "Not relevant"),
        ("lore-4", "Excellent", "L4"),
        ("lore-4", "Ｌ３", "L3"),
        ("esci-4", "S", "Substitute"),
        ("wands-3", "partial match", "Partial"),
    ],
)
def test_spellings_in_use_are_understood(name: str, value: object, code: str) -> None:
    assert scale_named(name).parse(value) == code


@pytest.mark.parametrize(
    "value", ["", "L5", "relevant", 0, 5, 2.5, -1, True, None, float("nan"), ["L1"], "L4" + " " * 500, b"L4"]
)
def test_what_is_on_no_scale_is_refused(value: object) -> None:
    with pytest.raises(UnknownLabel):
        LORE.parse(value)


def test_a_refusal_names_the_value_the_scale_and_its_codes_within_bounds() -> None:
    with pytest.raises(UnknownLabel, match=r"'maybe' is not a label of scale lore-4 \(L1, L2, L3, L4\)"):
        LORE.parse("maybe")
    with pytest.raises(UnknownLabel) as refused:
        LORE.parse("x" * 10_000)
    assert len(str(refused.value)) < 150


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("lore-4", {"L3", "L4"}),
        ("chorus-4", {"2", "3"}),
        ("esci-4", {"Substitute", "Exact"}),
        ("wands-3", {"Partial", "Exact"}),
        ("binary", {"Relevant"}),
    ],
)
def test_the_good_labels_of_each_scale(name: str, good: set[str]) -> None:
    scale = scale_named(name)
    assert {code for code in scale.codes if scale.is_good(code)} == good


def test_wands_has_one_label_for_both_bad_ones() -> None:
    assert [scale_named("wands-3").from_lore(code) for code in LORE.codes] == [
        "Irrelevant",
        "Irrelevant",
        "Partial",
        "Exact",
    ]


def test_only_codes_have_a_grade() -> None:
    with pytest.raises(UnknownLabel):
        LORE.grade_of("excellent")
    with pytest.raises(UnknownLabel):
        scale_named("binary").from_lore("Relevant")


def test_an_unknown_scale_is_refused_with_the_known_names() -> None:
    with pytest.raises(UnknownScale, match="'lore-5'; known: lore-4, chorus-4, esci-4, wands-3, binary"):
        scale_named("lore-5")


def test_a_scale_is_a_value() -> None:
    assert pickle.loads(pickle.dumps(LORE)) == LORE
    assert len({LORE, scale_named("lore-4")}) == 1
