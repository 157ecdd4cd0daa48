"""Two people publish, whoever asks and however: through the page's code or by SQL as the app's role."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import Error, connection, transaction

from projects import membership, rule_owners
from projects.models import Person, Project, Role
from projects.refusals import Refused
from rules import drafting, findings, publishing, reviewing
from rules.models import Rule, RuleBaseVersion, RuleDraft, RuleVersion
from rules.publishing import Loaded, body_of, publish_pack
from tests.conftest import ROOT, Cast, FreshDatabase, as_owner, make_cast
from tests.rules.conftest import spec


@pytest.fixture
def second() -> Person:
    return Person.objects.create_person("second-owner", is_rule_owner=True)


@pytest.fixture
def draft(pack: Loaded, cast: Cast) -> RuleDraft:
    base = publishing.newest()
    assert base is not None
    made = drafting.start(base, "Colours", "", cast.rosa)
    drafting.change(made, "R-001", body_of(spec(precedence=77)), 0, cast.rosa)
    return made


@pytest.fixture
def in_review(draft: RuleDraft, cast: Cast) -> RuleDraft:
    reviewing.submit(draft, cast.rosa)
    return draft


def test_a_second_rule_owner_publishes_the_next_rule_base_version(in_review: RuleDraft, second: Person) -> None:
    rule_base = reviewing.publish(in_review, second)
    assert (rule_base.number, in_review.state, in_review.published_as) == (2, "published", rule_base)
    version = RuleVersion.objects.get(rule__code="R-001", number=2)
    assert (version.origin, version.author, version.approver) == ("people", in_review.author, second)
    assert [one.version for one in publishing.specs(rule_base)] == [2, 1, 1]


def test_a_retired_rule_leaves_the_set_and_keeps_its_versions(draft: RuleDraft, cast: Cast, second: Person) -> None:
    drafting.retire(draft, "R-003", cast.rosa)
    reviewing.submit(draft, cast.rosa)
    assert [one.code for one in publishing.specs(reviewing.publish(draft, second))] == ["R-001", "R-002"]
    assert RuleVersion.objects.filter(rule__code="R-003").exists()


def test_the_author_may_not_publish(in_review: RuleDraft, cast: Cast) -> None:
    with pytest.raises(Refused, match="second person"):
        reviewing.publish(in_review, cast.rosa)
    assert RuleBaseVersion.objects.count() == 1


def test_who_wrote_any_of_the_draft_may_not_publish_it(draft: RuleDraft, cast: Cast, second: Person) -> None:
    """Another's draft, rewritten, submitted and published by one person: refused."""
    drafting.change(draft, "R-001", body_of(spec(precedence=66)), 1, second)
    reviewing.submit(draft, second)
    with pytest.raises(Refused, match="second person"):
        reviewing.publish(draft, second)


def test_who_took_a_change_back_may_not_publish_what_is_left(draft: RuleDraft, cast: Cast, second: Person) -> None:
    """Half of another's draft would be live, and nobody but one person would have seen it so."""
    drafting.retire(draft, "R-003", cast.rosa)
    reviewing.submit(draft, cast.rosa)
    reviewing.give_back(draft, second, "Less.")
    drafting.take_back(draft, "R-003", second)
    reviewing.submit(draft, cast.rosa)
    with pytest.raises(Refused, match="second person"):
        reviewing.publish(draft, second)


def test_whose_words_somebody_saved_over_may_not_publish_the_draft(
    draft: RuleDraft, cast: Cast, second: Person
) -> None:
    """The words of the first can stand in what the other saved."""
    drafting.change(draft, "R-001", body_of(spec(precedence=66)), 1, second)
    drafting.change(draft, "R-001", body_of(spec(precedence=67)), 2, cast.rosa)
    reviewing.submit(draft, cast.rosa)
    with pytest.raises(Refused, match="second person"):
        reviewing.publish(draft, second)


def test_who_says_that_a_draft_is_ready_may_not_publish_it(draft: RuleDraft, second: Person) -> None:
    """Its author may be in the middle of it."""
    reviewing.submit(draft, second)
    with pytest.raises(Refused, match="second person"):
        reviewing.publish(draft, second)


def test_the_database_too_refuses_a_publisher_who_had_a_hand_in_the_draft(in_review: RuleDraft, second: Person) -> None:
    drafting.has_a_hand_in(in_review, second)
    with pytest.raises(Error, match="had a hand in the draft"), transaction.atomic():
        RuleDraft.objects.filter(pk=in_review.pk).update(state=RuleDraft.State.PUBLISHED, approver=second)


def test_what_the_page_did_not_show_is_not_published(in_review: RuleDraft, cast: Cast, second: Person) -> None:
    seen = drafting.digest_of_draft(in_review)
    reviewing.give_back(in_review, second, "Again.")
    drafting.change(in_review, "R-001", body_of(spec(precedence=12)), 1, cast.rosa)
    reviewing.submit(in_review, cast.rosa)
    with pytest.raises(Refused, match="since you opened it"):
        reviewing.publish(in_review, second, seen=seen)
    assert reviewing.publish(in_review, second, seen=drafting.digest_of_draft(in_review)).number == 2


