"""The inventory of an image: made from the lock and from what packages say of themselves, and never stale."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from requirements import inventory, locks


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Copies of the two files and of the lock, to be spoilt."""
    for path in (inventory.SBOM, inventory.NOTICE, locks.FOLDER / "runtime.lock"):
        shutil.copy(path, tmp_path / path.name)
    monkeypatch.setattr(inventory, "SBOM", tmp_path / "sbom.json")
    monkeypatch.setattr(inventory, "NOTICE", tmp_path / "NOTICE")
    monkeypatch.setattr(locks, "FOLDER", tmp_path)
    yield tmp_path


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_inventory_says_what_the_lock_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert (inventory.main(["--check"]), capsys.readouterr().err) == (0, "")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("NOTICE", "LGPL-3.0-only", "MIT"),
        ("sbom.json", '"name": "django"', '"name": "jango"'),
        ("runtime.lock", "--hash=sha256:0", "--hash=sha256:1"),
        ("runtime.lock", "orjson==", "orjson==9"),
    ],
)
def test_a_stale_inventory_is_told_and_left_as_it_is(
    elsewhere: Path, name: str, old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(elsewhere / name, old, new)
    spoilt = (elsewhere / name).read_text()
    assert inventory.main(["--check"]) == 1
    assert "make inventory" in capsys.readouterr().err
    assert (elsewhere / name).read_text() == spoilt


def test_made_anew_it_holds_and_is_always_the_same(elsewhere: Path) -> None:
    before = {name: (elsewhere / name).read_bytes() for name in ("sbom.json", "NOTICE")}
    spoil(elsewhere / "NOTICE", "LGPL-3.0-only", "MIT")
    assert inventory.main([]) == 0 == inventory.main(["--check"])
    assert {name: (elsewhere / name).read_bytes() for name in before} == before


def test_each_component_is_known_by_version_hashes_and_licence() -> None:
    told = json.loads(inventory.SBOM.read_text())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    components = told["components"]
    assert {one["name"] for one in components} == {
        name for name, one in locks.read("runtime").items() if one.is_installed(inventory.IMAGE)
    }
    for one in components:
        assert one["purl"] == one["bom-ref"] == f"pkg:pypi/{one['name']}@{one['version']}"
        assert one["hashes"] and all(re.fullmatch(r"[0-9a-f]{64}", told["content"]) for told in one["hashes"])
        assert one["licenses"][0]["license"]["name"] != inventory.UNKNOWN


def test_nothing_in_the_image_would_bind_the_product_by_its_licence() -> None:
    """Apache-2.0 goes with LGPL and MPL as separate libraries, and with neither GPL nor AGPL."""
    licences = {part.locked.name: part.licence for part in inventory.parts()}
    bound = re.compile(r"(?<!L)GPL|GNU General|Affero|SSPL|Commercial", re.IGNORECASE)
    assert {name: licence for name, licence in licences.items() if bound.search(licence)} == {}
    assert {name for name, licence in licences.items() if "LGPL" in licence} == {"psycopg", "psycopg-binary"}
