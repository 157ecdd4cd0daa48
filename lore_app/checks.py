"""What a process refuses to start with: settings that let strangers in, folders that do not last, a database that forgets or is
of another version. A storage that is open to others is closed.

`projects.starting` asks before the first request or job; `manage.py check` asks the first two kinds as well. Settings are
those of production where LORE_HTTPS=1: then others than their owner rely on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import ProgrammingError, connections

from database import half_restored, versions
from lore_app import environment, private_folders
from lore_app.durable_folders import why_not_lasting
from lore_app.privileges import append_only_tables
from projects import demo_logins
from projects.starting import RUNNING

DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
FILE_STORAGE = "django.core.files.storage.FileSystemStorage"
KEY_LENGTH = 50


@register(Tags.security)
def production_is_meant(app_configs: object = None, **_: Any) -> list[CheckMessage]:
    """Each of these is right on a laptop and opens a door in production."""
    if not settings.HTTPS:
        return []
    key = settings.SECRET_KEY
    wrong = (
        (settings.DEBUG, "LORE_DEBUG=1 shows source and settings to whoever meets an error", "lore.E010"),
        (settings.DEMO, "LORE_DEMO=1 lets anybody in without a password", "lore.E011"),
        ("*" in settings.ALLOWED_HOSTS, "LORE_ALLOWED_HOSTS must name the hosts: * believes any", "lore.E012"),
        (
            not environment.text("LORE_SECRET_KEY"),
            "LORE_SECRET_KEY is missing: every process needs the same",
            "lore.E013",
        ),
        (len(key) < KEY_LENGTH, f"LORE_SECRET_KEY must have at least {KEY_LENGTH} characters", "lore.E014"),
    )
    return [Error(message, id=id_) for is_so, message, id_ in wrong if is_so]


@register(Tags.security)
def what_is_kept_lasts(app_configs: object = None, **_: Any) -> list[CheckMessage]:
    """In production nothing is kept where a restart or a new container takes it away."""
    if not settings.HTTPS:
        return []
    kept: dict[str, Path] = {}
    if settings.OWNER_DATABASE.get("EMBEDDED"):
        kept["LORE_DATA_DIR"] = settings.DATA_DIR
    if folder := _storage_folder():
        kept["LORE_STORAGE_DIR"] = folder
    return [
        Error(f"{variable} ({path}) does not last: {why}", id="lore.E015")
        for variable, path in kept.items()
        if (why := why_not_lasting(path))
    ]


def _storage_folder() -> Path | None:
    storage = settings.STORAGES["default"]
    return Path(storage["OPTIONS"]["location"]) if storage["BACKEND"] == FILE_STORAGE else None


@register(Tags.security)
def storage_is_closed(app_configs: object = None, **_: Any) -> list[CheckMessage]:
    """Closes what an earlier version left open to the other accounts of the host, and tells what it cannot close."""
    folder = _storage_folder()
    reason = private_folders.close(folder) if folder else ""
    return [Warning(f"{folder} is open to other accounts of this host: {reason}", id="lore.W016")] if reason else []


@register(Tags.database)
def database_is_durable(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            for setting in DURABLE:
                cursor.execute("SELECT current_setting(%s)", [setting])
                if cursor.fetchone()[0] == "off":
                    problems.append(
                        Error(f"PostgreSQL runs with {setting}=off: judgments could be lost", id="lore.E001")
                    )
            cursor.execute("SELECT current_setting('server_version_num')::int")
            if cursor.fetchone()[0] < 150000:
                problems.append(Error("PostgreSQL 15 or newer is needed", id="lore.E002"))
    return problems


@register(RUNNING)
def tables_are_ours(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Not for `migrate`, which makes them, and acts as their owner."""
    problems: list[CheckMessage] = []
    for alias in databases or ():
        if reason := half_restored.why_not(alias):
            problems.append(Error(reason, id="lore.E006"))
        elif reason := versions.why_not_ours("the database", versions.applied(alias)):
            problems.append(Error(reason, id="lore.E005"))
        else:
            problems += _role_cannot_rewrite(alias)
    return problems


@register(RUNNING)
def demo_is_alone(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """One click of a stranger would enter as a system admin, who makes a link for anybody."""
    try:
        reason = demo_logins.why_not() if databases else ""
    except ProgrammingError:  # no tables, or others than ours, which tables_are_ours tells
        reason = ""
    return [Error(reason, id="lore.E017")] if reason else []


def _role_cannot_rewrite(alias: str) -> list[CheckMessage]:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT current_user, bool_or(at IS NULL), bool_or(has_table_privilege(at, 'UPDATE'))"
            " FROM (SELECT to_regclass(name) AS at FROM unnest(%s::text[]) AS name) tables",
            [append_only_tables()],
        )
        role, absent, may_rewrite = cursor.fetchone()
    if absent:
        return [Error("the database has no tables: run manage.py migrate", id="lore.E003")]
    if may_rewrite:
        return [Error(f"the role {role} could rewrite judgments: act as lore_app", id="lore.E004")]
    return []
