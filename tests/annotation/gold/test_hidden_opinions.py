"""Who has read what others or the model said of a pair does not judge it as if they had not."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from annotation.curation import hard_sets
from annotation.gold import adjudicating
from annotation.gold.adjudicating import Ruling
from annotation.judging import queue, recording
from annotation.models import Disagreement, Judgment, Lease, Slot
from annotation.pairs import finding
from catalogue.models import Pair
from projects.models import Mode, Person, Project, StandingMode
from tests.conftest import Cast, refused
from tests.world.rows import make_dispute, make_judgment, make_pair, make_people, make_prediction, make_slots

pytestmark = pytest.mark.django_db

ClientFor = Callable[[Person], Client]


@pytest.fixture
def pair(project: Project, cast: Cast) -> Pair:
    """Ana has said something of it; two slots wait."""
    pair = make_pair(project=project)
    make_slots(pair=pair)
    make_judgment(pair=pair, by=cast.ana, label="L4", note="I know this one")
    return pair


@pytest.fixture
def dispute(pair: Pair) -> Disagreement:
    return make_dispute(pair=pair)


def page_of(dispute: Disagreement) -> str:
    return reverse("dispute", args=[dispute.project.slug, dispute.pk])


def test_who_opens_a_dispute_is_never_given_its_pair(
    pair: Pair, dispute: Disagreement, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    assert queue.left_for(cast.ada, project) == 1
    client_for(cast.ada).get(page_of(dispute))
    assert queue.left_for(cast.ada, project) == 0
    assert queue.take(cast.ada, project) is None
    assert queue.take(cast.ben, project) is not None


def test_a_card_that_is_held_is_given_back_and_its_answer_refused(
    pair: Pair, dispute: Disagreement, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    held = queue.take(cast.ada, project)
    assert held is not None
    client_for(cast.ada).get(page_of(dispute))
    assert Lease.objects.get(pk=held.pk).state == Lease.State.RELEASED
    with refused("seen_opinions"):
        recording.submit(cast.ada, project, held.token, recording.Answer(uuid.uuid4(), "L4"))
    assert not Judgment.objects.filter(judge__person=cast.ada).exists()


def test_who_has_settled_a_pair_does_not_judge_it_afterwards(
    pair: Pair, dispute: Disagreement, project: Project, cast: Cast
) -> None:
    held = queue.take(cast.ada, project)
    assert held is not None
    adjudicating.adjudicate(cast.ada, dispute.pk, project, Ruling(uuid.uuid4(), "L4"))
    with refused("seen_opinions"):
        recording.submit(cast.ada, project, held.token, recording.Answer(uuid.uuid4(), "L4"))
    Slot.objects.filter(pair=pair).update(state=Slot.State.OPEN)
    assert queue.take(cast.ada, project) is None


def test_what_one_said_before_one_read_the_others_stands(
    pair: Pair, dispute: Disagreement, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    held = queue.take(cast.ada, project)
    assert held is not None
    recording.submit(cast.ada, project, held.token, recording.Answer(uuid.uuid4(), "L1"))
    client_for(cast.ada).get(page_of(dispute))
    assert recording.undo(cast.ada, project, came_from=None) is None
    assert Judgment.objects.get(judge__person=cast.ada).outcome == Judgment.Outcome.LABEL


@pytest.mark.parametrize("mode", [Mode.BLIND, Mode.FACTS])
def test_who_put_off_a_card_with_the_models_label_does_not_get_the_pair_without(
    project: Project, cast: Cast, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_fraction", lambda slot: 1.0)
    pair = make_pair(project=project)
    assisted, unaided = make_slots(pair=pair, mode=Mode.ASSIST)
    Slot.objects.filter(pk=unaided.pk).update(mode=mode)
    make_prediction(pair=pair, label="L1")
    lease = queue.take(cast.ana, project)
    assert lease is not None and lease.prediction_id is not None
    queue.postpone(lease)
    Slot.objects.filter(pk=assisted.pk).update(state=Slot.State.CLOSED)
    assert queue.left_for(cast.ana, project) == 0
    assert queue.take(cast.ana, project) is None
    assert queue.left_for(cast.ben, project) == 1


def test_in_assist_the_blind_share_shows_what_was_shown_before(
    project: Project, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.mode = StandingMode.ASSIST
    project.save()
    pair = make_pair(project=project)
    shown, hidden = make_slots(pair=pair)
    make_prediction(pair=pair, label="L1")
    monkeypatch.setattr(queue, "_fraction", lambda slot: float(slot == shown.pk))
    first = queue.take(cast.ana, project)
    assert first is not None and first.mode == Mode.ASSIST
    queue.postpone(first)
    Slot.objects.filter(pk=shown.pk).update(state=Slot.State.CLOSED)
    again = queue.take(cast.ana, project)
    assert again is not None and again.slot_id == hidden.pk
    assert again.mode == Mode.ASSIST, "the label is known, so it counts as a judgment beside it"
    queue.give_back(again)
    of_ben = queue.take(cast.ben, project)
    assert of_ben is not None and of_ben.mode == Mode.BLIND


def test_the_pages_of_a_label_do_not_tell_which_hidden_pairs_have_it(
    project: Project, cast: Cast, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PAGE", 1)
    open_ones = [make_pair(project=project, gold_label="L2") for _ in range(3)]
    make_slots(pair=open_ones[1])
    told = client_for(cast.ada).get(reverse("pairs", args=[project.slug]), {"label": "L2", "before": open_ones[0].pk})
    assert [pair.pk for pair in told.context["pairs"]] == [open_ones[2].pk]
    by_lead = client_for(cast.lena).get(reverse("pairs", args=[project.slug]), {"label": "L2"})
    assert f"before={open_ones[0].pk}" in by_lead.context["older_url"]
    first = client_for(cast.ada).get(reverse("pairs", args=[project.slug]), {"label": "L2", "after": open_ones[2].pk})
    assert str(open_ones[1].pk) not in first.context["newer_url"] + first.context["older_url"]


def test_a_hard_set_hides_what_its_reader_may_still_judge(project: Project, cast: Cast, client_for: ClientFor) -> None:
    pair = make_pair(project=project, gold_label="L2")
    make_judgment(pair=pair, by=cast.ana, label="L2")
    make_judgment(pair=pair, by=cast.ben, label="L4")
    make_slots(pair=pair)
    frozen = hard_sets.freeze_hard_set(project, "splits", None, ["human_split"])
    address = reverse("hard-set", args=[project.slug, frozen.pk])
    [hidden] = client_for(cast.ada).get(address).context["members"]
    assert (hidden["gold_label"], hidden["reasons"]) == ("", [])
    [told] = client_for(cast.lena).get(address).context["members"]
    assert told["gold_label"] == "L2" and told["reasons"]


def test_a_settled_dispute_is_hidden_from_who_may_still_judge_its_pair(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    dispute = make_dispute(pair=pair)
    dispute.judgments.set(Judgment.objects.filter(pair=pair))
    settled_by = cast.ada
    adjudicating.adjudicate(settled_by, dispute.pk, project, Ruling(uuid.uuid4(), "L4"))
    another = make_people(project=project, roles={"zoe": "adjudicator"})["zoe"]
    assert "I know this one" in client_for(another).get(page_of(dispute)).content.decode()
    Slot.objects.filter(pair=pair).update(state=Slot.State.OPEN)
    hidden = client_for(another).get(page_of(dispute))
    assert "I know this one" not in hidden.content.decode()
    assert (hidden.context["views"], hidden.context["ruling"]) == ([], None)
    assert queue.left_for(another, project) == 1
    assert "I know this one" in client_for(settled_by).get(page_of(dispute)).content.decode()


def test_a_weak_spot_hides_what_was_said_of_a_pair_that_its_reader_may_still_judge(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    pair = make_pair(project=project)
    make_judgment(pair=pair, by=cast.ana, label="L2", mismatch="colour")
    make_judgment(pair=pair, by=cast.ben, label="L4")
    make_slots(pair=pair)
    address = reverse("weak-spot", args=[project.slug])
    [(hidden, _pair)] = client_for(cast.ada).get(address, {"dimension": "colour", "category": ""}).context["found"]
    assert (hidden.said, hidden.told, hidden.rules) == ((), "", ())
    [(told, _pair)] = client_for(cast.lena).get(address, {"dimension": "colour", "category": ""}).context["found"]
    assert sorted(told.said) == ["L2", "L4"]
