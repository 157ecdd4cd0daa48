"""A hard set holds every pair with a reason, all its reasons, and the record each rests on."""

from __future__ import annotations

import pytest

from annotation.curation import hard_sets
from annotation.gold import settling
from annotation.models import Disagreement, HardSet
from catalogue.models import Pair
from projects.models import Project
from tests.conftest import Cast, refused
from tests.world.rows import make_judgment, make_pair, make_prediction

pytestmark = pytest.mark.django_db


def kinds(pair: Pair) -> list[str]:
    return [reason.kind for reason in hard_sets.reasons_of([pair])[pair.pk]]


def test_people_who_differ_are_a_reason_resting_on_their_disagreement(project: Project, cast: Cast) -> None:
    pair = make_pair(project=project)
    make_judgment(pair=pair, by=cast.ana, label="L4")
    make_judgment(pair=pair, by=cast.ben, label="L1")
    settling.settle(pair.project, [pair.pk])
    (reason,) = hard_sets.reasons_of([pair])[pair.pk]
    assert (reason.kind, reason.evidence_kind) == ("human_split", "disagreement")
    assert reason.evidence_id == str(Disagreement.objects.get().pk)


def test_a_withdrawn_disagreement_is_no_reason(project: Project, cast: Cast) -> None:
    pair = make_pair(project=project)
    make_judgment(pair=pair, by=cast.ana, label="L4")
    make_judgment(pair=pair, by=cast.ben, label="L1")
    settling.settle(pair.project, [pair.pk])
    make_judgment(pair=pair, by=cast.ben, label="L4", revision=2)
    settling.settle(pair.project, [pair.pk])
    assert kinds(pair) == []


def test_the_model_against_imported_gold_is_a_reason(project: Project) -> None:
    pair = make_pair(project=project)
    pair.golds.create(label="L4", ground="import", batch=pair.batch, snapshot=pair.item.current_snapshot)
    prediction = make_prediction(pair=pair, label="L1")
    (reason,) = hard_sets.reasons_of([pair])[pair.pk]
    assert (reason.kind, reason.evidence_id) == ("human_model_conflict", str(prediction.pk))


def test_a_contradiction_and_a_low_margin_are_reasons_of_their_own(project: Project) -> None:
    pair = make_pair(project=project)
    close = {"L1": 0.0, "L2": 0.1, "L3": 0.4, "L4": 0.5}  # 0.5 - 0.4 = 0.1, below 0.2
    make_prediction(pair=pair, posterior=close, contradicts=["grid_conflict"])
    assert kinds(pair) == ["contradiction", "low_margin"]


def test_a_margin_of_exactly_the_bound_is_no_reason(project: Project) -> None:
    pair = make_pair(project=project)
    make_prediction(pair=pair, posterior={"L1": 0.0, "L2": 0.0, "L3": 0.4, "L4": 0.6})  # 0.6 - 0.4 = 0.2
    assert kinds(pair) == []


def test_freezing_takes_the_hard_ones_only(project: Project) -> None:
    easy, hard = make_pair(project=project, query="a"), make_pair(project=project, query="b")
    make_prediction(pair=easy)
    make_prediction(pair=hard, contradicts=["chain_label"])
    hard_set = hard_sets.freeze_hard_set(project, " autumn  set ", None)
    assert (hard_set.name, hard_set.size) == ("autumn set", 1)
    assert hard_set.frozen_at is not None
    assert [member.pair_id for member in hard_set.members.all()] == [hard.pk]
    assert hard_sets.counts_by_reason(hard_set) == {"contradiction": 1}


def test_a_choice_of_reasons_leaves_the_others_out(project: Project) -> None:
    pair = make_pair(project=project)
    make_prediction(pair=pair, contradicts=["chain_label"])
    with refused("nothing_hard"):
        hard_sets.freeze_hard_set(project, "splits", None, ["human_split"])
    assert HardSet.objects.count() == 0


def test_a_name_is_taken_once(project: Project) -> None:
    make_prediction(pair=make_pair(project=project), contradicts=["chain_label"])
    hard_sets.freeze_hard_set(project, "autumn", None)
    with refused("name_taken"):
        hard_sets.freeze_hard_set(project, "autumn", None)


def test_a_set_needs_a_name(project: Project) -> None:
    with refused("no_name"):
        hard_sets.freeze_hard_set(project, "  ", None)
