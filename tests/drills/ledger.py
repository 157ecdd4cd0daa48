"""What each virtual person offered and what they were told, written down before and after each send; and the reckoning
of these ledgers against what is stored.

A ledger is append-only and goes to the file before the request goes to the network, so that it is true whatever dies.
A person here behaves as the page does: one key to a form, the same body again until it is acknowledged.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from annotation.models import Judgment

# What the network and a server in trouble may do to a request; whatever else happens is a finding.
TROUBLES = (ConnectionError, TimeoutError, http.client.HTTPException)
COME_BACK = {502, 503, 504}
LABELS = ("L1", "L3", "L4")
PATIENCE_SECONDS = 180.0


class Offer(NamedTuple):
    """One judgment as it is sent: under this key, for this lease."""

    key: str
    token: str
    label: str
    note: str
    more: tuple[tuple[str, str], ...] = ()  # what only a control asks for

    @property
    def digest(self) -> str:
        """The body's hash, by the rule the product publishes: token, choice, mismatch, reason, note."""
        body = json.dumps([self.token, self.label, "", "", self.note], ensure_ascii=False)
        return hashlib.sha256(body.encode()).hexdigest()

    @property
    def fields(self) -> dict[str, str]:
        return {"idempotency_key": self.key, "choice": self.label, "note": self.note, **dict(self.more)}


class Ledger:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def offered(self, offer: Offer) -> None:
        self.note(offer.key, offer.digest)

    def note(self, key: str, digest: str) -> None:
        self._write({"key": key, "digest": digest})

    def answered(self, key: str, status: int) -> None:
        self._write({"key": key, "status": status})

    def _write(self, entry: dict[str, object]) -> None:
        os.write(self._file, json.dumps(entry).encode() + b"\n")

    def close(self) -> None:
        os.close(self._file)

    def entries(self) -> Iterator[dict[str, object]]:
        with self.path.open() as lines:
            yield from map(json.loads, lines)


@dataclass
class Habits:
    """How often a person's network plays tricks."""

    doubled: float = 0.05
    thrown_away: float = 0.02


@dataclass
class Person:
    """One virtual person: a cookie, a connection that is kept alive, a ledger."""

    address: str
    cookie: str
    csrf: str
    ledger: Ledger
    chance: random.Random
    headers: Mapping[str, str] = field(default_factory=dict)
    habits: Habits = field(default_factory=Habits)
    seconds: list[float] = field(default_factory=list)  # of requests that were answered at the first try
    troubles: Counter[str] = field(default_factory=Counter)
    done: int = 0
    _kept: http.client.HTTPConnection | None = None

    def offer(self, token: str = "", key: str | None = None, **more: str) -> Offer:
        note = f"№ {self.chance.getrandbits(48)}"
        key = key or str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        return Offer(key, token, self.chance.choice(LABELS), note, tuple(more.items()))

    def send(self, path: str, offer: Offer) -> str:
        """Until it is acknowledged, always the same body; returns the acknowledged answer."""
        self.ledger.offered(offer)
        if self.chance.random() < self.habits.thrown_away:
            self.throw_away(path, offer)
        deadline = time.monotonic() + PATIENCE_SECONDS
        first = True
        while time.monotonic() < deadline:
            started = time.monotonic()
            try:
                twice = first and self.chance.random() < self.habits.doubled
                status, body = self._twice(path, offer) if twice else self.ask("POST", path, offer.fields)
            except TROUBLES as error:
                self._drop()
                self.troubles[type(error).__name__] += 1
            else:
                if status in {200, 302}:
                    self.ledger.answered(offer.key, status)
                    self.done += 1
                    if first:
                        self.seconds.append(time.monotonic() - started)
                    return body
                self.troubles[str(status)] += 1
                if status not in COME_BACK:
                    raise AssertionError(f"{path} answered {status}: {body[:400]}")
            first = False
            time.sleep(self.chance.uniform(0.02, 0.2))
        raise AssertionError(f"{path} was not acknowledged within {PATIENCE_SECONDS} s: {self.troubles}")

    def ask(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> tuple[int, str]:
        if self._kept is None:
            self._kept = self._connect()
        self._request(self._kept, method, path, fields)
        return self._read(self._kept)

    def _twice(self, path: str, offer: Offer) -> tuple[int, str]:
        """Both are on their way before either is answered."""
        other = self._connect()
        try:
            if self._kept is None:
                self._kept = self._connect()
            self._request(self._kept, "POST", path, offer.fields)
            self._request(other, "POST", path, offer.fields)
            answer = self._read(self._kept)
            try:
                status, _ = self._read(other)
            except TROUBLES:
                status = 0
            assert status in {0, 200, 302, *COME_BACK}, f"the second of a doubled submit was answered {status}"
            return answer
        finally:
            other.close()

    def throw_away(self, path: str, offer: Offer) -> None:
        once = self._connect()
        try:
            self._request(once, "POST", path, offer.fields)
            time.sleep(self.chance.uniform(0, 0.05))
        except TROUBLES:
            self.troubles["sending"] += 1
        finally:
            once.close()

    def close(self) -> None:
        self._drop()
        self.ledger.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _request(
        self, connection: http.client.HTTPConnection, method: str, path: str, fields: Mapping[str, str] | None
    ) -> None:
        body = None if fields is None else urlencode({**fields, "csrfmiddlewaretoken": self.csrf})
        sent = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded", **self.headers}
        connection.request(method, path, body, sent)

    def _read(self, connection: http.client.HTTPConnection) -> tuple[int, str]:
        response = connection.getresponse()
        body = response.read().decode()
        if response.will_close:
            connection.close()
        return response.status, response.headers.get("Location") or body


TOKEN = re.compile(r"/judge/([0-9a-f-]{36})/")
KEY = re.compile(r'name="idempotency_key" value="([0-9a-f-]{36})"')


def judge_all(person: Person, slug: str) -> int:
    """As at the desk: each answer brings the next card, until nothing is left at a second look too; the twin of a
    doubled submit may have taken the last pair for the same person."""
    done, looked = 0, False
    page = first_card(person, slug)
    while True:
        token, key = TOKEN.search(page), KEY.search(page)
        if token is not None and key is not None:
            page = person.send(f"/p/{slug}/judge/{token.group(1)}/", person.offer(token.group(1), key.group(1)))
            done, looked = done + 1, False
        elif looked:
            return done
        else:
            time.sleep(0.2)
            page, looked = first_card(person, slug), True


def first_card(person: Person, slug: str) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            status, page = person.ask("GET", f"/p/{slug}/judge/")
            if status == 200:
                return page
            assert status in COME_BACK, f"the card answered {status}: {page[:400]}"
        except TROUBLES:
            person._drop()
        time.sleep(0.1)
    raise AssertionError("no card")


def at_once(work: Callable[[Person], Any], people: Sequence[Person]) -> list[Any]:
    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(work, people))


