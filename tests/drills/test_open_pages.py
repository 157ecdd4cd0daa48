"""D07 to D09 and D13 to D15: what becomes of an answer when the page it comes from is no longer alone, or no longer current."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.utils import timezone

from annotation.judging import queue
from annotation.models import Draft, Judgment, Lease
from database.clock import ClockTimestamp
from projects import membership
from projects.models import Membership, Project
from projects.models import Person as Account
from rules.publishing import active_rule_base
from tests.drills import judging_drills as drills
from tests.drills.http_people import HttpPerson
from tests.drills.judging_drills import CALM, Stand
from tests.drills.ledger import Offer, Person
from tests.drills.scale import size
from tests.world.rows import RULE_BODY, make_rule_base

pytestmark = pytest.mark.drill
Figures = Callable[..., None]
NAIVE = "tests.drills.naive:application"
LANES = 3
T = TypeVar("T")


def test_d07_a_double_click_is_one_judgment_and_one_answer(stand: Stand, figures: Figures) -> None:
    wanted = size(full=1_000, quick=100)
    project = drills.a_project(wanted)
    them = drills.accounts(project)
    leases = drills.deal(project, them)
    with (
        stand.web() as host,
        people(stand, host.address, them, htmx=False) as one,
        people(stand, host.address, them, htmx=False) as other,
    ):

        def twice(lane: int, lease: Lease, meet: Meeting) -> bool:
            offer = one[lane][lease.person_id].offer(str(lease.token))
            answers = meet(
                lambda: one[lane][lease.person_id].ask("POST", path(lease), offer.fields),
                lambda: other[lane][lease.person_id].ask("POST", path(lease), offer.fields),
            )
            return answers[0] == answers[1] == (302, "/p/shoes/judge/")

        equal = sum(in_lanes(twice, leases))
        kept_apart = second_thought(one[0])
        drills.log_is_clean(host, expected=("Conflict:",))
    assert (equal, Judgment.objects.count(), kept_apart) == (wanted, wanted, 409)
    assert Draft.objects.get().body["note"] == "second thought"
    doubled = naive_twice(stand, wanted, "/check") - wanted
    assert doubled > 0
    figures("D07", submits=2 * wanted, stored=wanted, equal_answers=2 * equal, control_doubled=doubled)


def second_thought(them: dict[int, Person]) -> int:
    """The same key with another body: refused, and kept beside the judgment."""
    first = Judgment.objects.select_related("judge").order_by("id")[0]
    held = Lease.objects.get(slot=first.slot)
    body = {"idempotency_key": str(first.idempotency_key), "choice": "cannot_tell", "reason": "image"}
    person = them[held.person_id]
    person.headers = {"HX-Request": "true"}
    status, _ = person.ask("POST", path(held), {**body, "note": "second thought"})
    assert Judgment.objects.get(pk=first.pk).label == first.label
    return status


def test_d08_of_two_browsers_with_one_lease_one_counts_and_a_forged_token_opens_nothing(
    stand: Stand, figures: Figures
) -> None:
    wanted = size(full=1_000, quick=60)
    project = drills.a_project(2 * wanted)  # one slot of each pair is held, the other stays open
    them = drills.accounts(project)
    stranger = drills.accounts(project, 1, "stranger")
    leases = drills.deal(project, them, number=1)
    with (
        stand.web() as host,
        people(stand, host.address, them) as one,
        people(stand, host.address, them) as other,
        people(stand, host.address, stranger) as strangers,
    ):

        def compete(lane: int, lease: Lease, meet: Meeting) -> tuple[int, ...]:
            left, right = one[lane][lease.person_id], other[lane][lease.person_id]
            both = meet(lambda: post(left, lease, left.offer()), lambda: post(right, lease, right.offer()))
            foreign = post(strangers[lane][stranger[0].pk], lease, left.offer())
            forged = left.ask("POST", f"/p/shoes/judge/{left.offer().key}/", left.offer().fields)[0]
            return (*sorted(both), foreign, forged)

        outcomes = Counter(in_lanes(compete, leases))
        drills.log_is_clean(host, expected=("Not Found:", "Conflict:"))
    assert outcomes == {(200, 409, 404, 404): wanted}
    assert Judgment.objects.count() == wanted
    assert Draft.objects.filter(person__in=them).count() == wanted  # the second browser's answer is not gone
    assert not Judgment.objects.filter(judge__person__in=stranger).exists()
    assert not Draft.objects.filter(person__in=stranger).exists()  # a guess leaves nothing behind
    crowded = naive_twice(stand, wanted, "/count") - wanted
    assert crowded > 0
    figures("D08", submits=4 * wanted, stored=wanted, drafts=wanted, refused=3 * wanted, control_crowded=crowded)


def test_d09_an_answer_that_was_lost_is_given_again_however_late_it_is_asked(stand: Stand, figures: Figures) -> None:
    wanted = size(full=1_000, quick=90)
    project = drills.a_project(wanted)
    them = drills.accounts(project)
    leases = drills.deal(project, them)
    soon, later, much_later = leases[::3], leases[1::3], leases[2::3]
    with stand.web() as host:
        with people(stand, host.address, them, htmx=False) as lanes:
            offers: dict[int, Offer] = {}

            def lose(lane: int, lease: Lease, meet: object) -> bool:
                person = lanes[lane][lease.person_id]
                offers[lease.pk] = person.offer(str(lease.token))
                person.throw_away(path(lease), offers[lease.pk])
                return True

            def again(lane: int, lease: Lease, meet: object) -> bool:
                person = lanes[lane][lease.person_id]
                answers = {person.ask("POST", path(lease), offers[lease.pk].fields) for _ in range(2)}
                return answers == {(302, "/p/shoes/judge/")}

            in_lanes(lambda lane, lease, meet: lose(lane, lease, meet) and time.sleep(0.1), soon)
            same = sum(in_lanes(again, soon))
            in_lanes(lose, [*later, *much_later])
            time.sleep(5)
            same += sum(in_lanes(again, later))
            # An hour on: the lease is long over, and no process of then is alive. The key lives in the judgment.
            host.kill()
            Lease.objects.update(until=ClockTimestamp() - timedelta(hours=1))
            queue.expire_leases(project)
            host.start()
            host.wait()
        with people(stand, host.address, them, htmx=False) as lanes:
            same += sum(in_lanes(again, much_later))
        drills.log_is_clean(host, expected=("was sent SIGKILL",))
    assert same == wanted
    keys = set(Judgment.objects.values_list("idempotency_key", flat=True))
    assert (Judgment.objects.count(), len(keys)) == (wanted, wanted)
    assert not Judgment.objects.filter(late=True).exists()
    doubled = naive_twice(stand, wanted // 3, "/cached", pause=1.5) - wanted // 3
    assert doubled > 0  # a key that is remembered for a while is a key forgotten
    figures("D09", stored=wanted, replays=2 * wanted, equal_answers=2 * same, control_doubled=doubled)


def test_d13_an_answer_after_the_end_of_its_lease_is_stored_and_never_overfills_a_pair(
    stand: Stand, figures: Figures
) -> None:
    wanted = size(full=200, quick=60)
    project = drills.a_project(2 * wanted)
    them, others = drills.accounts(project), drills.accounts(project, name="other")
    leases = drills.deal(project, them, number=1)
    kept, given = leases[::2], leases[1::2]
    Lease.objects.filter(pk__in=[one.pk for one in given]).update(until=ClockTimestamp() - timedelta(seconds=1))
    assert queue.expire_leases(project) == len(given)
    fresh = [queue.lease_slot(lease.slot, others[number % len(others)], project) for number, lease in enumerate(given)]
    Lease.objects.filter(pk__in=[one.pk for one in kept]).update(until=ClockTimestamp() - timedelta(seconds=1))
    with stand.web() as host, people(stand, host.address, [*them, *others], htmx=False) as lanes:

        def answer(lane: int, lease: Lease, meet: object) -> int:
            person = lanes[lane][lease.person_id]
            return person.ask("POST", path(lease), person.offer(str(lease.token)).fields)[0]

        statuses = Counter(in_lanes(answer, [*kept, *given, *fresh]))
        drills.log_is_clean(host)
    assert statuses == {302: wanted + len(fresh)}
    mine = Judgment.objects.filter(judge__person__in=them)
    counted, extra = mine.filter(late=False, slot__isnull=False), mine.filter(late=True, slot__isnull=True)
    assert mine.count() == wanted
    assert set(counted.values_list("pair_id", flat=True)) == {one.pair_id for one in kept}  # nobody wanted the slot yet
    assert set(extra.values_list("pair_id", flat=True)) == {one.pair_id for one in given}
    assert Judgment.objects.filter(judge__person__in=others, late=False, slot__isnull=False).count() == len(fresh)
    in_slots = Counter(Judgment.objects.exclude(slot=None).values_list("slot_id", flat=True))
    assert set(in_slots.values()) == {1}
    refused = naive_refuses(stand, wanted)
    assert refused == wanted  # all of that work is gone
    figures("D13", stored=wanted, counted=counted.count(), late_extra=extra.count(), control_lost=refused)


def test_d14_a_page_counts_by_the_rules_it_showed_when_newer_ones_are_published(stand: Stand, figures: Figures) -> None:
    wanted = size(full=200, quick=60)
    project = drills.a_project(wanted, mode="facts")
    them = drills.accounts(project)
    leases = drills.deal(project, them)
    shown = active_rule_base(project)
    assert shown is not None
    with stand.web() as host, people(stand, host.address, them, htmx=False) as lanes:

        def answer(lane: int, lease: Lease, meet: object) -> int:
            person = lanes[lane][lease.person_id]
            return person.ask("POST", path(lease), person.offer(str(lease.token)).fields)[0]

        half = wanted // 2
        statuses = Counter(in_lanes(answer, leases[:half]))
        newer = make_rule_base(body={**RULE_BODY, "effect": "floor"})
        statuses += Counter(in_lanes(answer, leases[half:]))
        drills.log_is_clean(host)
    assert statuses == {302: wanted}
    assert active_rule_base(project) == newer
    by_version = Counter(Judgment.objects.values_list("rule_base_id", flat=True))
    assert by_version == {shown.pk: wanted}  # so "older rules" is a query: rule_base differs from the active one
    naive_versions = naive_newest(stand, wanted)
    wrong = naive_versions[newer.number]
    assert wrong == half  # written down as made under rules that no page had shown
    figures("D14", stored=wanted, with_shown_version=wanted, rejected=0, control_wrong_version=wrong)


def test_d15_who_may_no_longer_judge_stores_nothing_and_leaves_a_draft_to_the_lead(
    stand: Stand, figures: Figures
) -> None:
    wanted = size(full=100, quick=30)
    project, archived = drills.a_project(3 * wanted), drills.a_project(3 * wanted, slug="boots")
    removed, gone = drills.accounts(project, 4, "removed"), drills.accounts(project, 4, "gone")
    stayed = drills.accounts(archived, 4, "stayed")
    lead, root = Account.objects.create_person("lead"), Account.objects.create_person("root")
    for one in (project, archived):
        Membership.objects.create(project=one, person=lead, role="lead")
    third = wanted // 3
    parts = {
        "removed": drills.deal(project, removed, number=1)[: wanted - 2 * third],
        "gone": drills.deal(project, gone, number=2)[:third],
        "stayed": drills.deal(archived, stayed, number=1)[:third],
    }
    leases = [lease for part in parts.values() for lease in part]
    slugs = {project.pk: "shoes", archived.pk: "boots"}
    with stand.web() as host, people(stand, host.address, [*removed, *gone, *stayed]) as lanes:
        page = HttpPerson(host.address, lead)
        assert lanes[0][removed[0].pk].ask("GET", "/p/shoes/judge/")[0] == 200  # until now they may
        for held in Membership.objects.filter(project=project, person__in=removed):
            membership.remove_role(held, actor=lead)
        for account in gone:
            membership.deactivate(account, actor=root)
        Project.objects.filter(pk=archived.pk).update(archived_at=timezone.now())

        def answer(lane: int, lease: Lease, meet: object) -> int:
            person = lanes[lane][lease.person_id]
            target = f"/p/{slugs[lease.slot.project_id]}/judge/{lease.token}/"
            return person.ask("POST", target, person.offer(str(lease.token)).fields)[0]

        statuses = Counter(in_lanes(answer, leases))
        Project.objects.filter(pk=archived.pk).update(archived_at=None)
        Membership.objects.filter(project=archived, person__in=stayed).delete()  # they are not let in again with it
        seen = sum(page.get(f"/p/{slug}/left-behind/")[1].count("№ ") for slug in slugs.values())
        drills.log_is_clean(host, expected=("Not Found:", "Unauthorized:"))
    assert statuses == {404: wanted - third, 401: third}  # a session ends with its person, not with a role or a project
    assert Judgment.objects.count() == 0
    drafts = Draft.objects.filter(body__choice__in=["L1", "L3", "L4"], body__note__startswith="№ ").count()
    assert (drafts, seen) == (wanted, wanted)
    refused = naive_refuses(stand, wanted)
    assert refused == wanted  # refused as well, and kept nowhere
    figures("D15", stored=0, drafts=drafts, seen_by_lead=seen, control_lost=refused)


class Meeting:
    """Two hands of one lane that let go at the same moment."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)
        self._pool = ThreadPoolExecutor(1)

    def __call__(self, one: Callable[[], T], other: Callable[[], T]) -> tuple[T, T]:
        def at_the_barrier(work: Callable[[], T]) -> T:
            self._barrier.wait(30)
            return work()

        theirs = self._pool.submit(at_the_barrier, other)
        mine = at_the_barrier(one)
        return mine, theirs.result(60)

    def close(self) -> None:
        self._pool.shutdown()


