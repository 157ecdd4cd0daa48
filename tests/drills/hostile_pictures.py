"""Files that mean harm to whoever decodes them, made here: bombs, and things that are two things at once."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import PIL.Image
from PIL.PngImagePlugin import PngInfo

SCRIPT = b"<script>alert(document.cookie)</script>"
MARKS = (b"script", b"<?php", b"PK\x03\x04", b"%PDF", b"Exif", b"EXIF", b"XMP", b"ICCP", b"secret", b"svg")
PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))


def header(width: int, height: int, depth: int = 8, colour: int = 2, interlaced: int = 0) -> bytes:
    return PNG + chunk(b"IHDR", struct.pack("!IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


def zeros(size: int) -> bytes:
    """So many zero bytes, deflated piece by piece."""
    packing = zlib.compressobj(1)
    pieces = [packing.compress(bytes(min(1 << 20, size - at))) for at in range(0, size, 1 << 20)]
    return b"".join(pieces) + packing.flush()


def png(width: int, height: int, *between: bytes, data: bytes | None = None) -> bytes:
    """Black; `between` stands between header and data, `data` in place of what the header promises."""
    body = zeros(height * (1 + 3 * width)) if data is None else data
    return b"".join([header(width, height), *between, chunk(b"IDAT", body), chunk(b"IEND", b"")])


def saved(kind: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object) -> bytes:
    made = io.BytesIO()
    PIL.Image.linear_gradient("L").resize(size).convert(mode).save(made, kind, **options)
    return made.getvalue()


def many_scans(times: int) -> bytes:
    """A progressive JPEG of 25 million pixels whose last scan comes again and again: little to read, much to do."""
    made = io.BytesIO()
    PIL.Image.new("RGB", (8000, 3125)).save(made, "JPEG", progressive=True, quality=5)
    data = made.getvalue()
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * times + data[-2:]


def jpeg_of(width: int, height: int) -> bytes:
    """A small JPEG whose frame header says another size."""
    data = bytearray(saved("JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack("!HH", height, width)
    return bytes(data)


def webp_canvas(width: int, height: int) -> bytes:
    data = bytearray(saved("WEBP", mode="RGBA", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"))
    at = data.index(b"VP8X") + 12
    data[at : at + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def frames(kind: str, count: int, size: tuple[int, int]) -> bytes:
    made = io.BytesIO()
    shown = [PIL.Image.new("RGB", size, (n % 256, n // 256, 0)) for n in range(count)]
    shown[0].save(made, kind, save_all=True, append_images=shown[1:], lossless=True)
    return made.getvalue()


def icc_segments(megabytes: int) -> bytes:
    data = saved("JPEG")
    part = b"ICC_PROFILE\0" + bytes(65_000)
    segments = (b"\xff\xe2" + struct.pack("!H", len(part) + 2) + part) * (megabytes * 16)
    return data[:2] + segments + data[2:]


def exif_without_end() -> bytes:
    """An entry that claims four thousand million values."""
    tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x010E, 2, 0xFFFFFFF0, 26) + b"\0\0\0\0"
    return saved("JPEG", exif=b"Exif\0\0" + tiff)


def bombs() -> dict[str, bytes]:
    """By name. Those of HARMLESS are taken, as one small picture; all others are refused."""
    deep = zeros(200 << 20)
    text = b"Comment\0\0" + zeros(20 << 20)
    return {
        "pixel flood": png(13_300, 13_300),
        "flood just above the cap": png(5001, 5000),
        "one long side": png(8001, 100),
        "widest of all": header(2**31 - 1, 1) + chunk(b"IDAT", zeros(1000)),
        "largest of all": header(2**31 - 1, 2**31 - 1) + chunk(b"IDAT", zeros(1000)),
        "no width": png(0, 10, data=zeros(10)),
        "header promises more": png(5000, 5000, data=zeros(1000)),
        "interlaced and short": header(5000, 5000, interlaced=1) + chunk(b"IDAT", zeros(5000)),
        "profile unfolds": png(8, 8, chunk(b"iCCP", b"icc\0\0" + deep)),
        "text unfolds": png(8, 8, chunk(b"zTXt", text)),
        "international text unfolds": png(8, 8, chunk(b"iTXt", b"a\0\x01\0\0\0" + deep)),
        "a crowd of texts": png(8, 8, *[chunk(b"zTXt", b"c\0\0" + zeros(1 << 20)) for _ in range(80)]),
        "scan after scan": many_scans(20_000),
        "jpeg of the largest size": jpeg_of(65_500, 65_500),
        "webp of the largest canvas": webp_canvas(16_383, 16_383),
        "webp that lies about its size": saved("WEBP")[:4] + b"\xff\xff\xff\xff" + saved("WEBP")[8:40],
        "cut png": saved("PNG", (900, 900))[:-400],
        "cut jpeg": saved("JPEG", (900, 900))[:400],
        "cut webp": saved("WEBP", (900, 900))[:90],
        "gif of many frames": frames("GIF", 200, (100, 100)),
        "tiff": saved("TIFF", compression="tiff_adobe_deflate"),
        "data beyond the last row": png(10, 10, data=deep),
        "webp of many frames": frames("WEBP", 100, (300, 300)),
        "png of many frames": frames("PNG", 100, (300, 300)),
        "nine megabytes of profile": icc_segments(9),
        "exif without end": exif_without_end(),
    }


HARMLESS = {
    "data beyond the last row",
    "webp of many frames",
    "png of many frames",
    "nine megabytes of profile",
    "exif without end",
}


def polyglots() -> Iterator[tuple[str, bytes]]:
    """Pictures that are also something else, and other things that begin like pictures."""
    jpeg, picture, webp = saved("JPEG"), saved("PNG"), saved("WEBP")
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'>" + SCRIPT + b"</svg>"
    page = b"<!doctype html><html>" + SCRIPT + b"</html>"
    yield "svg", svg
    yield "svg with declaration", b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + svg
    yield "html", page
    yield "html behind a png's beginning", PNG + page
    yield "html behind a jpeg's beginning", b"\xff\xd8\xff\xe0" + page
    yield "html behind a webp's beginning", b"RIFF\x40\0\0\0WEBP" + page
    yield "gif", saved("GIF", mode="P")
    yield "gif that is a script", b"GIF89a=1;" + SCRIPT
    yield "bitmap", saved("BMP")
    yield "bitmap that is a script", b"BM=1;" + SCRIPT
    yield "pdf", b"%PDF-1.7\n" + SCRIPT
    yield "pdf with a jpeg inside", b"%PDF-1.7\n" + jpeg
    yield "jpeg with a pdf inside", jpeg[:2] + b"\xff\xfe\x00\x12%PDF-1.7\nsecret\n" + jpeg[2:]
    yield "postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage"
    yield "drawing commands", b"push graphic-context\nviewbox 0 0 1 1\nimage over 0,0 0,0 'url:file:///etc/passwd'"
    yield "icon", saved("ICO")
    yield "jpeg with a script behind", jpeg + SCRIPT
    yield "png with a script behind", picture + SCRIPT
    yield "webp with a script behind", webp + SCRIPT
    yield "jpeg with an archive behind", jpeg + b"PK\x03\x04secret" + bytes(40)
    yield "jpeg with a script in its comment", saved("JPEG", comment=SCRIPT)
    yield "jpeg with php in its comment", saved("JPEG", comment=b"<?php system($_GET['c']); ?>")
    yield "jpeg with a script in its exif", saved("JPEG", exif=_exif())
    yield "webp with a script in its exif", saved("WEBP", exif=_exif())
    yield "png with a script in its exif", saved("PNG", exif=_exif())
    yield "webp with a script in its xmp", saved("WEBP", xmp=b"<x:xmpmeta>" + SCRIPT + b"</x:xmpmeta>")
    yield "jpeg with a script in its xmp", saved("JPEG", xmp=b"<x:xmpmeta>" + SCRIPT + b"</x:xmpmeta>")
    yield "jpeg with a script in its profile", saved("JPEG", icc_profile=SCRIPT * 20)
    yield "png with a script in its profile", saved("PNG", icc_profile=SCRIPT * 20)
    yield "png with a script in its text", saved("PNG", pnginfo=_text())
    yield "png with a chunk of its own", picture[:33] + chunk(b"scRp", SCRIPT) + picture[33:]
    yield "nothing", b""


def _exif() -> PIL.Image.Exif:
    exif = PIL.Image.Exif()
    exif[0x010E] = SCRIPT.decode()
    exif[0x8298] = "secret of the studio"
    return exif


def _text() -> PngInfo:
    info = PngInfo()
    info.add_text("Comment", SCRIPT.decode())
    info.add_itxt("XML:com.adobe.xmp", SCRIPT.decode())
    return info
