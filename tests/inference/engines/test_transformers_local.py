"""A model of a local folder: the grade from its logits, the chain under a grammar, pictures as bytes."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inference.engines.chat import Call, Picture, Reply
from inference.engines.errors import EngineError
from inference.engines.transformers_local import TransformersLocal
from inference.prompting.rendering import chain_schema
from tests.tiny_models import build_tiny_model

torch: Any
if os.environ.get("LORE_REQUIRE_TORCH"):
    import llguidance  # noqa: F401
    import torch
else:
    torch = pytest.importorskip("torch", reason="torch is not installed (pip install torch==2.13.0, then .[local])")
    pytest.importorskip("llguidance", reason="llguidance is not installed (pip install .[local])")

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
LETTERS = ("A", "B", "C", "D")
ORDER = {letter: f"L{n}" for n, letter in enumerate(LETTERS, 1)}


@pytest.fixture(scope="module", params=["qwen2_5_vl", "qwen3_vl"])
def engine(request: Any, tmp_path_factory: Any) -> TransformersLocal:
    return TransformersLocal(build_tiny_model(request.param, tmp_path_factory.mktemp(request.param)))


def picture(colour: str) -> Picture:
    made = io.BytesIO()
    Image.new("RGB", (120, 90), colour).save(made, "PNG")
    return Picture(colour, "image/png", made.getvalue())


def said(engine: TransformersLocal, call: Call) -> Reply:
    (reply,) = engine.converse([call])
    assert isinstance(reply, Reply), reply
    return reply


def test_the_posterior_is_the_softmax_of_the_choices_logits(engine: TransformersLocal) -> None:
    call = Call("Grade.", ("red mug",), choices=LETTERS)
    shares = said(engine, call).shares
    assert shares is not None and sum(shares.values()) == pytest.approx(1)
    with torch.inference_mode():
        logits = engine._model(**engine._inputs(call)).logits[0, -1]
    own = torch.softmax(logits[[engine._tokenizer.encode(letter)[0] for letter in LETTERS]], dim=0).tolist()
    assert list(shares.values()) == pytest.approx(own, abs=1e-5)


def test_a_chain_under_the_schema_is_json_that_holds_it(engine: TransformersLocal) -> None:
    call = Call("Judge.", ("red mug",), schema=chain_schema(ORDER), max_tokens=300, temperature=1.0, samples=6, seed=1)
    for one in said(engine, call).said:
        if one.finish == "stop":  # a model of random weights may go on for ever
            answer = json.loads(one.text, strict=False)
            assert answer["label"] in LETTERS and set(answer) == set(chain_schema(ORDER)["required"])
        else:
            assert one.text.startswith('{"nonce":')


def test_a_short_schema_is_held_to_its_end(engine: TransformersLocal) -> None:
    schema = {
        "type": "object", "properties": {"label": {"enum": list(LETTERS)}}, "required": ["label"],
        "additionalProperties": False,
    }  # fmt: skip
    call = Call("Judge.", ("red mug",), schema=schema, max_tokens=60, temperature=1.0, samples=20, seed=3)
    answers = [json.loads(one.text)["label"] for one in said(engine, call).said if one.finish == "stop"]
    assert len(answers) == 20 and set(answers) <= set(LETTERS)


def test_the_picture_is_seen(engine: TransformersLocal) -> None:
    red, blue = (said(engine, Call("Grade.", (picture(c), "mug"), choices=LETTERS)) for c in ("red", "blue"))
    none = said(engine, Call("Grade.", ("mug",), choices=LETTERS))
    assert red.shares != blue.shares != none.shares
    assert red.tokens_in > none.tokens_in


def test_the_same_seed_draws_the_same_and_greedy_needs_none(engine: TransformersLocal) -> None:
    drawn = Call("Say.", ("mug",), max_tokens=12, temperature=1.0, samples=2, seed=7)
    greedy = Call("Say.", ("mug",), max_tokens=12)
    assert said(engine, drawn).said == said(engine, drawn).said
    assert said(engine, greedy).said == said(engine, greedy).said


def test_what_is_too_long_or_broken_is_an_error_of_that_call_alone(engine: TransformersLocal) -> None:
    long, broken, good = engine.converse(
        [
            Call("Say.", ("mug " * 9000,), max_tokens=4),
            Call("Say.", (Picture("x", "image/png", b"no picture"), "mug"), max_tokens=4),
            Call("Say.", ("mug",), max_tokens=4),
        ]
    )
    assert isinstance(long, EngineError) and long.code == "too_long"
    assert isinstance(broken, EngineError) and broken.code == "picture"
    assert isinstance(good, Reply)


def test_a_choice_of_several_tokens_is_refused(engine: TransformersLocal) -> None:
    (answer,) = engine.converse([Call("Grade.", ("mug",), choices=("excellent", "irrelevant"))])
    assert isinstance(answer, EngineError) and answer.code == "choices"


def test_other_weights_have_another_revision(engine: TransformersLocal, tmp_path: Path) -> None:
    other = TransformersLocal(build_tiny_model("qwen2_5_vl", tmp_path, context=4096))
    assert other.revision != engine.revision
