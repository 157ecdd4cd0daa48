"""The query-level guideline: what a query asks for, told once by a model and read with all its items.

A guideline written once per query and reused lifted agreement in Zalando's study (ECIR 2025).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from inference.engines.chat import Call, ChatModel, Reply
from inference.engines.errors import EngineError
from inference.prompting.prompts import PromptSet, fill
from inference.prompting.rendering import fresh, knowledge_text
from relevance.chain import lone_object
from relevance.quoting import quoted
from relevance.sanitising import storable_value

MAX_TOKENS = 400
Phrase = Annotated[str, BeforeValidator(storable_value), Field(strict=True, max_length=300)]


class Guideline(BaseModel):
    """What an item must have, and what would make it better. An empty intent: the model gave no usable answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intent: Phrase = ""
    required: Annotated[tuple[Phrase, ...], Field(max_length=12)] = ()
    optional: Annotated[tuple[Phrase, ...], Field(max_length=12)] = ()


NONE = Guideline()
_TEXTS = {"type": "array", "items": {"type": "string"}, "maxItems": 8}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"nonce": {"type": "string"}, "intent": {"type": "string"}, "required": _TEXTS, "optional": _TEXTS},
    "required": ["nonce", "intent", "required", "optional"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class GuidelineRequest:
    """A query and the notes known of it."""

    query: str
    knowledge: tuple[Mapping[str, Any], ...] = ()


def guidelines(
    asked: Sequence[GuidelineRequest], chat: ChatModel, prompts: PromptSet, *, schema_held: bool = True
) -> list[Guideline | EngineError]:
    """One for each query; NONE where the model's words are no guideline, the error where it did not answer."""
    codes = [fresh() for _ in asked]
    replies = chat.converse([call(one, prompts, code) for one, code in zip(asked, codes, strict=True)])
    return [
        reply if isinstance(reply, EngineError) else read(reply, code, schema_held=schema_held)
        for reply, code in zip(replies, codes, strict=True)
    ]


def call(asked: GuidelineRequest, prompts: PromptSet, code: str) -> Call:
    system, user = prompts.parts("guideline")
    values = {"knowledge": knowledge_text(asked.knowledge, prompts), "query": quoted(asked.query[:1000]), "code": code}
    return Call(system=system, user=(fill(user, values),), schema={**SCHEMA}, max_tokens=MAX_TOKENS)


def read(reply: Reply, code: str, *, schema_held: bool = True) -> Guideline:
    """Strictly, as a chain: whole, with its code, under its schema; else NONE."""
    said = reply.said[0]
    text = said.text if schema_held else lone_object(said.text)
    try:
        answer = json.loads(text) if isinstance(text, str) and said.finish == "stop" else None
        if not isinstance(answer, dict) or answer.pop("nonce", None) != code:
            return NONE
        return Guideline.model_validate(answer)
    except (ValueError, RecursionError, ValidationError):
        return NONE
