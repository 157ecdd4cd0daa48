"""The world is built once a module, inside one transaction that is rolled back at its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import transaction
from django.test import override_settings

from tests.conftest import storages_in
from tests.permissions.doors import Doors
from tests.world import installation
from tests.world.cast import World


@pytest.fixture(scope="session")
def worlds_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("permissions")


@pytest.fixture(autouse=True)
def storage_in_a_folder(worlds_folder: Path, settings: Any) -> None:
    """The pictures and exports of the world outlive a test."""
    settings.STORAGES = storages_in(worlds_folder)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, worlds_folder: Path) -> Iterator[World]:
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with (
        django_db_blocker.unblock(),
        override_settings(STORAGES=storages_in(worlds_folder), PASSWORD_HASHERS=quick),
        transaction.atomic(),
    ):
        assert storages.backends
        yield installation.build()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def doors(world: World) -> Doors:
    return Doors()
