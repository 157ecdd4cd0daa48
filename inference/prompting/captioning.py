"""Relevance-guided captions: a vision model is asked what this query needs to know about a picture, and answers in words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from inference.engines.chat import Call, ChatModel, Picture, Reply
from inference.engines.errors import EngineError
from inference.prompting.prompts import PARTING, PromptSet, fill
from relevance.quoting import quoted
from relevance.sanitising import storable

MAX_TOKENS = 200
LONGEST = 1000


@dataclass(frozen=True)
class CaptionRequest:
    """A picture to be described for a query."""

    query: str
    picture: Picture


def question(query: str, prompts: PromptSet) -> str:
    """The question in words: what a stored caption is an answer to."""
    _system, user = prompts.parts("caption")
    return fill(user, {"picture": "", "query": quoted(query[:1000])}).strip()


def question_digest(query: str, prompts: PromptSet) -> str:
    """Of the instructions and the question."""
    whole = prompts.templates["caption"].partition(PARTING)[0] + question(query, prompts)
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()


def captions(wanted: Sequence[CaptionRequest], chat: ChatModel, prompts: PromptSet) -> list[str | EngineError]:
    """A caption for each; empty where the model was cut off or said nothing."""
    replies = chat.converse([call(one, prompts) for one in wanted])
    return [reply if isinstance(reply, EngineError) else read(reply) for reply in replies]


def call(wanted: CaptionRequest, prompts: PromptSet) -> Call:
    system, _user = prompts.parts("caption")
    return Call(system=system, user=(wanted.picture, question(wanted.query, prompts)), max_tokens=MAX_TOKENS)


def read(reply: Reply) -> str:
    said = reply.said[0]
    return " ".join(storable(said.text).split())[:LONGEST] if said.finish == "stop" else ""
