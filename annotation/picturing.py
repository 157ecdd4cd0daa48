"""From the pictures that a row names to those that a snapshot shows: uploaded with the file, in a folder, or fetched.

A picture that is refused does not keep its item out: it is noted and the item goes in without it. A snapshot keeps the
addresses that its row named and never changes; what a job has fetched since is found by address.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import gettext as _

from annotation import addresses, fetching, images
from annotation.decoding import PictureRefused
from annotation.mapping import Record
from annotation.models import Image, JobState, PictureFetch, Snapshot
from projects.models import Project


class NotThere(Exception):
    """A name that leads to no picture."""


@dataclass
class Pictures:
    """Where names are looked up: the upload's own pictures, then the folder, then what the project has by that name.

    Without upload and folder a name that nobody knows is no fault: the pictures were left at home.
    """

    project: Project
    folder: Path | None = None
    uploaded: Mapping[str, str] = field(default_factory=dict)
    added: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)

    def resolve(self, records: Sequence[Record]) -> list[Record]:
        """The records with their pictures' hashes; fills `added` and `refused` (row, reason) for this chunk."""
        self.added, self.refused = 0, []
        named = {name for record in records for name in record.pictures}
        if not named:
            return list(records)
        named = {name for name in named if not addresses.is_address(name)}
        found = self._by_name(named)
        return [record if not record.pictures else self._with_hashes(record, found) for record in records]

    def _with_hashes(self, record: Record, found: dict[str, str]) -> Record:
        wanted = dict.fromkeys(name for name in record.pictures if addresses.is_address(name))
        names = (name for name in record.pictures if name not in wanted)
        hashes = dict.fromkeys(sha for name in names if (sha := self._hash(record, name, found)))
        kept = tuple(address for address in wanted if self._fits(record, address))
        return record._replace(content=record.content._replace(images=tuple(hashes), image_addresses=kept))

    def _fits(self, record: Record, address: str) -> bool:
        if len(address.encode()) <= addresses.MOST_BYTES:
            return True
        self.refused.append((record.row, f"{address[:100]}: {_('the address is too long')}"))
        return False

    def _hash(self, record: Record, name: str, found: dict[str, str]) -> str:
        if name not in found:
            try:
                found[name] = self._from_folder(name)
            except (PictureRefused, NotThere) as refusal:
                found[name] = ""
                self.refused.append((record.row, f"{name[:100]}: {refusal}"))
        return found[name]

    def _from_folder(self, name: str) -> str:
        if self.folder is None:
            if self.uploaded:
                raise NotThere(_("not among the uploaded pictures"))
            return ""
        data = images.read_from(self.folder, name)
        if data is None:
            raise NotThere(_("not in the folder"))
        image, new = images.add(self.project, name, data)
        self.added += new
        return image.sha256

    def _by_name(self, names: set[str]) -> dict[str, str]:
        found = {name: sha for name in names if (sha := self.uploaded.get(name))}
        if names and self.folder is None and len(found) < len(names):
            rows = Image.objects.filter(project=self.project, original_name__in=names - found.keys()).order_by("pk")
            found.update(rows.values_list("original_name", "sha256"))
        return found


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