def in_lanes(work: Callable[[int, Any, Meeting], T], things: Sequence[Any]) -> list[T]:
    """A few lanes beside each other, one thing at a time in each."""

    def run(lane: int) -> list[T]:
        meet = Meeting()
        try:
            return [work(lane, thing, meet) for thing in things[lane::LANES]]
        finally:
            meet.close()

    with ThreadPoolExecutor(LANES) as pool:
        return [answer for answers in pool.map(run, range(LANES)) for answer in answers]


class people:
    """Each account with a browser of its own in every lane."""

    def __init__(self, stand: Stand, address: str, them: Sequence[Account], *, htmx: bool = True) -> None:
        self.them = them
        self.contexts = [drills.people_of(them, address, stand.folder, habits=CALM, htmx=htmx) for _ in range(LANES)]

    def __enter__(self) -> list[dict[int, Person]]:
        entered = [context.__enter__() for context in self.contexts]
        return [{one.pk: person for one, person in zip(self.them, lane, strict=True)} for lane in entered]

    def __exit__(self, *error: Any) -> None:
        for context in self.contexts:
            context.__exit__(None, None, None)


def path(lease: Lease) -> str:
    return f"/p/shoes/judge/{lease.token}/"


def post(person: Person, lease: Lease, offer: Offer) -> int:
    return person.ask("POST", path(lease), offer.fields)[0]


