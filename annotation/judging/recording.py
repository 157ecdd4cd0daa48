"""How a judgment is recorded: once, whatever the network does, and never in place of another.

Every submit carries the lease's token and a key made when the form was rendered. The same key with the same content is
answered again from the row; with other content it is refused and kept as a draft. A lease that ran out does not lose the
work: the answer is stored, marked late, without a slot; where it comes much too late, or the person gave the pair back, it
is a draft and no more (`lateness`). In `reveal` the first answer stands before the prediction is
sent; the second is a further revision that names the prediction it saw.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.gold import hidden_opinions, opinions, settling
from annotation.judging import card_rules, drafts, lateness, queue
from annotation.models import Draft, Judge, Judgment, Lease, Slot
from database.compiling import compiled
from database.statements import run
from inference.models import Prediction
from projects import allowances
from projects.allowances import Allowance
from projects.models import Mode, Person, Project
from projects.refusals import Refused
from relevance.dimensions import Dimension
from relevance.labels import UnknownLabel

KEEP = "keep"
CANNOT_TELL = "cannot_tell"
CANNOT_TELL_REASONS = ("image", "attributes", "query", "rule_gap")
MAX_SECONDS = 24 * 3600.0
UNDONE = Allowance("judgment.undone", 600, gettext_lazy("withdrawals of judgments"))
NOTES = Allowance("judgment.note", 1000, gettext_lazy("notes on judgments"))


class BadAnswer(ValueError):
    """The form itself is wrong: names the field."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True)
