"""Nobody becomes a member of a project unasked, and asking tells nothing of who exists (breaking.md M1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from projects import forgetting, membership, role_offers
from projects.models import AuditEvent, Membership, Person, Project, Role, RoleOffer
from projects.refusals import Refused
from tests.conftest import Cast

ClientFor = Callable[[Person], Client]


@pytest.fixture
def beta(cast: Cast) -> Project:
    """A stranger's project, which Eve leads."""
    project = Project.objects.create(slug="beta", name="Beta")
    Membership.objects.create(project=project, person=cast.eve, role=Role.LEAD)
    return project


def invite(client: Client, username: str, role: str = "labeler") -> Any:
    return client.post("/p/beta/members/", {"username": username, "role": role})


def answer(client: Client, offer: RoleOffer, word: str) -> Any:
    return client.post(f"/offers/{offer.pk}/", {"answer": word})


def test_nobody_is_a_member_before_they_accept(cast: Cast, beta: Project, client_for: ClientFor) -> None:
    ana, eve = client_for(cast.ana), client_for(cast.eve)
    assert invite(eve, "ana").status_code == 302
    home = ana.get("/").content.decode()
    assert 'href="/p/beta/' not in home and "Invitations" in home and "Beta" in home and "/p/beta/" in home
    assert ana.get("/p/beta/judge/").status_code == 404
    assert answer(ana, RoleOffer.objects.get(), "accept").status_code == 302
    assert ana.get("/p/beta/judge/").status_code == 200
    assert 'href="/p/beta/' in (home := ana.get("/").content.decode()) and "Invitations" not in home
    event = AuditEvent.objects.get(act="member.added", project=beta)
    assert event.actor == cast.ana  # it was her act


def test_asking_tells_nothing_of_who_exists(cast: Cast, beta: Project, client_for: ClientFor) -> None:
    """A user name that is there, one that is nobody's, one deactivated: asked, asked again, listed, declined, alike."""
    eve = client_for(cast.eve)
    Person.objects.filter(pk=cast.otto.pk).update(is_active=False)
    seen = {}
    for name in ("rosa", "nosa", "otto"):
        asked, listed = invite(eve, name), eve.get("/p/beta/members/")
        again = invite(eve, name)
        if name == "rosa":
            answer(client_for(cast.rosa), RoleOffer.objects.get(), "decline")
        after = eve.get("/p/beta/members/")
        seen[name] = [_without(name, one) for one in (asked, listed, again, after)]
        RoleOffer.objects.all().delete()
    assert seen["rosa"] == seen["nosa"] == seen["otto"]
    assert [status for status, _text in seen["rosa"]] == [302, 200, 422, 200]


def _without(name: str, response: HttpResponse) -> tuple[int, str]:
    text = response.content.decode().replace(name, "NAME")
    return response.status_code, re.sub(
        r"(/offers/)\d+|csrfmiddlewaretoken\" value=\"\w+|X-CSRFToken\": \"\w+", r"\1", text
    )


def test_who_declines_stays_out_and_is_not_asked_again(cast: Cast, beta: Project, client_for: ClientFor) -> None:
    ana, eve = client_for(cast.ana), client_for(cast.eve)
    invite(eve, "ana")
    offer = RoleOffer.objects.get()
    answer(ana, offer, "decline")
    assert answer(ana, offer, "accept").status_code == 404
    invite(eve, "ana")
    assert "Invitations" not in ana.get("/").content.decode()
    assert not Membership.objects.filter(project=beta, person=cast.ana).exists()


def test_a_member_has_a_further_role_at_once(cast: Cast, client_for: ClientFor) -> None:
    client_for(cast.lena).post("/p/shoes/members/", {"username": "ana", "role": "adjudicator"})
    assert Membership.objects.filter(person=cast.ana, role=Role.ADJUDICATOR).exists()
    assert not RoleOffer.objects.exists()


