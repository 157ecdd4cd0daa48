"""Which database, as which role.

Running processes connect as APP_ROLE, which owns nothing: it cannot switch a trigger off, and it holds no right to
change the append-only tables. Only `migrate` connects as the owner. With one DATABASE_URL both are the same login and
the role is taken at connection; with LORE_OWNER_DATABASE_URL beside it they are two logins (docs/operations.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

APP_ROLE = "lore_app"
ENGINE = "database.postgresql"
# A statement that a connection has sent five times is planned once: planning was half of what PostgreSQL did for a judgment.
PREPARED = {"server_side_binding": True, "prepare_threshold": 5}
LOCK_SECONDS = 5  # that a request waits for what another one or a job is writing


def embedded(data: Path, *, user: str) -> dict[str, Any]:
    return {"ENGINE": ENGINE, "NAME": "lore", "USER": user, "EMBEDDED": data, "OPTIONS": {**PREPARED}}


def from_url(url: str) -> dict[str, Any]:
    """A Django database setting from postgres://user:password@host:port/name?sslmode=require."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured("DATABASE_URL must look like postgres://user:password@host:5432/name")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    return {
        "ENGINE": ENGINE,
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or options.pop("host", "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": {**PREPARED, **options},
    }


def configure(url: str, owner_url: str, data: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of the app's connection and of the owner's."""
    if not url:
        return embedded(data, user=APP_ROLE), embedded(data, user="postgres")
    app, owner = from_url(url), from_url(owner_url or url)
    if app["USER"] != APP_ROLE:
        app["OPTIONS"] = {**app["OPTIONS"], "options": f"-c role={APP_ROLE}"}
    return app, owner


def bounded(settings: dict[str, Any], seconds: int) -> None:
    """For web processes: no statement outlasts the person who waits for the page, and nobody waits long for a lock."""
    options = settings["OPTIONS"]
    options.setdefault("connect_timeout", 5)
    # Without the second, requests that wait for one row would take every thread, and the site with them.
    bounds = f"{options.get('options', '')} -c statement_timeout={seconds}s -c lock_timeout={LOCK_SECONDS}s".strip()
    options["options"] = bounds


@contextmanager
def connected_as(settings: dict[str, Any], wrapper: BaseDatabaseWrapper = connection) -> Iterator[None]:
    """Borrow the default connection for other credentials, and give it back."""
    target = connections[wrapper.alias]
    before = dict(target.settings_dict)
    target.close()
    target.settings_dict.update(settings)
    target.settings_dict["TEST"] = before["TEST"]
    try:
        yield
    finally:
        target.close()
        target.settings_dict.clear()
        target.settings_dict.update(before)
