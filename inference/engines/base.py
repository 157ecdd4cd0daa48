"""What an engine is asked and what it answers. An engine never invents: what it says is text that is parsed strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from inference.engines.chat import Picture, SampledAnswer
from inference.engines.errors import EngineError, EngineUnavailable, EngineWaiting
from relevance.evidence import EvidenceGrid
from relevance.facts import ItemFacts, PairFacts
from relevance.routing import RoutedRule

__all__ = ["Completion", "Engine", "EngineError", "EngineUnavailable", "EngineWaiting", "Question", "Terms"]


@dataclass(frozen=True)
class Question:
    """One pair to judge, with its grid, the rules routed to it and what helps to understand query and picture.

    `knowledge` are notes, `guideline` says what the query asks for; all of it may be absent.
    """

    pair: PairFacts
    grid: EvidenceGrid
    rules: tuple[RoutedRule, ...]
    knowledge: tuple[Mapping[str, Any], ...] = ()
    guideline: Mapping[str, Any] | None = None
    caption: str = ""
    pictures: tuple[Picture, ...] = ()
    company: tuple[ItemFacts, ...] = ()  # the query's items, for engines that judge an item beside the others


@dataclass(frozen=True)
class Terms:
    """What an answer in an engine's own words must keep to: the code it must repeat, its letters, what it may cite.

    Where the server does not hold a schema (`schema_held`), the one object is looked for among thoughts and fences.
    """

    code: str
    order: Mapping[str, str]  # letter -> label
    citable: frozenset[str]
    schema_held: bool = True


@dataclass(frozen=True)
class Completion:
    """The answer: a chain as JSON text, and a posterior over L1 to L4 where the engine has one. Seconds of its own.

    `others` are further samples of the chain. With `terms` the texts are in a model's words and are read by them.
    """

    text: str
    posterior: Mapping[str, float] | None
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    seconds: float = 0.0
    finish: str = "stop"
    others: tuple[SampledAnswer, ...] = ()
    terms: Terms | None = None
    moved: tuple[tuple[str, float], ...] = ()  # features, and how far each moved the answer towards good


class Engine(Protocol):
    name: str
    revision: str
    prompt_version: str

    def inputs(self, question: Question) -> object:
        """Everything of a question that the answer depends on, as JSON values: what a prediction is identified by."""

    def generate(self, questions: Sequence[Question]) -> list[Completion | EngineError]:
        """An answer or an error for each question, in their order."""
