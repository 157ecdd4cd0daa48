"""A project is judged by the newest rule base version, as it follows, or by the one that its lead pins.

`publishing.active_rule_base` answers which, for everybody who asks. Whatever changes the answer stands in the log of each
project that it reaches: `rules.published` for every new version, `rules.moved` where it is judged by another one since,
with `by`: publication (it follows), follow or pin (somebody of the project). Who publishes is named in the log of the
installation alone: a project's log names nobody of elsewhere.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from projects.audit import record
from projects.hooks import Hook
from projects.models import AuditEvent, Person, Project
from projects.refusals import Refused
from rules import publishing
from rules.models import RuleBaseVersion, RuleDraft

# Chosen anew by somebody of the project; or asked what moving changes.
moved: Hook[[Project, Person | None], None] = Hook()


def choose(project: Project, number: int | None, *, actor: Person | None) -> bool:
    """Pin a version, or follow the newest (None). False where it is so already. Raises Refused."""
    if number is not None and (number > publishing.LARGEST or publishing.rule_base_numbered(number) is None):
        raise Refused("no_such_version", _("There is no such rule base version."), status=409, field="rule_base_number")
    with transaction.atomic():
        # Without the lock two who choose at once would both stand in the log as having left the same version.
        before = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        project.rule_base_number = number
        if before.rule_base_number == number:
            return False
        project.save(update_fields=["rule_base_number"])
        chosen(before, project, actor)
    return True


def chosen(before: Project, after: Project, actor: Person | None) -> None:
    """On record, where the choice is another one. Call inside the transaction that stores it, with the project locked."""
    if before.rule_base_number == after.rule_base_number:
        return
    # Without its turn a version could be published meanwhile, and the log would name the wrong one as left.
    publishing.take_turn()
    by = "follow" if follows(after) else "pin"
    _record_move(after, publishing.active_rule_base(before), publishing.active_rule_base(after), by, actor)
    moved(after, actor)


def reach(rule_base: RuleBaseVersion, before: RuleBaseVersion | None, _draft: RuleDraft | None = None) -> None:
    """A version has been published: in the log of every project, and those that follow are judged by it from now on."""
    for project in Project.objects.order_by("pk"):
        moves = follows(project)
        record(None, "rules.published", project=project, on=rule_base, number=rule_base.number, follows=moves)
        if moves:
            _record_move(project, before, rule_base, "publication", None)


def _record_move(
    project: Project, left: RuleBaseVersion | None, taken: RuleBaseVersion | None, by: str, actor: Person | None
) -> None:
    numbers = {name: one.number if one is not None else None for name, one in (("from", left), ("to", taken))}
    record(actor, "rules.moved", project=project, on=taken, by=by, **numbers)


def follows(project: Project) -> bool:
    return project.rule_base_number is None


class Standing(NamedTuple):
    """What a project is judged by. `left`: the version it was judged by before, to which it can be put back."""

    rule_base: RuleBaseVersion | None
    newest: RuleBaseVersion | None
    follows: bool
    left: int | None

    @property
    def behind(self) -> bool:
        return self.rule_base != self.newest


def standing(project: Project) -> Standing:
    rule_base, newest = publishing.active_rule_base(project), publishing.newest()
    return Standing(rule_base, newest, follows(project), _left(project, rule_base))


def _left(project: Project, rule_base: RuleBaseVersion | None) -> int | None:
    """By the log, whose details end with time; then the version before."""
    if rule_base is None or rule_base.number == 1:
        return None
    moves = AuditEvent.objects.filter(project=project, act="rules.moved").order_by("-pk")
    known = moves.filter(detail__to=rule_base.number).values_list("detail__from", flat=True)
    left = next((number for number in known[:20] if number not in (None, rule_base.number)), rule_base.number - 1)
    return int(left)
