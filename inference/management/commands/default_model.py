"""Say which model new projects start with; without a name, tell which it is."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from inference.models import ModelVersion
from inference.registry import registry
from projects.commands import JsonCommand, UsageError


class Command(JsonCommand):
    help = "Projects founded from now on start with this model; those that exist keep theirs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="of a registered model, its newest version")
        parser.add_argument("--none", action="store_true", help="without one: a judge is then the cold start")
        parser.add_argument("--role", choices=ModelVersion.Role.values, help="of --none, or to tell of; default: judge")

    def run(self, **options: Any) -> dict[str, Any]:
        name, role = options["name"], options["role"] or ModelVersion.Role.JUDGE.value
        if name and (options["none"] or options["role"]):
            raise UsageError("a name, or --none: not both; and a model knows its own role")
        if name:
            version = registry.by_name(name)
            role = version.role
            registry.make_default(version, by=None)
        elif options["none"]:
            registry.forget_default(role, by=None)
        now = registry.default(role)
        return {"role": role, "default": now.name if now else None, "revision": now.revision if now else None}
