"""docker-compose.yml, held against the repository: no engine runs here, so what it refers to is checked by reading."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def words(command: str | list[str]) -> list[str]:
    return command if isinstance(command, list) else shlex.split(command)


def test_the_services_of_the_production_shape_exist() -> None:
    assert set(SERVICES) == {"postgres", "redis", "migrate", "web", "dispatcher", "worker", "worker-gpu", "vllm"}


def test_only_the_gpu_profile_needs_a_gpu() -> None:
    assert {name for name, service in SERVICES.items() if "gpu" in service.get("profiles", [])} == {
        "worker-gpu",
        "vllm",
    }


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_depends_on_exists(name: str) -> None:
    assert set(SERVICES[name].get("depends_on", {})) <= set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_named_volumes_are_declared(name: str) -> None:
    sources = {volume.split(":")[0] for volume in SERVICES[name].get("volumes", [])}
    assert {source for source in sources if re.fullmatch(r"[a-z]+", source)} <= set(COMPOSE["volumes"])


def test_every_variable_stands_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)\}", (ROOT / "docker-compose.yml").read_text()))
    offered = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used <= offered


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "image" in service])
def test_images_are_pinned(name: str) -> None:
    assert re.search(r":v?\d+\.\d+", SERVICES[name]["image"])


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "build" in service])
def test_commands_name_files_and_commands_that_exist(name: str) -> None:
    command = words(SERVICES[name].get("command", []))
    commands = {path.stem for path in ROOT.glob("*/management/commands/*.py")}
    for manage, following in itertools.pairwise(command):
        if manage == "manage.py":
            assert following in commands


def test_no_service_but_web_is_reachable_from_outside() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"web"}
    assert SERVICES["web"]["ports"][0].startswith("127.0.0.1:")


def test_no_secret_key_is_baked_into_the_image() -> None:
    steps = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if "manage.py" in line]
    assert steps
    assert all("LORE_SECRET_KEY=" in step for step in steps)


def test_only_migrate_sees_the_owners_password() -> None:
    told = {name for name, service in SERVICES.items() if "LORE_OWNER_PASSWORD" in str(service.get("environment"))}
    assert told == {"postgres", "migrate"}
