"""The starter pack and the pack form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from relevance.deciding import decide
from relevance.dimensions import Dimension
from relevance.evidence import build_grid
from relevance.facts import ItemFacts
from relevance.lexicon import Lexicon
from relevance.rules import fired_rules
from rules.packs import dump_pack, load_pack

TEXT = (Path(__file__).resolve().parents[2] / "rules/packs/starter.yaml").read_text()
PACK = load_pack(TEXT)
# The worked cases speak of two invented brands; a catalogue would have taught them.
LEXICON = Lexicon.shipped().learn(ItemFacts(brand, brand, cpv=(("brand", brand),)) for brand in ("Lindenhof", "Talvi"))
HAN = re.compile(r"[\u3400-\u9fff]")


def test_the_starter_pack_is_a_standard() -> None:
    assert PACK.problems == ()
    assert len(PACK.rules) >= 80
    assert {rule.dimension for rule in PACK.rules} == set(Dimension)
    for rule in PACK.rules:
        assert len(rule.cases) >= 3, rule.code
        assert rule.principle, rule.code
        assert not rule.behind, rule.code


def test_each_language_says_the_rule_without_the_other() -> None:
    mixed, one_sided = [], []
    for rule in PACK.rules:
        for text in (rule.title, rule.statement, rule.principle):
            if HAN.search(text["en"]) or not HAN.search(text["zh"]):
                mixed.append((rule.code, text))
        chinese = any(HAN.search(f"{case.query} {case.item.title}") for case in rule.cases)
        if not chinese or not any(case.query.isascii() for case in rule.cases):
            one_sided.append(rule.code)
    assert (mixed, one_sided) == ([], [])


def test_a_rule_fires_on_two_of_its_cases_at_least() -> None:
    fired = {
        rule.code: sum(bool(fired_rules(case.pair, build_grid(case.pair, LEXICON), [rule])) for case in rule.cases)
        for rule in PACK.rules
        if rule.when
    }
    assert {code: times for code, times in fired.items() if times < 2} == {}


def test_every_worked_case_gets_its_label() -> None:
    wrong = []
    for rule in PACK.rules:
        for case in rule.cases:
            grid = build_grid(case.pair, LEXICON)
            decision = decide(grid, fired_rules(case.pair, grid, PACK.rules))
            if rule.when is None and not decision.deciding:
                continue  # for people to judge by: no other rule speaks against it
            if decision.label != case.label:
                wrong.append(f"{rule.code}, {case.query!r}: {decision.label}, should be {case.label}")
    assert wrong == []


def test_few_rules_are_for_people_alone() -> None:
    assert sum(rule.when is None for rule in PACK.rules) <= len(PACK.rules) // 10


def test_a_pack_round_trips_byte_for_byte() -> None:
    assert dump_pack(PACK.rules) == TEXT
    assert load_pack(dump_pack(PACK.rules)) == PACK


def test_a_bad_rule_is_listed_and_the_good_ones_go_in() -> None:
    pack = load_pack(TEXT.replace("label: L1", "label: L9", 1))
    assert len(pack.rules) == len(PACK.rules) - 1
    assert pack.problems == ("line 3: R-001: label: 'L9' is not one of L1, L2, L3, L4",)


def test_a_code_stands_in_a_pack_once() -> None:
    pack = load_pack(TEXT.replace("code: R-002", "code: R-001"))
    assert pack.problems == ("line 50: R-001: stands in the pack twice",)


@pytest.mark.parametrize("text", ["", "{", "- 1", "rules: 3", "rules: {}", "!!python/object:os.system x"])
def test_what_is_no_pack_is_a_problem_not_a_crash(text: str) -> None:
    pack = load_pack(text)
    assert pack.rules == ()
    assert len(pack.problems) == 1
