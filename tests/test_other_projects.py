"""What a refusal, a message or a name tells of projects: only of one that its reader is a member of (breaking.md M2, 11)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from inference.distilled import learnt_models

ROOT = Path(__file__).resolve().parent.parent
# Where a sentence that people read is filled in with a project's name, and why nobody else reads it.
NAMED = {
    "annotation/standard/rule_replays.py": "to who may see its figures; others read how many there are",
    "projects/views/home.py": "to the person who has just become its member",
    "projects/views/people.py": "to a system admin, who names leads",
    "projects/views/project_settings.py": "to a system admin, who has founded it",
    "projects/views/projects.py": "to who archives and restores it",
}


def _sentences(tree: ast.AST) -> Iterator[str]:
    """What stands in a sentence by name: `_("... %(x)s") % {"x": VALUE}` and Refused(..., x=VALUE)."""
    for node in ast.walk(tree):
        values: list[ast.expr] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.right, ast.Dict):
            values = list(node.right.values)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
            values = [one.value for one in node.keywords if one.arg not in {"status", "field"}]
        yield from map(ast.unparse, values)


def _product() -> Iterator[Path]:
    for app in settings.OUR_APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "commands" not in path.parts and path.name != "command_imports.py":  # the host's own
                yield path


def test_a_sentence_names_a_project_only_where_its_reader_is_of_it() -> None:
    """Whoever adds one says here who reads it."""
    found = set()
    for path in _product():
        for value in _sentences(ast.parse(path.read_text())):
            if re.fullmatch(r"(?:\w+\.)*project(?:\.name|\.slug)?|project\.(?:name|slug)", value):
                found.add(str(path.relative_to(ROOT)))
    assert found == NAMED.keys()


def test_the_name_of_a_learnt_model_tells_nothing_of_its_project() -> None:
    """It is listed in all of them."""
    source = Path(learnt_models.__file__).read_text()
    assert not re.search(r"name=.*(?:slug|project\.name)", source)
