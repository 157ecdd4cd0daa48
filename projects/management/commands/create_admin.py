"""Makes or finds a system admin and prints a one-time link: the way in on the first day, and after a lost password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import override

from projects import invitations, membership
from projects.commands import JsonCommand
from projects.forms import NewPersonForm
from projects.invitations import Invitation
from projects.models import Person


class Command(JsonCommand):
    help = "Create (or find) a system admin and print a one-time link that sets a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="user name")

    def run(self, **options: Any) -> dict[str, Any]:
        with override("en"):
            invitation = invite_admin(options["name"])
        self.stderr.write(
            f"Open http://localhost:{settings.PORT}{invitation.path} once, "
            f"before {invitation.expires_at:%Y-%m-%d %H:%M} UTC."
        )
        return {
            "person": invitation.person.username,
            "link": invitation.path,
            "expires": invitation.expires_at.isoformat(),
        }


def invite_admin(name: str) -> Invitation:
    person = Person.objects.filter(username=Person.normalize_username(name)).first()
    if person is None:
        return membership.create_person(_valid(name), "", "", actor=None, system_admin=True)
    if not person.is_system_admin:
        raise CommandError(f"{name} exists and is no system admin; nothing was changed. Choose another name.")
    if not person.is_active:
        raise CommandError(f"{name} is deactivated; another system admin can reactivate them.")
    return invitations.invite(person, actor=None)


def _valid(name: str) -> str:
    """By the rules of the people page."""
    form = NewPersonForm({"username": name})
    if not form.is_valid():
        raise CommandError("; ".join(str(error) for errors in form.errors.values() for error in errors))
    return str(form.cleaned_data["username"])
