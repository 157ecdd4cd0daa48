"""A person over real HTTP: a session of their own, the card's form read as a browser would, answers posted."""

from __future__ import annotations

import http.client
import re
import time
from contextlib import closing
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from projects.models import Person

KEPT_SECONDS = 1.5  # gunicorn closes a connection after two idle ones


class Card(NamedTuple):
    token: str
    idempotency_key: str


class HttpPerson:
    """Signed in by a session row, so that fifty logins cost nothing; nobody where `person` is None. `kept`: one connection
    for everything, as a browser keeps it."""

    def __init__(self, address: str, person: Person | None, *, kept: bool = False) -> None:
        self.host = urlsplit(address).netloc
        self.csrf, self.timeout = "c" * 32, 60.0
        self.connection = http.client.HTTPConnection(self.host, timeout=self.timeout) if kept else None
        self.spoken = 0.0
        self.cookie = "" if person is None else self._signed_in(person)

    def _signed_in(self, person: Person) -> str:
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.create()
        return f"sessionid={session.session_key}; csrftoken={self.csrf}"

    def card(self, slug: str) -> Card | None:
        """The card that is shown, or None when nothing is left."""
        status, page = self.get(f"/p/{slug}/judge/")
        assert status == 200, page[:500]
        token = re.search(rf"/p/{slug}/judge/([0-9a-f-]{{36}})/", page)
        key = re.search(r'name="idempotency_key" value="([0-9a-f-]{36})"', page)
        return Card(token.group(1), key.group(1)) if token and key else None

    def submit(self, slug: str, card: Card, **fields: str) -> tuple[int, str]:
        return self.post(f"/p/{slug}/judge/{card.token}/", {"idempotency_key": card.idempotency_key, **fields})

    def get(self, path: str) -> tuple[int, str]:
        return self._ask("GET", path, None, {})

    def post(self, path: str, fields: dict[str, str], *, htmx: bool = False) -> tuple[int, str]:
        """Status, and where the answer leads to, or its body."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", **({"HX-Request": "true"} if htmx else {})}
        return self._ask("POST", path, urlencode({**fields, "csrfmiddlewaretoken": self.csrf}), headers)

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str]:
        if self.connection is not None:
            self.connection.timeout = self.timeout
            if time.monotonic() - self.spoken > KEPT_SECONDS:
                self.connection.close()  # the server has closed it too, and a browser would have noticed
            self.spoken = time.monotonic()
            return self._answer(self.connection, method, path, body, headers)
        with closing(http.client.HTTPConnection(self.host, timeout=self.timeout)) as connection:
            return self._answer(connection, method, path, body, {"Connection": "close", **headers})

    def _answer(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, str]:
        connection.request(method, path, body, {"Cookie": self.cookie, **headers})
        response = connection.getresponse()
        text = response.read().decode()
        return response.status, response.headers.get("Location") or text