def test_nobody_answers_for_another(cast: Cast, beta: Project, client_for: ClientFor) -> None:
    invite(client_for(cast.eve), "ana")
    for person in (cast.ben, cast.eve, cast.root):
        assert answer(client_for(person), RoleOffer.objects.get(), "accept").status_code == 404
    assert Membership.objects.filter(project=beta).count() == 1


def _withdrawn(offer: RoleOffer, cast: Cast, beta: Project) -> None:
    role_offers.withdraw(offer, actor=cast.eve)


def _over(offer: RoleOffer, cast: Cast, beta: Project) -> None:
    RoleOffer.objects.filter(pk=offer.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def _archived(offer: RoleOffer, cast: Cast, beta: Project) -> None:
    Project.objects.filter(pk=beta.pk).update(archived_at=timezone.now())


def _no_lead_any_more(offer: RoleOffer, cast: Cast, beta: Project) -> None:
    membership.add_role(beta, "ben", Role.LEAD, actor=None)
    membership.remove_role(Membership.objects.get(project=beta, person=cast.eve), actor=cast.ben)
    membership.add_role(beta, "eve", Role.LEAD, actor=cast.ben)  # given back, the offers do not come back


def _deactivated(offer: RoleOffer, cast: Cast, beta: Project) -> None:
    membership.deactivate(cast.eve, actor=cast.root)


@pytest.mark.parametrize("end", [_withdrawn, _over, _archived, _no_lead_any_more, _deactivated])
def test_an_offer_ends(
    end: Callable[[RoleOffer, Cast, Project], None], cast: Cast, beta: Project, client_for: ClientFor
) -> None:
    ana = client_for(cast.ana)
    offer = role_offers.offer(beta, "ana", Role.LABELER, actor=cast.eve)
    end(offer, cast, beta)
    assert "Invitations" not in ana.get("/").content.decode()
    assert answer(ana, offer, "accept").status_code == 404
    with pytest.raises(Refused):
        membership.accept(offer, person=cast.ana)  # whose page was open before
    assert not Membership.objects.filter(project=beta, person=cast.ana).exists()


def test_a_name_is_offered_a_role_anew_once_the_time_is_over(cast: Cast, beta: Project) -> None:
    _over(role_offers.offer(beta, "ana", Role.LABELER, actor=cast.eve), cast, beta)
    assert role_offers.offer(beta, "ana", Role.LABELER, actor=cast.eve).pk
    with pytest.raises(Refused):
        role_offers.offer(beta, "ana", Role.LABELER, actor=cast.eve)


def test_the_first_lead_whom_a_system_admin_names_is_in_at_once(cast: Cast, client_for: ClientFor) -> None:
    """An act of the installation, not of another project."""
    eve = client_for(cast.eve)
    fields = {"name": "Hats", "slug": "hats", "scale_name": "lore-4", "lead": "eve"}
    assert client_for(cast.root).post("/projects/new/", fields).status_code == 302
    assert eve.get("/p/hats/members/").status_code == 200


def test_members_and_offers_come_in_pages(cast: Cast, project: Project, client_for: ClientFor) -> None:
    lena = client_for(cast.lena)
    for number in range(60):
        person = Person.objects.create_person(f"w{number:02}")
        Membership.objects.create(project=project, person=person, role=Role.LABELER)
        role_offers.offer(project, f"o{number:02}", Role.LABELER, actor=cast.lena)
    first = lena.get("/p/shoes/members/")
    assert (len(first.context["members"]), len(first.context["offers"])) == (50, 50)
    second = lena.get(f"/p/shoes/members/{first.context['older_url']}")
    assert len(second.context["members"]) == 60 + 7 - 50
    assert len(lena.get(f"/p/shoes/members/{first.context['offers_older']}").context["offers"]) == 10


def test_an_offer_to_who_is_forgotten_goes_with_the_name(cast: Cast, beta: Project) -> None:
    role_offers.offer(beta, "ana", Role.LABELER, actor=cast.eve)
    forgetting.forget(cast.ana, typed="ana", actor=cast.root)
    assert not RoleOffer.objects.exists()
