"""What an engine is asked and what it answers. An engine never invents: what it says is text that is parsed strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from relevance.evidence import Grid
from relevance.facts import PairFacts
from relevance.rules import RuleSpec


@dataclass(frozen=True)
class Question:
    """One pair to judge, with its grid and the rules routed to it."""

    pair: PairFacts
    grid: Grid
    rules: tuple[RuleSpec, ...]


@dataclass(frozen=True)
class Completion:
    """The answer: a chain as JSON text, and a posterior over L1 to L4 where the engine has one. Seconds of its own."""

    text: str
    posterior: Mapping[str, float] | None
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


class EngineError(Exception):
    """The engine could not answer this question; `code` is for machines."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class EngineUnavailable(EngineError):
    """It may answer later: worth another try."""


class Engine(Protocol):
    name: str
    revision: str
    prompt_version: str

    def generate(self, questions: Sequence[Question]) -> list[Completion | EngineError]:
        """An answer or an error for each question, in their order."""
