"""Which opinions stand and how pairs are settled, held against the same rules written out in Python."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.curation import hard_sets
from annotation.gold import adjudicating, following_models, second_looks, settling
from annotation.judging import card, queue, recording
from annotation.models import Adjudication, Disagreement, Gold, Judge, Judgment, Slot, StandingJudgment
from annotation.standard import weak_spots
from annotation.trust import agreement
from catalogue.models import Pair, Snapshot
from inference.models import ActiveModel, Prediction, StandingPrediction
from inference.prompting import prompt_versions
from inference.registry import registry
from projects.models import Person, Project
from projects.refusals import Refused
from relevance.suspicion import INJECTION
from tests.conftest import ROOT, Cast
from tests.world.rows import activate, make_judgment, make_model, make_pair, make_prediction, make_slots

pytestmark = pytest.mark.django_db

LABELS = ("L1", "L2", "L3", "L4")


# the oracle: the rules as one would say them


def last_of_round(row: Judgment, rows: list[Judgment]) -> bool:
    return not any(
        (other.judge_id, other.round) == (row.judge_id, row.round) and other.revision > row.revision for other in rows
    )


def stands(row: Judgment, rows: list[Judgment]) -> bool:
    counting = [one for one in rows if last_of_round(one, rows) and one.outcome != "withdrawn"]
    newer = any(one.judge_id == row.judge_id and one.round > row.round for one in counting)
    judged_again = any(one.replaces_id == row.pk for one in counting)
    return row in counting and not newer and not judged_again


@dataclass
class Settled:
    """What the rules make of a pair, step by step."""

    golds: list[tuple[str, str, str]] = field(default_factory=list)  # label, mismatch, ground
    rests_on: int = 0
    open: dict[str, tuple[int | None, frozenset[int]]] = field(default_factory=dict)  # prediction, judgments

    def step(self, pair: Pair, told: Prediction | None) -> None:
        rows = list(Judgment.objects.filter(pair=pair).order_by("pk"))
        standing = [row for row in rows if stands(row, rows)]
        wanted = Slot.objects.filter(pair=pair, replaces=None).exclude(state="closed").count() or pair.project.overlap
        label, mismatch, ground = self.golds[-1] if self.golds else ("", "", "consensus")
        if ground == "consensus" and label:
            wanted = min(wanted, self.rests_on)
        alike = {(row.outcome, row.label) for row in standing}
        if ground == "consensus":
            agreed = len(standing) >= wanted and len(alike) == 1 and standing[0].outcome == "label"
            new = (standing[0].label, standing[0].mismatch) if agreed else ("", "")
            if new != (label, mismatch):
                self.golds.append((*new, "consensus"))
                self.rests_on = len(standing)
        grounds = {one[2] for one in self.golds}
        if "adjudication" in grounds:
            return
        heard = [row for row in standing if row.batch_id is None or "import" not in grounds]
        ids = frozenset(row.pk for row in heard)
        said = {(row.outcome, row.label) for row in heard}
        self._follow("human_human", len(said) > 1, None, ids)
        agreed = len(heard) >= wanted and len(said) == 1 and heard[0].outcome == "label"
        differs = agreed and told is not None and told.label != heard[0].label
        self._follow("human_model", differs, told.pk if differs and told else None, ids)

    def _follow(self, kind: str, holds: bool, prediction: int | None, judgments: frozenset[int]) -> None:
        if holds:
            self.open[kind] = (prediction, judgments)
        else:
            self.open.pop(kind, None)


class World:
    """Three pairs, four judges, two models and everything that may happen to them."""

    def __init__(self, project: Project, people: list[Person], seed: int) -> None:
        self.chance = random.Random(seed)
        self.project = project
        self.judges: list[Person | str] = [*people, "r1", "r2"]
        self.pairs = [make_pair(project=project, query=f"mug {seed} {n}") for n in range(3)]
        for pair in self.pairs[:2]:
            make_slots(pair=pair)
        self.models = [make_model(name="active"), make_model(name="candidate")]
        activate(model=self.models[0], project=project)
        self.settled = {pair.pk: Settled() for pair in self.pairs}

    def act(self) -> None:
        pair = self.chance.choice(self.pairs)
        self.chance.choices(
            [
                self.judge,
                self.take_back,
                self.again,
                self.predict,
                self.slot,
                self.gold,
                self.rule,
                self.change,
                self.swap,
            ],
            weights=[12, 3, 3, 3, 2, 1, 1, 1, 1],
        )[0](pair)

    def judge(self, pair: Pair, **fields: Any) -> None:
        by = self.chance.choice(self.judges)
        judge, _ = Judge.objects.get_or_create(
            project=self.project, **({"rater": by} if isinstance(by, str) else {"person": by})
        )
        own = Judgment.objects.filter(pair=pair, judge=judge).order_by("-round", "-revision").first()
        fields.setdefault("round", own.round if own else 1)
        same = own is not None and own.round == fields["round"]
        outcome = self.chance.choice(("label", "label", "label", "label", "cannot_tell"))
        label = self.chance.choice(("L4", "L4", "L4", "L2", "L1")) if outcome == "label" else ""
        make_judgment(
            pair=pair, by=by, label=label, outcome=outcome, revision=own.revision + 1 if own and same else 1, **fields
        )

    def take_back(self, pair: Pair) -> None:
        rows = list(Judgment.objects.filter(pair=pair).order_by("pk"))
        standing = [row for row in rows if stands(row, rows)]
        if standing:
            row = self.chance.choice(standing)
            last = row.judge.judgments.filter(pair=pair, round=row.round).order_by("-revision").first()
            assert last is not None
            Judgment.objects.create(
                pair=pair, judge=row.judge, round=row.round, revision=last.revision + 1, outcome="withdrawn",
                snapshot=row.snapshot, batch=row.batch, replaces=row.replaces,
            )  # fmt: skip

    def again(self, pair: Pair) -> None:
        rows = list(Judgment.objects.filter(pair=pair).order_by("pk"))
        if standing := [row for row in rows if stands(row, rows)]:
            later = max(row.round for row in rows) + 1
            self.judge(pair, round=later, replaces=self.chance.choice(standing))

    def predict(self, pair: Pair) -> None:
        status = self.chance.choice(("ok", "ok", "invalid"))
        fields: dict[str, Any] = {"reason": "schema"} if status == "invalid" else {}
        make_prediction(
            pair=pair, label=self.chance.choice(LABELS), model=self.chance.choice(self.models), active=False,
            status=status, **fields,
        )  # fmt: skip

    def slot(self, pair: Pair) -> None:
        last = Slot.objects.filter(pair=pair).order_by("-number").first()
        if last is not None and last.number < 9:
            state = self.chance.choice(("open", "done", "closed"))
            Slot.objects.create(project=self.project, pair=pair, number=last.number + 1, position=pair.pk, state=state)

    def gold(self, pair: Pair) -> None:
        self._gold(pair, self.chance.choice(LABELS), "import", batch=pair.batch)

    def rule(self, pair: Pair) -> None:
        dispute = Disagreement.objects.filter(pair=pair, state="open").first()
        if dispute is not None:
            judge = Person.objects.get(username="ada")
            ruling = Adjudication.objects.create(
                disagreement=dispute, pair=pair, adjudicator=judge, snapshot=pair.item.current_snapshot, label="L3",
                revision=pair.adjudications.count() + 1, idempotency_key=uuid.uuid4(),
            )  # fmt: skip
            self._gold(pair, "L3", "adjudication", adjudication=ruling)

    def _gold(self, pair: Pair, label: str, ground: str, **fields: Any) -> None:
        settled = self.settled[pair.pk]
        Gold.objects.create(
            pair=pair, label=label, ground=ground, revision=len(settled.golds) + 1, snapshot=pair.item.current_snapshot,
            **fields,
        )  # fmt: skip
        Pair.objects.filter(pk=pair.pk).update(gold_label=label)
        settled.golds.append((label, "", ground))

    def change(self, pair: Pair) -> None:
        """Other content: what a model said of the content before no longer stands."""
        snapshot = Snapshot.objects.create(
            item=pair.item, sha256=uuid.uuid4().hex * 2, title="Blue mug", batch=pair.batch
        )
        pair.item.current_snapshot = snapshot
        pair.item.save(update_fields=["current_snapshot"])

    def swap(self, _pair: Pair) -> None:
        activate(model=self.chance.choice(self.models), project=self.project)

    def told(self, pair: Pair) -> Prediction | None:
        active = ActiveModel.objects.get(project=self.project).model
        rows = Prediction.objects.filter(pair=pair, status="ok", model=active)
        return rows.filter(snapshot_id=pair.item.current_snapshot_id).order_by("-pk").first()

    def check(self) -> None:
        settling.settle(self.project, [pair.pk for pair in self.pairs])
        for pair in self.pairs:
            pair.refresh_from_db()
            told, settled = self.told(pair), self.settled[pair.pk]
            rows = list(Judgment.objects.filter(pair=pair).order_by("pk"))
            assert pks(StandingJudgment.objects.filter(pair=pair)) == pks(row for row in rows if stands(row, rows))
            assert pks(StandingPrediction.objects.filter(pair=pair)) == ([told.pk] if told else [])
            settled.step(pair, told)
            golds = pair.golds.order_by("revision").values_list("label", "mismatch", "ground")
            assert list(golds) == settled.golds
            assert pair.gold_label == (settled.golds[-1][0] if settled.golds else "")
            open_ = Disagreement.objects.filter(pair=pair, state="open")
            assert {
                row.kind: (row.prediction_id, frozenset(row.judgments.values_list("pk", flat=True))) for row in open_
            } == settled.open


def pks(rows: Any) -> list[int]:
    return sorted(row.pk for row in rows)


def test_any_history_is_settled_as_the_rules_say(project: Project, cast: Cast) -> None:
    """Twenty worlds of twenty acts: judged, taken back, judged again, predicted, imported, ruled, changed, promoted."""
    met: Counter[str] = Counter()
    for seed in range(20):
        world = World(project, [cast.ana, cast.ben], seed)
        for _ in range(20):
            world.act()
            world.check()
        for settled in world.settled.values():
            met.update(list(settled.open))
            met.update(ground for _label, _mismatch, ground in settled.golds)
            met.update("withdrawn" for label, _mismatch, _ground in settled.golds if not label)
    assert all(met[kind] for kind in ("human_human", "human_model", "consensus", "import", "adjudication", "withdrawn"))


def test_many_pairs_take_one_statement(project: Project, cast: Cast) -> None:
    pairs = [make_pair(project=project, query=f"mug {n}") for n in range(50)]
    for pair in pairs:
        for person in (cast.ana, cast.ben):
            make_judgment(pair=pair, by=person, label="L4")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        settling.settle(project, [pair.pk for pair in pairs])
    assert len(asked) == 1
    assert Pair.objects.filter(gold_label="L4").count() == 50


def test_the_database_has_what_the_files_say() -> None:
    """Whoever changes a file writes a migration that applies it; the last one that does names the file's digest."""
    applied: dict[str, str] = {}
    for path in sorted(ROOT.glob("*/migrations/0*.py")):
        app = path.parent.parent.name
        told = getattr(import_module(f"{app}.migrations.{path.stem}"), "APPLIED", {})
        applied |= {f"{app}/sql/{name}": digest for name, digest in told.items()}
    files = ROOT.glob("*/sql/*.sql")
    assert applied == {
        str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in files
    }


