"""From the pictures that a row names to what its snapshot keeps: hashes of pictures that were uploaded or lie in a folder, and
addresses that a job will fetch. A picture that is refused does not keep its item out: it is noted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from catalogue.importing.meaning.mapping import Record
from catalogue.importing.reasons import RowReason, at, because, of_lazy
from catalogue.importing.report import FaultOfRow, PicturesNamed, note_hosts, note_missing
from catalogue.importing.written_pictures import NoBytes, bytes_of, is_written
from catalogue.models import Image, PictureSource
from catalogue.pictures import addresses, decoding, fetching, images
from catalogue.pictures.addresses import AddressRefused
from catalogue.pictures.decoding import PictureRefused
from projects.models import Project

_NO_NAME = "{"  # an object without a name


class NotThere(Exception):
    """A name that leads to no picture."""

    def __init__(self, why: RowReason) -> None:
        super().__init__(why)
        self.why = why


class RefusedPicture(NamedTuple):
    """A picture of a row that cannot be had."""

    row: int
    name: str
    reason: str

    @property
    def why(self) -> str:
        return at(self.name[:100], self.reason)


def _is_no_name(name: str) -> bool:
    return name.startswith(_NO_NAME) or is_written(name)


def _why(code: str) -> RowReason:
    return of_lazy(fetching.WHY.get(code) or decoding.WHY.get(code) or decoding.WHY["damaged"])


@dataclass
class PictureLookup:
    """Where names are looked up: the upload's own pictures, then the folder, then what the project has by that name.

    Without upload and folder a name that nobody knows is no fault of its row: the pictures were left at home. `told` counts
    them all. `stores`: pictures of the folder are kept; a look only reads them.
    """

    project: Project
    folder: Path | None = None
    uploaded: Mapping[str, str] = field(default_factory=dict)
    told: PicturesNamed = field(default_factory=PicturesNamed)
    stores: bool = True
    added: int = 0
    refused: list[RefusedPicture] = field(default_factory=list)
    _also_missing: list[RefusedPicture] = field(default_factory=list)
    _why: dict[str, str] = field(default_factory=dict)
    _hosts: Counter[str] = field(default_factory=Counter)

    def resolve(self, records: Sequence[Record]) -> list[Record]:
        """The records with their pictures' hashes; fills `added` and `refused` for this chunk, and adds to `told`."""
        self.added, self.refused, self._also_missing = 0, [], []
        self._why, self._hosts = {}, Counter()
        named = {name for record in records for name in record.pictures}
        if not named:
            return list(records)
        named = {name for name in named if not addresses.is_address(name) and not _is_no_name(name)}
        found = self._by_name(named)
        resolved = [record if not record.pictures else self._with_hashes(record, found) for record in records]
        faults = [FaultOfRow(one.row, one.reason, example=one.name) for one in (*self.refused, *self._also_missing)]
        note_missing(self.told, faults)
        note_hosts(self.told, self._hosts, self._listed)
        return resolved

    @cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(PictureSource.objects.filter(project=self.project).values_list("host", flat=True))

    def _with_hashes(self, record: Record, found: dict[str, str]) -> Record:
        wanted = dict.fromkeys(name for name in record.pictures if addresses.is_address(name))
        names = dict.fromkeys(name for name in record.pictures if name not in wanted)
        had = [sha for name in names if (sha := self._hash(record, name, found))]
        hashes = dict.fromkeys(had)
        kept = tuple(address for address in wanted if self._fits(record, address))
        self.told.named += len(wanted) + len(names)
        self.told.had += len(had)
        self.told.by_address += sum(self._leads_somewhere(record, address) for address in kept)
        return record._replace(content=record.content._replace(images=tuple(hashes), image_addresses=kept))

    def _fits(self, record: Record, address: str) -> bool:
        if len(address.encode()) <= addresses.MOST_BYTES:
            return True
        self.refused.append(RefusedPicture(record.row, address, because("the address is too long")))
        return False

    def _leads_somewhere(self, record: Record, address: str) -> bool:
        """Its host is counted; an address that nobody would follow cannot be had."""
        try:
            self._hosts[addresses.read(address).host] += 1
        except AddressRefused as refusal:
            self._also_missing.append(RefusedPicture(record.row, address, _why(str(refusal))))
            return False
        return True

    def _hash(self, record: Record, name: str, found: dict[str, str]) -> str:
        if name not in found:
            try:
                found[name] = self._from_folder(name)
            except (PictureRefused, NotThere, NoBytes) as refusal:
                found[name] = ""
                self._why[name] = _why(refusal.code) if isinstance(refusal, PictureRefused) else refusal.why
                self.refused.append(RefusedPicture(record.row, name[:200], self._why[name]))
                return ""
        if not found[name]:
            why = self._why.get(name) or because("neither uploaded nor known to the project")
            self._also_missing.append(RefusedPicture(record.row, name[:200], why))
        return found[name]

    def _from_folder(self, name: str) -> str:
        if name.startswith(_NO_NAME):
            raise NotThere(because("in a form that is not read"))
        if is_written(name):
            return self._kept("", bytes_of(name))
        if self.folder is None:
            if self.uploaded:
                raise NotThere(because("not among the uploaded pictures"))
            return ""
        data = images.read_from(self.folder, name)
        if data is None:
            raise NotThere(because("not in the folder"))
        return self._kept(name, data)

    def _kept(self, name: str, data: bytes) -> str:
        image, new = images.add(self.project, name, data, keep=self.stores)
        self.added += new
        return image.sha256

    def _by_name(self, names: set[str]) -> dict[str, str]:
        found = {name: sha for name in names if (sha := self.uploaded.get(name))}
        if names and self.folder is None and len(found) < len(names):
            rows = Image.objects.filter(project=self.project, original_name__in=names - found.keys()).order_by("pk")
            found.update(rows.values_list("original_name", "sha256"))
        return found
