"""An engine that answers what it was told to: for tests and trials, an engine like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from inference.engines.base import Completion, EngineError, Question

Answer = Completion | EngineError | str


class Scripted:
    """From a list (one answer after the other) or a function of the question. A plain string is text without posterior."""

    name = "scripted"
    prompt_version = "1"

    def __init__(self, answers: Iterable[Answer] | Callable[[Question], Answer], revision: str = "1") -> None:
        self.revision = revision
        self.asked: list[Question] = []
        self._function = answers if callable(answers) else None
        self._answers = iter(()) if callable(answers) else iter(answers)

    def inputs(self, question: Question) -> object:
        return [
            question.pair.to_json(),
            question.grid.to_json(),
            [(rule.spec.code, rule.spec.version, *rule.reason) for rule in question.rules],
        ]

    def generate(self, questions: Sequence[Question]) -> list[Completion | EngineError]:
        self.asked += questions
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question) -> Completion | EngineError:
        if self._function is not None:
            answer = self._function(question)
        else:
            answer = next(self._answers, EngineError("script_ended", "the script has no further answer"))
        return Completion(answer, None) if isinstance(answer, str) else answer
