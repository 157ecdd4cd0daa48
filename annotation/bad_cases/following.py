"""Results that someone flagged: opened, given an owner and a cause, noted, closed, opened again."""

from __future__ import annotations

from typing import Never

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from annotation.gold.opinions import locked
from annotation.models import BadCase, BadCaseNote, Judgment, Lease
from catalogue.models import Pair
from database.clock import ClockTimestamp
from projects import allowances, audit
from projects.allowances import Allowance
from projects.models import Membership, Person, Project
from projects.refusals import Refused

MAX_TEXT = 4000
CASE_NOTES = Allowance("bad_case.note", 600, _("notes on bad cases"))


def open_case(person: Person, pair: Pair, *, cause: str = "", note: str = "") -> BadCase:
    """Flag a pair. A pair has one open case at most: a further flag adds a note to it."""
    if cause not in BadCase.Cause.values:
        raise Refused("unknown_cause", _("Choose a cause from the list."))
    with transaction.atomic():
        locked(pair.pk)
        case = BadCase.objects.filter(pair=pair, state=BadCase.State.OPEN).first()
        if case is None:
            case = BadCase.objects.create(
                project_id=pair.project_id,
                pair=pair,
                snapshot_id=pair.item.snapshot_now,
                reported_by=person,
                cause=cause,
            )
        elif cause and not case.cause:
            BadCase.objects.filter(pk=case.pk).update(cause=cause)
        _note(case, person, "flagged", note)
        audit.record(person, "flagged", project=pair.project, on=case)
        return case


def cases(
    project: Project,
    *,
    state: str = "open",
    cause: str = "",
    owner: Person | None = None,
    reported_by: Person | None = None,
) -> QuerySet[BadCase]:
    rows = BadCase.objects.filter(project=project).select_related(
        "pair__query", "pair__item", "snapshot", "owner", "reported_by"
    )
    if state:
        rows = rows.filter(state=state)
    if cause:
        rows = rows.filter(cause=cause)
    if owner is not None:
        rows = rows.filter(owner=owner)
    if reported_by is not None:
        rows = rows.filter(reported_by=reported_by)
    return rows.order_by("-id")


def add_note(case: BadCase, person: Person, text: str) -> None:
    if text.strip():
        _note(case, person, "noted", text)


def given_to(person: Person, pairs: QuerySet[Pair]) -> QuerySet[Pair]:
    """Those of the pairs that this person was given to judge, or has judged."""
    leased = Lease.objects.filter(pair=OuterRef("pk"), person=person)
    judged = Judgment.objects.filter(pair=OuterRef("pk"), judge__person=person)
    return pairs.filter(Exists(leased) | Exists(judged))


def refuse_owner() -> Never:
    raise Refused("not_a_member", _("The owner must be a member of the project."))


def assign(case: BadCase, person: Person, owner: Person | None) -> None:
    if owner is not None and not Membership.objects.filter(project=case.project, person=owner).exists():
        refuse_owner()
    with transaction.atomic():
        BadCase.objects.filter(pk=case.pk).update(owner=owner)
        _note(case, person, "assigned", str(owner) if owner else "")


def name_cause(case: BadCase, person: Person, cause: str) -> None:
    if not cause or cause not in BadCase.Cause.values:
        raise Refused("unknown_cause", _("Choose a cause from the list."))
    with transaction.atomic():
        BadCase.objects.filter(pk=case.pk).update(cause=cause)
        _note(case, person, "caused", cause)


def close(case: BadCase, person: Person, text: str) -> None:
    """Needs a cause. Closing twice is one close."""
    if not case.cause:
        raise Refused("no_cause", _("Name the cause before closing."))
    with transaction.atomic():
        # Without the state two people who close it at once would leave two notes of one closing.
        moved = BadCase.objects.filter(pk=case.pk, state=BadCase.State.OPEN).update(
            state=BadCase.State.CLOSED, closed_at=ClockTimestamp()
        )
        if moved:
            _note(case, person, "closed", text)
            audit.record(person, "closed_bad_case", project=case.project, on=case)


def reopen(case: BadCase, person: Person, text: str) -> None:
    with transaction.atomic():
        # Without the state two people who open it again at once would leave two notes of it.
        moved = BadCase.objects.filter(pk=case.pk, state=BadCase.State.CLOSED).update(
            state=BadCase.State.OPEN, closed_at=None
        )
        if moved:
            _note(case, person, "reopened", text)


def _note(case: BadCase, author: Person, act: str, text: str) -> None:
    allowances.spend(CASE_NOTES, author)
    BadCaseNote.objects.create(
        bad_case=case, author=author, act=act, text=text.replace("\x00", "\ufffd").strip()[:MAX_TEXT]
    )
