"""vLLM, or any server that speaks OpenAI's chat protocol: many calls at once, none trusted further than it shows.

Every call has one deadline and one byte cap. Nothing is tried twice here: a job's attempts are counted in its row.
What a server did is an `EngineError` with a code: connection, deadline, http_5xx, rate_limited, truncated, too_large,
redirect, auth, not_found, bad_request, html, not_api, other_model, constraint_ignored; `waiting` where it was not even
asked. `server_errors` says each in a sentence.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
from pydantic import BaseModel, ValidationError

from inference.engines import loop
from inference.engines.breaker import Breaker
from inference.engines.chat import Call, Picture, Reply, SampledAnswer
from inference.engines.errors import EngineError, EngineUnavailable, EngineWaiting
from inference.engines.server_errors import error_of
from inference.engines.server_words import is_page, shown
from inference.engines.transport import CONNECT_SECONDS, CappedTransport

HELD = 0.98  # of the probability must lie on the choices, or the constraint did not hold
MOST_ALTERNATIVES = 20  # vLLM's own limit of log-probabilities a token
# What says that the server, not this one request, is in trouble.
ENDPOINT_FAULTS = frozenset({"connection", "deadline", "http_5xx", "truncated", "not_api", "html"})


@dataclass(frozen=True)
class Endpoint:
    """Where a served model answers. `model` is the name it is asked for; `answers_as` the one it answers with, where that is
    another: a dated name, a path. The key stays out of every record.
    """

    base_url: str
    model: str
    api_key: str = ""
    concurrency: int = 64
    deadline_seconds: float = 90.0
    breaker_failures: int = 10
    answers_as: str = ""


class _Message(BaseModel):
    content: str | None = None


class _Alternative(BaseModel):
    token: str
    logprob: float


class _Token(BaseModel):
    top_logprobs: list[_Alternative] = []


class _Logprobs(BaseModel):
    content: list[_Token] | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Details(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Answer(BaseModel):
    """The part of an answer that we read."""

    model: str = ""
    choices: list[_Choice]
    usage: _Usage | None = None


class OpenAIServer:
    """A chat model behind an endpoint. One object serves any number of threads."""

    name = "openai_server"

    def __init__(self, endpoint: Endpoint, revision: str) -> None:
        self.endpoint = endpoint
        self.revision = revision
        self.breaker = Breaker(failures=endpoint.breaker_failures)
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key or "none",
            max_retries=0,
            http_client=httpx2.AsyncClient(
                transport=CappedTransport(endpoint.concurrency),
                timeout=httpx2.Timeout(endpoint.deadline_seconds, connect=CONNECT_SECONDS, pool=None),
                follow_redirects=False,
                trust_env=False,
            ),
        )
        # Without it the server would get all calls at once, and those that it lets wait would run out of their time.
        self._turns = asyncio.Semaphore(endpoint.concurrency)

    def converse(self, calls: Sequence[Call]) -> list[Reply | EngineError]:
        return loop.run(self._all(calls))

    def served_models(self) -> list[str]:
        """What the server says it serves. Raises EngineError."""
        # The client's own `models.list` ends in an AttributeError where a page of HTML answers.
        return _names(loop.run(self._body(self._client.get("/models", cast_to=httpx2.Response))))

    def close(self) -> None:
        """Let go of the sockets; only for an engine that nobody else uses."""
        loop.run(self._client.close())

    async def _body(self, asked: Awaitable[httpx2.Response]) -> bytes:
        """The bytes of an answer, within the deadline. Raises EngineError."""
        try:
            async with asyncio.timeout(self.endpoint.deadline_seconds):
                return (await asked).content
        except TimeoutError as error:
            raise EngineUnavailable("deadline", f"no answer within {self.endpoint.deadline_seconds:g} s") from error
        except openai.OpenAIError as error:
            raise error_of(error, self.endpoint.base_url, self.endpoint.api_key) from error

    async def _all(self, calls: Sequence[Call]) -> list[Reply | EngineError]:
        return list(await asyncio.gather(*(self._one(call) for call in calls)))

    async def _one(self, call: Call) -> Reply | EngineError:
        async with self._turns:
            try:
                self.breaker.enter()
                reply = await self._ask(call)
            except EngineWaiting as error:
                return error
            except EngineError as error:
                self._note(error)
                return error
            self.breaker.succeeded()
            return reply

    def _note(self, error: EngineError) -> None:
        if error.code in ENDPOINT_FAULTS:
            self.breaker.failed()
        elif error.code == "rate_limited" and isinstance(error, EngineUnavailable) and error.retry_after:
            self.breaker.pause(error.retry_after)
        else:
            self.breaker.succeeded()

    async def _ask(self, call: Call) -> Reply:
        began = time.perf_counter()
        # `chat.completions.create` walks through every message for a third of a call's processor time.
        asked = self._client.post("/chat/completions", body=self._request(call), cast_to=httpx2.Response)
        body = await self._body(asked)
        return self._reply(call, _parsed(body, self.endpoint.api_key), time.perf_counter() - began)

    def _request(self, call: Call) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.endpoint.model,
            "messages": [
                {"role": "system", "content": call.system},
                {"role": "user", "content": _content(call.user)},
            ],
            "temperature": call.temperature,
            "max_tokens": call.max_tokens,
            "n": call.samples,
        }
        if call.seed is not None:
            request["seed"] = call.seed
        if call.choices:
            request["structured_outputs"] = {"choice": list(call.choices)}
            request |= {"max_tokens": 1, "logprobs": True, "top_logprobs": MOST_ALTERNATIVES}
        elif call.schema is not None:
            schema = {"name": "answer", "schema": dict(call.schema), "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        return request

    def _reply(self, call: Call, answer: _Answer, seconds: float) -> Reply:
        self._refuse_others(answer.model)
        if len(answer.choices) != call.samples:
            raise EngineUnavailable("not_api", f"{len(answer.choices)} answers instead of {call.samples}")
        said = tuple(
            SampledAnswer(choice.message.content or "", choice.finish_reason or "") for choice in answer.choices
        )
        usage = answer.usage or _Usage()
        details = usage.prompt_tokens_details or _Details()
        return Reply(
            said=said,
            shares=_shares(call.choices, said[0], answer.choices[0].logprobs) if call.choices else None,
            tokens_in=usage.prompt_tokens,
            tokens_out=usage.completion_tokens,
            tokens_cached=details.cached_tokens or 0,
            seconds=seconds,
        )

    def _refuse_others(self, name: str) -> None:
        """An alias that moves on to another model must not answer in the old one's name."""
        wanted = self.endpoint.answers_as or self.endpoint.model
        if name and _bare(name) != _bare(wanted):
            raise EngineError(
                "other_model",
                f"{self.endpoint.model!r} was asked, and {shown(name, most=100)!r} answered instead of {wanted!r}. "
                "If that is the model you mean, under a dated name or a path, register it with --answers-as and that name.",
            )


