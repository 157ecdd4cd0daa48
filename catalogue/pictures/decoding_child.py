"""The process that decodes pictures: foreign bytes in, our own two pictures out, under limits that the kernel keeps.

It knows no database, no storage and no secret. Whatever a picture does to it, it does to this process alone.
"""

from __future__ import annotations

import io
import sys
import warnings
from typing import NamedTuple

import PIL.Image
from PIL import JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401  (before memory is limited)

from catalogue.child_processes import allow_seconds, read_frame, settle_in, write_frame
from catalogue.pictures import colours

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_SIDE = 8000
MAX_PIXELS = 25_000_000
MEMORY = 512 << 20
CPU_SECONDS = 10
LARGE, THUMB = 1280, 320
_QUALITY = 82


class NoPicture(Exception):
    """No picture that we take; the message is a code that catalogue.pictures.decoding turns into words."""


class PictureSizes(NamedTuple):
    large: bytes
    thumb: bytes
    width: int
    height: int


def main() -> None:
    settle_in(MEMORY, files=16)
    write_frame(sys.stdout.buffer, {"ready": True})
    while (asked := read_frame(sys.stdin.buffer)) is not None:
        allow_seconds(CPU_SECONDS)
        try:
            made = encode(asked[1])
        except NoPicture as refusal:
            write_frame(sys.stdout.buffer, {"refused": str(refusal)})
        else:
            told = {"large": len(made.large), "width": made.width, "height": made.height}
            write_frame(sys.stdout.buffer, told, made.large + made.thumb)


def encode(data: bytes) -> PictureSizes:
    """Decode what the bytes are, whatever their name says, and make our own two pictures of it."""
    PIL.Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
            return _encode(data)
    except PIL.UnidentifiedImageError:
        raise NoPicture("not_a_picture") from None
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise NoPicture("pixels") from None
    except MemoryError:
        raise NoPicture("too_much") from None
    except (OSError, SyntaxError, ValueError, ArithmeticError, EOFError, LookupError, TypeError) as error:
        raise NoPicture("damaged") from error


def _encode(data: bytes) -> PictureSizes:
    with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        _check_size(picture.size)
        picture.draft("RGB", (LARGE, LARGE))
        colours.open_low_bits(picture)
        picture.load()
        large = colours.as_shown(picture, LARGE)
        thumb = large.copy()
    thumb.thumbnail((THUMB, THUMB), PIL.Image.Resampling.LANCZOS)
    return PictureSizes(_webp(large), _webp(thumb), *large.size)


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width > MAX_SIDE or height > MAX_SIDE:
        raise NoPicture("side")
    if width * height > MAX_PIXELS:
        raise NoPicture("pixels")


def _webp(picture: PIL.Image.Image) -> bytes:
    made = io.BytesIO()
    picture.save(made, "WEBP", quality=_QUALITY, method=4, exif=b"", icc_profile=None, xmp=b"")
    return made.getvalue()


if __name__ == "__main__":
    main()
