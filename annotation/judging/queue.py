"""Who judges what next: slots are rows, a lease holds one, the database's clock ends it.

Taking is one statement with SKIP LOCKED, so that two people neither get the same slot nor wait for each other. A person
holds the pair on the screen and, while they read it, the one after it (`ahead`): for a short time, so that a closed
window keeps it from the others for no longer than that.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from hmac import compare_digest
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from annotation.evidence_checks import gate
from annotation.gold import opinions
from annotation.models import EvidenceCheck, Judge, Lease, Postponement, Slot
from catalogue.evidence import grids
from database.clock import ClockTimestamp
from database.compiling import compiled
from database.statements import statement
from projects.models import Mode, Person, Project, StandingMode
from rules.publishing import active_rule_base

ASSIST_BLIND_SHARE = 0.15  # a fixed share, so that the assistant's effect can be measured
AHEAD_SECONDS = 150  # the page renews every 60
MOST_HELD = 3  # by one person in a project; two windows may each look ahead, a loop may not empty the queue
MANY_LEFT, STAYS_MANY_SECONDS = 100, 30

# Without the place of their last lease a person would begin again at the front of the queue with each card.
_WHERE = """
SELECT EXISTS (SELECT 1 FROM annotation_slot WHERE project_id = %(project)s AND state = 'open' AND position < 0),
  (SELECT (SELECT s.position FROM annotation_slot s WHERE s.id = l.slot_id) FROM annotation_lease l
   WHERE l.person_id = %(person)s AND (SELECT s.project_id FROM annotation_slot s WHERE s.id = l.slot_id) = %(project)s
   ORDER BY l.id DESC LIMIT 1)
"""
# In this order: what is urgent, onwards from where the person was, what was left behind them, what they put off.
_TRIES = (
    statement(__file__, "next_urgent"),
    statement(__file__, "next_onward"),
    statement(__file__, "next_left_behind"),
    statement(__file__, "next_put_off"),
)
_LEFT = statement(__file__, "how_many_left")


class NotHeld(Exception):
    """The card on a screen is its person's no more: its time ran out, or another window gave it back."""


def known_judge(person: Person, project: Project) -> Judge | None:
    return next(iter(_judges(person.pk, project.pk)), None)


@compiled
def _judges(person: int, project: int) -> QuerySet[Judge]:
    return Judge.objects.filter(project=project, person=person)[:1]


def judge_of(person: Person, project: Project) -> Judge:
    known = known_judge(person, project)
    return known or Judge.objects.get_or_create(project=project, person=person, rater="")[0]


def shown(project: Project) -> QuerySet[Lease]:
    """Leases of a project with everything that a card shows of them, in one statement."""
    rows = Lease.objects.filter(slot__project=project)
    return rows.select_related(
        "slot", "pair__query", "pair__item", "pair__project", "snapshot__batch", "grid", "rule_base", "person"
    )


def take(person: Person, project: Project) -> Lease | None:
    """The lease this person already holds, or one on the next free slot, or None when nothing is left for them."""
    for held in _held(person, project):
        if renew(held, project):
            return shown(project).get(pk=held.pk)
    return _take_next(person, project, project.lease_seconds)


def ahead(person: Person, project: Project, on_screen: UUID) -> Lease | None:
    """What follows the card on the screen, held for a while; None when nothing does. Raises NotHeld.

    In reveal the card on the screen may have been answered once and wait for its second answer.
    """
    held = _held(person, project)
    here = next((lease for lease in held if compare_digest(lease.token.bytes, on_screen.bytes)), None)
    if here is None:
        used = Lease.objects.filter(person=person, slot__project=project, token=on_screen, state=Lease.State.USED)
        here = used.first()
    elif not renew(here, project):  # it may have been ahead until now
        here = None
    if here is None:
        raise NotHeld
    following = next((lease for lease in held if lease.pk > here.pk), None)
    if following is not None:
        return shown(project).get(pk=following.pk)
    if len(held) >= MOST_HELD:
        return None
    return _take_next(person, project, min(AHEAD_SECONDS, project.lease_seconds), after=here.pk)


