from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from database.clock import ClockTimestamp
from projects import demo_logins, invitations, membership
from projects.models import AuditEvent, GuessCount, OneTimeLink, Person, Project
from tests.conftest import Cast
from tests.projects.conftest import PASSWORD, everything, plain

ClientFor = Callable[[Person], Client]

HOSTILE = [
    "//evil.example",
    "///evil.example",
    "////evil.example/%2e%2e",
    "http://evil.example",
    "https://evil.example/",
    "https:evil.example",
    "https:/evil.example",
    "http:///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "/%0d%0aLocation: https://evil.example\r\nLocation: //evil.example",
    "\r\n//evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "/\u202e//evil.example",
    "\u202e//evil.example",
    "@evil.example",
    ".evil.example",
    "evil.example",
    "testserver@evil.example",
    "http://testserver@evil.example/",
    "http://[::1",
    "//[evil",
    "\x00//evil.example",
    "",
    "?next=//evil.example",
    "//testserver.evil.example",
    "/\x7f/evil.example",
    "ftp://testserver/x",
    "mailto:eve@evil.example",
    "／／evil.example",
    "/\u2028/evil.example",
    "//google.com/%2f..",
]


@pytest.fixture
def ana(cast: Cast) -> Person:
    cast.ana.set_password(PASSWORD)
    cast.ana.save()
    return cast.ana


def sign_in(client: Client, username: str, password: str, **fields: str) -> Any:
    return client.post("/login/", {"username": username, "password": password, **fields})


def test_the_right_password_leads_to_the_page_asked_for(ana: Person) -> None:
    answer = sign_in(Client(), "ana", PASSWORD, next="/help/?a=1")
    assert (answer.status_code, answer["Location"]) == (302, "/help/?a=1")


def test_next_never_leads_to_a_foreign_host(ana: Person) -> None:
    led = {}
    for payload in HOSTILE:
        signed_in = sign_in(Client(), "ana", PASSWORD, next=payload)
        chose = Client().post("/language/", {"language": "en", "next": payload})
        led[payload] = [(answer.status_code, answer["Location"]) for answer in (signed_in, chose)]
    assert {payload: answers for payload, answers in led.items() if answers != [(302, "/")] * 2} == {}


