"""gunicorn's worker with threads, for clients that are slow: by will, by weakness or by attack.

A request is received in the loop that accepts connections, and given to a thread once it is whole; an answer is made in the
thread, and what the client has not taken is sent by the loop. So a thread never waits for a client, and a client that brings
or takes too little is let go: a head is whole within LORE_PATIENCE_SECONDS, a body and an answer move LORE_LOWEST_RATE bytes
a second in each such span.

A large body is received only when somebody wants it. The application is asked with the head alone; it decides who may send
what here, and where it reads the body, it is stopped, the body received on disk, and the application asked again from the
beginning. What it answers without reading is the answer.
"""

from __future__ import annotations

import errno
import resource
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from django.conf import settings
from gunicorn import http, util
from gunicorn.http import wsgi
from gunicorn.workers import gthread

from lore_app.web_process.arriving import Stage
from lore_app.web_process.connections import Connection, received
from lore_app.web_process.lowest_rate import LowestRate
from projects import uploading

MOST_LARGE = 32  # bodies on disk that come at the same time, for each worker
MOST_OF_ONE = 4  # of them by one sender: without it, one person has all the places
SETTLED_SECONDS = 2.0  # before that, nobody can tell who is slow
LINGER_SECONDS = 2.0  # for a client to read the last answer while it still sends
LINGER_BYTES = 32 << 20
OPEN_FILES = 8192
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODY_WANTED = object()
_ERRORS = {
    Stage.TOO_LONG: (431, "Request Header Fields Too Large", "The head of the request is too long."),
    Stage.UNCLEAR: (400, "Bad Request", "It is not clear where the request ends."),
    Stage.UNSIZED: (411, "Length Required", "A body must say its length (Content-Length)."),
}


class BodyWanted(BaseException):
    """No Exception, for an application answers those."""


class WithheldBody:
    """Of a request of which only the head is there."""

    def read(self, size: int | None = None) -> bytes:
        raise BodyWanted

    readline = read


class NamelessResponse(wsgi.Response):
    """Tells strangers nothing of what serves them."""

    def default_headers(self) -> list[str]:
        return [line for line in super().default_headers() if not line.startswith("Server:")]


wsgi.Response = NamelessResponse  # type: ignore[misc]  # gunicorn asks for the class by this name, and has no setting


