"""Bombs and polyglots: each dies in its child or becomes a harmless picture of ours, and the next good one is taken."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import PIL.Image
import pytest

from catalogue.child_processes import Child
from catalogue.pictures import decoding
from catalogue.pictures.decoding import Decoders, PictureRefused
from tests.conftest import ROOT
from tests.drills.hostile_pictures import HARMLESS, MARKS, bombs, png, polyglots, saved
from tests.drills.naive_decoding import forget_peak, peak

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return bombs()


def grown_by_naive(data: bytes) -> int:
    """MiB."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.drills.naive_decoding"], input=data, cwd=ROOT, capture_output=True, check=True
    )
    return int(ended.stdout)


def test_bombs_in_a_row_cost_their_children_and_nobody_else(
    made: dict[str, bytes], figures: Callable[..., None]
) -> None:
    assert len(made) - len(HARMLESS) >= 20
    decoders = Decoders()
    good = decoders.encode(saved("JPEG"))  # all that is loaded once is loaded
    forget_peak()
    before, refused = peak(), {}
    for name, data in made.items():
        try:
            taken = decoders.encode(data)
        except PictureRefused as refusal:
            refused[name] = refusal.code
        else:
            assert max(taken.width, taken.height) <= 1280 and len(taken.large) < 1 << 20, name
        assert decoders.encode(saved("JPEG")) == good, f"after {name}"
    grown = (peak() - before) / 1024
    decoders.end()
    assert set(made) - set(refused) <= HARMLESS, "taken, but no harmless one"
    assert refused["scan after scan"] == "too_much"  # ten seconds of processor time, then the kernel ends the child
    assert grown < 50, f"{grown} MiB"
    naive = grown_by_naive(made["pixel flood"])
    figures("T55", bombs=len(made), refused=len(refused), parent_grown_mib=round(grown, 1), naive_grown_mib=naive)
    assert naive > 500  # 13,300 x 13,300 pixels of four bytes are 675 MiB


def test_twenty_five_million_pixels_are_a_picture(made: dict[str, bytes]) -> None:
    """The cap is what the memory of a child was measured for; the largest kinds of picture fit."""
    assert (decoding.encode(png(5000, 5000)).width) == 1280
    made_of = io.BytesIO()
    PIL.Image.new("RGBA", (8000, 3125), (200, 30, 40, 128)).save(made_of, "PNG", compress_level=1)
    assert decoding.encode(made_of.getvalue()).height == 500


@pytest.mark.parametrize(("name", "data"), [*polyglots()])
def test_what_is_two_things_at_once_is_refused_or_made_one(name: str, data: bytes) -> None:
    try:
        taken = decoding.encode(data)
    except PictureRefused as refusal:
        assert str(refusal)
        return
    for content in (taken.large, taken.thumb):
        assert [mark for mark in MARKS if mark in content] == []
        with PIL.Image.open(io.BytesIO(content)) as again:
            assert again.format == "WEBP" and again.n_frames == 1
            assert not again.getexif() and not set(again.info) & {"exif", "xmp", "icc_profile", "comment"}


@pytest.mark.parametrize(
    ("told", "body"),
    [
        ({"large": 6, "width": 1, "height": 1}, b"<html>RIFF....WEBP"),
        ({"large": 12, "width": 1, "height": 1}, b"RIFF....WEBP<script>"),
        ({"large": 12, "width": 0, "height": 1}, b"RIFF....WEBP" * 2),
        ({"large": "12", "width": 1, "height": 1}, b"RIFF....WEBP" * 2),
        ({"large": -1, "width": 1, "height": 1}, b"RIFF....WEBP" * 2),
        ({}, b""),
    ],
)
def test_a_child_that_a_picture_took_over_is_not_believed(told: dict[str, object], body: bytes) -> None:
    with pytest.raises(PictureRefused):
        decoding._encoded(told, body)


def test_a_picture_that_waits_for_a_place_has_its_whole_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hold all places for longer than a picture may take: who waits for one is not refused for it."""
    monkeypatch.setattr(decoding, "WALL_SECONDS", 5.0)
    decoders = Decoders()
    decoders.encode(saved("JPEG"))
    for _ in range(decoding.AT_ONCE):
        decoders._places.acquire()
    Timer(6.0, lambda: [decoders._places.release() for _ in range(decoding.AT_ONCE)]).start()
    assert decoders.encode(saved("JPEG")).width == 64
    decoders.end()


def test_copying_what_came_in_would_have_kept_the_script() -> None:
    """The control: what is checked by its name or beginning and stored as it came."""
    kept = [name for name, data in polyglots() if b"script" in data]
    assert len(kept) >= 15


def test_a_child_knows_no_secret_and_cannot_open_what_we_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://a:secret@db/x")
    monkeypatch.setenv("LORE_SECRET_KEY", "secret" * 10)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    child = Child(decoding.CHILD)
    try:
        told = Path(f"/proc/{child.pid}/environ").read_bytes()
        limits = Path(f"/proc/{child.pid}/limits").read_text()
    finally:
        child.end()
    names = {pair.partition(b"=")[0].decode() for pair in told.split(b"\0") if pair}
    assert names <= {"PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "LC_CTYPE"}
    assert f"{512 << 20}" in next(line for line in limits.splitlines() if line.startswith("Max address space"))
