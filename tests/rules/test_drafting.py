"""A draft changes nothing until it is published; two who save the same rule do not overwrite each other."""

from __future__ import annotations

from typing import Any

import pytest

from projects.refusals import Refused
from relevance.rules import RuleError
from rules import drafting, publishing
from rules.models import RuleDraft, RuleVersion
from rules.publishing import Loaded, body_of
from tests.conftest import Cast
from tests.rules.conftest import spec, worded


@pytest.fixture
def draft(pack: Loaded, cast: Cast) -> RuleDraft:
    base = publishing.newest()
    assert base is not None
    return drafting.start(base, "Colours", "Shades count as matches", cast.rosa)


def body(**changes: Any) -> dict[str, Any]:
    return body_of(spec(**changes))


def test_a_draft_starts_as_its_base(draft: RuleDraft) -> None:
    assert drafting.specs_of(draft) == publishing.specs(draft.base)


def test_a_changed_rule_stands_in_the_draft_with_the_next_version_and_nowhere_else(
    draft: RuleDraft, cast: Cast
) -> None:
    drafting.change(draft, "R-001", body(precedence=77), 0, cast.rosa)
    (changed,) = [one for one in drafting.specs_of(draft) if one.code == "R-001"]
    assert (changed.precedence, changed.version) == (77, 2)
    assert [one.precedence for one in publishing.specs(publishing.newest()) if one.code == "R-001"] != [77]
    assert RuleVersion.objects.count() == 3


def test_a_new_rule_gets_a_code_that_nobody_has(draft: RuleDraft, cast: Cast) -> None:
    assert drafting.next_code() == "R-500"
    drafting.change(draft, "R-500", body(), 0, cast.rosa)
    assert drafting.next_code() == "R-501"
    assert [one.code for one in drafting.specs_of(draft)] == ["R-001", "R-002", "R-003", "R-500"]


def test_a_retired_rule_is_not_in_the_drafts_set_until_it_is_taken_back(draft: RuleDraft, cast: Cast) -> None:
    drafting.retire(draft, "R-002", cast.rosa)
    assert [one.code for one in drafting.specs_of(draft)] == ["R-001", "R-003"]
    drafting.take_back(draft, "R-002", cast.rosa)
    assert len(drafting.specs_of(draft)) == 3


def test_who_saves_over_an_older_revision_is_refused_and_the_newer_stays(draft: RuleDraft, cast: Cast) -> None:
    drafting.change(draft, "R-001", body(precedence=71), 0, cast.rosa)
    with pytest.raises(Refused, match="since you opened it"):
        drafting.change(draft, "R-001", body(precedence=72), 0, cast.lena)
    drafting.change(draft, "R-001", body(precedence=73), 1, cast.lena)
    assert draft.rules.get().body["precedence"] == 73


def test_a_rule_that_cannot_be_read_is_refused_with_its_field(draft: RuleDraft, cast: Cast) -> None:
    with pytest.raises(RuleError, match="R-001: label"):
        drafting.change(draft, "R-001", {**body(), "label": "L9"}, 0, cast.rosa)
    assert not draft.rules.exists()


def test_the_digest_names_exactly_what_the_draft_changes(draft: RuleDraft, cast: Cast) -> None:
    empty = drafting.digest_of_draft(draft)
    drafting.change(draft, "R-001", body(precedence=71), 0, cast.rosa)
    changed = drafting.digest_of_draft(draft)
    drafting.take_back(draft, "R-001", cast.rosa)
    assert changed != empty == drafting.digest_of_draft(draft)


def test_a_withdrawn_draft_is_closed(draft: RuleDraft, cast: Cast) -> None:
    drafting.withdraw(draft, cast.rosa)
    for act in (
        lambda: drafting.change(draft, "R-001", body(), 0, cast.rosa),
        lambda: drafting.retire(draft, "R-001", cast.rosa),
        lambda: drafting.withdraw(draft, cast.rosa),
    ):
        with pytest.raises(Refused):
            act()


def test_a_pack_brings_what_differs_and_lists_what_cannot_be_read(draft: RuleDraft, cast: Cast) -> None:
    from rules.packs import dump_pack

    same = spec("R-002", dimension="brand", title={"en": "Another brand", "zh": "品牌不符"})
    text = dump_pack([spec("R-001", 5, precedence=88), same])
    brought = drafting.bring_pack(draft, text + "  - code: R-9\n", cast.rosa)
    assert (brought.changed, brought.same, len(brought.problems)) == (("R-001",), 1, 1)
    assert "R-9" in brought.problems[0]


# translations


def test_the_language_that_did_not_follow_is_marked_as_older(pack: Loaded) -> None:
    before = spec("R-001")
    english = spec("R-001", statement={**before.statement, "en": "Another colour is a mismatch."})
    assert drafting.with_translation_mark(english, before, checked=False).behind == "zh"
    assert drafting.with_translation_mark(english, before, checked=True).behind == ""
    both = spec("R-001", statement=worded("Both moved."))
    assert drafting.with_translation_mark(both, before, checked=False).behind == ""
    assert drafting.with_translation_mark(before, before, checked=False).behind == ""


def test_a_mark_stays_until_the_older_language_follows() -> None:
    behind = spec("R-001", behind="zh")
    same = drafting.with_translation_mark(behind, behind, checked=False)
    followed = spec("R-001", statement={**behind.statement, "zh": "新的说法"}, behind="zh")
    assert (same.behind, drafting.with_translation_mark(followed, behind, checked=False).behind) == ("zh", "")
