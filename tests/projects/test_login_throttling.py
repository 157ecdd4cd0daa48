"""Guessing passwords, and learning from the answers who exists (threats T41, T42)."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client, RequestFactory

from projects import demo_logins, membership
from projects.client_addresses import client_address, keyed, network_of
from projects.models import AuditEvent, GuessCount, Person, Project
from tests.conftest import Cast
from tests.projects.conftest import PASSWORD, plain

ClientFor = Callable[[Person], Client]


@pytest.fixture
def ana(cast: Cast) -> Person:
    cast.ana.set_password(PASSWORD)
    cast.ana.save()
    return cast.ana


def guess(username: str, password: str = "wrong", *, at: str = "203.0.113.9", client: Client | None = None) -> Any:
    fields = {"username": username, "password": password}
    return (client or Client()).post("/login/", fields, REMOTE_ADDR=at)


def checked(guesses: list[tuple[str, str]]) -> int:
    """How many of the (name, address) led to a password being hashed."""
    with mock.patch.object(MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode) as hashed:
        for username, address in guesses:
            assert guess(username, at=address).status_code in {422, 429}
    return hashed.call_count


def wait_over() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_guesscount SET until = clock_timestamp() WHERE until IS NOT NULL")


@pytest.mark.parametrize(
    ("guesses", "most"),
    [
        ([("ana", "203.0.113.9")] * 60, 5),
        ([(f"name{n}", "203.0.113.9") for n in range(60)], 20),
        ([("ana", f"203.0.113.{n}") for n in range(60)], 20),
        ([("ana", f"2001:db8::{n:x}") for n in range(60)], 5),  # one customer holds a /64
        ([("aNa" if n % 2 else "Ana", "203.0.113.9") for n in range(60)], 5),
    ],
    ids=["one name, one address", "one address", "one name", "one IPv6 network", "upper and lower case"],
)
def test_few_passwords_are_checked_whichever_way_they_are_guessed(
    guesses: list[tuple[str, str]], most: int, ana: Person
) -> None:
    assert checked(guesses) == most


def test_the_owner_gets_in_from_a_known_browser_while_strangers_guess(ana: Person) -> None:
    home = Client()
    assert guess("ana", PASSWORD, at="198.51.100.1", client=home).status_code == 302
    home.post("/logout/")
    for n in range(40):
        guess("ana", at=f"203.0.113.{n}")
    assert guess("ana", PASSWORD, at="198.51.100.77").status_code == 429, "the name waits for strangers"
    assert guess("ana", PASSWORD, at="198.51.100.2", client=home).status_code == 302, "and not for who was here before"


def test_a_known_browser_has_no_more_tries_than_a_stranger(ana: Person) -> None:
    home = Client()
    guess("ana", PASSWORD, client=home)
    home.post("/logout/")
    assert [guess("ana", client=home).status_code for _ in range(7)] == [422] * 4 + [429] * 3
    assert guess("ana", PASSWORD, client=home).status_code == 429


def test_a_browser_is_known_for_those_who_signed_in_from_it_alone(ana: Person) -> None:
    home = Client()
    guess("ana", PASSWORD, client=home)
    home.post("/logout/")
    for n in range(20):
        guess("ben", at=f"203.0.113.{n}")
    assert guess("ben", at="198.51.100.2", client=home).status_code == 429
    forged = Client()
    forged.cookies["device"] = home.cookies["device"].value[:-2] + "xx"
    for n in range(20):
        guess("ana", at=f"203.0.113.{n}")
    assert guess("ana", PASSWORD, at="198.51.100.2", client=forged).status_code == 429


def test_each_wait_is_twice_the_one_before_and_ends(ana: Person) -> None:
    waits = []
    for _ in range(7):
        answers = [guess("ana") for _ in range(5)]
        waits.append(round(int(answers[-1]["Retry-After"]) / 60))
        assert answers[-1].status_code == 429
        wait_over()
    assert waits == [10, 20, 40, 80, 160, 240, 240]  # minutes; four hours at most
    assert guess("ana", PASSWORD).status_code == 302


def test_a_refused_try_does_not_prolong_the_wait(ana: Person) -> None:
    for _ in range(5):
        guess("ana")
    before = list(GuessCount.objects.order_by("key").values())
    assert [guess("ana").status_code for _ in range(10)] == [429] * 10
    assert list(GuessCount.objects.order_by("key").values()) == before


def test_the_right_password_clears_what_was_counted_for_the_person_here(ana: Person) -> None:
    for _ in range(4):
        guess("ana")
    assert guess("ana", PASSWORD).status_code == 302
    assert sorted(GuessCount.objects.values_list("failures", flat=True)) == [4, 4]  # of the address, of the name
    assert [guess("ana").status_code for _ in range(4)] == [422] * 4


def test_a_wait_stands_in_the_audit_log_with_its_origin_under_a_key_and_no_typed_name(ana: Person) -> None:
    for name in ("ana", "my-password-by-mistake"):
        for _ in range(5):
            guess(name)
    events = AuditEvent.objects.filter(act="sign_in.waits").order_by("pk")
    assert [event.object_id for event in events] == [str(ana.pk), ""]
    assert {event.detail["address"] for event in events} == {keyed("203.0.113.9")} != {"203.0.113.9"}
    assert "203.0.113" not in str(list(events.values()))
    assert "by-mistake" not in str(list(events.values())) + str(list(GuessCount.objects.values()))


def test_an_unlocked_screen_gives_no_more_tries_at_the_old_password(ana: Person, client_for: ClientFor) -> None:
    client = client_for(ana)
    new = {"new_password1": "another-long-word-9", "new_password2": "another-long-word-9", "action": "password"}
    codes = [client.post("/account/", {"old_password": "wrong", **new}).status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]
    assert client.post("/account/", {"old_password": PASSWORD, **new}).status_code == 429
    assert Person.objects.get(pk=ana.pk).check_password(PASSWORD)


# Whose address


@pytest.mark.parametrize(
    ("trusted", "peer", "said", "counted"),
    [
        ([], "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (["10.0.0.0/8"], "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.2", "198.51.100.1", "198.51.100.1"),
        (["10.0.0.0/8"], "10.0.0.2", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (["10.0.0.0/8"], "10.0.0.2", "6.6.6.6, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        (["10.0.0.0/8"], "10.0.0.2", "198.51.100.1, nonsense", "10.0.0.2"),
        (["10.0.0.0/8"], "10.0.0.2", "", "10.0.0.2"),
        (["unix"], "", "198.51.100.1", "198.51.100.1"),
        ([], "", "198.51.100.1", "unix"),
        (["10.0.0.0/8"], "::ffff:10.0.0.2", "198.51.100.1", "198.51.100.1"),
    ],
)
def test_a_forwarded_address_counts_only_as_far_as_trusted_proxies_wrote_it(
    trusted: list[str], peer: str, said: str, counted: str, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = [word if word == "unix" else ip_network(word) for word in trusted]
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=said)
    assert client_address(request) == counted


def test_forged_forwarding_headers_give_no_further_guess_and_do_not_reach_the_audit_log(ana: Person) -> None:
    codes = [
        Client(
            headers={"X-Forwarded-For": f"198.51.100.{n}", "X_Forwarded_For": f"198.51.100.{n}", "Forwarded": "for=6"}
        )
        .post("/login/", {"username": "ana", "password": "wrong"}, REMOTE_ADDR="203.0.113.9")
        .status_code
        for n in range(7)
    ]
    assert codes == [422] * 4 + [429] * 3
    assert AuditEvent.objects.get(act="sign_in.waits").detail["address"] == keyed("203.0.113.9")


def test_an_ipv6_customer_is_one_network() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert network_of("::ffff:203.0.113.9") == "203.0.113.9"


# Who exists


@pytest.fixture
def strangers(ana: Person, cast: Cast, project: Project, settings: Any) -> list[str]:
    """A wrong password, nobody, one who left, one without a password yet, one of the demo."""
    cast.ben.set_password(PASSWORD)
    cast.ben.save()
    membership.deactivate(cast.ben, actor=cast.root)
    Person.objects.filter(pk=cast.ada.pk).update(password=ana.password, is_active=False)
    settings.DEMO = True
    demo_logins.ensure(project)
    settings.DEMO = False
    return ["ana", "nobody-at-all", "ben", "ada", "eve", "demo-lena"]


def test_unknown_wrong_deactivated_and_demo_names_get_one_answer_after_one_hash(strangers: list[str]) -> None:
    answers, hashes = set(), []
    for name in strangers:
        with mock.patch.object(
            MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode
        ) as hashed:
            answer = guess(name, at=f"203.0.113.{len(hashes)}")
        hashes.append(hashed.call_count)
        headers = tuple(sorted((k, v) for k, v in answer.headers.items() if k not in {"Expires", "Content-Length"}))
        answers.add((answer.status_code, headers, plain(answer, f'value="{name}"'), tuple(answer.cookies)))
    assert len(answers) == 1
    assert hashes == [1] * len(strangers)


def test_a_wait_tells_nothing_of_whether_the_name_exists(ana: Person) -> None:
    texts = set()
    for name in ("ana", "nil"):
        for _ in range(5):
            answer = guess(name)
        texts.add(plain(answer, name).split("Try again")[0])
    assert len(texts) == 1
