"""The token of a one-time link stands in no line of the log, whoever writes the line and however the path is spelt."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from projects import log_lines
from tests.conftest import FreshDatabase
from tests.hostile.test_log import ask, record
from tests.processes import GUNICORN, web_server

TOKEN = "Wt7_" + secrets.token_urlsafe(32)[4:]
SPELLINGS = (
    "/welcome/{}/", "/welcome/{}", "/welcome//{}/", "//welcome/{}/", "/Welcome/{}/", "/welcome%2F{}/", "/welcome/%20{}/",
    "/welcome/{}/more/", "/welcome/x/{}/", "/welcome/{}%00/", "/welcome/{}/?next={}", "/welcom/{}/", "/p/x/welcome/{}",
    "http://localhost/welcome/{}/", "/welcome/\x1b{}/", "/welcome/\xe9{}/",
)  # fmt: skip
METHODS = ("GET", "POST", "PUT", "HEAD", "NONSENSE", "post")
HOST = "Host: localhost\r\n"


def requests() -> list[bytes]:
    spelt = [spelling.replace("{}", TOKEN) for spelling in SPELLINGS]
    lines = [f"{method} {path} HTTP/1.1\r\n{HOST}" for method in METHODS for path in spelt]
    lines += [f"GET /welcome/{TOKEN}/ HTTP/{version}\r\n{HOST}" for version in ("9.9", "x", "1.1 x")]
    lines += [
        f"GET /welcome/{TOKEN}/ HTTP/1.1\r\n{more}" for more in ("Host: elsewhere.example\r\n", "X /welcome/\r\n", "")
    ]
    lines += [f"GET /login/ HTTP/1.1\r\n{HOST}Referer: http://localhost/welcome/{TOKEN}/\r\n"]
    lines += [f"GET /login/ HTTP/1.1\r\n{HOST}/welcome/{TOKEN}/: x\r\n", f"/welcome/{TOKEN}/\r\n"]
    return [f"{line}Connection: close\r\n\r\n".encode("latin-1") for line in lines]


@pytest.mark.parametrize("form", log_lines.FORMATS)
def test_no_line_of_a_real_server_holds_the_token(form: str, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    """gunicorn's access log, which nobody asked for, and its debug lines included."""
    environment = {**fresh_database.environment, "LORE_LOG_FORMAT": form, "LORE_LOG_LEVEL": "DEBUG"}
    talkative = [*GUNICORN, "--access-logfile", "-"]
    with web_server(environment, tmp_path, gunicorn=talkative) as address:
        host, port = address.removeprefix("http://").split(":")
        for sent in requests():
            ask(host, int(port), sent)
    said = (tmp_path / "web.log").read_text()
    assert TOKEN not in said and TOKEN[8:32] not in said
    named = [line for line in said.splitlines() if log_lines.MASK in line]
    assert len(named) > len(SPELLINGS) * len(METHODS)
    assert any("Forbidden" in line for line in named), "django.security.csrf"
    assert any("Invalid" in line for line in named), "gunicorn.error"
    assert any('HTTP/1.1"' in line or 'HTTP/1.1\\"' in line for line in named), "gunicorn.access"


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What the handlers of the settings write."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda one: lines.extend(form().format(one) for form in FORMS)  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


FORMS: tuple[Callable[[], logging.Formatter], ...] = (log_lines.JsonLines, log_lines.PlainLines)


@pytest.mark.django_db
def test_a_failure_on_a_link_leaves_its_trace_without_the_token(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(token: str) -> None:
        raise RuntimeError(f"no such link: /welcome/{token}/, that is {token}")

    monkeypatch.setattr("projects.invitations.look_up", break_down)
    client = Client(raise_request_exception=False)
    assert client.get(f"/welcome/{TOKEN}/").status_code == 500
    assert told and TOKEN not in "".join(told)
    assert any("RuntimeError" in line and log_lines.MASK in line for line in told)


def test_django_has_no_handler_of_its_own() -> None:
    for name in ("django", "django.server", "django.request", "django.security.csrf"):
        logger = logging.getLogger(name)
        assert logger.propagate and not logger.handlers, name


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_masked_in_message_fields_and_trace(spelling: str) -> None:
    path = spelling.replace("{}", TOKEN)
    for form in FORMS:
        line = form().format(record("Forbidden: %s", path, error=ValueError(path), path=path))
        assert TOKEN not in line and log_lines.MASK in line


def test_what_is_no_token_is_left_as_it_is() -> None:
    for text in ("GET /welcome", "/p/shoes/judge/", "a" * 64, "b5" * 32, "test_a_name_as_long_as_a_token_and_some_more_x",
                 "0c5f2b5e-3f0c-4b62-9a57-0a1b2c3d4e5f"):  # fmt: skip
        assert log_lines.masked(text) == text


def test_the_naive_line_holds_it() -> None:
    """Control: what Python writes by default, and what JSON of the same fields is."""
    made: Any = record("Forbidden: %s", f"/welcome/{TOKEN}/", path=f"/welcome/{TOKEN}/")
    assert TOKEN in logging.Formatter().format(made) and TOKEN in json.dumps(made.fields)


def test_masking_takes_linear_time() -> None:
    began = time.process_time()
    for piece in ("/welcome/", "welcome/ ", "aA1", "welcome%2f%2f", "/"):
        log_lines.masked(piece * (200_000 // len(piece)))
    assert time.process_time() - began < 2
