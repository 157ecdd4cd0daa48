"""Which pictures there are to see of a snapshot, and why others are missing.

A snapshot keeps the addresses that its row named and never changes; what a job has fetched since is found by address.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from django.utils.translation import gettext as _

from catalogue.models import PictureFetch, Snapshot
from catalogue.pictures import fetching
from jobs.models import JobState
from projects.models import Project


class Shown(NamedTuple):
    """What there is to see of a snapshot: content hashes, and in words why other pictures are missing."""

    hashes: tuple[str, ...]
    missing: tuple[str, ...] = ()


def shown(project: Project, snapshot: Snapshot) -> Shown:
    """One query, none for a snapshot without addresses. The words name no address."""
    hashes = dict.fromkeys(snapshot.images)
    if not snapshot.image_addresses:
        return Shown(tuple(hashes))
    rows = PictureFetch.objects.filter(project=project, address__in=snapshot.image_addresses)
    found = {row[0]: row[1:] for row in rows.values_list("address", "state", "error", "image__sha256")}
    missing: dict[str, None] = {}
    for address in snapshot.image_addresses:
        state, error, sha256 = found.get(address, (JobState.QUEUED, "", None))
        if sha256:
            hashes[sha256] = None
        else:
            missing[_absent(state, error)] = None
    return Shown(tuple(hashes), tuple(missing))


def _absent(state: str, error: str) -> str:
    if state not in (JobState.DEAD, JobState.CANCELLED):
        return _("picture not there yet")
    code = fetching.CANCELLED if state == JobState.CANCELLED else fetching.code_of(error)
    return _("picture could not be fetched: %(why)s") % {"why": fetching.why(code)}


def main_pictures(snapshot_ids: Collection[int]) -> dict[int, str]:
    """The first picture of each snapshot that has one by now, for who shows a model one picture."""
    columns = ("pk", "item__project_id", "images", "image_addresses")
    rows = list(Snapshot.objects.filter(pk__in=snapshot_ids).values_list(*columns))
    wanted = {address for _pk, _project, hashes, named in rows if not hashes for address in named}
    done = (
        PictureFetch.objects.filter(address__in=wanted, state=JobState.DONE) if wanted else PictureFetch.objects.none()
    )
    fetched = {row[:2]: row[2] for row in done.values_list("project_id", "address", "image__sha256")}
    found = {}
    for pk, project_id, hashes, named in rows:
        main = hashes or [sha for address in named if (sha := fetched.get((project_id, address)))]
        if main:
            found[pk] = main[0]
    return found
