from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from projects import rule_owners
from projects.models import Membership, Person, Project
from rules.models import Rule, RuleBaseVersion, RuleRemark
from rules.publishing import Loaded, publish_pack
from tests.conftest import Cast
from tests.rules.conftest import spec, worded

ClientFor = Callable[[Person], Client]


@pytest.fixture
def eve(cast: Cast, client_for: ClientFor) -> Client:
    """Signed in, member of nothing: the rules are open to her."""
    return client_for(cast.eve)


def codes(client: Client, **query: object) -> list[str]:
    return [rule.spec.code for rule in client.get("/rules/", query).context["rules"]]


def test_without_rules_the_list_says_how_to_load_some(eve: Client) -> None:
    text = eve.get("/rules/").content.decode()
    assert "load_rules FILE" in text
    assert eve.get("/rules/R-001/").status_code == 404


def test_the_list_shows_the_version_of_the_rule_base(pack: Loaded, eve: Client) -> None:
    text = eve.get("/rules/").content.decode()
    assert "3 rules in rule base version 1" in text
    assert "Another brand" in text and "品牌不符" not in text


def test_the_list_is_filtered_by_dimension_and_words_of_either_language(pack: Loaded, eve: Client) -> None:
    assert codes(eve) == ["R-001", "R-002", "R-003"]
    assert codes(eve, dimension="brand") == ["R-002"]
    assert codes(eve, q="材质") == ["R-003"]
    assert codes(eve, q="BRAND another") == ["R-002"]
    assert codes(eve, q="r-001") == ["R-001"]
    assert codes(eve, q="nothing of the kind") == []


def test_a_reader_of_chinese_reads_chinese(pack: Loaded, cast: Cast, client_for: ClientFor) -> None:
    Person.objects.filter(pk=cast.eve.pk).update(locale="zh-hans")
    text = client_for(cast.eve).get("/rules/").content.decode()
    assert "品牌不符" in text and "Another brand" not in text


@pytest.mark.parametrize(
    "query",
    [
        {"dimension": "owner__password"},
        {"q": "x" * 201},
        {"base": "1; DROP TABLE"},
        {"base": "9" * 30},
    ],
)
def test_a_filter_that_is_none_is_refused(query: dict[str, str], pack: Loaded, eve: Client) -> None:
    assert eve.get("/rules/", query).status_code == 400


def test_a_rule_is_read_in_both_languages_with_its_condition_and_cases(pack: Loaded, eve: Client) -> None:
    text = eve.get("/rules/R-001/").content.decode()
    for piece in ("Another colour", "颜色不符", "red mug", "at most", "conflict", "Version 1, in rule base version 1"):
        assert piece in text


def test_an_older_rule_base_can_be_read(pack: Loaded, eve: Client) -> None:
    publish_pack([spec("R-001", 2, statement=worded("Newer words."))])
    assert eve.get("/rules/R-001/").context["rule"].statement["en"] == "Newer words."
    older = eve.get("/rules/R-001/", {"base": 1})
    assert older.context["rule"].statement["en"] != "Newer words."
    assert "Version 1, in rule base version 1" in older.content.decode()
    assert eve.get("/rules/", {"base": 3}).status_code == 404


def test_the_history_of_a_rule_is_read_word_by_word_also_when_it_is_retired(
    pack: Loaded, eve: Client, cast: Cast
) -> None:
    publish_pack([spec("R-001", 2, statement=worded("Quite other words."))])
    page = eve.get("/rules/R-001/").content.decode()
    assert "What it changed" in page and "<ins>Quite" in page and "statement.en" in page
    RuleBaseVersion.objects.create(number=9, digest="x")  # holds no rule at all
    retired = eve.get("/rules/R-001/").content.decode()
    assert "rule base version 9 does not hold it" in retired and "Quite other words." in retired


@pytest.mark.parametrize("code", ["R-999", "r-001", "%00", "' OR 1=1", "..%2f..", "x" * 500])
def test_an_unknown_code_is_absent(code: str, pack: Loaded, eve: Client) -> None:
    assert eve.get(f"/rules/{code}/").status_code == 404