def test_a_pack_that_is_loaded_again_brings_no_retired_rule_back(draft: RuleDraft, cast: Cast, second: Person) -> None:
    drafting.retire(draft, "R-003", cast.rosa)
    reviewing.submit(draft, cast.rosa)
    reviewing.publish(draft, second)
    loaded = publishing.publish_pack(
        [spec("R-001"), spec("R-003", dimension="material", title={"en": "Another material", "zh": "材质不符"})]
    )
    assert (loaded.rule_base, loaded.problems) == (2, ())
    assert [one.code for one in publishing.specs(publishing.newest())] == ["R-001", "R-002"]


def test_a_form_opened_before_a_rule_was_retired_is_refused(draft: RuleDraft, cast: Cast) -> None:
    drafting.retire(draft, "R-001", cast.rosa)
    with pytest.raises(Refused, match="since you opened it"):
        drafting.change(draft, "R-001", body_of(spec()), 1, cast.rosa)


def test_who_lost_the_role_may_not_publish(in_review: RuleDraft, second: Person) -> None:
    rule_owners.dismiss(second, actor=None)
    with pytest.raises(Refused, match="Only a rule owner"):
        reviewing.publish(in_review, second)


def test_a_deactivated_account_may_not_publish(in_review: RuleDraft, second: Person) -> None:
    Person.objects.filter(pk=second.pk).update(is_active=False)
    with pytest.raises(Refused, match="Only a rule owner"):
        reviewing.publish(in_review, second)


def test_the_rule_owners_of_a_project_whom_its_lead_appoints_publish_nothing(
    draft: RuleDraft, cast: Cast, project: Project
) -> None:
    """Two of them rewrote the standard of all projects, once. In the database's eyes they are nobody, too."""
    membership.add_role(project, "ana", Role.RULE_OWNER, actor=cast.lena)
    reviewing.submit(draft, cast.rosa)
    with pytest.raises(Refused, match="Only a rule owner of the installation"):
        reviewing.publish(draft, cast.ana, "because")
    with pytest.raises(Error, match="no rule owner"):
        insert(cast.rosa, cast.ana)
    rule_owners.appoint(cast.ana, actor=cast.root)  # the control
    insert(cast.rosa, cast.ana)


def test_a_draft_whose_author_was_deactivated_waits(in_review: RuleDraft, second: Person) -> None:
    Person.objects.filter(pk=in_review.author_id).update(is_active=False)
    with pytest.raises(Refused, match="deactivated"):
        reviewing.publish(in_review, second)


def test_only_a_draft_in_review_is_published_and_only_once(draft: RuleDraft, cast: Cast, second: Person) -> None:
    with pytest.raises(Refused, match="in review"):
        reviewing.publish(draft, second)
    reviewing.submit(draft, cast.rosa)
    reviewing.publish(draft, second)
    with pytest.raises(Refused):
        reviewing.publish(draft, second)
    assert RuleBaseVersion.objects.count() == 2


def test_a_returned_draft_is_open_again_and_says_why(in_review: RuleDraft, second: Person) -> None:
    with pytest.raises(Refused):
        reviewing.give_back(in_review, second, " ")
    reviewing.give_back(in_review, second, "Name the shades.")
    assert (in_review.state, in_review.returned) == ("open", "Name the shades.")


def test_a_draft_that_is_withdrawn_while_it_is_submitted_stays_withdrawn(
    draft: RuleDraft, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "check_sound", lambda _draft: drafting.withdraw(draft, cast.rosa))
    reviewing.submit(draft, cast.rosa)
    assert RuleDraft.objects.get(pk=draft.pk).state == "withdrawn"


def test_an_empty_draft_and_a_failing_case_are_not_submitted(pack: Loaded, cast: Cast) -> None:
    base = publishing.newest()
    assert base is not None
    draft = drafting.start(base, "Empty", "", cast.rosa)
    with pytest.raises(Refused, match="changes nothing"):
        reviewing.submit(draft, cast.rosa)
    wrong = {"query": "red dress", "item": {"title": "Red dress"}, "label": "L1"}
    drafting.change(draft, "R-001", {**body_of(spec()), "cases": [wrong]}, 0, cast.rosa)
    with pytest.raises(Refused, match="R-001"):
        reviewing.submit(draft, cast.rosa)


def test_a_gate_objects_until_there_is_a_reason_and_the_reason_is_kept(
    in_review: RuleDraft, second: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviewing.objections_to, "takers", [lambda draft, by: ["The replay set dropped."]])
    with pytest.raises(Refused, match="The replay set dropped"):
        reviewing.publish(in_review, second)
    reviewing.publish(in_review, second, "The old labels were wrong.")
    assert in_review.override_reason == "The old labels were wrong."


def test_a_draft_of_an_older_rule_base_begins_from_the_newest_first(
    in_review: RuleDraft, cast: Cast, second: Person
) -> None:
    other = drafting.start(in_review.base, "Brands", "", cast.rosa)
    drafting.change(other, "R-002", body_of(spec(precedence=33)), 0, cast.rosa)
    reviewing.submit(other, cast.rosa)
    reviewing.publish(in_review, second)
    with pytest.raises(Refused, match="moved on"):
        reviewing.publish(other, second)
    assert reviewing.rebase(other, cast.rosa) == []
    assert other.state == "review"  # none of its rules was published anew: what was reviewed stands
    assert [one.version for one in publishing.specs(reviewing.publish(other, second))] == [2, 2, 1]


