"""What the home page counts. Upper layers register providers here, since this layer does not know their tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from projects.models import Person, Project, Role


@dataclass(frozen=True)
class HomeCard:
    """One figure that asks for something: its page is `url_name` of the card's project."""

    title: str
    value: int | str
    url_name: str
    hint: str = ""


Provider = Callable[[Person, Project, frozenset[Role]], list[HomeCard]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Called once per app in AppConfig.ready; registering twice changes nothing."""
    if provider not in _providers:
        _providers.append(provider)


def cards(person: Person, project: Project, roles: frozenset[Role]) -> list[HomeCard]:
    return [card for provider in _providers for card in provider(person, project, roles)]
