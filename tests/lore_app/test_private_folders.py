"""What the storage holds is read by no other account of the host."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from lore_app import private_folders
from lore_app import settings as product


def modes(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): oct(stat.S_IMODE(path.stat().st_mode)) for path in (root, *root.rglob("*"))}


@pytest.fixture
def left_open(tmp_path: Path) -> Path:
    """A storage as an earlier version left it."""
    for name in ("exports/1/labels.csv", "images/aa/1.webp"):
        path = tmp_path / "storage" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
        path.chmod(0o644)
    for path in (tmp_path / "storage", *(tmp_path / "storage").rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    return tmp_path / "storage"


CLOSED = {
    ".": "0o700",
    "exports": "0o700",
    "exports/1": "0o700",
    "exports/1/labels.csv": "0o600",
    "images": "0o700",
    "images/aa": "0o700",
    "images/aa/1.webp": "0o600",
}


def test_what_is_stored_is_for_the_product_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        options = {**product.STORAGES["default"]["OPTIONS"], "location": tmp_path / "storage"}
        for name in ("exports/1/labels.csv", "images/aa/1.webp"):
            FileSystemStorage(**options).save(name, ContentFile(b"x"))
    finally:
        os.umask(before)
    assert modes(tmp_path / "storage") == CLOSED


def test_a_start_closes_what_an_earlier_version_left_open(left_open: Path, settings: Any) -> None:
    options = {**settings.STORAGES["default"], "OPTIONS": {"location": str(left_open)}}
    settings.STORAGES = {**settings.STORAGES, "default": options}
    assert modes(left_open) != CLOSED
    assert [problem for problem in run_checks(tags=["security"]) if problem.id == "lore.W016"] == []
    assert modes(left_open) == CLOSED


def test_a_link_in_the_storage_changes_nothing_elsewhere(left_open: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not ours")
    elsewhere.chmod(0o644)
    (left_open / "link").symlink_to(elsewhere)
    assert private_folders.close(left_open) == ""
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644


def test_a_closed_storage_costs_one_look(left_open: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private_folders.close(left_open)
    monkeypatch.setattr(os, "walk", lambda *_: pytest.fail("walked again"))
    assert private_folders.close(left_open) == ""


def test_what_belongs_to_another_account_is_told(
    left_open: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    def refused(path: Path, _: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "chmod", refused)
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": str(left_open)}},
    }
    told = [problem.msg for problem in run_checks(tags=["security"]) if problem.id == "lore.W016"]
    assert len(told) == 1 and "belongs to another account" in told[0]
