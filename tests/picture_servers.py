"""Servers of pictures on the loopback, good ones and bad ones, and a net in which names lead to them.

Nothing here leaves the machine: whatever number is connected to, a socket on the loopback answers, and counts.
"""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import PIL.Image

from catalogue.pictures.fetching_child import Network

PUBLIC = "8.8.8.8"
Answer = Callable[[socket.socket], None]


def picture(colour: str = "red", size: tuple[int, int] = (60, 40)) -> bytes:
    made = io.BytesIO()
    PIL.Image.new("RGB", size, colour).save(made, "PNG")
    return made.getvalue()


def says(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> Answer:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return lambda connection: connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)


def chunked(body: bytes) -> Answer:
    parts = b"".join(
        b"%x\r\n%b\r\n" % (len(body[at : at + 100]), body[at : at + 100]) for at in range(0, len(body), 100)
    )
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return lambda connection: connection.sendall(head + parts + b"0\r\n\r\n")


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return answer


def silent(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(1)


@dataclass
class Server:
    """`answers` by path; a path that nobody gave an answer gets 404."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    connections: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    heads: list[str] = field(default_factory=list)


@contextmanager
def running(answers: dict[str, Answer] | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(listening.getsockname()[1], answers or {})
    ended = threading.Event()

    def serve(raw: socket.socket) -> None:
        with contextlib.suppress(OSError), raw:
            raw.settimeout(60)
            with tls.wrap_socket(raw, server_side=True) if tls else raw as connection:
                head = b""
                while b"\r\n\r\n" not in head and (piece := connection.recv(4096)):
                    head += piece
                server.heads.append(head.decode())
                path = head.decode().split(" ")[1]
                server.asked[path] += 1
                server.answers.get(path, says("404 Not Found"))(connection)

    def accept() -> None:
        while not ended.is_set():
            try:
                raw, _peer = listening.accept()
            except OSError:
                return
            server.connections += 1
            threading.Thread(target=serve, args=(raw,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield server
    ended.set()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


@dataclass
class Net:
    """Where names and numbers lead: the public number to `public`, every other one to `canary`. Questions are counted."""

    canary: Server
    public: Server | None = None
    names: dict[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    questions: Counter[str] = field(default_factory=Counter)
    connected: list[str] = field(default_factory=list)

    def look_up(self, host: str, port: int) -> list[str]:
        """What the system would say of a number in any spelling; of a name the answers in turn, else the loopback."""
        self.questions[host] += 1
        if host in self.names:
            answers = self.names[host]
            return list(answers[min(self.questions[host], len(answers)) - 1])
        try:
            return [str(one[4][0]) for one in socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)]
        except (OSError, UnicodeError):
            return ["127.0.0.1"]

    def connect(self, number: str, port: int, seconds: float) -> socket.socket:
        self.connected.append(number)
        server = self.public if number == PUBLIC and self.public is not None else self.canary
        return socket.create_connection(("127.0.0.1", server.port), seconds)

    def network(self, tls: ssl.SSLContext | None = None) -> Network:
        return Network(self.look_up, self.connect, tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def certificate(folder: Path, host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate for a host, by an authority of this test's own: the server's side, and that of who trusts it."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "2", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(made)], check=True, capture_output=True)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(made, key)
    return serving, ssl.create_default_context(cafile=str(made))