def test_a_rule_published_anew_meanwhile_is_looked_at_again(in_review: RuleDraft, cast: Cast, second: Person) -> None:
    same = drafting.start(in_review.base, "Colours too", "", cast.rosa)
    drafting.change(same, "R-001", body_of(spec(precedence=11)), 0, cast.rosa)
    reviewing.submit(same, cast.rosa)
    reviewing.publish(in_review, second)
    assert reviewing.rebase(same, cast.rosa) == ["R-001"]
    assert same.state == "open"


# the database, asked directly as the app's role


def insert(author: Person, approver: Person | None, **fields: Any) -> None:
    rule = Rule.objects.get(code="R-001")
    values = {"number": 9, "origin": "people", **fields}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("lore_app",)
        cursor.execute(
            "INSERT INTO rules_ruleversion (rule_id, number, dimension, body, body_sha256, origin, author_id,"
            " approver_id) VALUES (%s, %s, 'colour', '{}', '', %s, %s, %s)",
            [rule.pk, values["number"], values["origin"], author.pk, approver and approver.pk],
        )


def test_publishing_needs_a_second_person(pack: Loaded, cast: Cast, second: Person) -> None:
    owner = cast.rosa
    insert(owner, second)  # the control: two rule owners may
    with pytest.raises(Error, match="publishing_needs_a_second_person"):
        insert(owner, owner, number=10)
    with pytest.raises(Error, match="publishing_needs_a_second_person"):
        insert(owner, None, number=11)
    with pytest.raises(Error, match="no rule owner"):
        insert(owner, cast.ana, number=12)
    Person.objects.filter(pk=second.pk).update(is_active=False)
    with pytest.raises(Error, match="deactivated"):
        insert(owner, second, number=13)
    Person.objects.filter(pk=second.pk).update(is_active=True)
    Person.objects.filter(pk=second.pk).update(is_rule_owner=False)
    with pytest.raises(Error, match="no rule owner"):
        insert(owner, second, number=14)


# as in production, where the app's role may not load packs (tests/conftest.py lets it, for the tests' own rules)


@pytest.fixture
def strict(fresh_database: FreshDatabase, settings: Any) -> Cast:
    """A database of its own with a loaded pack, from now on closed to packs of the app's role."""
    cast = make_cast(Project.objects.create(slug="shoes", name="Shoes"))
    publish_pack([spec("R-001"), spec("R-002")])
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": fresh_database.name}
    with as_owner(fresh_database.name) as owner:
        owner.execute("DELETE FROM rules_loader")
    return cast


def reviewed(cast: Cast, second: Person, change: str) -> RuleDraft:
    base = publishing.newest()
    assert base is not None
    made = drafting.start(base, "Colours", "", cast.rosa)
    if change == "retire":
        drafting.retire(made, "R-002", cast.rosa)
    else:
        drafting.change(made, "R-001", body_of(spec(precedence=77)), 0, cast.rosa)
    reviewing.submit(made, cast.rosa)
    return made


def pinned_by(number: int, *versions: RuleVersion) -> RuleBaseVersion:
    made = RuleBaseVersion.objects.create(number=number, digest="x")
    for version in versions:
        made.entries.create(rule=version.rule, version=version)
    return made


def test_only_the_owner_loads_packs(strict: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    assert not publishing.may_load_packs()
    with pytest.raises(Error, match="only_the_owner_loads_packs"):
        insert(strict.rosa, None, origin="pack")
    with connection.cursor() as cursor, pytest.raises(Error, match="permission denied"):
        cursor.execute("INSERT INTO rules_loader VALUES ('lore_app')")
    call_command("load_rules", str(ROOT / "rules/packs/starter.yaml"))
    assert '"problems": 0' in capsys.readouterr().out
    assert not publishing.may_load_packs()


def test_rule_bases_come_from_drafts(strict: Cast) -> None:
    one, other = RuleVersion.objects.order_by("pk")
    with pytest.raises(Error, match="rule_bases_come_from_drafts: no draft"), transaction.atomic():
        pinned_by(2, one)
    second = Person.objects.create_person("second-owner", is_rule_owner=True)
    for number, change in enumerate(("change", "retire"), 2):  # the control: two people may
        assert reviewing.publish(reviewed(strict, second, change), second).number == number
    draft = reviewed(strict, second, "change")
    newest = RuleVersion.objects.get(rule=one.rule, number=2)
    assert list(draft.base.entries.values_list("version", flat=True)) == [newest.pk]
    for versions in ((), (newest, other), (one,)):  # takes one out, brings one back, pins an older one
        with pytest.raises(Error, match="is not what its draft says"), transaction.atomic():
            forged = pinned_by(9, *versions)
            RuleDraft.objects.filter(pk=draft.pk).update(state="published", published_as=forged, approver=second)
