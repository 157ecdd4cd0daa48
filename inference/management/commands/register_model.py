"""Register a chat model: a server or a folder of weights, probed for what it can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from inference.models import ModelVersion
from inference.registry import connecting, lineage, registering, registry
from inference.registry.registering import ModelToRegister
from projects.commands import JsonCommand
from projects.models import Project
from relevance.splits import Splits


class Command(JsonCommand):
    help = "Register a model under a name; it is asked what it serves, whether it holds constraints, and to judge one pair."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--engine", required=True, choices=sorted(connecting.CHATS))
        parser.add_argument(
            "--target", default="", help="address of a server (default: LORE_OPENAI_BASE_URL) or folder"
        )
        parser.add_argument("--revision", default="", help="of the weights; default: what the engine says of itself")
        parser.add_argument("--role", choices=ModelVersion.Role.values, default=ModelVersion.Role.JUDGE.value)
        parser.add_argument("--pictures", choices=ModelVersion.Pictures.values, default="none")
        parser.add_argument("--served-name", default="", help="which of a server's models")
        parser.add_argument(
            "--answers-as", default="", help="the name its answers carry, where that is another than --served-name"
        )
        parser.add_argument("--no-guideline", action="store_true", help="ask for no guideline per query")
        parser.add_argument(
            "--trained-on",
            action="append",
            default=[],
            type=Path,
            metavar="MANIFEST|FILE",
            help="manifest of an export, or a file of queries, that it was trained on; again for each",
        )
        parser.add_argument(
            "--promote-in",
            action="append",
            default=[],
            metavar="PROJECT",
            help="it answers there from now on (repeatable)",
        )
        parser.add_argument(
            "--accept-invalid",
            action="store_true",
            help="register it although its answer about the first pair is no judgment; its page says so",
        )
        parser.add_argument("--default", action="store_true", help="projects founded from now on start with it")

    def run(self, **options: Any) -> dict[str, Any]:
        own: dict[str, Any] = {}
        if options["served_name"]:
            own["model"] = options["served_name"]
        if options["answers_as"]:
            own["answers_as"] = options["answers_as"]
        if options["no_guideline"]:
            own["guideline"] = False
        slugs = options["promote_in"]
        projects = list(Project.objects.filter(slug__in=slugs))
        if unknown := set(slugs) - {project.slug for project in projects}:
            raise CommandError(f"no project is called {', '.join(sorted(map(repr, unknown)))}")
        wanted = ModelToRegister(
            options["name"],
            options["engine"],
            options["target"],
            options["revision"],
            options["role"],
            options["pictures"],
            own,
            options["trained_on"],
            options["accept_invalid"],
        )
        version, new, found, first = registering.register(wanted, by=None)
        for project in projects:
            registry.promote(version, project, by=None)
        if options["default"]:
            registry.make_default(version, by=None)
        return {
            "model": version.name,
            "revision": version.revision,
            "prompt_version": version.prompt_version,
            "new": new,
            "active_in": sorted(project.slug for project in projects),
            "default": options["default"],
            "found": found.as_json(),
            "first_judgment": first.as_json() | {"sentence": first.sentence} if first is not None else None,
            "lineage": _lineage(version),
        }


def _lineage(version: ModelVersion) -> dict[str, int] | str:
    """Families of queries that it has learnt from, and how many of them test by the split alone, without any benchmark."""
    known = lineage.of(version)
    return "unknown" if known is None else {"families": len(known), "test": lineage.tests_seen(version, Splits())}
