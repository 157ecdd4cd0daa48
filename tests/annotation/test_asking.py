"""Whoever asks a model about a pair asks what pre-labelling asks: the same words, pictures, company and rules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from annotation.models import BackTest
from annotation.standard import backtesting, sampled_backtesting
from annotation.standard.backtesting import Sample
from catalogue.models import Grid, Image, Pair
from catalogue.pictures import images
from evaluation import canary
from inference.engines.base import Completion, EngineError, Question
from inference.engines.chat import Call, Picture, Reply, SampledAnswer
from inference.engines.scripted import Scripted
from inference.knowledge.history import add_or_change, written
from inference.models import ModelVersion, Prediction, QueryGuideline, Trial
from inference.playground import trials
from inference.prelabel import runs
from inference.prelabel.runs import Wish
from inference.prompting import prompt_versions
from inference.registry import connecting
from projects.models import Project
from relevance.canaries import ATTACKS, STUFFINGS
from rules import drafting, publishing
from tests.annotation.conftest import STARTER
from tests.at_work import work_on
from tests.conftest import Cast
from tests.picture_servers import picture
from tests.world.rows import CHAIN, activate, make_item, make_model, make_pair
from training import distilled

TITLE = "Blue mug with a lid"
DRAWN = re.compile(r"\b[0-9a-f]{10}\b")  # nonce and marker, new with every asking
Put = tuple[str, str, tuple[str, ...]]  # system message, text and pictures of one call


class Recorder:
    """A chat model that calls every item irrelevant, and keeps what it was asked."""

    name, revision = "recorder", "1"

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def converse(self, calls: Sequence[Call]) -> list[Reply | EngineError]:
        self.calls += calls
        return [self._reply(call) for call in calls]

    def _reply(self, call: Call) -> Reply:
        text = words(call)
        if call.choices:
            letter = letter_of("L1", call)
            return Reply(
                (SampledAnswer(letter, "stop"),), {one: 0.97 if one == letter else 0.01 for one in call.choices}
            )
        if call.schema is None:
            return Reply((SampledAnswer("A blue cup.", "stop"),))
        code = re.findall(r"Answer code: (\w+)", text)[-1]
        if "label" in call.schema["properties"]:
            return says({**CHAIN, "nonce": code, "label": letter_of("L1", call)})
        return says({"nonce": code, "intent": "a red mug", "required": ["mug"], "optional": []})

    def judged(self) -> set[Put]:
        """What was asked to judge the pair, whichever way it came, without nonce and marker; forgotten afterwards."""
        asked = [one for one in self.calls if "Item:\n<<ITEM" in words(one)]
        self.calls = []
        return {(one.system, DRAWN.sub("-", words(one)), shown(one)) for one in asked}


def says(answer: dict[str, Any]) -> Reply:
    return Reply((SampledAnswer(json.dumps(answer), "stop"),))


def words(call: Call) -> str:
    return "".join(part for part in call.user if isinstance(part, str))


def shown(call: Call) -> tuple[str, ...]:
    return tuple(part.sha256 for part in call.user if isinstance(part, Picture))


def letter_of(label: str, call: Call) -> str:
    found = re.search(rf"^(\w) = {label} ", call.system, re.M)
    assert found is not None
    return found[1]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    found = Recorder()
    monkeypatch.setattr(connecting, "CHATS", {**connecting.CHATS, "recorder": lambda *_: found})
    monkeypatch.setattr(connecting, "_chats", {})
    return found


def chat(name: str, **fields: Any) -> ModelVersion:
    prompt = prompt_versions.active()
    return ModelVersion.objects.create(
        name=name, engine="recorder", revision="1", prompt_version=prompt_versions.value(prompt.pk).version,
        prompt=prompt, learnt=True, **fields,
    )  # fmt: skip


@pytest.fixture
def pair(project: Project, cast: Cast) -> Pair:
    """Everything that can be told of a pair is there: a card, a guideline, a picture, a brand that only the catalogue
    knows, and what a back-test's rows leave out: selling points, a description, a locale."""
    publishing.publish_pack(STARTER)
    blue, _new = images.add(project, "blue.png", picture("blue"))
    item = make_item(
        project=project, title=TITLE, category="home > mugs", cpv=[["brand", "Kestrel"], ["colour", "blue"]],
        skus=[{"code": "1", "name": "with a lid"}], selling_points=["keeps tea warm"], description="For the office.",
        images=[blue.sha256],
    )  # fmt: skip
    found = make_pair(project=project, query="red kestrel mug", item=item, gold_label="L1")
    add_or_change(project, written("term", "kestrel", "a maker of mugs"), None)
    QueryGuideline.objects.create(query=found.query, revision=1, intent="a red mug by Kestrel", required=["mug"])
    return found


