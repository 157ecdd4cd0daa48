"""More judgments asked for by several at once, while people judge: real commits, connections of their own."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from annotation.models import Judgment, MoreJudgments, Slot
from annotation.pairs.choosing import Choice
from annotation.pairs.more_judgments import MoreWanted, ask
from projects.models import Membership, Person, Project, Role
from tests.annotation.judging.test_judging import says
from tests.conftest import FreshDatabase
from tests.world.rows import make_import, make_item, make_pair, make_rule_base, make_slots


def test_acts_at_once_each_give_what_they_say_and_a_double_click_gives_nothing_twice(
    fresh_database: FreshDatabase,
) -> None:
    project = Project.objects.create(slug="shoes", name="Shoes", overlap=2, mode="blind")
    make_rule_base()
    batch = make_import(project=project)
    people = [Person.objects.create_person(f"labeler-{number}") for number in range(2)]
    Membership.objects.bulk_create(Membership(project=project, person=one, role=Role.LABELER) for one in people)
    for number in range(60):
        item = make_item(project=project, title=f"Mug {number}", batch=batch)
        make_slots(pair=make_pair(project=project, query=f"query {number // 5}", item=item, batch=batch))
    twice = uuid.uuid4()

    def give(key: uuid.UUID) -> int:
        try:
            return ask(project, MoreWanted(Choice(), 2), None, key).pk
        finally:
            connection.close()

    def judge(person: Person) -> int:
        try:
            for _ in range(30):
                says(person, project, "L4")
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        judging_on = [pool.submit(judge, person) for person in people]
        acts = list(pool.map(give, [twice, twice, uuid.uuid4(), uuid.uuid4()]))
        assert [one.result() for one in judging_on] == [0, 0]
    assert len(set(acts)) == 3
    slots = Slot.objects.filter(project=project)
    assert slots.count() == 60 * (2 + 3 * 2)  # three acts of two each
    assert set(MoreJudgments.objects.values_list("pairs", "slots")) == {(60, 120)}
    assert Judgment.objects.count() == 2 * 30
