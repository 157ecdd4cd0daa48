"""The people of the demo, who sign in by one click. They have no password, and are nobody outside the demo.

Their user names begin with "demo-", which no other person's may; their sessions are carried by DemoBackend, which
knows nobody unless settings.DEMO. Switching the demo off therefore ends them.

The demo is for a database of its own: where somebody can sign in who is not of it, it does not start, and its logins open
nothing; nor where a project is older than the demo. Of the demo are its people, and whom they have let in; so is what people
bring in from the shell beside it, while nobody else can sign in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.db import transaction
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from projects.models import AuditEvent, Membership, Person, Project, Role

PREFIX = "demo-"
SLUG = "demo"
BACKEND = "projects.demo_logins.DemoBackend"


@dataclass(frozen=True)
class DemoLogin:
    username: str
    name: str
    title: str | Promise
    leaves_with: str | Promise
    role: Role | None
    keeps_rules: bool = False  # a rule owner of the installation, too


CAST: tuple[DemoLogin, ...] = (
    DemoLogin("demo-ana", "Ana", _("labeler"), _("Judge pairs, one key each."), Role.LABELER),
    DemoLogin("demo-ben", "Ben", _("labeler"), _("The second opinion on the same pairs."), Role.LABELER),
    DemoLogin("demo-ada", "Ada", _("adjudicator"), _("Settle what others disagree on."), Role.ADJUDICATOR),
    DemoLogin(
        "demo-rosa",
        "Rosa",
        _("rule owner"),
        _("Read the rules and where they bite."),
        Role.RULE_OWNER,
        keeps_rules=True,
    ),
    DemoLogin("demo-max", "Max", _("ML engineer"), _("Pre-label, mine hard samples, export."), Role.ML_ENGINEER),
    DemoLogin("demo-lena", "Lena", _("lead"), _("Import, staff and watch the project."), Role.LEAD),
    DemoLogin("demo-otto", "Otto", _("auditor"), _("See everything, change nothing."), Role.AUDITOR),
    DemoLogin("demo-root", "Root", _("system admin"), _("People and projects, no judgments."), None),
)


def ensure(project: Project) -> list[Person]:
    """The demo's people, each with their role in the project. May be repeated."""
    if not settings.DEMO:
        raise RuntimeError("demo people exist only in the demo: set LORE_DEMO=1")
    with transaction.atomic():
        return [_ensure_one(login, project) for login in CAST]


def _ensure_one(login: DemoLogin, project: Project) -> Person:
    person = Person.objects.filter(username=login.username).first()
    if person is None:
        person = Person.objects.create_person(
            login.username, name=login.name, is_system_admin=login.role is None, is_rule_owner=login.keeps_rules
        )
    if login.role is not None:
        Membership.objects.get_or_create(project=project, person=person, role=login.role)
    return person


def strangers() -> list[str]:
    """Who can sign in and is not of the demo, by user name. Roots of the demo may let others in, and these others again."""
    others = dict(
        Person.objects.filter(is_active=True).exclude(username__startswith=PREFIX).values_list("pk", "username")
    )
    if not others:
        return []
    ours = set(Person.objects.filter(username__startswith=PREFIX).values_list("pk", flat=True))
    let_in = AuditEvent.objects.filter(act="person.created", actor__isnull=False).order_by("pk")
    for object_id, actor in let_in.values_list("object_id", "actor_id"):  # nobody lets in before being let in
        if actor in ours:
            ours.add(int(object_id))
    return sorted(name for pk, name in others.items() if pk not in ours)


def earlier_projects() -> list[str]:
    """Projects that were there before the demo, by short name: whoever enters the demo would run what holds them."""
    rows = Project.objects.exclude(slug=SLUG)
    first = Person.objects.filter(username__startswith=PREFIX).order_by("pk").first()
    if first is not None:
        rows = rows.filter(created_at__lt=first.created_at)
    return list(rows.order_by("slug").values_list("slug", flat=True))


def why_not() -> str:
    """One sentence with the way out where the demo must not be served, else nothing."""
    if not settings.DEMO:
        return ""
    if found := strangers():
        what = "people can sign in who are not of the demo"
    elif found := earlier_projects():
        what = "projects are older than the demo"
    else:
        return ""
    named = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
    return (
        f"LORE_DEMO=1 lets anybody in without a password, and here {what} ({named}): "
        "serve them without it (python manage.py up), or give the demo a folder of its own (LORE_DATA_DIR=/elsewhere make run)"
    )


def _open() -> bool:
    return bool(settings.DEMO) and not strangers() and not earlier_projects()


def offered() -> list[DemoLogin]:
    """What the login page shows: nothing outside the demo, and only people who are there."""
    if not _open():
        return []
    there = set(Person.objects.filter(username__startswith=PREFIX, is_active=True).values_list("username", flat=True))
    return [login for login in CAST if login.username in there]


def demo_person(username: str) -> Person | None:
    """The person behind a one-click login, or nobody: never outside the demo, never someone with a password."""
    if username not in {login.username for login in CAST} or not _open():
        return None
    person = Person.objects.filter(username=username, is_active=True).first()
    return person if person is not None and not person.has_usable_password() else None


class DemoBackend(BaseBackend):
    """Carries demo sessions; authenticates nobody by credentials."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: int) -> Person | None:
        if not _open():
            return None
        return Person.objects.filter(pk=user_id, is_active=True, username__startswith=PREFIX).first()
