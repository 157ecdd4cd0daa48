"""How often a password may be tried. Counted in PostgreSQL before it is checked, so that a crowd of guesses at one
moment gets no more tries than one after the other; no other service is asked, so none can switch it off.

A try counts three times: for the name at this address, for the address whatever the name, for the name from wherever.
From a browser that the person has signed in from before it counts for that browser alone: strangers who guess the name
do not keep its owner out. Each wait is twice the one before, and none is for ever. A refused try counts for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from projects import audit, devices
from projects.client_addresses import client_address, keyed, network_of
from projects.models import GuessCount, Person

TRIES = 5  # of a name at one address, or in one known browser
TRIES_OF_MANY = 20  # of an address for all names, of a name from all addresses
FIRST_WAIT = timedelta(minutes=10)
LONGEST_WAIT = timedelta(hours=4)
FORGET_AFTER = timedelta(days=1)  # without another try

# An unused or forgotten count begins anew, a waiting one refuses (no row comes back), and every `tries`-th failure begins a
# wait. Without one statement for looking and counting, a crowd of guesses at one moment would all be let through.
_COUNT = """
INSERT INTO projects_guesscount AS had (key, failures, last_at, until)
VALUES (%(key)s, 1, clock_timestamp(), NULL)
ON CONFLICT (key) DO UPDATE SET last_at = clock_timestamp(),
  failures = CASE WHEN had.last_at < clock_timestamp() - %(forget)s THEN 1 ELSE had.failures + 1 END,
  until = CASE WHEN had.last_at >= clock_timestamp() - %(forget)s AND (had.failures + 1) %% %(tries)s = 0
    THEN clock_timestamp() + least(%(longest)s, %(first)s * power(2, least(20, (had.failures + 1) / %(tries)s - 1)))
    END
WHERE had.until IS NULL OR had.until <= clock_timestamp()
RETURNING until
"""
# Without the comparison a right password would end a wait that somebody else's wrong one has begun.
_FORGIVE = """
UPDATE projects_guesscount SET failures = greatest(failures - 1, 0), until = CASE WHEN until = %(until)s THEN NULL ELSE until END
WHERE key = %(key)s
"""


class Wait(Exception):
    """Not now: nothing was checked."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class _TryKey(NamedTuple):
    key: str
    tries: int
    own: bool  # counts this person at this place alone, so the right password clears it


@dataclass(frozen=True)
class Attempt:
    """A try that may be made. `until`: should it be wrong, no other before then."""

    keys: Sequence[tuple[_TryKey, datetime | None]]
    until: datetime | None


def reserve(request: HttpRequest, username: str) -> Attempt:
    """Count a try as wrong before it is made; raises Wait."""
    # Without one order two tries that share keys could wait for each other, and one of them would fail.
    keys = sorted(_keys(request, username))
    with transaction.atomic():
        counted = [(key, _count(key)) for key in keys]
    return Attempt(counted, max((until for _, until in counted if until), default=None))


def note_wait(request: HttpRequest, username: str, attempt: Attempt) -> None:
    """A try was wrong and brought a wait: for the audit log, with the person if the name is somebody's."""
    if attempt.until is not None:
        person = Person.objects.filter(username=username).first()
        address, until = keyed(network_of(client_address(request))), attempt.until.isoformat(timespec="seconds")
        audit.record(None, "sign_in.waits", on=person, address=address, until=until)


def forgive(attempt: Attempt) -> None:
    """The password was right: what was counted for this person here is cleared, the try is taken off the others."""
    GuessCount.objects.filter(key__in=[key.key for key, _ in attempt.keys if key.own]).delete()
    with connection.cursor() as cursor:
        for key, until in attempt.keys:
            if not key.own:
                cursor.execute(_FORGIVE, {"key": key.key, "until": until})
        old: list[Any] = [FORGET_AFTER]
        # Without this a row would stay for every name that was ever typed.
        cursor.execute("DELETE FROM projects_guesscount WHERE last_at < clock_timestamp() - %s", old)


def _keys(request: HttpRequest, username: str) -> list[_TryKey]:
    name = username.casefold()
    device = devices.known(request, username)
    if device is not None:
        return [_TryKey(_keyed("device", device, name), TRIES, own=True)]
    network = network_of(client_address(request))
    return [
        _TryKey(_keyed("here", network, name), TRIES, own=True),
        _TryKey(_keyed("network", network), TRIES_OF_MANY, own=False),
        _TryKey(_keyed("name", name), TRIES_OF_MANY, own=False),
    ]


def _keyed(*parts: str) -> str:
    """Neither names nor addresses are kept: people type their password into the wrong field."""
    return salted_hmac("projects.login_throttling", "\x00".join(parts), algorithm="sha256").hexdigest()


def _count(key: _TryKey) -> datetime | None:
    """When the wait begins that this try, if wrong, brings; raises Wait."""
    with connection.cursor() as cursor:
        waits: dict[str, Any] = {"first": FIRST_WAIT, "longest": LONGEST_WAIT, "forget": FORGET_AFTER}
        cursor.execute(_COUNT, {"key": key.key, "tries": key.tries, **waits})
        row = cursor.fetchone()
    if row is None:
        until = GuessCount.objects.filter(pk=key.key).values_list("until", flat=True).first()
        raise Wait(until or timezone.now())
    began: datetime | None = row[0]
    return began
