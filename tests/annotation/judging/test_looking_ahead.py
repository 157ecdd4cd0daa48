"""The card after the one on the screen: held for the person who will see it, given back when they leave, never more than
its mode may show."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from annotation.judging import queue, recording
from annotation.models import Draft, Judgment, Lease, Slot
from database.clock import ClockTimestamp
from projects.models import Person, Project
from tests.conftest import Cast
from tests.world.rows import make_item, make_pair, make_prediction, make_rule_base, make_slots

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Person], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def slots(project: Project) -> list[Slot]:
    """One judgment wanted on each of four pairs."""
    make_rule_base()
    found = []
    for query in ("red mug", "blue mug", "green mug", "white mug"):
        pair = make_pair(project=project, query=query, item=make_item(project=project, title="Black mug"))
        make_prediction(pair=pair, label="L2")
        found += make_slots(pair=pair, count=1)
    return found


def on_screen(person: Person, project: Project) -> Lease:
    lease = queue.take(person, project)
    assert lease is not None
    return lease


def ahead_of(lease: Lease, project: Project) -> Lease:
    following = queue.ahead(lease.person, project, lease.token)
    assert following is not None
    return following


def end_now(lease: Lease) -> None:
    Lease.objects.filter(pk=lease.pk).update(until=ClockTimestamp() - timedelta(seconds=1))


def test_the_card_ahead_is_the_next_pair_and_stays_the_same(slots: list[Slot], project: Project, cast: Cast) -> None:
    lease = on_screen(cast.ana, project)
    following = ahead_of(lease, project)
    assert (lease.slot, following.slot) == (slots[0], slots[1])
    assert ahead_of(lease, project) == following


def test_nobody_else_gets_the_pair_ahead(slots: list[Slot], project: Project, cast: Cast) -> None:
    ahead_of(on_screen(cast.ana, project), project)
    assert on_screen(cast.ben, project).slot == slots[2]


def test_the_card_on_the_screen_is_taken_before_the_one_ahead(slots: list[Slot], project: Project, cast: Cast) -> None:
    lease = on_screen(cast.ana, project)
    following = ahead_of(lease, project)
    assert on_screen(cast.ana, project) == lease
    recording.submit(cast.ana, project, lease.token, recording.Answer(uuid.uuid4(), "L4"))
    assert on_screen(cast.ana, project) == following


def test_the_card_ahead_is_held_for_a_short_time_only(slots: list[Slot], project: Project, cast: Cast) -> None:
    """A closed window renews nothing: the pair on its screen is free after 900 s, the one ahead after 150."""
    lease = on_screen(cast.ana, project)
    following = ahead_of(lease, project)
    until = dict(Lease.objects.values_list("pk", "until"))
    assert until[lease.pk] - until[following.pk] > timedelta(seconds=900 - 150 - 30)
    queue.ahead(cast.ana, project, following.token)  # now it is on the screen
    assert Lease.objects.get(pk=following.pk).until >= until[lease.pk]


def test_renewing_the_screen_renews_what_is_ahead(
    slots: list[Slot], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    lease = on_screen(cast.ana, project)
    following = ahead_of(lease, project)
    end_now(following)
    assert client_for(cast.ana).post(f"/p/shoes/judge/{lease.token}/renew/").status_code == 204
    queue.expire_leases(project)
    assert Lease.objects.get(pk=following.pk).state == Lease.State.LIVE


def test_leaving_gives_back_both(slots: list[Slot], project: Project, cast: Cast, client_for: ClientFor) -> None:
    ahead_of(on_screen(cast.ana, project), project)
    client_for(cast.ana).post("/p/shoes/judge/leave/")
    assert set(Slot.objects.values_list("state", flat=True)) == {"open"}


def test_nobody_empties_the_queue_by_looking_ahead(slots: list[Slot], project: Project, cast: Cast) -> None:
    lease: Lease | None = on_screen(cast.ana, project)
    while lease is not None:
        lease = queue.ahead(cast.ana, project, lease.token)
    assert Slot.objects.filter(state="leased").count() == queue.MOST_HELD == 3


def test_looking_ahead_from_a_foreign_or_ended_card_holds_nothing(
    slots: list[Slot], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    lease = on_screen(cast.ana, project)
    assert client_for(cast.ben).get(f"/p/shoes/judge/{lease.token}/ahead/", headers=HTMX).status_code == 404
    queue.give_back(lease)
    assert client_for(cast.ana).get(f"/p/shoes/judge/{lease.token}/ahead/", headers=HTMX).status_code == 204
    assert not Lease.objects.filter(state="live").exists()


@pytest.mark.parametrize("mode", ["blind", "facts", "reveal"])
def test_the_card_ahead_says_nothing_that_its_mode_may_not(
    slots: list[Slot], project: Project, cast: Cast, client_for: ClientFor, mode: str
) -> None:
    Project.objects.update(mode=mode)
    ana = client_for(cast.ana)
    token = token_of(ana.get("/p/shoes/judge/").content.decode())
    page = ana.get(f"/p/shoes/judge/{token}/ahead/", headers=HTMX)
    text = page.content.decode()
    assert "blue mug" in text
    assert "red mug" not in text
    for trace in ("confidence", "0.91", "91 %", "has not learnt"):
        assert trace not in text
    assert ("R-001" in text) == ("<mark" in text) == (mode != "blind")
    assert "L2" not in str(page.headers)


def test_a_first_answer_in_reveal_is_never_passed_over(
    slots: list[Slot], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    """Its form does not go on, and a page that goes on all the same is given the prediction, not what follows."""
    Project.objects.update(mode="reveal")
    ana = client_for(cast.ana)
    page = ana.get("/p/shoes/judge/").content.decode()
    assert "data-goes-on" not in answer_form(page)
    following = ana.get(f"/p/shoes/judge/{token_of(page)}/ahead/", headers=HTMX).content.decode()
    told = submit(ana, page, shown=token_of(following))
    assert "data-ahead" not in told
    assert "Keep mine" in told
    assert "data-goes-on" in answer_form(told)
    assert "data-ahead" in submit(ana, told, choice="keep", shown=token_of(following))


def test_an_answer_brings_the_card_after_the_one_that_is_shown(
    slots: list[Slot], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    ana = client_for(cast.ana)
    page = ana.get("/p/shoes/judge/").content.decode()
    second = ana.get(f"/p/shoes/judge/{token_of(page)}/ahead/", headers=HTMX).content.decode()
    third = submit(ana, page, shown=token_of(second))
    assert "data-ahead" in third
    assert "green mug" in third
    assert "1 today" in third
    fourth = submit(ana, second, shown=token_of(third))
    nothing = submit(ana, third, shown=token_of(fourth))
    assert "data-ahead" in nothing
    assert 'id="answer"' not in nothing
    assert "Nothing left" in submit(ana, fourth)
    assert Judgment.objects.count() == 4


def test_a_card_whose_time_ran_out_while_it_was_ahead_is_replaced(
    slots: list[Slot], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    ana = client_for(cast.ana)
    page = ana.get("/p/shoes/judge/").content.decode()
    second = ana.get(f"/p/shoes/judge/{token_of(page)}/ahead/", headers=HTMX).content.decode()
    end_now(Lease.objects.get(token=token_of(second)))
    queue.expire_leases(project)
    ben = on_screen(cast.ben, project)
    assert ben.slot == slots[1]
    told = submit(ana, page, shown=token_of(second))
    assert "data-ahead" not in told
    assert "green mug" in told


def test_a_refused_answer_keeps_the_card_ahead_and_its_note_as_a_draft(
    slots: list[Slot], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    ana = client_for(cast.ana)
    page = ana.get("/p/shoes/judge/").content.decode()
    second = ana.get(f"/p/shoes/judge/{token_of(page)}/ahead/", headers=HTMX).content.decode()
    Project.objects.update(require_citation=True)
    refused = ana.post(address(page), {**fields(page), "note": "a thought", "shown": token_of(second)}, headers=HTMX)
    assert refused.status_code == 409
    assert Draft.objects.get().body["note"] == "a thought"
    assert set(Lease.objects.values_list("state", flat=True)) == {"live"}


def test_undo_from_the_card_that_was_ahead_brings_back_the_last_pair(
    slots: list[Slot], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    ana = client_for(cast.ana)
    page = ana.get("/p/shoes/judge/").content.decode()
    second = ana.get(f"/p/shoes/judge/{token_of(page)}/ahead/", headers=HTMX).content.decode()
    submit(ana, page, shown=token_of(second))
    undone = ana.post("/p/shoes/judge/undo/", {"token": token_of(second)}, headers=HTMX).content.decode()
    assert "red mug" in undone
    assert "your answer before" in undone
    again = ana.get(f"/p/shoes/judge/{token_of(undone)}/ahead/", headers=HTMX).content.decode()
    assert "blue mug" in again
    assert Lease.objects.filter(state="live").count() == 2
    assert Slot.objects.filter(state="leased").count() == 2


def test_later_goes_on_like_an_answer(slots: list[Slot], project: Project, cast: Cast, client_for: ClientFor) -> None:
    ana = client_for(cast.ana)
    page = ana.get("/p/shoes/judge/").content.decode()
    second = ana.get(f"/p/shoes/judge/{token_of(page)}/ahead/", headers=HTMX).content.decode()
    data = {"shown": token_of(second)}
    third = ana.post(f"{address(page)}later/", data, headers=HTMX).content.decode()
    assert "data-ahead" in third
    assert "green mug" in third


def test_a_broken_shown_is_not_found(slots: list[Slot], project: Project, cast: Cast, client_for: ClientFor) -> None:
    ana = client_for(cast.ana)
    page = ana.get("/p/shoes/judge/").content.decode()
    assert ana.post(address(page), {**fields(page), "shown": "'; --"}, headers=HTMX).status_code == 404
    assert Judgment.objects.count() == 1  # what was answered is stored all the same


def token_of(page: str) -> str:
    found = re.search(r'data-token="([0-9a-f-]{36})"', page)
    assert found is not None, page[:500]
    return found.group(1)


def address(page: str) -> str:
    return f"/p/shoes/judge/{token_of(page)}/"


def answer_form(page: str) -> str:
    return page[page.index('<form id="answer"') :].split(">", 1)[0]


def fields(page: str) -> dict[str, str]:
    found = re.search(r'name="idempotency_key" value="([0-9a-f-]{36})"', page)
    assert found is not None
    return {"idempotency_key": found.group(1), "choice": "L4"}


def submit(client: Client, page: str, **more: str) -> str:
    response = client.post(address(page), {**fields(page), **more}, headers=HTMX)
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()
