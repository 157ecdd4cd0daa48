"""Which rule base versions a project may pin. The rules app registers its list; this layer does not know its tables."""

from __future__ import annotations

from collections.abc import Callable

Numbers = Callable[[], list[int]]
_sources: list[Numbers] = []


def register(numbers: Numbers) -> None:
    if numbers not in _sources:
        _sources.append(numbers)


def rule_base_numbers() -> list[int]:
    """Newest first."""
    return sorted({number for source in _sources for number in source()}, reverse=True)
