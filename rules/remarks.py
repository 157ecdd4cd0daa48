"""What people say about a rule: comments, questions, that it is unclear; answered and settled, told to its owner.

Everybody reads a rule's page, so what one person adds to it in an hour is bounded, and so are the answers to one remark.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from database.clock import ClockTimestamp
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person
from projects.refusals import Refused
from relevance.sanitising import storable
from rules.models import Rule, RuleRemark
from rules.reviewing import is_rule_owner

MOST_TEXT = 2000
MOST_ANSWERS = 20
MOST_OF_ONE = 3
REMARKS = Allowance("rules.remark", 60, _("remarks and answers on rules"))
OPEN = Q(settled_at__isnull=True, answers__isnull=True) & ~Q(kind=RuleRemark.Kind.COMMENT)


def say(rule: Rule, by: Person, kind: str, text: str, about: str = "") -> RuleRemark:
    """A comment or question needs words; that a rule is unclear needs none."""
    said = storable(text).strip()[:MOST_TEXT]
    needs_words = kind in (RuleRemark.Kind.COMMENT, RuleRemark.Kind.QUESTION)
    if (needs_words and not said) or not (needs_words or kind == RuleRemark.Kind.UNCLEAR):
        raise Refused("nothing_said", _("Write what you want to say or ask."))
    with transaction.atomic():
        allowances.spend(REMARKS, by)
        remark = RuleRemark.objects.create(
            rule=rule, person=by, kind=kind, text=said, about=about[:200] if _is_ours(about) else ""
        )
        record(by, "rules.remark_made", on=remark, rule=rule.code, kind=kind)
    return remark


def _is_ours(address: str) -> bool:
    """A path of this host: what begins with two slashes leads to another."""
    return address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()


def answer(remark: RuleRemark, by: Person, text: str) -> RuleRemark:
    said = storable(text).strip()[:MOST_TEXT]
    if not said or remark.answers_id is not None:
        raise Refused("no_answer", _("Write an answer."))
    with transaction.atomic():
        allowances.spend(REMARKS, by)
        # Without the lock a crowd that answers at once would all find room for one more.
        RuleRemark.objects.select_for_update(of=("self",)).get(pk=remark.pk)
        _leave_room(remark, by)
        reply = RuleRemark.objects.create(
            rule=remark.rule, person=by, kind=RuleRemark.Kind.ANSWER, text=said, answers=remark
        )
        record(by, "rules.remark_answered", on=remark, rule=remark.rule.code)
    return reply


def _leave_room(remark: RuleRemark, by: Person) -> None:
    """Asker and rule owners have room of their own: without it a stranger's answers would silence a question."""
    own = remark.replies.filter(person=by).count()
    if by.pk in (remark.person_id, remark.rule.owner_id) or is_rule_owner(by):
        if own < MOST_ANSWERS:
            return
        raise _answered_enough(MOST_ANSWERS)
    if own >= MOST_OF_ONE:
        raise Refused(
            "answered_yourself",
            _("You have answered this %(most)s times: let others answer, or ask anew."),
            status=409,
            most=MOST_OF_ONE,
        )
    if remark.replies.count() >= MOST_ANSWERS:
        raise _answered_enough(MOST_ANSWERS)


def _answered_enough(most: int) -> Refused:
    sentence = _("This has %(most)s answers already: settle it, or ask anew.")
    return Refused("answered_enough", sentence, status=409, most=most)


def settle(remark: RuleRemark, by: Person) -> None:
    """By whoever made it, or by a rule owner."""
    if remark.person_id != by.pk and not is_rule_owner(by):
        raise Refused("not_yours", _("Only its author or a rule owner can settle it."))
    with transaction.atomic():
        # Without the condition the second of two who settle it at once would stand as the one who did.
        if RuleRemark.objects.filter(pk=remark.pk, settled_at=None).update(settled_by=by, settled_at=ClockTimestamp()):
            record(by, "rules.remark_settled", on=remark, rule=remark.rule.code)


def open_for(person: Person) -> QuerySet[RuleRemark]:
    """Questions and unclear spots of the rules this person owns; a rule owner also sees those of rules nobody owns."""
    owned = Q(rule__owner=person)
    return RuleRemark.objects.filter(OPEN, owned | Q(rule__owner=None) if is_rule_owner(person) else owned)


def of_rule(rule: Rule) -> QuerySet[RuleRemark]:
    """Newest first, each with its replies."""
    rows = RuleRemark.objects.filter(rule=rule, answers=None).select_related("person", "settled_by")
    return rows.prefetch_related("replies__person").order_by("-pk")
