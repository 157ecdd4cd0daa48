"""The database away under a page: 503 and come back, never "something broke"; statements of web processes end."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from database import connecting
from projects import gates
from tests.conftest import ROOT, Cast, FreshDatabase


@pytest.fixture
def lena(cast: Cast) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.lena, backend="django.contrib.auth.backends.ModelBackend")
    return client


def break_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(gates, "may", broken)


@pytest.mark.parametrize(
    "error", [OperationalError("the database system is starting up\nmore"), InterfaceError("closed")]
)
def test_a_page_without_its_database_says_come_back(
    error: Exception, lena: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    break_with(error, monkeypatch)
    with caplog.at_level(logging.WARNING):
        page = lena.get("/p/shoes/members/")
    assert (page.status_code, page["Retry-After"]) == (503, "2")
    assert b"nothing is stored twice" in page.content
    told = [record for record in caplog.records if record.name.startswith(("lore_app", "django.request"))]
    assert [(record.levelname, record.exc_info) for record in told] == [("WARNING", None)]  # one line, no traceback
    assert "\n" not in told[0].getMessage()


def test_an_htmx_request_gets_the_notice_alone(lena: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    break_with(OperationalError("gone"), monkeypatch)
    page = lena.post("/p/shoes/members/", headers={"HX-Request": "true"})
    assert page.status_code == 503
    assert b"<html" not in page.content
    assert b"notice" in page.content


def test_any_other_error_is_still_a_500_with_its_traceback(
    lena: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    break_with(ZeroDivisionError("a bug"), monkeypatch)
    assert lena.get("/p/shoes/members/").status_code == 500
    assert any(record.exc_info for record in caplog.records if record.name == "django.request")


def test_statements_of_a_web_process_end_and_those_of_a_command_do_not(fresh_database: FreshDatabase) -> None:
    told = "from django.db import connection as c; print(c.cursor().execute('SHOW statement_timeout').fetchone()[0])"
    environment = {**fresh_database.environment, "LORE_WEB_STATEMENT_SECONDS": "7"}
    found = [
        subprocess.run([sys.executable, "-c", first + told], env=environment, cwd=ROOT, check=True, capture_output=True)
        for first in ("import lore_app.wsgi; ", "import django; django.setup(); ")
    ]
    assert [one.stdout.decode().strip() for one in found] == ["7s", "0"]


@pytest.mark.django_db(transaction=False)
def test_a_statement_that_ends_by_the_bound_counts_as_an_outage() -> None:
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10ms'")
        cursor.execute("SELECT pg_sleep(1)")


def test_the_bound_stands_beside_the_role() -> None:
    app: dict[str, Any] = {"OPTIONS": {"options": "-c role=lore_app"}}
    connecting.bounded(app, 30)
    assert app["OPTIONS"] == {
        "options": "-c role=lore_app -c statement_timeout=30s -c lock_timeout=5s",
        "connect_timeout": 5,
    }
