"""Who is given what to judge, one connection at a time; the crowd is in tests/drills."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from annotation.judging import queue
from annotation.models import Lease, Slot
from database.clock import ClockTimestamp
from projects.models import Project
from tests.conftest import Cast
from tests.world.rows import make_judgment, make_pair, make_slots

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_pairs(project: Project) -> list[Slot]:
    return [
        slot for query in ("red mug", "blue mug") for slot in make_slots(pair=make_pair(project=project, query=query))
    ]


def end_now(lease: Lease) -> None:
    Lease.objects.filter(pk=lease.pk).update(until=ClockTimestamp() - timedelta(seconds=1))


def test_the_first_pair_comes_first(two_pairs: list[Slot], project: Project, cast: Cast) -> None:
    lease = queue.take(cast.ana, project)
    assert lease is not None
    assert lease.pair_id == two_pairs[0].pair_id


def test_a_reload_gives_the_same_lease(two_pairs: list[Slot], project: Project, cast: Cast) -> None:
    first, again = queue.take(cast.ana, project), queue.take(cast.ana, project)
    assert first is not None
    assert again is not None
    assert first.token == again.token


def test_two_people_share_a_pair_by_its_two_slots(two_pairs: list[Slot], project: Project, cast: Cast) -> None:
    ana, ben = queue.take(cast.ana, project), queue.take(cast.ben, project)
    assert ana is not None
    assert ben is not None
    assert ana.pair_id == ben.pair_id
    assert ana.slot_id != ben.slot_id


def test_a_third_person_gets_the_next_pair(two_pairs: list[Slot], project: Project, cast: Cast) -> None:
    queue.take(cast.ana, project)
    queue.take(cast.ben, project)
    ada = queue.take(cast.ada, project)
    assert ada is not None
    assert ada.pair_id == two_pairs[2].pair_id


def test_nobody_gets_a_pair_they_have_judged(two_pairs: list[Slot], project: Project, cast: Cast) -> None:
    make_judgment(pair=two_pairs[0].pair, by=cast.ana)
    lease = queue.take(cast.ana, project)
    assert lease is not None
    assert lease.pair_id == two_pairs[2].pair_id


def test_nothing_left_is_none(project: Project, cast: Cast) -> None:
    assert queue.take(cast.ana, project) is None
    assert queue.left_for(cast.ana, project) == 0


def test_a_lease_that_ran_out_frees_its_slot(two_pairs: list[Slot], project: Project, cast: Cast) -> None:
    lease = queue.take(cast.ana, project)
    assert lease is not None
    end_now(lease)
    assert queue.expire_leases() == 1
    lease.refresh_from_db()
    assert lease.state == Lease.State.EXPIRED
    assert Slot.objects.get(pk=lease.slot_id).state == Slot.State.OPEN


def test_renewing_moves_the_end(two_pairs: list[Slot], project: Project, cast: Cast) -> None:
    lease = queue.take(cast.ana, project)
    assert lease is not None
    end_now(lease)
    assert queue.renew(lease, project)
    assert queue.expire_leases() == 0


def test_an_ended_lease_cannot_be_renewed(two_pairs: list[Slot], project: Project, cast: Cast) -> None:
    lease = queue.take(cast.ana, project)
    assert lease is not None
    queue.give_back(lease)
    assert not queue.renew(lease, project)


def test_later_puts_the_pair_at_the_end_for_this_person_only(
    two_pairs: list[Slot], project: Project, cast: Cast
) -> None:
    first = queue.take(cast.ana, project)
    assert first is not None
    queue.postpone(first)
    following = queue.take(cast.ana, project)
    assert following is not None
    assert following.pair_id != first.pair_id
    ben = queue.take(cast.ben, project)
    assert ben is not None
    assert ben.pair_id == first.pair_id


def test_what_was_put_off_comes_back_when_nothing_else_is_left(project: Project, cast: Cast) -> None:
    make_slots(pair=make_pair(project=project), count=1)
    lease = queue.take(cast.ana, project)
    assert lease is not None
    queue.postpone(lease)
    again = queue.take(cast.ana, project)
    assert again is not None
    assert again.slot_id == lease.slot_id


def test_what_lies_behind_is_found_after_the_end(two_pairs: list[Slot], project: Project, cast: Cast) -> None:
    """Ana postpones nothing but comes from further on: a slot freed behind her is still given out."""
    make_judgment(pair=two_pairs[2].pair, by=cast.ana)
    first = queue.take(cast.ana, project)
    assert first is not None
    queue.give_back(first)
    Lease.objects.filter(pk=first.pk).update(slot=two_pairs[2])
    again = queue.take(cast.ana, project)
    assert again is not None
    assert again.pair_id == two_pairs[0].pair_id


def test_a_blind_slot_stays_blind_in_a_facts_project(project: Project, cast: Cast) -> None:
    make_slots(pair=make_pair(project=project), mode="blind")
    lease = queue.take(cast.ana, project)
    assert lease is not None
    assert lease.mode == "blind"


def test_assist_serves_about_fifteen_in_a_hundred_blind(project: Project) -> None:
    project.mode = "assist"
    blind = sum(queue.mode_of(Slot(pk=number), project) == "blind" for number in range(1, 2001))
    assert 240 <= blind <= 360  # 2000 x 0.15 = 300, give or take four standard deviations of 16


def test_a_million_waiting_pairs_are_not_counted(two_pairs: list[Slot], project: Project, cast: Cast) -> None:
    assert queue.left_for(cast.ana, project) == 2
    assert queue.left_for(cast.ana, project, at_most=1) == 1


def test_the_next_pair_is_found_by_pairs_however_young_the_statistics(project: Project, cast: Cast) -> None:
    """A judge has thousands of judgments, a pair a few; of a table counted while it was empty both look like one."""
    pairs = [make_pair(project=project, query=f"mug {number}") for number in range(300)]
    for pair in pairs:
        make_slots(pair=pair)
    judge = queue.judge_of(cast.ana, project)
    asked = {
        "project": project.pk,
        "person": cast.ana.pk,
        "judge": judge.pk,
        "cursor": 0,
        "at_most": 9,
        "blind": True,
        "unaided": True,
    }
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE annotation_slot, annotation_judgment, annotation_lease")
        for pair in pairs[:250]:
            make_judgment(pair=pair, by=cast.ana)
        for statement in (*queue._TRIES, queue._LEFT):
            cursor.execute("EXPLAIN " + statement, asked)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "annotation_judgment" in plan
            assert "judgments_of_judge" not in plan


def test_the_first_open_slot_is_walked_to_and_no_others_sorted_without_any_statistics(
    project: Project, cast: Cast
) -> None:
    """A project's first minutes: nothing has been counted, and PostgreSQL takes next to none of the slots for open."""
    for number in range(40):
        make_slots(pair=make_pair(project=project, query=f"mug {number}"))
    asked = {
        "project": project.pk,
        "person": cast.ana.pk,
        "judge": queue.judge_of(cast.ana, project).pk,
        "cursor": 0,
        "blind": True,
        "unaided": True,
    }
    with connection.cursor() as cursor:
        for statement in queue._TRIES[:3]:
            cursor.execute("EXPLAIN " + statement, asked)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "open_slots_by_position" in plan
            assert "Sort Key: s." not in plan
