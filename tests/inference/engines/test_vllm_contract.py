"""What we rely on vLLM for, asked of a real vLLM on the CPU with a random model: what holds here holds by constraint."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

from inference.engines import loop
from inference.engines.base import Completion
from inference.engines.chat import Call, Picture, Reply
from inference.engines.errors import EngineError
from inference.engines.openai_server import Endpoint, OpenAIServer
from inference.engines.prompted import Prompted
from inference.prompting.prompts import DEFAULT, SHIPPED, shipped
from inference.prompting.rendering import chain_schema
from relevance.chain import CHAIN_SCHEMA, Invalid, parse_chain
from tests.inference.test_pipeline import question
from tests.servers import (
    API_KEY,
    SERVED_NAME,
    Answer,
    ask,
    interpreter,
    listening,
    messages,
    offline_batch,
    tiny_model,
    vllm_server,
)

pytestmark = pytest.mark.vllm
PYTHON = interpreter("vllm")
LETTERS = ("A", "B", "C", "D")
ORDER = {letter: f"L{n}" for n, letter in enumerate(LETTERS, 1)}
ALIASES = (SHIPPED / DEFAULT / "aliases.txt").read_text().split()
SMALL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "enum": list(LETTERS)},
        "rules": {"type": "array", "items": {"type": "string", "enum": ["R1", "R2"]}, "maxItems": 3},
        "mismatch": {"enum": ["brand", "price", None]},
        "words": {"type": "string", "maxLength": 40},
    },
    "required": ["label", "rules", "mismatch", "words"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module", params=["qwen2_5_vl", "qwen3_vl"])
def url(request: Any, tmp_path_factory: Any) -> Iterator[str]:
    model = tiny_model(PYTHON, request.param, tmp_path_factory.mktemp("vllm") / request.param)
    with vllm_server(model, PYTHON, context=8192) as address:
        yield address


@contextmanager
def engine(url: str, api_key: str = API_KEY, model: str = SERVED_NAME) -> Iterator[OpenAIServer]:
    served = OpenAIServer(Endpoint(url, model, api_key, concurrency=8), "a-revision")
    try:
        yield served
    finally:
        loop.run(served._client.close())  # or its sockets are found open by a later test


def converse(url: str, call: Call) -> Reply:
    with engine(url) as served:
        (reply,) = served.converse([call])
    assert isinstance(reply, Reply), reply
    return reply


def refusal(url: str, call: Call, **other: str) -> str:
    with engine(url, **other) as served:
        (error,) = served.converse([call])
    assert isinstance(error, EngineError), error
    return error.code


def chat(url: str, *parts: str | bytes, **more: Any) -> Answer:
    return ask(url, {"model": SERVED_NAME, "messages": messages(*parts), "max_tokens": 8, **more})


def graded(url: str, *parts: str | bytes, letters: Sequence[str] = LETTERS, **more: Any) -> dict[str, float]:
    """The probability of every token that the first position can have."""
    asked = {"max_tokens": 1, "logprobs": True, "top_logprobs": 20, "structured_outputs": {"choice": list(letters)}}
    answer = chat(url, *parts, **{**asked, "temperature": 0, **more})
    assert answer.texts[0] in letters
    first = answer.body["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    return {one["token"]: math.exp(one["logprob"]) for one in first if one["logprob"] > -1000}


def constrained(url: str, schema: Mapping[str, Any], times: int) -> list[dict[str, Any]]:
    """Choices of as many answers, each drawn with another seed."""
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    more = {"response_format": form, "max_tokens": 2000, "temperature": 1.0}
    with ThreadPoolExecutor(8) as several:
        answers = list(several.map(lambda seed: chat(url, "red mug", seed=seed, **more), range(times)))
    assert [answer.status for answer in answers] == [200] * times
    return [answer.body["choices"][0] for answer in answers]


def holds(choice: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    jsonschema.validate(json.loads(choice["message"]["content"]), schema)


def picture(colour: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (120, 90), colour).save(made, "PNG")
    return made.getvalue()


def test_a_schema_holds_in_twenty_answers_of_a_model_that_knows_nothing(url: str) -> None:
    choices = constrained(url, SMALL_SCHEMA, 20)
    assert {choice["finish_reason"] for choice in choices} == {"stop"}
    for choice in choices:
        holds(choice, SMALL_SCHEMA)


@pytest.mark.parametrize("schema", [CHAIN_SCHEMA, chain_schema(ORDER)], ids=["as the parser has it", "as it is sent"])
def test_the_chain_schema_is_taken_and_holds(url: str, schema: dict[str, Any]) -> None:
    ended = [choice for choice in constrained(url, schema, 20) if choice["finish_reason"] == "stop"]
    assert len(ended) >= 10  # the others ran out of tokens in a phrase or a list
    for choice in ended:
        holds(choice, schema)


def test_a_constrained_chain_is_refused_for_what_no_schema_says_alone(url: str) -> None:
    left_to_the_parser = {"schema", "mismatch_missing"}  # lengths, patterns; that L2 and only L2 names a mismatch
    for choice in constrained(url, chain_schema(ORDER), 20):
        if choice["finish_reason"] == "stop":
            nonce = json.loads(choice["message"]["content"])["nonce"]
            chain = parse_chain(choice["message"]["content"], letters=ORDER, nonce=nonce)
            assert not isinstance(chain, Invalid) or chain.reason in left_to_the_parser, chain


@pytest.mark.parametrize("letters", ALIASES)
def test_the_shares_of_the_choices_sum_to_one(url: str, letters: str) -> None:
    shares = graded(url, "red mug", letters=letters)
    assert set(shares) == set(letters)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)


def test_shares_are_those_before_the_temperature(url: str) -> None:
    assert graded(url, "red mug", temperature=2) == pytest.approx(graded(url, "red mug"), abs=1e-5)


def test_more_than_twenty_alternatives_are_refused(url: str) -> None:
    assert chat(url, "red mug", logprobs=True, top_logprobs=21).status == 400


def test_the_engine_reads_the_shares(url: str) -> None:
    shares = converse(url, Call("Grade.", ("red mug",), choices=LETTERS)).shares
    assert shares is not None and set(shares) == set(LETTERS) and sum(shares.values()) == pytest.approx(1)


def test_the_engine_brings_four_samples_under_the_schema(url: str) -> None:
    reply = converse(
        url, Call("Judge.", ("red mug",), schema=SMALL_SCHEMA, samples=4, temperature=1.0, seed=1, max_tokens=800)
    )
    assert len({said.text for said in reply.said}) == 4
    for said in reply.said:
        jsonschema.validate(json.loads(said.text), SMALL_SCHEMA)


def test_several_samples_at_temperature_zero_are_refused(url: str) -> None:
    assert chat(url, "red mug", n=4, temperature=0).status == 400


def test_a_picture_changes_the_shares(url: str) -> None:
    seen = [graded(url, "red mug"), *(graded(url, picture(colour), "red mug") for colour in ("red", "blue"))]
    for n, one in enumerate(seen):
        for other in seen[n + 1 :]:
            assert max(abs(one[letter] - other[letter]) for letter in LETTERS) > 1e-4


def test_the_engine_sends_a_picture(url: str) -> None:
    part = Picture("red", "image/png", picture("red"))
    with_picture = converse(url, Call("Grade.", (part, "red mug"), choices=LETTERS))
    without = converse(url, Call("Grade.", ("red mug",), choices=LETTERS))
    assert with_picture.tokens_in > without.tokens_in and with_picture.shares != without.shares


@pytest.mark.parametrize("broken", [picture("red")[:60], b"no picture at all"], ids=["cut off", "no picture"])
def test_a_broken_picture_is_a_bad_request(url: str, broken: bytes) -> None:
    assert chat(url, broken, "red mug").status == 400
    call = Call("Grade.", (Picture("broken", "image/png", broken), "red mug"))
    assert refusal(url, call) == "bad_request"


def test_more_pictures_than_the_server_allows_are_a_bad_request(url: str) -> None:
    assert chat(url, *[picture("red")] * 3, "red mug").status == 400


def test_an_address_of_a_picture_is_refused_and_not_fetched(url: str) -> None:
    with listening() as (address, heard):
        remote = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"{address}/x.png"}}]}]
        answer = ask(url, {"model": SERVED_NAME, "messages": remote, "max_tokens": 1})
    assert answer.status == 400
    assert heard == []


def test_a_repeated_prompt_is_served_from_the_cache(url: str) -> None:
    call = Call("The rules of the shop come first. " * 20, ("red mug",), max_tokens=1)
    first, second = converse(url, call), converse(url, call)
    assert second.tokens_in == first.tokens_in
    assert second.tokens_cached > first.tokens_in / 2


def test_whole_questions_are_mostly_served_from_the_cache(url: str) -> None:
    """Both passes of the shipped prompt: the posterior of each pair and its chain, for the items of one query."""
    questions = [question("red mug", f"Mug number {n}", colour="red") for n in range(6)]
    with engine(url) as served:
        completions = Prompted(served, shipped()).generate(questions)
    answered = [one for one in completions if isinstance(one, Completion)]
    assert len(answered) == 6, completions
    for one in answered:
        assert one.posterior is not None and sum(one.posterior.values()) == pytest.approx(1)
    assert sum(one.tokens_cached for one in answered) > 0.6 * sum(one.tokens_in for one in answered)


def test_a_prompt_that_is_too_long_is_a_bad_request(url: str) -> None:
    assert refusal(url, Call("Grade.", ("red mug " * 9000,), max_tokens=1)) == "bad_request"


@pytest.mark.parametrize(
    "schema", [{"type": "no-such-type"}, {"type": "array", "uniqueItems": True}, {"not": {"type": "string"}}], ids=str
)
def test_a_schema_that_cannot_be_held_is_a_bad_request(url: str, schema: dict[str, Any]) -> None:
    assert refusal(url, Call("Judge.", ("red mug",), schema=schema)) == "bad_request"


@pytest.mark.parametrize("key", [None, "another-key"], ids=["no key", "another key"])
def test_without_the_key_nothing_is_answered(url: str, key: str | None) -> None:
    assert ask(url, {"model": SERVED_NAME, "messages": messages("red mug")}, api_key=key).status == 401
    assert refusal(url, Call("Grade.", ("red mug",)), api_key=key or "") == "auth"


def test_the_server_says_what_it_serves_and_refuses_another_name(url: str) -> None:
    with engine(url) as served:
        assert served.served_models() == [SERVED_NAME]
    assert refusal(url, Call("Grade.", ("red mug",)), model="another") == "not_found"


def test_a_constraint_under_its_old_name_is_ignored_without_a_word(url: str) -> None:
    """Why an engine looks whether a constraint held: vLLM before 0.12 knew this name."""
    assert chat(url, "red mug", guided_choice=list(LETTERS)).texts[0] not in LETTERS


def test_the_same_engine_in_process_holds_what_the_server_holds(tmp_path: Path) -> None:
    choice, chains, too_long, pictured = offline_batch(tiny_model(PYTHON, "qwen2_5_vl", tmp_path / "model"), PYTHON)
    for posterior in (choice, pictured):
        assert posterior["said"][0].strip() in LETTERS
        assert math.isclose(sum(posterior["shares"].values()), 1, abs_tol=1e-6)
    assert pictured["tokens_in"] > choice["tokens_in"]
    assert [json.loads(text)["label"] in ("A", "B") for text in chains["said"]] == [True, True]
    assert too_long == {"error": "bad_request"}  # alone: the others of its batch were answered