def _bare(name: str) -> str:
    return name.partition("@")[0]  # NAME@revision


def _content(parts: Sequence[str | Picture]) -> str | list[dict[str, Any]]:
    """Plain text where there is no picture; pictures as data, never as an address that a server would fetch."""
    if all(isinstance(part, str) for part in parts):
        return "".join(part for part in parts if isinstance(part, str))
    return [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {
            "type": "image_url",
            "image_url": {"url": f"data:{part.media_type};base64,{base64.b64encode(part.data).decode()}"},
        }
        for part in parts
    ]


def _parsed(body: bytes, secret: str) -> _Answer:
    """Our own reading of the bytes: a login page, an empty body and half a JSON text are no answers."""
    try:
        return _Answer.model_validate(_json(body))
    except (ValueError, RecursionError, ValidationError) as error:
        begins = shown(body[:4000].decode("utf-8", "replace"), secret, 80) or "nothing"
        raise EngineUnavailable("not_api", f"what came is no chat completion: {begins}") from error


def _names(body: bytes) -> list[str]:
    """The models of a list; what is no list names none."""
    try:
        return [str(model["id"]) for model in _json(body)["data"]]
    except (ValueError, RecursionError, LookupError, TypeError) as error:
        raise EngineUnavailable("not_api", "what came is no list of models") from error


def _json(body: bytes) -> Any:
    if is_page(body):
        raise EngineUnavailable(
            "html", "a page of HTML answers where a model should: the address is that of a web page, or of a sign-in"
        )
    return json.loads(body)


def _shares(choices: Sequence[str], said: SampledAnswer, logprobs: _Logprobs | None) -> dict[str, float] | None:
    """The probability of each choice. Raises EngineError where the answer shows that the constraint did not hold."""
    if said.text.strip() not in choices:
        raise EngineError("constraint_ignored", f"{said.text[:40]!r} is none of {', '.join(choices)}")
    first = logprobs.content[0].top_logprobs if logprobs is not None and logprobs.content else []
    if not first:
        return None
    shares = dict.fromkeys(choices, 0.0)
    for alternative in first:
        if (token := alternative.token.strip()) in shares and math.isfinite(alternative.logprob):
            shares[token] += math.exp(min(alternative.logprob, 0.0))
    total = sum(shares.values())
    if total < HELD:
        raise EngineError("constraint_ignored", f"only {total:.2f} of the probability lies on the choices")
    return {choice: share / total for choice, share in shares.items()}
