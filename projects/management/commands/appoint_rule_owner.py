"""Makes somebody a rule owner of the installation from the command line, or dismisses them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects import rule_owners
from projects.commands import JsonCommand
from projects.models import Person


class Command(JsonCommand):
    help = "Make a person a rule owner of the installation: one who may change the rules that projects follow."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="user name")
        parser.add_argument("--dismiss", action="store_true", help="take the role away")

    def run(self, **options: Any) -> dict[str, Any]:
        person = Person.objects.filter(username=options["name"]).first()
        if person is None:
            raise CommandError(f"there is no person {options['name']!r}")
        act = rule_owners.dismiss if options["dismiss"] else rule_owners.appoint
        changed = act(person, actor=None)
        return {"person": person.username, "rule_owner": person.is_rule_owner, "changed": changed}