# by the slots of the pair


@pytest.fixture
def pair(project: Project) -> Pair:
    pair = make_pair(project=project)
    make_slots(pair=pair)
    return pair


def judged(pair: Pair, *people: Person, label: str = "L4") -> str:
    for person in people:
        make_judgment(pair=pair, by=person, label=label)
    settling.settle(pair.project, [pair.pk])
    return Pair.objects.get(pk=pair.pk).gold_label


def test_raising_the_overlap_strands_no_pair(pair: Pair, project: Project, cast: Cast) -> None:
    """Its two slots were made when two judgments were wanted; five are wanted now, of pairs that come from now on."""
    Project.objects.filter(pk=project.pk).update(overlap=5)
    assert judged(pair, cast.ana, cast.ben) == "L4"


def test_a_pair_that_two_are_asked_about_is_not_settled_by_one(project: Project, cast: Cast) -> None:
    Project.objects.filter(pk=project.pk).update(overlap=1)
    project.refresh_from_db()
    pair = make_pair(project=project)
    make_slots(pair=pair, count=1)
    second_looks._ask_two_blind({pair.pk})
    assert judged(pair, cast.ana) == ""
    assert judged(pair, cast.ben) == "L4"


def test_asking_for_more_takes_no_label_away_until_somebody_says_otherwise(
    pair: Pair, project: Project, cast: Cast
) -> None:
    assert judged(pair, cast.ana, cast.ben) == "L4"
    for number in (3, 4):
        Slot.objects.create(project=project, pair=pair, number=number, position=pair.pk)
    assert judged(pair, cast.rosa) == "L4"  # three of four have judged, alike
    assert judged(pair, cast.max, label="L1") == ""
    assert list(Disagreement.objects.filter(state="open").values_list("kind", flat=True)) == ["human_human"]


