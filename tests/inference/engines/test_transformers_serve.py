"""What `transformers serve` does with our requests: a real chat endpoint, and one that holds no constraint of ours."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inference.engines import loop
from inference.engines.chat import Call, Reply
from inference.engines.errors import EngineError
from inference.engines.openai_server import Endpoint, OpenAIServer
from tests.servers import Answer, ask, interpreter, listening, messages, tiny_model, transformers_serve

pytestmark = pytest.mark.serve
PYTHON = interpreter("serve")
LETTERS = ("A", "B", "C", "D")
SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": list(LETTERS)}},
    "required": ["label"],
    "additionalProperties": False,
}
FORM = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}


@dataclass(frozen=True)
class Served:
    url: str
    model: str


@pytest.fixture(scope="module", params=["qwen2_5_vl", "qwen3_vl"])
def served(request: Any, tmp_path_factory: Any) -> Iterator[Served]:
    model = tiny_model(PYTHON, request.param, tmp_path_factory.mktemp("serve") / request.param)
    sampling_by_default(model)
    with transformers_serve(model, PYTHON) as url:
        yield Served(url, str(model))


def sampling_by_default(model: Path) -> None:
    """As published models are set: otherwise a request's temperature means nothing to this server."""
    settings = model / "generation_config.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "do_sample": True}))


def chat(served: Served, *parts: str | bytes, **more: Any) -> Answer:
    request = {"model": served.model, "messages": messages(*parts), "max_tokens": 24, "temperature": 1.0, "seed": 1}
    return ask(served.url, {**request, **more}, api_key=None)


def converse(served: Served, call: Call) -> Reply | EngineError:
    engine = OpenAIServer(Endpoint(served.url, served.model), "a-revision")
    (answer,) = engine.converse([call])
    loop.run(engine._client.close())
    return answer


def picture(colour: str, side: int = 120) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(made, "PNG")
    return made.getvalue()


def test_it_answers_with_text_and_counts_tokens(served: Served) -> None:
    answer = chat(served, "red mug")
    assert answer.texts[0]
    assert answer.body["usage"]["completion_tokens"] <= 24


def test_its_answer_names_the_model_with_a_revision(served: Served) -> None:
    """So an answer's model is not the one that was asked for, letter by letter."""
    assert chat(served, "red mug").body["model"] == f"{served.model}@main"


def test_it_reads_a_picture(served: Served) -> None:
    red, blue = chat(served, picture("red"), "mug"), chat(served, picture("blue"), "mug")
    assert red.texts != blue.texts
    assert red.body["usage"]["prompt_tokens"] > chat(served, "mug").body["usage"]["prompt_tokens"]


def test_a_schema_is_ignored_without_a_word(served: Served) -> None:
    with pytest.raises(ValueError):
        json.loads(chat(served, "red mug", response_format=FORM).texts[0])


def test_several_samples_are_one_without_a_word(served: Served) -> None:
    assert len(chat(served, "red mug", n=4).texts) == 1


def test_log_probabilities_are_left_out_without_a_word(served: Served) -> None:
    answer = chat(served, "red mug", logprobs=True, top_logprobs=20)
    assert answer.status == 200
    assert answer.body["choices"][0].get("logprobs") is None


def test_what_only_vllm_knows_is_refused(served: Served) -> None:
    assert chat(served, "red mug", structured_outputs={"choice": list(LETTERS)}).status == 422


def test_a_broken_picture_is_its_own_fault(served: Served) -> None:
    assert chat(served, picture("red")[:60], "mug").status == 500


def test_it_fetches_any_address_it_is_given(served: Served) -> None:
    """Why a picture is never sent as an address."""
    with listening() as (address, heard):
        remote = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"{address}/x.png"}}]}]
        ask(served.url, {"model": served.model, "messages": remote, "max_tokens": 1}, api_key=None)
    assert heard == ["/x.png"]


@pytest.mark.parametrize(
    "call",
    [
        Call("Grade.", ("red mug",), choices=LETTERS),
        Call("Judge.", ("red mug",), schema=SCHEMA, samples=4, temperature=1.0),
    ],
    ids=["choices", "samples"],
)
def test_what_it_cannot_do_is_an_error_of_the_engine_and_no_answer(served: Served, call: Call) -> None:
    assert isinstance(converse(served, call), EngineError)
