"""What the home page counts. Upper layers register, since this one does not know their tables."""

from __future__ import annotations

from dataclasses import dataclass

from projects.hooks import Hook
from projects.models import Person, Project, Role


@dataclass(frozen=True)
class HomeCard:
    """One figure that asks for something: its page is `url_name` of the card's project."""

    title: str
    value: int | str
    url_name: str
    hint: str = ""


cards: Hook[[Person, Project, frozenset[Role]], list[HomeCard]] = Hook()  # what waits for a person in a project
