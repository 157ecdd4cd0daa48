"""What the drills on judgments share: a database server of their own, a project with many slots, eight people."""

from __future__ import annotations

import itertools
import os
import random
import re
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from django.utils import timezone

from annotation.models import Lease, Slot
from catalogue.models import Import, Item, Pair, Query, Snapshot
from database.connecting import connected_as, from_url
from jobs.models import JobState
from projects.models import Membership, Project
from projects.models import Person as Account
from rules.models import RuleBaseVersion
from tests.conftest import ROOT, as_owner
from tests.drills import naive
from tests.drills.http_people import HttpPerson
from tests.drills.ledger import Habits, Ledger, Person, Reckoning, Stored, judgments, reckon
from tests.drills.rig import DatabaseServer, WebHost, web_host
from tests.world.rows import make_import, make_rule_base

OVERLAP = 2
QUERIES = 50
PEOPLE = 8
SECRET_KEY = "a-secret-key-for-tests-only-0123456789"
CALM = Habits(doubled=0, thrown_away=0)
# What a request may meet while things are broken around it. Anything else in a client's book is a finding.
NETWORK = {"ConnectionResetError", "ConnectionRefusedError", "RemoteDisconnected", "BrokenPipeError", "sending"}
_numbers = itertools.count(1)


def copy_template(template: str, server: DatabaseServer) -> None:
    """The migrated database of the tests, into the drill's own server."""
    with as_owner(template):
        source = connection.get_connection_params()
        flags = ["-h", str(source["host"]), "-U", str(source["user"])]
        flags += ["-p", str(source["port"])] if source.get("port") else []
        secret = {"PGPASSWORD": str(source["password"])} if source.get("password") else {}
        dump = subprocess.run(
            [server.program("pg_dump"), *flags, template],
            check=True,
            capture_output=True,
            env={**os.environ, **secret},
        )
    server.run("psql", "-qc", "CREATE ROLE lore_app LOGIN", "postgres")
    server.run("createdb", "migrated")
    server.run("psql", "-q", "-v", "ON_ERROR_STOP=1", "migrated", given=dump.stdout)


@dataclass
class Stand:
    """One drill's database, and the processes over it."""

    server: DatabaseServer
    name: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.server.is_alive():
            self.server.start()
        self.server.run("createdb", "-T", "migrated", self.name)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LORE_", "DATABASE_URL", "REDIS_URL"))}
        self.environment = {
            **kept,
            "DATABASE_URL": self.url,
            "LORE_DATA_DIR": str(self.folder / "data"),
            "LORE_SECRET_KEY": SECRET_KEY,
            "LORE_LOG_LEVEL": "warning",
            "DJANGO_SETTINGS_MODULE": "lore_app.settings",
            "PYTHONPATH": str(ROOT),
            "NAIVE_DSN": self.dsn("lore_app"),
        }

    @property
    def url(self) -> str:
        return f"postgres://lore_app@/{self.name}?host={self.server.folder}"

    def dsn(self, user: str) -> str:
        return f"host={self.server.folder} dbname={self.name} user={user}"

    def web(self, application: str = "lore_app.wsgi") -> Any:
        return web_host(self.environment, self.folder, application)

    def as_superuser(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn("postgres"), autocommit=True)

    def reckon(self, people: Sequence[Person]) -> Reckoning:
        connection.close()  # whatever happened to it
        return reckon([person.ledger for person in people], judgments(), overlap=OVERLAP)


@contextmanager
def stand_over(server: DatabaseServer, folder: Path, settings: Any) -> Iterator[Stand]:
    settings.SECRET_KEY = SECRET_KEY  # sessions made here are read by the web host
    stand = Stand(server, f"drill_{next(_numbers)}", folder)
    with connected_as({**from_url(stand.url), "EMBEDDED": None}):
        yield stand
    with suppress(psycopg.Error, subprocess.CalledProcessError):
        server.run("dropdb", "--force", stand.name)


