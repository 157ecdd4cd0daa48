"""Publishes the rules of a pack, as the database's owner. Bad rules are named on stderr and left out; the good ones go in."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from database.connecting import connected_as
from projects.commands import JsonCommand, unless_nothing_succeeded
from projects.refusals import TotalFailure
from rules.packs import load_pack
from rules.publishing import may_load_packs, publish_pack


class Command(JsonCommand):
    help = "Publish the rules of a pack (YAML, docs/rules.md). Repeating it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)

    def run(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        try:
            pack = load_pack(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: {error}") from error
        if pack.problems and not pack.rules:
            raise CommandError(f"{path}: no rule can be read: {'; '.join(pack.problems)}")
        with nullcontext() if may_load_packs() else connected_as(settings.OWNER_DATABASE):
            loaded = publish_pack(pack.rules, note=path.name)
        problems = [*pack.problems, *loaded.problems]
        for problem in problems:
            self.stderr.write(problem)
        answer = {
            "rules": loaded.rules,
            "versions": loaded.versions,
            "rule_base": loaded.rule_base,
            "problems": len(problems),
        }
        none = not loaded.rules and problems
        said = f"0 of {len(problems)} rules were published: {problems[0]}" if none else ""
        return unless_nothing_succeeded(answer, TotalFailure("no_rule_published", said) if none else None)
