"""D33: a thousand guesses at once, with Redis and without. And T42 at full rounds: who exists is not told by the clock."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from projects.models import GuessCount, Person
from tests.conftest import FreshDatabase
from tests.drills.conftest import RedisServer
from tests.drills.scale import FULL, size
from tests.processes import web_server

pytestmark = pytest.mark.drill

GUESSES = size(full=1000, quick=60)
ROUNDS = size(full=PBKDF2PasswordHasher.iterations, quick=20_000)
CONTROL_GUESSES = size(full=200, quick=16)
CONTROLS_ROUNDS = 1000  # it checks every guess, which need not take minutes
MOST_CHECKS = 20
AT_ONCE = 16
PASSWORD = "correct-horse-battery"


class Visit(NamedTuple):
    status: int
    cookies: dict[str, str]


class Web(NamedTuple):
    address: str
    counted: Path

    def checks(self) -> int:
        return self.counted.stat().st_size if self.counted.exists() else 0

    def sign_in(
        self, username: str, password: str, *, at: str = "127.0.0.1", device: str = "", **headers: str
    ) -> Visit:
        """Linux lets a client come from any address of 127.0.0.0/8."""
        token = "c" * 32
        cookie = f"csrftoken={token}" + (f"; device={device}" if device else "")
        fields = urlencode({"username": username, "password": password, "csrfmiddlewaretoken": token})
        sent = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded", **headers}
        host = urlsplit(self.address).netloc
        with closing(http.client.HTTPConnection(host, timeout=120, source_address=(at, 0))) as connection:
            connection.request("POST", "/login/", fields, sent)
            response = connection.getresponse()
            response.read()
            set_cookies = response.headers.get_all("Set-Cookie") or []
            return Visit(response.status, dict(re.match(r"([^=]+)=([^;]*)", one).groups() for one in set_cookies))  # type: ignore[union-attr]

    def guess(self, visitors: list[tuple[str, str]], **headers: str) -> list[int]:
        """A wrong password for each (name, address), many at once."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [
                one.status
                for one in pool.map(lambda who: self.sign_in(who[0], "wrong", at=who[1], **headers), visitors)
            ]


@contextmanager
def served(database: FreshDatabase, folder: Path, redis: RedisServer, *, control: bool = False) -> Iterator[Web]:
    counted = folder / f"counted-{control}-{redis.process is not None and redis.process.poll() is None}"
    environment = {**database.environment, "REDIS_URL": redis.url, "GUESS_COUNTED": str(counted)}
    environment["GUESS_ROUNDS"] = str(CONTROLS_ROUNDS if control else ROUNDS)
    if control:
        environment["GUESS_CONTROL"] = "1"
    with web_server(environment, folder, "tests.drills.counted_passwords") as address:
        yield Web(address, counted)


@pytest.fixture
def ana(fresh_database: FreshDatabase) -> Person:
    return Person.objects.create_person("ana", password=PASSWORD)


def elsewhere(number: int) -> str:
    return f"127.{1 + number // 250}.0.{1 + number % 250}"


@pytest.mark.parametrize("up", [True, False], ids=["Redis answers", "Redis is stopped"])
def test_few_of_a_thousand_guesses_are_checked_and_the_owner_gets_in(
    up: bool, ana: Person, fresh_database: FreshDatabase, redis_server: RedisServer, tmp_path: Path,
    figures: Callable[..., None],
) -> None:  # fmt: skip
    if not up:
        redis_server.stop()
    found = {}
    with served(fresh_database, tmp_path, redis_server) as web:
        home = web.sign_in("ana", PASSWORD, at="127.9.9.9")
        assert home.status == 302
        attacks = {
            "one address": [("ana", "127.0.0.7")] * GUESSES,
            "many names": [(f"name{n}", "127.0.0.8") for n in range(GUESSES)],
            "many addresses": [("ana", elsewhere(n)) for n in range(GUESSES)],
        }
        for name, visitors in attacks.items():
            before = web.checks()
            statuses = web.guess(visitors, **{"X-Forwarded-For": "198.51.100.7", "X_Forwarded_For": "198.51.100.8"})
            found[name] = web.checks() - before
            assert set(statuses) <= {422, 429}
            assert 0 < found[name] <= MOST_CHECKS, name
        assert web.sign_in("ana", PASSWORD, at="127.9.9.8").status == 429, "a stranger with the right password waits"
        owner = web.sign_in("ana", PASSWORD, at="127.9.9.7", device=home.cookies["device"])
        assert owner.status == 302, "the owner, from a browser used before, does not"
    figures(
        "D33",
        redis="up" if up else "stopped",
        guesses=len(attacks) * GUESSES,
        **{f"checked {name}": count for name, count in found.items()},
        owner="in",
    )


@pytest.mark.parametrize("up", [True, False], ids=["Redis answers", "Redis is stopped"])
def test_the_control_checks_them_all_once_redis_is_stopped(
    up: bool, ana: Person, fresh_database: FreshDatabase, redis_server: RedisServer, tmp_path: Path,
    figures: Callable[..., None],
) -> None:  # fmt: skip
    if not up:
        redis_server.stop()
    with served(fresh_database, tmp_path, redis_server, control=True) as web:
        web.guess([("ana", "127.0.0.7")] * CONTROL_GUESSES)
        checked = web.checks()
    assert checked == (5 if up else CONTROL_GUESSES)
    figures("D33 control", redis="up" if up else "stopped", guesses=CONTROL_GUESSES, checked=checked)


class FewerRounds(PBKDF2PasswordHasher):
    """The production hasher, for the quick size."""

    iterations = ROUNDS


@pytest.mark.django_db
def test_the_clock_does_not_tell_who_exists(figures: Callable[..., None], settings: Any) -> None:
    """T42: medians of 200 sign-ins each within 5 %. The names take turns, so that a busy machine slows all alike."""
    if not FULL:
        settings.PASSWORD_HASHERS = [f"{__name__}.FewerRounds"]
    Person.objects.create_person("ana", password=PASSWORD)
    Person.objects.create_person("left", password=PASSWORD, is_active=False)
    Person.objects.create_person("demo-lena")  # no password
    names = ["ana", "nobody", "left", "demo-lena"]
    taken: dict[str, list[float]] = {name: [] for name in names}
    client = Client()
    for turn in range(size(full=200, quick=12)):
        for name in names[turn % 4 :] + names[: turn % 4]:
            GuessCount.objects.all().delete()
            began = time.process_time()
            assert client.post("/login/", {"username": name, "password": "wrong"}).status_code == 422
            taken[name].append(time.process_time() - began)
    medians = {name: median(values) for name, values in taken.items()}
    spread = (max(medians.values()) - min(medians.values())) / min(medians.values())
    figures("T42", tries=len(taken["ana"]), spread=f"{spread:.1%}", median_ms=round(1000 * medians["ana"], 1))
    assert spread < (0.05 if FULL else 0.5)
