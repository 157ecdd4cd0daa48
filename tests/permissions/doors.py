"""Thousands of requests in process: each inside a savepoint that is rolled back, with a count of the rows it touched.

The counts are PostgreSQL's own of this transaction: rows inserted, updated and deleted, table by table. They grow also by
what was rolled back since, so what a request did is their difference, exactly, at the price of one statement.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.db import connection, transaction
from django.http import HttpResponse
from django.test.client import BOUNDARY, MULTIPART_CONTENT, ClientHandler, RequestFactory, encode_multipart

from projects.models import AuditEvent

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FORM = "application/x-www-form-urlencoded"
_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOKENS = re.compile(r'((csrfmiddlewaretoken" value=|X-CSRFToken"?: ?)("|&quot;)?)\w+')


@dataclass(frozen=True)
class Answer:
    """What came back, which tables changed by how many rows, and the audit event that was written last."""

    response: HttpResponse
    changed: Mapping[str, int]
    event: dict[str, Any] | None
    keys: tuple[str, ...] = ()  # random ones among what was sent

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        return self.response.content.decode("utf-8", "replace")

    @property
    def headers(self) -> dict[str, str]:
        """All but the one that tells the time."""
        return {name: value for name, value in self.response.headers.items() if name != "Expires"}

    def plain(self, *names: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and page, without CSRF tokens, the keys that were sent, and the given names from its address."""
        text = _TOKENS.sub(r"\1", self.text)
        headers = self.headers
        if text:
            headers.pop("Content-Length", None)  # names are longer or shorter
        for name in (*names, *self.keys):
            text = text.replace(name, "NAME")
            headers = {key: value.replace(name, "NAME") for key, value in headers.items()}
        return self.status, headers, text


@contextmanager
def undone() -> Iterator[None]:
    """What is done inside is taken back. The savepoint goes, too: PostgreSQL holds a lock for each that is left open."""
    outside = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(outside)
        transaction.savepoint_commit(outside)


class Doors:
    """Sends requests as somebody: by a session's cookie, a service token, or neither."""

    def __init__(self, *, csrf: bool = False) -> None:
        self.handler = ClientHandler(enforce_csrf_checks=csrf)
        self.factory = RequestFactory()
        self.tables = sorted(
            model._meta.db_table
            for model in apps.get_models(include_auto_created=True)
            if model._meta.managed and not model._meta.proxy
        )
        columns = ", ".join(
            f"pg_stat_get_xact_tuples_inserted('{t}'::regclass) + pg_stat_get_xact_tuples_updated('{t}'::regclass)"
            f" + pg_stat_get_xact_tuples_deleted('{t}'::regclass)"
            for t in self.tables
        )
        self.count = f"SELECT ARRAY[{columns}]"
        self.sent = 0

    def counted(self) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(self.count)
            return list(cursor.fetchone()[0])

    def send(
        self,
        method: str,
        path: str,
        cookie: str | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        htmx: bool = False,
        keep: bool = False,
        token: str | None = None,
    ) -> Answer:
        """`body` holds form fields, files as they are, or a program's JSON (`{"json": ...}`); `token` is a program's;
        `keep` leaves what was done (a test's own savepoint ends it)."""
        environ = self._environ(method, path, cookie, body, htmx=htmx, token=token)
        with nullcontext() if keep else undone():
            before = self.counted()
            response = self.handler(environ)
            if response.streaming:
                response = _read(response)
            after = self.counted()
            self.sent += 1
            changed = {t: b - a for t, a, b in zip(self.tables, before, after, strict=True) if a != b}
            event = None
            if "projects_auditevent" in changed:
                event = AuditEvent.objects.order_by("-pk").values().first()
        keys = tuple(str(value) for value in (body or {}).values() if _KEY.fullmatch(str(value)))
        return Answer(response, changed, event, keys)

    def _environ(
        self,
        method: str,
        path: str,
        cookie: str | None,
        body: Mapping[str, Any] | None,
        *,
        htmx: bool,
        token: str | None,
    ) -> dict[str, Any]:
        extra: dict[str, Any] = {"HTTP_HX_REQUEST": "true"} if htmx else {}
        if token is not None:
            extra["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        data, kind = b"", ""
        if body is not None and method not in {"GET", "HEAD"}:
            if "json" in body:
                data, kind = json.dumps(body["json"]).encode(), "application/json"
            elif any(hasattr(value, "read") for value in body.values()):
                for value in body.values():
                    if hasattr(value, "seek"):
                        value.seek(0)
                data, kind = encode_multipart(BOUNDARY, body), MULTIPART_CONTENT
            else:
                data, kind = urlencode(body, doseq=True).encode(), FORM
        request = self.factory.generic(method, path, data, kind or FORM, **extra)
        environ: dict[str, Any] = request.environ
        if cookie is not None:
            environ["HTTP_COOKIE"] = f"sessionid={cookie}"
        return environ


def _read(response: Any) -> HttpResponse:
    """A streamed answer, read to its end, which closes it."""
    whole = HttpResponse(b"".join(response.streaming_content), status=response.status_code)
    whole.headers = response.headers
    whole.cookies = response.cookies
    return whole
