"""Where a request ends: read here as gunicorn reads it, or refused; never the beginning of another one's."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lore_app.web_process import framing
from lore_app.web_process.arriving import Arriving, Stage
from tests.lore_app import naive_framing
from tests.processes import GUNICORN, ROOT, free_port, listens, process, wait_until

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 430 + b"\r\n\r\n"
LENGTH = len(HIDDEN)
# Each is one length for everybody, in a way the pattern of before did not know.
CLEAR = {
    "a blank behind": f"Content-Length: {LENGTH} ",
    "a tab behind": f"Content-Length: {LENGTH}\t",
    "blanks and tabs around": f"Content-Length: \t {LENGTH} \t ",
    "sixteen digits and more": f"Content-Length: {LENGTH:018d}",
    "many zeros and a blank": f"content-LENGTH:{LENGTH:099d} ",
}
UNCLEAR = {
    "two lengths": f"Content-Length: {LENGTH}\r\nContent-Length: {LENGTH}",
    "two lengths that differ": f"Content-Length: 0\r\nContent-Length: {LENGTH}",
    "a list": f"Content-Length: {LENGTH}, {LENGTH}",
    "a plus": f"Content-Length: +{LENGTH}",
    "a minus": "Content-Length: -1",
    "in hex": f"Content-Length: {LENGTH:#x}",
    "an underscore": "Content-Length: 4_8_7",
    "a point": f"Content-Length: {LENGTH}.0",
    "no digit": "Content-Length: ",
    "superscript digits": "Content-Length: \xb2",
    "too large": "Content-Length: 1" + "0" * 18,
    "too many digits": "Content-Length: " + "0" * 5000 + str(LENGTH),
    "a NUL behind": f"Content-Length: {LENGTH}\0",
    "a vertical tab behind": f"Content-Length: {LENGTH}\x0b",
    "a hard blank behind": f"Content-Length: {LENGTH}\xa0",
    "a blank before the colon": f"Content-Length : {LENGTH}",
    "a tab before the colon": f"Content-Length\t: {LENGTH}",
    "a blank before the name": f" Content-Length: {LENGTH}",
    "no name": f": {LENGTH}",
    "no colon": f"Content-Length {LENGTH}",
    "a NUL in the name": f"Content\0-Length: {LENGTH}",
    "a line that folds": f"Content-Length:\r\n {LENGTH}",
    "a coding that folds": "X: a\r\n Transfer-Encoding: chunked",
    "length and chunks": f"Content-Length: {LENGTH}\r\nTransfer-Encoding: chunked",
    "chunked twice": "Transfer-Encoding: chunked, chunked",
    "packed and chunked": "Transfer-Encoding: gzip, chunked",
    "two codings": "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    "itself": "Transfer-Encoding: identity",
    "an unknown coding": "Transfer-Encoding: xchunked",
    "no coding": f"Transfer-Encoding:\r\nContent-Length: {LENGTH}",
    "a lone feed": f"X: a\nContent-Length: {LENGTH}",
    "a lone return": f"X: a\rContent-Length: {LENGTH}",
    "a feed behind the length": f"Content-Length: {LENGTH}\nX: a",
    "a return behind the length": f"Content-Length: {LENGTH}\r\r\nX: a",
}


def head(fields: str, *, method: str = "POST") -> bytes:
    return f"{method} / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n".encode("latin-1")


@contextmanager
def serving(folder: Path, naive: str = "") -> Iterator[int]:
    port = free_port()
    command = [*GUNICORN, "tests.lore_app.naive_framing", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    with process(command, {**os.environ, "NAIVE": naive, "LORE_PATIENCE_SECONDS": "2"}, ROOT, folder / "web.log"):
        wait_until(lambda: listens(port), what="the web server")
        yield port


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("framing")) as number:
        yield number


def asked(port: int, sent: bytes) -> list[bytes]:
    """The status of each answer; the connection is left open, and ends by the server's will."""
    said = b""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as talking:
        talking.sendall(sent)
        with suppress(ConnectionResetError):
            while piece := talking.recv(1 << 16):
                said += piece
    return re.findall(rb"HTTP/1\.1 (\d{3}) ", said)


LAST = b"GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("name", CLEAR)
def test_a_length_in_a_legal_form_holds_its_body_together(name: str, port: int) -> None:
    assert asked(port, head(CLEAR[name]) + HIDDEN + LAST) == [b"200", b"200"]


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("name", UNCLEAR)
def test_what_has_no_one_end_is_refused_and_its_connection_ended(name: str, method: str, port: int) -> None:
    assert asked(port, head(UNCLEAR[name], method=method) + HIDDEN + LAST) == [b"400"]


def test_chunks_are_refused_and_their_connection_ended(port: int) -> None:
    assert asked(port, head("Transfer-Encoding: chunked") + b"0\r\n\r\n" + HIDDEN) == [b"411"]


