"""The process that fetches: nothing inward is ever connected to, and no server takes more of us than we give.

The net of these tests is the loopback: a canary stands behind every number that is not public and counts who comes.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalogue.pictures import fetching_child
from catalogue.pictures.fetching_child import MOST_BYTES, NotFetched, fetch
from tests.catalogue.pictures.test_addresses import CLOSED, REFUSED
from tests.naive_fetching import naive_fetch
from tests.picture_servers import (
    PUBLIC,
    Net,
    Server,
    certificate,
    chunked,
    endless,
    picture,
    running,
    says,
    silent,
)

HOST = "pictures.example.com"
ADDRESS = f"http://{HOST}/mug.png"
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def canary() -> Iterator[Server]:
    with running({"/": says("200 OK", b"the inside")}) as server:
        yield server


@pytest.fixture
def public() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def net(canary: Server, public: Server) -> Net:
    return Net(canary, public, names={HOST: [[PUBLIC]]})


def refused(net: Net, address: str = ADDRESS, *, plain: bool = True, seconds: float = 10) -> NotFetched:
    with pytest.raises(NotFetched) as error:
        fetch(address, plain=plain, network=net.network(), until=time.monotonic() + seconds)
    return error.value


def fetched(net: Net, address: str = ADDRESS) -> bytes:
    return fetch(address, plain=True, network=net.network(), until=time.monotonic() + 10)


def test_no_address_and_no_answer_of_a_resolver_leads_inside(
    net: Net, canary: Server, figures: Callable[..., None]
) -> None:
    """Every hostile spelling, and every closed number as one answer of a resolver, alone or beside a public one."""
    for address in REFUSED:
        assert not refused(net, address).retry, address
    for number in CLOSED:
        for host, answers in {"one.example.com": [number], "two.example.com": [PUBLIC, number]}.items():
            net.names[host] = [answers]
            assert refused(net, f"https://{host}/").code == "not_public", answers
    assert (canary.connections, net.connected) == (0, [])
    for address in REFUSED:
        with contextlib.suppress(Exception):
            naive_fetch(address.replace("https:", "http:"), net.network())
    tried = len(REFUSED) + 2 * len(CLOSED)
    figures("T52", addresses=tried, canary_connections=0, naive_connections=canary.connections)
    assert len(REFUSED) >= 45
    assert canary.connections >= 20


def test_a_resolver_that_flips_is_asked_once(net: Net, canary: Server, public: Server) -> None:
    public.answers["/mug.png"] = says("200 OK", picture())
    net.names[HOST] = [[PUBLIC], ["169.254.169.254"]]
    assert fetched(net) == picture()
    assert (net.questions[HOST], net.connected, canary.connections) == (1, [PUBLIC], 0)
    net.questions.clear()
    naive_fetch(f"http://{HOST}/", net.network(), checks=True)  # it asks, is content, and is led inside
    assert canary.connections == 1


def test_a_redirect_inside_is_not_followed(net: Net, canary: Server, public: Server) -> None:
    for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"):
        public.answers["/mug.png"] = says(status, b"", "Location: http://127.0.0.1/")
        assert refused(net).code == "redirect"
    assert canary.connections == 0
    naive_fetch(ADDRESS, net.network())
    assert canary.connections == 1


def test_what_is_sent_holds_nothing_of_ours(net: Net, public: Server) -> None:
    public.answers["/mug.png"] = says("200 OK", picture(), "Set-Cookie: id=1")
    fetched(net), fetched(net)
    lines = public.heads[1].split("\r\n")
    assert lines[:2] == ["GET /mug.png HTTP/1.1", f"Host: {HOST}"]
    names = {line.partition(":")[0] for line in lines[1:] if line}
    assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}


def test_plain_http_only_from_sources_listed_for_it(net: Net, public: Server) -> None:
    assert refused(net, plain=False).code == "plain_http"
    assert public.connections == 0


def test_chunks_are_put_together(net: Net, public: Server) -> None:
    public.answers["/mug.png"] = chunked(picture())
    assert fetched(net) == picture()


@pytest.mark.parametrize(
    ("answer", "code", "retry"),
    [
        (says("404 Not Found"), "gone", False),
        (says("410 Gone"), "gone", False),
        (says("403 Forbidden"), "forbidden", False),
        (says("204 No Content"), "gone", False),
        (says("503 Busy", b"", "Retry-After: 7"), "busy", True),
        (says("429 Slow down", b"", "Retry-After: 99999999"), "busy", True),
        (says("200 OK", b"x", "Content-Encoding: gzip"), "compressed", False),
        (says("200 OK", b"x", "Content-Encoding: br"), "compressed", False),
        (says("200 OK", b"x", length=MOST_BYTES + 1), "large", False),
        (says("200 OK", b"x", length=10**15), "large", False),
        (says("200 OK", b"cut off", length=100), "connection", True),
        (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n"), "connection", True),
        (lambda connection: None, "connection", True),
        (endless(OK, b"X-Long: " + b"x" * 1000), "connection", True),
        (endless(OK, b"X: y\r\n"), "connection", True),
    ],
)  # fmt: skip
def test_a_server_that_gives_no_picture(
    net: Net, public: Server, answer: Callable[..., None], code: str, retry: bool
) -> None:
    public.answers["/mug.png"] = answer
    error = refused(net)
    assert (error.code, error.retry) == (code, retry)


def test_a_server_may_ask_for_a_pause_of_five_minutes_at_most(net: Net, public: Server) -> None:
    public.answers["/mug.png"] = says("503 Busy", b"", "Retry-After: 7")
    assert refused(net).wait == 7
    public.answers["/mug.png"] = says("503 Busy", b"", "Retry-After: 9999999")
    assert refused(net).wait == 300


def test_a_body_without_end_is_cut_at_the_cap(net: Net, public: Server) -> None:
    sent = 0

    def pours(connection: object) -> None:
        nonlocal sent
        connection.sendall(OK + b"\r\n")  # type: ignore[attr-defined]
        while sent < 10 * MOST_BYTES:
            connection.sendall(bytes(1 << 16))  # type: ignore[attr-defined]
            sent += 1 << 16

    public.answers["/mug.png"] = pours
    assert refused(net).code == "large"
    assert sent < MOST_BYTES + (8 << 20)  # what was on its way in the sockets' buffers


@pytest.mark.parametrize(
    "answer",
    [
        silent,
        endless(b"HT", b"T", 0.05),
        endless(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
        endless(OK, b"X", 0.05),
        endless(OK + b"Content-Length: 100000\r\n\r\n", b"x", 0.05),
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.05),
    ],
)
def test_a_server_that_drips_is_left_at_the_total_deadline(
    net: Net, public: Server, answer: Callable[..., None]
) -> None:
    """Each byte comes in time, the whole never: the deadline is that of the whole."""
    public.answers["/mug.png"] = answer
    began = time.monotonic()
    error = refused(net, seconds=1)
    assert (error.code, error.retry) == ("deadline", True)
    assert time.monotonic() - began < 1 + 2


def test_a_name_that_nobody_knows_is_asked_for_again(net: Net) -> None:
    net.names[HOST] = [[]]
    error = refused(net)
    assert (error.code, error.retry) == ("name", True)


def test_the_next_number_is_tried_where_one_does_not_answer(net: Net, public: Server) -> None:
    public.answers["/mug.png"] = says("200 OK", picture())
    net.names[HOST] = [["2606:4700::1111", PUBLIC]]
    connect = net.network().connect

    def no_road_to_six(number: str, port: int, seconds: float) -> object:
        if ":" in number:
            raise OSError("network is unreachable")
        return connect(number, port, seconds)

    network = fetching_child.Network(net.look_up, no_road_to_six)  # type: ignore[arg-type]
    assert fetch(ADDRESS, plain=True, network=network, until=time.monotonic() + 5) == picture()


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@needs_openssl
def test_the_certificate_is_checked_against_the_name_of_the_address(net: Net, canary: Server, tmp_path: Path) -> None:
    serving, trusting = certificate(tmp_path, HOST)
    with running({"/mug.png": says("200 OK", picture())}, tls=serving) as server:
        net.public = server
        net.names["other.example.com"] = [[PUBLIC]]

        def ask(host: str, tls: object) -> bytes:
            network = net.network(tls)  # type: ignore[arg-type]
            return fetch(f"https://{host}/mug.png", plain=False, network=network, until=time.monotonic() + 10)

        assert ask(HOST, trusting) == picture()
        for host, tls in (("other.example.com", trusting), (HOST, None)):  # another's name; an unknown authority
            with pytest.raises(NotFetched) as error:
                ask(host, tls)
            assert (error.value.code, error.value.retry) == ("certificate", False)
    assert server.asked == {"/mug.png": 1}
