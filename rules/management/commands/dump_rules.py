"""Writes a rule base version as a pack, in the form load_rules reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects.commands import JsonCommand
from rules import publishing
from rules.models import RuleBaseVersion
from rules.packs import dump_pack


class Command(JsonCommand):
    help = "Write the rules of the newest (or a given) rule base version as a pack."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--version",
            "--rule-base",
            dest="rule_base",
            type=int,
            help="number of the rule base version; the newest by default",
        )

    def run(self, **options: Any) -> dict[str, Any]:
        rule_base = _rule_base(options["rule_base"])
        specs = publishing.specs(rule_base)
        try:
            options["file"].write_text(dump_pack(specs), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{options['file']}: {error}") from error
        return {"rules": len(specs), "rule_base": rule_base.number, "file": str(options["file"])}


def _rule_base(number: int | None) -> RuleBaseVersion:
    found = publishing.newest() if number is None else publishing.rule_base_numbered(number)
    if found is None:
        raise CommandError("no rules are loaded yet" if number is None else f"there is no rule base version {number}")
    return found
