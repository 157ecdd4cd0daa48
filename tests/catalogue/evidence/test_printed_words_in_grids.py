"""A grid names the reading of the pictures that it was made with: words that come later make another."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from catalogue.evidence import grids, lexicons
from catalogue.evidence.grids import GridSubject
from catalogue.models import Grid, Image, Import, Pair, PictureFetch, PictureWords
from catalogue.pictures.printed_words import to_json
from projects.models import Project
from relevance.evidence import EvidenceGrid, Source, Verdict
from tests.conftest import Cast
from tests.scripted_reader import line, painted
from tests.world.rows import make_item, make_pair, make_slots

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(project: Project) -> Image:
    return painted(project)


@pytest.fixture
def pair(project: Project, image: Image) -> Pair:
    item = make_item(project=project, title="Carton", images=[image.sha256])
    return make_pair(project=project, query="nescafe juice", item=item)


def read_off(image: Image, *texts: str, reader: str = "scripted 1") -> PictureWords:
    state = "read" if texts else "nothing"
    lines = to_json(map(line, texts))
    return PictureWords.objects.create(image=image, reader=reader, state=state, lines=lines, seconds=1)


def made(pair: Pair) -> Grid:
    """As it would be made now, by whoever comes new to the pair."""
    fresh = Pair.objects.select_related("query", "item__current_snapshot").get(pk=pair.pk)
    return grids.grid_of(fresh, fresh.item.current_snapshot)


def seen(grid: Grid) -> list[str]:
    rows = EvidenceGrid.from_json(grid.body).rows
    cells = [cell for row in rows for cell in row.cells if cell.source is Source.CAPTION]
    return [cell.literal.casefold() for cell in cells if cell.verdict is not Verdict.SILENT]


def test_words_that_are_read_later_make_another_grid(pair: Pair, image: Image) -> None:
    before = made(pair)
    row = read_off(image, "NESCAFE")
    after = made(pair)
    assert (seen(before), seen(after)) == ([], ["nescafe"])
    assert after.extractor == f"{before.extractor}+p{row.pk}"
    assert made(pair) == after and Grid.objects.count() == 2


def test_a_picture_on_which_nothing_is_legible_changes_no_grid(pair: Pair, image: Image) -> None:
    before = made(pair)
    read_off(image)
    assert made(pair) == before


def test_words_that_a_later_reader_does_not_find_are_gone(pair: Pair, image: Image) -> None:
    read_off(image, "NESCAFE")
    assert seen(made(pair)) == ["nescafe"]
    read_off(image, reader="scripted 2")
    assert seen(made(pair)) == []


def test_facts_from_before_the_reading_do_not_stand_in_the_grid_that_names_it(pair: Pair, image: Image) -> None:
    facts = pair.facts()
    read_off(image, "NESCAFE")
    key = GridSubject(pair.query_id, pair.item.snapshot_now)
    [told] = grids.get_or_make({key: facts}, lexicons.shipped()).values()
    assert seen(Grid.objects.get(pk=told.row_id)) == ["nescafe"]


def test_another_projects_reading_of_the_same_picture_is_no_evidence(pair: Pair, image: Image) -> None:
    theirs = painted(Project.objects.create(slug="other", name="Other"))
    assert theirs.sha256 == image.sha256
    read_off(theirs, "NESCAFE")
    assert seen(made(pair)) == [] and "+p" not in made(pair).extractor


def test_words_of_a_picture_that_an_address_brought_count_too(project: Project, image: Image) -> None:
    item = make_item(project=project, title="Carton", image_addresses=["https://pictures.example.com/a.png"])
    pair = make_pair(project=project, query="nescafe juice", item=item)
    PictureFetch.objects.create(
        project=project, batch=Import.objects.first(), address="https://pictures.example.com/a.png",
        host="pictures.example.com", state="done", image=image,
    )  # fmt: skip
    assert seen(made(pair)) == []
    read_off(image, "NESCAFE")
    assert seen(made(pair)) == ["nescafe"]


def test_pair_page_and_card_say_that_a_literal_was_read_off_the_picture_and_by_what(
    project: Project, pair: Pair, image: Image, cast: Cast, client_for: Any
) -> None:
    make_slots(pair=pair, mode="facts")
    url = reverse("pair", args=[project.slug, pair.pk])
    assert "read off the picture" not in client_for(cast.lena).get(url).content.decode()
    read_off(image, "NESCAFE")
    for person, address in ((cast.lena, url), (cast.ana, reverse("judge", args=[project.slug]))):
        page = client_for(person).get(address).content.decode()
        assert "read off the picture" in page and "were read by scripted; it may misread" in page
