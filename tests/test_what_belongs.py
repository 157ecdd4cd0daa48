"""What git and an image take of a checkout: what is named in two lists, and no secret that lies about in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import pytest
from django.conf import settings

from tests.conftest import ROOT

# What people and programs leave in a checkout, in folders of their own and in ours.
SECRETS = """
.env .env.local .env.production .env.bak .envrc .netrc .pgpass .npmrc id_rsa id_ed25519 .ssh/id_rsa secret_key server.pem
server.key fullchain.pem database.dump dump.sql lore.sql.gz db.sqlite3 lore.sqlite backup.tar docker-compose.override.yml
backups/20261125-0900/database.dump backups/20261125-0900/storage.tar backups/20261125-0900/manifest.json backups/dump.sql
var/secret_key var/postgresql/PG_VERSION var/storage/exports/1/labels.csv var/storage/images/aa/1.webp var/notes.py
.venv/bin/activate .venv/lib/site.py .venv-serve/pyvenv.cfg models/lore/model.safetensors models/lore/config.json
exports/labels.jsonl labels.csv judgments.jsonl notes.txt .git/config .idea/workspace.xml .vscode/settings.json
lore_app/.env lore_app/secret_key lore_app/server.pem lore_app/local.json projects/id_rsa projects/people.csv demo/.env
static/.env static/backup.zip templates/key.pem rules/packs/.env rules/dump.jsonl relevance/private.key docs/key.pem
tests/.env tests/recorded.jsonl inference/keys.txt inference/prompting/shipped/.env catalogue/upload.parquet requirements/.env
requirements/private.txt annotation/database.dump locale/zh_Hans/.env lore_app/__pycache__/settings.cpython-311.pyc
""".split()  # noqa: SIM905 - a table reads better than a list of sixty literals
OURS = ("database", "relevance", "demo", "lore_app", *settings.OUR_APPS)
NEEDED = ("manage.py", "VERSION", "LICENSE", "requirements/build.lock", "requirements/runtime.lock")
# What stood here before: a list of what to leave out.
NAIVE_DOCKER = [".git", ".venv", ".venv-*", "var", "tests", "**/__pycache__"]


def git(folder: Path, *arguments: str) -> list[str]:
    command = ["git", "-c", "core.excludesFile=/dev/null", "-c", "core.quotePath=off", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git, or no checkout of it")
    return git(ROOT, "ls-files")


@pytest.fixture(scope="module")
def littered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout's lists, its Python, and every secret of the table."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in (".gitignore", ".dockerignore"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("manage.py", "lore_app/settings.py", "projects/models.py", "rules/packs/starter.yaml", *SECRETS):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return folder


# Docker's own matcher (moby/patternmatcher): the last line that fits a path or a folder above it decides.


def patterns(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def as_regex(pattern: str) -> re.Pattern[str]:
    found = ""
    for part in re.findall(r"\*\*/?|\*|\?|\[[^\]]*\]|\\.|.", pattern.strip("/")):
        match part:
            case "**/":
                found += "(?:.*/)?"
            case "**":
                found += ".*"
            case "*":
                found += "[^/]*"
            case "?":
                found += "[^/]"
            case _:
                found += part if part[0] == "[" else re.escape(part[-1])
    return re.compile(found + r"\Z")


def in_context(paths: Sequence[str], listed: Sequence[str]) -> Iterator[str]:
    rules = [(not line.startswith("!"), as_regex(line.removeprefix("!"))) for line in listed]
    for path in paths:
        above = [str(folder) for folder in PurePosixPath(path).parents][:-1]
        left_out = False
        for leaves_out, regex in rules:
            if any(regex.match(name) for name in (path, *above)):
                left_out = leaves_out
        if not left_out:
            yield path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def listed() -> list[str]:
    return patterns((ROOT / ".dockerignore").read_text())


def test_no_secret_of_a_littered_checkout_gets_into_an_image(littered: Path) -> None:
    inside = list(in_context(files(littered), listed()))
    assert inside == ["lore_app/settings.py", "manage.py", "projects/models.py", "rules/packs/starter.yaml"]


def test_a_list_of_what_to_leave_out_lets_them_in(littered: Path) -> None:
    """The control: the list that stood here before, over the same checkout, read by the same matcher."""
    inside = set(in_context(files(littered), NAIVE_DOCKER))
    assert {".env", "backups/20261125-0900/database.dump", "id_rsa", "lore_app/.env"} <= inside
    assert not {"var/secret_key", ".git/config"} & inside


def test_no_secret_of_a_littered_checkout_is_taken_by_git(littered: Path) -> None:
    shutil.rmtree(littered / ".git", ignore_errors=True)
    git(littered, "init", "--quiet")
    would_add = git(littered, "ls-files", "--others", "--exclude-standard")
    ours = {"lore_app/settings.py", "manage.py", "projects/models.py", "rules/packs/starter.yaml"}
    assert set(would_add) == {".dockerignore", ".gitignore", *ours}
    planted = [name for name in SECRETS if not name.startswith(".git/")]
    assert git(littered, "check-ignore", *planted) == planted


def test_everything_that_the_product_needs_is_in_the_image(tracked: list[str]) -> None:
    folders = (*OURS, "static", "templates", "locale")
    needed = [name for name in tracked if name in NEEDED or name.split("/")[0] in folders]
    assert len(needed) > 600
    assert set(needed) - set(in_context(needed, listed())) == set()


def test_what_is_for_developers_is_not_in_the_image(tracked: list[str]) -> None:
    inside = {name.split("/")[0] for name in in_context(tracked, listed())}
    assert inside & {"tests", "benchmarks", "docs", ".ci", ".env.example", "Makefile", "Dockerfile"} == set()


@pytest.mark.usefixtures("tracked")
def test_git_ignores_nothing_that_it_has() -> None:
    assert git(ROOT, "ls-files", "--cached", "--ignored", "--exclude-standard") == []


@pytest.mark.usefixtures("tracked")
def test_no_new_source_is_left_behind_in_silence() -> None:
    """A kind of file, or a package, that nobody has named in .gitignore yet."""
    ignored = git(
        ROOT, "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "--no-empty-directory"
    )
    made = re.compile(r"__pycache__|\.(mo|pyc|pyo|swp|orig|rej|log)$|(^|/)\.|~$")
    packages = {path.parent.name + "/" for path in ROOT.glob("*/__init__.py")} | {
        "static/",
        "templates/",
        "locale/",
        "docs/",
    }
    unnamed = [name for name in ignored if name.startswith(tuple(packages)) and not made.search(name)]
    assert unnamed == [], "name it in .gitignore (and .dockerignore), or take it away"


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*", "a", True),
        ("*", "a/b", False),  # its folder is matched instead
        ("**/x", "x", True),
        ("**/x", "a/b/x", True),
        ("a/**/*.py", "a/x.py", True),
        ("a/**/*.py", "a/b/c/x.py", True),
        ("a/**/*.py", "a/x.pyc", False),
        ("a/*.json", "a/b/x.json", False),
        (".env*", ".env.local", True),
        ("a/**", "a/b/c", True),
        ("x.y", "xzy", False),
    ],
)
def test_patterns_are_read_as_docker_reads_them(pattern: str, path: str, fits: bool) -> None:
    assert bool(as_regex(pattern).match(path)) is fits