def test_next_of_someone_signed_in_is_checked_too(ana: Person, client_for: ClientFor) -> None:
    answer = client_for(ana).get("/login/", {"next": "//evil.example"})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_unknown_wrong_and_deactivated_get_the_same_answer(ana: Person, cast: Cast) -> None:
    cast.ben.set_password(PASSWORD)
    cast.ben.is_active = False
    cast.ben.save()
    answers = [
        sign_in(Client(), "ana", "wrong"),
        sign_in(Client(), "nil", PASSWORD),
        sign_in(Client(), "ben", PASSWORD),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    texts = {plain(answer, f'value="{name}"') for answer, name in zip(answers, ["ana", "nil", "ben"], strict=True)}
    assert len(texts) == 1


def test_five_failures_lock_the_name_at_this_address_and_are_counted_in_postgresql(ana: Person) -> None:
    client = Client()
    assert [sign_in(client, "ana", "wrong").status_code for _ in range(5)] == [422, 422, 422, 422, 429]
    refused = sign_in(client, "ana", PASSWORD)
    assert refused.status_code == 429
    assert 500 <= int(refused["Retry-After"]) <= 600  # ten minutes from the latest failure
    assert "try again in 10 minutes" in refused.content.decode().lower()
    assert sorted(GuessCount.objects.values_list("failures", flat=True)) == [5, 5, 5]  # name here, address, name
    assert "_auth_user_id" not in client.session


def test_an_attacker_elsewhere_does_not_lock_the_person_out(ana: Person) -> None:
    for _ in range(6):
        Client(REMOTE_ADDR="203.0.113.9").post("/login/", {"username": "ana", "password": "wrong"})
    assert sign_in(Client(), "ana", PASSWORD).status_code == 302


def test_lockout_does_not_tell_whether_the_name_exists(ana: Person) -> None:
    texts = set()
    for name in ("ana", "nil"):
        client = Client()
        answers = [sign_in(client, name, "wrong") for _ in range(5)]
        texts.add(plain(answers[-1], name).split("Try again")[0])
    assert len(texts) == 1


def test_what_the_browser_held_before_is_worth_nothing_after_login(ana: Person) -> None:
    client = Client()
    session = client.session
    session["planted"] = "1"
    session.save()
    before = session.session_key
    sign_in(client, "ana", PASSWORD)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_logout_is_a_post_and_clears_the_browser(ana: Person, client_for: ClientFor) -> None:
    client = client_for(ana)
    assert client.get("/logout/").status_code == 405
    answer = client.post("/logout/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("path", ["/login/", "/logout/", "/language/", "/account/", "/p/shoes/members/"])
def test_a_post_needs_its_csrf_token(path: str, cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.lena, backend="django.contrib.auth.backends.ModelBackend")
    before = everything()
    answer = client.post(path, {"username": "eve", "role": "lead", "language": "zh-hans", "demo": "demo-ana"})
    assert answer.status_code == 403
    assert everything() == before


def test_a_csrf_refusal_under_htmx_leaves_the_form_on_the_screen(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True, headers={"HX-Request": "true"})
    client.force_login(cast.lena, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/p/shoes/members/", {"username": "eve", "role": "lead"})
    assert (answer.status_code, answer["HX-Retarget"]) == (403, "#messages")
    assert b"<html" not in answer.content
    assert b"Nothing was saved" in answer.content


def test_a_one_time_link_works_once(cast: Cast) -> None:
    link = invitations.invite(cast.ben, actor=cast.root)
    client = Client()
    assert client.get(link.path).status_code == 200
    passwords = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    assert client.post(link.path, passwords)["Location"] == "/"
    assert int(client.session["_auth_user_id"]) == cast.ben.pk
    again = Client().post(link.path, {"new_password1": "another-long-word-9", "new_password2": "another-long-word-9"})
    assert again.status_code == 410
    assert "works once" in again.content.decode()
    assert sign_in(Client(), "ben", PASSWORD).status_code == 302


def test_a_link_is_kept_as_a_hash_only(cast: Cast) -> None:
    link = invitations.invite(cast.ben, actor=cast.root)
    token = link.path.rstrip("/").rsplit("/", 1)[-1]
    assert len(token) >= 43  # 256 bits in base 64
    assert not any(token in str(row) for row in everything())
    assert OneTimeLink.objects.get().token_sha256 != token


def test_an_expired_link_and_an_unknown_one_say_so(cast: Cast) -> None:
    link = invitations.invite(cast.ben, actor=None, valid_for=timedelta(seconds=-1))
    expired = Client().get(link.path)
    assert (expired.status_code, "has expired" in expired.content.decode()) == (410, True)
    unknown = Client().get("/welcome/nonsense%00/")
    assert (unknown.status_code, "not known" in unknown.content.decode()) == (404, True)


def test_a_new_link_ends_the_earlier_one(cast: Cast) -> None:
    first = invitations.invite(cast.ben, actor=None)
    second = invitations.invite(cast.ben, actor=None)
    assert [Client().get(link.path).status_code for link in (first, second)] == [410, 200]


def test_a_weak_password_is_refused_and_the_link_stays_good(cast: Cast) -> None:
    link = invitations.invite(cast.ben, actor=None)
    assert Client().post(link.path, {"new_password1": "short", "new_password2": "short"}).status_code == 422
    assert Client().get(link.path).status_code == 200


def test_the_session_of_a_deactivated_person_ends_and_stays_dead_after_a_return(
    ana: Person, cast: Cast, client_for: ClientFor
) -> None:
    client = client_for(ana)
    assert client.get("/").status_code == 200
    membership.deactivate(Person.objects.get(pk=ana.pk), actor=cast.root)
    assert client.get("/")["Location"].startswith("/login/")
    link = membership.reactivate(Person.objects.get(pk=ana.pk), actor=cast.root)
    assert client.get("/")["Location"].startswith("/login/")
    assert sign_in(Client(), "ana", PASSWORD).status_code == 422
    assert Client().get(link.path).status_code == 200


def test_the_link_of_a_deactivated_person_has_ended(cast: Cast) -> None:
    link = invitations.invite(cast.ben, actor=None)
    membership.deactivate(cast.ben, actor=cast.root)
    assert Client().get(link.path).status_code == 410
    assert invitations.accept(link.path.split("/")[2], PASSWORD) is None


def test_changing_the_password_ends_the_other_sessions(ana: Person, client_for: ClientFor) -> None:
    here, elsewhere = client_for(ana), client_for(ana)
    new = "another-long-word-9"
    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/account/", {"action": "password", **fields}).status_code == 302
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    assert AuditEvent.objects.filter(act="password.changed", actor=ana).exists()


@pytest.mark.parametrize("by_link", [False, True], ids=["on the account page", "by a link"])
def test_a_new_password_ends_every_open_link(cast: Cast, client_for: ClientFor, by_link: bool) -> None:
    new = "another-long-word-9"
    if by_link:
        link = invitations.invite(cast.ben, actor=None)
        older = OneTimeLink.objects.create(
            person=cast.ben, token_sha256=sha256(b"older").hexdigest(), expires_at=ClockTimestamp() + timedelta(hours=1)
        )
        assert invitations.accept(link.path.split("/")[2], new) == cast.ben
        assert invitations.accept("older", PASSWORD) is None and OneTimeLink.objects.get(pk=older.pk).used_at is None
        return
    cast.ben.set_password(PASSWORD)
    cast.ben.save()
    link = invitations.invite(cast.ben, actor=None)
    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client_for(cast.ben).post("/account/", {"action": "password", **fields}).status_code == 302
    assert Client().get(link.path).status_code == 410
    assert invitations.accept(link.path.split("/")[2], PASSWORD) is None


def in_the_demo(settings: Any, project: Project) -> None:
    """Its people came first: the demo is refused where a project is older than it."""
    settings.DEMO = True
    demo_logins.ensure(project)
    Project.objects.filter(pk=project.pk).update(created_at=ClockTimestamp())


def test_outside_the_demo_no_one_click_login_is_offered_or_answered(settings: Any, project: Project) -> None:
    settings.DEMO = True
    demo_logins.ensure(project)
    settings.DEMO = False
    assert b"demo-ana" not in Client().get("/login/").content
    assert Client().post("/login/", {"demo": "demo-ana"}).status_code == 404
    with pytest.raises(RuntimeError):
        demo_logins.ensure(project)


def test_in_the_demo_one_click_signs_in_and_only_as_a_demo_person(settings: Any, project: Project) -> None:
    in_the_demo(settings, project)
    demo_logins.ensure(project)
    page = Client().get("/login/").content.decode()
    assert all(login.username in page for login in demo_logins.CAST)
    client = Client()
    assert client.post("/login/", {"demo": "demo-lena"}).status_code == 302
    assert client.get("/p/shoes/members/").status_code == 200
    for other in ("root", "lena", "demo-nobody", "demo-ana\x00"):
        assert Client().post("/login/", {"demo": other}).status_code == 404


def test_switching_the_demo_off_ends_its_sessions(settings: Any, project: Project) -> None:
    in_the_demo(settings, project)
    client = Client()
    client.post("/login/", {"demo": "demo-root"})
    assert client.get("/people/").status_code == 200
    settings.DEMO = False
    assert client.get("/people/").status_code == 302


def test_a_demo_person_has_no_password_and_one_with_a_password_is_no_demo_person(
    settings: Any, project: Project
) -> None:
    settings.DEMO = True
    people = demo_logins.ensure(project)
    assert not any(person.has_usable_password() for person in people)
    people[0].set_password(PASSWORD)
    people[0].save()
    assert demo_logins.demo_person(people[0].username) is None


def test_a_last_login_is_kept(ana: Person) -> None:
    sign_in(Client(), "ana", PASSWORD)
    assert Person.objects.filter(pk=ana.pk, last_login__lte=ClockTimestamp()).exists()
