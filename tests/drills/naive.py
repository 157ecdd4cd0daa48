"""What a competent first version does, kept to fail where the product must not: the drills' control.

A WSGI application on a table of its own, driven by the same virtual people. `insert` stores what comes and then reads
the next page, `check` looks first whether it is there, `cached` remembers keys in its process for a while, `count`
looks whether the pair wants another voice, `lease` hands out and ends leases by the web host's clock, `strict` refuses
who comes after the lease's end, `newest` writes down the version of now. After each write the next page takes its time,
as a real one does.
"""

from __future__ import annotations

import os
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

PAGE = "SELECT pg_sleep(0.05)"  # what a next card costs on a busy host; with less a kill may find nobody in it
REMEMBERED_SECONDS = 1.0
LEASE_SECONDS = 600

TABLES = (
    """CREATE TABLE IF NOT EXISTS naive_judgment (
        id bigserial PRIMARY KEY, key text NOT NULL, pair int NOT NULL, person text NOT NULL, version int)""",
    "CREATE TABLE IF NOT EXISTS naive_lease (pair int PRIMARY KEY, person text NOT NULL, until double precision NOT NULL)",
    "CREATE TABLE IF NOT EXISTS naive_version (number int NOT NULL)",
)

_here = threading.local()
_remembered: dict[str, float] = {}


def connection() -> psycopg.Connection[Any]:
    """One to a thread, made again when it is gone."""
    held: psycopg.Connection[Any] | None = getattr(_here, "connection", None)
    if held is None or held.closed:
        held = _here.connection = psycopg.connect(os.environ["NAIVE_DSN"], autocommit=True)
    return held


def insert(form: dict[str, str]) -> str:
    store(form)
    return "200 OK"


def check(form: dict[str, str]) -> str:
    found = connection().execute("SELECT 1 FROM naive_judgment WHERE key = %s", [form["idempotency_key"]]).fetchone()
    if found is None:
        store(form)
    return "200 OK"


def cached(form: dict[str, str]) -> str:
    if time.monotonic() - _remembered.get(form["idempotency_key"], -1e9) > REMEMBERED_SECONDS:
        store(form)
        _remembered[form["idempotency_key"]] = time.monotonic()
    return "200 OK"


def count(form: dict[str, str]) -> str:
    """Whoever sends it: the pair wants one voice, and has it or not."""
    held = connection().execute("SELECT count(*) FROM naive_judgment WHERE pair = %s", [form["pair"]]).fetchone()
    if held is not None and held[0] == 0:
        store(form)
    return "200 OK"


def lease(form: dict[str, str]) -> str:
    """Takes the pair where nobody holds it, by this host's clock."""
    now = time.time()
    taken = connection().execute(
        "INSERT INTO naive_lease VALUES (%(pair)s, %(person)s, %(until)s) ON CONFLICT (pair) DO UPDATE "
        "SET person = excluded.person, until = excluded.until WHERE naive_lease.until < %(now)s RETURNING 1",
        {"pair": form["pair"], "person": form["person"], "until": now + LEASE_SECONDS, "now": now},
    )
    return "200 OK" if taken.fetchone() else "409 Conflict"


def strict(form: dict[str, str]) -> str:
    held = connection().execute("SELECT until, person FROM naive_lease WHERE pair = %s", [form["pair"]]).fetchone()
    if held is None or held[1] != form["person"] or held[0] < time.time():
        return "409 Conflict"
    store(form)
    return "200 OK"


def newest(form: dict[str, str]) -> str:
    version = connection().execute("SELECT max(number) FROM naive_version").fetchone()
    store(form, version[0] if version else None)
    return "200 OK"


def store(form: dict[str, str], version: int | None = None) -> None:
    connection().execute(
        "INSERT INTO naive_judgment (key, pair, person, version) VALUES (%s, %s, %s, %s)",
        [form["idempotency_key"], form.get("pair", "0"), form.get("person", ""), version],
    )
    connection().execute(PAGE)


VIEWS: dict[str, Callable[[dict[str, str]], str]] = {
    view.__name__: view for view in (insert, check, cached, count, lease, strict, newest)
}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    name = environ["PATH_INFO"].strip("/")
    if name == "health":
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
    try:
        status = VIEWS[name](dict(urllib.parse.parse_qsl(body)))
    except psycopg.Error:
        status = "503 Service Unavailable"
    start_response(status, [("Content-Length", "0")])
    return []
