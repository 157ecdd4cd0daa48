"""T60: a request is one line of the log, whatever it asks for."""

from __future__ import annotations

import json
import logging
import socket
import sys
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from projects import log_lines
from tests.conftest import Cast, FreshDatabase
from tests.processes import web_server

FORGERIES = (
    "x\r\n{\"level\": \"info\", \"message\": \"all is well\"}",
    "x\n2026-01-01 00:00:00 INFO lore.request: forged",
    "\x1b[2J\x1b[1;31mred\x07",
    "\u202egnorw\u2028line\u2029paragraph\x85next",
    "%(asctime)s {0} %s \\n",
    "\ud800 \udfff \x00",
)  # fmt: skip


def record(message: str, *args: object, error: BaseException | None = None, **fields: object) -> logging.LogRecord:
    info = (type(error), error, None) if error else None
    made = logging.LogRecord("lore.test", logging.ERROR, __file__, 1, message, args, info)
    if fields:
        made.fields = fields
    return made


@pytest.mark.parametrize("text", FORGERIES, ids=ascii)
def test_a_forged_message_is_one_parsable_line(text: str) -> None:
    line = log_lines.JsonLines().format(record("said %s", text, error=ValueError(text), path=text))
    assert len(line.splitlines()) == 1 and line.isascii()
    told = json.loads(line)
    assert told["message"] == f"said {text}" and told["path"] == text and text in told["trace"]


@pytest.mark.parametrize("text", FORGERIES, ids=ascii)
def test_on_a_terminal_it_is_one_line_too_and_steers_nothing(text: str) -> None:
    first, *rest = log_lines.PlainLines().format(record("said %s", text, error=ValueError(text))).split("\n")
    assert "said x" in first or "said" in first
    assert all(line.startswith("  | ") for line in rest)
    whole = "".join([first, *rest])
    assert whole.isprintable() and whole.encode()


def test_the_naive_formatter_is_forged() -> None:
    """Control: what Python writes by default."""
    naive = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s").format(record("said %s", FORGERIES[1]))
    assert naive.splitlines()[1].startswith("2026-01-01 00:00:00 INFO lore.request: forged")


def test_arguments_that_do_not_fit_lose_no_line() -> None:
    assert "said %s" in log_lines.PlainLines().format(record("said %s %s", "one"))


@pytest.mark.parametrize(
    ("asked", "terminal", "chosen"), [("", True, "line"), ("", False, "json"), ("line", False, "line")]
)
def test_a_terminal_gets_lines_and_everything_else_json(
    monkeypatch: pytest.MonkeyPatch, asked: str, terminal: bool, chosen: str
) -> None:
    monkeypatch.setenv("LORE_LOG_FORMAT", asked)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    assert log_lines.chosen_format() == chosen


def test_a_failure_tells_its_number_to_the_person_and_to_the_log(
    cast: Cast, client_for: Callable[[Any], Client], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down() -> None:
        raise RuntimeError("broken\nforged")

    monkeypatch.setattr("jobs.heartbeats.presence", break_down)
    client = client_for(cast.lena)
    client.raise_request_exception = False
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda one: told.append(log_lines.JsonLines().format(one))  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        answer = client.get("/workers/")
    finally:
        logging.getLogger().removeHandler(handler)
    number = answer["X-Request-ID"]
    assert answer.status_code == 500 and number in answer.content.decode()
    said = [json.loads(line) for line in told]
    assert {one["request"] for one in said} == {number}
    assert [one["status"] for one in said if one["logger"] == "lore.request"] == [500]
    assert any("forged" in one.get("trace", "") for one in said)


def test_every_request_of_a_real_server_is_one_parsable_line(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    paths = [f"/rules/{urllib.parse.quote(text.encode('utf-8', 'surrogatepass'))}/" for text in FORGERIES]
    with web_server({**fresh_database.environment, "LORE_LOG_FORMAT": "json"}, tmp_path) as address:
        host, port = address.removeprefix("http://").split(":")
        for path in [*paths, "/nowhere/%00", "/p/x%0d%0aSet-Cookie:%20a=b/"]:
            ask(host, int(port), f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        ask(host, int(port), b"GET /\x1b[2J HTTP/1.1\r\nHost: localhost\r\n\r\n")
        ask(host, int(port), b"NO\x00NSENSE\r\n\r\n")
    lines = (tmp_path / "web.log").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    requests = [one for one in told if one["logger"] == "lore.request"]
    assert len(requests) >= 8 and len({one["request"] for one in requests}) == len(requests)
    assert not [one for one in requests if one["status"] >= 500]


def ask(host: str, port: int, data: bytes) -> bytes:
    with socket.create_connection((host, port), timeout=5) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65536), b""))