def by_pre_label(pair: Pair, model: ModelVersion, cast: Cast) -> None:
    run = runs.start_run(pair.project, None, Wish(model.name))
    assert runs.work_some(run) == run.pairs
    assert set(Prediction.objects.values_list("status", flat=True)) == {"ok"}


def by_canary(pair: Pair, model: ModelVersion, cast: Cast) -> dict[str, Any]:
    return canary.run(model, pair.project)


def by_playground(pair: Pair, model: ModelVersion, cast: Cast) -> None:
    for one in pair.project.pairs.select_related("project", "item"):
        trial = trials.start_trial(one, model, model.prompt, cast.max)
        work_on(trials.KIND, [trial.pk])
    assert set(Trial.objects.values_list("state", "error")) == {("done", "")}


def by_back_test(pair: Pair, model: ModelVersion, cast: Cast) -> None:
    """Under a draft that changes the words of the rule on colours."""
    base = publishing.newest()
    assert base is not None
    draft = drafting.start(base, "Other words", "", cast.rosa)
    body = publishing.body_of(next(rule for rule in STARTER if rule.code == "R-080"))
    drafting.change(draft, "R-080", {**body, "statement": {"en": "Other words.", "zh": "别的话。"}}, 0, cast.rosa)
    test = backtesting.start(draft, pair.project, None, Sample(model, 20))
    result = sampled_backtesting.run(test, publishing.specs(base), drafting.specs_of(draft))
    assert result is not None and (result["concerned"], result["unanswered"]) == (pair.project.pairs.count(), 0)
    assert BackTest.objects.count() == 1


OTHERS = {"the canary": by_canary, "the playground": by_playground}
Door = Callable[[Pair, ModelVersion, Cast], Any]


@pytest.mark.parametrize("pictures", ["caption", "picture"])
@pytest.mark.parametrize("door", OTHERS.values(), ids=OTHERS)
def test_whoever_asks_asks_what_pre_labelling_asks(
    pair: Pair, recorder: Recorder, cast: Cast, door: Door, pictures: str
) -> None:
    activate(model=chat("captioner", role="captioner"), project=pair.project)
    model = chat("judge", pictures=pictures)
    door(pair, model, cast)  # before there is any row that pre-labelling would leave behind
    asked = recorder.judged()
    by_pre_label(pair, model, cast)
    expected = recorder.judged()
    assert len(expected) == 2  # the letter, then the chain
    told = "".join(system + text for system, text, _pictures in expected)
    assert all(one in told for one in ("a maker of mugs", "a red mug by Kestrel", "R-080", "keeps tea warm", TITLE))
    assert ("A blue cup." in told) is (pictures == "caption")
    assert {len(hashes) for _system, _text, hashes in expected} == {int(pictures == "picture")}
    assert expected <= asked
    if door is by_playground:
        assert expected == asked