def _held(person: Person, project: Project) -> list[Lease]:
    """Live leases, oldest first: the one on the screen, then the one ahead; bare, since few of them are shown."""
    found = _live(person.pk, project.pk)
    if any(lease.over for lease in found):
        expire_leases(project)
        found = _live(person.pk, project.pk)
    return found


@compiled
def _live(person: int, project: int) -> Any:
    over = ExpressionWrapper(Q(until__lt=ClockTimestamp()), output_field=BooleanField())
    live = Lease.objects.filter(slot__project=project, person=person, state=Lease.State.LIVE)
    return live.annotate(over=over).order_by("id")


def _take_next(person: Person, project: Project, seconds: int, *, after: int = 0) -> Lease | None:
    """A lease on the next free slot, younger than `after`, the lease on the screen."""
    judge = judge_of(person, project)
    try:
        for _ in range(2):
            with transaction.atomic():
                slot_id = _next_slot(person, project, judge)
                if slot_id is not None:
                    [slot] = _to_be_shown(slot_id)
                    return lease_slot(slot, person, project, seconds=seconds)
            if not expire_leases(project):  # the dispatcher does so every second, where one runs
                break
    except IntegrityError:
        # The twin of a doubled request has just taken the pair's other slot for the same person: that one is held. Without
        # `after` the card on the screen, which is older, would be shown once more and its second answer refused.
        twins = (held for held in _held(person, project) if held.pk > after)
        return next((shown(project).get(pk=held.pk) for held in twins), None)
    return None


@compiled
def _to_be_shown(slot: int) -> QuerySet[Slot]:
    rows = Slot.objects.filter(pk=slot)
    return rows.select_related("pair__query", "pair__item__current_snapshot__batch", "pair__project")


def _next_slot(person: Person, project: Project, judge: Judge) -> int | None:
    params = {"project": project.pk, "person": person.pk, "judge": judge.pk, **_may_be(project)}
    with connection.cursor() as cursor:
        cursor.execute(_WHERE, params)
        is_urgent, at = cursor.fetchone()
        params["cursor"] = at or 0
        for attempt in _TRIES if is_urgent else _TRIES[1:]:
            cursor.execute(attempt, params)
            if row := cursor.fetchone():
                return int(row[0])
    return None


def lease_slot(
    slot: Slot, person: Person, project: Project, *, seconds: int | None = None, never_blind: bool = False
) -> Lease:
    """Hold a locked, open slot. Call inside the transaction that locked it.

    `never_blind`: the person has marked the pair's evidence, so a card that hides it would only claim to be blind. Nor
    does a card hide the model's label that an earlier one has shown to this person: it shows it again.
    """
    pair, mode = slot.pair, mode_of(slot, project)
    if never_blind and mode is Mode.BLIND:
        mode = Mode.FACTS
    if mode in {Mode.BLIND, Mode.FACTS} and has_seen_label(person, pair.pk):
        mode = Mode.ASSIST
    snapshot = pair.item.current_snapshot
    assert snapshot is not None, f"item {pair.item_id} has no snapshot"
    lease = Lease(
        slot=slot,
        pair=pair,
        round=slot.round,
        person=person,
        token=uuid.uuid4(),
        mode=mode,
        snapshot=snapshot,
        grid=None if mode is Mode.BLIND else grids.grid_of(pair, snapshot),
        rule_base=active_rule_base(project),
        prediction_id=opinions.standing_prediction_id(pair.pk) if mode is Mode.ASSIST else None,
        until=ClockTimestamp() + timedelta(seconds=seconds or project.lease_seconds),
    )
    Slot.objects.filter(pk=slot.pk).update(state=Slot.State.LEASED)
    slot.state = Slot.State.LEASED
    lease.save(force_insert=True)
    return lease


