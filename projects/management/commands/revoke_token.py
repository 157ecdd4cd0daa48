"""Revokes a service token: the way when one has leaked and nobody is at a browser."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects import tokens
from projects.commands import JsonCommand
from projects.models import ServiceToken


class Command(JsonCommand):
    help = "Revoke a service token, for good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("prefix", metavar="PREFIX", help="lore_PREFIX, or the PREFIX alone, as the list shows it")

    def run(self, **options: Any) -> dict[str, Any]:
        prefix = options["prefix"].removeprefix("lore_").split("_")[0]  # a whole token works too
        token = ServiceToken.objects.filter(prefix=prefix).first()
        if token is None:
            raise CommandError(f"there is no token {prefix!r}")
        return {"prefix": prefix, "name": token.name, "revoked": tokens.revoke(token, actor=None)}
