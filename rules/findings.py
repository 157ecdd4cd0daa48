"""What the linter finds stands between a draft and its publication.

What concerns a rule that the draft changes counts, and what the draft's base did not have. Cases that contradict each other,
fail or are missing altogether block: the draft is not submitted and not published. Everything else somebody has to decide: who
publishes says of each finding that they have looked at it, which is kept with the very content that they looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from projects.audit import record
from projects.models import Person
from projects.refusals import Refused
from relevance.rules import RuleSpec
from rules.drafting import digest_of_draft, specs_of
from rules.linting import Finding, lint
from rules.models import FindingAcknowledged, RuleBaseVersion, RuleDraft
from rules.publishing import digest_of, specs

BLOCKING = ("contradictory_cases", "failing_case")
TOLD = 10


class DraftFindings(NamedTuple):
    """`blocking`: the author mends them; `others`: the second person acknowledges them."""

    blocking: tuple[Finding, ...]
    others: tuple[Finding, ...]


def of_draft(draft: RuleDraft) -> DraftFindings:
    changed = set(draft.rules.values_list("code", flat=True))
    found = of_content(draft)
    now, before = Counter(map(key, found)), _keys_of_base(draft.base.pk, draft.base.digest)
    concerning = [one for one in found if changed & set(one.rules) or now[key(one)] > before.get(key(one), 0)]
    return DraftFindings(
        tuple(one for one in concerning if _blocks(one)), tuple(one for one in concerning if not _blocks(one))
    )


def of_content(draft: RuleDraft) -> tuple[Finding, ...]:
    """All that the linter says of the draft as it is now."""
    digest, together = digest_of_draft(draft), specs_of(draft)
    if digest_of_draft(draft) != digest:  # changed while it was read: nobody knows which of the two was
        return lint(together)
    return _linted(_Content(digest, get_language() or "", together))


def of_base(rule_base: RuleBaseVersion | None) -> tuple[Finding, ...]:
    digest = rule_base.digest if rule_base is not None else ""
    return _linted(_Content(digest, get_language() or "", specs(rule_base)))


@dataclass(frozen=True)
class _Content:
    digest: str
    language: str
    specs: Sequence[RuleSpec] = field(compare=False)


@lru_cache(maxsize=16)
def _linted(content: _Content) -> tuple[Finding, ...]:
    """Content never changes under its digest. Without the cache whoever asks for the page of a large draft again and again would
    hold a thread for a second each time."""
    return lint(content.specs)


def key(finding: Finding) -> str:
    """The same in every language; of one draft's content it names one finding, or several that stand and fall together."""
    return digest_of([finding.kind, finding.rules, finding.case])


def check_sound(draft: RuleDraft) -> None:
    """Raises Refused with what blocks the draft."""
    if blocking := of_draft(draft).blocking:
        _refuse("unsound", blocking)


def acknowledge(draft: RuleDraft, by: Person, keys: Collection[str]) -> None:
    """`by` has looked at these findings of the draft as it is now; what is none of them, or known already, changes nothing."""
    content, chosen = digest_of_draft(draft), set(keys)
    new = [one for one in unacknowledged(draft, by) if key(one) in chosen]
    if not new:
        return
    with transaction.atomic():
        FindingAcknowledged.objects.bulk_create(
            [
                FindingAcknowledged(
                    draft=draft, person=by, content=content, key=key(one), kind=one.kind, rules=" ".join(one.rules)
                )
                for one in {key(one): one for one in new}.values()
            ],
            ignore_conflicts=True,  # of two clicks at once the first counts
        )
        record(
            by, "rules.findings_acknowledged", on=draft, findings=[f"{one.kind} {' '.join(one.rules)}" for one in new]
        )


def check_acknowledged(draft: RuleDraft, by: Person) -> None:
    """Raises Refused with what the person has not looked at yet."""
    if left := unacknowledged(draft, by):
        _refuse("findings_open", left)


def unacknowledged(draft: RuleDraft, by: Person) -> tuple[Finding, ...]:
    others = of_draft(draft).others
    known = set(acknowledged(draft).filter(person=by).values_list("key", flat=True))
    return tuple(one for one in others if key(one) not in known)


def acknowledged(draft: RuleDraft) -> QuerySet[FindingAcknowledged]:
    """For the draft's present content: what was said of an earlier one counts for nothing."""
    rows = FindingAcknowledged.objects.filter(draft=draft, content=digest_of_draft(draft))
    return rows.select_related("person").order_by("pk")


def _blocks(finding: Finding) -> bool:
    return finding.kind in BLOCKING or (finding.kind == "caseless" and finding.severity == "error")


def _refuse(code: str, found: Sequence[Finding]) -> None:
    said = "; ".join(one.message for one in found[:TOLD])
    if code == "unsound":
        raise Refused("unsound", _("Mend first what the linter finds: %(findings)s"), findings=said)
    raise Refused(
        "findings_open",
        _("Say of each finding of the linter that you have looked at it: %(findings)s"),
        status=409,
        field="finding",
        findings=said,
    )


@lru_cache(maxsize=16)
def _keys_of_base(rule_base_id: int, _digest: str) -> Counter[str]:
    """A rule base version never changes, so a process reads it once."""
    return Counter(map(key, lint(specs(RuleBaseVersion.objects.get(pk=rule_base_id)))))
