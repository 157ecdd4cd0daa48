"""What a browser would show of a decoded picture on a white page: eight bits a channel, in sRGB, nothing see-through.

A shop shows its pictures on white, and a model that is handed a see-through one would see black; so both are drawn on
white here, whatever the page's own colours are. Knows Pillow alone: it runs in the decoding child.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import PIL.Image
import PIL.ImageFile
import PIL.ImageOps
from PIL import ImageCms

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}
_SHADES = 65_535  # of sixteen bits


def open_low_bits(picture: PIL.ImageFile.ImageFile) -> None:
    """Before it is loaded: the transparent shade of a grey of two or four bits, in eight. Pillow scales the shades alone."""
    raw = picture.tile[0].args if picture.tile else ""
    bits = {"L;2": 2, "L;4": 4}.get(raw if isinstance(raw, str) else "")
    if bits and isinstance(shade := picture.info.get("transparency"), int):
        picture.info["transparency"] = shade * 255 // ((1 << bits) - 1)


def as_shown(picture: PIL.Image.Image, side: int) -> PIL.Image.Image:
    """The loaded picture, turned upright, at most so large, as RGB. The original may be changed in place."""
    brighten = _by_gamma(picture)
    if picture.mode.startswith("I"):
        picture, brighten = _of_sixteen_bits(picture, brighten), None
    mode = _mode(picture)
    # Made small before anything is turned or copied: the full size is held once, twice where it must be converted.
    small: PIL.Image.Image = picture if picture.mode == mode else picture.convert(mode)
    small.thumbnail((side, side), PIL.Image.Resampling.LANCZOS)
    small = PIL.ImageOps.exif_transpose(small)
    colours = small.convert(mode.removesuffix("A"))
    shown = _in_srgb(colours, picture.info.get("icc_profile"))
    if brighten is not None:
        shown = shown.point([round(255 * brighten(shade / 255)) for shade in range(256)] * 3)
    return _on_white(shown, small.getchannel("A")) if mode.endswith("A") else shown


def _mode(picture: PIL.Image.Image) -> str:
    plain = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"}.get(picture.mode, "RGB")
    see_through = picture.mode.endswith(("A", "a")) or "transparency" in picture.info
    return f"{plain}A" if see_through and plain != "CMYK" else plain


def _of_sixteen_bits(picture: PIL.Image.Image, brighten: Callable[[float], float] | None) -> PIL.Image.Image:
    """Grey of sixteen bits. Left to itself, Pillow cuts every shade above 255 off, and the picture is white."""
    wide, hidden = picture.convert("I"), picture.info.get("transparency")
    drawn = brighten or (lambda share: share)
    shown = wide.point([round(255 * drawn(shade / _SHADES)) for shade in range(_SHADES + 1)], "L")
    shown.info = {name: value for name, value in picture.info.items() if name != "transparency"}
    if isinstance(hidden, int):
        shown.putalpha(wide.point([0 if shade == hidden else 255 for shade in range(_SHADES + 1)], "L"))
    return shown


def _in_srgb(colours: PIL.Image.Image, profile: object) -> PIL.Image.Image:
    """By the profile that the file brings; one that cannot be read, or is for other channels, counts for nothing."""
    if isinstance(profile, bytes):
        try:
            said = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if said.profile.xcolor_space == _SPACES[colours.mode]:
                made = ImageCms.profileToProfile(colours, said, _SRGB, outputMode="RGB")
                return made if made is not None else colours
        except (ImageCms.PyCMSError, OSError):
            pass
    return colours.convert("RGB")


def _by_gamma(picture: PIL.Image.Image) -> Callable[[float], float] | None:
    """What a PNG says of its brightness, where it says neither sRGB nor a profile."""
    gamma = picture.info.get("gamma")
    if not isinstance(gamma, float) or gamma <= 0 or picture.info.keys() & {"srgb", "icc_profile"}:
        return None
    if abs(gamma - 1 / 2.2) < 0.01:  # how sRGB itself is written: browsers leave it as it is
        return None
    return lambda share: _srgb_of(share ** (1 / gamma))


def _srgb_of(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def _on_white(shown: PIL.Image.Image, alpha: PIL.Image.Image) -> PIL.Image.Image:
    white = PIL.Image.new("RGB", shown.size, "white")
    white.paste(shown, mask=alpha)
    return white
