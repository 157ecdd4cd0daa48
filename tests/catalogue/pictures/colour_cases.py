"""Files of every kind of colour that PNG, JPEG and WebP know, each of the same four patches."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator

import PIL.Image

SIZE = 64
Pixel = tuple[int, int, int, int]
PATCHES: tuple[Pixel, ...] = ((155, 155, 155, 255), (200, 40, 40, 255), (30, 90, 200, 128), (250, 240, 60, 0))
MIDDLES = ((16, 16), (48, 16), (16, 48), (48, 48))
NUMBERS = [[(y >= SIZE // 2) * 2 + (x >= SIZE // 2) for x in range(SIZE)] for y in range(SIZE)]
ROWS = [[PATCHES[number] for number in row] for row in NUMBERS]
Chunk = tuple[bytes, bytes]


def grey(pixel: Pixel) -> int:
    return round(0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2])


GREYS = [[grey(pixel) for pixel in row] for row in ROWS]


def sixteen(*shades: int) -> bytes:
    return b"".join(struct.pack(">H", shade * 257) for shade in shades)


def packed(rows: Iterable[list[int]], bits: int) -> list[bytes]:
    """Shades of so many bits, several a byte."""
    per = 8 // bits
    return [
        bytes(
            sum(shade << (8 - bits * (place + 1)) for place, shade in enumerate(row[at : at + per]))
            for at in range(0, len(row), per)
        )
        for row in rows
    ]


def png(depth: int, kind: int, rows: Iterable[bytes], *more: Chunk) -> bytes:
    """A PNG as its specification says, since Pillow writes few of the kinds that it reads."""
    head = struct.pack(">IIBBBBB", SIZE, SIZE, depth, kind, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = [(b"IHDR", head), *more, (b"IDAT", pixels), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def of_shades(depth: int, *more: Chunk, shades: list[list[int]] = GREYS) -> bytes:
    """Grey of one to sixteen bits."""
    if depth == 16:
        return png(16, 0, [sixteen(*row) for row in shades], *more)
    scaled = [[shade >> (8 - depth) for shade in row] for row in shades]
    return png(depth, 0, packed(scaled, depth), *more)


def of_colours(depth: int, *more: Chunk, alpha: bool = False) -> bytes:
    """RGB or RGBA of eight or sixteen bits."""
    channels = 4 if alpha else 3
    rows = [[shade for pixel in row for shade in pixel[:channels]] for row in ROWS]
    return png(depth, 6 if alpha else 2, [sixteen(*row) if depth == 16 else bytes(row) for row in rows], *more)


def of_palette(depth: int, *more: Chunk) -> bytes:
    colours = PATCHES[: 1 << depth]
    numbers = [[min(number, len(colours) - 1) for number in row] for row in NUMBERS]
    palette = b"".join(bytes(pixel[:3]) for pixel in colours)
    return png(depth, 3, packed(numbers, depth), (b"PLTE", palette), *more)


def of_grey_and_alpha(depth: int) -> bytes:
    rows = [[part for pixel in row for part in (grey(pixel), pixel[3])] for row in ROWS]
    return png(depth, 4, [sixteen(*row) if depth == 16 else bytes(row) for row in rows])


def saved(picture: PIL.Image.Image, kind: str, **options: object) -> bytes:
    made = io.BytesIO()
    picture.save(made, kind, **options)
    return made.getvalue()


OPAQUE = PIL.Image.frombytes("RGB", (SIZE, SIZE), bytes(shade for row in ROWS for pixel in row for shade in pixel[:3]))
SEE_THROUGH = PIL.Image.frombytes(
    "RGBA", (SIZE, SIZE), bytes(shade for row in ROWS for pixel in row for shade in pixel)
)


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def profile(space: bytes, gamma: float, *primaries: tuple[float, float, float]) -> bytes:
    """A small ICC profile: a curve, and of RGB where its primaries lie (CIE XYZ under D50)."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    places = [b"XYZ \0\0\0\0" + _fixed(*primary) for primary in primaries]
    tags = [(b"wtpt", b"XYZ \0\0\0\0" + _fixed(0.9642, 1, 0.8249))]
    if primaries:
        tags += [(name + b"XYZ", place) for name, place in zip((b"r", b"g", b"b"), places, strict=True)]
        tags += [(name + b"TRC", curve) for name in (b"r", b"g", b"b")]
    else:
        tags.append((b"kTRC", curve))
    body, table, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags:
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data
    total = struct.pack(">I", start + len(body))
    head = total + b"\0" * 4 + b"\x02\x40\0\0mntr" + space + b"XYZ " + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp"
    head = head.ljust(68, b"\0") + _fixed(0.9642, 1, 0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


DISPLAY_P3 = profile(b"RGB ", 2.2, (0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
ADOBE_RGB = profile(b"RGB ", 2.2, (0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
LINEAR_GREY = profile(b"GRAY", 1.0)


def gamma(of: float) -> Chunk:
    return b"gAMA", struct.pack(">I", round(of * 100_000))


def cases() -> Iterator[tuple[str, bytes]]:
    for depth in (1, 2, 4, 8, 16):
        yield f"grey, {depth} bits", of_shades(depth)
        hidden = 155 * 257 if depth == 16 else 155 >> (8 - depth)
        yield f"grey, {depth} bits, a shade hidden", of_shades(depth, (b"tRNS", struct.pack(">H", hidden)))
    for depth in (8, 16):
        yield f"grey and alpha, {depth} bits", of_grey_and_alpha(depth)
        yield f"RGB, {depth} bits", of_colours(depth)
        yield f"RGBA, {depth} bits", of_colours(depth, alpha=True)
    yield "RGB, a colour hidden", of_colours(8, (b"tRNS", struct.pack(">HHH", 200, 40, 40)))
    yield "RGB of 16 bits, a colour hidden", of_colours(16, (b"tRNS", sixteen(200, 40, 40)))
    for depth in (1, 2, 4, 8):
        yield f"palette, {depth} bits", of_palette(depth)
        alphas = bytes(pixel[3] for pixel in reversed(PATCHES[: 1 << depth]))
        yield f"palette, {depth} bits, with alpha", of_palette(depth, (b"tRNS", alphas))
    for of in (0.3, 1 / 2.2, 1.0, 1.8):
        yield f"RGB, gamma {of:.2f}", of_colours(8, gamma(of))
    yield "grey, 16 bits, linear", of_shades(16, gamma(1.0))
    yield "RGBA, linear", of_colours(8, gamma(1.0), alpha=True)
    yield "sRGB, with another gamma", of_colours(8, gamma(1.0), (b"sRGB", b"\0"))
    yield "a background of its own", of_colours(8, (b"bKGD", struct.pack(">HHH", 255, 0, 0)), alpha=True)
    inks = [PIL.Image.new("L", (SIZE, SIZE), ink) for ink in (100, 30, 10, 120)]
    yield "JPEG", saved(OPAQUE, "JPEG", quality=95, subsampling=0)
    yield "JPEG, grey", saved(OPAQUE.convert("L"), "JPEG", quality=95)
    yield "JPEG, CMYK", saved(OPAQUE.convert("CMYK"), "JPEG", quality=95)
    yield "JPEG, CMYK with black ink", saved(PIL.Image.merge("CMYK", inks), "JPEG", quality=95)
    yield "JPEG, CMYK, a profile of RGB", saved(OPAQUE.convert("CMYK"), "JPEG", quality=95, icc_profile=DISPLAY_P3)
    yield "WebP, see-through", saved(SEE_THROUGH, "WEBP", quality=95)
    for name, icc in (("Display P3", DISPLAY_P3), ("Adobe RGB", ADOBE_RGB)):
        yield f"PNG, {name}", saved(OPAQUE, "PNG", icc_profile=icc)
        yield f"PNG, {name}, see-through", saved(SEE_THROUGH, "PNG", icc_profile=icc)
        yield f"PNG, {name}, palette", saved(OPAQUE.quantize(4), "PNG", icc_profile=icc)
        yield f"JPEG, {name}", saved(OPAQUE, "JPEG", quality=95, subsampling=0, icc_profile=icc)
        yield f"WebP, {name}", saved(OPAQUE, "WEBP", lossless=True, icc_profile=icc)
    yield "grey, linear by its profile", saved(OPAQUE.convert("L"), "PNG", icc_profile=LINEAR_GREY)
    yield "RGB, a profile of grey", saved(OPAQUE, "JPEG", quality=95, icc_profile=LINEAR_GREY)
    yield "grey, a profile of RGB", saved(OPAQUE.convert("L"), "JPEG", quality=95, icc_profile=DISPLAY_P3)
    yield "a profile that is none", saved(OPAQUE, "PNG", icc_profile=b"no profile at all")
    yield "a profile that is cut off", saved(OPAQUE, "PNG", icc_profile=DISPLAY_P3[:200])
