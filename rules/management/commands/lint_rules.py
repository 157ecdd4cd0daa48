"""Contradictions, gaps and unreachable rules in a rule base version or in a pack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects.commands import JsonCommand
from rules import publishing
from rules.linting import lint
from rules.packs import load_pack


class Command(JsonCommand):
    help = "Lint the newest rule base version, another one, or a pack. Findings are no failure: the exit status is 0."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="a pack instead of what is loaded")
        parser.add_argument("--version", type=int, dest="number", help="a rule base version (default: the newest)")

    def run(self, **options: Any) -> dict[str, Any]:
        problems: tuple[str, ...] = ()
        if options["file"] is not None:
            try:
                pack = load_pack(options["file"].read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"{options['file']}: {error}") from error
            specs, problems = pack.rules, pack.problems
            if problems and not specs:
                raise CommandError(f"{options['file']}: no rule can be read: {'; '.join(problems)}")
        else:
            number = options["number"]
            rule_base = publishing.newest() if number is None else publishing.rule_base_numbered(number)
            if rule_base is None:
                raise CommandError("there is no such rule base version")
            specs = publishing.specs(rule_base)
        for problem in problems:
            self.stderr.write(problem)
        return {"findings": [finding.to_json() for finding in lint(specs)]}
