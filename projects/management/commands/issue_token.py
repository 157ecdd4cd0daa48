"""Issues a service token from the command line; its secret is printed once, in the answer."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects import tokens
from projects.commands import JsonCommand
from projects.models import Person, Project, Scope


class Command(JsonCommand):
    help = "Issue a service token for a program, in the name of a lead of the project."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True, help="what it is for")
        parser.add_argument("--scope", required=True, action="append", choices=Scope.values, help="may be repeated")
        parser.add_argument("--days", type=int, default=90, help="until it ends, at most 365; default 90")
        parser.add_argument("--by", required=True, metavar="USER", help="the lead who answers for it")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"], archived_at=None).first()
        lead = Person.objects.filter(username=options["by"]).first()
        if project is None:
            raise CommandError(f"there is no project {options['project']!r}")
        if lead is None:
            raise CommandError(f"there is no person {options['by']!r}")
        scopes = [Scope(scope) for scope in options["scope"]]
        token, secret = tokens.issue(project, options["name"], scopes, options["days"], actor=lead)
        self.stderr.write("The token is shown only now.")
        return {
            "token": secret,
            "prefix": token.prefix,
            "scopes": token.scopes,
            "expires": token.expires_at.isoformat(timespec="seconds"),
        }
