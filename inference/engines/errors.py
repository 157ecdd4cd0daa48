"""Why an engine gave no answer: codes for machines, a sentence for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

A = TypeVar("A")

# What every other question would meet as well, until somebody mends the engine, its server or its folder of weights.
FOR_ALL = frozenset(
    {
        *("auth", "not_found", "other_model"),
        *("unknown_engine", "other_revision", "not_installed"),
        *("no_config", "config", "adapter", "no_safetensors", "no_tokenizer", "tokenizer", "no_processor", "processor"),
        *("no_chat_template", "chat_template", "remote_code", "unknown_model_type", "no_chat_model"),
        *("not_loaded", "weights_missing", "choices"),
    }
)


class EngineError(Exception):
    """The engine could not answer this question; `code` is for machines."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code

    @property
    def for_all(self) -> bool:
        """It refuses to answer at all, not this question alone: whoever asks many stops here."""
        return self.code in FOR_ALL


class EngineUnavailable(EngineError):
    """It may answer later: worth another try, not before `retry_after` seconds where it said so."""

    def __init__(self, code: str, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class EngineWaiting(EngineUnavailable):
    """It was not even asked: the circuit breaker of its endpoint is open. Costs no attempt."""


def refused_altogether(stored: str) -> bool:
    """Of an error as it is stored, its code before a colon."""
    return stored.partition(":")[0] in FOR_ALL


def unless_refused(answers: Sequence[A]) -> Sequence[A]:
    """The answers to some of many questions; raises what the engine would say to all the others as well."""
    for answer in answers:
        if isinstance(answer, EngineError) and answer.for_all:
            raise answer
    return answers
