"""The worlds that tests and benchmarks live in hold something of everything, so that a new table is planted once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings as django_settings

from annotation.models import Disagreement, Gold, Judgment, Slot
from catalogue.models import Pair
from database.connecting import connected_as
from inference.models import Prediction
from projects.models import Project
from tests.conftest import FreshDatabase
from tests.world import installation, large, payloads
from tests.world.columns import tables, text_columns

EMPTY = {
    "GuessCount": "passwords tried wrongly: a world where nobody does",
    "Deletion": "projects that are going: a world where all stay",
}


@pytest.mark.django_db
def test_the_installation_has_a_row_of_every_table() -> None:
    installation.build()
    bare = {model.__name__ for model in tables() if not model._default_manager.exists()}
    assert bare == set(EMPTY), "a new table gets its row in tests/world/project.py"


def test_a_payload_stands_in_every_text_column(fresh_database: FreshDatabase, figures: Callable[..., None]) -> None:
    world = installation.build()
    with connected_as({**django_settings.OWNER_DATABASE, "NAME": fresh_database.name}):
        planted = payloads.plant(world)
    names = {payloads.name_of(*one) for one in text_columns()}
    assert payloads.OURS.keys() <= names, "a reason for a column that is no more"
    assert names - payloads.OURS.keys() == planted.keys()
    assert [name for name, rows in planted.items() if not rows] == []
    figures("T49 columns", planted=len(planted), rows=sum(planted.values()), of_ours=len(payloads.OURS))


@pytest.mark.usefixtures("fresh_database")
def test_a_large_world_holds_what_it_says() -> None:
    """By SQL beside the makers of rows: a column that it leaves out is noticed here, not by the next benchmark."""
    large.fill(400)
    large.stock(Project.objects.create(slug="shoes", name="Shoes"), 40, rich=True)
    assert Pair.objects.count() == 400 + 40
    assert Slot.objects.count() == 2 * 400
    assert Prediction.objects.count() == 400 / 2
    assert Judgment.objects.count() == 2 * 400 / 5
    assert Gold.objects.count() == 80 - 80 / 20 + 400 / 20  # of the judged all but the disputed; the imported
    assert Disagreement.objects.count() == 80 / 20
