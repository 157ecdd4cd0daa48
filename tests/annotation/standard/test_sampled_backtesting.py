"""A model tries a draft's words on a sample: whom it asks, what that costs, and what the flips say of all pairs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from annotation.models import BackTest
from annotation.standard import backtesting, sampled_backtesting
from annotation.standard.backtesting import Sample
from annotation.standard.sampled_backtesting import Stratum
from catalogue.models import Pair
from inference.engines.base import Completion, EngineError, Question
from inference.engines.scripted import Scripted
from inference.models import ModelVersion
from inference.prompting import prompt_versions
from inference.registry import connecting
from projects.models import Person, Project
from rules import drafting, publishing
from rules.models import RuleDraft
from tests.annotation.conftest import STARTER
from tests.at_work import work_on
from tests.conftest import Cast, refused
from tests.world.rows import CHAIN, make_prediction

ClientFor = Callable[[Person], Client]


@pytest.fixture
def model(db: None) -> ModelVersion:
    prompt = prompt_versions.active()
    return ModelVersion.objects.create(
        name="lore", engine="openai_server", target="http://nowhere", revision="1", prompt_version="1", prompt=prompt,
        options={"guideline": False},
    )  # fmt: skip


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """Obeys one sentence: where a rule says "strictly", everything is irrelevant, else excellent."""

    def answer(question: Question) -> Completion:
        strict = any("strictly" in rule.spec.statement["en"] for rule in question.rules)
        chain = {**CHAIN, "label": "L1" if strict else "L4", "mismatch": None, "rules": []}
        return Completion(json.dumps(chain), None, tokens_in=100, tokens_out=20, seconds=0.5)

    scripted = Scripted(answer)
    monkeypatch.setattr(connecting, "reconnect", lambda *_: scripted)
    return scripted


@pytest.fixture
def draft(stored: list[Pair], cast: Cast) -> RuleDraft:
    """The words of the colour rule change, for mugs alone; its condition does not: by machine nothing flips."""
    base = publishing.newest()
    assert base is not None
    made = drafting.start(base, "Strict colours", "", cast.rosa)
    rule = next(one for one in STARTER if one.code == "R-080")
    body = {**publishing.body_of(rule), "queries": ["red mug"]}
    body["statement"] = {"en": "Another colour is strictly irrelevant.", "zh": "颜色不同即不相关。"}
    drafting.change(made, "R-080", body, 0, cast.rosa)
    return made


def tried(draft: RuleDraft, project: Project, model: ModelVersion, pairs: int = 200) -> dict[str, Any]:
    test = backtesting.start(draft, project, None, Sample(model, pairs))
    work_on(sampled_backtesting.KIND, [test.pk])
    test.refresh_from_db()
    assert test.result is not None, test.error
    return dict(test.result)


def test_only_pairs_that_would_be_shown_other_rules_are_asked_about(
    draft: RuleDraft, project: Project, model: ModelVersion, engine: Scripted
) -> None:
    """The 12 mugs of another colour lose the old rule, save the three for red ones; those are shown its new words."""
    result = tried(draft, project, model)
    assert (result["stored"], result["concerned"], result["pairs"], result["unanswered"]) == (16, 12, 12, 0)
    assert len(engine.asked) == 24
    assert (result["flips"], result["by_direction"]) == (3, {"L4->L1": 3})
    assert result["flip_share"]["value"] == pytest.approx(3 / 12)
    assert (result["tokens_in"], result["tokens_out"], result["seconds"]) == (2400, 480, 12.0)
    assert result["agreement_before"]["gold"]["percent"]["value"] == 0  # all are gold L2


def test_a_draft_that_shows_nobody_other_rules_costs_nothing(
    stored: list[Pair], project: Project, model: ModelVersion, engine: Scripted, cast: Cast
) -> None:
    base = publishing.newest()
    assert base is not None
    made = drafting.start(base, "Seeds", "", cast.rosa)
    rule = next(one for one in STARTER if one.code == "R-008")
    drafting.change(made, "R-008", {**publishing.body_of(rule), "precedence": 64}, 0, cast.rosa)
    result = tried(made, project, model)
    assert (result["concerned"], result["pairs"], result["flip_share"], engine.asked) == (0, 0, None, [])


def test_a_sample_is_split_over_the_strata_by_their_size() -> None:
    assert sampled_backtesting.shares([70, 20, 10], 10) == [7, 2, 1]
    assert sampled_backtesting.shares([5, 5, 5], 10) == [4, 3, 3]  # largest remainder, the first of equals
    assert sampled_backtesting.shares([3, 2], 10) == [3, 2]


def test_the_share_weighs_each_stratum_by_its_size_and_no_flip_is_not_none() -> None:
    """900 pairs with 1 flip in 9, 100 with 1 in 1: 0.9 / 9 + 0.1 = 0.2."""
    share = sampled_backtesting.flip_share([Stratum(900, [], 9, 1), Stratum(100, [], 1, 1)])
    assert share.value == pytest.approx(0.2)
    assert share.low is not None and share.high is not None and share.low < 0.2 < share.high
    none = sampled_backtesting.flip_share([Stratum(1000, [], 50, 0)])
    assert none.value == 0.0 and none.high is not None and 0.03 < none.high < 0.08
    assert sampled_backtesting.flip_share([]).value is None


def test_every_pair_has_the_same_chance_to_be_asked_about() -> None:
    """Of 10 pairs 5 are kept and 2 asked: each in a fifth of 2,000 draws, give or take 5 sd (sqrt(2000 * .16) = 18)."""
    import random

    counts: Counter[int] = Counter()
    for seed in range(2000):
        stratum, chance = Stratum(), random.Random(seed)
        for n in range(10):
            stratum.see(n, 5, chance)  # type: ignore[arg-type]
        stratum.narrow(2, chance)
        counts.update(stratum.kept)  # type: ignore[arg-type]
    assert len(counts) == 10 and all(abs(count - 400) < 90 for count in counts.values())


def test_the_cost_is_told_by_the_models_last_answers(stored: list[Pair], project: Project, model: ModelVersion) -> None:
    unknown = sampled_backtesting.cost(model, 100)
    assert (unknown.questions, unknown.tokens_in, unknown.seconds) == (200, None, None)
    assert unknown.within == pytest.approx(0.098)  # 1.96 * 0.5 / sqrt(100)
    make_prediction(pair=stored[0], model=model, tokens_in=300, tokens_out=50, seconds=2.0)
    make_prediction(pair=stored[1], model=model, tokens_in=100, tokens_out=150, seconds=1.0)
    known = sampled_backtesting.cost(model, 100)
    assert (known.tokens_in, known.tokens_out, known.seconds) == (40_000, 20_000, 300.0)


def test_a_model_that_answers_nothing_fails_the_test_and_says_why(
    draft: RuleDraft, project: Project, model: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = Scripted(lambda _question: EngineError("silent", "no answer in time"))
    monkeypatch.setattr(connecting, "reconnect", lambda *_: silent)
    test = backtesting.start(draft, project, None, Sample(model, 200))
    work_on(sampled_backtesting.KIND, [test.pk])
    test.refresh_from_db()
    assert test.state == "failed" and "no answer in time" in test.error


def test_a_cancelled_test_stops_between_two_batches(
    draft: RuleDraft, project: Project, model: ModelVersion, engine: Scripted
) -> None:
    test = backtesting.start(draft, project, None, Sample(model, 200))
    seen: list[tuple[int, int]] = []

    def report(done: int, total: int) -> bool:
        seen.append((done, total))
        return False

    before, after = publishing.specs(draft.base), drafting.specs_of(draft)
    assert sampled_backtesting.run(test, before, after, report) is None
    assert (seen, engine.asked) == ([(0, 12)], [])


def test_there_must_be_something_to_test(project: Project, model: ModelVersion, draft: RuleDraft, cast: Cast) -> None:
    with refused("nothing_changes"):
        backtesting.start(drafting.start(draft.base, "Nothing", "", cast.rosa), project, None, Sample(model, 50))


def test_a_rule_owner_sees_the_cost_before_the_model_is_asked(
    draft: RuleDraft, project: Project, model: ModelVersion, engine: Scripted, cast: Cast, client_for: ClientFor
) -> None:
    rosa, url = client_for(cast.rosa), reverse("backtests", args=["shoes"])
    chosen = {"draft": str(draft.pk), "model": str(model.pk), "sample": "50"}
    page = rosa.get(url, chosen).content.decode()
    assert "At most 100 questions" in page and "nobody knows its price" in page
    assert not BackTest.objects.exists()
    started = rosa.post(url, {**chosen, "kind": "model"})
    test = BackTest.objects.get()
    assert (test.kind, test.sample, test.model) == ("model", 50, model)
    work_on(sampled_backtesting.KIND, [test.pk])
    told = rosa.get(started.url).content.decode()
    assert "3 of 12 sampled pairs" in told and "of the 12 pairs the draft concerns" in told
    refused = rosa.post(url, {**chosen, "kind": "model", "sample": "1"}, follow=True)
    assert "Choose a model and a sample" in refused.content.decode()


def test_the_command_asks_a_model_or_only_tells_the_cost(
    draft: RuleDraft, project: Project, model: ModelVersion, engine: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["backtest", "--draft", str(draft.pk), "--project", "shoes", "--model", "lore"]
    call_command(*common, "--sample", "50", "--estimate")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["questions"] == 100
    assert not BackTest.objects.exists()
    call_command(*common)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["pairs"], told["flips"], told["concerned"], told["tokens_in"]) == (12, 3, 12, 2400)
