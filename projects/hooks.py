"""What must go up the layers: a lower one declares a hook and calls it, upper ones register in their `ready()`.

project_founded: Hook[[Project, Person | None], None] = Hook()     # declared where it is called
project_founded.register(registry.give_the_default)                # in AppConfig.ready of an upper app
project_founded(project, actor)                                    # a list, one value of each who registered
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Hook(Generic[P, R]):
    """Who registered is called in that order, in the caller's transaction: what one of them raises undoes them all."""

    def __init__(self) -> None:
        self.takers: list[Callable[P, R]] = []

    def register(self, taker: Callable[P, R]) -> None:
        """Registering twice changes nothing."""
        if taker not in self.takers:
            self.takers.append(taker)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        return [taker(*args, **kwargs) for taker in self.takers]
