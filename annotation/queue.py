"""Who judges what next: slots are rows, a lease holds one, the database's clock ends it.

Taking is one statement with SKIP LOCKED, so that two people neither get the same slot nor wait for each other.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef

from annotation.models import Judge, Judgment, Lease, Postponement, Slot
from projects.clock import ClockTimestamp
from projects.models import Mode, Person, Project
from rules.publishing import active_rule_base

ASSIST_BLIND_SHARE = 0.15  # a fixed share, so that the assistant's effect can be measured

# A slot is free for a person who neither holds its pair nor has an opinion of it that stands.
_NEXT = """
SELECT s.id FROM annotation_slot s
WHERE s.project_id = %(project)s AND s.state = 'open' AND s.position {direction}
  AND NOT EXISTS (
    SELECT 1 FROM annotation_judgment j
    WHERE j.pair_id = s.pair_id AND j.round = s.round AND j.judge_id = %(judge)s AND j.outcome <> 'withdrawn'
      AND NOT EXISTS (
        SELECT 1 FROM annotation_judgment later
        WHERE later.pair_id = j.pair_id AND later.round = j.round AND later.judge_id = j.judge_id
          AND later.revision > j.revision))
  AND NOT EXISTS (
    SELECT 1 FROM annotation_lease l
    WHERE l.pair_id = s.pair_id AND l.round = s.round AND l.person_id = %(person)s AND l.state = 'live')
  AND {postponed} EXISTS (
    SELECT 1 FROM annotation_postponement p JOIN annotation_slot put_off ON put_off.id = p.slot_id
    WHERE put_off.pair_id = s.pair_id AND put_off.round = s.round AND p.person_id = %(person)s)
ORDER BY {order} s.position, s.number
FOR UPDATE OF s SKIP LOCKED LIMIT 1
"""
_LONGEST_PUT_OFF = """(
  SELECT max(p.at) FROM annotation_postponement p JOIN annotation_slot put_off ON put_off.id = p.slot_id
  WHERE put_off.pair_id = s.pair_id AND put_off.round = s.round AND p.person_id = %(person)s),"""
# What is urgent has a position below 0 (annotation.rejudging); then onwards from where the person was, then what was left
# behind, then what they put off.
_TRIES = (
    _NEXT.format(direction="< 0", postponed="NOT", order=""),
    _NEXT.format(direction=">= %(cursor)s", postponed="NOT", order=""),
    _NEXT.format(direction="< %(cursor)s", postponed="NOT", order=""),
    _NEXT.format(direction="IS NOT NULL", postponed="", order=_LONGEST_PUT_OFF),
)


def judge_of(person: Person, project: Project) -> Judge:
    judge = Judge.objects.filter(project=project, person=person).first()
    return judge or Judge.objects.get_or_create(project=project, person=person, rater="")[0]


def take(person: Person, project: Project) -> Lease | None:
    """The lease this person already holds, or one on the next free slot, or None when nothing is left for them."""
    expire_leases(project)
    held = Lease.objects.filter(person=person, slot__project=project, state=Lease.State.LIVE).order_by("id").first()
    if held is not None:
        return held if renew(held) else take(person, project)
    judge = judge_of(person, project)
    try:
        with transaction.atomic():
            slot_id = _next_slot(person, project, judge)
            return (
                None
                if slot_id is None
                else lease_slot(Slot.objects.select_related("pair__item").get(pk=slot_id), person, project)
            )
    except IntegrityError:
        # The twin of a doubled request has just taken the pair's other slot for the same person: that one is held.
        return take(person, project)


def _next_slot(person: Person, project: Project, judge: Judge) -> int | None:
    last = Lease.objects.filter(person=person, slot__project=project).order_by("-id").values("slot__position").first()
    params = {
        "project": project.pk,
        "person": person.pk,
        "judge": judge.pk,
        "cursor": last["slot__position"] if last else 0,
    }
    with connection.cursor() as cursor:
        for statement in _TRIES:
            cursor.execute(statement, params)
            if row := cursor.fetchone():
                return int(row[0])
    return None


def lease_slot(slot: Slot, person: Person, project: Project) -> Lease:
    """Hold a locked, open slot. Call inside the transaction that locked it."""
    Slot.objects.filter(pk=slot.pk).update(state=Slot.State.LEASED)
    lease = Lease.objects.create(
        slot=slot,
        pair_id=slot.pair_id,
        round=slot.round,
        person=person,
        token=uuid.uuid4(),
        mode=mode_of(slot, project),
        snapshot_id=slot.pair.item.snapshot_now,
        rule_base=active_rule_base(project),
        until=ClockTimestamp() + timedelta(seconds=project.lease_seconds),
    )
    lease.refresh_from_db(fields=["until", "taken_at"])
    return lease


def mode_of(slot: Slot, project: Project) -> Mode:
    """The slot's own mode, else the project's; in assist a fixed share of the slots is blind."""
    mode = Mode(slot.mode or project.mode)
    if mode is Mode.ASSIST and _fraction(slot.pk) < ASSIST_BLIND_SHARE:
        return Mode.BLIND
    return mode


def _fraction(number: int) -> float:
    """The same slot always falls on the same side."""
    return int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:4], "big") / 2**32


def renew(lease: Lease) -> bool:
    """Push the end out by the project's lease time; False when the lease is no longer live."""
    until = ClockTimestamp() + timedelta(seconds=lease.slot.project.lease_seconds)
    return bool(Lease.objects.filter(pk=lease.pk, state=Lease.State.LIVE).update(until=until))


