"""What somebody typed and cannot be read: in which field, and why, as a message with its values beside it.

`problem` is English and speaks of no reader; whoever shows it to people puts it into their language (rules.misread_words).
"""

from __future__ import annotations


class Misread(ValueError):
    """`path` names the field; `values` stand in the problem by name."""

    def __init__(self, path: str, problem: str, **values: object) -> None:
        self.path, self.problem, self.values = path, problem, values
        super().__init__(self.said(problem))

    def said(self, problem: str) -> str:
        """In the words of that message, which is the problem's own or says the same in another language."""
        told = problem % self.values if self.values else problem
        return f"{self.path}: {told}" if self.path else told


def within(path: str, name: str) -> str:
    """The path of a field within a field."""
    return f"{path}.{name}"


def quoted(value: object) -> str:
    """As a refusal shows it: what somebody wrote may be long."""
    shown = repr(value) if isinstance(value, str | int | float | None) else type(value).__name__
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