@pytest.mark.parametrize("pictures", ["caption", "picture"])
def test_a_back_test_asks_what_pre_labelling_asks_and_then_the_same_under_the_drafts_words(
    pair: Pair, recorder: Recorder, cast: Cast, pictures: str
) -> None:
    activate(model=chat("captioner", role="captioner"), project=pair.project)
    model = chat("judge", pictures=pictures)
    by_pre_label(pair, model, cast)
    expected = recorder.judged()
    by_back_test(pair, model, cast)
    asked = recorder.judged()
    assert expected <= asked
    drafted = {(system, re.sub(r"R-080 \(colour\): .*", "R-080", text), seen) for system, text, seen in asked}
    assert len(asked) == 4 and len(drafted) == 2  # nothing differs but the words of that rule


def test_tampered_text_changes_the_item_and_nothing_else_that_is_told(
    pair: Pair, recorder: Recorder, cast: Cast
) -> None:
    activate(model=chat("captioner", role="captioner"), project=pair.project)
    result = by_canary(pair, chat("judge", pictures="caption"), cast)
    asked = recorder.judged()
    assert (result["pairs"], result["clean_agreement"], set(result["attacks"].values())) == (1, 1.0, {0.0})
    assert len(asked) == 2 * (1 + len(ATTACKS) + len(STUFFINGS))
    item = re.compile(r"<<ITEM ->>.*<<END ->>", re.S)
    assert len({(system, item.sub("", text), seen) for system, text, seen in asked}) == 2
    assert all("A blue cup." in text for _system, text, _seen in asked)
    assert Grid.objects.count() == 1  # of the pair itself: a grid's row vouches for what its snapshot says
    assert Image.objects.count() == 1


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """Stands for a learnt distilled model: irrelevant, whatever it sees."""

    def answer(_question: Question) -> Completion:
        shares = {"L1": 0.97, "L2": 0.01, "L3": 0.01, "L4": 0.01}
        return Completion(json.dumps({**CHAIN, "label": "L1"}), shares)

    found = Scripted(answer)
    monkeypatch.setattr(connecting, "reconnect", lambda *_: found)
    return found


def asked_of(engine: Scripted) -> dict[tuple[str, str], Question]:
    """The first question about each pair: a canary's clean one comes before the tampered ones."""
    found: dict[tuple[str, str], Question] = {}
    for one in engine.asked:
        found.setdefault((one.pair.query, one.pair.item.title), one)
    engine.asked = []
    return found


@pytest.mark.parametrize("door", OTHERS.values(), ids=OTHERS)
def test_a_learnt_model_sees_the_company_whoever_asks(pair: Pair, scripted: Scripted, cast: Cast, door: Door) -> None:
    make_pair(project=pair.project, query=pair.query.text, item=make_item(project=pair.project, title="Red mug"))
    model = make_model(name="learnt", learnt=True)
    door(pair, model, cast)
    asked = asked_of(scripted)
    by_pre_label(pair, model, cast)
    expected = asked_of(scripted)
    key = (pair.query.text, TITLE)
    assert len(expected[key].company) == 2
    assert asked[key] == expected[key]


def test_training_measures_the_active_model_with_the_questions_of_pre_labelling(
    project: Project, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsure = SimpleNamespace(posterior=lambda features, _words: np.full((len(features), 4), 0.25))
    monkeypatch.setattr(distilled, "fit", lambda *_, **_seed: unsure)  # what is learnt plays no part here
    publishing.publish_pack(STARTER)
    for number in range(40):
        for colour, label in (("red", "L4"), ("blue", "L2"), ("white", "L1"), ("black", "L2")):
            item = make_item(project=project, title=f"{colour} mug {number}", category="home > mugs")
            make_pair(project=project, query=f"red mug {number}", item=item, gold_label=label)
    model = make_model(name="learnt", learnt=True)
    activate(model=model, project=project)
    distilled.learn(project, "gold")
    scripted.asked = [one for one in scripted.asked if one.company]  # the cold start beside it sees a pair alone
    asked = asked_of(scripted)
    run = runs.start_run(project, None, Wish(model.name))
    while runs.work_some(run):
        pass
    expected = asked_of(scripted)
    assert 20 <= len(asked) < len(expected) == 160
    assert all(len(one.company) == 4 for one in asked.values())
    assert all(expected[key] == one for key, one in asked.items())
