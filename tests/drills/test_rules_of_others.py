"""Two people whom the lead of another project makes its rule owners try to take rules away from everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from projects import membership
from projects.models import AuditEvent, Person, Project, Role
from rules import following, publishing
from rules.models import RuleDraft
from rules.publishing import publish_pack
from tests.conftest import Cast
from tests.drills.scale import size
from tests.rules.conftest import spec, worded

pytestmark = pytest.mark.drill
ClientFor = Callable[..., Client]

RULES = size(full=104, quick=12)
TAKEN = size(full=60, quick=6)


@pytest.fixture
def beta(db: None) -> Project:
    publish_pack(
        [spec(f"R-{number:03}", title=worded(f"Rule {number}"), precedence=number) for number in range(1, RULES + 1)]
    )
    return Project.objects.create(slug="beta", name="Beta")


def rules_of(project: Project) -> int:
    return len(publishing.specs(publishing.active_rule_base(Project.objects.get(pk=project.pk))))


def attack(one: Client, other: Client) -> set[int]:
    """One drafts and submits, the other publishes against every objection; the statuses of what they sent."""
    newest = publishing.newest()
    assert newest is not None
    seen = {one.post("/rules/drafts/", {"title": "Tidy", "why": "", "base": newest.number}).status_code}
    draft = RuleDraft.objects.order_by("-pk").first()
    act = f"/rules/drafts/{draft.pk if draft is not None else 1}/act/"
    for number in range(1, TAKEN + 1):
        seen.add(one.post(act, {"act": "retire", "rule": f"R-{number:03}"}).status_code)
    seen.add(one.post(act, {"act": "submit"}).status_code)
    acknowledged = {"override_reason": "because", "acknowledged": "on"}
    seen.add(other.post(act, {"act": "publish", **acknowledged}).status_code)
    return seen


def test_the_rule_owners_of_another_project_take_no_rule_from_anybody(
    project: Project, beta: Project, cast: Cast, client_for: ClientFor, figures: Any
) -> None:
    pinned = Project.objects.create(slug="pinned", name="Pinned")
    following.choose(pinned, 1, actor=None)
    gang = [Person.objects.create_person(name) for name in ("mallory", "trudy")]
    for person in gang:
        membership.add_role(beta, person.username, Role.RULE_OWNER, actor=None)
    assert attack(*map(client_for, gang)) == {404}
    assert rules_of(project) == RULES and publishing.rule_base_numbers() == [1]

    # The control: a house in which the role of a project is the role of the installation, as it was.
    Person.objects.filter(pk__in=[person.pk for person in gang]).update(is_rule_owner=True)
    assert attack(*map(client_for, gang)) == {302}
    lost = RULES - rules_of(project)
    assert lost == TAKEN, "the naive one is taken in, in every project that follows"

    assert rules_of(pinned) == RULES  # even then
    (move,) = AuditEvent.objects.filter(project=project, act="rules.moved", detail__to=2)
    assert (move.detail["by"], move.actor) == ("publication", None)
    assert client_for(cast.lena).post("/p/shoes/rules/", {"pin": "1"}).status_code == 302
    assert rules_of(project) == RULES  # put back at once
    figures("D41", rules_taken=0, control_taken=lost, taken_from_who_pins=0, after_going_back=RULES - rules_of(project))
