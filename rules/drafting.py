"""Drafts: changes to the rules of one rule base version, put together until a second person can look at them.

A draft holds only what it changes; `specs_of` puts it together with its base. Whoever saves a change names the revision
they read: a change that somebody else has saved since is refused, not overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Count, Func, IntegerField, Max, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from database.clock import ClockTimestamp
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person
from projects.refusals import Refused
from relevance import rule_sizes
from relevance.rules import LANGUAGES, RuleSpec, parse_rule
from rules.models import DraftedRule, DraftWriter, Rule, RuleBaseVersion, RuleDraft, RuleVersion
from rules.packs import load_pack
from rules.publishing import body_of, digest_of, specs

FIRST_OF_PEOPLE = 500  # codes below are for shipped packs
DRAFTS = Allowance("rules.draft", 60, gettext_lazy("drafts of rules"))
CHANGES = Allowance("rules.change", 1000, gettext_lazy("changes of rules in drafts"))
MOST_CHANGES = 200  # rules that one draft changes
MOST_CASES = 1000  # worked cases of these: each is held against the whole standard whenever the draft is opened


def start(base: RuleBaseVersion, title: str, why: str, by: Person) -> RuleDraft:
    """A draft from any rule base version, the newest or an older one."""
    with transaction.atomic():
        allowances.spend(DRAFTS, by)
        draft = RuleDraft.objects.create(base=base, title=title[:120], why=why, author=by)
        has_a_hand_in(draft, by)
        record(by, "rules.draft_started", on=draft, title=draft.title, base=base.number)
    return draft


def change(draft: RuleDraft, code: str, data: Mapping[str, Any], revision: int, by: Person) -> DraftedRule:
    """Save a rule as the draft wants it: `data` in the pack's form without code and version.

    `revision` is the one that was read, 0 where the draft did not hold the rule yet. Raises Refused, RuleError.
    """
    before = base_version(draft, code)
    spec = parse_rule({**data, "code": code, "version": next_number(code)})
    rule_sizes.check(spec)
    body = body_of(spec)
    with transaction.atomic():
        _still_open(draft)
        allowances.spend(CHANGES, by)
        # Without a lock (the draft's is held already) two who save a rule at once would both find the revision that they read,
        # and the words of the first would be lost.
        held = DraftedRule.objects.select_for_update().filter(draft=draft, code=code).first()
        if (held.revision if held else 0) != revision:
            raise Refused("saved_since", _("Somebody has saved this rule since you opened it: look at it again."))
        if held is None:
            held = DraftedRule.objects.create(draft=draft, code=code, before=before, body=body, updated_by=by)
        else:
            held.body, held.retires, held.updated_by = body, False, by
            held.revision += 1
            held.save(update_fields=["body", "retires", "updated_by", "revision"])
            DraftedRule.objects.filter(pk=held.pk).update(updated_at=ClockTimestamp())
        _check_size(draft)
        has_a_hand_in(draft, by)
        record(by, "rules.draft_changed", on=draft, rule=code, revision=held.revision)
    return held


def _check_size(draft: RuleDraft) -> None:
    cases = Func("body__cases", function="jsonb_array_length", output_field=IntegerField())
    of_all = draft.rules.aggregate(changes=Count("pk"), cases=Sum(cases))
    if of_all["changes"] > MOST_CHANGES or of_all["cases"] > MOST_CASES:
        raise Refused(
            "draft_full",
            _("A draft changes at most %(changes)s rules with %(cases)s worked cases: begin another for the rest."),
            changes=MOST_CHANGES,
            cases=MOST_CASES,
        )


def retire(draft: RuleDraft, code: str, by: Person) -> DraftedRule:
    """The next rule base version will not hold this rule; its versions stay."""
    before = base_version(draft, code)
    if before is None:
        raise Refused("no_such_rule", _("The draft's rule base does not hold %(rule)s."), rule=code)
    with transaction.atomic():
        _still_open(draft)
        held, new = DraftedRule.objects.get_or_create(
            draft=draft,
            code=code,
            defaults={"before": before, "body": before.body, "retires": True, "updated_by": by},
        )
        if not new:  # a form that was opened before is refused
            held.body, held.retires, held.updated_by = before.body, True, by
            held.revision += 1
            held.save(update_fields=["body", "retires", "updated_by", "revision"])
        _check_size(draft)
        has_a_hand_in(draft, by)
        record(by, "rules.draft_retires", on=draft, rule=code)
    return held


def take_back(draft: RuleDraft, code: str, by: Person) -> None:
    """The draft leaves this rule as its base has it."""
    with transaction.atomic():
        _still_open(draft)
        DraftedRule.objects.filter(draft=draft, code=code).delete()
        has_a_hand_in(draft, by)
        record(by, "rules.draft_took_back", on=draft, rule=code)


def withdraw(draft: RuleDraft, by: Person) -> None:
    with transaction.atomic():
        # Without the lock a draft could be withdrawn and published at once.
        held = RuleDraft.objects.select_for_update().get(pk=draft.pk)
        if held.state not in (RuleDraft.State.OPEN, RuleDraft.State.REVIEW):
            raise ended()
        RuleDraft.objects.filter(pk=draft.pk).update(state=RuleDraft.State.WITHDRAWN, decided_at=ClockTimestamp())
        record(by, "rules.draft_withdrawn", on=draft)
    draft.refresh_from_db()


def ended() -> Refused:
    return Refused("ended", _("This draft has ended."))


@dataclass(frozen=True)
class BroughtPack:
    """What a pack brought into a draft: rules that differ from the base's, and those that could not be read."""

    changed: tuple[str, ...]
    same: int
    problems: tuple[str, ...]


