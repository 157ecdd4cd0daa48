"""What templates are given of a grid."""

from __future__ import annotations

import pytest

from catalogue import display
from projects.models import Project
from relevance.evidence import build_grid
from relevance.lexicon import Lexicon
from tests.world.rows import make_item, make_pair

pytestmark = pytest.mark.django_db


def test_an_accessory_for_the_wanted_thing_is_told_once(project: Project) -> None:
    """The row of the wish says it; the one that is implied, which rules look at, would say it again, and no query asks it."""
    pair = make_pair(project=project, query="pillow", item=make_item(project=project, title="Pillow insert"))
    grid = build_grid(pair.facts(), Lexicon.shipped())
    assert [row.verdict.value for row in grid.rows] == ["conflict", "conflict"]
    snapshot = pair.item.current_snapshot
    assert snapshot is not None
    told = display.grid(grid, snapshot)["rows"]
    assert [(row["text"], row["dimension"]) for row in told] == [("pillow", "category")]
    assert [(chip["text"], chip["dimension"]) for chip in display.chips(grid)] == [("pillow", "category")]
