"""A judgment is stored once and never in place of another."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from annotation.judging import card, lateness, queue, recording
from annotation.judging.recording import Answer, BadAnswer
from annotation.models import Draft, Gold, Judgment, Lease, Slot
from catalogue.models import Pair
from database.clock import ClockTimestamp
from projects.models import Person, Project
from projects.refusals import Refused
from tests.conftest import Cast, refused
from tests.world.rows import make_judgment, make_pair, make_prediction, make_rule_base, make_slots

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(project: Project) -> Pair:
    make_rule_base()
    pair = make_pair(project=project)
    make_slots(pair=pair)
    return pair


def answer(choice: str, **fields: str) -> Answer:
    return Answer(uuid.uuid4(), choice, **fields)  # type: ignore[arg-type]


def taken(person: Person, project: Project) -> Lease:
    lease = queue.take(person, project)
    assert lease is not None
    return lease


def says(person: Person, project: Project, choice: str, **fields: str) -> Judgment:
    lease = taken(person, project)
    return recording.submit(person, project, lease.token, answer(choice, **fields)).judgment


def test_it_works(pair: Pair, project: Project, cast: Cast) -> None:
    judgment = says(cast.ana, project, "L4")
    assert (judgment.label, judgment.revision, judgment.mode, judgment.late) == ("L4", 1, "facts", False)
    assert judgment.slot is not None
    assert Slot.objects.get(pk=judgment.slot_id).state == Slot.State.DONE


def test_a_judgment_names_what_was_on_the_page(pair: Pair, project: Project, cast: Cast) -> None:
    judgment = says(cast.ana, project, "L4")
    assert judgment.snapshot_id == pair.item.current_snapshot_id
    assert judgment.rule_base is not None
    assert judgment.grid is not None
    assert judgment.prediction is None


def test_a_blind_judgment_names_no_grid(pair: Pair, project: Project, cast: Cast) -> None:
    Project.objects.filter(pk=project.pk).update(mode="blind")
    project.refresh_from_db()
    assert says(cast.ana, project, "L4").grid is None


def test_the_same_key_again_is_the_same_judgment(pair: Pair, project: Project, cast: Cast) -> None:
    lease, given = taken(cast.ana, project), answer("L4")
    first = recording.submit(cast.ana, project, lease.token, given)
    again = recording.submit(cast.ana, project, lease.token, given)
    assert again.replayed
    assert again.judgment.pk == first.judgment.pk
    assert Judgment.objects.count() == 1


def test_the_same_key_with_another_label_is_refused_and_kept_as_a_draft(
    pair: Pair, project: Project, cast: Cast
) -> None:
    lease, given = taken(cast.ana, project), answer("L4")
    recording.submit(cast.ana, project, lease.token, given)
    with refused("other_content_under_this_key"):
        recording.submit(cast.ana, project, lease.token, Answer(given.key, "L1", note="second thought"))
    assert Judgment.objects.get().label == "L4"
    assert Draft.objects.get().body["note"] == "second thought"


def test_a_used_lease_takes_no_second_answer(pair: Pair, project: Project, cast: Cast) -> None:
    lease = taken(cast.ana, project)
    recording.submit(cast.ana, project, lease.token, answer("L4"))
    with refused("already_judged"):
        recording.submit(cast.ana, project, lease.token, answer("L1"))


def test_nobody_submits_with_another_persons_token(pair: Pair, project: Project, cast: Cast) -> None:
    lease = taken(cast.ana, project)
    with pytest.raises(Lease.DoesNotExist):
        recording.submit(cast.ben, project, lease.token, answer("L4"))


def test_a_late_answer_is_kept_marked_late_without_a_slot(pair: Pair, project: Project, cast: Cast) -> None:
    lease = taken(cast.ana, project)
    Lease.objects.filter(pk=lease.pk).update(until=ClockTimestamp() - timedelta(seconds=1))
    queue.expire_leases()
    judgment = recording.submit(cast.ana, project, lease.token, answer("L4")).judgment
    assert judgment.late
    assert judgment.slot is None
    assert Slot.objects.filter(pair=pair, state=Slot.State.OPEN).count() == 2


@pytest.mark.parametrize("leave", [queue.give_back, queue.postpone])
def test_what_was_given_back_is_answered_only_as_a_draft(
    pair: Pair, project: Project, cast: Cast, leave: Callable[[Lease], None]
) -> None:
    """Else one person puts off the whole queue and answers it as an extra voice once others have judged it."""
    lease = taken(cast.ana, project)
    leave(lease)
    with pytest.raises(Refused, match="put this pair off"):
        recording.submit(cast.ana, project, lease.token, answer("L1"))
    assert not Judgment.objects.exists()
    assert Draft.objects.get(person=cast.ana, pair=pair).body["choice"] == "L1"


def test_an_answer_half_a_day_late_is_a_draft(pair: Pair, project: Project, cast: Cast) -> None:
    lease = taken(cast.ana, project)
    Lease.objects.filter(pk=lease.pk).update(until=ClockTimestamp() - timedelta(hours=lateness.LATE_HOURS, seconds=1))
    queue.expire_leases()
    with pytest.raises(Refused, match="more than 12 hours ago"):
        recording.submit(cast.ana, project, lease.token, answer("L4"))
    assert not Judgment.objects.exists()


def test_cannot_tell_needs_a_reason(project: Project) -> None:
    with pytest.raises(BadAnswer, match="reason"):
        recording.read_answer({"idempotency_key": str(uuid.uuid4()), "choice": "cannot_tell"}, project)


@pytest.mark.parametrize("choice", ["", "L5", "l4", " L4", "4", "Excellent", "ok"])
def test_a_choice_is_never_guessed(project: Project, choice: str) -> None:
    with pytest.raises(BadAnswer, match="choice"):
        recording.read_answer({"idempotency_key": str(uuid.uuid4()), "choice": choice}, project)


def test_a_mismatch_names_its_dimension(project: Project) -> None:
    fields = {"idempotency_key": str(uuid.uuid4()), "choice": "L2"}
    with pytest.raises(BadAnswer, match="mismatch"):
        recording.read_answer(fields, project)
    assert recording.read_answer({**fields, "mismatch": "colour"}, project).mismatch == "colour"


def test_two_equal_labels_make_gold_by_consensus(pair: Pair, project: Project, cast: Cast) -> None:
    ana = says(cast.ana, project, "L4")
    assert Pair.objects.get(pk=pair.pk).gold_label == ""
    ben = says(cast.ben, project, "L4")
    gold = Gold.objects.get()
    assert (gold.label, gold.ground, gold.judgments) == ("L4", "consensus", [ana.pk, ben.pk])
    assert Pair.objects.get(pk=pair.pk).gold_label == "L4"


def test_undo_withdraws_and_gives_the_pair_back(pair: Pair, project: Project, cast: Cast) -> None:
    says(cast.ana, project, "L4")
    lease = recording.undo(cast.ana, project, came_from=None)
    assert lease is not None
    assert lease.pair_id == pair.pk
    assert [row.outcome for row in Judgment.objects.order_by("revision")] == ["label", "withdrawn"]
    changed = recording.submit(cast.ana, project, lease.token, answer("L3")).judgment
    assert (changed.label, changed.revision) == ("L3", 3)


def test_an_undone_consensus_is_gold_no_more(pair: Pair, project: Project, cast: Cast) -> None:
    says(cast.ana, project, "L4")
    says(cast.ben, project, "L4")
    recording.undo(cast.ben, project, came_from=None)
    assert Pair.objects.get(pk=pair.pk).gold_label == ""
    assert list(Gold.objects.order_by("revision").values_list("label", flat=True)) == ["L4", ""]


def test_a_doubled_undo_goes_back_once(pair: Pair, project: Project, cast: Cast) -> None:
    second = make_pair(project=project, query="blue mug")
    make_slots(pair=second)
    says(cast.ana, project, "L4")
    says(cast.ana, project, "L3")
    gone = uuid.uuid4()
    first = recording.undo(cast.ana, project, came_from=gone)
    again = recording.undo(cast.ana, project, came_from=gone)
    assert first is not None
    assert again is not None
    assert first.token == again.token
    assert Judgment.objects.filter(outcome="withdrawn").count() == 1


def test_nothing_to_undo_is_none(pair: Pair, project: Project, cast: Cast) -> None:
    assert recording.undo(cast.ana, project, came_from=None) is None


@pytest.fixture
def reveal(project: Project) -> Project:
    Project.objects.filter(pk=project.pk).update(mode="reveal")
    project.refresh_from_db()
    return project


def test_reveal_shows_the_prediction_only_after_the_own_label(pair: Pair, reveal: Project, cast: Cast) -> None:
    prediction = make_prediction(pair=pair, label="L2")
    lease = taken(cast.ana, reveal)
    first = recording.submit(cast.ana, reveal, lease.token, answer("L4"))
    assert first.judgment.prediction is None
    assert first.reveal is not None and first.reveal.pk == prediction.pk


def test_keeping_after_a_reveal_is_a_revision_that_names_what_was_seen(pair: Pair, reveal: Project, cast: Cast) -> None:
    prediction = make_prediction(pair=pair, label="L2")
    lease = taken(cast.ana, reveal)
    recording.submit(cast.ana, reveal, lease.token, answer("L4"))
    kept = recording.submit(cast.ana, reveal, lease.token, answer("keep"))
    assert (kept.judgment.label, kept.judgment.revision, kept.judgment.prediction) == ("L4", 2, prediction)
    assert kept.reveal is None


def test_changing_after_a_reveal_keeps_both_labels(pair: Pair, reveal: Project, cast: Cast) -> None:
    make_prediction(pair=pair, label="L2")
    lease = taken(cast.ana, reveal)
    recording.submit(cast.ana, reveal, lease.token, answer("L4"))
    recording.submit(cast.ana, reveal, lease.token, answer("L2", mismatch="colour"))
    assert list(Judgment.objects.order_by("revision").values_list("label", flat=True)) == ["L4", "L2"]
    with refused("already_judged"):
        recording.submit(cast.ana, reveal, lease.token, answer("L1"))


def test_there_is_nothing_to_keep_before_a_reveal(pair: Pair, reveal: Project, cast: Cast) -> None:
    lease = taken(cast.ana, reveal)
    with refused("nothing_to_keep"):
        recording.submit(cast.ana, reveal, lease.token, answer("keep"))
    assert Judgment.objects.count() == 0


def test_reveal_without_a_prediction_goes_on(pair: Pair, reveal: Project, cast: Cast) -> None:
    lease = taken(cast.ana, reveal)
    assert recording.submit(cast.ana, reveal, lease.token, answer("L4")).reveal is None


def test_the_last_judgments_on_the_card_are_one_statement_however_many(
    project: Project, cast: Cast, django_assert_num_queries: Any
) -> None:
    for query in ("red mug", "blue mug", "green mug"):
        make_judgment(pair=make_pair(project=project, query=query), by=cast.ana, label="L4")
    with django_assert_num_queries(1):
        assert len(card.history(cast.ana, project)) == 3


def test_a_head_request_holds_no_card(pair: Pair, cast: Cast, client_for: Callable[[Person], Client]) -> None:
    ana = client_for(cast.ana)
    assert ana.head("/p/shoes/judge/").status_code == 200
    assert not Lease.objects.exists() and not Slot.objects.exclude(state=Slot.State.OPEN).exists()
    assert ana.get("/p/shoes/judge/").status_code == 200
    assert Lease.objects.count() == 1, "which the page itself does"


def test_beyond_the_hours_notes_a_judgment_is_kept_as_a_draft_and_one_without_a_note_goes_in(
    project: Project, cast: Cast, client_for: Callable[[Person], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "NOTES", recording.NOTES._replace(an_hour=1))
    client = client_for(cast.ana)
    for number in range(2):
        make_slots(pair=make_pair(project=project, query=f"mug {number}"))

    def submit(note: str) -> Any:
        shown = client.get("/p/shoes/judge/").context["card"]
        fields = {"idempotency_key": shown["idempotency_key"], "choice": "L4", "note": note}
        return client.post(shown["urls"]["submit"], fields, headers={"HX-Request": "true"})

    assert [submit("seen").status_code, submit("seen, too").status_code] == [200, 429]
    assert (Judgment.objects.count(), Draft.objects.get().body["note"]) == (1, "seen, too")
    assert submit("").status_code == 200
