"""Whose turn it is: who has least in hand, then who has waited longest. So nobody who always has work starves another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Turns(Generic[T]):
    """Of one process. Kinds of job take turns, and within a kind its lines."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = count()
        self._places: dict[T, int] = {}  # in the queue: who came first, or was served longest ago, has the smallest
        self._in_hand: Counter[T] = Counter()

    def order(self, waiting: Collection[T]) -> list[T]:
        """Newcomers stand behind those who wait; who neither waits nor has anything in hand is forgotten."""
        there = set(waiting)
        with self._lock:
            known = {one: place for one, place in self._places.items() if one in there or self._in_hand[one]}
            self._places = known | {one: next(self._numbers) for one in waiting if one not in known}
            return sorted(waiting, key=lambda one: (self._in_hand[one], self._places[one]))

    def serve(self, one: T) -> None:
        """It goes to the end of the queue, with something in hand."""
        with self._lock:
            self._places[one] = next(self._numbers)
            self._in_hand[one] += 1

    @contextmanager
    def served(self, one: T) -> Iterator[None]:
        """While what it was served with is in hand."""
        try:
            yield
        finally:
            with self._lock:
                self._in_hand[one] -= 1
                self._in_hand += Counter()  # drops those with nothing
