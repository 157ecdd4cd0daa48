"""Who loses the role with a page open: no judgment stored, what was sent kept as a draft that the lead reads."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from annotation.judging import queue
from annotation.models import Draft, Judgment, Lease
from catalogue.models import Pair
from projects import membership
from projects.models import Membership, Person, Project
from tests.conftest import Cast
from tests.world.rows import make_pair, make_rule_base, make_slots

ClientFor = Callable[[Person], Client]


@pytest.fixture
def pair(project: Project, cast: Cast) -> Pair:
    make_rule_base()
    made = make_pair(project=project)
    make_slots(pair=made)
    return made


def hold(person: Person, project: Project) -> Lease:
    lease = queue.take(person, project)
    assert lease is not None
    return lease


def sent(client: Client, lease: Lease, **fields: str) -> int:
    body = {
        "idempotency_key": str(uuid.uuid4()),
        "choice": "L2",
        "mismatch": "colour",
        "note": "blue, not red",
        **fields,
    }
    return client.post(f"/p/shoes/judge/{lease.token}/", body, headers={"HX-Request": "true"}).status_code


def test_what_is_sent_after_the_role_was_removed_is_a_draft_for_the_lead(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    lease, client = hold(cast.ana, project), client_for(cast.ana)
    membership.remove_role(Membership.objects.get(project=project, person=cast.ana), actor=cast.lena)
    assert sent(client, lease) == 404  # the session goes on, elsewhere
    assert not Judgment.objects.exists()
    assert Draft.objects.get().body == {"choice": "L2", "mismatch": "colour", "reason": "", "note": "blue, not red"}
    page = client_for(cast.lena).get("/p/shoes/left-behind/").content.decode()
    assert "blue, not red" in page
    assert "Ana" in page
    assert '<span class="meta">colour</span>' in page


def test_a_dimension_that_goes_with_another_label_is_not_told(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    """The card's form always carries one: its first choice is marked beforehand."""
    lease, client = hold(cast.ana, project), client_for(cast.ana)
    Membership.objects.filter(person=cast.ana).delete()
    assert sent(client, lease, choice="L3") == 404
    assert '<span class="meta">' not in client_for(cast.lena).get("/p/shoes/left-behind/").content.decode()


def test_what_is_sent_after_a_deactivation_is_a_draft_though_the_session_is_over(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    lease, client = hold(cast.ana, project), client_for(cast.ana)
    membership.deactivate(cast.ana, actor=cast.root)
    assert sent(client, lease) == 401
    assert not Judgment.objects.exists()
    assert Draft.objects.get().person == cast.ana
    assert "deactivated" in client_for(cast.lena).get("/p/shoes/left-behind/").content.decode()


def test_what_is_sent_after_the_project_was_archived_is_kept_for_its_return(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    lease, client = hold(cast.ana, project), client_for(cast.ana)
    Project.objects.filter(pk=project.pk).update(archived_at="2026-01-01T00:00Z")
    assert sent(client, lease) == 404
    assert Draft.objects.get().body["note"] == "blue, not red"


def test_nobody_leaves_a_draft_on_a_lease_of_another(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    lease = hold(cast.ana, project)
    assert sent(client_for(cast.eve), lease) == 404
    assert sent(Client(), lease) == 401
    assert not Draft.objects.exists()


def test_the_page_leaves_out_who_can_still_submit(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    lease, client = hold(cast.ana, project), client_for(cast.ana)
    client.post(f"/p/shoes/judge/{lease.token}/draft/", {"note": "still thinking"})
    assert Draft.objects.count() == 1
    page = client_for(cast.lena).get("/p/shoes/left-behind/").content.decode()
    assert "still thinking" not in page
    assert "Nothing was left behind" in page


def test_what_is_kept_is_bounded_and_stored_whatever_it_holds(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    lease, client = hold(cast.ana, project), client_for(cast.ana)
    Membership.objects.filter(person=cast.ana).delete()
    assert sent(client, lease, note="\x00" + "x" * 5000, choice="L" * 100) == 404
    body = Draft.objects.get().body
    assert (len(body["note"]), len(body["choice"])) == (4000, 20)
    assert client_for(cast.lena).get("/p/shoes/left-behind/").status_code == 200