def bring_pack(draft: RuleDraft, text: str, by: Person) -> BroughtPack:
    """The rules of a pack as changes of the draft; good ones go in, bad ones are listed."""
    pack = load_pack(text)
    known = {spec.code: body_of(spec) for spec in specs(draft.base)}
    changed, same = [], 0
    with transaction.atomic():
        _still_open(draft)
        for spec in pack.rules:
            body = body_of(spec)
            if known.get(spec.code) == body:
                same += 1
                continue
            held = DraftedRule.objects.filter(draft=draft, code=spec.code).first()
            change(draft, spec.code, body, held.revision if held else 0, by)
            changed.append(spec.code)
    return BroughtPack(tuple(changed), same, pack.problems)


def specs_of(draft: RuleDraft) -> tuple[RuleSpec, ...]:
    """The rules as they would be after publication, by code."""
    found = {spec.code: spec for spec in specs(draft.base)}
    changes = list(draft.rules.all())
    numbers = next_numbers([held.code for held in changes])
    for held in changes:
        if held.retires:
            found.pop(held.code, None)
        else:
            found[held.code] = spec_of(held, numbers[held.code])
    return tuple(found[code] for code in sorted(found))


def spec_of(held: DraftedRule, number: int) -> RuleSpec:
    return parse_rule({**held.body, "code": held.code, "version": number})


def digest_of_draft(draft: RuleDraft) -> str:
    """Of the base and everything the draft changes: what a back-test names as tested."""
    rows = draft.rules.order_by("code").values_list("code", "body", "retires")
    return digest_of([draft.base.digest, [[code, body, retires] for code, body, retires in rows]])


def base_version(draft: RuleDraft, code: str) -> RuleVersion | None:
    return RuleVersion.objects.filter(rule_bases=draft.base, rule__code=code).first()


def next_number(code: str) -> int:
    return next_numbers([code])[code]


def next_numbers(codes: Sequence[str]) -> dict[str, int]:
    """The number that the next version of each rule gets."""
    rows = RuleVersion.objects.filter(rule__code__in=codes).values_list("rule__code")
    most = dict(rows.annotate(most=Max("number")))
    return {code: most.get(code, 0) + 1 for code in codes}


def next_code() -> str:
    """A code that no rule and no change of any draft has."""
    taken = {*Rule.objects.values_list("code", flat=True), *DraftedRule.objects.values_list("code", flat=True)}
    number = FIRST_OF_PEOPLE
    while f"R-{number}" in taken:
        number += 1
    return f"R-{number}"


def with_translation_mark(spec: RuleSpec, before: RuleSpec | None, *, checked: bool) -> RuleSpec:
    """Marks the language that did not follow when the other's words changed; `checked` says it needed no change."""
    if before is None or checked:
        return replace(spec, behind="")
    moved = {
        language
        for language in LANGUAGES
        if (spec.title[language], spec.statement[language], spec.principle.get(language, ""))
        != (before.title[language], before.statement[language], before.principle.get(language, ""))
    }
    if len(moved) != 1:
        return replace(spec, behind="" if moved else before.behind)
    (newer,) = moved
    older = next(language for language in LANGUAGES if language != newer)
    return replace(spec, behind="" if before.behind == newer else older)


def has_a_hand_in(draft: RuleDraft, person: Person) -> None:
    """From now on somebody else has to publish it."""
    DraftWriter.objects.get_or_create(draft=draft, person=person)


def _still_open(draft: RuleDraft) -> None:
    # Without the lock a change could still get into a draft that is being published, unseen by the second person.
    state = RuleDraft.objects.select_for_update().values_list("state", flat=True).get(pk=draft.pk)
    if state != RuleDraft.State.OPEN:
        raise Refused("not_open", _("This draft is not open for changes any more."))
