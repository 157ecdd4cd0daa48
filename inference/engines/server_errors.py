"""What a server did instead of answering: a code, one sentence with a way out where one is known, and its own words.

`server_words` cleans what it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai

from inference.engines.errors import EngineError, EngineUnavailable
from inference.engines.origins import origin
from inference.engines.server_words import own_words
from inference.engines.transport import AnswerCutOff, AnswerTooLarge, CompressedAnswer

_FAULTS = ((AnswerTooLarge, "too_large"), (AnswerCutOff, "truncated"), (CompressedAnswer, "not_api"))


def error_of(error: openai.OpenAIError, base_url: str, api_key: str) -> EngineError:
    if isinstance(error, openai.APIStatusError):
        said = own_words(error.response.content, api_key)
        return _status_error(error.status_code, error.response.headers, said, base_url, has_key=bool(api_key))
    cause = error.__cause__
    for kind, code in _FAULTS:
        if isinstance(cause, kind):
            return EngineUnavailable(code, str(cause))
    if isinstance(error, openai.APITimeoutError):
        return EngineUnavailable("deadline", "the server did not answer in time")
    return EngineUnavailable("connection", str(cause or error)[:200])


def _status_error(status: int, headers: Mapping[str, str], said: str, base_url: str, *, has_key: bool) -> EngineError:
    told = f" It says: {said}" if said else ""
    if status == 429:
        return EngineUnavailable("rate_limited", f"HTTP 429.{told}", retry_after=_retry_after(headers))
    if status >= 500:
        return EngineUnavailable("http_5xx", f"HTTP {status}.{told}", retry_after=_retry_after(headers))
    if 300 <= status < 400:
        return EngineUnavailable("redirect", f"HTTP {status}: the server points elsewhere, which is not followed.")
    if status in (401, 403):
        return EngineError("auth", f"HTTP {status}: {_about_the_key(base_url, has_key=has_key)}{told}")
    if status == 404:
        return EngineError("not_found", f"HTTP 404: {_about_the_path(base_url)}{told}")
    return EngineError("bad_request", f"HTTP {status}.{told}")


def _about_the_key(base_url: str, *, has_key: bool) -> str:
    where = origin(base_url) or "this address"
    if has_key:
        return f"the server refuses the key that is set for {where}."
    return f"no key is set for {where}, so none was sent: name one in LORE_MODEL_KEYS."


def _about_the_path(base_url: str) -> str:
    if base_url.rstrip("/").endswith("/v1"):
        return "the server knows no such model or path."
    return (
        "nothing answers under this address. Such addresses mostly end in /v1, and this one does not: try it with /v1."
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    return retry_after(headers.get("Retry-After", ""))


def retry_after(value: str) -> float | None:
    """Seconds from a Retry-After header, which is a number of seconds or a date (RFC 9110, 10.2.3)."""
    try:
        return max(0.0, float(value)) if value.strip() else None
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
