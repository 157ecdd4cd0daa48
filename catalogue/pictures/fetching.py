"""Pictures that rows name by address: each is a job, fetched by a process without credentials, decoded by another.

Nothing is fetched from a host that no lead has listed: such jobs wait. What another try may mend is tried again with
the pauses of every job; what it cannot mend is dead at once, with the reason.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.child_processes import Child, ChildEnded
from catalogue.models import Import, PictureFetch, PictureSource
from catalogue.pictures import addresses, allowed_hosts, decoding, images
from catalogue.pictures.addresses import AddressRefused
from catalogue.pictures.decoding import PictureRefused
from catalogue.pictures.fetching_child import MOST_BYTES, TOTAL_SECONDS
from database.statements import run
from jobs import leasing, working
from jobs.kinds import PICTURE_QUEUE, Kind
from jobs.leasing import Claim
from jobs.models import JobState
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import TotalFailure

logger = logging.getLogger(__name__)
CHILD = ("catalogue.pictures.fetching_child",)
TOGETHER = 8  # pictures that one child fetches side by side
GRACE_SECONDS = 1.5
CANCELLED = "cancelled"


def want(batch: Import, wanted: Collection[str]) -> None:
    """A job for each address that the project does not know yet: one statement, whatever their number."""
    if not wanted:
        return
    looked_at = [(address, *_host(address)) for address in sorted(wanted)]
    columns = list(zip(*looked_at, strict=True))
    # Without ON CONFLICT an address that the project knows already would fail the chunk that names it.
    run(
        """INSERT INTO catalogue_picturefetch (project_id, batch_id, address, host, error, attempts, state, finished_at)
           SELECT %s, %s, address, host, error, 0, CASE WHEN error = '' THEN 'queued' ELSE 'dead' END,
             CASE WHEN error = '' THEN NULL ELSE clock_timestamp() END
           FROM unnest(%s::text[], %s::text[], %s::text[]) AS n(address, host, error) ON CONFLICT DO NOTHING""",
        batch.project_id,
        batch.pk,
        *map(list, columns),
    )


def _host(address: str) -> tuple[str, str]:
    """Its host; or none, and why nobody would follow it."""
    try:
        return addresses.read(address).host, ""
    except AddressRefused as refusal:
        return "", str(refusal)


def work(claims: Sequence[Claim]) -> None:
    """See each of the claimed jobs to its end."""
    with leasing.kept(PictureFetch, claims):
        _fetch_all(claims)


KIND = Kind(
    "picture",
    gettext_lazy("picture"),
    PictureFetch,
    work,
    PICTURE_QUEUE,
    TOGETHER,
    only=allowed_hosts.LISTED,
    lines=allowed_hosts.lines,
)


def work_some(project: Project) -> int:
    """One child's worth of a project's due jobs, for a process that is no worker; 0 when nothing is due now."""
    return working.work_some(KIND, Q(project=project))


class _Fetched(NamedTuple):
    claim: Claim
    told: Mapping[str, Any]
    body: bytes


def _fetch_all(claims: Sequence[Claim]) -> None:
    waiting = {claim.job_id: claim for claim in claims}
    rows = PictureFetch.objects.select_related("project").in_bulk(list(waiting))
    try:
        with closing(_fetched(dict(waiting), rows)) as answers:
            for fetched in answers:
                _take(rows[fetched.claim.job_id], fetched)
                del waiting[fetched.claim.job_id]
    except (OperationalError, InterfaceError):  # nothing is decided while the database is away: the leases run out
        raise
    except Exception:
        logger.exception("%d pictures were not fetched", len(waiting))
        leasing.fail_all(PictureFetch, list(waiting.values()), "unforeseen")


def _fetched(claims: Mapping[int, Claim], rows: Mapping[int, PictureFetch]) -> Generator[_Fetched, None, None]:
    """What the child answers, one after the other; it is ended whatever happens. Raises ChildEnded."""
    hosts = {(row.project_id, row.host) for row in rows.values()}
    listed = PictureSource.objects.filter(project__in={pk for pk, _host in hosts}, plain_http=True)
    plain = set(listed.values_list("project_id", "host"))
    child = Child(*CHILD)
    try:
        until = time.monotonic() + TOTAL_SECONDS + GRACE_SECONDS
        asks = [
            {"id": pk, "address": row.address, "plain": (row.project_id, row.host) in plain} for pk, row in rows.items()
        ]
        child.send({"asks": asks}, b"", until)
        for _ in range(len(asks)):
            # What it has fetched in time may lie ready for long while we decode what came before.
            told, body = child.receive(max(until, time.monotonic() + GRACE_SECONDS), MOST_BYTES)
            claim = claims.get(told.get("id", 0))
            if claim is None:
                raise ChildEnded("answers for what it was not asked")
            yield _Fetched(claim, told, body)
    finally:
        child.end()


def _take(row: PictureFetch, fetched: _Fetched) -> None:
    claims = [fetched.claim]
    if code := str(fetched.told.get("code", "")):
        retry, wait = bool(fetched.told.get("retry")), float(fetched.told.get("wait", 0))
        leasing.fail_all(PictureFetch, claims, code, retry=retry, wait=wait)
        return
    try:
        image, _new = images.add(row.project, row.address, fetched.body)
    except PictureRefused as refusal:
        leasing.fail_all(PictureFetch, claims, refusal.code, retry=False)
    else:
        leasing.finish(row, fetched.claim.token, image=image)


# Why a picture could not be fetched, by the code in its row.
WHY = {
    "address_scheme": gettext_lazy("the address is none that begins with https://"),
    "address_userinfo": gettext_lazy("the address carries a user name"),
    "address_host": gettext_lazy("the address names no host by its name"),
    "address_port": gettext_lazy("the address names another port than that of https"),
    "address_letters": gettext_lazy("the address holds characters that no address has"),
    "address_long": gettext_lazy("the address is too long"),
    "plain_http": gettext_lazy("the address has no https, and its source is not listed for plain http"),
    "not_public": gettext_lazy("the host is not on the public net"),
    "name": gettext_lazy("the host's name is not known"),
    "certificate": gettext_lazy("the host's certificate is not valid"),
    "redirect": gettext_lazy("the server sends us elsewhere, and we do not follow"),
    "gone": gettext_lazy("the server has no such picture"),
    "forbidden": gettext_lazy("the server does not give it to us"),
    "busy": gettext_lazy("the server is busy or has failed"),
    "compressed": gettext_lazy("the server sends it compressed"),
    "large": gettext_lazy("larger than 8 MiB"),
    "deadline": gettext_lazy("it took longer than 15 seconds"),
    "connection": gettext_lazy("the connection failed"),
    "unforeseen": gettext_lazy("fetching it failed"),
    CANCELLED: gettext_lazy("fetching was cancelled"),
    "lease_ran_out": gettext_lazy("the worker vanished while fetching it"),
    leasing.FELL: gettext_lazy("the worker's process ended while fetching it"),
}


def why(code: str) -> str:
    """For people."""
    return str(WHY[code]) if code in WHY else decoding.why(code)


class FetchFailure(NamedTuple):
    text: str
    pictures: int


class FetchProgress(NamedTuple):
    """`waiting` may be fetched, `unlisted` wait for a lead to list their host."""

    pictures: int
    fetched: int
    waiting: int
    unlisted: int
    dead: int
    cancelled: int

    @property
    def terminal(self) -> bool:
        return self.waiting == 0


def progress(project: Project) -> FetchProgress:
    rows = PictureFetch.objects.filter(project=project)
    states = dict(rows.values_list("state").annotate(n=Count("pk")).order_by())
    live = sum(states.get(state, 0) for state in leasing.LIVE)
    unlisted = rows.filter(~allowed_hosts.LISTED, state__in=leasing.LIVE).count() if live else 0
    return FetchProgress(
        pictures=sum(states.values()),
        fetched=states.get(JobState.DONE, 0),
        waiting=live - unlisted,
        unlisted=unlisted,
        dead=states.get(JobState.DEAD, 0),
        cancelled=states.get(JobState.CANCELLED, 0),
    )


def why_nothing(project: Project, seen: FetchProgress) -> TotalFailure | None:
    """The reason that most of the dead share, where none was fetched and nothing is under way any more."""
    if seen.fetched or seen.waiting or not seen.dead:
        return None
    dead = PictureFetch.objects.filter(project=project, state=JobState.DEAD).values_list("error", flat=True)
    [(code, pictures)] = Counter(map(code_of, dead.iterator())).most_common(1)
    said = _("0 of %(pictures)s pictures were fetched: %(reason)s (%(shared)s of them).")
    return TotalFailure(code, said % {"pictures": seen.pictures, "reason": why(code), "shared": pictures})


def has_any(project: Project) -> bool:
    return PictureFetch.objects.filter(project=project).exists()


def outstanding(project: Project) -> int:
    """Pictures that rows name and that are not there, for whatever reason."""
    return PictureFetch.objects.filter(project=project).exclude(state=JobState.DONE).count()


def reasons(project: Project) -> list[FetchFailure]:
    """Why the dead are dead, the most frequent first."""
    dead = PictureFetch.objects.filter(project=project, state=JobState.DEAD)
    found = dead.values_list("error").annotate(n=Count("pk")).order_by("-n", "error")[:20]
    return [FetchFailure(why(code_of(error)), n) for error, n in found]


def dead(project: Project, limit: int = 50) -> list[tuple[PictureFetch, str]]:
    """The latest, each with its reason."""
    rows = PictureFetch.objects.filter(project=project, state=JobState.DEAD).select_related("batch").order_by("-pk")
    return [(row, why(code_of(row.error))) for row in rows[:limit]]


def code_of(error: str) -> str:
    return error.partition(":")[0]


def cancel(project: Project, by: Person | None) -> int:
    """Stop what has not been fetched; what has been stays."""
    cancelled = leasing.cancel(PictureFetch.objects.filter(project=project))
    if cancelled:
        record(by, "pictures.cancelled", project=project, pictures=cancelled)
    return cancelled


def try_again(project: Project, by: Person | None) -> int:
    """The dead and the cancelled get a fresh set of attempts; an address that nobody would follow stays as it is."""
    rows = PictureFetch.objects.filter(~Q(host=""), project=project)
    again = leasing.replay(rows) + leasing.resume(rows)
    if again:
        record(by, "pictures.tried_again", project=project, pictures=again)
    return again
