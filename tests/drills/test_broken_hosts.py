"""D01 to D06: eight people judge while web processes and the database are killed and restarted under them.

Each drill stands beside its control: the same people, the same fault, a first version that stores what comes.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from annotation.models import Lease
from tests.drills import judging_drills as drills
from tests.drills import rig
from tests.drills.judging_drills import NETWORK, PEOPLE, Stand
from tests.drills.ledger import Ledger, Person, Reckoning, Stored, at_once, judge_all, merged, p95_ms, reckon
from tests.drills.scale import FULL, size

pytestmark = pytest.mark.drill
Figures = Callable[..., None]
KILLED = ("was sent SIGKILL", "no database for", "Perhaps out of memory")
P95_MS = 250
CONTROL = size(full=2_000, quick=120)  # it has only to go wrong


@pytest.mark.timed
def test_d01_with_doubled_and_lost_answers_every_judgment_is_stored_once(stand: Stand, figures: Figures) -> None:
    wanted = size(full=10_000, quick=120)
    project = drills.a_project(wanted)
    with stand.web() as host, drills.people_of(drills.accounts(project), host.address, stand.folder) as people:
        started = time.monotonic()
        at_once(lambda person: judge_all(person, "shoes"), people)
        seconds = time.monotonic() - started
        told = stand.reckon(people)
        drills.log_is_clean(host)
    drills.is_exact(told, stored=wanted)
    assert set(merged(people)) <= {"sending"}
    assert told.recovered == 0
    control = naive_insert(stand, CONTROL)
    assert control.doubled > 0
    p95 = p95_ms(people)
    figures("D01", **told.figures(), per_s=round(wanted / seconds), p95_ms=p95, **control_of(control))
    if FULL:
        assert p95 < P95_MS


def test_d02_a_web_worker_killed_again_and_again_loses_and_doubles_nothing(stand: Stand, figures: Figures) -> None:
    wanted = size(full=10_000, quick=120)
    with stand.web() as host, dealt(stand, host, wanted) as (people, hands):
        due = rig.every(0.3, answers=8, progress=lambda: done(people))
        with rig.meanwhile(host.kill_a_worker, due) as kills:
            submit_all(people, hands)
        told = stand.reckon(people)
        drills.log_is_clean(host, expected=KILLED)
    drills.is_exact(told, stored=wanted)
    assert set(merged(people)) <= NETWORK
    assert kills[0] >= size(full=50, quick=3)

    def control_fault(host: rig.WebHost, people: list[Person]) -> Any:
        return rig.meanwhile(host.kill_a_worker, rig.every(0.3, answers=8, progress=lambda: done(people)))

    control = naive_insert(stand, CONTROL, control_fault, habits=drills.CALM)
    assert control.doubled > 0
    figures("D02", **told.figures(), kills=kills[0], troubles=merged(people).total(), **control_of(control))


def test_d03_the_whole_web_host_killed_and_started_again_needs_nobody(stand: Stand, figures: Figures) -> None:
    wanted, times, away = size(full=10_000, quick=120), size(full=5, quick=2), 2.0

    def blow(host: rig.WebHost) -> Callable[[int], None]:
        def strike(turn: int) -> None:
            host.kill()
            time.sleep(away)
            host.start()

        return strike

    with stand.web() as host, dealt(stand, host, wanted) as (people, hands):
        due = rig.spread(times, over=wanted, progress=lambda: done(people))
        with rig.meanwhile(blow(host), due) as kills:
            submit_all(people, hands)
        host.wait()
        told = stand.reckon(people)
        drills.log_is_clean(host, expected=KILLED)
    drills.is_exact(told, stored=wanted)
    assert set(merged(people)) <= NETWORK
    assert kills[0] == times

    def control_fault(host: rig.WebHost, people: list[Person]) -> Any:
        return rig.meanwhile(blow(host), rig.spread(times, over=CONTROL, progress=lambda: done(people)))

    control = naive_insert(stand, CONTROL, control_fault, habits=drills.CALM)
    assert control.doubled > 0
    figures("D03", **told.figures(), kills=kills[0], troubles=merged(people).total(), **control_of(control))


def test_d04_a_database_stopped_at_once_is_waited_for(stand: Stand, figures: Figures) -> None:
    wanted, times = size(full=10_000, quick=120), size(full=5, quick=2)

    def outage(turn: int) -> None:
        stand.server.stop_immediately()
        time.sleep(size(full=3, quick=1))
        stand.server.start()

    with stand.web() as host, dealt(stand, host, wanted) as (people, hands):
        due = rig.spread(times, over=wanted, progress=lambda: done(people))
        with rig.meanwhile(outage, due) as outages:
            submit_all(people, hands)
        told = stand.reckon(people)
        drills.log_is_clean(host, expected=("no database for", " 503 in "))
    drills.is_exact(told, stored=wanted)
    assert set(merged(people)) <= {"503", "sending"}  # said so, every time; never a 500, never a dropped connection
    assert outages[0] == times

    def control_fault(host: rig.WebHost, people: list[Person]) -> Any:
        return rig.meanwhile(outage, rig.spread(times, over=CONTROL, progress=lambda: done(people)))

    control = naive_insert(stand, CONTROL, control_fault, habits=drills.CALM)
    assert control.doubled > 0
    figures("D04", **told.figures(), outages=outages[0], troubles=merged(people).total(), **control_of(control))


def test_d05_a_database_killed_outright_keeps_every_acknowledged_row(stand: Stand, figures: Figures) -> None:
    wanted, times = size(full=100_000, quick=3_000), size(full=3, quick=1)
    with stand.as_superuser() as owner:
        owner.execute("CREATE TABLE bare (key uuid PRIMARY KEY)")
        owner.execute("GRANT ALL ON bare TO lore_app")
    told, kills = bare_inserts(stand, wanted, times, {})
    assert (told.lost, told.doubled, told.unexpected, kills) == (0, 0, 0, times)
    # Not durable, and the pause of the WAL writer long enough that a kill is sure to fall into it.
    loose = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
    try:
        control, _ = bare_inserts(stand, wanted // 5, 1, loose)
    finally:
        stand.server.stop_immediately()
        stand.server.start()  # durable again: nothing of ours starts on the other
    assert control.lost > 0
    figures("D05", **told.figures(), acknowledged=told.acknowledged, kills=kills, control_lost=control.lost)


def test_d06_database_sessions_ended_under_their_requests_lose_nothing(stand: Stand, figures: Figures) -> None:
    wanted = size(full=10_000, quick=120)
    with stand.as_superuser() as owner:

        def terminate(turn: int) -> None:
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND usename = 'lore_app' ORDER BY (state = 'idle'), random() LIMIT 1"
            )

        with stand.web() as host, dealt(stand, host, wanted) as (people, hands):
            with rig.meanwhile(terminate, rig.every(0.02, answers=2, progress=lambda: done(people))) as ended:
                submit_all(people, hands)
            told = stand.reckon(people)
            drills.log_is_clean(host, expected=("no database for", " 503 in "))
        drills.is_exact(told, stored=wanted)
        assert set(merged(people)) <= {"503", "sending"}
        assert ended[0] >= wanted // 10

        def control_fault(host: rig.WebHost, people: list[Person]) -> Any:
            return rig.meanwhile(terminate, rig.every(0.02, answers=2, progress=lambda: done(people)))

        control = naive_insert(stand, CONTROL, control_fault, habits=drills.CALM)
    assert control.doubled > 0
    figures("D06", **told.figures(), ended=ended[0], troubles=merged(people).total(), **control_of(control))


def done(people: list[Person]) -> int:
    return sum(person.done for person in people)


def control_of(control: Reckoning) -> dict[str, int]:
    return {"control_stored": control.stored, "control_doubled": control.doubled, "control_lost": control.lost}


class dealt:
    """All slots held beforehand and answered as plain forms: the path of a submit, without the next card's cost."""

    def __init__(self, stand: Stand, host: rig.WebHost, wanted: int) -> None:
        project = drills.a_project(wanted)
        self.them = drills.accounts(project)
        self.leases = drills.deal(project, self.them)
        self.context = drills.people_of(self.them, host.address, stand.folder, htmx=False)

    def __enter__(self) -> tuple[list[Person], dict[int, list[Lease]]]:
        people = self.context.__enter__()
        hands: dict[int, list[Lease]] = {id(person): [] for person in people}
        holder = {account.pk: person for account, person in zip(self.them, people, strict=True)}
        for lease in self.leases:
            hands[id(holder[lease.person_id])].append(lease)
        return people, hands

    def __exit__(self, *error: Any) -> None:
        self.context.__exit__(*error)


