"""A draft held against stored pairs says exactly what judging each pair alone would say; a frozen replay set must hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import Error, transaction
from django.test import Client
from django.urls import reverse

from annotation.models import BackTest, ReplayEntry, ReplaySet
from annotation.standard import backtesting, replaying, rule_replays
from annotation.standard.rule_effects import TwoSets
from annotation.trust import measurable
from catalogue.models import Pair
from projects.models import Person, Project
from relevance.deciding import decide
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from relevance.rules import RuleSpec, fired_rules
from rules import drafting, publishing
from rules.models import RuleDraft
from rules.publishing import body_of
from tests.annotation.conftest import MILDER_CASES, STARTER, changed
from tests.at_work import work_on
from tests.conftest import Cast
from tests.world.rows import make_judgment

ClientFor = Callable[[Person], Client]


@pytest.fixture
def draft(stored: list[Pair], cast: Cast) -> RuleDraft:
    """Another colour would be related instead of a mismatch: 12 of the 16 pairs flip from L2 to L3."""
    base = publishing.newest()
    assert base is not None
    made = drafting.start(base, "Milder colours", "", cast.rosa)
    rule = next(one for one in changed("R-080", label="L3", cases=MILDER_CASES) if one.code == "R-080")
    drafting.change(made, "R-080", body_of(rule), 0, cast.rosa)
    return made


def held_against(draft: RuleDraft, project: Project) -> BackTest:
    test = backtesting.start(draft, project, None)
    work_on(backtesting.KIND, [test.pk])
    test.refresh_from_db()
    return test


# the same as one by one


@pytest.mark.parametrize(
    "after",
    [
        changed("R-080", label="L3"),
        changed("R-001", precedence=1, effect="label", label="L4"),
        changed("R-003", when={"overlap": {"below": 0.9}}),
        changed("R-080", when={"item_contains": ["mug"]}, label="L1"),
        changed("R-151", queries=[], label="L1"),
        changed("R-053", when={"any": [{"query_contains": ["case"]}, {"not": {"item_contains": ["red"]}}]}),
        changed("R-022", scope=["phone"], when={"not": {"query_contains": ["red"]}}, label="L1"),
        STARTER[:10],
        (),
    ],
)
def test_two_sets_at_once_say_what_each_says_alone(after: tuple[RuleSpec, ...]) -> None:
    sets = TwoSets(STARTER, after)
    for query in (
        "red mug",
        "red dress under $50",
        "连衣裙 红色",
        "usb c cable 2 m",
        "case for phone",
        "boho rug",
        "???",
    ):
        for title in ("Blue mug", "Red dress", "红色沙发", "USB cable 1 m", "Phone", "Phone case red", ""):
            pair = PairFacts(query, ItemFacts("1", title, cpv=(("price", "60"), ("colour", "red"))))
            grid = build_grid(pair, Lexicon.shipped())
            effect = sets.effect(pair, grid)
            for rules, label, decided in (
                (STARTER, effect.before, effect.decided_before),
                (after, effect.after, effect.decided_after),
            ):
                alone = decide(grid, fired_rules(pair, grid, rules))
                assert label == alone.label, (query, title)
                assert ([decided.code] if decided else []) == [rule.code for rule in alone.deciding]


# the result


def test_a_draft_flips_what_it_should_and_the_figures_follow(draft: RuleDraft, project: Project) -> None:
    test = held_against(draft, project)
    result = test.result
    assert result is not None
    assert (test.state, result["pairs"], result["flips"]) == ("done", 16, 12)
    assert result["by_direction"] == {"L2->L3": 12}
    assert (result["by_category"], result["by_dimension"], result["by_rule"]) == (
        {"home": 12},
        {"colour": 12},
        {"R-080": 12},
    )
    assert len(result["examples"]["L2->L3"]) == backtesting.EXAMPLES
    assert result["agreement_before"]["gold"]["percent"]["value"] == 1.0
    assert result["agreement_after"]["gold"]["percent"]["value"] == 0.25  # 4 of 16
    assert result["good_rate_before"]["value"] == 0.25
    assert result["good_rate_after"]["value"] == 1.0


def test_people_count_where_nothing_is_gold(draft: RuleDraft, project: Project, stored: list[Pair], cast: Cast) -> None:
    Pair.objects.update(gold_label="")
    for person in (cast.ana, cast.ben):
        make_judgment(pair=stored[1], by=person, label="L3")
    make_judgment(pair=stored[3], by=cast.ana, label="L3")  # one person's word is no agreement
    make_judgment(pair=stored[2], by=cast.ana, label="L3")
    make_judgment(pair=stored[2], by=cast.ben, label="L2")  # they differ: nobody's word counts
    result = held_against(draft, project).result
    assert result is not None and "gold" not in result["agreement_before"]
    before, after = (result[f"agreement_{when}"]["people"]["percent"] for when in ("before", "after"))
    assert (before["n"], before["value"], after["value"]) == (1, 0.0, 1.0)


def test_what_measures_is_read_of_the_pairs_in_hand_not_of_the_whole_project(
    draft: RuleDraft, project: Project, stored: list[Pair], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    Pair.objects.filter(pk=stored[1].pk).update(gold_label="")
    for person in (cast.ana, cast.ben):
        make_judgment(pair=stored[1], by=person, label="L3")
    whole, asked = held_against(draft, project).result, list[list[int]]()

    class Watched(measurable.Material):
        def __init__(self, project: Project, *, only: Iterable[int]) -> None:
            asked.append(list(only))
            super().__init__(project, only=asked[-1])

    monkeypatch.setattr(backtesting, "Material", Watched)
    monkeypatch.setattr(backtesting, "TOGETHER", 3)
    assert held_against(draft, project).result == whole
    assert [len(one) for one in asked] == [3, 3, 3, 3, 3, 1]  # 16 pairs
    assert sorted(pk for one in asked for pk in one) == sorted(pair.pk for pair in stored)


def test_a_cancelled_test_leaves_no_result(draft: RuleDraft, project: Project) -> None:
    test = backtesting.start(draft, project, None)
    assert backtesting.compare(project, STARTER, STARTER, lambda _seen: False) is not None  # fewer than one report
    BackTest.objects.filter(pk=test.pk).update(state="cancelled")
    work_on(backtesting.KIND, [test.pk])
    test.refresh_from_db()
    assert (test.state, test.result) == ("cancelled", None)


def test_a_draft_changed_before_its_test_ran_is_not_vouched_for(draft: RuleDraft, project: Project, cast: Cast) -> None:
    test = backtesting.start(draft, project, None)
    drafting.retire(draft, "R-081", cast.rosa)
    work_on(backtesting.KIND, [test.pk])
    test.refresh_from_db()
    assert (test.state, test.result) == ("dead", None)
    assert "changed" in test.error
    drafting.take_back(draft, "R-081", cast.rosa)
    assert len(rule_replays.gate(draft, cast.rosa)) == 1  # its content is what was asked for, but that was never tested


def test_the_command_prints_flips_and_agreement(draft: RuleDraft, project: Project, run_command: Any) -> None:
    answer = run_command("backtest", "--draft", str(draft.pk), "--project", project.slug)
    assert (answer["pairs"], answer["flips"], answer["by_direction"]) == (16, 12, {"L2->L3": 12})
    assert set(answer["agreement_before"]["gold"]["percent"]) == {"value", "low", "high", "n"}


@pytest.fixture
def run_command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    from django.core.management import call_command

    def run(*arguments: str) -> Any:
        call_command(*arguments)
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


# replay sets


def test_a_replay_set_stays_as_it_was_frozen(draft: RuleDraft, project: Project, cast: Cast) -> None:
    first = replaying.freeze(project, cast.lena)
    Pair.objects.filter(gold_label="L2").update(gold_label="L1")
    assert set(first.entries.values_list("label", flat=True)) == {"L2", "L4"}
    assert replaying.freeze(project, cast.lena).number == 2
    for change in (lambda: ReplaySet.objects.update(size=1), lambda: ReplayEntry.objects.update(label="L1")):
        with pytest.raises(Error, match=r"permission denied|append-only"), transaction.atomic():
            change()


# pages


def test_a_rule_owner_starts_a_test_and_reads_its_flips(
    draft: RuleDraft, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    client = client_for(cast.rosa)
    assert reverse("backtests", args=["shoes"]) in client.get(reverse("rule-draft", args=[draft.pk])).content.decode()
    started = client.post(reverse("backtests", args=["shoes"]), {"draft": str(draft.pk)})
    test = BackTest.objects.get()
    assert started.url == reverse("backtest", args=["shoes", test.pk])
    assert "every 1s" in client.get(started.url).content.decode()
    work_on(backtesting.KIND, [test.pk])
    page = client.get(started.url).content.decode()
    assert "12 of 16 pairs" in page and "every 1s" not in page and "red mug" in page
    assert "Milder colours" in client.get(reverse("backtests", args=["shoes"])).content.decode()


def test_gold_is_frozen_from_the_page_and_none_is_said_so(
    stored: list[Pair], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    client = client_for(cast.lena)
    client.post(reverse("replay-freeze", args=["shoes"]))
    assert ReplaySet.objects.get().size == 16
    Pair.objects.update(gold_label="")
    client.post(reverse("replay-freeze", args=["shoes"]))
    assert ReplaySet.objects.count() == 1


def test_an_empty_draft_is_not_tested(stored: list[Pair], project: Project, cast: Cast, client_for: ClientFor) -> None:
    base = publishing.newest()
    assert base is not None
    empty = drafting.start(base, "Empty", "", cast.rosa)
    client_for(cast.rosa).post(reverse("backtests", args=["shoes"]), {"draft": str(empty.pk)})
    client_for(cast.rosa).post(reverse("backtests", args=["shoes"]), {"draft": "x"})
    assert not BackTest.objects.exists()
