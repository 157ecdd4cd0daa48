"""From the pictures that a row names to what its snapshot keeps: hashes of pictures that were uploaded or lie in a folder, and
addresses that a job will fetch. A picture that is refused does not keep its item out: it is noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _

from catalogue.importing.mapping import Record
from catalogue.models import Image
from catalogue.pictures import addresses, images
from catalogue.pictures.decoding import PictureRefused
from projects.models import Project


class NotThere(Exception):
    """A name that leads to no picture."""


@dataclass
class PictureLookup:
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
