"""Disagreements open and are withdrawn by themselves; adjudication settles them without knowing who said what."""

from __future__ import annotations

import uuid

import pytest

from annotation.gold import adjudicating, settling
from annotation.gold.adjudicating import Ruling
from annotation.models import Disagreement, Gold, Slot
from catalogue.models import Pair
from projects.models import Project
from tests.conftest import Cast, refused
from tests.world.rows import make_judgment, make_pair, make_prediction, make_slots

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(project: Project) -> Pair:
    pair = make_pair(project=project)
    make_slots(pair=pair)
    return pair


def settle(pair: Pair) -> None:
    settling.settle(pair.project, [pair.pk])


def kinds(pair: Pair, state: str = "open") -> list[str]:
    return list(Disagreement.objects.filter(pair=pair, state=state).order_by("id").values_list("kind", flat=True))


def ruling(label: str = "L3", **fields: str) -> Ruling:
    return Ruling(uuid.uuid4(), label, **fields)


def test_two_different_labels_open_one(pair: Pair, cast: Cast) -> None:
    make_judgment(pair=pair, by=cast.ana, label="L4")
    settle(pair)
    assert kinds(pair) == []
    make_judgment(pair=pair, by=cast.ben, label="L1")
    settle(pair)
    settle(pair)
    assert kinds(pair) == ["human_human"]
    assert Pair.objects.get(pk=pair.pk).gold_label == ""


def test_cannot_tell_against_a_label_is_a_difference(pair: Pair, cast: Cast) -> None:
    make_judgment(pair=pair, by=cast.ana, label="L4")
    make_judgment(pair=pair, by=cast.ben, label="", outcome="cannot_tell", reason="image")
    settle(pair)
    assert kinds(pair) == ["human_human"]


def test_it_is_withdrawn_when_opinions_agree_again(pair: Pair, cast: Cast) -> None:
    make_judgment(pair=pair, by=cast.ana, label="L4")
    make_judgment(pair=pair, by=cast.ben, label="L1")
    settle(pair)
    make_judgment(pair=pair, by=cast.ben, label="L4", revision=2)
    settle(pair)
    assert kinds(pair) == []
    assert kinds(pair, "withdrawn") == ["human_human"]
    assert Pair.objects.get(pk=pair.pk).gold_label == "L4"


def test_people_who_agree_against_the_model_open_one(pair: Pair, cast: Cast) -> None:
    make_prediction(pair=pair, label="L1")
    make_judgment(pair=pair, by=cast.ana, label="L4")
    settle(pair)
    assert kinds(pair) == []
    make_judgment(pair=pair, by=cast.ben, label="L4")
    settle(pair)
    assert kinds(pair) == ["human_model"]
    assert Pair.objects.get(pk=pair.pk).gold_label == "L4"


def test_a_prediction_after_the_people_opens_one_too(pair: Pair, cast: Cast) -> None:
    for person in (cast.ana, cast.ben):
        make_judgment(pair=pair, by=person, label="L4")
    settle(pair)
    make_prediction(pair=pair, label="L1")
    settling.settle_predicted(pair.project, [pair.pk])
    assert kinds(pair) == ["human_model"]


def test_model_and_people_are_compared_in_the_projects_scale(cast: Cast) -> None:
    project = Project.objects.create(slug="binary", name="Binary", scale_name="binary", overlap=1)
    pair = make_pair(project=project)
    make_prediction(pair=pair, label="L3")
    make_judgment(pair=pair, by=cast.ana, label="Relevant", mismatch="")
    settle(pair)
    assert kinds(pair) == []  # L3 is good, and so is Relevant


def test_imported_ratings_open_none_where_the_file_carries_gold(pair: Pair) -> None:
    Gold.objects.create(pair=pair, label="L4", ground="import", batch=pair.batch, snapshot=pair.item.current_snapshot)
    make_judgment(pair=pair, by="r1", label="L1")
    make_judgment(pair=pair, by="r2", label="L4")
    settle(pair)
    assert kinds(pair) == []


def test_imported_ratings_without_gold_do(pair: Pair) -> None:
    make_judgment(pair=pair, by="r1", label="L1")
    make_judgment(pair=pair, by="r2", label="L4")
    settling.settle(pair.project, [pair.pk])
    assert kinds(pair) == ["human_human"]