class Answer:
    """What the person pressed. `choice` is a label of the project's scale, "cannot_tell", or "keep" after a reveal;
    `cites` are codes of rules on the card."""

    key: UUID
    choice: str
    mismatch: str = ""
    reason: str = ""
    note: str = ""
    seconds: float | None = None
    cites: tuple[str, ...] = ()
    no_rule_fits: bool = False

    def digest(self, token: UUID) -> str:
        body: list[object] = [str(token), self.choice, self.mismatch, self.reason, self.note]
        if self.cites or self.no_rule_fits:
            body += [list(self.cites), self.no_rule_fits]
        return hashlib.sha256(json.dumps(body, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Recorded:
    """`reveal` names the prediction that may be shown now; None where the mode shows nothing or there is nothing."""

    judgment: Judgment
    lease: Lease
    replayed: bool = False
    reveal: Prediction | None = None


def read_answer(data: Any, project: Project) -> Answer:
    """From form fields; raises BadAnswer. An empty choice is refused, an unknown one never coerced."""
    try:
        key = UUID(str(data.get("idempotency_key", "")))
    except ValueError:
        raise BadAnswer("idempotency_key", _("missing or not a UUID")) from None
    choice = str(data.get("choice", ""))
    if choice not in {KEEP, CANNOT_TELL}:
        try:
            if project.scale.parse(choice) != choice:
                raise BadAnswer("choice", _("not a label of this project"))
        except UnknownLabel:
            raise BadAnswer("choice", _("not a label of this project")) from None
    reason = str(data.get("reason", ""))
    if choice == CANNOT_TELL and reason not in CANNOT_TELL_REASONS:
        raise BadAnswer("reason", _("cannot tell needs a reason"))
    note = str(data.get("note", "")).replace("\x00", "\ufffd")
    if len(note) > drafts.MAX_NOTE:
        raise BadAnswer("note", _("longer than %(most)s characters") % {"most": drafts.MAX_NOTE})
    cites = tuple(sorted(set(map(str, data.getlist("cites") if hasattr(data, "getlist") else data.get("cites", ())))))
    no_rule_fits = str(data.get("no_rule_fits", "")) == "1"
    if cites and no_rule_fits:
        raise BadAnswer("cites", _("a rule is cited, and none is said to fit"))
    return Answer(
        key,
        choice,
        mismatch=_mismatch(data, choice, project),
        reason=reason if choice == CANNOT_TELL else "",
        note=note,
        seconds=_seconds(data.get("seconds")),
        cites=cites,
        no_rule_fits=no_rule_fits,
    )


def _mismatch(data: Any, choice: str, project: Project) -> str:
    if not asks_mismatch(choice, project):
        return ""
    value = str(data.get("mismatch", ""))
    if value not in {dimension.value for dimension in Dimension}:
        raise BadAnswer("mismatch", _("name the dimension that does not match"))
    return value


def asks_mismatch(choice: str, project: Project) -> bool:
    """Only LORE's own L2 names the dimension that does not match."""
    return project.scale_name == "lore-4" and choice == "L2"


def _seconds(value: object) -> float | None:
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if 0 <= seconds <= MAX_SECONDS else None


def submit(person: Person, project: Project, token: UUID, answer: Answer) -> Recorded:
    """Store one answer. Raises Refused (kept as draft), Lease.DoesNotExist for a foreign or unknown token.

    1. Lock the lease and its pair.  2. A known key: replay, or refuse other content.  3. Decide what this answer is:
    first, second of a reveal, or late.  4. Append the revision.  5. Settle the pair.
    """
    digest = answer.digest(token)
    try:
        with transaction.atomic():
            if not (held := _locked(token, person.pk, project.pk)):
                raise Lease.DoesNotExist
            lease = held[0]
            judge = queue.judge_of(person, project)  # not before: who holds nothing here leaves no row
            if replay := _replay(judge, answer, digest):
                return Recorded(replay, lease, replayed=True, reveal=_to_reveal(replay, lease))
            hidden_opinions.check_unseen(person, lease.pair_id)
            _check_ground(lease, project, answer)
            if answer.note:
                allowances.spend(NOTES, person)
            recorded = _record(lease, judge, answer, digest)
            settling.settle(project, [lease.pair_id])
            Draft.objects.filter(person=person, pair=lease.pair_id, round=lease.round).delete()
            return recorded
    except IntegrityError:
        # The key was used a moment ago, for another pair: this one's lock does not make them wait for each other.
        if not Judgment.objects.filter(idempotency_key=answer.key).exists():
            raise
        refused = _answered_otherwise()
    except Refused as error:
        refused = error
    keep_draft(person, lease, answer)
    raise refused


@compiled
def _locked(token: UUID, person: int, project: int) -> QuerySet[Lease]:
    rows = Lease.objects.select_related("slot", "pair__item", "pair__project", "grid")
    # Without the lock on the lease the second of a doubled key press would not see the first, and be refused as another answer;
    # without that on the pair two people's answers to it would be settled without seeing each other.
    return rows.select_for_update(of=("self", "pair"), no_key=True).filter(
        slot__project=project, token=token, person=person
    )


def _check_ground(lease: Lease, project: Project, answer: Answer) -> None:
    """Raises BadAnswer for a rule the card did not show, Refused where a ground is required and none is given."""
    try:
        card_rules.check(lease, answer.cites)
    except card_rules.NotOnTheCard as error:
        raise BadAnswer("cites", _("%(rule)s is not on this card") % {"rule": error}) from None
    labelled = answer.choice != CANNOT_TELL
    if labelled and card_rules.is_missing(lease, project, answer.cites, no_rule_fits=answer.no_rule_fits):
        ground = _("This project wants a ground: cite a rule (Q, W, E), or say that none fits (R).")
        raise Refused("needs_citation", ground, status=409)


def _replay(judge: Judge, answer: Answer, digest: str) -> Judgment | None:
    """Locks are held, so a doubled submit that waited for them sees its twin here."""
    known = next(iter(_under_key(answer.key)), None)
    if known is not None and (known.judge_id != judge.pk or known.body_sha256 != digest):
        raise _answered_otherwise()
    return known


def _answered_otherwise() -> Refused:
    sentence = _("This card was already answered otherwise; what you sent is kept as a draft.")
    return Refused("other_content_under_this_key", sentence, status=409)


def _already_judged() -> Refused:
    return Refused("already_judged", _("You have already judged this pair. Undo brings it back."), status=409)


@compiled
def _under_key(key: UUID) -> QuerySet[Judgment]:
    return Judgment.objects.filter(idempotency_key=key)


def answers(lease: Lease) -> list[Judgment]:
    """What the person of a lease has said of its pair in this round: the last two revisions, newest first."""
    return _answers(lease.pair_id, lease.person_id, lease.round)


@compiled
def _answers(pair: int, person: int, round_: int) -> QuerySet[Judgment]:
    return Judgment.objects.filter(pair=pair, judge__person=person, round=round_).order_by("-revision")[:2]


def _record(lease: Lease, judge: Judge, answer: Answer, digest: str) -> Recorded:
    mine = next(iter(answers(lease)), None)
    second = _is_second_answer(lease, mine)
    if lease.state == Lease.State.USED and not second:
        raise _already_judged()
    if answer.choice == KEEP and not second:
        raise Refused("nothing_to_keep", _("There is no answer of yours to keep yet."), status=409)
    late = lease.state == Lease.State.EXPIRED
    lateness.check_still_theirs(lease)
    if late and mine is not None and mine.outcome != Judgment.Outcome.WITHDRAWN:
        raise _already_judged()
    judgment = _append(lease, judge, mine, answer, digest, late=late, second=second)
    if lease.state == Lease.State.LIVE:
        if lease.mode == Mode.REVEAL:
            lease.prediction_id = opinions.standing_prediction_id(lease.pair_id)
        Lease.objects.filter(pk=lease.pk).update(state=Lease.State.USED, prediction=lease.prediction_id)
        Slot.objects.filter(pk=lease.slot_id).update(state=Slot.State.DONE)
        lease.state = Lease.State.USED
    if mine is None or mine.outcome == Judgment.Outcome.WITHDRAWN:
        _count(judge, 1)
    return Recorded(judgment, lease, reveal=_to_reveal(judgment, lease))


def _count(judge: Judge, by: int) -> None:
    # Without one statement that adds, two answers of a person at once would count as one.
    run(
        """INSERT INTO annotation_dayofwork (judge_id, day, done) VALUES (%s, %s, %s)
           ON CONFLICT (judge_id, day) DO UPDATE SET done = annotation_dayofwork.done + EXCLUDED.done""",
        judge.pk,
        timezone.localdate(),
        by,
    )


def _is_second_answer(lease: Lease, mine: Judgment | None) -> bool:
    """In reveal, after the first answer and before the second."""
    return (
        lease.mode == Mode.REVEAL
        and lease.state == Lease.State.USED
        and mine is not None
        and mine.outcome != Judgment.Outcome.WITHDRAWN
        and mine.prediction_id is None
        and lease.prediction_id is not None
    )


def _append(
    lease: Lease,
    judge: Judge,
    mine: Judgment | None,
    answer: Answer,
    digest: str,
    *,
    late: bool,
    second: bool,
) -> Judgment:
    kept = mine if answer.choice == KEEP else None
    cannot_tell = answer.choice == CANNOT_TELL
    label = "" if cannot_tell else answer.choice
    judgment = Judgment.objects.create(
        pair=lease.pair,
        judge=judge,
        round=lease.round,
        revision=(mine.revision if mine else 0) + 1,
        slot=None if late else lease.slot,
        snapshot_id=lease.snapshot_id,
        outcome=kept.outcome if kept else (Judgment.Outcome.CANNOT_TELL if cannot_tell else Judgment.Outcome.LABEL),
        label=kept.label if kept else label,
        mismatch=kept.mismatch if kept else answer.mismatch,
        reason=kept.reason if kept else answer.reason,
        no_rule_fits=answer.no_rule_fits,
        note=answer.note or (kept.note if kept else ""),
        mode=lease.mode,
        grid=None if lease.mode == Mode.BLIND else card_rules.grid_on_the_card(lease),
        rule_base_id=lease.rule_base_id,
        prediction_id=_shown(lease, mine, second=second),
        replaces_id=lease.slot.replaces_id,
        late=late,
        seconds=answer.seconds,
        idempotency_key=answer.key,
        body_sha256=digest,
    )
    card_rules.store(
        judgment, lease, answer.cites
    )  # of a kept answer too: its page showed what was cited, to be changed
    return judgment


def _shown(lease: Lease, mine: Judgment | None, *, second: bool) -> int | None:
    """The prediction this person had seen before this answer; what was seen once stays seen after an undo."""
    if lease.mode == Mode.ASSIST or second:
        return lease.prediction_id
    return mine.prediction_id if mine is not None and lease.mode == Mode.REVEAL else None


def _to_reveal(judgment: Judgment, lease: Lease) -> Prediction | None:
    if lease.mode != Mode.REVEAL or judgment.prediction_id is not None or judgment.late:
        return None
    return lease.prediction


def revealed(lease: Lease) -> Recorded | None:
    """The first answer of a reveal whose second is still awaited, with the prediction that is on the page."""
    latest = next(iter(answers(lease)), None)
    if latest is None or not _is_second_answer(lease, latest):
        return None
    return Recorded(latest, lease, reveal=_to_reveal(latest, lease))


def keep_draft(person: Person, lease: Lease, answer: Answer) -> None:
    """What was refused is not lost."""
    body = {"choice": answer.choice, "mismatch": answer.mismatch, "reason": answer.reason, "note": answer.note}
    drafts.save(person, lease, body)


def undo(person: Person, project: Project, *, came_from: UUID | None) -> Lease | None:
    """Withdraw this person's last judgment and give the pair back to them; None when there is nothing to undo.

    `came_from` is the lease the page showed: a doubled key press arrives with a token that is no longer the live one,
    and changes nothing.
    """
    judge = queue.judge_of(person, project)
    with transaction.atomic():
        # Without the lock a doubled key press would withdraw the same judgment twice, and fail on the number of its revision.
        Judge.objects.select_for_update(no_key=True).get(pk=judge.pk)
        live = Lease.objects.filter(person=person, slot__project=project, state=Lease.State.LIVE)
        held = live.order_by("id").first()  # the one on the screen; others are ahead
        if came_from is not None and held is not None and held.token != came_from:
            return held
        last = last_judgment(judge)
        if last is None or last.slot is None:
            return None
        allowances.spend(UNDONE, person)
        pair = opinions.locked(last.pair_id)
        if (
            pair.adjudications.exists()
        ):  # settled while this waited for the lock: a ruling rests on what it would take away
            return None
        Judgment.objects.create(
            pair=pair,
            judge=judge,
            round=last.round,
            revision=last.revision + 1,
            slot=last.slot,
            replaces_id=last.replaces_id,
            snapshot_id=last.snapshot_id,
            outcome=Judgment.Outcome.WITHDRAWN,
            mode=last.mode,
            grid_id=last.grid_id,
            rule_base_id=last.rule_base_id,
            prediction_id=last.prediction_id,
        )
        _count(judge, -1)
        settling.settle(project, [pair.pk])
        return queue.reopen(last.slot, person, project)


def last_judgment(judge: Judge) -> Judgment | None:
    """The newest judgment that stands and may still be undone: not withdrawn, its pair in no dispute that is read."""
    recent = Judgment.objects.filter(judge=judge, batch=None).select_related("slot", "pair").order_by("-id")[:200]
    seen: set[tuple[int, int]] = set()
    for row in recent:
        key = (row.pair_id, row.round)
        if key in seen:
            continue
        seen.add(key)
        if row.outcome != Judgment.Outcome.WITHDRAWN and row.slot_id and not hidden_opinions.are_read(row):
            return row
    return None
