"""A folder of weights becomes a registered model: text or vision-language, probed, judging one pair by letter and chain."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from inference.engines.chat import Picture
from inference.models import ModelVersion
from inference.pipeline import Judged, ask, judge
from inference.registry import connecting
from inference.registry.first_judgment import PAIR
from inference.registry.registering import CannotRegister, ModelToRegister, register
from relevance.evidence import build_grid
from relevance.lexicon import Lexicon
from tests.tiny_models import build_tiny_model, build_tiny_text_model

if not os.environ.get("LORE_REQUIRE_TORCH"):
    pytest.importorskip("torch", reason="torch is not installed (pip install torch==2.13.0, then .[local])")
    pytest.importorskip("llguidance", reason="llguidance is not installed (pip install .[local])")

pytestmark = [pytest.mark.torch, pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]
BUILT: dict[str, Callable[[Path], Path]] = {
    "text": lambda folder: build_tiny_text_model("qwen3", folder),
    "vision-language": lambda folder: build_tiny_model("qwen2_5_vl", folder, context=16384),
}


@pytest.fixture(scope="module", params=BUILT)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return BUILT[kind](tmp_path_factory.mktemp("weights") / "model")


def wanted(folder: Path, **more: object) -> ModelToRegister:
    return ModelToRegister("local", "transformers_local", str(folder), accept_invalid=True)._replace(**more)  # type: ignore[arg-type]


def test_the_record_of_a_model_says_whether_it_can_be_shown_pictures(kind: str, folder: Path) -> None:
    version = register(wanted(folder), by=None).version
    assert version.found == version.found | {
        "answers": True, "choices": True, "shares": True, "schema": True, "pictures": kind == "vision-language",
    }  # fmt: skip
    assert version.pictures == ModelVersion.Pictures.NONE


@pytest.mark.parametrize(
    "asked", [{"pictures": ModelVersion.Pictures.PICTURE}, {"role": ModelVersion.Role.CAPTIONER}], ids=str
)
def test_only_a_model_that_sees_is_registered_to_be_shown_pictures(
    kind: str, folder: Path, asked: dict[str, object]
) -> None:
    if kind == "vision-language":
        assert register(wanted(folder, **asked), by=None).new
        return
    with pytest.raises(CannotRegister) as refused:
        register(wanted(folder, **asked), by=None)
    assert refused.value.code == "no_pictures" and "reads text alone" in refused.value.sentence


def test_a_pair_is_judged_by_letter_and_chain(kind: str, folder: Path) -> None:
    """Weights drawn at random may write no whole chain, but what they wrote keeps to the schema as far as it goes, and
    the letters have their probabilities.
    """
    engine = connecting.reconnect(register(wanted(folder), by=None).version, ())
    made = io.BytesIO()
    Image.new("RGB", (60, 60), "red").save(made, "PNG")
    seen = (Picture("0" * 64, "image/png", made.getvalue()),) if kind == "vision-language" else ()
    (judged,) = judge([ask(PAIR, build_grid(PAIR, Lexicon.shipped()), (), pictures=seen)], engine)
    assert isinstance(judged, Judged), judged
    assert judged.completion.posterior and sum(judged.completion.posterior.values()) == pytest.approx(1)
    assert judged.completion.text.startswith('{"nonce":')
    assert judged.label or judged.reason == "length"