# of the project's active model


def test_a_candidate_opens_nothing_shows_on_no_card_and_enters_no_figure(
    pair: Pair, project: Project, cast: Cast
) -> None:
    """The active model and two people say L4; a registered model that nobody promoted says L1, later."""
    make_prediction(pair=pair, label="L4")
    candidate = make_model(name="candidate")
    make_prediction(pair=pair, label="L1", model=candidate, active=False)
    assert judged(pair, cast.ana, cast.ben) == "L4"
    settling.settle_predicted(project, [pair.pk])
    assert not Disagreement.objects.exists()
    figure = agreement.figures(project, of="model", against="gold").to_json()
    assert figure["acc4"]["value"] == 1.0
    assert [seen.told for seen in weak_spots.pairs_seen(project)] == ["L4"]
    assert hard_sets.reasons_of([Pair.objects.select_related("item", "project").get(pk=pair.pk)]) == {pair.pk: []}


def test_assist_shows_the_active_model_and_what_was_shown_is_what_counts(project: Project, cast: Cast) -> None:
    """Another model becomes active, and says otherwise, while the card is on the screen."""
    pair = make_pair(project=project)
    make_slots(pair=pair, count=1, mode="assist")
    while queue.mode_of(pair.slots.get(), project) != "assist":  # a share of the slots is blind
        pair.slots.all().delete()
        make_slots(pair=pair, count=1, mode="assist")
    shown = make_prediction(pair=pair, label="L4")
    candidate = make_model(name="candidate")
    make_prediction(pair=pair, label="L1", model=candidate, active=False)
    lease = queue.take(cast.ana, project)
    assert lease is not None and card.card(lease, project)["prediction"]["label"] == "L4"
    registry.promote(candidate, project, cast.max)
    assert card.card(queue.shown(project).get(pk=lease.pk), project)["prediction"]["label"] == "L4"
    told = recording.submit(cast.ana, project, lease.token, recording.Answer(uuid.uuid4(), "L3")).judgment
    assert told.prediction_id == shown.pk


