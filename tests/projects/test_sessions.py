"""When a sign-in ends, and that nothing typed is lost by it (threats T24, T44, T51)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http.cookies import Morsel
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from annotation.models import Judgment
from projects import audit, invitations, membership, sessions
from projects.models import AuditEvent, Membership, Person, Project, Role, RoleOffer
from tests.conftest import Cast
from tests.projects.conftest import PASSWORD
from tests.world.rows import make_pair, make_slots

ClientFor = Callable[[Person], Client]


def is_in(client: Client) -> bool:
    return client.get("/help/").status_code == 200


def with_password(person: Person) -> Person:
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(username: str) -> Client:
    client = Client()
    assert client.post("/login/", {"username": username, "password": PASSWORD}).status_code == 302
    return client


def test_a_change_of_roles_ends_no_session_and_bites_at_the_next_click(
    cast: Cast, project: Project, client_for: ClientFor
) -> None:
    ana, lena = client_for(cast.ana), client_for(cast.lena)
    assert ana.get("/p/shoes/disputes/").status_code == 404
    lena.post("/p/shoes/members/", {"username": "ana", "role": "adjudicator"})
    assert ana.get("/p/shoes/disputes/").status_code == 200
    for given in Membership.objects.filter(person=cast.ana):
        lena.post(f"/p/shoes/members/{given.pk}/remove/")
    assert ana.get("/p/shoes/disputes/").status_code == ana.get("/p/shoes/judge/").status_code == 404
    assert is_in(ana)


def test_no_lead_of_another_project_signs_anybody_out(cast: Cast, project: Project, client_for: ClientFor) -> None:
    """Invited, accepted, given a further role, removed again: the session in the own project goes on."""
    beta = Project.objects.create(slug="beta", name="Beta")
    Membership.objects.create(project=beta, person=cast.eve, role=Role.LEAD)
    eve, ana, root = client_for(cast.eve), client_for(cast.ana), client_for(cast.root)
    for name in ("ana", "root"):
        eve.post("/p/beta/members/", {"username": name, "role": "labeler"})
    ana.post(f"/offers/{RoleOffer.objects.get(username='ana').pk}/", {"answer": "accept"})
    eve.post("/p/beta/members/", {"username": "ana", "role": "adjudicator"})
    for given in Membership.objects.filter(project=beta, person=cast.ana):
        eve.post(f"/p/beta/members/{given.pk}/remove/")
    assert ana.get("/p/shoes/judge/").status_code == root.get("/people/").status_code == 200
    assert not Membership.objects.filter(project=beta, person=cast.ana).exists()


def test_a_refused_change_of_roles_ends_nothing(cast: Cast, project: Project, client_for: ClientFor) -> None:
    ana = client_for(cast.ana)
    client_for(cast.lena).post("/p/shoes/members/", {"username": "ana", "role": "labeler"})  # holds it already
    assert is_in(ana)


def test_a_system_admin_who_leads_from_now_on_goes_on(cast: Cast, client_for: ClientFor) -> None:
    root = client_for(cast.root)
    fields = {"name": "Hats", "slug": "hats", "scale_name": "lore-4", "lead": "root"}
    assert root.post("/projects/new/", fields).status_code == 302
    assert root.get("/p/hats/members/").status_code == 200


def test_other_sessions_end_at_a_click_and_this_one_stays(cast: Cast, client_for: ClientFor) -> None:
    here, elsewhere = client_for(cast.ana), client_for(cast.ana)
    assert "End my other sessions" in here.get("/account/").content.decode()
    assert here.post("/account/", {"action": "sessions"}).status_code == 302
    assert (is_in(here), is_in(elsewhere)) == (True, False)
    assert AuditEvent.objects.filter(act="sessions.ended", actor=cast.ana).exists()


def test_staying_is_for_what_one_did_oneself(cast: Cast, client_for: ClientFor, monkeypatch: Any) -> None:
    """While Ana ends her other sessions, somebody else ends all of them: this one does not survive by it."""
    ana = client_for(cast.ana)
    real = audit.record

    def raced(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        sessions.end_all(cast.ana)

    monkeypatch.setattr(audit, "record", raced)
    ana.post("/account/", {"action": "sessions"})
    assert not is_in(ana)


def test_a_one_time_link_ends_the_sessions_before_it(cast: Cast, client_for: ClientFor) -> None:
    before = client_for(cast.ben)
    new = Client()
    link = invitations.invite(cast.ben, actor=cast.root)
    new.post(link.path, {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert (is_in(before), is_in(new)) == (False, True)


def test_changing_a_password_does_not_bring_back_who_was_deactivated_meanwhile(cast: Cast, monkeypatch: Any) -> None:
    """Saving the whole row would write the old is_active over the new one."""
    from projects.views import account

    with_password(cast.ana)
    client = sign_in("ana")

    class Raced(account.PasswordChangeForm):
        def clean(self) -> Any:
            membership.deactivate(Person.objects.get(pk=cast.ana.pk), actor=cast.root)
            return super().clean()

    monkeypatch.setattr(account, "PasswordChangeForm", Raced)
    new = {"new_password1": "another-long-word-9", "new_password2": "another-long-word-9"}
    client.post("/account/", {"action": "password", "old_password": PASSWORD, **new})
    assert not Person.objects.get(pk=cast.ana.pk).is_active
    assert not is_in(client)


def test_a_session_ends_fourteen_days_after_sign_in_however_busy(cast: Cast) -> None:
    with_password(cast.ana)
    client = sign_in("ana")
    at_first = Session.objects.get(session_key=client.session.session_key).expire_date
    assert abs(at_first - timezone.now() - timedelta(days=14)) < timedelta(minutes=1)
    shown: Morsel[str] = client.cookies["sessionid"]
    assert 14 * 24 * 3600 - 60 <= int(shown["max-age"]) <= 14 * 24 * 3600
    session = client.session
    session.set_expiry(timezone.now() + timedelta(minutes=5))
    session.save()
    client.post("/account/", {"name": "Ana", "locale": "en"})  # leaves a message, so the session is written again
    ends = Session.objects.get(session_key=client.session.session_key).expire_date
    assert ends - timezone.now() < timedelta(minutes=6)


def test_a_cookie_planted_before_sign_in_opens_nothing_after_it(cast: Cast) -> None:
    with_password(cast.ana)
    victim = Client()
    victim.cookies["sessionid"] = "planted0planted0planted0planted0"
    victim.post("/login/", {"username": "ana", "password": PASSWORD})
    assert is_in(victim)
    thief = Client()
    thief.cookies["sessionid"] = "planted0planted0planted0planted0"
    assert not is_in(thief)


def test_a_session_needs_the_persons_epoch_and_the_secret(cast: Cast, settings: Any) -> None:
    first = cast.ana.get_session_auth_hash()
    cast.ana.session_epoch += 1
    assert cast.ana.get_session_auth_hash() != first
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "x" * 40, [django_settings.SECRET_KEY]
    cast.ana.session_epoch -= 1
    assert cast.ana.get_session_auth_hash() != first
    assert first in list(cast.ana.get_session_auth_fallback_hash())


# Nothing typed is lost


def submit_form(client: Client) -> tuple[str, dict[str, str]]:
    card = client.get("/p/shoes/judge/").context["card"]
    return card["urls"]["submit"], {"idempotency_key": card["idempotency_key"], "choice": "L4", "note": "my words"}


def test_an_answer_sent_after_the_session_ended_is_stored_once_after_signing_in_again(
    cast: Cast, project: Project
) -> None:
    with_password(cast.ana)
    make_slots(pair=make_pair(project=project))
    client = sign_in("ana")
    url, fields = submit_form(client)
    sessions.end_all(cast.ana)
    refused = client.post(url, fields, headers={"HX-Request": "true"})
    assert (refused.status_code, refused["HX-Retarget"]) == (401, "#messages")
    assert b"Nothing on this page is lost" in refused.content
    client.post("/login/", {"username": "ana", "password": PASSWORD})
    for _ in range(2):
        assert client.post(url, fields, headers={"HX-Request": "true"}).status_code == 200
    stored = Judgment.objects.get()
    assert (stored.label, stored.judge.person) == ("L4", cast.ana)


def test_a_draft_survives_the_end_of_the_session(cast: Cast, project: Project) -> None:
    with_password(cast.ana)
    make_slots(pair=make_pair(project=project))
    client = sign_in("ana")
    card = client.get("/p/shoes/judge/").context["card"]
    client.post(card["urls"]["draft"], {"note": "my words"})
    sessions.end_all(cast.ana)
    client.post("/login/", {"username": "ana", "password": PASSWORD})
    assert "my words" in client.get("/p/shoes/judge/").content.decode()


@pytest.mark.parametrize("path", ["/p/shoes/settings/", "/account/"])
def test_a_form_sent_after_the_session_ended_comes_back_with_what_was_typed(
    path: str, cast: Cast, project: Project
) -> None:
    with_password(cast.lena)
    client = sign_in("lena")
    sessions.end_all(cast.lena)
    typed = {"name": "Shoes", "guideline": "Long <b>words</b>\nof two lines", "old_password": "s3cret-typed"}
    kept = client.post(path, typed)
    text = kept.content.decode()
    assert kept.status_code == 401
    assert f'action="{path}"' in text
    assert "Long &lt;b&gt;words&lt;/b&gt;\nof two lines" in text
    assert "s3cret-typed" not in text
    client.post("/login/", {"username": "lena", "password": PASSWORD})
    again = client.post(path, {"name": "Shoes", "guideline": "Long"})
    assert again.status_code != 401


def test_what_a_stranger_posts_is_not_shown_again(cast: Cast) -> None:
    answer = Client().post("/p/shoes/settings/", {"name": "planted"})
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/p/shoes/settings/")
