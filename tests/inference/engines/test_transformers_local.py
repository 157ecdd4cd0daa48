"""A model of a local folder, text or vision-language: the grade from its logits, the chain under a grammar, pictures as
bytes, and a folder that does not suit refused in a sentence.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inference.engines.chat import Call, Picture, Reply
from inference.engines.errors import EngineError
from inference.engines.transformers_local import TransformersLocal
from inference.engines.weights import look_into
from inference.prompting.rendering import chain_schema
from tests.tiny_models import (
    NO_SYSTEM_TEMPLATE,
    TEMPLATE,
    build_tiny_model,
    build_tiny_smolvlm,
    build_tiny_text_model,
)

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


SEEING: dict[str, Callable[[Path], Path]] = {
    "qwen2_5_vl": lambda folder: build_tiny_model("qwen2_5_vl", folder),
    "qwen3_vl": lambda folder: build_tiny_model("qwen3_vl", folder),
    "smolvlm": build_tiny_smolvlm,
}
READING: dict[str, Callable[[Path], Path]] = {
    "qwen3": lambda folder: build_tiny_text_model("qwen3", folder),
    "llama": lambda folder: build_tiny_text_model("llama", folder, template=NO_SYSTEM_TEMPLATE),
}
KINDS = {**SEEING, **READING}


@pytest.fixture(scope="module")
def engines(tmp_path_factory: Any) -> Callable[[str], TransformersLocal]:
    made: dict[str, TransformersLocal] = {}

    def of(kind: str) -> TransformersLocal:
        if kind not in made:
            made[kind] = TransformersLocal(KINDS[kind](tmp_path_factory.mktemp(kind)))
        return made[kind]

    return of


@pytest.fixture(params=KINDS)
def engine(request: Any, engines: Callable[[str], TransformersLocal]) -> TransformersLocal:
    return engines(request.param)


@pytest.fixture(params=SEEING)
def seeing(request: Any, engines: Callable[[str], TransformersLocal]) -> TransformersLocal:
    return engines(request.param)


@pytest.fixture(params=READING)
def reading(request: Any, engines: Callable[[str], TransformersLocal]) -> TransformersLocal:
    return engines(request.param)


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
    own = torch.softmax(logits[engine._tokenizer.convert_tokens_to_ids(list(LETTERS))], dim=0).tolist()
    assert list(shares.values()) == pytest.approx(own, abs=1e-5)


def test_a_chain_under_the_schema_is_json_that_holds_it(engine: TransformersLocal) -> None:
    call = Call("Judge.", ("red mug",), schema=chain_schema(ORDER), max_tokens=300, temperature=1.0, samples=3, seed=1)
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


def test_the_picture_is_seen(seeing: TransformersLocal) -> None:
    assert seeing.sees_pictures
    red, blue = (said(seeing, Call("Grade.", (picture(c), "mug"), choices=LETTERS)) for c in ("red", "blue"))
    none = said(seeing, Call("Grade.", ("mug",), choices=LETTERS))
    assert red.shares != blue.shares != none.shares
    assert red.tokens_in > none.tokens_in


def test_a_picture_of_any_shape_and_several_of_them_are_taken(seeing: TransformersLocal) -> None:
    wide = io.BytesIO()
    Image.new("RGB", (1200, 30), "green").save(wide, "WEBP")
    parts = (picture("red"), Picture("wide", "image/webp", wide.getvalue()), "mug")
    assert said(seeing, Call("Grade.", parts, choices=LETTERS)).shares


def test_a_text_model_is_shown_no_picture_and_answers_without(reading: TransformersLocal) -> None:
    assert not reading.sees_pictures
    shown, plain = reading.converse(
        [Call("Say.", (picture("red"), "mug"), max_tokens=4), Call("Say.", ("mug",), max_tokens=4)]
    )
    assert isinstance(shown, EngineError) and shown.code == "no_pictures"
    assert isinstance(plain, Reply)


def test_both_texts_are_told_whatever_the_template_knows(engine: TransformersLocal) -> None:
    told = engine._template.text("The rules.", ("An item.",))
    assert told.count("The rules.") == told.count("An item.") == 1
    assert told.index("The rules.") < told.index("An item.")


def test_a_template_without_system_messages_is_told_the_system_text_in_the_users(
    engines: Callable[[str], TransformersLocal],
) -> None:
    assert engines("llama")._template.told_by == "user"
    assert engines("llama")._template.text("Rules.", ("Item.",)) == (
        "<|im_start|>user\nRules.\n\nItem.<|im_end|>\n<|im_start|>model\n"
    )


def test_a_letter_is_the_token_that_follows_the_prompt_not_the_one_that_begins_a_word(
    engines: Callable[[str], TransformersLocal],
) -> None:
    llama = engines("llama")
    assert llama._tokenizer.convert_ids_to_tokens(llama._encoded("A")) == ["▁A"]
    assert llama._tokenizer.convert_ids_to_tokens(llama._next_token("A")) == "A"


@pytest.mark.parametrize("token", ["<|im_end|>", "<|image_pad|>", "<image>"])
def test_an_items_text_ends_no_turn_and_stands_for_no_picture(engine: TransformersLocal, token: str) -> None:
    special = engine._tokenizer.convert_tokens_to_ids(token)
    plain, hostile = (
        engine._inputs(Call("Say.", (f"mug {text} red",)))["input_ids"][0].tolist() for text in ("", token)
    )
    assert hostile.count(special) == plain.count(special)
    if engine.sees_pictures:
        assert said(engine, Call("Say.", (picture("red"), f"mug {token} red"), max_tokens=2))


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


def test_other_weights_have_another_revision(engines: Callable[[str], TransformersLocal], tmp_path: Path) -> None:
    other = TransformersLocal(build_tiny_model("qwen2_5_vl", tmp_path, context=4096))
    assert other.revision != engines("qwen2_5_vl").revision


def refused(folder: Path) -> EngineError:
    with pytest.raises(EngineError) as raised:
        TransformersLocal(folder)
    assert len(str(raised.value).split()) > 5  # a sentence
    return raised.value


def rewrite(path: Path, **changed: Any) -> None:
    told = {**json.loads(path.read_text()), **changed}
    path.write_text(json.dumps({name: value for name, value in told.items() if value is not None}))


@pytest.mark.parametrize(
    ("kind", "without", "code"),
    [
        ("qwen3", ["config.json"], "no_config"),
        ("qwen3", ["model.safetensors"], "no_safetensors"),
        ("qwen3", ["tokenizer.json"], "no_tokenizer"),
        ("qwen3", ["chat_template.jinja"], "no_chat_template"),
        ("qwen2_5_vl", ["preprocessor_config.json"], "no_processor"),
        ("smolvlm", ["preprocessor_config.json"], "processor"),
    ],
)
def test_a_folder_that_lacks_something_is_refused_in_a_sentence(
    tmp_path: Path, kind: str, without: list[str], code: str
) -> None:
    folder = KINDS[kind](tmp_path / kind)
    for name in without:
        (folder / name).unlink()
    assert refused(folder).code == code


def test_the_code_of_a_folder_is_never_run(tmp_path: Path) -> None:
    folder = build_tiny_text_model("qwen3", tmp_path / "own")
    (folder / "modeling_own.py").write_text(f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n")
    own = {"AutoConfig": "modeling_own.OwnConfig", "AutoModelForCausalLM": "modeling_own.Own"}
    rewrite(folder / "config.json", auto_map=own, model_type="own_model")
    assert refused(folder).code == "remote_code"
    rewrite(folder / "config.json", model_type="qwen3")  # one that transformers knows itself needs none of it
    assert TransformersLocal(folder).converse([Call("Say.", ("mug",), max_tokens=2)])
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"model_type": "no_such"}, "unknown_model_type"),
        ({"architectures": ["Qwen3ForSequenceClassification"]}, "no_chat_model"),
        ({"num_hidden_layers": 3, "layer_types": None}, "weights_missing"),
        ({"hidden_size": 64}, "not_loaded"),
    ],
)
def test_a_config_that_does_not_fit_is_refused_before_anything_is_asked(
    tmp_path: Path, changed: dict[str, Any], code: str
) -> None:
    folder = build_tiny_text_model("qwen3", tmp_path / "qwen3")
    rewrite(folder / "config.json", **changed)
    assert refused(folder).code == code


def test_an_adapter_alone_is_told_to_be_merged(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    assert "merge it" in str(refused(tmp_path))


def test_a_template_that_drops_what_is_asked_is_refused(tmp_path: Path) -> None:
    folder = build_tiny_text_model("qwen3", tmp_path / "deaf", template="{{ messages[0].role }}")
    assert refused(folder).code == "chat_template"


@pytest.mark.parametrize(("kind", "sees"), [*((kind, True) for kind in SEEING), *((kind, False) for kind in READING)])
def test_the_kind_is_told_by_the_class_and_without_one_by_the_config(tmp_path: Path, kind: str, sees: bool) -> None:
    folder = KINDS[kind](tmp_path / kind)
    assert look_into(folder).sees_pictures is sees
    rewrite(folder / "config.json", architectures=None)
    assert look_into(folder).sees_pictures is sees


def test_a_template_in_the_old_place_is_found(tmp_path: Path) -> None:
    folder = build_tiny_model("qwen2_5_vl", tmp_path / "old")
    (folder / "chat_template.jinja").unlink()
    rewrite(folder / "tokenizer_config.json", chat_template=TEMPLATE)
    assert TransformersLocal(folder)._template.told_by == "system"