def test_a_reveal_ends_with_the_second_answer_whatever_became_active_meanwhile(project: Project, cast: Cast) -> None:
    Project.objects.filter(pk=project.pk).update(mode="reveal")
    project.refresh_from_db()
    pair = make_pair(project=project)
    make_slots(pair=pair, count=1)
    shown = make_prediction(pair=pair, label="L4")
    lease = queue.take(cast.ana, project)
    assert lease is not None
    first = recording.submit(cast.ana, project, lease.token, recording.Answer(uuid.uuid4(), "L3"))
    assert first.reveal is not None and first.reveal.pk == shown.pk
    registry.promote(make_model(name="silent"), project, cast.max)  # it has said nothing of the pair
    second = recording.submit(cast.ana, project, lease.token, recording.Answer(uuid.uuid4(), "L4"))
    assert (second.judgment.prediction_id, second.reveal) == (shown.pk, None)
    with pytest.raises(Refused, match="already judged"):
        recording.submit(cast.ana, project, lease.token, recording.Answer(uuid.uuid4(), "L1"))


def test_promoting_in_one_project_leaves_another_alone(project: Project, cast: Cast) -> None:
    other = Project.objects.create(slug="hats", name="Hats")
    before, after = make_model(name="before"), make_model(name="after")
    for one in (project, other):
        registry.promote(before, one, cast.max)
    registry.promote(after, project, cast.max)
    assert (registry.active(project), registry.active(other)) == (after, before)
    logged = project.auditevent_set.filter(act="model.promoted").order_by("pk").values_list("detail", flat=True)
    assert [one["instead_of"] for one in logged] == ["", str(before)]
    assert other.auditevent_set.filter(act="model.promoted").count() == 1