def a_project(slots: int, *, slug: str = "shoes", mode: str = "blind") -> Project:
    """As many slots as wanted, two to a pair."""
    project = Project.objects.create(slug=slug, name=slug.title(), overlap=OVERLAP, mode=mode)
    if not RuleBaseVersion.objects.exists():
        make_rule_base()
    batch = make_import(project=project)
    Import.objects.update(state=JobState.DONE)
    pairs = -(-slots // OVERLAP)
    items = Item.objects.bulk_create(Item(project=project, external_id=f"mug-{n}") for n in range(-(-pairs // QUERIES)))
    shots = Snapshot.objects.bulk_create(
        Snapshot(item=item, sha256=f"{n:064x}", title=f"Mug {n}", batch=batch) for n, item in enumerate(items)
    )
    for item, shot in zip(items, shots, strict=True):
        item.current_snapshot = shot
    Item.objects.bulk_update(items, ["current_snapshot"])
    queries = Query.objects.bulk_create(Query(project=project, text=f"mug {n}") for n in range(QUERIES))
    both = [(query, item) for item in items for query in queries][:pairs]
    made = Pair.objects.bulk_create(Pair(project=project, query=q, item=i, batch=batch) for q, i in both)
    Slot.objects.bulk_create(
        Slot(project=project, pair=pair, number=number, position=pair.pk)
        for pair in made
        for number in range(1, OVERLAP + 1)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return project


def accounts(project: Project, count: int = PEOPLE, name: str = "labeler") -> list[Account]:
    made = [Account.objects.create_person(f"{name}-{number}") for number in range(count)]
    Membership.objects.bulk_create(Membership(project=project, person=one, role="labeler") for one in made)
    return made


def deal(project: Project, holders: Sequence[Account], *, number: int | None = None) -> list[Lease]:
    """Every slot (or the first of each pair) held by somebody, the slots of a pair by different people."""
    slots = Slot.objects.filter(project=project).select_related("pair__item").order_by("pair_id", "number")
    if number is not None:
        slots = slots.filter(number=number)
    base = RuleBaseVersion.objects.order_by("-number").first()
    end = timezone.now() + timedelta(days=1)
    leases = Lease.objects.bulk_create(
        Lease(
            slot=slot,
            pair_id=slot.pair_id,
            round=slot.round,
            person=holders[(slot.pair_id + slot.number) % len(holders)],
            token=uuid.uuid4(),
            mode=project.mode,
            snapshot_id=slot.pair.item.snapshot_now,
            rule_base=base,
            until=end,
        )
        for slot in slots
    )
    slots.update(state=Slot.State.LEASED)
    return leases


@contextmanager
def people_of(
    them: Sequence[Account], address: str, folder: Path, *, habits: Habits | None = None, htmx: bool = True
) -> Iterator[list[Person]]:
    """Signed in, each with a ledger; through htmx they talk as the page does, without as a form would."""
    headers = {"HX-Request": "true"} if htmx else {}
    made = []
    for account in them:
        session = HttpPerson(address, account)
        ledger = Ledger(folder / f"ledger-{next(_numbers)}-{account.username}.jsonl")
        made.append(
            Person(
                address,
                session.cookie,
                session.csrf,
                ledger,
                random.Random(next(_numbers)),
                headers,
                habits or Habits(),
            )
        )
    with closing_all(made):
        yield made


@contextmanager
def naive_people(
    host: WebHost, folder: Path, *, count: int = PEOPLE, habits: Habits | None = None
) -> Iterator[list[Person]]:
    made = [
        Person(
            host.address,
            "",
            "",
            Ledger(folder / f"naive-{next(_numbers)}.jsonl"),
            random.Random(next(_numbers)),
            habits=habits or Habits(),
        )
        for _ in range(count)
    ]
    with closing_all(made):
        yield made


@contextmanager
def closing_all(people: list[Person]) -> Iterator[None]:
    try:
        yield
    finally:
        for person in people:
            person.close()


def make_naive_tables(stand: Stand) -> None:
    with stand.as_superuser() as owner:
        for statement in naive.TABLES:
            owner.execute(statement)
        owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO lore_app")
        owner.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO lore_app")


def naive_reckoning(stand: Stand, people: Sequence[Person]) -> Reckoning:
    with stand.as_superuser() as owner:
        rows = owner.execute("SELECT key, pair FROM naive_judgment").fetchall()
    return reckon(
        [person.ledger for person in people], [Stored(key, None, pair, False) for key, pair in rows], overlap=1
    )


def is_exact(reckoning: Reckoning, *, stored: int) -> None:
    """The oracle: what was acknowledged is there, once, as it was offered, and nothing else is."""
    told = reckoning.figures()
    assert {name: told[name] for name in ("lost", "doubled", "unexpected", "altered", "crowded")} == {
        "lost": 0,
        "doubled": 0,
        "unexpected": 0,
        "altered": 0,
        "crowded": 0,
    }
    assert reckoning.stored == stored
    assert reckoning.acknowledged == stored


def log_is_clean(host: WebHost, *, expected: Sequence[str] = ()) -> None:
    """Nothing but what the fault must leave: no traceback, no error line of another kind.

    A refusal (4xx) is told as the warning of its request; what was refused is asserted where people sent it.
    """
    lines = host.log.read_text().splitlines()
    refused = re.compile(r'"logger": "lore\.request".*"status": 4\d\d')
    strange = [
        line for line in lines if line.strip() and not refused.search(line) and not any(one in line for one in expected)
    ]
    assert strange == [], "\n".join(strange[:20])
