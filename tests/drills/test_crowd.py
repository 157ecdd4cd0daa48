"""Many people at once over real HTTP: no slot twice, no judgment twice, nothing acknowledged and lost. Doubled submits: D07."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from annotation.gold import opinions
from annotation.judging import queue
from annotation.models import Disagreement, Judgment, Lease, Slot
from catalogue.models import Pair
from projects.models import Membership, Person, Project
from tests.conftest import FreshDatabase
from tests.drills.http_people import HttpPerson
from tests.processes import web_server
from tests.world.rows import make_import, make_item, make_pair, make_rule_base, make_slots

pytestmark = pytest.mark.drill
PAIRS, OVERLAP, PEOPLE = 500, 2, 50


@pytest.fixture
def project(fresh_database: FreshDatabase, settings: Any) -> Project:
    settings.SECRET_KEY = fresh_database.environment["LORE_SECRET_KEY"]  # sessions made here are read there
    made = Project.objects.create(slug="shoes", name="Shoes", overlap=OVERLAP, mode="blind")
    make_rule_base()
    batch = make_import(project=made)
    for number in range(PAIRS):
        item = make_item(project=made, title=f"Mug {number}", batch=batch)
        make_slots(pair=make_pair(project=made, query=f"query {number // 5}", item=item, batch=batch))
    return made


def people(project: Project, count: int) -> list[Person]:
    found = [Person.objects.create_person(f"labeler-{number}") for number in range(count)]
    Membership.objects.bulk_create(Membership(project=project, person=one, role="labeler") for one in found)
    return found


def in_parallel(work: Callable[[HttpPerson], int], crowd: list[HttpPerson]) -> list[int]:
    with ThreadPoolExecutor(len(crowd)) as pool:
        return list(pool.map(work, crowd))


def test_fifty_clients_never_share_a_slot(project: Project, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    with web_server(fresh_database.environment, tmp_path) as address:
        crowd = [HttpPerson(address, person) for person in people(project, PEOPLE)]
        shared, ended = [], threading.Event()

        def watch() -> None:
            while not ended.wait(0.05):
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT slot_id FROM annotation_lease WHERE state = 'live' GROUP BY 1 HAVING count(*) > 1"
                    )
                    shared.extend(cursor.fetchall())
            connection.close()

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            done = in_parallel(judge_until_nothing_is_left, crowd)
        finally:
            ended.set()
            watcher.join()
    assert shared == []
    assert sum(done) == PAIRS * OVERLAP
    judgments = Judgment.objects.all()
    assert judgments.count() == PAIRS * OVERLAP
    assert max(Counter(judgments.values_list("slot_id", flat=True)).values()) == 1
    assert max(Counter(judgments.values_list("pair_id", "judge_id")).values()) == 1
    assert set(Slot.objects.values_list("state", flat=True)) == {"done"}
    settled = Pair.objects.exclude(gold_label="").count()
    assert settled + Disagreement.objects.filter(state="open").count() == PAIRS


def judge_until_nothing_is_left(person: HttpPerson) -> int:
    done = 0
    while (card := person.card("shoes")) is not None:
        status, _ = person.submit("shoes", card, choice="L4" if int(card.token[0], 16) % 2 else "L1")
        assert status == 302
        done += 1
    return done


def both(slot: Slot, person: Person, project: Project, ask: Callable[[], Lease | None]) -> tuple[Lease, Lease | None]:
    """The lease on a slot, and what its doubled request is given, which asks while the first has not committed."""
    reached, answers = threading.Event(), []

    def second() -> None:
        reached.wait(10)
        answers.append(ask())
        connection.close()

    twin = threading.Thread(target=second)
    twin.start()
    with transaction.atomic():
        first = queue.lease_slot(Slot.objects.select_for_update().get(pk=slot.pk), person, project)
        reached.set()
        time.sleep(0.5)  # the twin waits at the lease's unique index by now
    twin.join()
    return first, answers[0]


def test_a_doubled_request_for_the_next_pair_holds_one_slot_of_it(project: Project) -> None:
    """Both see that nothing is held; the second finds the first slot locked and reaches for its neighbour."""
    ana = people(project, 1)[0]
    first_slot = Slot.objects.order_by("position", "number")[0]
    first, second = both(first_slot, ana, project, lambda: queue.take(ana, project))
    assert second is not None and second.token == first.token
    assert Lease.objects.count() == 1
    assert list(Slot.objects.filter(pair=first_slot.pair).order_by("number").values_list("state", flat=True)) == [
        "leased",
        "open",
    ]


def test_a_page_that_looks_ahead_twice_at_once_is_never_given_the_card_on_its_screen(project: Project) -> None:
    """That card would come a second time under a new key, and its answer would be refused."""
    ana = people(project, 1)[0]
    on_screen = queue.take(ana, project)
    assert on_screen is not None
    next_slot = Slot.objects.filter(state="open").exclude(pair=on_screen.pair).order_by("position", "number")[0]
    first, second = both(next_slot, ana, project, lambda: queue.ahead(ana, project, on_screen.token))
    assert second is not None and second.token == first.token


def test_the_other_slot_is_taken_while_an_answer_to_the_first_is_being_stored(
    fresh_database: FreshDatabase, django_db_blocker: Any
) -> None:
    """A taker holds the slots that it looked at until it commits; were it to wait for the pair then, both would wait."""
    with django_db_blocker.unblock():
        project, ben = Project.objects.create(slug="shoes", name="Shoes"), Person.objects.create_person("ben")
        pair = make_pair(project=project)
        make_slots(pair=pair)
        taken: list[Lease | None] = []

        def take() -> None:
            try:
                taken.append(queue.take(ben, project))
            finally:
                connection.close()

        taker = threading.Thread(target=take)
        with transaction.atomic():
            opinions.locked(pair.pk)
            taker.start()
            taker.join(10)
            assert not taker.is_alive()
        assert [lease.pair_id for lease in taken if lease] == [pair.pk]
