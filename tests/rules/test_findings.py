"""What the linter finds stands between a draft and its publication: mended, or looked at by whoever publishes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import Error, transaction
from django.test import Client
from django.utils import translation

from projects.models import AuditEvent, Person
from projects.refusals import Refused
from relevance.rules import RuleSpec
from rules import drafting, findings, publishing, reviewing
from rules.linting import Finding, lint
from rules.models import FindingAcknowledged, RuleDraft
from rules.publishing import Loaded, body_of, publish_pack
from tests.conftest import Cast
from tests.rules.conftest import spec
from tests.world.rows import RULE_BODY

CASES: list[dict[str, Any]] = RULE_BODY["cases"]
CONTRADICTING = {**CASES[0], "label": "L1"}
FAILING = {"query": "red dress", "item": {"title": "Dress", "cpv": {"colour": "blue"}}, "label": "L4"}


@pytest.fixture
def second() -> Person:
    return Person.objects.create_person("second-owner", is_rule_owner=True)


@pytest.fixture
def draft(pack: Loaded, cast: Cast) -> RuleDraft:
    base = publishing.newest()
    assert base is not None
    return drafting.start(base, "Colours", "", cast.rosa)


def changed(draft: RuleDraft, by: Person, code: str = "R-001", revision: int = 0, **changes: Any) -> RuleDraft:
    drafting.change(draft, code, body_of(spec(code, **changes)), revision, by)
    return draft


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ([], "R-001: no worked case"),
        ([*CASES, FAILING], "case 4 of R-001: L2 instead of L4, decided by R-001"),
        ([*CASES, CONTRADICTING], "“red mug” × “Mug” is L2 in R-001 and L1 in R-001"),
    ],
    ids=["missing", "failing", "contradicting"],
)
def test_cases_that_contradict_fail_or_are_missing_block_the_draft(
    cases: list[dict[str, Any]], said: str, draft: RuleDraft, cast: Cast, second: Person
) -> None:
    changed(draft, cast.rosa, cases=cases)
    with pytest.raises(Refused) as refused:
        reviewing.submit(draft, cast.rosa)
    assert refused.value.code == "unsound" and said in str(refused.value)
    draft.refresh_from_db()
    assert draft.state == "open"
    RuleDraft.objects.filter(pk=draft.pk).update(state="review")  # as a draft of before the rule was
    draft.refresh_from_db()
    with pytest.raises(Refused, match="Mend first"):
        reviewing.publish(draft, second)


def test_what_a_draft_breaks_in_a_rule_that_it_does_not_change_blocks_it_too(draft: RuleDraft, cast: Cast) -> None:
    """Without the one that outranks it, R-002's case gets another label."""
    changed(
        draft, cast.rosa, effect="label", label="L1", precedence=90, cases=[{**one, "label": "L1"} for one in CASES[:1]]
    )
    with pytest.raises(Refused, match="of R-002: L1 instead of L2"):
        reviewing.submit(draft, cast.rosa)


def test_what_the_base_had_already_and_the_draft_does_not_touch_is_nobodys_to_mend(cast: Cast, second: Person) -> None:
    publish_pack([spec("R-001"), spec("R-002", cases=[])])
    base = publishing.newest()
    assert base is not None
    draft = changed(drafting.start(base, "Colours", "", cast.rosa), cast.rosa, precedence=77)
    assert findings.of_draft(draft) == ((), ())
    reviewing.submit(draft, cast.rosa)
    assert reviewing.publish(draft, second).number == 2


def test_every_other_finding_is_acknowledged_by_whoever_publishes(draft: RuleDraft, cast: Cast, second: Person) -> None:
    changed(draft, cast.rosa, cases=CASES[:2], behind="zh")
    reviewing.submit(draft, cast.rosa)
    few, older = findings.of_draft(draft).others
    assert (few.kind, older.kind) == ("caseless", "untranslated")
    third = Person.objects.create_person("third-owner", is_rule_owner=True)
    findings.acknowledge(draft, third, [findings.key(few), findings.key(older)])
    findings.acknowledge(draft, second, [findings.key(few), "no such finding"])
    with pytest.raises(Refused) as refused:
        reviewing.publish(draft, second)
    assert (refused.value.code, refused.value.status) == ("findings_open", 409)
    assert older.message in str(refused.value) and few.message not in str(refused.value)
    findings.acknowledge(draft, second, [findings.key(one) for one in (few, older)] * 2)
    assert reviewing.publish(draft, second).number == 2
    kept = FindingAcknowledged.objects.filter(person=second)
    assert sorted(kept.values_list("kind", "rules")) == [("caseless", "R-001"), ("untranslated", "R-001")]
    events = AuditEvent.objects.filter(act="rules.findings_acknowledged", actor=second).order_by("pk")
    assert [event.detail["findings"] for event in events] == [["caseless R-001"], ["untranslated R-001"]]


def test_a_change_of_the_draft_asks_anew(draft: RuleDraft, cast: Cast, second: Person) -> None:
    changed(draft, cast.rosa, cases=CASES[:2])
    findings.acknowledge(draft, second, [findings.key(one) for one in findings.of_draft(draft).others])
    assert findings.unacknowledged(draft, second) == ()
    changed(draft, cast.rosa, revision=1, cases=CASES[:2], precedence=66)
    assert len(findings.unacknowledged(draft, second)) == 1


def test_a_finding_is_the_same_in_every_language(draft: RuleDraft, cast: Cast, second: Person) -> None:
    changed(draft, cast.rosa, cases=CASES[:2])
    with translation.override("zh-hans"):
        findings.acknowledge(draft, second, [findings.key(one) for one in findings.of_draft(draft).others])
    assert findings.unacknowledged(draft, second) == ()


def test_what_was_acknowledged_stays_on_record(draft: RuleDraft, cast: Cast, second: Person) -> None:
    changed(draft, cast.rosa, cases=CASES[:2])
    findings.acknowledge(draft, second, [findings.key(one) for one in findings.of_draft(draft).others])
    for statement in (FindingAcknowledged.objects.all().delete, lambda: FindingAcknowledged.objects.update(kind="gap")):
        with pytest.raises(Error), transaction.atomic():
            statement()


def test_the_findings_of_a_draft_are_worked_out_once(
    draft: RuleDraft, cast: Cast, monkeypatch: pytest.MonkeyPatch, client_for: Callable[[Person], Client]
) -> None:
    changed(draft, cast.rosa, cases=[*CASES, FAILING])
    asked: list[int] = []

    def counting(rules: Sequence[RuleSpec]) -> tuple[Finding, ...]:
        asked.append(len(rules))
        return lint(rules)

    monkeypatch.setattr(findings, "lint", counting)
    rosa = client_for(cast.rosa)
    for address in (f"/rules/drafts/{draft.pk}/", f"/rules/findings/?draft={draft.pk}", f"/rules/drafts/{draft.pk}/"):
        assert "case 4 of R-001" in rosa.get(address).content.decode()
    assert len(asked) <= 2  # of the draft, and of what it is based on
    changed(draft, cast.rosa, revision=1, cases=CASES)
    assert "case 4 of R-001" not in rosa.get(f"/rules/findings/?draft={draft.pk}").content.decode()
