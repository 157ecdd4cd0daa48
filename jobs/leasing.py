"""How a row of work is taken, held, finished, given up, cancelled and replayed: one place moves the state.

Every step is a compare-and-set on the database's clock, so any number of workers may try. It knows nothing of what
the work is; `Job` says when a row is due.

A try counts when it failed, and when its process came to an end of its own (`fell`, which `supervising` tells). Where a
lease merely ran out, somebody may have pulled the plug: such tries are `vanished` and have a larger limit of their own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Case, CharField, DateTimeField, F, Func, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from database.clock import ClockTimestamp
from jobs.in_hand import watch
from jobs.models import Job, JobState
from projects import rows_of_project
from projects.models import Project
from projects.refusals import Refused

logger = logging.getLogger(__name__)
J = TypeVar("J", bound=Job)

LIVE = (JobState.QUEUED, JobState.FAILED, JobState.RUNNING)
# Seconds until the next try: doubles with each, up to five minutes; the jitter keeps a crowd from coming back at once.
PAUSE = "least(300, 5 * power(2, least(attempts - vanished, 10) - 1)) * (0.5 + random() / 2)"
VANISHED = "lease_ran_out: whoever worked on this vanished without a word, each time"
_END_OF_A_TRY = """state = CASE WHEN attempts - vanished < %(most)s THEN 'failed' ELSE 'dead' END,
          finished_at = CASE WHEN attempts - vanished < %(most)s THEN NULL ELSE clock_timestamp() END"""
FELL = "process_ended"  # the code of the error of a row that was in hand when its process came to an end of its own


class Once(Func):
    """clock_timestamp() read once a statement, so that an index on the compared column can be used."""

    template = "(SELECT clock_timestamp())"
    output_field = DateTimeField()


class Literally(Func):
    """A word in the statement's own text. As a value beside it the planner would not see, in a plan for any values, that
    only such rows are asked for as the partial index on `due_at` holds."""

    output_field = CharField()

    def __init__(self, word: str) -> None:
        super().__init__()
        self.template = f"'{word}'"


class Due(NamedTuple):
    """A row that is due; `alone`: it may be what kills workers and has one try left, or none, so nothing may run beside it."""

    pk: int
    alone: bool


class Claim(NamedTuple):
    """A row that is ours until its lease runs out; the token is what proves it."""

    job_id: int
    token: UUID
    attempt: int


class QueueFull(Refused):
    """So much of a project waits already that others, and itself, would wait for it."""

    retry_after = 60

    def __init__(self, waiting: int) -> None:
        why = _("%(waiting)s of these jobs of this project are waiting already. Go on when some of them are done.")
        super().__init__("queue_full", why, status=429, waiting=waiting)


class Superseded(Exception):
    """The row is no longer ours: cancelled, or taken by another worker after our lease ran out. Stop, and leave nothing
    behind."""


def due(model: type[J]) -> QuerySet[J]:
    """Rows that someone should take now. `due_at` of a running row is the end of its lease."""
    return model._default_manager.filter(state__in=[Literally(state.value) for state in LIVE], due_at__lte=Once())


def head(rows: QuerySet[Any], most: int) -> list[Due]:
    """The first of those due, longest due first."""
    found = rows.annotate(alone=dangerous() | spent()).order_by("due_at", "pk").values_list("pk", "alone")
    return [Due(*row) for row in found[:most]]


def dangerous() -> Q:
    """Whose process fell under it and who has one try left; or who vanished each time and has one left of those."""
    fell = Q(error__startswith=FELL, attempts__gte=F("vanished") + settings.JOB_ATTEMPTS - 1)
    return fell | Q(state=JobState.RUNNING, vanished__gte=settings.JOB_VANISHES - 2)


def spent() -> Q:
    """Has had all its tries."""
    vanished = Q(state=JobState.RUNNING, vanished__gte=settings.JOB_VANISHES - 1)
    return vanished | ~Q(state=JobState.RUNNING) & Q(attempts__gte=F("vanished") + settings.JOB_ATTEMPTS)


def take(rows: QuerySet[Any], most: int) -> list[Claim]:
    """The first of those due that may stand beside others, longest due first, past those that somebody is taking."""
    wanted = rows.exclude(dangerous() | spent()).order_by("due_at", "pk")
    return _take(rows.model, wanted.values("pk")[:most])


def claim(model: type[Job], pk: int, only: Q | None = None) -> UUID | None:
    """Take one due row: the token to finish it with, or None when it is not due, not `only`, or was taken."""
    held = claim_many(model, [pk], only)
    return held[0].token if held else None


def claim_many(model: type[Job], pks: Collection[int], only: Q | None = None) -> list[Claim]:
    """Take those of the rows that are due, each with a token of its own; the attempt counts before work starts.

    A row that may be what kills workers is taken for its last try only when it is asked for alone: so it takes no other
    row with it. Before, it may stand beside others, which then have a try left too.
    """
    if not pks:
        return []
    # Without Once: the rows are found by their ids, never by walking through all that are due.
    wanted = model._default_manager.filter(pk__in=pks, state__in=LIVE, due_at__lte=ClockTimestamp())
    if len(pks) > 1:
        wanted = wanted.exclude(dangerous())
    if only is not None:
        wanted = wanted.filter(only)
    bury(wanted)
    return _take(model, wanted.order_by("pk").values("pk"))


def _take(model: type[Job], picked: QuerySet[Any]) -> list[Claim]:
    """One statement: lock what nobody else holds, and mark it ours. A process that is stopped in the middle of two would
    keep the rows locked for as long as it stands."""
    inner, params = picked.query.sql_with_params()
    statement = f"""
        WITH picked (id) AS MATERIALIZED ({inner} FOR UPDATE SKIP LOCKED)
        UPDATE {model._meta.db_table} AS job SET state = 'running', attempts = attempts + 1, token = gen_random_uuid(),
          vanished = vanished + (state = 'running')::int, holder = %s,
          lease_until = clock_timestamp() + make_interval(secs => %s),
          due_at = clock_timestamp() + make_interval(secs => %s)
        FROM picked WHERE job.id = picked.id RETURNING job.id, job.token, job.attempts"""
    with connection.cursor() as cursor:
        seconds = settings.JOB_LEASE_SECONDS
        cursor.execute(statement, [*params, watch.life, seconds, seconds])
        return sorted(Claim(*row) for row in cursor.fetchall())


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def bury(wanted: QuerySet[Any]) -> int:
    """Due rows that have had all their tries are dead: they wait for a person."""
    return wanted.filter(spent()).update(
        state=JobState.DEAD,
        lease_until=None,
        finished_at=ClockTimestamp(),
        error=Case(When(state=JobState.RUNNING, then=Value(VANISHED)), default=F("error")),
    )


def process_ended(model: type[Job], life: UUID, why: str) -> int:
    """A process has come to an end of its own: what it had in hand has had a try that counts, and is due at once."""
    statement = f"""
        UPDATE {model._meta.db_table} SET lease_until = NULL, error = %(error)s, {_END_OF_A_TRY},
          due_at = clock_timestamp() WHERE state = 'running' AND holder = %(life)s"""
    parameters: dict[str, Any] = {"error": error_text(f"{FELL}: {why}"), "most": settings.JOB_ATTEMPTS, "life": life}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def held_by(model: type[J], pk: int, token: UUID) -> QuerySet[J]:
    """The row while it is still ours; empty once another took it or it was cancelled."""
    return model._default_manager.filter(pk=pk, token=token, state=JobState.RUNNING)


def renew(job: Job, token: UUID) -> bool:
    """Hold on for another lease; False when the row is no longer ours and the work should stop."""
    watch.sign(token)
    until = ClockTimestamp() + _lease()
    return bool(held_by(type(job), job.pk, token).update(lease_until=until, due_at=until))


def finish(job: Job, token: UUID, **fields: Any) -> bool:
    """The work is done and `fields` say how; False when the row was superseded and nothing was written."""
    done = {"state": JobState.DONE, "lease_until": None, "finished_at": ClockTimestamp(), "error": "", **fields}
    return bool(held_by(type(job), job.pk, token).update(**done))


def finish_all(model: type[Job], ended: Sequence[tuple[Claim, int]], column: str) -> int:
    """`finish` for many in one statement, each with its own value in `column`; returns how many were still ours."""
    if not ended:
        return 0
    statement = f"""
        UPDATE {model._meta.db_table} AS job SET state = 'done', lease_until = NULL, error = '',
          finished_at = clock_timestamp(), {column} = ended.value
        FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[]) AS ended (id, token, value)
        WHERE job.id = ended.id AND job.token = ended.token AND job.state = 'running'"""
    claims = [claim for claim, _value in ended]
    parameters: list[Any] = [[c.job_id for c in claims], [c.token for c in claims], [value for _claim, value in ended]]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def still_ours(model: type[Job], claims: Sequence[Claim]) -> set[Claim]:
    """Locks the rows and says which of them nobody has taken or cancelled since."""
    rows = model._default_manager.filter(pk__in=[claim.job_id for claim in claims], state=JobState.RUNNING)
    tokens = dict(rows.order_by("pk").select_for_update().values_list("pk", "token"))
    return {claim for claim in claims if tokens.get(claim.job_id) == claim.token}


def fail(job: Job, token: UUID, error: object, *, retry: bool = True) -> bool:
    """This try failed: again after a growing, jittered pause; dead after the last one, or where retrying is vain."""
    return bool(fail_all(type(job), [Claim(job.pk, token, 0)], error, retry=retry))


def fail_all(
    model: type[Job], claims: Sequence[Claim], error: object, *, retry: bool = True, wait: float = 0
) -> set[int]:
    """`fail` for many in one statement, the next try after `wait` seconds at least; returns the rows still ours."""
    statement = f"""
        UPDATE {model._meta.db_table} AS job SET lease_until = NULL, error = %(error)s,
          {_END_OF_A_TRY},
          due_at = clock_timestamp() + make_interval(secs => greatest(%(wait)s, {PAUSE}))
        FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[]) AS failed (id, token)
        WHERE job.id = failed.id AND job.token = failed.token AND job.state = 'running' RETURNING job.id"""
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "error": error_text(error),
                "most": settings.JOB_ATTEMPTS if retry else 0,
                "wait": float(wait),
                "ids": [claim.job_id for claim in claims],
                "tokens": [claim.token for claim in claims],
            },
        )
        return {row[0] for row in cursor.fetchall()}


def put_back(model: type[Job], claims: Sequence[Claim], wait: float) -> int:
    """Nothing was tried: the rows wait in the queue for `wait` seconds and more, and keep the attempt they were given.

    The jitter lets a few go ahead and see whether it is worth while.
    """
    statement = f"""
        UPDATE {model._meta.db_table} AS job SET state = 'queued', lease_until = NULL, token = NULL,
          attempts = greatest(attempts - 1, 0),
          due_at = clock_timestamp() + make_interval(secs => %(wait)s * (1 + random() / 2))
        FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[]) AS held (id, token)
        WHERE job.id = held.id AND job.token = held.token AND job.state = 'running'"""
    ids, tokens = [claim.job_id for claim in claims], [claim.token for claim in claims]
    with connection.cursor() as cursor:
        cursor.execute(statement, {"wait": float(wait), "ids": ids, "tokens": tokens})
        return int(cursor.rowcount)


def error_text(error: object) -> str:
    """`code: what was said`, short and storable."""
    text = error if isinstance(error, str) else f"{getattr(error, 'code', type(error).__name__)}: {error}"
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:500]


def cancel(rows: QuerySet[Any]) -> int:
    """Stop what has not ended. A worker in the middle finds out when it renews or finishes."""
    return rows.filter(state__in=LIVE).update(state=JobState.CANCELLED, lease_until=None, finished_at=ClockTimestamp())


def end_all_of(project: Project) -> None:
    """Whoever works on one notices when they next renew it."""
    for model in rows_of_project.paths():
        if issubclass(model, Job):
            cancel(model._default_manager.filter(**{rows_of_project.lookup(model): project}))


def resume(rows: QuerySet[Any]) -> int:
    """A person thinks better of it: what was cancelled waits again, with the attempts it has left."""
    return rows.filter(state=JobState.CANCELLED).update(
        state=JobState.QUEUED, attempts=0, vanished=0, due_at=ClockTimestamp(), finished_at=None, error=""
    )


def begin_anew(rows: QuerySet[Any]) -> int:
    """What they read has changed: nobody holds those that run any more, and they wait as if they had not been tried."""
    # Rows that wait are locked by it. Without this one could be taken, and read what was before, until the caller is done.
    rows.filter(state=JobState.QUEUED).update(state=JobState.QUEUED)
    return rows.filter(state=JobState.RUNNING).update(
        state=JobState.QUEUED, token=None, lease_until=None, attempts=0, vanished=0, due_at=ClockTimestamp()
    )


def replay(rows: QuerySet[Any]) -> int:
    """A person gives dead rows a fresh set of attempts."""
    return rows.filter(state=JobState.DEAD).update(
        state=JobState.QUEUED, attempts=0, vanished=0, due_at=ClockTimestamp(), finished_at=None
    )


@contextmanager
def kept(model: type[Job], claims: Sequence[Claim] | Mapping[int, UUID]) -> Iterator[None]:
    """Hold the leases while a long piece of work runs: a thread renews them three times a lease.

    A process that is stopped or killed stops renewing with it. Work that hangs is not held for ever either.
    """
    tokens = dict(claims) if isinstance(claims, Mapping) else {claim.job_id: claim.token for claim in claims}
    ended = threading.Event()
    keeper = threading.Thread(target=_keep, args=(model, tokens, ended), name="keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def _keep(model: type[Job], tokens: Mapping[int, UUID], ended: threading.Event) -> None:
    last = time.monotonic() + settings.STUCK_SECONDS
    while not ended.wait(settings.JOB_LEASE_SECONDS / 3) and time.monotonic() < last:
        until = ClockTimestamp() + _lease()
        try:
            model._default_manager.filter(pk__in=tokens, token__in=tokens.values(), state=JobState.RUNNING).update(
                lease_until=until, due_at=until
            )
        except Exception:  # the database is away: the lease may run out, and the work is done again
            logger.exception("could not renew the leases of %d jobs", len(tokens))
        finally:
            connection.close()
