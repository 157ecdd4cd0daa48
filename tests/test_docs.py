"""Documentation that drifts fails here: settings, commands, presets, conditions, links, the tree of the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from relevance.labels import SCALES

ROOT = Path(__file__).resolve().parent.parent
DOCS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
TEXT = {path: path.read_text() for path in DOCS}
# Django's own command with our database beneath, and machinery of the build: they need no page of their own.
NOT_IN_LIFECYCLE = {"migrate", "compile_catalogues", "up", "load_demo"}


def variables_read() -> set[str]:
    source = (ROOT / "lore_app/settings.py").read_text()
    return set(re.findall(r'environment\.\w+\(\s*"(\w+)"', source))


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs/configuration.md").read_text(), re.MULTILINE))
    assert documented == variables_read()


def test_every_setting_stands_in_the_example() -> None:
    offered = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert variables_read() <= offered


def test_every_command_is_documented() -> None:
    commands = {path.stem for path in ROOT.glob("*/management/commands/*.py")} - {"__init__"} - NOT_IN_LIFECYCLE
    everything = "\n".join(TEXT.values())
    assert {name for name in commands if f"manage.py {name}" not in everything} == set()


def test_every_label_scale_is_documented() -> None:
    text = (ROOT / "docs/importing.md").read_text()
    assert {name for name in SCALES if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_inside_the_repository_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", TEXT[path])
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_tree_in_the_readme_is_the_tree() -> None:
    named = set(re.findall(r"^    ([a-z_]+)/ ", TEXT[ROOT / "README.md"], re.MULTILINE))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= named


def test_the_version_stands_at_the_top_of_the_changelog() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == (ROOT / "VERSION").read_text().strip()