def test_a_head_of_lone_feeds_is_refused_before_its_end(port: int) -> None:
    assert asked(port, b"POST / HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n") == [b"400"]


def test_a_large_body_in_a_legal_form_is_held_together_too(port: int) -> None:
    body = HIDDEN * 400
    assert asked(port, head(f"Content-Length: {len(body):020d} \t") + body + LAST)[0] == b"200"
    assert len(asked(port, head(f"Content-Length: {len(body):020d} \t") + body + LAST)) <= 2


def test_behind_a_framing_that_errs_the_second_wall_ends_the_connection(tmp_path: Path) -> None:
    with serving(tmp_path, "framing") as port:
        for fields in CLEAR.values():
            assert asked(port, head(fields) + HIDDEN + LAST) == [b"400"]


def test_without_both_walls_the_body_is_the_next_request(tmp_path: Path) -> None:
    """Control: three answers to two requests."""
    with serving(tmp_path, "framing,wall") as port:
        told = [asked(port, head(fields) + HIDDEN + LAST) for fields in CLEAR.values()]
    assert [b"200", b"200", b"200"] in told, told


# gunicorn's own reading, for heads that are made up

CONFIG = Config()


def by_gunicorn(sent: bytes) -> tuple[int, bytes] | None:
    """The body's length and what follows the head; None where it refuses. Chunks are no length."""
    unreader = IterUnreader([sent])
    try:
        request = Request(CONFIG, unreader, ("127.0.0.1", 1))  # type: ignore[no-untyped-call]
    except Exception:
        return None
    return getattr(request.body.reader, "length", -1), unreader.take_buffered()  # type: ignore[no-untyped-call]


def here(sent: bytes) -> tuple[int, bytes] | None:
    arriving = Arriving()
    for at in range(0, len(sent), 7):
        arriving.take(sent[at : at + 7])
    if arriving.stage in (Stage.UNCLEAR, Stage.UNSIZED, Stage.TOO_LONG, Stage.HEAD):
        return None
    end = sent.index(b"\r\n\r\n") + 4
    return arriving.length, sent[end:]


BLANKS = st.text(" \t", max_size=2)
NUMBERS = st.sampled_from(
    ["0", "4", "487", "00", "0" * 20 + "9", "1" * 17, "+4", "-4", "0x4", "4_0", "4,4", "\xb2", "", "4 4"]
)
CODINGS = st.sampled_from(
    ["chunked", "Chunked", "gzip, chunked", "identity", "xchunked", "chunked,chunked", "", "\x0bchunked"]
)
NAMES = st.sampled_from(
    ["Content-Length", "content-length", "Content_Length", "Transfer-Encoding", "X", "Expect", "", "C\0"]
)
ENDS = st.sampled_from(["\r\n"] * 12 + ["\n", "\r", "\r\r\n", "\r\n ", "\r\n\t", "\0\r\n", "\r\n\r\n"])
FIELDS = st.lists(
    st.tuples(BLANKS.filter(lambda one: len(one) < 2), NAMES, st.sampled_from([":"] * 9 + [" :", "\t:", ""]), BLANKS,
              NUMBERS | CODINGS | st.just("100-continue"), BLANKS, ENDS).map("".join),
    max_size=4,
)  # fmt: skip
LINES = st.sampled_from(
    ["POST / HTTP/1.1\r\n"] * 6 + ["\r\nGET / HTTP/1.0\r\n", "POST / HTTP/1.1\n", "\r\n\r\nGET / HTTP/1.1\r\n"]
)
HEADS = st.builds(lambda line, fields: (line + "".join(fields) + "\r\n").encode("latin-1"), LINES, FIELDS)


def agree(sent: bytes) -> bool:
    ours, theirs = here(sent), by_gunicorn(sent)
    return ours is None or theirs is None or ours == theirs


@settings(max_examples=1500, deadline=None)
@given(HEADS)
@example(head(CLEAR["a tab behind"]))
@example(head(CLEAR["sixteen digits and more"]))
def test_every_head_ends_where_gunicorn_has_it_end_or_is_refused(made: bytes) -> None:
    assert agree(made + HIDDEN)


@pytest.mark.parametrize("name", [*CLEAR, *UNCLEAR])
def test_every_framing_of_the_tables_is_read_alike(name: str) -> None:
    sent = head((CLEAR | UNCLEAR)[name]) + HIDDEN
    assert agree(sent)
    assert (here(sent) is None) is (name in UNCLEAR)


@pytest.mark.parametrize("name", CLEAR)
def test_the_pattern_of_before_reads_them_in_another_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control."""
    monkeypatch.setattr(framing, "body_of", naive_framing.body_of)
    assert not agree(head(CLEAR[name]) + HIDDEN)
