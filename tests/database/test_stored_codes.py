"""What stands in addresses, prompts and citations has one shape, asked by one function and by the database."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction
from django.db.migrations.state import StateApps

from database.connecting import connected_as
from database.stored_codes import refuse_others
from inference.models import PromptVersion
from projects.models import Project
from relevance.identifiers import PROMPT_NAME, RULE_CODE, SLUG, in_full, is_identifier
from rules.models import Rule
from tests.conftest import FreshDatabase
from tests.test_architecture import modules

SHAPES = {RULE_CODE: "R-605", SLUG: "shoes-2_b", PROMPT_NAME: "lore-1.2+x"}
STORED: dict[re.Pattern[str], Callable[[str], Any]] = {
    RULE_CODE: lambda code: Rule.objects.create(code=code),
    SLUG: lambda slug: Project.objects.create(slug=slug, name="Shoes"),
    PROMPT_NAME: lambda name: PromptVersion.objects.create(name=name, templates={}, aliases=[], digest="1" * 64),
}


@pytest.mark.django_db
@pytest.mark.parametrize("shape", SHAPES, ids=["rule", "slug", "prompt"])
def test_function_and_database_take_the_same_codes(shape: re.Pattern[str]) -> None:
    """`match` with a `$` is the control: it takes the line break, and `\\d` the full-width digits."""
    good = SHAPES[shape]
    others = [
        "",
        f"{good}\n",
        f"\n{good}",
        f" {good}",
        f"{good} x",
        f"{good}/",
        f"{good}é",
        f"{good}\u202e",
        "６６６",
        "R-６６６",
    ]
    assert is_identifier(good, shape) and not any(is_identifier(other, shape) for other in others)
    assert not is_identifier(605, shape)
    assert re.match(rf"{shape.pattern}$", f"{good}\n") and re.match(r"R-\d{3,5}$", "R-６６６")
    for other in others:
        with pytest.raises(IntegrityError, match="is_a_code"), transaction.atomic():
            STORED[shape](other)
    STORED[shape](good)


def test_migrate_lists_what_a_check_would_refuse_and_changes_nothing(fresh_database: FreshDatabase) -> None:
    with connected_as({**settings.OWNER_DATABASE, "NAME": fresh_database.name}):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE rules_rule DROP CONSTRAINT rule_code_is_a_code")
        held = [Rule.objects.create(code=code) for code in ("R-605\n", "R-６６６", "R-700")]
        operation = refuse_others("rules", "Rule", "code", in_full(RULE_CODE))
        with pytest.raises(CommandError) as refused, connection.schema_editor() as editor:
            operation.code(cast(StateApps, apps), editor)
        assert Rule.objects.count() == 3
    said = str(refused.value)
    assert f"{held[0].pk}: 'R-605\\n', {held[1].pk}: 'R-６６６'. Nothing was changed." in said
    assert "UPDATE rules_rule SET code = '...' WHERE id = ..." in said


def test_no_pattern_of_ours_ends_with_a_dollar_and_is_matched_from_the_left() -> None:
    """Django's and pydantic's patterns aside, `$` also ends before a line break: `fullmatch` does not."""
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"re.compile", "re.match", "re.search"}:
                pattern = node.args[0]
                if isinstance(pattern, ast.Constant) and str(pattern.value).endswith("$"):
                    found.append(f"{Path(path).name}:{node.lineno}")
    assert found == []
