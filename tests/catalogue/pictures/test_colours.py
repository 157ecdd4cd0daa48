"""Pictures look here as a browser shows them on white (breaking.md M9); tests/e2e/test_colours.py asks one."""

from __future__ import annotations

import io
import warnings

import PIL.Image
import pytest

from catalogue.pictures import decoding_child
from tests.catalogue.pictures.colour_cases import (
    ADOBE_RGB,
    LINEAR_GREY,
    MIDDLES,
    OPAQUE,
    gamma,
    of_colours,
    of_grey_and_alpha,
    of_palette,
    of_shades,
    saved,
)

NEAR = 3  # of 255: what WebP and JPEG lose
Shown = list[tuple[int, int, int]]
WHITE = (255, 255, 255)


def shown(data: bytes) -> Shown:
    large = PIL.Image.open(io.BytesIO(decoding_child.encode(data).large))
    assert large.mode == "RGB"
    return [large.getpixel(middle) for middle in MIDDLES]  # type: ignore[misc]


def greys(*shades: int) -> Shown:
    return [(shade,) * 3 for shade in shades]


# Through a half-transparent blue white shines by half: 30 * 128/255 + 255 * 127/255 = 142.
OVER_WHITE = [(155, 155, 155), (200, 40, 40), (142, 172, 227), WHITE]
WANTED: dict[str, tuple[bytes, Shown]] = {
    "grey of 16 bits": (of_shades(16), greys(155, 88, 85, 222)),
    "grey of 16 bits, a shade hidden": (of_shades(16, (b"tRNS", b"\x9b\x9b")), greys(255, 88, 85, 222)),
    # two bits: 0, 85, 170, 255
    "grey of 2 bits, a shade hidden": (of_shades(2, (b"tRNS", b"\0\2")), greys(255, 85, 85, 255)),
    "grey of 4 bits, a shade hidden": (of_shades(4, (b"tRNS", b"\0\x09")), greys(255, 85, 85, 221)),
    "grey and alpha of 16 bits": (of_grey_and_alpha(16), greys(155, 88, 170, 255)),
    "RGBA": (of_colours(8, alpha=True), OVER_WHITE),
    "RGBA of 16 bits": (of_colours(16, alpha=True), OVER_WHITE),
    "palette with alpha": (of_palette(2, (b"tRNS", b"\xff\xff\x80\0")), OVER_WHITE),
    # Light 155/255 = 0.608 is shade 1.055 * 0.608^(1/2.4) - 0.055 = 0.802 of 255 in sRGB.
    "linear by its gamma": (of_shades(8, gamma(1.0)), greys(205, 159, 156, 240)),
    "linear by its profile": (saved(OPAQUE.convert("L"), "PNG", icc_profile=LINEAR_GREY), greys(205, 159, 156, 240)),
    # The red of Adobe RGB lies outside of sRGB: more red here, and less of the others.
    "Adobe RGB": (
        saved(OPAQUE, "PNG", icc_profile=ADOBE_RGB),
        [(156, 156, 156), (233, 35, 35), (0, 90, 204), (254, 240, 17)],
    ),
    "a profile that is none": (
        saved(OPAQUE, "PNG", icc_profile=b"none"),
        [(155, 155, 155), (200, 40, 40), (30, 90, 200), (250, 240, 60)],
    ),
}


def far(seen: Shown, wanted: Shown) -> int:
    return max(abs(one - other) for pair in zip(seen, wanted, strict=True) for one, other in zip(*pair, strict=True))


@pytest.mark.parametrize("name", WANTED)
def test_a_picture_is_shown_as_its_file_means_it(name: str) -> None:
    data, wanted = WANTED[name]
    assert far(shown(data), wanted) <= NEAR, shown(data)


def naive(data: bytes) -> Shown:
    with warnings.catch_warnings(), PIL.Image.open(io.BytesIO(data)) as picture:
        warnings.simplefilter("ignore")  # it says itself that a palette's alpha is lost
        plain = picture.convert("RGB")
    return [plain.getpixel(middle) for middle in MIDDLES]  # type: ignore[misc]


def test_pillow_left_to_itself_shows_most_of_them_otherwise() -> None:
    wrong = {name for name, (data, wanted) in WANTED.items() if far(naive(data), wanted) > NEAR}
    assert wrong == WANTED.keys() - {"a profile that is none"}
    assert naive(of_shades(16)) == greys(255, 255, 255, 255)  # people judged a blank picture


def test_the_largest_grey_of_sixteen_bits_fits_into_the_childs_memory() -> None:
    """25 million pixels: twice 50 MB, 100 MB in the wide form, 25 MB for each of shades and alpha, of 512."""
    wide = PIL.Image.new("I;16", (5000, 5000), 40_000)
    made = decoding_child.encode(saved(wide, "PNG"))
    assert (made.width, made.height) == (1280, 1280)
