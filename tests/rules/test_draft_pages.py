"""A rule changed in the browser: drafted by one rule owner, seen, and published by another; talked about by anyone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from projects.models import AuditEvent, Person
from relevance.rules import RuleError, parse_rule
from rules import differing, drafting, publishing
from rules.models import Rule, RuleDraft, RuleRemark
from rules.packs import dump_pack, load_pack
from rules.publishing import Loaded
from rules.rule_forms import data_of, initial_cases, initial_of
from tests.conftest import Cast
from tests.rules.conftest import spec

ClientFor = Callable[[Person], Client]


@pytest.fixture
def second() -> Person:
    return Person.objects.create_person("second-owner", is_rule_owner=True)


@pytest.fixture
def draft(pack: Loaded, cast: Cast) -> RuleDraft:
    base = publishing.newest()
    assert base is not None
    return drafting.start(base, "Colours", "Shades", cast.rosa)


def form_of(rule: Any, revision: int = 0, **changes: str) -> dict[str, str]:
    """What a browser would send for a rule that is shown and saved as it is."""
    shown = initial_of(rule, revision)
    fields = {name: ", ".join(value) if isinstance(value, list) else str(value or "") for name, value in shown.items()}
    fields["precedence"] = str(shown["precedence"])
    fields["revision"] = str(revision)
    cases = initial_cases(rule)
    fields |= {"cases-TOTAL_FORMS": str(len(cases)), "cases-INITIAL_FORMS": str(len(cases))}
    for number, case in enumerate(cases):
        fields |= {f"cases-{number}-{name}": value for name, value in case.items()}
    return {**fields, **changes}


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:2000]
    return str(response.content.decode())


def test_a_rule_goes_from_its_page_through_a_draft_to_the_next_version(
    pack: Loaded, cast: Cast, second: Person, client_for: ClientFor
) -> None:
    owner, other = client_for(cast.rosa), client_for(second)
    assert "?rule=R-001" in text(owner.get(reverse("rule", args=["R-001"])))
    started = owner.post(reverse("rule-drafts"), {"title": "Shades", "why": "", "base": "1", "rule": "R-001"})
    draft = RuleDraft.objects.get()
    assert started.url == reverse("drafted-rule", args=[draft.pk, "R-001"])
    text(owner.get(started.url))
    saved = owner.post(started.url, form_of(spec(), statement_en="Another shade is a mismatch too."))
    assert saved.url == reverse("rule-draft", args=[draft.pk])
    page = text(owner.get(saved.url))
    assert "<ins>" in page and "<del>" in page and "Chinese is older" in page
    act = reverse("rule-draft-act", args=[draft.pk])
    assert owner.post(act, {"act": "submit"}).status_code == 302
    assert "second person" in text(owner.post(act, {"act": "publish"}), 422)
    refused = text(other.post(act, {"act": "publish"}), 409)
    assert "Say of each finding of the linter that you have looked at it: R-001: one language is older" in refused
    (finding,) = re.findall(r'name="finding" value="(\w+)"', refused)
    assert other.post(act, {"act": "acknowledge", "finding": [finding]}).status_code == 302
    assert "you have looked at it" in text(other.get(saved.url))
    assert other.post(act, {"act": "publish"}).status_code == 302
    draft.refresh_from_db()
    assert (draft.state, draft.approver, draft.published_as and draft.published_as.number) == ("published", second, 2)
    assert "Another shade" in text(owner.get(reverse("rule", args=["R-001"])))
    differences = text(owner.get(reverse("rule-base-diff")))
    assert "statement.en" in differences and "Shades" in differences
    assert AuditEvent.objects.filter(act="rules.published", actor=second).count() == 1


def test_a_form_saved_as_it_is_shown_changes_nothing(pack: Loaded) -> None:
    rich = spec(
        principle={"en": "a", "zh": "一"},
        scope=["dress", "连衣裙"],
        queries=["red"],
        valid_from="2026-01-01",
        cases=[
            {
                "query": "red dress",
                "item": {"title": "Dress", "cpv": {"colour": "blue"}, "skus": ["M, wide", "L"], "shop": "Ox"},
                "label": "L2",
            }
        ],
    )
    from rules.rule_forms import CaseForms, RuleForm

    fields = form_of(rich)
    form, cases = RuleForm(fields), CaseForms(fields, prefix="cases")
    assert form.is_valid() and cases.is_valid(), (form.errors, cases.errors)
    assert data_of(form.cleaned_data, cases.cleaned_data) == publishing.body_of(rich)


def test_a_field_that_cannot_be_read_keeps_what_was_typed(draft: RuleDraft, cast: Cast, client_for: ClientFor) -> None:
    url = reverse("drafted-rule", args=[draft.pk, "R-001"])
    page = text(
        client_for(cast.rosa).post(url, form_of(spec(), condition="row: {colour: red}", title_en="My words")), 422
    )
    assert "unknown property" in page and "My words" in page
    page = text(client_for(cast.rosa).post(url, {**form_of(spec()), "cases-0-attributes": "red"}), 422)
    assert "name: value" in page
    assert not draft.rules.exists()


def test_who_saves_over_a_newer_revision_is_told(draft: RuleDraft, cast: Cast, client_for: ClientFor) -> None:
    url = reverse("drafted-rule", args=[draft.pk, "R-001"])
    client = client_for(cast.rosa)
    assert client.post(url, form_of(spec(), precedence="71")).status_code == 302
    assert "since you opened it" in text(client.post(url, form_of(spec(), precedence="72")), 422)


def test_the_page_as_it_is_shown_can_be_saved_with_its_empty_rows(
    draft: RuleDraft, cast: Cast, client_for: ClientFor
) -> None:
    client, url = client_for(cast.rosa), reverse("drafted-rule", args=[draft.pk, "R-001"])
    shown = client.get(url).context
    fields = {
        name: "" if shown["form"][name].value() is None else shown["form"][name].value()
        for name in shown["form"].fields
        if name != "condition"
    }
    fields |= {"condition": shown["text"], "scope": "", "queries": "", "checked": "", "precedence": "71"}
    for name in ("TOTAL_FORMS", "INITIAL_FORMS"):
        fields[f"cases-{name}"] = shown["cases"].management_form[name].value()
    for row in shown["cases"]:
        fields |= {row[name].html_name: row[name].value() or "" for name in row.fields if name != "DELETE"}
    saved = client.post(url, fields)
    assert saved.status_code == 302, [
        saved.context["form"].errors,
        saved.context["cases"].errors,
        saved.context["refusal"],
    ]
    assert draft.rules.get().body == {**publishing.body_of(spec()), "precedence": 71}


def test_a_new_rule_is_added_and_one_is_retired(draft: RuleDraft, cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.rosa)
    text(client.get(reverse("drafted-rule", args=[draft.pk, "new"])))
    assert client.post(reverse("drafted-rule", args=[draft.pk, "R-500"]), form_of(spec())).status_code == 302
    client.post(reverse("rule-draft-act", args=[draft.pk]), {"act": "retire", "rule": "R-003"})
    assert [one.code for one in drafting.specs_of(draft)] == ["R-001", "R-002", "R-500"]
    page = text(client.get(reverse("rule-draft", args=[draft.pk])))
    assert "retired" in page and "R-500" in page


# the condition, tried before it is saved


def check(client: Client, **fields: str) -> str:
    return text(client.post(reverse("rule-check"), {"code": "R-001", "effect": "cap", "label": "L2", **fields}))


def test_a_condition_is_read_aloud_and_tried_on_a_pair(draft: RuleDraft, cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.rosa)
    condition = "row: {kind: colour, verdict: conflict}"
    pair = {"try_query": "red mug", "try_title": "Blue mug", "precedence": "90", "draft": str(draft.pk)}
    page = check(client, condition=condition, **pair)
    assert "It fires when" in page and "fires" in page and "lowers it to" in page
    assert "does not fire" in check(client, condition=condition, **{**pair, "try_title": "Red mug"})
    assert "unknown condition" in check(client, condition="rows: 1")
    assert not draft.rules.exists()


def test_a_clause_is_added_from_lists(pack: Loaded, cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.rosa)
    clause = {"add": "1", "kind": "brand", "verdict": "conflict", "source": "", "joined": "all"}
    first = check(client, condition="", **clause)
    assert "kind: brand" in first
    both = check(client, condition="row: {kind: colour, verdict: conflict}", **clause)
    assert "all:" in both and "kind: colour" in both and "kind: brand" in both


# packs


def test_a_pack_goes_out_as_it_is_and_comes_back_into_a_draft(
    draft: RuleDraft, cast: Cast, client_for: ClientFor
) -> None:
    client = client_for(cast.rosa)
    out = client.get(reverse("rule-base-pack", args=[1]))
    assert out["Content-Disposition"] == 'attachment; filename="rule-base-1.yaml"'
    assert dump_pack(load_pack(text(out)).rules) == text(out)
    changed = text(out).replace("precedence: 50", "precedence: 51", 1) + "  - code: R-9\n"
    upload = SimpleUploadedFile("rules.yaml", changed.encode())
    page = text(client.post(reverse("rule-draft-pack", args=[draft.pk]), {"pack": upload}))
    assert "R-9" in page
    assert client.get(reverse("rule-base-pack", args=[9])).status_code == 404


# talk


def test_anyone_asks_about_a_rule_and_its_owner_answers_and_settles(
    pack: Loaded, cast: Cast, client_for: ClientFor
) -> None:
    Rule.objects.filter(code="R-001").update(owner=cast.rosa)
    labeler, owner = client_for(cast.ana), client_for(cast.rosa)
    labeler.post(reverse("rule-say", args=["R-001"]), {"kind": "question", "text": "Is <b>wine</b> red?"})
    remark = RuleRemark.objects.get()
    page = text(owner.get(reverse("rule-remarks")))
    assert "Is &lt;b&gt;wine&lt;/b&gt; red?" in page
    owner.post(reverse("rule-remark", args=[remark.pk]), {"act": "answer", "text": "Yes."})
    owner.post(reverse("rule-remark", args=[remark.pk]), {"act": "settle"})
    remark.refresh_from_db()
    assert (remark.settled_by, remark.replies.get().text) == (cast.rosa, "Yes.")
    assert "Yes." in text(labeler.get(reverse("rule", args=["R-001"])))
    assert "wine" not in text(owner.get(reverse("rule-remarks")))


def test_only_its_author_or_a_rule_owner_settles_a_question(pack: Loaded, cast: Cast, client_for: ClientFor) -> None:
    client_for(cast.ana).post(reverse("rule-say", args=["R-001"]), {"kind": "unclear"})
    remark = RuleRemark.objects.get()
    client_for(cast.ben).post(reverse("rule-remark", args=[remark.pk]), {"act": "settle"})
    remark.refresh_from_db()
    assert remark.settled_at is None
    client_for(cast.ana).post(reverse("rule-remark", args=[remark.pk]), {"act": "settle"})
    remark.refresh_from_db()
    assert remark.settled_by == cast.ana


def test_an_empty_question_says_nothing(pack: Loaded, cast: Cast, client_for: ClientFor) -> None:
    client_for(cast.ana).post(reverse("rule-say", args=["R-001"]), {"kind": "question", "text": "  "})
    assert not RuleRemark.objects.exists()


def test_a_rule_is_owned_by_rule_owners_alone(pack: Loaded, cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.rosa)
    client.post(reverse("rule-owner", args=["R-001"]), {"owner": "ana"})
    assert Rule.objects.get(code="R-001").owner is None
    client.post(reverse("rule-owner", args=["R-001"]), {"owner": "rosa"})
    assert Rule.objects.get(code="R-001").owner == cast.rosa


@pytest.mark.parametrize("who", ["ana", "ada", "max", "lena", "otto", "root", "eve"])
def test_others_change_no_draft(who: str, draft: RuleDraft, cast: Cast, client_for: ClientFor) -> None:
    client = client_for(getattr(cast, who))
    text(client.get(reverse("rule-draft", args=[draft.pk])))
    for name, args in (("rule-draft-act", [draft.pk]), ("drafted-rule", [draft.pk, "R-001"]), ("rule-drafts", [])):
        assert client.post(reverse(name, args=args), {"act": "withdraw"}).status_code == 404
    draft.refresh_from_db()
    assert draft.state == "open"


# how large


def large(code: str, **changes: Any) -> dict[str, Any]:
    return {**publishing.body_of(spec(code)), **changes}


TOO_LARGE = {
    "title.en: 121 is too much, 120 at most": {"title": {"en": "x" * 121, "zh": "x"}},
    "statement.zh: 4001 is too much, 4000 at most": {"statement": {"en": "x", "zh": "一" * 4001}},
    "principle.en: 4001 is too much, 4000 at most": {"principle": {"en": "x" * 4001, "zh": "x"}},
    "scope: 201 is too much, 200 at most": {"scope": ["x"] * 201},
    "queries: 201 is too much, 200 at most": {"queries": ["x" * 201]},
    "when: 8025 is too much, 8000 at most": {"when": {"query_contains": ["x" * 7996, "y"]}},
    "cases: 61 is too much, 60 at most": {"cases": [{"query": "x", "item": {"title": "y"}, "label": "L1"}] * 61},
    "cases[0].query: 201 is too much, 200 at most": {
        "cases": [{"query": "x" * 201, "item": {"title": "y"}, "label": "L1"}]
    },
    "cases[0].item.title: 401 is too much, 400 at most": {
        "cases": [{"query": "x", "item": {"title": "y" * 401}, "label": "L1"}]
    },
    "cases[0].item.cpv: 51 is too much, 50 at most": {
        "cases": [{"query": "x", "item": {"title": "y", "cpv": {str(n): "z" for n in range(51)}}, "label": "L1"}]
    },
    "cases[0].item.skus: 201 is too much, 200 at most": {
        "cases": [{"query": "x", "item": {"title": "y", "skus": ["z" * 201]}, "label": "L1"}]
    },
    "precedence: 1001 is too much, 1000 at most": {"precedence": 1001},
}


def test_no_rule_of_a_draft_is_larger_than_people_read(draft: RuleDraft, cast: Cast, client_for: ClientFor) -> None:
    """Through a pack, which says it with the line; a form says it beside its field."""
    client, address = client_for(cast.rosa), reverse("rule-draft-pack", args=[draft.pk])
    for said, changes in TOO_LARGE.items():
        rule = parse_rule({**large("R-500"), **changes, "code": "R-500", "version": 1})
        pack = SimpleUploadedFile("pack.yaml", dump_pack([rule]).encode())
        page = text(client.post(address, {"pack": pack}))
        assert f"line 3: R-500: {said}" in page
        assert len(page) < 60_000
    assert not draft.rules.exists()


def test_a_rule_of_many_small_pieces_is_bounded_as_a_whole(draft: RuleDraft, cast: Cast) -> None:
    cases = [{"query": "x" * 200, "item": {"title": "y" * 400}, "label": "L1"}] * 60
    with pytest.raises(RuleError, match=r"R-500: the whole rule: .* is too much, 32000 at most"):
        drafting.change(draft, "R-500", large("R-500", cases=cases), 0, cast.rosa)


def test_a_draft_takes_so_many_changes_and_shows_them_page_by_page(
    draft: RuleDraft, cast: Cast, client_for: ClientFor
) -> None:
    client, address = client_for(cast.rosa), reverse("rule-draft-pack", args=[draft.pk])

    def send(rules: int, cases: int = 1) -> Any:
        case = {"query": "red mug", "item": {"title": "Mug"}, "label": "L4"}
        pack = dump_pack([spec(f"R-{500 + n}", cases=[case] * cases) for n in range(rules)])
        return client.post(address, {"pack": SimpleUploadedFile("pack.yaml", pack.encode())})

    assert "at most 200 rules with 1000 worked cases" in text(send(201), 422)
    assert "at most 200 rules with 1000 worked cases" in text(send(20, cases=51), 422)
    assert not draft.rules.exists()
    page = send(30)
    seen: list[str] = []
    while page is not None:
        context = page.context
        seen += [one.code for one in context["changed"]]
        older = context["changes"].older_url
        page = client.get(reverse("rule-draft", args=[draft.pk]) + older) if older else None
    assert sorted(seen) == [f"R-{500 + n}" for n in range(30)]


def test_a_comparison_of_long_texts_of_few_words_ends(draft: RuleDraft) -> None:
    """Word by word it takes minutes."""
    before, after = "一" * 4000, "一二" * 2000
    pieces = differing.between_texts(before, after)
    assert [(one.kind, len(one.text)) for one in pieces] == [("gone", 4000), ("new", 4000)]
    lines = differing.between_texts(
        "\n".join(["一" * 300, "二" * 300, "三"]), "\n".join(["一" * 300, "二" * 301, "三"])
    )
    assert [one.text[:1] for one in lines if one.kind == "same"] == ["一", "三"]


@pytest.mark.parametrize("code", ["R-６６６", "R-605\n", "R-1", "a/b", "..", "r-605", "R-605 "])
def test_what_is_no_code_leads_nowhere(code: str, draft: RuleDraft, cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.rosa)
    assert client.post(reverse("rule-draft-act", args=[draft.pk]), {"act": "change", "rule": code}).status_code == 404
    started = client.post(reverse("rule-drafts"), {"title": "T", "base": draft.base.number, "rule": code})
    assert started.status_code == 404 and RuleDraft.objects.count() == 1
    assert client.get(f"/rules/drafts/{draft.pk}/{quote(code, safe='')}/").status_code == 404
    with pytest.raises(RuleError, match="must look like R-001"):
        drafting.change(draft, code, large("R-500"), 0, cast.rosa)
    pack = dump_pack([spec("R-500")]).replace("R-500", json.dumps(code))
    page = text(
        client.post(reverse("rule-draft-pack", args=[draft.pk]), {"pack": SimpleUploadedFile("p", pack.encode())})
    )
    assert "code: must look like R-001" in page
    assert not draft.rules.exists()