def test_the_words_of_a_rule_are_escaped(pack: Loaded, eve: Client) -> None:
    publish_pack([spec("R-050", statement=worded("<script>alert(1)</script>"))])
    for path in ("/rules/", "/rules/R-050/"):
        text = eve.get(path).content.decode()
        assert "<script>alert" not in text and "&lt;script&gt;alert" in text


def test_a_rule_is_handed_to_another_rule_owner_and_to_nobody_else(
    pack: Loaded, cast: Cast, client_for: ClientFor, project: Project
) -> None:
    Membership.objects.create(project=project, person=cast.ben, role="rule_owner")  # of the project alone
    rule_owners.appoint(cast.max, actor=cast.root)
    rosa = client_for(cast.rosa)
    page = rosa.get("/rules/R-001/").content.decode()
    assert '<option value="max"' in page and '<option value="rosa"' in page and '<option value="ben"' not in page
    rosa.post("/rules/R-001/owner/", {"owner": "max"})
    assert Rule.objects.get(code="R-001").owner == cast.max
    rosa.post("/rules/R-001/owner/", {"owner": "ana"})
    assert Rule.objects.get(code="R-001").owner == cast.max
    assert "Hand it over" not in client_for(cast.ana).get("/rules/R-001/").content.decode()


# what people say stands on a page that everybody opens


def test_an_hour_of_remarks_is_bounded_and_a_rules_page_stays_small(
    pack: Loaded, cast: Cast, client_for: ClientFor
) -> None:
    ana = client_for(cast.ana)
    address = reverse("rule-say", args=["R-001"])
    said = [ana.post(address, {"kind": "question", "text": "x" * 2000}).status_code for _ in range(63)]
    assert said == [302] * 60 + [429] * 3
    assert RuleRemark.objects.count() == 60
    assert "60 remarks and answers on rules within an hour" in ana.post(address, {"kind": "unclear"}).content.decode()
    page = ana.get("/rules/R-001/")
    assert len(page.content) < 100_000, "120,000 characters of one person alone are more"
    assert page.content.decode().count("x" * 2000) == 20


def test_every_remark_is_reached_page_by_page(pack: Loaded, cast: Cast, client_for: ClientFor) -> None:
    rule, eve = Rule.objects.get(code="R-001"), client_for(cast.eve)
    made = [
        RuleRemark.objects.create(rule=rule, person=cast.ana, kind="question", text=f"no. {n}").pk for n in range(70)
    ]
    for start, lists in (("/rules/R-001/", ("remarks",)), ("/rules/remarks/", ("mine", "others"))):
        seen, address = [], ""
        while address is not None:
            context = eve.get(start + address).context
            pages = [context[name] for name in lists if name in context]
            seen += [row.pk for one in pages for row in one.rows]
            address = next((one.older_url for one in pages if one.older_url), None)
        assert seen == made[::-1], start


def test_nobodys_answers_silence_a_question(pack: Loaded, cast: Cast, client_for: ClientFor) -> None:
    rule = Rule.objects.get(code="R-001")
    remark = RuleRemark.objects.create(rule=rule, person=cast.ana, kind="question", text="?")
    address = reverse("rule-remark", args=[remark.pk])

    def answers(person: Person, times: int) -> list[int]:
        client = client_for(person)
        return [client.post(address, {"act": "answer", "text": "Yes."}).status_code for _ in range(times)]

    assert answers(cast.ben, 5) == [302] * 3 + [409] * 2
    RuleRemark.objects.bulk_create(
        RuleRemark(rule=rule, person=Person.objects.create_person(f"crowd{n}"), kind="answer", text=".", answers=remark)
        for n in range(17)
    )
    assert answers(cast.lena, 1) == [409]  # twenty already
    rule_owners.appoint(cast.eve, actor=None)
    Rule.objects.filter(pk=rule.pk).update(owner=cast.max)
    for heard in (cast.ana, cast.eve, cast.max):
        assert answers(heard, 22) == [302] * 20 + [409] * 2
