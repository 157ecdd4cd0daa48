"""What a chat engine can do, found out by asking it: whether it answers, holds a constraint, tells probabilities and
can be shown a picture.

A server that ignores a constraint says nothing about it, so nothing is assumed (vLLM dropped `guided_choice` in 0.12 and
answers 200 all the same).
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import PIL.Image

from inference.engines.chat import Call, ChatModel, Picture
from inference.engines.errors import EngineError, EngineUnavailable

LETTERS = ("A", "B", "C", "D")
_SYSTEM = "You answer with one of the letters A, B, C or D."
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": list(LETTERS)}},
    "required": ["label"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Found:
    """`choices`: an answer is held to given words; `shares`: with their probabilities; `schema`: JSON is held; `pictures`:
    it answers to a picture, None where it was away just then.
    """

    answers: bool
    choices: bool
    shares: bool
    schema: bool
    pictures: bool | None = None
    problem: str = ""
    code: str = ""  # of the problem
    blind: str = ""  # what it said to the picture instead

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("code", "blind")}


def probe(chat: ChatModel) -> Found:
    """Four short calls. An engine that is away gives `answers` False and the reason."""
    (plain,) = chat.converse([Call(_SYSTEM, ("Say A.",), max_tokens=4)])
    if isinstance(plain, EngineError):
        return Found(answers=False, choices=False, shares=False, schema=False, problem=str(plain), code=plain.code)
    # An order that a constraint must overrule, so that holding it is no accident.
    (chosen,) = chat.converse([Call(_SYSTEM, ("Write the word house.",), choices=LETTERS, max_tokens=1)])
    (formed,) = chat.converse([Call(_SYSTEM, ("Write the word house.",), schema=_SCHEMA, max_tokens=60)])
    (shown,) = chat.converse([Call(_SYSTEM, (_picture(), "Say A."), max_tokens=4)])
    return Found(
        answers=True,
        choices=not isinstance(chosen, EngineError),
        shares=not isinstance(chosen, EngineError) and chosen.shares is not None,
        schema=not isinstance(formed, EngineError) and _holds(formed.said[0].text),
        pictures=None if isinstance(shown, EngineUnavailable) else not isinstance(shown, EngineError),
        blind=str(shown) if isinstance(shown, EngineError) else "",
    )


def _picture() -> Picture:
    """Large enough for every model's smallest patch, and no larger."""
    made = io.BytesIO()
    PIL.Image.new("RGB", (112, 112), "red").save(made, "PNG")
    data = made.getvalue()
    return Picture(hashlib.sha256(data).hexdigest(), "image/png", data)


def _holds(text: str) -> bool:
    try:
        answer = json.loads(text)
    except ValueError:
        return False
    return isinstance(answer, dict) and set(answer) == {"label"} and answer["label"] in LETTERS