class PatientWorker(gthread.ThreadWorker):
    """`watched`: connections that the loop waits for, the longest first; the others are in a thread, or wait for one."""

    poller: selectors.BaseSelector

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.watched: dict[Connection, None] = {}
        self._large: set[Connection] = set()
        self._looks_at = 0.0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        if cfg.is_ssl:
            raise ValueError("TLS is the proxy's: this worker speaks none")

    def run(self) -> None:
        self.patience = float(settings.PATIENCE_SECONDS)
        self.least = int(settings.LOWEST_RATE * self.patience)
        _allow_files()
        super().run()

    # A connection comes, its request comes

    def accept(self, listener: socket.socket) -> None:
        try:
            raw, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, raw, client, listener.getsockname())
        conn.sock.departing.patience, conn.sock.departing.least = self.patience, self.least
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        self._read_on(conn, self.patience)

    def _read_on(self, conn: Connection, idle: float) -> None:
        """What has come of a request says what it waits for; `idle`: seconds for the first of it."""
        arriving = conn.sock.arriving
        if arriving.stage in _ERRORS:
            self._refuse(conn, *_ERRORS[arriving.stage])
        elif arriving.stage in (Stage.WHOLE, Stage.LARGE):
            self._unwatch(conn)
            self.enqueue_req(conn)
        elif arriving.stage is Stage.HEAD:
            pace = LowestRate(time.monotonic(), self.patience if arriving.begun else idle)
            self._watch(conn, selectors.EVENT_READ, self._readable, pace, int)
        else:
            self._await_body(conn)

    def _await_body(self, conn: Connection) -> None:
        conn.since = time.monotonic()
        if conn.sock.arriving.expects_continue:
            with suppress(OSError):
                conn.sock.raw.send(_CONTINUE)
        pace = LowestRate(conn.since, self.patience, self.least)
        self._watch(conn, selectors.EVENT_READ, self._readable, pace, lambda: conn.sock.arriving.received)

    def _readable(self, conn: Connection) -> None:
        arriving = conn.sock.arriving
        before, begun = arriving.stage, arriving.begun
        data = received(conn)
        if data is None:
            return
        try:
            arriving.take(data) if data else arriving.ended()
        except OSError as error:
            self.log.error("a body cannot be received: %s", error)
            self._refuse(conn, 507, "Insufficient Storage", "There is no room for what was sent.")
            return
        if not data and arriving.stage is not Stage.WHOLE:
            self._drop(conn)
        elif arriving.stage is not before or not begun:
            self._large.discard(conn)
            self._read_on(conn, self.patience)

    def _refuse(self, conn: Connection, status: int, reason: str, why: str) -> None:
        self._unwatch(conn)
        conn.kept = False
        conn.sock.arriving.give_up()
        try:
            util.write_error(conn.sock, status, reason, why)
        except OSError:
            self._drop(conn)
        else:
            self._depart(conn)

    # A thread has it

    def handle(self, conn: Connection) -> Any:
        if conn.sock.arriving.stage is Stage.LARGE:
            return self._ask(conn)
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Connection) -> Any:
        _compare(req, conn)
        return super().handle_request(req, conn)

    def _ask(self, conn: Connection) -> Any:
        """In the thread: with the head alone."""
        request = None
        uploading.sender.set("")
        try:
            request = next(http.get_parser(self.cfg, conn.sock, conn.client))
            _compare(request, conn)
            request.body = WithheldBody()
            request.must_close = True
            super().handle_request(request, conn)
        except BodyWanted:
            conn.sock.arriving.rewind()
            conn.sender = uploading.sender.get()
            return _BODY_WANTED
        except (StopIteration, http.errors.NoMoreData, OSError):
            return False
        except Exception as error:
            self.handle_error(request, conn.sock, conn.client, error)
        return False

    def finish_request(self, conn: Connection, done: Future[Any]) -> None:
        try:
            result = done.result()
        except BaseException:
            self.log.exception("a request ended its thread's work")
            return self._drop(conn)
        if result is _BODY_WANTED:
            return self._receive_large(conn)
        # Bytes that gunicorn read beyond what came of one request would be taken for the next.
        conn.kept = bool(result) and not conn.parser.unreader.buf.getvalue()
        return self._depart(conn)

    def _receive_large(self, conn: Connection) -> None:
        if not conn.sender:
            return self._refuse(conn, 413, "Content Too Large", "So much may be sent by those alone who are signed in.")
        own = {one for one in self._large if one.sender == conn.sender}
        full = own if len(own) >= MOST_OF_ONE else self._large if len(self._large) >= MOST_LARGE else ()
        if full and not self._let_the_slowest_go(full):
            return self._refuse(conn, 503, "Service Unavailable", "Too many large uploads at once: try again.")
        self._large.add(conn)
        try:
            conn.sock.arriving.receive()
        except OSError as error:
            self.log.error("a body cannot be received: %s", error)
            return self._refuse(conn, 507, "Insufficient Storage", "There is no room for what was sent.")
        return self._read_on(conn, self.patience)

    def _let_the_slowest_go(self, among: Iterable[Connection]) -> bool:
        """Who has brought the least for its age."""
        now = time.monotonic()
        old = [one for one in among if one in self.watched and now - one.since > min(SETTLED_SECONDS, self.patience)]
        if old:
            self._drop(min(old, key=lambda one: one.rate(now)))
        return bool(old)

    # Its answer goes

    def _depart(self, conn: Connection) -> None:
        try:
            gone = conn.sock.departing.flush()
        except OSError:
            return self._drop(conn)
        if not gone:
            if conn not in self.watched:
                pace = LowestRate(time.monotonic(), self.patience, self.least)
                self._watch(conn, selectors.EVENT_WRITE, self._depart, pace, conn.sock.departing.moved)
            return None
        self._unwatch(conn)
        self._large.discard(conn)
        if not conn.kept:
            return self._part(conn)
        conn.sock.arriving.begin_next()
        return self._read_on(conn, self.cfg.keepalive if self.alive else gthread.STOP_KEEPALIVE_LINGER)

    def _part(self, conn: Connection) -> None:
        """Without waiting, what the client still sends would have the kernel throw away the answer on its way."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return self._drop(conn)
        return self._watch(conn, selectors.EVENT_READ, self._drain, LowestRate(time.monotonic(), LINGER_SECONDS), int)

    def _drain(self, conn: Connection) -> None:
        data = received(conn)
        if data is None:
            return
        conn.drained += len(data)
        if not data or conn.drained > LINGER_BYTES:
            self._drop(conn)

    # Who is waited for, and how long

    def _watch(
        self,
        conn: Connection,
        event: int,
        then: Callable[[Connection], None],
        pace: LowestRate,
        moved: Callable[[], int],
    ) -> None:
        self._unwatch(conn)
        conn.pace, conn.moved = pace, moved
        self.watched[conn] = None
        self.poller.register(conn.sock, event, partial(self._happened, conn, then))

    def _happened(self, conn: Connection, then: Callable[[Connection], None], _socket: object) -> None:
        if conn in self.watched:  # it may have been let go since the loop was told
            then(conn)

    def _unwatch(self, conn: Connection) -> None:
        if conn in self.watched:
            del self.watched[conn]
            self.poller.unregister(conn.sock)

    def _drop(self, conn: Connection) -> None:
        self._unwatch(conn)
        self._large.discard(conn)
        self.nr_conns -= 1
        conn.sock.close()

    def _make_room(self) -> None:
        """A request that is whole soon is never the oldest one."""
        oldest = next((conn for conn in self.watched if conn not in self._large), None)
        if oldest is not None:
            self._drop(oldest)

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - as gunicorn has it
        """gunicorn's name for it, called each time round the loop."""
        now = time.monotonic()
        if force:
            for conn in list(self.watched):
                self._drop(conn)
        elif now >= self._looks_at:
            self._looks_at = now + 0.5
            self._look(now)

    def _look(self, now: float) -> None:
        slow = [conn for conn in self.watched if not conn.pace.holds(now, conn.moved())]
        bodies = [conn for conn in slow if conn.sock.arriving.stage is Stage.BODY]
        for conn in slow:
            if conn in bodies:
                self._refuse(conn, 408, "Request Timeout", "What was sent came too slowly.")
            else:
                self._drop(conn)
        if bodies:
            self.log.warning("%d requests came too slowly and were ended", len(bodies))

    def _cap_keepalive(self, deadline: float) -> None:
        """A worker that ends waits no longer for those that have nothing under way."""
        for conn in self.watched:
            if conn.sock.arriving.stage is Stage.HEAD and not conn.sock.arriving.begun:
                conn.pace.ends = min(conn.pace.ends, deadline)


def _compare(request: Any, conn: Connection) -> None:
    """A second wall. Without it, what gunicorn takes for the rest of a body, or leaves of one, is the next request."""
    if getattr(request.body.reader, "length", None) != conn.sock.arriving.length:
        raise http.errors.InvalidHeader("the end of the body", req=request)


def _allow_files() -> None:
    """Each connection is an open file, and many systems begin with a thousand of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
