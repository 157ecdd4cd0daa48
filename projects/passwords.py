"""Refuses a password made of the product's words and the names of the person's projects: these are guessed first."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from projects.models import Person, Project

WORDS = (
    "lore",
    "copilot",
    "relevance",
    "annotation",
    "annotator",
    "labeler",
    "judgment",
    "adjudicator",
    "password",
    "welcome",
)
LEFT = 8  # signs that must remain when all such words are taken out


class NotOfTheWorkplace:
    """Refuses a password of which little remains without the product's words and the names of the person's projects."""

    def validate(self, password: str, user: Person | None = None) -> None:
        rest = password.lower()
        for word in sorted(self._words(user), key=len, reverse=True):
            rest = rest.replace(word, "")
        if rest != password.lower() and len(rest) < LEFT:
            raise ValidationError(_("The password is made of words of this workplace."), code="workplace_words")

    def get_help_text(self) -> str:
        return _("Your password can't be made of the product's words or the names of your projects.")

    def _words(self, user: Person | None) -> set[str]:
        projects = Project.objects.filter(memberships__person=user) if user is not None and user.pk else ()
        names = {name.lower() for project in projects for name in (project.slug, project.name)}
        return {*WORDS, *names, *(part for name in names for part in re.findall(r"\w{4,}", name))}
