r"""The log: one request or event, one line, whatever stands in it. Every request has an id, told to whoever asked.

`json` writes JSON objects for programs, `line` plain lines for a terminal. In both, what could end a line or steer a
terminal is escaped; a traceback's own lines begin with `  | ` in the second. Tokens are masked in all that is written,
whoever wrote it: Django and gunicorn name the path of a one-time link in words of their own. Needs neither settings nor
database: the web server's own log uses it, too.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

FORMATS = ("json", "line")
LONGEST = 4000  # characters of one message; of a traceback, four times as many
_request_id: ContextVar[str] = ContextVar("request_id", default="")
# What ends lines or steers terminals, and what turns a line about.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# What follows /welcome/, in whatever spelling, and whatever looks like a token of ours anywhere else: a link mistyped.
_LINK = re.compile(r"(welcome(?:[/\\]|%2f|%5c))(?:[/\\\s]|%[0-9a-f]{2})*[^\s\"'<>]+", re.IGNORECASE)
_TOKEN = re.compile(r"(?<![\w-])(?=[\w-]*[0-9])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{43,}", re.ASCII)
MASK = "[masked]"

requests = logging.getLogger("lore.request")


def request_id() -> str:
    """Of the request that this thread answers; empty outside of one."""
    return _request_id.get()


def chosen_format() -> str:
    """As asked for, else lines on a terminal and JSON everywhere else."""
    asked = os.environ.get("LORE_LOG_FORMAT", "").strip()
    return asked or ("line" if sys.stderr.isatty() else "json")


def formatter() -> logging.Formatter:
    return JsonLines() if chosen_format() == "json" else PlainLines()


class RequestMiddleware:
    """First of all middleware: gives the request its id and writes its line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _request_id.set(uuid.uuid4().hex[:16])
        since = time.monotonic()
        try:
            response = self.get_response(request)
            if response.status_code >= 500:  # otherwise absent, so that foreign and absent answer alike
                response["X-Request-ID"] = request_id()
            if request.path != "/health/" or response.status_code != 200:
                self._note(request, response, time.monotonic() - since)
            return response
        finally:
            _request_id.reset(token)

    def _note(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        """Neither query string nor address nor name: who looks for a person asks the audit log."""
        status = response.status_code
        level = logging.ERROR if status >= 500 else logging.WARNING if status >= 400 else logging.INFO
        said = {"method": request.method, "path": request.path, "status": status, "ms": round(seconds * 1000, 1)}
        requests.log(level, "%(method)s %(path)s %(status)s in %(ms)s ms", said, extra={"fields": said})


class FaultsOfStrangers(logging.Filter):
    """A Host that is none of ours is no fault of ours: a line without a trace, which anybody could have us write."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.exc_info, record.exc_text = None, None
            record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(_message(record))[:LONGEST],
        }
        if request_id():
            told["request"] = request_id()
        fields = getattr(record, "fields", {})
        told |= {name: masked(value) if isinstance(value, str) else value for name, value in fields.items()}
        if trace := _trace(record):
            told["trace"] = trace
        return json.dumps(told, default=str)  # ASCII: nothing that could end a line survives


class PlainLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).isoformat(" ", timespec="seconds")
        asked = f" [{request_id()}]" if request_id() else ""
        line = f"{at} {record.levelname} {record.name}:{asked} {escaped(masked(_message(record))[:LONGEST])}"
        trace = "".join(f"\n  | {escaped(one)}" for one in _trace(record).split("\n") if one)
        return line + trace


def masked(text: str) -> str:
    return _TOKEN.sub(MASK, _LINK.sub(rf"\1{MASK}", text))


def escaped(text: str) -> str:
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # arguments that do not fit: the log still says something
        return f"{record.msg!s} {record.args!r}"


def _trace(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return masked("".join(traceback.format_exception(*record.exc_info)))[-4 * LONGEST :]