def test_people_and_model_are_compared_anew_when_another_becomes_active(project: Project, cast: Cast) -> None:
    """Three pairs that two people call L4, in steps of two: the model before says L1, the one after says L4."""
    pairs = [make_pair(project=project, query=f"mug {n}") for n in range(3)]
    before, after = make_model(name="before"), make_model(name="after")
    for pair in pairs:
        make_prediction(pair=pair, label="L1", model=before)
        make_prediction(pair=pair, label="L4", model=after, active=False)
        assert judged(pair, cast.ana, cast.ben) == "L4"
    assert Disagreement.objects.filter(state="open", kind="human_model").count() == 3
    registry.promote(after, project, cast.max)
    row = ActiveModel.objects.get(project=project)
    assert following_models.follow(row.pk, most=2)
    assert Disagreement.objects.filter(state="open").count() == 1
    assert following_models.follow_all() == 0
    assert not Disagreement.objects.filter(state="open").exists()
    registry.promote(before, project, cast.max)
    while following_models.follow_all():
        pass
    assert Disagreement.objects.filter(state="open", kind="human_model").count() == 3


def test_what_a_candidate_was_unsure_of_goes_to_two_people_once_it_is_promoted(project: Project, cast: Cast) -> None:
    """One pair it is sure of, one it is not, one whose text may talk to the judge; of each one person is asked."""
    Project.objects.filter(pk=project.pk).update(overlap=1)
    candidate = make_model(name="candidate")
    said: list[dict[str, Any]] = [{"confidence": 0.9}, {"confidence": 0.1}, {"signals": [INJECTION]}]
    pairs = [make_pair(project=project, query=f"mug {n}") for n in range(3)]
    for pair, fields in zip(pairs, said, strict=True):
        make_slots(pair=pair, count=1)
        make_prediction(pair=pair, model=candidate, active=False, **fields)
    registry.promote(candidate, project, cast.max)
    while following_models.follow_all():
        pass
    asked = [list(Slot.objects.filter(pair=pair).order_by("number").values_list("mode", flat=True)) for pair in pairs]
    assert asked == [[""], ["blind", "blind"], ["blind", "blind"]]


def test_a_project_that_cannot_follow_holds_up_no_other(
    project: Project, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = Project.objects.create(slug="hats", name="Hats")
    for one in (project, other):
        registry.promote(make_model(), one, cast.max)
    first = ActiveModel.objects.get(project=project)
    follow = following_models.follow

    def fails_first(active: int) -> bool:
        if active == first.pk:
            raise RuntimeError("no")
        return follow(active)

    monkeypatch.setattr(following_models, "follow", fails_first)
    following_models.follow_all()
    behind = dict(ActiveModel.objects.values_list("project__slug", "behind_from"))
    assert behind == {"shoes": 0, "hats": None}
    assert "could not follow" in caplog.text


def test_prompts_that_one_project_makes_active_change_no_other_projects_model(project: Project, cast: Cast) -> None:
    """Both projects' model is asked with the shipped prompts; people of one make others active."""
    other = Project.objects.create(slug="hats", name="Hats")
    shipped = prompt_versions.active()
    asked = prompt_versions.value(shipped.pk)
    model = make_model(name="lore", prompt=shipped, learnt=True)
    for one in (project, other):
        registry.promote(model, one, cast.max)
    told = make_prediction(pair=make_pair(project=other), model=model)
    rewritten = {kind: f"{text} " for kind, text in asked.templates.items()}
    other_words = prompt_versions.write("other", rewritten, asked.aliases, note="", by=cast.max)
    prompt_versions.choose(other_words, project, cast.max, "prompt.activated")
    registry.follow_prompts(project, cast.max)
    now = registry.active(project)
    assert now is not None and now.prompt is not None and now.prompt.name == "other"
    assert registry.active(other) == model
    assert pks(StandingPrediction.objects.all()) == [told.pk]
    assert not other.auditevent_set.filter(act="model.followed_prompts").exists()


def test_an_adjudicator_and_a_settling_lock_in_the_same_order(pair: Pair, project: Project, cast: Cast) -> None:
    """The pair, then its dispute: the other way round two of them wait for each other."""
    judged(pair, cast.ana, label="L4")
    judged(pair, cast.ben, label="L1")
    dispute = Disagreement.objects.get(pair=pair)
    with CaptureQueriesContext(connection) as asked:
        adjudicating.adjudicate(cast.ada, dispute.pk, project, adjudicating.Ruling(uuid.uuid4(), "L3"))
    locks = [query["sql"] for query in asked.captured_queries if "FOR NO KEY UPDATE" in query["sql"]]
    assert ["annotation_disagreement" in lock.split("WHERE")[0] for lock in locks[:2]] == [False, True]