@pytest.fixture
def dispute(pair: Pair, cast: Cast) -> Disagreement:
    make_prediction(pair=pair, label="L4")
    make_judgment(pair=pair, by=cast.ana, label="L4", note="fits")
    make_judgment(pair=pair, by=cast.ben, label="L1")
    settle(pair)
    return Disagreement.objects.get()


def test_the_views_name_nobody_until_it_is_settled(dispute: Disagreement, cast: Cast, client_for) -> None:  # type: ignore[no-untyped-def]
    page = client_for(cast.ada).get(f"/p/shoes/disputes/{dispute.pk}/").content.decode()
    assert "fits" in page
    for name in ("Ana", "Ben", "ana", "scripted"):
        assert f"<bdi hx-ignore>{name}" not in page


def test_the_order_of_the_views_is_the_same_at_each_look(dispute: Disagreement, cast: Cast) -> None:
    looks = [[view.label for view in adjudicating.views_of(dispute, cast.ada)] for _ in range(5)]
    assert looks == [looks[0]] * 5
    assert sorted(looks[0]) == ["L1", "L4"]


def test_a_ruling_makes_gold_and_closes_everything(dispute: Disagreement, project: Project, cast: Cast) -> None:
    adjudication = adjudicating.adjudicate(cast.ada, dispute.pk, project, ruling("L3"))
    gold = Gold.objects.get()
    assert (gold.label, gold.ground, gold.adjudication) == ("L3", "adjudication", adjudication)
    assert kinds(dispute.pair) == []
    assert kinds(dispute.pair, "settled") == ["human_human"]
    assert not Slot.objects.filter(pair=dispute.pair, state=Slot.State.OPEN).exists()


def test_a_settled_pair_opens_nothing_more(dispute: Disagreement, project: Project, cast: Cast) -> None:
    adjudicating.adjudicate(cast.ada, dispute.pk, project, ruling("L3"))
    make_judgment(pair=dispute.pair, by=cast.rosa, label="L2")
    settle(dispute.pair)
    assert kinds(dispute.pair) == []
    assert Pair.objects.get(pk=dispute.pair_id).gold_label == "L3"


def test_a_doubled_ruling_is_one(dispute: Disagreement, project: Project, cast: Cast) -> None:
    once = ruling("L3")
    first = adjudicating.adjudicate(cast.ada, dispute.pk, project, once)
    assert adjudicating.adjudicate(cast.ada, dispute.pk, project, once) == first


def test_the_key_of_another_persons_ruling_is_refused(dispute: Disagreement, project: Project, cast: Cast) -> None:
    once = ruling("L3")
    adjudicating.adjudicate(cast.ada, dispute.pk, project, once)
    with refused("used_key"):
        adjudicating.adjudicate(cast.lena, dispute.pk, project, once)


def test_the_second_adjudicator_comes_too_late(dispute: Disagreement, project: Project, cast: Cast) -> None:
    adjudicating.adjudicate(cast.ada, dispute.pk, project, ruling("L3"))
    with refused("already_settled"):
        adjudicating.adjudicate(cast.lena, dispute.pk, project, ruling("L4"))


def test_a_judge_of_the_pair_is_neither_offered_it_nor_let_through(
    dispute: Disagreement, project: Project, cast: Cast
) -> None:
    assert list(adjudicating.open_for(cast.ada, project)) == [dispute]
    make_judgment(pair=dispute.pair, by=cast.ada, label="L4")
    assert list(adjudicating.open_for(cast.ada, project)) == []
    with refused("own_case"):
        adjudicating.adjudicate(cast.ada, dispute.pk, project, ruling())


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Ruling(uuid.uuid4(), ""), "bad_label"),
        (Ruling(uuid.uuid4(), "L9"), "bad_label"),
        (Ruling(uuid.uuid4(), "L2"), "bad_mismatch"),
        (Ruling(uuid.uuid4(), "L4", mismatch="colour"), "bad_mismatch"),
        (Ruling(uuid.uuid4(), "L4", rule_code="R-999"), "unknown_rule"),
    ],
)
def test_a_wrong_ruling_is_refused(
    dispute: Disagreement, project: Project, cast: Cast, given: Ruling, code: str
) -> None:
    with refused(code):
        adjudicating.adjudicate(cast.ada, dispute.pk, project, given)
