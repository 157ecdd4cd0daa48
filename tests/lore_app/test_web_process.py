"""The web process and clients that are slow, early or odd: a raw socket speaks to gunicorn as it is shipped."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from lore_app.web_process.arriving import HEAD_BYTES, SMALL_BYTES, Arriving, Stage
from lore_app.web_process.departing import Departing
from lore_app.web_process.lowest_rate import LowestRate
from lore_app.web_process.worker import MOST_LARGE, MOST_OF_ONE
from tests.lore_app.plain_application import LARGE
from tests.processes import GUNICORN, ROOT, free_port, listens, process, wait_until

PATIENCE, LOWEST = 1, 2000
Ports = tuple[int, Path]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """One process, one thread: whoever holds it holds up everybody."""
    folder, port = tmp_path_factory.mktemp("web"), free_port()
    environment = {**os.environ, "LORE_PATIENCE_SECONDS": str(PATIENCE), "LORE_LOWEST_RATE": str(LOWEST)}
    command = [*GUNICORN, "tests.lore_app.plain_application", "--bind", f"127.0.0.1:{port}"]
    with process([*command, "--workers", "1", "--threads", "1"], environment, ROOT, folder / "web.log"):
        wait_until(lambda: listens(port), what="the web server")
        yield port, folder / "web.log"


def connected(served: Ports) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served[0]), timeout=20)


def head(path: str, length: int | str = 0, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def rest(talking: socket.socket) -> bytes:
    said = b""
    with suppress(ConnectionResetError):
        while piece := talking.recv(1 << 16):
            said += piece
    return said


def counted(talking: socket.socket) -> int:
    with suppress(ConnectionResetError):
        return sum(map(len, iter(lambda: talking.recv(1 << 18), b"")))
    return 0


def asked(served: Ports, sent: bytes) -> bytes:
    with closing(connected(served)) as talking:
        talking.sendall(sent)
        talking.shutdown(socket.SHUT_WR)
        return rest(talking)


def told(body: bytes) -> bytes:
    return f"{len(body)} {hashlib.sha256(body).hexdigest()} ".encode()


@pytest.mark.parametrize("size", [0, 1, SMALL_BYTES, SMALL_BYTES + 1, 3 << 20])
def test_a_body_of_every_size_comes_whole(served: Ports, size: int) -> None:
    body = os.urandom(size)
    assert asked(served, head("/", size) + body).endswith(b"\r\n\r\n" + told(body))


def test_several_requests_of_one_connection_are_answered_in_turn(served: Ports) -> None:
    bodies = [b"a", b"b" * (SMALL_BYTES + 5), b"", b"d" * 9]
    said = asked(served, b"".join(head("/", len(body)) + body for body in bodies))
    assert said.count(b"HTTP/1.1 ") == said.count(b"HTTP/1.1 200 OK") == 4
    places = [said.index(told(body)) for body in bodies]
    assert places == sorted(places)


def test_a_large_body_is_not_received_where_nobody_wants_it(served: Ports) -> None:
    with closing(connected(served)) as talking:
        talking.sendall(head("/refused", 300 << 20))
        said = rest(talking)
    assert said.startswith(b"HTTP/1.1 403 ") and b"Connection: close" in said and said.endswith(b"refused")


def test_a_body_that_drips_is_ended_in_words_and_one_that_flows_slowly_is_not(served: Ports) -> None:
    """2,000 bytes a second are asked for: one brings 200, the other 8,000, in bits, for four spans."""
    with closing(connected(served)) as dripping, closing(connected(served)) as flowing:
        dripping.sendall(head("/", 32_000))
        flowing.sendall(head("/", 32_000))
        for _ in range(40):
            with suppress(OSError):
                dripping.send(b"x" * 20)
            flowing.sendall(b"y" * 800)
            time.sleep(0.1)
        assert rest(dripping).startswith(b"HTTP/1.1 408 ")
        flowing.shutdown(socket.SHUT_WR)
        assert rest(flowing).endswith(told(b"y" * 32_000))


def test_a_head_that_drips_is_ended(served: Ports) -> None:
    with closing(connected(served)) as dripping:
        dripping.sendall(b"GET / HTTP/1.1\r\nX: ")
        began = time.monotonic()
        assert rest(dripping) == b""
        assert time.monotonic() - began < 10


def test_forty_slow_connections_leave_the_one_thread_free(served: Ports) -> None:
    """Each kind in turn; with the thread of any of them, nobody would be answered."""
    begun = [b"GET / HTTP/1.1\r\nX: ", head("/", 9) + b"1", head("/", 1 << 20) + b"1", head("/much")]
    slow = [connected(served) for _ in range(40)]
    for number, talking in enumerate(slow):
        talking.sendall(begun[number % len(begun)])
    assert asked(served, head("/", 2) + b"ok").endswith(told(b"ok"))
    for talking in slow:
        talking.close()


def test_a_further_large_body_takes_the_place_of_the_slowest(served: Ports) -> None:
    """Each moves more than the lowest rate, and all the places are taken; the second brings half of what the others do."""
    with ExitStack() as opened:
        coming = [opened.enter_context(closing(connected(served))) for _ in range(MOST_LARGE)]
        for talking in coming:
            talking.sendall(head("/", 1 << 20))
        for _ in range(15):
            for number, talking in enumerate(coming):
                talking.sendall(b"x" * (400 if number == 1 else 800))
            time.sleep(0.1)
        assert asked(served, head("/", 1 << 20) + b"y" * (1 << 20)).endswith(told(b"y" * (1 << 20)))
        coming[1].settimeout(5)
        assert rest(coming[1]) == b"", "let go"
        for talking in coming[2:]:
            talking.sendall(b"x")


def test_one_sender_has_no_more_than_their_share_of_the_places(served: Ports) -> None:
    """The fifth is refused while the four are new, and takes the place of the slowest of them later; others get through."""
    large = head("/", 1 << 20, "X-Sender: one")
    with ExitStack() as opened:
        own = [opened.enter_context(closing(connected(served))) for _ in range(MOST_OF_ONE)]
        for talking in own:
            talking.sendall(large)
        time.sleep(0.2)
        assert asked(served, large).startswith(b"HTTP/1.1 503 ")
        assert asked(served, head("/", 1 << 20) + b"y" * (1 << 20)).endswith(told(b"y" * (1 << 20)))
        for _ in range(14):
            for number, talking in enumerate(own):
                talking.sendall(b"x" * (400 if number == 1 else 800))
            time.sleep(0.1)
        assert asked(served, large + b"y" * (1 << 20)).endswith(told(b"y" * (1 << 20)))
        own[1].settimeout(5)
        assert rest(own[1]) == b"", "let go"


def test_whom_nobody_has_let_in_brings_no_large_body(served: Ports) -> None:
    with closing(connected(served)) as talking:
        talking.sendall(head("/strangers", 1 << 20))
        assert rest(talking).startswith(b"HTTP/1.1 413 ")
    assert asked(served, head("/strangers", 9) + b"y" * 9).endswith(told(b"y" * 9))


def test_an_answer_that_is_not_read_is_ended_and_one_that_is_read_later_comes_whole(served: Ports) -> None:
    with closing(connected(served)) as unread, closing(connected(served)) as late:
        unread.sendall(head("/much"))
        late.sendall(head("/much", 0, "Connection: close"))
        first = 0
        for _ in range(20):
            first += len(late.recv(1 << 16))
            time.sleep(0.1)
        assert first + counted(late) > LARGE
        assert counted(unread) < LARGE


def test_who_waits_to_be_told_that_the_body_may_come_is_told_so_once(served: Ports) -> None:
    for size in (10, SMALL_BYTES + 10):
        with closing(connected(served)) as talking:
            talking.sendall(head("/", size, "Expect: 100-continue", "Connection: close"))
            assert talking.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            talking.sendall(b"z" * size)
            said = rest(talking)
        assert said.startswith(b"HTTP/1.1 200 OK") and said.endswith(told(b"z" * size))


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", b"411"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * HEAD_BYTES + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_what_cannot_be_read_is_refused(served: Ports, sent: bytes, status: bytes) -> None:
    assert asked(served, sent).startswith(b"HTTP/1.1 " + status)


def test_a_header_names_no_script(served: Ports) -> None:
    """gunicorn takes it from whatever it takes for a proxy, which is everybody on this host, and answers 500."""
    assert asked(served, head("/", 0, "SCRIPT_NAME: /x")).endswith(told(b""))


def test_no_answer_names_what_serves_it(served: Ports) -> None:
    for sent in (head("/"), head("/refused", 1 << 20), b"nonsense\r\n\r\n"):
        assert b"gunicorn" not in asked(served, sent).lower()


def test_no_thread_met_a_fault(served: Ports) -> None:
    assert "Traceback" not in served[1].read_text()


def test_a_request_in_bytes_is_whole_where_its_last_one_comes() -> None:
    for body in (b"", b"abc", b"x" * (SMALL_BYTES + 3)):
        arriving = Arriving()
        sent = head("/", len(body)) + body
        for at in range(len(sent)):
            assert arriving.stage is not Stage.WHOLE
            arriving.take(sent[at : at + 1])
            if arriving.stage is Stage.LARGE:
                arriving.receive()
        assert arriving.stage is Stage.WHOLE
        assert b"".join(iter(lambda: arriving.read(1000), b"")) == sent  # noqa: B023
        arriving.take(b"GET ")
        arriving.begin_next()
        assert arriving.stage is Stage.HEAD and arriving.begun


@pytest.mark.parametrize("length", ["+1", "0x1", "1, 1", "-1", "1" * 20, ""])
def test_a_length_told_in_another_way_is_refused_at_once(length: str) -> None:
    arriving = Arriving()
    arriving.take(head("/", length))
    assert arriving.stage is Stage.UNCLEAR


def test_a_pace_holds_while_each_span_moves_enough() -> None:
    pace = LowestRate(0, 10, 100)
    assert pace.holds(9, 0) and pace.holds(10, 100) and pace.holds(19, 100)
    assert not pace.holds(20, 199)
    assert not LowestRate(0, 10).holds(10, 10**9)


def test_what_a_client_does_not_take_waits_on_disk_and_is_sent_in_order() -> None:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        ours.settimeout(0)
        departing, sent = Departing(ours), os.urandom(5 << 20)
        for at in range(0, len(sent), 1 << 18):
            departing.write(sent[at : at + (1 << 18)])
        got = b""
        while len(got) < len(sent):
            departing.flush()
            got += theirs.recv(1 << 20)
        assert got == sent and departing.flush()