def naive_twice(stand: Stand, wanted: int, view: str, *, pause: float = 0.0) -> int:
    """Each offered twice, at one barrier or after a pause; how many rows that made."""
    drills.make_naive_tables(stand)
    with stand.web(NAIVE) as host, drills.naive_people(host, stand.folder, count=2 * LANES) as them:
        offers = [them[0].offer(pair=str(number)) for number in range(wanted)]

        def send(lane: int, offer: Offer, meet: Meeting) -> None:
            if pause:
                them[lane].ask("POST", view, offer.fields)
            else:
                meet(
                    lambda: them[lane].ask("POST", view, offer.fields),
                    lambda: them[LANES + lane].ask("POST", view, offer.fields),
                )

        in_lanes(send, offers)
        if pause:
            time.sleep(pause)
            in_lanes(send, offers)
        return drills.naive_reckoning(stand, them).stored


def naive_refuses(stand: Stand, wanted: int) -> int:
    """Who comes too late, or may no longer, is told so; how many answers are nowhere afterwards."""
    drills.make_naive_tables(stand)
    with stand.web(NAIVE) as host, drills.naive_people(host, stand.folder, count=LANES) as them:
        offers = [them[0].offer(pair=str(number), person="ana") for number in range(wanted)]
        with stand.as_superuser() as owner:
            owner.execute("INSERT INTO naive_lease SELECT n, 'ana', 0 FROM generate_series(0, %s) n", [wanted - 1])
        in_lanes(lambda lane, offer, meet: them[lane].ask("POST", "/strict", offer.fields), offers)
        return wanted - drills.naive_reckoning(stand, them).stored


def naive_newest(stand: Stand, wanted: int) -> Counter[int]:
    drills.make_naive_tables(stand)
    with stand.web(NAIVE) as host, drills.naive_people(host, stand.folder, count=LANES) as them:
        offers = [them[0].offer(pair=str(number)) for number in range(wanted)]  # all pages are open, under version 1

        def send(lane: int, offer: Offer, meet: object) -> None:
            them[lane].ask("POST", "/newest", offer.fields)

        with stand.as_superuser() as owner:
            owner.execute("INSERT INTO naive_version VALUES (1)")
            in_lanes(send, offers[: wanted // 2])
            owner.execute("INSERT INTO naive_version VALUES (2)")
            in_lanes(send, offers[wanted // 2 :])
            return Counter(row[0] for row in owner.execute("SELECT version FROM naive_judgment"))
