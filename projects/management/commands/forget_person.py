"""Forgets a person from the command line: their names become a number for good."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects import forgetting
from projects.commands import JsonCommand
from projects.models import Person


class Command(JsonCommand):
    help = "Forget a person: every name of theirs becomes a number, and what they judged stays. There is no way back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="user name")
        parser.add_argument("--typed", required=True, metavar="NAME", help="the user name once more, since you mean it")

    def run(self, **options: Any) -> dict[str, Any]:
        person = Person.objects.filter(username=options["name"]).first()
        if person is None:
            raise CommandError(f"there is no person {options['name']!r}")
        return {"person": person.pk, "called": forgetting.forget(person, typed=options["typed"], actor=None)}
