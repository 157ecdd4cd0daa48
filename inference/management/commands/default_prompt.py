"""Say in which prompt version the models of new projects are asked; without a name, tell which it is."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from inference.models import PromptVersion
from inference.prompting import prompt_versions
from projects.commands import JsonCommand


class Command(JsonCommand):
    help = "Projects founded from now on ask in this prompt version; those that exist keep theirs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="of a prompt version")

    def run(self, **options: Any) -> dict[str, Any]:
        if name := options["name"]:
            prompt_versions.active()  # the shipped version is a row from its first use on
            prompt = PromptVersion.objects.filter(name=name).first()
            if prompt is None:
                raise CommandError(f"no prompt version is called {name!r}")
            prompt_versions.make_default(prompt, by=None)
        return {"default": prompt_versions.active().name}
