"""What a draft or a version changes is told to each project, as a job; whoever publishes reads of their own projects alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import Gold, RuleReplay
from annotation.standard import backtesting, replaying, rule_replays
from catalogue.models import Pair
from jobs import leasing
from projects.models import AuditEvent, Membership, Person, Project, Role
from projects.refusals import Refused
from relevance.rules import RuleSpec
from rules import drafting, following, publishing, reviewing
from rules.models import RuleDraft
from rules.publishing import body_of, publish_pack
from tests.annotation.conftest import MILDER_CASES, changed
from tests.at_work import work_on
from tests.conftest import Cast
from tests.world.rows import make_item, make_pair

ClientFor = Callable[[Person], Client]
CHANGED = {"L2->L3": 12}  # another colour would be related instead of a mismatch


def milder(version: int = 3) -> RuleSpec:
    return next(one for one in changed("R-080", label="L3", cases=MILDER_CASES, version=version) if one.code == "R-080")


@pytest.fixture
def draft(stored: list[Pair], cast: Cast) -> RuleDraft:
    """12 of the 16 labelled pairs get L3 from the rules instead of L2, which is their gold."""
    base = publishing.newest()
    assert base is not None
    made = drafting.start(base, "Milder colours", "", cast.rosa)
    drafting.change(made, "R-080", body_of(milder()), 0, cast.rosa)
    return made


@pytest.fixture
def second(project: Project) -> Person:
    """A rule owner of the installation who reads this project's figures, and no other's."""
    person = Person.objects.create_person("second-owner", is_rule_owner=True)
    Membership.objects.create(project=project, person=person, role=Role.ML_ENGINEER)
    return person


@pytest.fixture
def other(stored: list[Pair]) -> Project:
    """Boots, a project of people whom nobody here knows, with one labelled pair."""
    found = Project.objects.create(slug="boots", name="Boots")
    make_pair(project=found, query="red mug", item=make_item(project=found, title="blue mug"), gold_label="L2")
    return found


def worked() -> int:
    ids = list(RuleReplay.objects.filter(state="queued").values_list("pk", flat=True))
    return work_on(rule_replays.KIND, ids)


def submitted(draft: RuleDraft) -> RuleDraft:
    reviewing.submit(draft, draft.author)
    worked()
    return draft


def refusal(client: Client, draft: RuleDraft) -> str:
    page = client.post(f"/rules/drafts/{draft.pk}/act/", {"act": "publish"})
    return str(page.context["refusal"].sentence)


def told(project: Project) -> dict[str, object] | None:
    found = rule_replays.news(Project.objects.get(pk=project.pk)).foreseen
    return dict(found.result) if found is not None else None


# asked for and worked on


def test_submitting_asks_in_every_project_and_waits_for_none(draft: RuleDraft, other: Project) -> None:
    """One job for each, whatever there is to replay: the request itself looks at no pair."""
    Project.objects.create(slug="empty", name="Empty")
    with CaptureQueriesContext(connection) as asked:
        reviewing.submit(draft, draft.author)
    assert not [one for one in asked if "catalogue_grid" in one["sql"]]
    jobs = RuleReplay.objects.order_by("project__slug")
    assert [(job.project.slug, job.state, job.result) for job in jobs] == [
        ("boots", "queued", None),
        ("shoes", "queued", None),
    ]
    assert worked() == 2
    result = RuleReplay.objects.get(project__slug="shoes").result
    counts = {"pairs": 16, "changed": 12, "by_direction": CHANGED, "right_before": 16, "right_after": 4}
    assert {name: result[name] for name in counts} == counts


def test_what_is_told_names_its_ground_its_pairs_and_its_intervals(
    draft: RuleDraft, project: Project, cast: Cast, client_for: Callable[..., Client]
) -> None:
    """16 pairs, 4 of them right with the draft: on what their labels rest, of how many queries, and how sure that is."""
    pairs = list(Pair.objects.filter(project=project).order_by("pk"))
    for one in pairs[:10]:
        Gold.objects.create(
            pair=one, label=one.gold_label, ground="import", batch=one.batch, snapshot_id=one.item.snapshot_now
        )
    reviewing.submit(draft, draft.author)
    worked()
    result = RuleReplay.objects.get(project=project).result
    before, after = result["agreement"]
    assert (before["value"], before["n"], after["value"]) == (1.0, 16, 4 / 16)
    assert result["basis"]["ground"] == {"import": 10} and result["basis"]["n"] == 16
    queries = result["basis"]["queries"]
    assert queries == len({one.query_id for one in pairs})
    assert queries < 2 or before["low"] is not None
    page = client_for(cast.lena).get(reverse("standard", args=[project.slug])).content.decode()
    assert f"16 pairs of {queries} queries" in page and "gold by import 10" in page and "25.0" in page


def test_publishing_looks_at_no_pair_either(draft: RuleDraft, second: Person, project: Project) -> None:
    replaying.freeze(project, None)
    submitted(draft)
    with CaptureQueriesContext(connection) as asked:
        reviewing.publish(draft, second, "The old gold was too strict.")
    assert not [one for one in asked if "catalogue_grid" in one["sql"] or "replayentry" in one["sql"]]


def test_a_replay_says_how_far_it_is_and_ends_when_it_is_cancelled(
    draft: RuleDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "TOGETHER", 5)
    reviewing.submit(draft, draft.author)
    job, seen = RuleReplay.objects.get(), list[int]()
    renew = leasing.renew

    def reported(*given: object) -> bool:
        job.refresh_from_db()
        seen.append(job.seen)
        if len(seen) == 3:
            leasing.cancel(RuleReplay.objects.filter(pk=job.pk))
        return renew(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(rule_replays.leasing, "renew", reported)
    worked()
    job.refresh_from_db()
    assert (seen, job.total, job.state, job.result) == ([0, 5, 10], 16, "cancelled", None)


def test_a_draft_that_went_back_and_changed_is_replayed_as_it_is(draft: RuleDraft, cast: Cast, second: Person) -> None:
    reviewing.submit(draft, cast.rosa)
    reviewing.give_back(draft, second, "Again.")
    drafting.retire(draft, "R-081", cast.rosa)
    submitted(draft)
    assert list(RuleReplay.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "done"]


def test_what_is_known_is_not_asked_again(draft: RuleDraft, cast: Cast, project: Project) -> None:
    submitted(draft)
    assert reviewing.foretell(draft, cast.rosa) == 0
    replaying.freeze(project, None)  # on another set it is another question
    assert (reviewing.foretell(draft, cast.rosa), worked()) == (1, 1)
    with pytest.raises(Refused, match="in review"):
        reviewing.foretell(drafting.start(draft.base, "Other", "", cast.rosa), cast.rosa)


# the gate


def test_a_draft_that_drops_on_the_replay_set_is_published_only_with_a_reason(
    draft: RuleDraft, project: Project, cast: Cast, second: Person
) -> None:
    replaying.freeze(project, cast.lena)
    reviewing.submit(draft, cast.rosa)
    with pytest.raises(Refused, match=r"not been held against.*replay in 1 project has not ended"):
        reviewing.publish(draft, second)
    worked()
    with pytest.raises(Refused, match=r"replay set of Shoes .* 25\.0% instead of 100\.0% of 16"):
        reviewing.publish(draft, second)
    reviewing.publish(draft, second, "The old gold was too strict.")
    assert draft.override_reason == "The old gold was too strict."


def test_no_gate_names_a_project_that_its_reader_is_no_member_of(
    draft: RuleDraft, other: Project, cast: Cast, client_for: ClientFor
) -> None:
    """The replay gate told two people of one project the name and the figures of another."""
    replaying.freeze(other, None)
    submitted(draft)
    stranger = Person.objects.create_person("of-no-project", is_rule_owner=True)
    Membership.objects.create(project=other, person=cast.ana, role=Role.LABELER)  # who reads no figures
    Person.objects.filter(pk=cast.ana.pk).update(is_rule_owner=True)
    for reader in (stranger, cast.ana):
        said = refusal(client_for(reader), draft)
        assert said == "In 1 other project it drops on the replay set by more than is tolerated there."
    Membership.objects.create(project=other, person=stranger, role=Role.AUDITOR)  # the control
    assert refusal(client_for(stranger), draft).startswith("On the replay set of Boots it agrees with 0.0%")
    reviewing.publish(draft, stranger, "because")
    for event in AuditEvent.objects.filter(act="rules.published"):
        assert "Boots" not in str(event.detail)


def test_a_project_that_pins_gates_nothing_and_is_told_all_the_same(
    draft: RuleDraft, project: Project, cast: Cast, second: Person
) -> None:
    replaying.freeze(project, cast.lena)
    following.choose(project, 1, actor=cast.lena)
    submitted(draft)
    assert reviewing.publish(draft, second).number == 2
    assert draft.override_reason == ""
    found = told(project)
    assert found is not None and found["by_direction"] == CHANGED


def test_within_the_tolerance_nothing_is_said(draft: RuleDraft, project: Project, cast: Cast, second: Person) -> None:
    replaying.freeze(project, cast.lena)
    Project.objects.filter(pk=project.pk).update(replay_tolerance=0.75)
    submitted(draft)
    assert reviewing.publish(draft, second).number == 2
    assert draft.override_reason == ""


def test_a_set_frozen_since_and_a_draft_changed_since_are_replayed_first(
    draft: RuleDraft, project: Project, cast: Cast, second: Person
) -> None:
    submitted(draft)
    assert rule_replays.gate(draft, second) == []  # no set is frozen
    replaying.freeze(project, None)
    assert rule_replays.gate(draft, second) == ["The replay in 1 project has not ended."]
    drafting.DraftedRule.objects.filter(draft=draft).update(retires=True)
    assert len(rule_replays.gate(draft, second)) == 2


def test_a_back_test_vouches_for_a_draft_where_nothing_is_labelled(
    draft: RuleDraft, project: Project, second: Person
) -> None:
    Pair.objects.update(gold_label="")
    submitted(draft)
    assert RuleReplay.objects.count() == 0
    assert len(rule_replays.gate(draft, second)) == 1
    work_on(backtesting.KIND, [backtesting.start(draft, project, None).pk])
    assert rule_replays.gate(draft, second) == []


# what a project is told


def test_who_follows_is_told_what_it_changed_and_goes_back_by_one_press(
    draft: RuleDraft, project: Project, cast: Cast, second: Person, client_for: ClientFor
) -> None:
    submitted(draft)
    lena = client_for(cast.lena)
    assert "L2 → L3" in lena.get("/p/shoes/standard/").content.decode()  # beforehand, beside the draft
    reviewing.publish(draft, second)
    page = lena.get("/p/shoes/").content.decode()
    assert "was published lately, and this project follows" in page
    assert "The rules give another label to 12 of 16 labelled pairs." in page and "L2 → L3 <b>12</b>" in page
    assert 'name="pin" value="1"' in lena.get("/p/shoes/standard/").content.decode()
    labeler = client_for(cast.ana).get("/p/shoes/").content.decode()
    assert "this project follows" in labeler and "labelled pairs" not in labeler
    lena.post("/p/shoes/rules/", {"pin": "1"})
    page = lena.get("/p/shoes/").content.decode()
    assert "Rule base version 2 is published. This project is judged by version 1" in page and "<b>12</b>" in page


def test_a_pack_is_told_as_a_draft_is(project: Project, stored: list[Pair], other: Project) -> None:
    publish_pack([milder()])
    assert worked() == 2
    for one, pairs in ((project, 16), (other, 1)):
        found = told(one)
        assert found is not None and found["pairs"] == pairs


def test_who_pins_is_told_against_what_it_pins(project: Project, stored: list[Pair], cast: Cast) -> None:
    publish_pack([milder()])
    following.choose(project, 1, actor=cast.lena)
    publish_pack([next(one for one in changed("R-080", version=4) if one.code == "R-080")])  # as it was in the first
    worked()
    found = told(project)
    assert found is not None and found["changed"] == 0
    following.choose(project, 2, actor=cast.lena)
    worked()
    found = told(project)
    assert found is not None and found["by_direction"] == {"L3->L2": 12}


def test_the_page_of_a_draft_says_how_far_replays_are_to_who_may_publish(
    draft: RuleDraft, other: Project, cast: Cast, second: Person, client_for: ClientFor
) -> None:
    reviewing.submit(draft, cast.rosa)
    page, owner = f"/rules/drafts/{draft.pk}/", client_for(second)
    waiting = owner.get(page).content.decode()
    assert "every 3s" in waiting
    assert "1 other project is told on its own pages. Replays ended there: 0." in waiting
    worked()
    done = owner.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "every 3s" not in done and "<b>12</b>" in done and "Boots" not in done and "<main" not in done
    assert "labelled pairs" not in client_for(cast.eve).get(page).content.decode()
    assert owner.post(f"{page}act/", {"act": "replay"}).status_code == 302
