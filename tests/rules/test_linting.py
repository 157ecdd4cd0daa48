"""The linter finds each contradiction and gap of a pack that was made to have them, and nothing in the shipped one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Person
from relevance.rules import RuleSpec
from rules.linting import Finding, lint
from rules.packs import load_pack
from rules.publishing import Loaded
from tests.conftest import ROOT, Cast
from tests.rules.conftest import spec
from tests.rules.test_commands import command

ClientFor = Callable[[Person], Client]
STARTER = load_pack((ROOT / "rules/packs/starter.yaml").read_text(encoding="utf-8"))
BROKEN = load_pack((Path(__file__).parent / "contradictions.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def findings() -> tuple[Finding, ...]:
    assert BROKEN.problems == ()
    return lint(BROKEN.rules)


def of(findings: tuple[Finding, ...], kind: str, *rules: str) -> Finding:
    (found,) = [one for one in findings if one.kind == kind and one.rules == rules]
    assert found.proposal
    return found


def test_nothing_is_found_in_the_shipped_pack() -> None:
    assert STARTER.problems == ()
    assert lint(STARTER.rules) == ()


def test_a_sample_for_the_full_size_is_two_things_in_one_rule_and_in_two(findings: tuple[Finding, ...]) -> None:
    assert "L3" in of(findings, "contradictory_cases", "R-901").message
    assert "R-902" in of(findings, "contradictory_cases", "R-901", "R-902").message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("R-911", "R-912"),  # a style nobody shows
        ("R-921", "R-922"),  # seeds of a flower, seeds of a fruit
        ("R-951", "R-952"),  # premium, not stated
        ("R-961", "R-962"),  # a dress for a belt, a dress with a belt
    ],
)
def test_two_rules_of_equal_rank_say_different_things_of_one_situation(
    first: str, second: str, findings: tuple[Finding, ...]
) -> None:
    message = of(findings, "equal_rank", first, second).message
    assert first in message and second in message


def test_prices_between_two_worked_ones_are_undecided(findings: tuple[Finding, ...]) -> None:
    messages = [one.message for one in findings if one.kind == "gap" and one.rules == ("R-931",)]
    assert len(messages) == 2
    assert "40 is L2, 45 is L3" in messages[0] and "55 is L3, 60 is L2" in messages[1]


def test_a_fifth_to_a_half_of_the_colour_is_a_gap(findings: tuple[Finding, ...]) -> None:
    message = of(findings, "gap", "R-942", "R-941").message
    assert "from 20 to 50" in message


def test_what_can_never_show_is_unreachable(findings: tuple[Finding, ...]) -> None:
    assert "ends before" in of(findings, "unreachable", "R-971").message
    assert "R-981" in of(findings, "unreachable", "R-982", "R-981").message


def test_rules_without_a_case_or_a_translation_are_told(findings: tuple[Finding, ...]) -> None:
    for kind, code, severity in (
        ("caseless", "R-971", "error"),
        ("caseless", "R-972", "error"),
        ("untranslated", "R-972", "warning"),
    ):
        assert of(findings, kind, code).severity == severity


def test_a_case_that_its_set_does_not_give_names_who_decided() -> None:
    wrong = {"query": "red dress", "item": {"title": "Dress", "cpv": {"colour": "blue"}}, "label": "L4"}
    (found,) = [one for one in lint([spec("R-001", cases=[wrong])]) if one.kind == "failing_case"]
    assert found.rules == ("R-001",) and "L2 instead of L4" in found.message


def test_rules_that_their_scope_keeps_apart_contradict_nothing() -> None:
    when = {"item_contains": ["seeds"]}
    flowers = spec("R-001", when=when, effect="label", label="L3", scope=["flower"])
    fruit = spec("R-002", when=when, effect="label", label="L2", scope=["fruit"])
    assert [one for one in lint([flowers, fruit]) if one.kind == "equal_rank"] == []
    anywhere = spec("R-002", when=when, effect="label", label="L2")
    assert [one.rules for one in lint([flowers, anywhere]) if one.kind == "equal_rank"] == [("R-001", "R-002")]


def kinds(*rules: RuleSpec) -> set[tuple[str, tuple[str, ...]]]:
    """What is found of rules that have no case."""
    return {(one.kind, one.rules) for one in lint(rules)} - {("caseless", (rule.code,)) for rule in rules}


def about_seeds(code: str, effect: str, label: str, **more: Any) -> RuleSpec:
    return spec(code, when={"item_contains": ["seeds"]}, effect=effect, label=label, cases=[], **more)


def test_rules_that_follow_each_other_in_time_contradict_nothing() -> None:
    spring = about_seeds("R-001", "label", "L3", valid_until="2026-06-30")
    assert kinds(spring, about_seeds("R-002", "label", "L2", valid_from="2026-07-01", precedence=99)) == set()
    assert kinds(spring, about_seeds("R-002", "label", "L2", valid_from="2026-07-01")) == set()
    assert kinds(spring, about_seeds("R-003", "label", "L1", precedence=99)) == {("unreachable", ("R-001", "R-003"))}


def test_a_cap_and_a_floor_contradict_only_where_they_cross() -> None:
    floor = about_seeds("R-001", "floor", "L3")
    assert kinds(floor, about_seeds("R-002", "cap", "L4")) == set()
    assert kinds(floor, about_seeds("R-002", "cap", "L2")) == {("equal_rank", ("R-001", "R-002"))}


def test_bands_that_meet_leave_no_gap() -> None:
    near = spec("R-001", when={"amount": {"of": "mass", "off": {"at_most": 0.1}}}, label="L3")
    far = spec("R-002", when={"amount": {"of": "mass", "off": {"above": 0.1}}}, label="L2", precedence=51)
    farther = spec("R-002", when={"amount": {"of": "mass", "off": {"above": 0.2}}}, label="L2", precedence=51)
    assert [one for one in lint([near, far]) if one.kind == "gap"] == []
    assert [one.rules for one in lint([near, farther]) if one.kind == "gap"] == [("R-001", "R-002")]


def test_a_condition_that_contradicts_itself_never_fires() -> None:
    row = {"row": {"kind": "colour", "verdict": "match"}}
    found = lint([spec("R-001", when={"all": [row, {"not": row}]})])
    assert "contradicts itself" in next(one.message for one in found if one.kind == "unreachable")


def test_a_condition_of_bounds_and_exceptions_alone_is_never_on_a_card() -> None:
    """Neither an overlap nor what is not there names anything that a query asks or an item states."""
    bounds: dict[str, Any] = {"all": [{"overlap": {"below": 0.3}}, {"not": {"item_contains": ["gift"]}}]}
    words: dict[str, Any] = {"all": [*bounds["all"], {"query_contains": ["gift"]}]}
    said = [[one.kind for one in lint([spec("R-001", when=when)])] for when in (bounds, words)]
    assert ["unrouted" in kinds for kinds in said] == [True, False]
    assert "unrouted" not in [one.kind for one in lint([spec("R-001", when=bounds, queries=["gift"])])]


def test_the_command_prints_the_findings(pack: Loaded) -> None:
    status, answer, _err = command("lint_rules", Path(__file__).parent / "contradictions.yaml")
    assert status == 0 and len(answer["findings"]) == len(lint(BROKEN.rules))
    assert set(answer["findings"][0]) == {"kind", "severity", "rules", "message", "proposal", "case"}
    assert command("lint_rules", "--version", "1")[0] == 0
    assert command("lint_rules", "--version", "9")[0] == 1


def test_the_page_lists_the_findings_of_a_rule_base_version(pack: Loaded, cast: Cast, client_for: ClientFor) -> None:
    page = client_for(cast.ana).get(reverse("rule-findings")).content.decode()
    assert "R-001" in page or "Nothing to decide" in page
