"""Why an engine gave no answer: codes for machines, a sentence for people."""

from __future__ import annotations


class EngineError(Exception):
    """The engine could not answer this question; `code` is for machines."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class EngineUnavailable(EngineError):
    """It may answer later: worth another try, not before `retry_after` seconds where it said so."""

    def __init__(self, code: str, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class EngineWaiting(EngineUnavailable):
    """It was not even asked: the circuit breaker of its endpoint is open. Costs no attempt."""
