"""Nothing that belongs to another project, or to a colleague alone, changes a page by a byte."""

from __future__ import annotations

import pytest

from tests.permissions import oracle, strangers
from tests.permissions.doors import Doors, undone
from tests.world.cast import World


def test_another_project_changes_no_page_of_ours(world: World, doors: Doors) -> None:
    before = strangers.pages(world, doors)
    with undone():
        strangers.another_project(world)
        after = strangers.pages(world, doors)
    assert [key for key in before if before[key] != after[key]] == []


def test_what_a_colleague_does_alone_changes_nothing_on_a_judges_pages(world: World, doors: Doors) -> None:
    urls = {"judge", "judge-flag", "home", "disputes"}
    before = strangers.pages(world, doors, urls)
    with undone():
        strangers.a_colleagues_rows(world)
        after = strangers.pages(world, doors, urls)
    alones = [key for key in before if key[1] == "labeler" or key[0] == "disputes"]
    assert [key for key in alones if before[key] != after[key]] == []


@pytest.mark.parametrize("url", strangers.EMPTY)
def test_an_empty_project_looks_empty(world: World, doors: Doors, url: str) -> None:
    assert strangers.full_when_empty(world, doors, url) == ""


@pytest.mark.parametrize("url", sorted(url for url in oracle.by_url() if url.startswith("judge")))
def test_a_judges_acts_touch_no_row_of_a_colleague_or_of_another_project(world: World, doors: Doors, url: str) -> None:
    assert strangers.touched(world, doors, url) == ""
