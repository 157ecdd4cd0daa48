"""Who may judge says what is wrong in a reading or a cell; it stands from then on, can be taken back, and tells who said it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.judging import queue
from annotation.models import Lease
from catalogue.evidence import correcting, grids
from catalogue.models import CellCorrection, Pair, ReadingCorrection
from projects.models import HourlyCount, Project
from relevance.evidence import EvidenceGrid
from tests.conftest import Cast
from tests.world.rows import make_item, make_pair, make_slots

ClientFor = Callable[..., Client]
pytestmark = pytest.mark.django_db
LAMP = {"act": "reading", "text": ["Red", "lamp"], "dimension": ["colour", "category"], "head": "1"}


@pytest.fixture
def pair(project: Project) -> Pair:
    item = make_item(project=project, title="Blue table lamp", cpv=[["colour", "navy"]])
    return make_pair(project=project, query="red lamp for desk", item=item)


def rows(pair: Pair) -> list[tuple[str, str, bool, str]]:
    assert pair.item.current_snapshot is not None
    grid = EvidenceGrid.from_json(grids.grid_of(pair, pair.item.current_snapshot).body)
    return [(r.constraint.text, r.constraint.kind.value, r.constraint.head, r.verdict.value) for r in grid.rows]


def page(pair: Pair) -> str:
    return reverse("pair-wrong", args=[pair.project.slug, pair.pk])


def test_a_reading_that_was_put_right_stands_and_is_taken_back(pair: Pair, cast: Cast, client_for: ClientFor) -> None:
    before, ada = rows(pair), client_for(cast.ada)
    assert ada.post(page(pair), LAMP).status_code == 302
    assert [row[:3] for row in rows(pair)] == [("red", "colour", False), ("lamp", "category", True)]
    shown = ada.get(page(pair)).content.decode()
    assert "corrected by a person" in shown and "Ada" in shown
    assert ada.post(page(pair), {"act": "reading-back"}).status_code == 302
    assert rows(pair) == before and ReadingCorrection.objects.count() == 2
    assert ada.post(page(pair), {"act": "reading-back"}).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ["green"], "dimension": ["colour"]},
        {"text": ["red"], "dimension": ["taste"]},
        {"text": [""], "dimension": [""]},
        {"text": ["x" * 300], "dimension": ["colour"]},
    ],
)
def test_a_piece_that_is_not_in_the_query_is_refused_as_a_whole(
    pair: Pair, cast: Cast, client_for: ClientFor, wrong: dict[str, Any]
) -> None:
    answer = client_for(cast.ada).post(page(pair), {**LAMP, **wrong})
    assert answer.status_code == 422 and not ReadingCorrection.objects.exists()


def test_a_cell_that_was_put_right_cites_the_item_and_is_taken_back(
    pair: Pair, cast: Cast, client_for: ClientFor
) -> None:
    ada, before = client_for(cast.ada), rows(pair)
    said = {"act": "cell", "row": "0", "source": "title", "verdict": "match"}
    assert ada.post(page(pair), {**said, "literal": "purple"}).status_code == 422
    assert ada.post(page(pair), {**said, "literal": ""}).status_code == 422
    assert ada.post(page(pair), {**said, "row": "9", "literal": "Blue"}).status_code == 422
    assert ada.post(page(pair), {**said, "literal": "Blue"}).status_code == 302
    (stored,) = CellCorrection.objects.all()
    assert (stored.text, stored.dimension, stored.verdict, stored.by) == ("red", "colour", "match", cast.ada)
    assert rows(pair) != before and "+c" not in stored.grid.extractor
    assert ada.post(page(pair), {"act": "cell-back", "correction": stored.pk}).status_code == 302
    assert rows(pair) == before


def test_a_labeler_says_it_from_the_card_that_they_hold_and_the_card_stays_as_it_is(
    pair: Pair, cast: Cast, project: Project, client_for: ClientFor
) -> None:
    make_slots(pair=pair)
    ana = client_for(cast.ana)
    card = ana.get(reverse("judge", args=[project.slug])).content.decode()
    assert "read by the product" in card
    lease = Lease.objects.get()
    assert ana.post(page(pair), LAMP).status_code == 404  # no pair by its number
    wrong = reverse("judge-wrong", args=[project.slug, lease.token])
    assert wrong in card and ana.post(wrong, LAMP).status_code == 302
    assert ReadingCorrection.objects.get().by == cast.ana and Lease.objects.get().grid == lease.grid
    assert client_for(cast.ben).get(wrong).status_code == 404
    later = ana.get(reverse("judge", args=[project.slug])).content.decode()
    assert "corrected by a person" not in later


def test_a_blind_card_says_nothing_of_evidence(pair: Pair, cast: Cast, project: Project, client_for: ClientFor) -> None:
    make_slots(pair=pair, mode="blind")
    ana = client_for(cast.ana)
    assert "wrong/" not in ana.get(reverse("judge", args=[project.slug])).content.decode()
    assert ana.get(reverse("judge-wrong", args=[project.slug, Lease.objects.get().token])).status_code == 404


def test_a_card_that_was_read_by_a_person_names_nobody(
    pair: Pair, cast: Cast, project: Project, client_for: ClientFor
) -> None:
    client_for(cast.ada).post(page(pair), LAMP)
    make_slots(pair=pair)
    assert queue.take(cast.ana, project) is not None
    card = client_for(cast.ana).get(reverse("judge", args=[project.slug])).content.decode()
    assert "corrected by a person" in card and "Ada" not in card


def test_corrections_are_bounded_by_the_hour(pair: Pair, cast: Cast, client_for: ClientFor) -> None:
    ada, most = client_for(cast.ada), correcting.CORRECTIONS.an_hour
    ada.post(page(pair), LAMP)
    HourlyCount.objects.filter(kind=correcting.CORRECTIONS.code).update(made=most)
    assert ada.post(page(pair), LAMP).status_code == 429 and ReadingCorrection.objects.count() == 1
