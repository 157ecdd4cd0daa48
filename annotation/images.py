"""Pictures: decoded under limits, re-encoded, kept under the hash of what we made of them, and served by that hash.

What came in is never served: no metadata, no trailing bytes, no foreign format survives. Nothing here fetches.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import PIL.Image
import PIL.ImageOps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from annotation.models import Image
from projects.models import Project
from relevance.sanitising import storable

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 10 << 20
MAX_SIDE = 8000
MAX_PIXELS = 25_000_000
SIDES = {"large": 1280, "thumb": 320}
_FOLDERS = {"large": "images", "thumb": "thumbs"}
_QUALITY = 82

# Once for the process, since warning filters are not per thread.
PIL.Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)


class PictureRefused(ValueError):
    """The bytes are no picture that we take; the message says why, for people."""


@dataclass(frozen=True)
class Encoded:
    large: bytes
    thumb: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.large).hexdigest()


def encode(data: bytes) -> Encoded:
    """Decode what the bytes are, whatever their name says, and make our own two pictures of it."""
    if len(data) > MAX_BYTES:
        raise PictureRefused(_("larger than 10 MiB"))
    try:
        with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _check_size(picture.size)
            picture.draft("RGB", (SIDES["large"], SIDES["large"]))
            upright = PIL.ImageOps.exif_transpose(picture) or picture
            plain = upright.convert("RGBA" if _is_see_through(upright) else "RGB")
    except PictureRefused:
        raise
    except PIL.UnidentifiedImageError:
        raise PictureRefused(_("not a JPEG, PNG or WebP picture")) from None
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise PictureRefused(_("more than 25 million pixels")) from None
    except (OSError, SyntaxError, ValueError, ArithmeticError, EOFError, MemoryError) as error:
        raise PictureRefused(_("the picture is damaged")) from error
    large, thumb = _fitted(plain, SIDES["large"]), _fitted(plain, SIDES["thumb"])
    return Encoded(_webp(large), _webp(thumb), *large.size)


def store(project: Project, name: str, data: bytes) -> Image | str:
    """The project's picture, new or known by its content; or the reason why it is refused."""
    try:
        return add(project, name, data)[0]
    except PictureRefused as refusal:
        return str(refusal)


def add(project: Project, name: str, data: bytes) -> tuple[Image, bool]:
    """The project's picture and whether it is new; raises PictureRefused."""
    encoded = encode(data)
    sha256 = encoded.sha256
    for size, content in (("large", encoded.large), ("thumb", encoded.thumb)):
        key = storage_key(sha256, size)
        if not default_storage.exists(key):
            default_storage.save(key, ContentFile(content))
    return Image.objects.get_or_create(
        project=project,
        sha256=sha256,
        defaults={
            "original_name": storable(name)[-255:],
            "width": encoded.width,
            "height": encoded.height,
            "bytes": len(encoded.large),
        },
    )


def storage_key(sha256: str, size: str) -> str:
    return f"{_FOLDERS[size]}/{sha256[:2]}/{sha256}.webp"


def is_known(project: Project, sha256: str, size: str) -> bool:
    """A picture of this project, whoever else may have it."""
    return size in SIDES and Image.objects.filter(project=project, sha256=sha256).exists()


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


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width > MAX_SIDE or height > MAX_SIDE:
        raise PictureRefused(_("a side of more than 8,000 pixels"))
    if width * height > MAX_PIXELS:
        raise PictureRefused(_("more than 25 million pixels"))


def _is_see_through(picture: PIL.Image.Image) -> bool:
    return picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info


def _fitted(picture: PIL.Image.Image, side: int) -> PIL.Image.Image:
    fitted = picture.copy()
    fitted.thumbnail((side, side), PIL.Image.Resampling.LANCZOS)
    return fitted


def _webp(picture: PIL.Image.Image) -> bytes:
    made = io.BytesIO()
    picture.save(made, "WEBP", quality=_QUALITY, method=4)
    return made.getvalue()
