"""The reader itself, where it is installed: real print, read by the child under its limits."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest

from catalogue.pictures import decoding, readers
from catalogue.pictures.printed_words import NotRead
from catalogue.pictures.readers import RapidOcr

pytestmark = pytest.mark.skipif(
    util.find_spec("rapidocr") is None or util.find_spec("onnxruntime") is None,
    reason="the extra 'pictures' (rapidocr, onnxruntime) is not installed",
)


def printed(text: str, size: tuple[int, int] = (480, 360), angle: int = 0) -> bytes:
    picture = PIL.Image.new("RGB", size, "white")
    font = PIL.ImageFont.load_default(48)
    PIL.ImageDraw.Draw(picture).multiline_text((40, 80), text, "black", font)
    made = io.BytesIO()
    picture.rotate(angle, fillcolor="white").save(made, "PNG")
    return decoding.encode(made.getvalue()).large


@pytest.fixture(scope="module")
def reader() -> Iterator[RapidOcr]:
    made = RapidOcr()
    yield made
    made.close()


def test_print_is_read_with_its_confidence_and_place(reader: RapidOcr) -> None:
    first, second = reader.read(printed("BRAVO\nApple juice")).lines
    assert (first.text, second.text) == ("BRAVO", "Apple juice")
    assert first.confidence > 0.9 and first.top < first.bottom <= second.bottom and first.height > 0.05


@pytest.mark.parametrize("angle", [20, 180])
def test_print_that_is_tilted_or_stands_on_its_head_is_read(reader: RapidOcr, angle: int) -> None:
    assert [line.text for line in reader.read(printed("BRAVO", angle=angle)).lines] == ["BRAVO"]


def test_where_nothing_is_printed_nothing_is_read(reader: RapidOcr) -> None:
    assert reader.read(printed("")).lines == ()
    assert reader.read(printed("", size=(8, 700))).lines == ()


def test_what_is_no_picture_is_given_up_and_the_next_is_read(reader: RapidOcr) -> None:
    with pytest.raises(NotRead) as told:
        reader.read(b"RIFF....WEBPVP8 nonsense")
    assert told.value.code == "words_too_much"
    assert [line.text for line in reader.read(printed("BRAVO")).lines] == ["BRAVO"]


def test_the_reader_is_named_with_its_version_and_knows_nothing_of_ours(reader: RapidOcr) -> None:
    assert reader.name == f"rapidocr {readers.rapidocr_version()}" and "/" in reader.name
    reader.read(printed("BRAVO"))
    assert reader._child is not None
    told = Path(f"/proc/{reader._child.pid}/environ").read_bytes()
    names = {pair.partition(b"=")[0].decode() for pair in told.split(b"\0")}
    assert names - {"", "OPENBLAS_NUM_THREADS"} <= {"PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    assert not names & {name for name in os.environ if name.startswith(("LORE_", "DATABASE"))}
