"""The processor of a vision-language model, for text and pictures alone: Pillow makes the pictures ready.

Most such models also take videos or sound. The parts for those are left out: they need torchvision, of which no build
fits every torch, and nobody sends either here.
"""

from __future__ import annotations

from typing import Any

from inference.engines import weights
from inference.engines.errors import EngineError


def load(found: weights.Weights, tokenizer: Any) -> Any:
    """One that is called with `text` and `images`. Raises EngineError in a sentence."""
    import transformers

    folder = str(found.folder)
    try:
        kind = _class(transformers, found)
        pictures = transformers.AutoImageProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, backend="pil"
        )
        described, _ = kind.get_processor_dict(folder, local_files_only=True)
        parts = {"image_processor": pictures, "tokenizer": tokenizer}
        return _without_the_rest(kind).from_args_and_dict(
            [parts.get(name) for name in kind.get_attributes()], described
        )
    except ImportError as error:
        needed = " ".join(str(error).split())[:200]
        raise EngineError(
            "not_installed", f"its processor needs something that is not installed here: {needed}"
        ) from error
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise EngineError("processor", f"its processor cannot be loaded: {str(error)[:200]}") from error


def _class(transformers: Any, found: weights.Weights) -> Any:
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    named = getattr(transformers, weights.processor_named(found.folder), None)
    if isinstance(named, type) and hasattr(named, "from_args_and_dict"):
        return named
    if type(found.config) not in PROCESSOR_MAPPING:
        raise ValueError(f"transformers has none for {type(found.config).__name__}")
    return PROCESSOR_MAPPING[type(found.config)]


def _without_the_rest(kind: Any) -> Any:
    """The class itself, but it takes None for a part that is left out. Without this it insists on every part."""

    class TextAndPictures(kind):  # type: ignore[misc]
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            return argument if argument is None else super().check_argument_for_proper_class(argument_name, argument)

    TextAndPictures.__name__ = kind.__name__
    return TextAndPictures
