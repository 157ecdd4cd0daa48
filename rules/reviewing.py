"""How a draft becomes the next rule base version: submitted, looked at by a second person, returned or published.

Who publishes is a rule owner of the installation at that moment and had no hand in the draft; the database checks it
again for each version (publishing_needs_a_second_person). What the linter finds is mended or acknowledged first
(rules.findings). Other apps may object; publishing against an objection needs a reason, which is kept.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from database.clock import ClockTimestamp
from projects.audit import record
from projects.gates import keeps_rules
from projects.hooks import Hook
from projects.models import Person
from projects.refusals import Refused
from rules import findings, foretelling, publishing
from rules.drafting import digest_of_draft, ended, has_a_hand_in, specs_of
from rules.models import DraftedRule, Rule, RuleBaseVersion, RuleDraft, RuleVersion
from rules.publishing import body_of, digest_of

objections_to: Hook[[RuleDraft, Person], list[str]] = Hook()  # against its publication, as this person may read it


def is_rule_owner(person: Person) -> bool:
    """Asked of the database, not of what was read before."""
    fresh = Person.objects.filter(pk=person.pk).first()
    return fresh is not None and keeps_rules(fresh)


def submit(draft: RuleDraft, by: Person) -> None:
    """Ready for a second person. Raises Refused where nothing changes or what the linter finds blocks it."""
    review, now = RuleDraft.State.REVIEW, ClockTimestamp()
    with transaction.atomic():
        _move(draft, RuleDraft.State.OPEN, state=review, submitted_at=now, returned="")
        if not draft.rules.exists():
            raise Refused("nothing_changes", _("The draft changes nothing yet."))
        findings.check_sound(draft)
        has_a_hand_in(draft, by)
        record(by, "rules.draft_submitted", on=draft)
        foretelling.to_be_foretold(draft)
    draft.refresh_from_db()


def give_back(draft: RuleDraft, by: Person, remark: str) -> None:
    """To its author, who may change it again."""
    with transaction.atomic():
        _move(draft, RuleDraft.State.REVIEW, state=RuleDraft.State.OPEN, returned=remark)
        if not remark.strip():
            raise Refused("no_remark", _("Say what should be changed."), field="remark")
        record(by, "rules.draft_returned", on=draft, remark=remark[:500])
    draft.refresh_from_db()


def publish(draft: RuleDraft, by: Person, override_reason: str = "", *, seen: str = "") -> RuleBaseVersion:
    """The next rule base version, in one transaction. `seen` is the digest of what the page showed. Raises Refused."""
    if draft.writers.filter(person=by).exists():
        raise Refused("own_draft", _("A second person has to publish: you had a hand in this draft."))
    content = digest_of_draft(draft)
    if not is_rule_owner(by):
        raise Refused("no_rule_owner", _("Only a rule owner of the installation may publish."))
    findings.check_sound(draft)
    findings.check_acknowledged(draft, by)
    objections = [objection for found in objections_to(draft, by) for objection in found]
    if objections and not override_reason.strip():
        raise Refused("objections", " ".join(objections), field="override_reason")
    with transaction.atomic():
        publishing.take_turn()
        # Without the lock somebody could change the draft after its content was compared with what the page showed.
        locked = RuleDraft.objects.select_for_update(of=("self",)).select_related("author").get(pk=draft.pk)
        if locked.state != RuleDraft.State.REVIEW:
            raise Refused("not_in_review", _("Only a draft in review can be published."))
        if digest_of_draft(locked) != content or (seen and seen != content):
            changed = _("Somebody has changed the draft since you opened it: look at it again.")
            raise Refused("changed_since", changed)
        if not locked.author.is_active:
            gone = _("The author's account is deactivated: take the draft over first.")
            raise Refused("author_gone", gone)
        rule_base = _publish(locked, by)
        RuleDraft.objects.filter(pk=draft.pk).update(
            state=RuleDraft.State.PUBLISHED,
            approver=by,
            published_as=rule_base,
            decided_at=ClockTimestamp(),
            override_reason=override_reason if objections else "",
        )
        record(
            by,
            "rules.published",
            on=draft,
            rule_base=rule_base.number,
            rules=[held.code for held in locked.rules.all()],
            overridden=len(objections),
        )
    draft.refresh_from_db()
    return rule_base


def outdated(draft: RuleDraft) -> list[str]:
    """Rules of the draft that were published anew since it was begun: it would take that back unseen."""
    now = {version.rule.code: version.pk for version in publishing.current_versions().values()}
    return [held.code for held in draft.rules.all() if held.before_id != now.get(held.code)]


def rebase(draft: RuleDraft, by: Person) -> list[str]:
    """Begin from the newest rule base version instead; answers with the rules to look at again, now shown against it.

    A draft in review stays there unless one of its own rules was published anew.
    """
    newest = publishing.newest()
    assert newest is not None, "a draft has a base"
    with transaction.atomic():
        # Without the lock the draft could be published from its old base meanwhile, and then be set back to review.
        locked = RuleDraft.objects.select_for_update().get(pk=draft.pk)
        if locked.state not in (RuleDraft.State.OPEN, RuleDraft.State.REVIEW):
            raise ended()
        changed = outdated(draft)
        now = publishing.current_versions()
        for held in draft.rules.filter(code__in=changed):
            DraftedRule.objects.filter(pk=held.pk).update(before=now.get(held.code))
        state = RuleDraft.State.OPEN if changed else locked.state
        RuleDraft.objects.filter(pk=draft.pk).update(base=newest, state=state)
        record(by, "rules.draft_rebased", on=draft, base=newest.number, rules=changed)
        draft.refresh_from_db()
        if state == RuleDraft.State.REVIEW:
            foretelling.to_be_foretold(draft)
    return changed


def foretell(draft: RuleDraft, by: Person) -> int:
    """Ask anew where what it would change is not known; how many projects that were."""
    if draft.state != RuleDraft.State.REVIEW:
        raise Refused("not_in_review", _("Only of a draft in review is asked what it would change."))
    with transaction.atomic():
        asked = sum(foretelling.to_be_foretold(draft))
        if asked:
            record(by, "rules.replay_asked", on=draft, projects=asked)
    return asked


def _publish(draft: RuleDraft, by: Person) -> RuleBaseVersion:
    newest = publishing.newest()
    if newest is not None and newest.pk != draft.base_id:  # what was reviewed and tested would not be what is published
        moved_on = _("The rule base has moved on since this draft was begun: begin from the newest version.")
        raise Refused("moved_on", moved_on)
    current = publishing.current_versions()
    specs = {spec.code: spec for spec in specs_of(draft)}
    for held in draft.rules.select_related("before", "updated_by"):
        if held.retires:
            current.pop(held.code, None)
            continue
        spec = specs[held.code]
        rule, _new = Rule.objects.get_or_create(code=held.code, defaults={"owner": draft.author})
        current[held.code] = RuleVersion.objects.create(
            rule=rule,
            number=spec.version,
            dimension=spec.dimension.value,
            body=body_of(spec),
            body_sha256=digest_of(body_of(spec)),
            origin=RuleVersion.Origin.PEOPLE,
            author=held.updated_by,
            approver=by,
        )
    number = publishing.pin(current, draft.title, draft)
    rule_base = publishing.rule_base_numbered(number)
    assert rule_base is not None, "it has just been pinned"
    return rule_base


def _move(draft: RuleDraft, wanted: str, **changes: Any) -> None:
    # Without the state in the update a draft that is published or withdrawn in this moment would be open or in review again.
    if not RuleDraft.objects.filter(pk=draft.pk, state=wanted).update(**changes):
        raise Refused("other_state", _("The draft is in another state by now: look at it again."))