def give_back(lease: Lease) -> None:
    """The person leaves: the slot is free at once."""
    with transaction.atomic():
        if Lease.objects.filter(pk=lease.pk, state=Lease.State.LIVE).update(state=Lease.State.RELEASED):
            Slot.objects.filter(pk=lease.slot_id, state=Slot.State.LEASED).update(state=Slot.State.OPEN)


def postpone(lease: Lease) -> None:
    """ "Later": to the end of this person's queue; others may take it."""
    with transaction.atomic():
        Postponement.objects.filter(slot=lease.slot_id, person=lease.person_id).delete()
        Postponement.objects.create(slot_id=lease.slot_id, person_id=lease.person_id)
        give_back(lease)


def expire_leases(project: Project | None = None) -> int:
    """Free the slots whose lease has run out by the database's clock; returns how many."""
    with transaction.atomic():
        ended = Lease.objects.select_for_update(skip_locked=True).filter(
            state=Lease.State.LIVE, until__lt=ClockTimestamp()
        )
        if project is not None:
            ended = ended.filter(slot__project=project)
        slots = dict(ended.order_by("id").values_list("pk", "slot_id")[:1000])
        if not slots:
            return 0
        Lease.objects.filter(pk__in=slots).update(state=Lease.State.EXPIRED)
        Slot.objects.filter(pk__in=slots.values(), state=Slot.State.LEASED).update(state=Slot.State.OPEN)
    return len(slots)


def left_for(person: Person, project: Project, *, at_most: int = 1000) -> int:
    """Pairs with an open slot that this person has not judged; stops counting at `at_most`, so it costs the same at a million."""
    judged = Judgment.objects.filter(judge__person=person, pair=OuterRef("pair"), round=OuterRef("round"), batch=None)
    waiting = Slot.objects.filter(~Exists(judged), project=project, state=Slot.State.OPEN)
    return waiting.order_by("position").values("position").distinct()[:at_most].count()


def reopen(slot: Slot, person: Person, project: Project) -> Lease:
    """Give a done slot back to the person who undid their judgment; whatever else they held is free again."""
    for held in Lease.objects.filter(person=person, slot__project=project, state=Lease.State.LIVE):
        give_back(held)
    return lease_slot(slot, person, project)


def close_open_slots(pair_id: int) -> None:
    """Once a pair is adjudicated nobody is asked for it any more."""
    Slot.objects.filter(pair_id=pair_id, state=Slot.State.OPEN).update(state=Slot.State.CLOSED)
