"""The web process in production settings, spoken to over a raw socket as a proxy and a stranger would."""

from __future__ import annotations

import http.client
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.conftest import clone, drop, url_of
from tests.processes import GUNICORN, ROOT, free_port, listens, process, wait_until

pytestmark = pytest.mark.drill
KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
HOST = "lore.example"


@pytest.fixture(scope="module")
def port(database_template: str, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """gunicorn with LORE_HTTPS=1, behind a proxy that is not there; its storage would lie where others do."""
    name, folder, number = (
        f"lore_production_{uuid.uuid4().hex[:12]}",
        tmp_path_factory.mktemp("production"),
        free_port(),
    )
    with django_db_blocker.unblock():
        clone(database_template, name)
        url = url_of(name)
        connection.close()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("LORE_", "DATABASE_URL", "REDIS_URL"))},
        "DATABASE_URL": url,
        "LORE_HTTPS": "1",
        "LORE_SECRET_KEY": KEY,
        "LORE_ALLOWED_HOSTS": HOST,
        "LORE_DATA_DIR": str(folder / "data"),
        "LORE_STORAGE_BACKEND": "tests.lore_app.storage_elsewhere.StorageElsewhere",
        "PYTHONPATH": str(ROOT),
    }
    command = [*GUNICORN, "lore_app.wsgi", "--bind", f"127.0.0.1:{number}", "--workers", "1", "--threads", "4"]
    with process(command, environment, folder, folder / "web.log"):
        wait_until(lambda: listens(number), what="the web server")
        yield number
    with django_db_blocker.unblock():
        drop(name)


def ask(
    port: int, path: str, method: str = "GET", *, tls: bool = True, host: str = HOST
) -> tuple[int, http.client.HTTPMessage, bytes]:
    headers = {"Host": host, **({"X-Forwarded-Proto": "https"} if tls else {})}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as talking:
        talking.request(method, path, headers=headers)
        answer = talking.getresponse()
        return answer.status, answer.headers, answer.read()


@pytest.mark.parametrize("path", ["/login/", "/", "/p/nowhere/judge/", "/nowhere", "/health/", "/welcome/x/"])
def test_every_answer_of_production_carries_the_headers(port: int, path: str) -> None:
    _, headers, _ = ask(port, path)
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]
    assert "HX-Request" in headers["Vary"]
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert not [name for name in headers if name.startswith("Access-Control")]
    assert "Server" not in headers and "X-Powered-By" not in headers
    if headers["Content-Type"].startswith("text/"):
        assert "charset=utf-8" in headers["Content-Type"]


def test_plain_http_is_sent_to_https_and_a_foreign_host_is_refused(port: int) -> None:
    status, headers, _ = ask(port, "/login/", tls=False)
    assert (status, headers["Location"]) == (301, f"https://{HOST}/login/")
    assert ask(port, "/login/", host="evil.example")[0] == 400


def test_a_foreign_host_writes_a_line_and_no_trace(port: int, log: Path) -> None:
    ask(port, "/login/", host="elsewhere.example")
    lines = [line for line in log.read_text().splitlines() if "elsewhere.example" in line]
    assert lines and all('"level": "warning"' in line for line in lines), lines
    assert "Traceback" not in log.read_text() and '"trace"' not in log.read_text()


def test_cookies_of_production_are_locked_to_this_host(port: int) -> None:
    _, headers, _ = ask(port, "/login/")
    cookies = headers.get_all("Set-Cookie") or []
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie and "Path=/" in cookie and "SameSite=Lax" in cookie and "Domain" not in cookie


@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/static/../manage.py", "/static/%2e%2e/manage.py", "/static/", "/static/js/", "/admin/", "/.env"],
)
def test_only_our_static_files_are_served(port: int, path: str) -> None:
    status, _, body = ask(port, path)
    assert status == 404
    assert b"execute_from_command_line" not in body and b"Index of" not in body


def test_health_tells_strangers_nothing(port: int) -> None:
    assert ask(port, "/health/")[2] == b'{"ok": true}'


@pytest.fixture
def log(port: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next(tmp_path_factory.getbasetemp().glob("production*/web.log"))


def request(*lines: str, body: str = "") -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1")


HEAD = (f"Host: {HOST}", "X-Forwarded-Proto: https")
SECOND = f"GET /smuggled HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
REFUSALS = {
    b"400",
    b"403",
    b"405",
    b"411",
    b"501",
}  # a border that is clear after all meets CSRF or the table of methods
# Each tries to hide a second request in the body of the first, or to have two readings of one border.
PROBES = {
    "length and chunks": request(
        "POST /health/ HTTP/1.1", *HEAD, "Content-Length: 6", "Transfer-Encoding: chunked", body="0\r\n\r\n" + SECOND
    ),
    "two lengths": request("POST /health/ HTTP/1.1", *HEAD, "Content-Length: 0", "Content-Length: 40", body=SECOND),
    "a list of lengths": request("POST /health/ HTTP/1.1", *HEAD, "Content-Length: 0, 40", body=SECOND),
    "a signed length": request("POST /health/ HTTP/1.1", *HEAD, "Content-Length: +0", body=SECOND),
    "a length in hex": request("POST /health/ HTTP/1.1", *HEAD, "Content-Length: 0x0", body=SECOND),
    "a space before the colon": request("POST /health/ HTTP/1.1", *HEAD, "Content-Length : 40", body=SECOND),
    "chunked twice": request(
        "POST /health/ HTTP/1.1", *HEAD, "Transfer-Encoding: chunked, chunked", body="0\r\n\r\n" + SECOND
    ),
    "an unknown coding": request(
        "POST /health/ HTTP/1.1", *HEAD, "Transfer-Encoding: xchunked", body="0\r\n\r\n" + SECOND
    ),
    "an underscore": request(
        "POST /health/ HTTP/1.1", *HEAD, "Transfer_Encoding: chunked", "Content-Length: 0", body=""
    ),
    "a line that folds": request(
        "POST /health/ HTTP/1.1", *HEAD, "X-One: a", " Transfer-Encoding: chunked", "Content-Length: 0", body=""
    ),
    "a chunk size with a sign": request(
        "POST /health/ HTTP/1.1", *HEAD, "Transfer-Encoding: chunked", body="-1\r\n\r\n" + SECOND
    ),
    "a bare line feed": (f"POST /health/ HTTP/1.1\nHost: {HOST}\nContent-Length: 0\n\n" + SECOND).encode(),
}


@pytest.mark.parametrize("name", PROBES)
def test_smuggled_requests_get_one_answer_or_a_refusal(name: str, port: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as talking:
        talking.sendall(PROBES[name])
        talking.shutdown(socket.SHUT_WR)
        said = b""
        while piece := talking.recv(65536):
            said += piece
    answers = [line for line in said.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    told = [answer.split()[1] for answer in answers]
    assert told and set(told) <= REFUSALS, answers
    assert len([status for status in told if status != b"400"]) <= 1, answers  # 400 ends the connection
    assert b"smuggled" not in said
