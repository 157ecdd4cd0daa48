"""Evidence is made anew as a job: step by step, to be cancelled, killed and resumed, and next to nothing where it is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalogue.evidence import grids, lexicons, remaking
from catalogue.models import EvidenceRemaking, Grid, Query, QueryReading
from jobs import leasing
from projects.models import Project
from projects.refusals import Refused
from tests.conftest import Cast
from tests.world.rows import make_item, make_pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def five(project: Project) -> list[Any]:
    return [make_pair(project=project, query=f"red mug {n % 2}") for n in range(5)]


def work(asked: EvidenceRemaking) -> EvidenceRemaking:
    token = leasing.claim(EvidenceRemaking, asked.pk)
    assert token is not None
    remaking.work(asked.pk, token)
    asked.refresh_from_db()
    return asked


def test_every_grid_and_reading_is_made_once_and_made_anew_where_the_words_are_others(
    project: Project, five: list[Any]
) -> None:
    done = work(remaking.start(project, None))
    assert (done.state, done.seen, done.made, Grid.objects.count(), QueryReading.objects.count()) == (
        "done",
        5,
        5,
        5,
        2,
    )
    again = work(remaking.start(project, None))
    assert (again.seen, again.made, Grid.objects.count()) == (5, 0, 5)
    make_item(project=project, category="teapots")
    lexicons.learn(project)
    anew = work(remaking.start(project, None))
    assert (anew.made, Grid.objects.count(), QueryReading.objects.count()) == (5, 10, 4)
    assert Grid.objects.filter(extractor=grids.extractor(lexicons.current(project))).count() == 5


def test_what_was_cancelled_goes_on_where_it_stopped(
    project: Project, five: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remaking, "STEP", 2)
    asked = remaking.start(project, None)
    make = remaking._make

    def cancelled_in_the_second_step(pairs: list[Any], lexicon: Any) -> None:
        make(pairs, lexicon)
        if Grid.objects.count() >= 4:
            remaking.cancel(asked, None)

    monkeypatch.setattr(remaking, "_make", cancelled_in_the_second_step)
    assert (work(asked).state, asked.seen) == ("cancelled", 2)
    monkeypatch.setattr(remaking, "_make", make)
    remaking.resume(asked, None)
    assert (work(asked).state, asked.seen, asked.made) == (
        "done",
        5,
        3,
    )  # the second step's two were there, and were not told


def test_one_that_is_under_way_begins_again_and_there_is_never_a_second(project: Project, five: list[Any]) -> None:
    first = remaking.start(project, None)
    EvidenceRemaking.objects.filter(pk=first.pk).update(seen=4, reached=five[3].pk)
    second = remaking.start(project, None)
    assert (second.pk, second.seen, second.reached) == (first.pk, 0, 0)
    remaking.cancel(first, None)
    remaking.start(project, None)
    with pytest.raises(Refused, match="already"):
        remaking.resume(first, None)


def test_an_import_asks_for_it_where_there_are_grids_and_not_too_many_pairs(
    project: Project, five: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert remaking.after_import(project) is None
    grids.grid_of(five[0], five[0].item.current_snapshot)
    assert remaking.after_import(project) is not None
    monkeypatch.setattr(remaking, "AFTER_IMPORT", 4)
    assert remaking.after_import(project) is None


def test_a_query_of_few_pairs_has_its_grids_at_once_and_one_of_many_by_a_job(
    project: Project, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = make_pair(project=project, query="red mug").query
    assert remaking.of_query(query, cast.ana) is None and Grid.objects.count() == 1
    monkeypatch.setattr(remaking, "AT_ONCE", 0)
    asked = remaking.of_query(query, cast.ana)
    make_pair(project=project, query="blue mug")
    assert asked is not None and work(asked).seen == 1
    assert not Grid.objects.exclude(query=query).exists()


def test_an_erased_query_is_read_no_more(project: Project, five: list[Any]) -> None:
    Query.objects.filter(text="red mug 0").update(erased_at="2026-01-01T00:00Z")
    assert work(remaking.start(project, None)).seen == 2


def test_the_page_starts_cancels_and_resumes_it(
    project: Project, five: list[Any], cast: Cast, client_for: Callable[..., Client]
) -> None:
    page, lead = reverse("remaking", args=[project.slug]), client_for(cast.lena)
    assert lead.post(page, {"act": "start"}).status_code == 302
    asked = EvidenceRemaking.objects.get()
    assert "Cancel" in lead.get(page).content.decode()
    lead.post(page, {"act": "cancel", "remaking": asked.pk})
    shown = lead.get(page).content.decode()
    assert "Resume" in shown and "every 2s" not in shown
    lead.post(page, {"act": "resume", "remaking": asked.pk})
    asked.refresh_from_db()
    assert asked.state == "queued"


def test_the_command_works_itself_where_nobody_else_does(project: Project, five: list[Any]) -> None:
    out = StringIO()
    call_command("remake_evidence", "--project", project.slug, "--wait", stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    assert (told["state"], told["pairs"], told["made"]) == ("done", 5, 5)


def test_the_words_on_the_pictures_of_many_pairs_are_asked_for_together(project: Project) -> None:
    """Else a project of a million pairs with pictures would cost a million statements more."""

    def statements(pairs: list[Any]) -> int:
        rows = list(remaking._pairs(project, None).filter(pk__in=[pair.pk for pair in pairs]))
        with CaptureQueriesContext(connection) as asked:
            remaking._make(rows, lexicons.current(project))
        return len(asked)

    pictured = [
        make_pair(project=project, query=f"red mug {n}", item=make_item(project=project, images=["0" * 64]))
        for n in range(6)
    ]
    assert statements(pictured[:1]) == statements(pictured[1:])
