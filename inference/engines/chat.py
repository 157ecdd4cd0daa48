"""What is said to a large model and what it says back: the one shape that every chat engine speaks.

A chat engine knows nothing of pairs, prompts and chains. It never matches an answer to a call by anything but the call
itself, and it never assumes that a constraint held: it looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from inference.engines.errors import EngineError


@dataclass(frozen=True)
class Picture:
    """Our own re-encoded copy of an item's picture: bytes, never an address."""

    sha256: str
    media_type: str  # image/jpeg, image/png or image/webp
    data: bytes


@dataclass(frozen=True)
class Call:
    """One request. With `choices` the answer is exactly one of them and their shares are wanted; with `schema` it is
    one JSON object under it; with neither it is free text. Never both.
    """

    system: str
    user: tuple[str | Picture, ...]
    choices: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    samples: int = 1
    max_tokens: int = 1024
    temperature: float = 0.0
    seed: int | None = None


@dataclass(frozen=True)
class SampledAnswer:
    """One of the sampled answers; `finish` is "stop" where the model ended by itself, "length" where it was cut off."""

    text: str
    finish: str


@dataclass(frozen=True)
class Reply:
    """The answers to a call, in no particular order.

    `shares` are the probabilities of the choices, summing to 1; None where the server gives none. Tokens are counted
    over the whole call, seconds from asking to the last byte.
    """

    said: tuple[SampledAnswer, ...]
    shares: Mapping[str, float] | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    seconds: float = 0.0


class ChatModel(Protocol):
    name: str  # of the engine, as in the registry
    revision: str

    def converse(self, calls: Sequence[Call]) -> list[Reply | EngineError]:
        """A reply or an error for each call, in their order; as many at once as the model can take."""