class Stored(NamedTuple):
    key: str
    digest: str | None  # None where a control keeps no hash
    pair: int
    late: bool


@dataclass(frozen=True)
class Reckoning:
    """What the ledgers and the database say of each other."""

    attempted: int
    acknowledged: int
    stored: int
    lost: int  # acknowledged and not stored
    doubled: int  # rows beyond one to a key
    unexpected: int  # stored and never offered
    altered: int  # stored with another body than offered
    crowded: int  # rows on pairs beyond the overlap, late ones apart
    recovered: int  # stored, though no answer ever came

    def figures(self) -> dict[str, int]:
        return {
            name: getattr(self, name)
            for name in ("stored", "lost", "doubled", "unexpected", "altered", "crowded", "recovered")
        }


def reckon(ledgers: Iterable[Ledger], rows: Iterable[Stored], *, overlap: int) -> Reckoning:
    offered: dict[str, str] = {}
    acknowledged: set[str] = set()
    for ledger in ledgers:
        for entry in ledger.entries():
            if "digest" in entry:
                offered[str(entry["key"])] = str(entry["digest"])
            else:
                acknowledged.add(str(entry["key"]))
    kept = list(rows)
    keys = {row.key for row in kept}
    voices = Counter(row.pair for row in kept if not row.late)
    return Reckoning(
        attempted=len(offered),
        acknowledged=len(acknowledged),
        stored=len(kept),
        lost=len(acknowledged - keys),
        doubled=len(kept) - len(keys),
        unexpected=len(keys - offered.keys()),
        altered=sum(row.digest not in {None, offered.get(row.key)} for row in kept if row.key in offered),
        crowded=sum(max(0, count - overlap) for count in voices.values()),
        recovered=len((keys & offered.keys()) - acknowledged),
    )


def judgments() -> list[Stored]:
    rows = Judgment.objects.exclude(idempotency_key=None)
    values = rows.values_list("idempotency_key", "body_sha256", "pair_id", "late")
    return [Stored(str(key), digest, pair, late) for key, digest, pair, late in values.iterator()]


def merged(people: Iterable[Person]) -> Counter[str]:
    total: Counter[str] = Counter()
    for person in people:
        total += person.troubles
    return total


def p95_ms(people: Iterable[Person]) -> float:
    every = sorted(second for person in people for second in person.seconds)
    return round(1000 * every[int(len(every) * 0.95)], 1)
