"""What projects and people may be called: seen as it is typed, and short names that no other can be taken for.

What is there already keeps its name. A display name may be in any script; what people type to find one another, user names and
short names, is ASCII, so that no letter of another script looks like one of them.
"""

from __future__ import annotations

import re

from django import forms
from django.db import connection
from django.db.models import Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.models import Membership, NameAsRead, Person, Project
from projects.refusals import Refused
from relevance.facts import fold
from relevance.identifiers import is_identifier
from relevance.invisible_characters import without_unseen

NEW_SLUG = re.compile("[a-z0-9](?:[-a-z0-9_]{0,58}[a-z0-9])?", re.ASCII)
# Words of our own addresses and commands: /p/new/ would be read as the page for a new project.
_OURS = """account admin all api audit health help language login logout models new none offers p people projects rules static
    welcome workers"""
RESERVED = frozenset(_OURS.split())
LOCK = 7304
NAME_TAKEN = gettext_lazy("This name cannot be told from another project's: choose one that can.")


def check_seen(name: str) -> None:
    """For forms: nothing in it that a reader does not see, and something that they do."""
    if without_unseen(name) != name:
        raise forms.ValidationError(_("This name holds signs that nobody sees: type it anew."))
    if name and re.search(r"\w", name) is None:
        raise forms.ValidationError(_("A name holds a letter or a digit."))


def check_own(name: str) -> None:
    """For forms: not a number under which people are shown to those who do not read their names."""
    if re.fullmatch(r"(person|人员)\d+", _as_read(name)):
        raise forms.ValidationError(_("This is how people without a name are shown: choose another name."))


def check_nobody_elses(name: str, person: Person) -> None:
    """For forms: in no project of this person is another called so, or signs in so."""
    shared = Membership.objects.filter(project__memberships__person=person).exclude(person=person)
    others = shared.values_list("person__name", "person__username").distinct()
    if name and _as_read(name) in {_as_read(one) for both in others for one in both if one}:
        raise forms.ValidationError(
            _("Someone in a project of yours is called so: choose a name that tells you apart.")
        )


def _as_read(name: str) -> str:
    """In one case and width, without blanks and marks: `M. Lead` reads as `mlead`."""
    return re.sub(r"[\s!-/:-@\[-`{-~]+", "", fold(name))


def taken(name: str, but: Project | None = None) -> bool:
    """Whether another project, in whatever case and width, is called so."""
    others = Project.objects.exclude(pk=but.pk) if but is not None else Project.objects.all()
    return others.annotate(as_read=NameAsRead("name")).filter(as_read=NameAsRead(Value(name))).exists()


def claim(name: str, but: Project | None = None) -> None:
    """Until the transaction ends nobody else names a project. Raises Refused."""
    # Without the lock two who take a name at once would both find it free: the database would refuse one of them.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    if taken(name, but):
        raise Refused("name_taken", NAME_TAKEN, status=409, field="name")


def check_slug(slug: str) -> None:
    """Raises Refused."""
    if not is_identifier(slug, NEW_SLUG):
        shape = _(
            "A short name is of small letters a to z, digits, hyphens and underscores, with a letter or digit at both ends."
        )
        raise Refused("bad_slug", shape, field="slug")
    if slug in RESERVED:
        raise Refused("reserved_slug", _("The product uses this word itself: choose another short name."), field="slug")
