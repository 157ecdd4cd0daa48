"""The starter pack and the pack form."""

from __future__ import annotations

from pathlib import Path

import pytest

from relevance.deciding import decide
from relevance.evidence import build_grid
from relevance.facts import ItemFacts
from relevance.lexicon import Lexicon
from relevance.rules import RuleSpec, WorkedCase, fired_rules
from rules.packs import dump_pack, load_pack

TEXT = (Path(__file__).resolve().parents[2] / "rules/packs/starter.yaml").read_text()
PACK = load_pack(TEXT)
# The worked cases speak of two invented brands; a catalogue would have taught them.
LEXICON = Lexicon.shipped().learn(ItemFacts(brand, brand, cpv=(("brand", brand),)) for brand in ("Lindenhof", "Talvi"))
CASES = [pytest.param(rule, case, id=f"{rule.code}: {case.query}") for rule in PACK.rules for case in rule.cases]


def test_the_starter_pack_is_whole() -> None:
    assert PACK.problems == ()
    assert len(PACK.rules) >= 25
    assert len({rule.dimension for rule in PACK.rules}) >= 10
    for rule in PACK.rules:
        assert rule.when is not None, rule.code
        assert len(rule.cases) >= 2, rule.code


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_every_worked_case_fires_its_rule_and_gets_its_label(rule: RuleSpec, case: WorkedCase) -> None:
    grid = build_grid(case.pair, LEXICON)
    fired = fired_rules(case.pair, grid, PACK.rules)
    assert rule.code in {one.code for one in fired}
    assert decide(grid, fired).label == case.label


def test_a_pack_round_trips_byte_for_byte() -> None:
    assert dump_pack(PACK.rules) == TEXT
    assert load_pack(dump_pack(PACK.rules)) == PACK


def test_a_bad_rule_is_listed_and_the_good_ones_go_in() -> None:
    pack = load_pack(TEXT.replace("label: L1", "label: L9", 1))
    assert len(pack.rules) == len(PACK.rules) - 1
    assert pack.problems == ("R-001: label: 'L9' is not one of L1, L2, L3, L4",)


def test_a_code_stands_in_a_pack_once() -> None:
    pack = load_pack(TEXT.replace("code: R-002", "code: R-001"))
    assert pack.problems == ("R-001: stands in the pack twice",)


@pytest.mark.parametrize("text", ["", "{", "- 1", "rules: 3", "rules: {}", "!!python/object:os.system x"])
def test_what_is_no_pack_is_a_problem_not_a_crash(text: str) -> None:
    pack = load_pack(text)
    assert pack.rules == ()
    assert len(pack.problems) == 1