def mode_of(slot: Slot, project: Project) -> Mode:
    """The slot's own mode, else the project's, by the gate of its evidence where that is the choice. In assist a fixed share of
    the slots is blind."""
    chosen = slot.mode or project.mode
    mode = gate.mode_of(slot.pair, project) if chosen == StandingMode.BY_GATE else Mode(chosen)
    if mode is Mode.ASSIST and _fraction(slot.pk) < ASSIST_BLIND_SHARE:
        return Mode.BLIND
    return mode


def has_seen_label(person: Person, pair_id: int) -> bool:
    """Whether a card has shown the model's label of this pair to this person."""
    return person.lease_set.filter(pair=pair_id, prediction__isnull=False).exists()


def _may_be(project: Project) -> dict[str, bool]:
    """What a slot that has no mode of its own may turn out to be, as the statements ask for it."""
    unaided = {StandingMode.BY_GATE, StandingMode.BLIND, StandingMode.FACTS}
    return {"blind": may_be_blind(project), "unaided": project.mode in unaided}


def may_be_blind(project: Project) -> bool:
    """Whether a slot that has no mode of its own may turn out to be blind."""
    return project.mode in {StandingMode.BY_GATE, StandingMode.BLIND, StandingMode.ASSIST}


def _fraction(number: int) -> float:
    """The same slot always falls on the same side."""
    return int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:4], "big") / 2**32


def renew(lease: Lease, project: Project) -> bool:
    """Push the end out by the project's lease time; False when the lease is no longer live."""
    until = ClockTimestamp() + timedelta(seconds=project.lease_seconds)
    # Without the state a page would be told that it still holds a card whose lease has ended.
    return bool(Lease.objects.filter(pk=lease.pk, state=Lease.State.LIVE).update(until=until))


def renew_ahead(lease: Lease, project: Project) -> None:
    """What the same person holds beyond this lease stays theirs for the same short time as before."""
    seconds = min(AHEAD_SECONDS, project.lease_seconds)
    # Without `pk__gt` the card on the screen would be held for the short time, too.
    Lease.objects.filter(person=lease.person_id, slot__project=project, state=Lease.State.LIVE, pk__gt=lease.pk).update(
        until=ClockTimestamp() + timedelta(seconds=seconds)
    )


def give_back(lease: Lease) -> None:
    """The person leaves: the slot is free at once."""
    with transaction.atomic():
        # Without the state a lease that has run out would free a slot that somebody else holds by now.
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
        # Without the lock a lease that is answered or renewed in this moment would be ended all the same; without skip_locked
        # everybody who asks for a card would wait for whoever is answering one.
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
    judge = known_judge(person, project)
    with connection.cursor() as cursor:
        who = {"person": person.pk, "judge": judge.pk if judge else None, **_may_be(project)}
        cursor.execute(_LEFT, {"project": project.pk, "at_most": at_most, **who})
        return int(cursor.fetchone()[0])


def roughly_left_for(person: Person, project: Project) -> int:
    """The same for a card, where it is asked for with every judgment: a large number may be half a minute old."""
    key = f"left:{connection.settings_dict['NAME']}:{project.pk}:{person.pk}"
    known = cache.get(key)
    if known is not None:
        return int(known)
    left = left_for(person, project)
    if left >= MANY_LEFT:
        cache.set(key, left, STAYS_MANY_SECONDS)
    return left


def reopen(slot: Slot, person: Person, project: Project) -> Lease:
    """Give a done slot back to the person who undid their judgment; whatever else they held is free again."""
    for held in Lease.objects.filter(person=person, slot__project=project, state=Lease.State.LIVE).order_by("id"):
        give_back(held)
    knows_evidence = EvidenceCheck.objects.filter(pair=slot.pair_id, judge__person=person).exists()
    return lease_slot(slot, person, project, never_blind=knows_evidence)


def close_open_slots(pair_id: int) -> None:
    """Once a pair is adjudicated nobody is asked for it any more."""
    # Without the state the slot of whoever has the pair on the screen would be closed under them.
    Slot.objects.filter(pair_id=pair_id, state=Slot.State.OPEN).update(state=Slot.State.CLOSED)
