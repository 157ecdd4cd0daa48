"""docker-compose.yml, held against the repository: no engine runs here, so what it refers to is checked by reading."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from tests.processes import free_port, listens, process, wait_until

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ENDING = {"migrate"}  # has done its work, or has failed
WITHOUT_DIGEST = {"vllm"}  # none is known to us; `make digests` takes one


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
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    offered = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used <= offered


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "image" in service])
def test_images_are_pinned(name: str) -> None:
    assert re.search(r":v?\d+\.\d+", SERVICES[name]["image"])
    assert name in WITHOUT_DIGEST or re.search(r"@sha256:[0-9a-f]{64}$", SERVICES[name]["image"])


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


# The walls around each service


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_writes_to_its_root(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert any(mount.startswith("/tmp:") for mount in SERVICES[name]["tmpfs"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_scratch_in_memory_has_a_size_or_an_owner(name: str) -> None:
    assert all("size=" in mount or "uid=" in mount for mount in SERVICES[name]["tmpfs"])


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_keeps_or_gains_a_right(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {"cap_add", "privileged", "network_mode", "pid", "ipc", "userns_mode", "devices"}
    assert "docker.sock" not in str(service)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_its_share_of_memory_and_processes(name: str) -> None:
    assert re.fullmatch(r"(\$\{\w+:-)?\d+[mg]\}?", str(SERVICES[name]["mem_limit"]))
    assert 0 < SERVICES[name]["pids_limit"] <= 4096


def test_a_job_meets_its_bound_before_the_kernel_ends_its_worker() -> None:
    for name in ("worker", "worker-gpu"):
        bound = int(SERVICES[name]["environment"]["LORE_WORKER_MEMORY_MB"])
        assert 0 < bound < int(SERVICES[name]["mem_limit"].removesuffix("g")) * 1024


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ENDING))
def test_every_service_is_asked_whether_it_is_well(name: str) -> None:
    asked = SERVICES[name]["healthcheck"]
    assert asked["test"][0] in {"CMD", "CMD-SHELL"} and asked["interval"] and asked["timeout"]


def test_processes_of_ours_are_asked_by_a_command_that_exists() -> None:
    for name in ("web", "dispatcher", "worker", "worker-gpu"):
        command = SERVICES[name]["healthcheck"]["test"][1:]
        assert command[:3] == ["python", "manage.py", "alive"]
        assert (ROOT / "lore_app/management/commands/alive.py").exists()


def test_the_database_and_the_doorbell_are_on_a_network_without_a_way_out() -> None:
    networks = COMPOSE["networks"]
    assert networks["back"]["internal"] and networks["models"]["internal"]
    for name in ("postgres", "redis", "migrate", "dispatcher"):
        assert SERVICES[name]["networks"] == ["back"]


def test_the_model_server_meets_neither_database_nor_doorbell_nor_pages() -> None:
    meets = {name for name, service in SERVICES.items() if set(service["networks"]) & set(SERVICES["vllm"]["networks"])}
    assert meets == {"vllm", "worker-gpu"}


def test_redis_asks_for_a_password_and_tells_it_to_no_command_line() -> None:
    assert "requirepass" in str(SERVICES["redis"]["command"])
    assert all("${LORE_REDIS_PASSWORD}" not in word for word in SERVICES["redis"]["command"])
    rings = [service for service in SERVICES.values() if "REDIS_URL" in service.get("environment", {})]
    assert len(rings) == 5
    assert all(one["environment"]["REDIS_URL"] == "redis://:${LORE_REDIS_PASSWORD}@redis:6379/0" for one in rings)


def test_the_example_is_production() -> None:
    """LORE_HTTPS=0 turns the checks of production off, and stood in the example before."""
    assert "LORE_HTTPS=1" in (ROOT / ".env.example").read_text().splitlines()


@pytest.mark.redis
def test_redis_starts_by_that_command_and_lets_nobody_in_without_the_password(tmp_path: Path) -> None:
    """The command of the file, its folder aside: what is written, and what Redis makes of it."""
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("no Redis server")
    port = free_port()
    shell, flag, script = SERVICES["redis"]["command"]
    here = script.replace("$$", "$").replace("/tmp", str(tmp_path)).replace("exec redis-server", f"exec {server}")
    here = here.replace("dir ", f"port {port}\\ndir ")
    with process(
        [shell, flag, here], {"LORE_REDIS_PASSWORD": "s3cret", "PATH": os.environ["PATH"]}, tmp_path, tmp_path / "log"
    ):
        wait_until(lambda: listens(port), what="Redis")
        with pytest.raises(redis.exceptions.AuthenticationError), redis.Redis(port=port) as stranger:
            stranger.ping()
        with redis.Redis(port=port, password="s3cret") as ours:
            assert ours.ping()
            assert ours.config_get("maxmemory", "save") == {"maxmemory": str(128 << 20), "save": ""}
        assert stat.S_IMODE((tmp_path / "redis.conf").stat().st_mode) == 0o600
