"""Whether this process may serve or work at all: asked once, when it starts, before the first request or job.

A wrong secret, a database that could lose what it acknowledged, a folder that is gone after a restart: each ends the
process with one line that says what to do. A database that is away for the moment does not: it comes back.
"""

from __future__ import annotations

import logging
import sys
from typing import NoReturn

from django.core.checks import ERROR, Tags, run_checks
from django.db import OperationalError, connections

logger = logging.getLogger(__name__)
RUNNING = "running"  # the tag of checks for processes that serve or work; the checks themselves are lore_app's
# How the server refuses whoever will be refused again; libpq tells it by words alone.
MISTAKES = ("password authentication failed", "no password supplied", "does not exist", "is not permitted to log in")
BOOT_FAILED = 3  # what gunicorn takes for: starting another worker will not help


def refuse(reason: object) -> NoReturn:
    """End the process with a line instead of a traceback."""
    sys.stderr.write(f"LORE Copilot does not start: {reason}\n")
    sys.exit(BOOT_FAILED)


def check() -> None:
    """Ends the process where the settings or the database must not be trusted with judgments."""
    problems = run_checks(tags=[Tags.security])
    try:
        problems += run_checks(tags=[Tags.database, RUNNING], databases=["default"])
    except OperationalError as error:
        said = str(error).strip().partition("\n")[0]
        if any(sign in said for sign in MISTAKES):
            refuse(f"the database refuses us: {said}")
        logger.warning("the database does not answer yet: %s", said)
    finally:
        connections.close_all()
    if wrong := [problem for problem in problems if problem.level >= ERROR]:
        refuse("; ".join(f"{problem.msg} ({problem.id})" for problem in wrong))
