"""Pictures: decoded in a child, re-encoded, kept under the hash of what we made of them, and served by that hash.

What came in is never served: no metadata, no trailing bytes, no foreign format survives. Nothing here fetches.
"""

from __future__ import annotations

from itertools import groupby, islice
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from catalogue.models import Image
from catalogue.pictures import decoding
from catalogue.pictures.decoding import EncodedPicture, PictureRefused
from database import locks
from projects.hooks import Hook
from projects.models import Project
from relevance.sanitising import storable

MAX_BYTES = 10 << 20
TOGETHER = 50  # pictures that are removed under one lock
PATIENCE = 5
picture_added: Hook[[Image], None] = Hook()
_FOLDERS = {"large": "images", "thumb": "thumbs"}


def store(project: Project, name: str, data: bytes) -> Image | str:
    """The project's picture, new or known by its content; or the reason why it is refused."""
    try:
        return add(project, name, data)[0]
    except PictureRefused as refusal:
        return str(refusal)


def add(project: Project, name: str, data: bytes, *, keep: bool = True) -> tuple[Image, bool]:
    """The project's picture and whether it is new; raises PictureRefused. `keep`: its bytes go into the storage."""
    if len(data) > MAX_BYTES:
        raise PictureRefused("bytes")
    encoded = decoding.encode(data)
    with transaction.atomic():
        if keep:
            _keep(encoded)
        image, new = Image.objects.get_or_create(
            project=project,
            sha256=encoded.sha256,
            defaults={
                "original_name": storable(name)[-255:],
                "width": encoded.width,
                "height": encoded.height,
                "bytes": len(encoded.large),
            },
        )
        if keep and new:
            picture_added(image)
    return image, new


def _keep(encoded: EncodedPicture) -> None:
    # Without the lock, which is held until the row is there for everybody, another project that is deleted meanwhile would
    # take the bytes along.
    locks.keep_others_from(_removing(encoded.sha256))
    for size, content in (("large", encoded.large), ("thumb", encoded.thumb)):
        key = storage_key(encoded.sha256, size)
        if not default_storage.exists(key):
            default_storage.save(key, ContentFile(content))


def storage_key(sha256: str, size: str) -> str:
    return f"{_FOLDERS[size]}/{sha256[:2]}/{sha256}.webp"


def remove_all_of(project: Project) -> None:
    """The bytes of pictures that no project has that stays. Raises locks.Taken where one of them is being added."""
    own = Image.objects.filter(project=project).order_by("sha256").values_list("sha256", flat=True)
    for removing, hashes in groupby(own.iterator(chunk_size=1000), key=_removing):
        while some := list(islice(hashes, TOGETHER)):
            with locks.alone(removing, patience=PATIENCE):
                _remove(project, some)


def _remove(project: Project, hashes: list[str]) -> None:
    """Asked under the lock: who has added one of them since has it in a row by now."""
    elsewhere = Image.objects.filter(sha256__in=hashes, project__deletion=None).exclude(project=project)
    for sha256 in set(hashes).difference(elsewhere.values_list("sha256", flat=True)):
        for size in _FOLDERS:
            default_storage.delete(storage_key(sha256, size))


def _removing(sha256: str) -> str:
    """One of 256 acts: a lock for each picture of a large import would be more than the server has room for."""
    return f"remove pictures {sha256[:2]}"


def is_known(project: Project, sha256: str, size: str) -> bool:
    """A picture of this project, whoever else may have it."""
    return size in _FOLDERS and Image.objects.filter(project=project, sha256=sha256).exists()


def read_stored(sha256: str, size: str) -> bytes | None:
    """The bytes, a few hundred kilobytes at most; None when the storage has lost them."""
    try:
        with default_storage.open(storage_key(sha256, size)) as file:
            content: bytes = file.read()
    except FileNotFoundError:
        return None
    return content


def read_from(folder: Path, name: str) -> bytes | None:
    """The bytes of a file inside the folder; None for a name that is absent or leads out of it."""
    root = folder.resolve()
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        return None
