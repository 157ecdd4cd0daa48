"""Settings that fail loudly, and which role a process connects as."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from database import connecting
from lore_app import environment
from lore_app.checks import database_is_durable
from tests.processes import ROOT


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("maybe", lambda: environment.flag("LORE_X")),
        ("many", lambda: environment.whole_number("LORE_X", 1)),
        ("0", lambda: environment.whole_number("LORE_X", 1, least=1)),
        ("short", lambda: environment.secret("LORE_X", Path("unused"))),
        ("https://host/v1", lambda: environment.keys("LORE_X")),
    ],
)
def test_a_bad_value_stops_the_process_and_names_the_variable(monkeypatch, value, read) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("LORE_X", value)
    with pytest.raises(ImproperlyConfigured, match="LORE_X"):
        read()


@pytest.mark.parametrize("value", ["sk-secret", "https://host=", "https://a=sk-1,https://me:sk-secret@b=sk-2"])
def test_what_is_wrong_with_keys_is_told_without_them(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LORE_X", value)
    with pytest.raises(ImproperlyConfigured, match=r"entry [12] is none") as caught:
        environment.keys("LORE_X")
    assert "sk-" not in str(caught.value)


def test_the_secret_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    kept = tmp_path / "var" / "secret_key"
    first = environment.secret("LORE_ABSENT", kept)
    assert environment.secret("LORE_ABSENT", kept) == first
    assert len(first) >= 32
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_worker_takes_half_of_what_the_host_or_its_container_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = tmp_path / "memory.max"
    monkeypatch.setattr(environment, "CONTAINER_MEMORY", (bound, tmp_path / "absent"))
    host = environment.memory_mb()
    assert host == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    bound.write_text("max\n")
    assert environment.memory_mb() == host
    bound.write_text(f"{512 << 20}\n")
    assert environment.memory_mb() == 512


def test_a_worker_meets_its_default_bound() -> None:
    begun = "import django, resource; django.setup(); from jobs.process import _limit_memory; _limit_memory()"
    asked = f"{begun}; print(resource.getrlimit(resource.RLIMIT_DATA)[0])"
    told = {name: value for name, value in os.environ.items() if name != "LORE_WORKER_MEMORY_MB"}
    told |= {"DJANGO_SETTINGS_MODULE": "lore_app.settings"}
    for extra, bound in (({}, environment.memory_mb() // 2 << 20), ({"LORE_WORKER_MEMORY_MB": "0"}, -1)):
        done = subprocess.run(
            [sys.executable, "-c", asked], cwd=ROOT, env={**told, **extra}, check=True, capture_output=True
        )
        assert int(done.stdout.split()[-1]) == bound


@pytest.mark.parametrize("url", ["mysql://a@b/c", "postgres://a@b", "nonsense"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        connecting.from_url(url)


def test_a_url_is_read_with_its_escapes_and_options() -> None:
    read = connecting.from_url("postgres://al%40ice:p%2Fw@db.example:5433/shop?sslmode=require")
    assert (read["USER"], read["PASSWORD"], read["HOST"], read["PORT"]) == ("al@ice", "p/w", "db.example", "5433")
    assert read["OPTIONS"] == {**connecting.PREPARED, "sslmode": "require"}


def test_with_one_url_the_role_is_taken_at_connection() -> None:
    app, owner = connecting.configure("postgres://boss@db/shop", "", Path("unused"))
    assert app["OPTIONS"]["options"] == "-c role=lore_app"
    assert owner["OPTIONS"] == connecting.PREPARED


def test_with_two_urls_they_are_two_logins() -> None:
    app, owner = connecting.configure("postgres://lore_app@db/shop", "postgres://boss@db/shop", Path("unused"))
    assert (app["USER"], owner["USER"]) == ("lore_app", "boss")
    assert app["OPTIONS"] == connecting.PREPARED


@pytest.mark.django_db
def test_a_database_that_may_lose_what_it_acknowledged_is_refused() -> None:
    assert database_is_durable(["default"]) == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    assert [problem.id for problem in database_is_durable(["default"])] == ["lore.E001"]
