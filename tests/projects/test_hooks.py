from __future__ import annotations

import pytest
from django.apps import apps
from django.conf import settings
from django.db import transaction

from annotation import overview
from annotation.judging import left_behind
from annotation.standard import rule_replays
from projects import creating, forms, gates, home_cards
from projects.hooks import Hook
from projects.models import AuditEvent, Person, Project
from rules import publishing, reviewing
from tests.conftest import Cast


def test_who_registered_is_called_in_order_and_gives_a_value_each() -> None:
    asked: Hook[[str], str] = Hook()
    assert asked("red mug") == []
    asked.register(str.upper)
    asked.register(str.title)
    assert asked("red mug") == ["RED MUG", "Red Mug"]


def test_registering_twice_changes_nothing() -> None:
    asked: Hook[[str], str] = Hook()
    asked.register(str.upper)
    asked.register(str.upper)
    assert asked("red mug") == ["RED MUG"]


def test_an_app_that_is_made_ready_twice_plugs_in_once() -> None:
    for name in settings.OUR_APPS:
        apps.get_app_config(name).ready()
    assert gates.turned_away.takers.count(left_behind.keep) == 1
    assert home_cards.cards.takers.count(overview.cards) == 1
    assert reviewing.objections_to.takers.count(rule_replays.gate) == 1
    assert forms.rule_base_numbers.takers.count(publishing.rule_base_numbers) == 1


def test_what_one_of_them_raises_undoes_what_the_caller_did(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(project: Project, actor: Person | None) -> None:
        assert transaction.get_connection().in_atomic_block
        raise LookupError

    monkeypatch.setattr(creating.project_founded, "takers", [fails])
    with pytest.raises(LookupError):
        creating.found("Hats", "hats", "lore-4", "", actor=cast.root)
    assert not Project.objects.filter(slug="hats").exists()


def test_a_founded_project_is_told_with_who_founded_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, Person | None]] = []
    monkeypatch.setattr(creating.project_founded, "takers", [lambda project, actor: told.append((project.slug, actor))])
    creating.found("Hats", "hats", "lore-4", "", actor=cast.root)
    creating.make(None, slug="mugs", name="Mugs")
    assert told == [("hats", cast.root), ("mugs", None)]
    assert AuditEvent.objects.filter(act="project.created").count() == 2
