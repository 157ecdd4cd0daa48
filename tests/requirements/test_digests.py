"""Images by digest: all of them, or nothing is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from requirements import digests
from tests.conftest import ROOT

TAGS = {"python:3.11.13-slim-bookworm", "postgres:18.1", "redis:8.4.0", "vllm/vllm-openai:v0.33.0"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in digests.FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (folder / "bin").mkdir()
    command = folder / "bin" / "docker"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")


def test_each_image_gets_the_digest_that_its_registry_tells(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(
        checkout, monkeypatch, f'for tag in "$@"; do :; done; echo "$tag" >> {checkout}/asked; echo sha256:{"ab" * 32}'
    )
    assert set(digests.pin(checkout)) == TAGS == set((checkout / "asked").read_text().split())
    for name in digests.FILES:
        found = [image[0] for image in digests.IMAGE.finditer((checkout / name).read_text())]
        assert found and all(image.endswith(f"@sha256:{'ab' * 32}") for image in found)
    again = [(checkout / name).read_text() for name in digests.FILES]
    digests.pin(checkout)
    assert [(checkout / name).read_text() for name in digests.FILES] == again


@pytest.mark.parametrize("script", ["echo 'no such host' >&2; exit 1", "echo latest"], ids=["away", "nonsense"])
def test_without_an_answer_nothing_is_written(checkout: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    before = [(checkout / name).read_text() for name in digests.FILES]
    docker(checkout, monkeypatch, script)
    with pytest.raises(LookupError, match=r"postgres:18\.1"):
        digests.pin(checkout)
    assert [(checkout / name).read_text() for name in digests.FILES] == before


def test_where_there_is_no_docker_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert digests.main() == 1
    assert "nothing was changed" in capsys.readouterr().err
