"""Nothing that belongs to another project, or to a colleague alone, changes a page by a byte."""

from __future__ import annotations

from tests.permissions import strangers
from tests.permissions.doors import Doors
from tests.permissions.test_fields import undone
from tests.permissions.world import World


def test_another_project_changes_no_page_of_ours(world: World, doors: Doors) -> None:
    before = strangers.pages(world, doors)
    with undone():
        strangers.another_project(world)
        after = strangers.pages(world, doors)
    assert [key for key in before if before[key] != after[key]] == []


def test_what_a_colleague_does_alone_changes_nothing_on_a_judges_pages(world: World, doors: Doors) -> None:
    urls = {"judge", "judge-flag", "home"}
    before = strangers.pages(world, doors, urls)
    with undone():
        strangers.a_colleagues_rows(world)
        after = strangers.pages(world, doors, urls)
    seen = [key for key in before if key[1] == "labeler" and before[key] != after[key]]
    assert seen == []
