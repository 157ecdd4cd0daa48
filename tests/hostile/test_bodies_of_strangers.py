"""Strangers bring no body over 64 KiB, wherever they send it: the places for large ones are for those who are signed in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from projects.models import Person
from projects.policy import POLICY, Permission
from projects.uploading import SMALL_BYTES
from tests.conftest import FreshDatabase
from tests.drills.http_people import HttpPerson
from tests.processes import web_server

OPEN = {"login": "/login/", "welcome": "/welcome/x/", "language": "/language/"}
SHUT = ("/account/", "/p/shoes/settings/", "/p/shoes/imports/", "/api/p/shoes/imports/", "/api/v1/p/shoes/imports/")
FIELDS = "application/x-www-form-urlencoded"
FORM = f"csrfmiddlewaretoken={'c' * 32}&username="
BOUNDARY = "multipart/form-data; boundary=x"
PART = f'--x\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{"c" * 32}\r\n'
LARGE = {"a": "x" * 50_000, "b": "x" * 50_000}
PLACES = 40


def begun(path: str, kind: str = FIELDS, length: int = 100_000, more: str = "") -> bytes:
    """As a browser that has seen the page begins; its session is over, or never was."""
    lines = (
        f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", f"Content-Length: {length}",
        f"Cookie: csrftoken={'c' * 32}; sessionid=over", *([more] if more else []),
    )  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n" + (FORM if kind == FIELDS else PART)).encode()


def status(address: str, sent: bytes) -> int:
    """Of an answer to what is never brought whole; 0 where there is none within a few seconds."""
    host, port = address.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=5)) as talking:
        talking.sendall(sent)
        try:
            return int(talking.recv(1 << 16).split()[1])
        except TimeoutError:
            return 0


@contextmanager
def taken(address: str, sent: bytes) -> Iterator[None]:
    host, port = address.removeprefix("http://").split(":")
    with ExitStack() as opened:
        for _ in range(PLACES):
            one = opened.enter_context(closing(socket.create_connection((host, int(port)), timeout=20)))
            one.sendall(sent)
        yield


@pytest.fixture
def signed_in(fresh_database: FreshDatabase, settings: Any) -> Person:
    settings.SECRET_KEY = fresh_database.environment["LORE_SECRET_KEY"]
    return Person.objects.create_person("somebody")


def test_every_form_that_is_open_to_anybody_stands_here() -> None:
    assert {url for url, methods in POLICY.items() if methods.get("POST") is Permission.ANYONE} == set(OPEN)


def test_a_stranger_is_answered_before_the_body_comes_and_takes_no_place(
    fresh_database: FreshDatabase, signed_in: Person, tmp_path: Path
) -> None:
    with web_server(fresh_database.environment, tmp_path) as address:
        for kind in (FIELDS, BOUNDARY):
            assert {path: status(address, begun(path, kind)) for path in OPEN.values()} == dict.fromkeys(
                OPEN.values(), 413
            )
            for path in SHUT:
                assert status(address, begun(path, kind)) in (302, 401, 404, 405), path
                assert status(address, begun(path, kind, more="HX-Request: true")) not in (0, 200, 503), path
        assert status(address, begun("/login/", length=SMALL_BYTES + 1)) == 413
        assert status(address, begun("/login/", length=len(FORM))) not in (0, 413)
        with taken(address, begun("/login/")):
            assert HttpPerson(address, signed_in).post("/account/", LARGE)[0] not in (413, 503)


def test_let_in_as_before_they_take_all_the_places(
    fresh_database: FreshDatabase, signed_in: Person, tmp_path: Path
) -> None:
    """Control."""
    with web_server(fresh_database.environment, tmp_path, "tests.hostile.strangers_let_in") as address:
        assert status(address, begun("/login/")) == 0, "the body is waited for"
        assert HttpPerson(address, signed_in).post("/account/", LARGE)[0] not in (413, 503)
        with taken(address, begun("/login/")):
            assert HttpPerson(address, signed_in).post("/account/", LARGE)[0] == 503