def submit_all(people: list[Person], hands: dict[int, list[Lease]]) -> None:
    def work(person: Person) -> None:
        for lease in hands[id(person)]:
            person.send(f"/p/shoes/judge/{lease.token}/", person.offer(str(lease.token)))

    at_once(work, people)


def naive_insert(
    stand: Stand, wanted: int, fault: Callable[[rig.WebHost, list[Person]], Any] | None = None, **habits: Any
) -> Reckoning:
    """The control: the same people before a view that stores what comes."""
    drills.make_naive_tables(stand)
    share = wanted // PEOPLE

    def work(person: Person) -> None:
        for number in range(share):
            person.send("/insert", person.offer(pair=str(number)))

    with (
        stand.web("tests.drills.naive:application") as host,
        drills.naive_people(host, stand.folder, **habits) as people,
    ):
        if fault is None:
            at_once(work, people)
        else:
            with fault(host, people):
                at_once(work, people)
        return drills.naive_reckoning(stand, people)


def bare_inserts(stand: Stand, wanted: int, times: int, settings: dict[str, str]) -> tuple[Reckoning, int]:
    """Eight sessions of the app's role insert and note what was acknowledged, while everything is killed."""
    stand.server.stop_immediately()
    stand.server.start(**settings)
    with stand.as_superuser() as owner:
        owner.execute("TRUNCATE bare")
    ledgers = [Ledger(stand.folder / f"bare-{uuid.uuid4()}.jsonl") for _ in range(PEOPLE)]
    acknowledged = [0] * PEOPLE

    def work(number: int) -> None:
        held: psycopg.Connection[Any] | None = None
        for _ in range(wanted // PEOPLE):
            key = str(uuid.uuid4())
            try:
                held = held or psycopg.connect(stand.dsn("lore_app"), autocommit=True)
                ledgers[number].note(key, "")
                held.execute("INSERT INTO bare VALUES (%s)", [key])
                ledgers[number].answered(key, 200)
                acknowledged[number] += 1
            except psycopg.OperationalError:
                if held is not None:
                    held.close()
                held = None
                time.sleep(0.05)
        if held is not None:
            held.close()

    def strike(turn: int) -> None:
        stand.server.kill()
        stand.server.start(**settings)

    due = rig.spread(times, over=wanted, progress=lambda: sum(acknowledged))
    with rig.meanwhile(strike, due) as kills, ThreadPoolExecutor(PEOPLE) as pool:
        list(pool.map(work, range(PEOPLE)))
    with stand.as_superuser() as owner:
        rows = [Stored(str(key), None, 0, True) for (key,) in owner.execute("SELECT key FROM bare")]
    for ledger in ledgers:
        ledger.close()
    return reckon(ledgers, rows, overlap=1), kills[0]
