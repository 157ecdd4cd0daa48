"""The Dockerfile, read: no engine runs here. What a process of the image may write to, and who owns the product."""

from __future__ import annotations

import compileall
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, FreshDatabase
from tests.processes import answers, free_port, listens, process, wait_until
from tests.test_what_belongs import git, in_context, listed

DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
STEPS = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]


def at(word: str, text: str = "") -> int:
    """The last step that begins so and says this."""
    return max(number for number, (step, said) in enumerate(STEPS) if step == word and text in said)


def test_the_base_is_named_by_its_digest() -> None:
    assert re.fullmatch(r"python:3\.\d+\.\d+-\S+@sha256:[0-9a-f]{64}", STEPS[0][1])


def test_the_product_is_roots_and_nobody_elses_to_write() -> None:
    """Whoever takes over a process cannot change what the next one runs."""
    assert "chown -R root:root /app" in DOCKERFILE and "chmod -R a+rX,go-w /app" in DOCKERFILE
    assert re.findall(r"(?:chown|install)\b.*\blore\b.*", DOCKERFILE) == [
        "install -d -m 0700 -o lore -g lore /data /scratch"
    ]
    assert (
        at("COPY")
        < at("RUN", "go-w /app")
        < at("USER")
        == max(number for number, (step, _) in enumerate(STEPS) if step in {"RUN", "COPY", "USER", "ADD"})
    )
    assert STEPS[at("USER")][1] == "lore"


def test_what_is_compiled_is_compiled_when_the_image_is_built() -> None:
    assert at("COPY") < at("RUN", "compileall") < at("USER")
    assert "PYTHONDONTWRITEBYTECODE=1" in DOCKERFILE


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The build context as Docker takes it, made and closed by the Dockerfile's own words, short of root's ownership."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git, or no checkout of it")
    app = tmp_path / "app"
    for name in in_context(git(ROOT, "ls-files"), listed()):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, app / name)
    made = {
        **os.environ,
        "LORE_SECRET_KEY": "0123456789abcdefghijklmnopqrstuv",
        "LORE_DATA_DIR": str(tmp_path / "build"),
    }
    compiled = [sys.executable, "manage.py", "compile_catalogues"]
    subprocess.run(compiled, cwd=app, env=made, check=True, capture_output=True)
    compileall.compile_dir(str(app), quiet=2)
    for path in (app, *app.rglob("*")):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o555)
    return app


@pytest.mark.processes
def test_what_is_in_the_image_serves_and_writes_nothing_beside_its_folders(
    image: Path, tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    before = {path: path.stat().st_mtime_ns for path in image.rglob("*")}
    data, port = tmp_path / "data", free_port()
    data.mkdir(mode=0o700)
    environment = {
        **{name: value for name, value in fresh_database.environment.items() if name != "PYTHONPATH"},
        "LORE_DATA_DIR": str(data),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": "/nonexistent",
    }
    gunicorn, *words = json.loads(STEPS[at("CMD")][1].replace("0.0.0.0:8000", f"127.0.0.1:{port}"))
    with process([sys.executable, "-m", gunicorn, *words], environment, image, tmp_path / "web.log"):
        wait_until(lambda: listens(port), what="the web server of the image")
        pages = [answers(f"http://127.0.0.1:{port}{path}") for path in ("/login/", "/static/css/parts.css", "/health/")]
    assert pages == [True, True, True]
    after = {path: path.stat().st_mtime_ns for path in image.rglob("*")}
    assert after == before
    assert not (image / "tests").exists()
