"""A model from a local folder, by transformers: one that reads text, or text and pictures; the CPU or one GPU.

The grade comes from the logits of the next token, the chain from decoding under a grammar (inference.engines.constrained),
for both kinds alike. Weights are safetensors only and no code of the model's folder runs. torch is loaded only where an
engine is made.
"""

from __future__ import annotations

import inspect
import io
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import PIL.Image

from inference.engines import picture_processor, weights
from inference.engines.chat import Call, Picture, Reply, SampledAnswer
from inference.engines.chat_template import ChatTemplate
from inference.engines.constrained import Grammar, Held
from inference.engines.errors import EngineError, EngineUnavailable

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 512 * 512  # of a picture as the model is given it: about 350 tokens of a Qwen


class TransformersLocal:
    """One model, asked one call after the other: a batch of unlike prompts would be padded to the longest."""

    name = "transformers_local"

    def __init__(self, folder: Path, *, revision: str = "", device: str = "", max_pixels: int = MAX_PIXELS) -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise EngineError("not_installed", "torch and transformers are not installed here") from error
        found = weights.look_into(folder)
        self.revision = revision or weights.digest_of(folder)
        self.sees_pictures = found.sees_pictures
        self._torch = torch
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._max_pixels = max_pixels
        self._tokenizer = _tokenizer(transformers, folder)
        self._processor: Any = picture_processor.load(found, self._tokenizer) if found.sees_pictures else None
        template = getattr(self._processor, "chat_template", None) or self._tokenizer.chat_template
        self._template = ChatTemplate(self._tokenizer, template, sees_pictures=found.sees_pictures)
        self._model = _model(found, torch, transformers, self._device)
        self._context = _context(self._model.config.get_text_config(), self._tokenizer)
        self._last_alone = (
            {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(self._model.forward).parameters else {}
        )
        self._grammar = Grammar(self._tokenizer)

    def converse(self, calls: Sequence[Call]) -> list[Reply | EngineError]:
        return [self._one(call) for call in calls]

    def _one(self, call: Call) -> Reply | EngineError:
        began = time.perf_counter()
        try:
            inputs = self._inputs(call)
            reply = self._grade(call, inputs) if call.choices else self._generate(call, inputs)
        except EngineError as error:
            return error
        except self._torch.OutOfMemoryError:
            self._torch.cuda.empty_cache()
            return EngineUnavailable("out_of_memory", "the prompt did not fit into the memory of the device")
        return Reply(**{**vars(reply), "seconds": time.perf_counter() - began})

    def _grade(self, call: Call, inputs: dict[str, Any]) -> Reply:
        """One forward pass: the softmax over the choices' own tokens."""
        tokens = [self._next_token(choice) for choice in call.choices]
        if len(set(tokens)) != len(tokens):
            raise EngineError("choices", "two choices begin with the same token of this model")
        with self._torch.inference_mode():
            logits = self._model(**inputs, **self._last_alone).logits[0, -1].float()
        shares = self._torch.softmax(logits[tokens], dim=0).tolist()
        best = max(range(len(shares)), key=lambda n: shares[n])
        return Reply(
            said=(SampledAnswer(call.choices[best], "stop"),),
            shares=dict(zip(call.choices, shares, strict=True)),
            tokens_in=inputs["input_ids"].shape[1],
            tokens_out=1,
        )

    def _next_token(self, choice: str) -> int:
        """The token that follows the prompt where the model answers with `choice`. A tokenizer that marks the beginnings
        of words has two for one letter: what stands before it decides.
        """
        begins, alone = self._encoded(self._template.answer_starts), self._encoded(choice)
        following = self._encoded(self._template.answer_starts + choice)
        if following[:-1] == begins:
            return following[-1]
        if len(alone) != 1:
            raise EngineError("choices", f"the choice {choice[:40]!r} is no single token of this model")
        return alone[0]

    def _encoded(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def _generate(self, call: Call, inputs: dict[str, Any]) -> Reply:
        length = inputs["input_ids"].shape[1]
        most = min(call.max_tokens, self._context - length)
        if call.seed is not None:
            self._torch.manual_seed(call.seed)
        held: list[Any] = []
        if call.schema is not None:
            held = [Held(self._grammar.of_schema(call.schema), length, self._ends()[0])]
        with self._torch.inference_mode():
            answers = self._model.generate(
                **inputs,
                max_new_tokens=most,
                do_sample=call.temperature > 0,
                temperature=call.temperature or None,
                top_p=None,
                top_k=None,
                num_return_sequences=call.samples,
                logits_processor=held,
                pad_token_id=self._ends()[0] if self._tokenizer.pad_token_id is None else self._tokenizer.pad_token_id,
            )
        said = tuple(self._said(answer[length:].tolist()) for answer in answers)
        return Reply(said=said, tokens_in=length, tokens_out=sum(len(answer) - length for answer in answers))

    def _said(self, tokens: list[int]) -> SampledAnswer:
        ends = set(self._ends())
        stop = next((n for n, token in enumerate(tokens) if token in ends), None)
        text = self._tokenizer.decode(tokens[:stop], skip_special_tokens=True)
        return SampledAnswer(text, "length" if stop is None else "stop")

    def _ends(self) -> list[int]:
        """What ends an answer: the tokenizer's own token first, then what the weights were saved with."""
        own, saved = self._tokenizer.eos_token_id, self._model.generation_config.eos_token_id
        ends = [own, *(saved if isinstance(saved, list) else [saved])]
        return [end for end in ends if end is not None]

    def _inputs(self, call: Call) -> dict[str, Any]:
        pictures = [_decoded(part, self._max_pixels) for part in call.user if isinstance(part, Picture)]
        if pictures and not self.sees_pictures:
            raise EngineError("no_pictures", "this model reads text alone: it cannot be shown a picture")
        text = self._template.text(call.system, call.user)
        inputs = self._with_pictures(text, pictures) if self.sees_pictures else self._text_alone(text)
        if inputs["input_ids"].shape[1] >= self._context:
            raise EngineError("too_long", f"{inputs['input_ids'].shape[1]} tokens, the model reads {self._context}")
        return {name: self._on_device(value) for name, value in inputs.items()}

    def _text_alone(self, text: str) -> dict[str, Any]:
        found = self._tokenizer(text, return_tensors="pt", add_special_tokens=False)
        return {name: found[name] for name in ("input_ids", "attention_mask")}

    def _with_pictures(self, text: str, pictures: Sequence[PIL.Image.Image]) -> dict[str, Any]:
        """Each picture takes as many tokens as its processor says."""
        shown = {"images": [list(pictures)]} if pictures else {}
        try:
            return dict(self._processor(text=[text], **shown, return_tensors="pt", add_special_tokens=False))
        except ValueError as error:  # a picture of a shape that the model was not made for
            raise EngineError("picture", f"the model cannot be shown this picture: {str(error)[:200]}") from error

    def _on_device(self, value: Any) -> Any:
        if value.is_floating_point():
            return value.to(self._device, self._model.dtype)
        return value.to(self._device)


def _tokenizer(transformers: Any, folder: Path) -> Any:
    try:
        return transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, ImportError, KeyError, TypeError) as error:
        raise EngineError("tokenizer", f"its tokenizer cannot be loaded: {str(error)[:200]}") from error


def _model(found: weights.Weights, torch: Any, transformers: Any, device: str) -> Any:
    """Raises EngineError where weights are missing too: transformers would draw them at random and answer all the same."""
    kind = transformers.AutoModelForImageTextToText if found.sees_pictures else transformers.AutoModelForCausalLM
    try:
        model, told = kind.from_pretrained(
            str(found.folder),
            config=found.config,
            dtype=torch.bfloat16 if device != "cpu" else torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, ImportError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise EngineError("not_loaded", f"its weights cannot be loaded: {str(error)[:200]}") from error
    if missing := sorted(told["missing_keys"]):
        raise EngineError("weights_missing", f"{len(missing)} of its weights are in no file, {missing[0]} for one")
    return model.to(device).eval()


def _context(config: Any, tokenizer: Any) -> int:
    """How many tokens the model reads and writes together."""
    return int(getattr(config, "max_position_embeddings", None) or min(tokenizer.model_max_length, 1 << 20))


def _decoded(picture: Picture, max_pixels: int) -> PIL.Image.Image:
    try:
        with PIL.Image.open(io.BytesIO(picture.data), formats=FORMATS) as opened:
            whole = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise EngineError("picture", "the picture cannot be read") from error
    share = math.sqrt(max_pixels / (whole.width * whole.height))
    if share >= 1:
        return whole
    return whole.resize((max(1, int(whole.width * share)), max(1, int(whole.height * share))))
