"""A pair is hard for named reasons, each resting on a record that can be looked up."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from relevance.hardness import (
    LOW_MARGIN,
    Evidence,
    HumanLabel,
    ModelLabel,
    Reason,
    ReasonKind,
    margin,
    reasons,
)
from relevance.labels import LORE, UnknownLabel, scale_named

SURE = {"L1": 0.05, "L2": 0.05, "L3": 0.1, "L4": 0.8}
TORN = {"L1": 0.05, "L2": 0.1, "L3": 0.4, "L4": 0.45}


def person(code: str, number: int) -> HumanLabel:
    return HumanLabel(code, Evidence("judgment", str(number)))


def model(label: str, posterior: Mapping[str, float] | None = None, contradicts: tuple[str, ...] = ()) -> ModelLabel:
    return ModelLabel(label, Evidence("prediction", "77"), posterior, contradicts)


def test_a_pair_on_which_all_are_sure_and_agree_is_not_hard() -> None:
    assert reasons(LORE, [person("L4", 1), person("L4", 2)], model=model("L4", SURE)) == []


def test_a_pair_that_nobody_has_seen_is_not_hard() -> None:
    assert reasons(LORE, []) == []


def test_people_who_split_make_a_pair_hard_and_the_two_furthest_labels_show_it() -> None:
    found = reasons(LORE, [person("L3", 1), person("L4", 2), person("L1", 3)])
    assert found == [
        Reason(ReasonKind.HUMAN_SPLIT, "judgment", "3"),
        Reason(ReasonKind.HUMAN_SPLIT, "judgment", "2"),
    ]


def test_a_stored_disagreement_is_the_evidence_where_there_is_one() -> None:
    stored = {
        ReasonKind.HUMAN_SPLIT: Evidence("disagreement", "5"),
        ReasonKind.HUMAN_MODEL_CONFLICT: Evidence("disagreement", "6"),
    }
    split = [person("L3", 1), person("L1", 2)]
    found = reasons(LORE, split, person("L3", 9), model("L1"), disagreements=stored)
    assert [(one.kind, one.evidence_kind, one.evidence_id) for one in found] == [
        ("human_split", "disagreement", "5"),
        ("human_model_conflict", "disagreement", "6"),
    ]


def test_a_stored_disagreement_alone_is_no_reason_once_the_labels_agree() -> None:
    stored = {ReasonKind.HUMAN_SPLIT: Evidence("disagreement", "5")}
    assert reasons(LORE, [person("L3", 1), person("L3", 2)], disagreements=stored) == []


def test_a_model_against_what_people_share_is_a_conflict() -> None:
    found = reasons(LORE, [person("L4", 1), person("L4", 2)], model=model("L2", SURE))
    assert found == [Reason(ReasonKind.HUMAN_MODEL_CONFLICT, "prediction", "77")]


def test_the_settled_label_is_what_people_hold_after_a_split() -> None:
    split = [person("L4", 1), person("L1", 2)]
    kinds = [one.kind for one in reasons(LORE, split, person("L1", 3), model("L4", SURE))]
    assert ReasonKind.HUMAN_MODEL_CONFLICT in kinds
    kinds = [one.kind for one in reasons(LORE, split, person("L4", 3), model("L4", SURE))]
    assert ReasonKind.HUMAN_MODEL_CONFLICT not in kinds


def test_people_who_are_split_hold_nothing_that_the_model_could_contradict() -> None:
    kinds = {one.kind for one in reasons(LORE, [person("L4", 1), person("L1", 2)], model=model("L2", SURE))}
    assert kinds == {ReasonKind.HUMAN_SPLIT}


@pytest.mark.parametrize(("lore", "hard"), [("L3", False), ("L4", False), ("L2", True), ("L1", True)])
def test_model_and_people_are_compared_in_the_scale_of_the_project(lore: str, *, hard: bool) -> None:
    found = reasons(scale_named("binary"), [person("Relevant", 1)], model=model(lore, SURE))
    assert bool(found) is hard


def test_parts_of_a_prediction_that_disagree_make_a_pair_hard() -> None:
    found = reasons(LORE, [], model=model("L4", SURE, contradicts=("grid", "chain")))
    assert found == [Reason(ReasonKind.CONTRADICTION, "prediction", "77")]


def test_a_torn_posterior_makes_a_pair_hard() -> None:
    assert reasons(LORE, [], model=model("L4", TORN)) == [Reason(ReasonKind.LOW_MARGIN, "prediction", "77")]


def test_a_prediction_without_a_posterior_says_nothing_about_its_margin() -> None:
    assert reasons(LORE, [], model=model("L4", None)) == []


@pytest.mark.parametrize(
    ("posterior", "expected"),
    [
        ({"L4": 0.6, "L3": 0.4}, 0.2),
        ({"L4": 1.0}, 1.0),
        ({"L1": 0.25, "L2": 0.25, "L3": 0.25, "L4": 0.25}, 0.0),
    ],
)
def test_the_margin_is_first_less_second(posterior: dict[str, float], expected: float) -> None:
    assert margin(posterior) == expected


def test_a_margin_of_exactly_the_bound_is_not_low() -> None:
    assert LOW_MARGIN == 0.2
    assert reasons(LORE, [], model=model("L4", {"L4": 0.6, "L3": 0.4})) == []
    assert reasons(LORE, [], model=model("L4", {"L4": 0.599, "L3": 0.401})) != []


def test_every_reason_is_listed_in_the_order_of_its_kind() -> None:
    split = [person("L4", 1), person("L1", 2)]
    found = reasons(LORE, split, person("L1", 3), model("L4", TORN, ("grid",)))
    assert [one.kind for one in found] == [
        "human_split",
        "human_split",
        "human_model_conflict",
        "contradiction",
        "low_margin",
    ]


def test_a_label_of_another_scale_is_an_error() -> None:
    with pytest.raises(UnknownLabel):
        reasons(LORE, [person("Exact", 1)])
