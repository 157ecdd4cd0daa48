"""A vision-language model from a local folder, by transformers: one process, the CPU or one GPU.

The grade comes from the logits of the next token, the chain from decoding under a grammar (inference.engines.constrained).
Weights are safetensors only and no code of the model's folder runs. torch is loaded only where an engine is made.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import PIL.Image

from inference.engines.chat import Call, Picture, Reply, SampledAnswer
from inference.engines.constrained import Grammar, Held
from inference.engines.errors import EngineError, EngineUnavailable

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 512 * 512  # of a picture as the model sees it: about 350 tokens
WEIGHTS = ("*.safetensors", "*.json", "*.txt", "*.jinja")


class TransformersLocal:
    """One model, asked one call after the other: a batch of unlike prompts would be padded to the longest."""

    name = "transformers_local"

    def __init__(self, folder: Path, *, revision: str = "", device: str = "", max_pixels: int = MAX_PIXELS) -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise EngineError("not_installed", "torch and transformers are not installed here") from error
        self.revision = revision or digest_of(folder)
        self._torch = torch
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._model = transformers.AutoModelForImageTextToText.from_pretrained(
            str(folder),
            dtype=torch.bfloat16 if self._device != "cpu" else torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
        ).to(self._device)
        self._model.eval()
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        self._pictures = _picture_processor(transformers, folder, max_pixels)
        self._context = int(self._model.config.get_text_config().max_position_embeddings)
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
        tokens = [self._tokenizer.encode(choice, add_special_tokens=False) for choice in call.choices]
        if any(len(token) != 1 for token in tokens) or len({token[0] for token in tokens}) != len(tokens):
            raise EngineError("choices", "a choice is no single token of this model")
        with self._torch.inference_mode():
            logits = self._model(**inputs, logits_to_keep=1).logits[0, -1].float()
        shares = self._torch.softmax(logits[[token[0] for token in tokens]], dim=0).tolist()
        best = max(range(len(shares)), key=lambda n: shares[n])
        return Reply(
            said=(SampledAnswer(call.choices[best], "stop"),),
            shares=dict(zip(call.choices, shares, strict=True)),
            tokens_in=inputs["input_ids"].shape[1],
            tokens_out=1,
        )

    def _generate(self, call: Call, inputs: dict[str, Any]) -> Reply:
        length = inputs["input_ids"].shape[1]
        most = min(call.max_tokens, self._context - length)
        if call.seed is not None:
            self._torch.manual_seed(call.seed)
        held: list[Any] = []
        if call.schema is not None:
            held = [Held(self._grammar.of_schema(call.schema), length, self._tokenizer.eos_token_id)]
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
                pad_token_id=self._tokenizer.pad_token_id,
            )
        said = tuple(self._said(answer[length:].tolist()) for answer in answers)
        return Reply(said=said, tokens_in=length, tokens_out=sum(len(answer) - length for answer in answers))

    def _said(self, tokens: list[int]) -> SampledAnswer:
        ends = {self._tokenizer.eos_token_id, *_ends(self._model)}
        stop = next((n for n, token in enumerate(tokens) if token in ends), None)
        text = self._tokenizer.decode(tokens[:stop], skip_special_tokens=True)
        return SampledAnswer(text, "length" if stop is None else "stop")

    def _inputs(self, call: Call) -> dict[str, Any]:
        pictures = [_decoded(part) for part in call.user if isinstance(part, Picture)]
        content = [
            {"type": "image"} if isinstance(part, Picture) else {"type": "text", "text": part} for part in call.user
        ]
        messages = [{"role": "system", "content": call.system}, {"role": "user", "content": content}]
        text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        seen: dict[str, Any] = {}
        if pictures:
            seen = dict(self._pictures(images=pictures, return_tensors="pt"))
            text = _with_picture_tokens(text, seen["image_grid_thw"], self._pictures.merge_size)
        tokens = self._tokenizer(text, return_tensors="pt", add_special_tokens=False)
        if tokens["input_ids"].shape[1] >= self._context:
            raise EngineError("too_long", f"{tokens['input_ids'].shape[1]} tokens, the model reads {self._context}")
        if pictures:
            token = self._tokenizer.convert_tokens_to_ids(PICTURE_TOKEN)
            seen["mm_token_type_ids"] = (tokens["input_ids"] == token).int()
        return {name: value.to(self._device) for name, value in {**tokens, **seen}.items()}


PICTURE_TOKEN = "<|image_pad|>"


def _with_picture_tokens(text: str, grids: Any, merge_size: int) -> str:
    """Each picture takes as many tokens as it has patches after merging."""
    for grid in grids.tolist():
        patches = grid[0] * grid[1] * grid[2] // merge_size**2
        text = text.replace(PICTURE_TOKEN, "\0" * patches, 1)
    return text.replace("\0", PICTURE_TOKEN)


def _picture_processor(transformers: Any, folder: Path, max_pixels: int) -> Any:
    """The one that works on Pillow pictures and needs no torchvision."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    return Qwen2VLImageProcessorPil.from_pretrained(str(folder), max_pixels=max_pixels)


def _ends(model: Any) -> list[int]:
    ends = model.generation_config.eos_token_id
    return ends if isinstance(ends, list) else [] if ends is None else [ends]


def _decoded(picture: Picture) -> PIL.Image.Image:
    try:
        with PIL.Image.open(io.BytesIO(picture.data), formats=FORMATS) as opened:
            return opened.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise EngineError("picture", "the picture cannot be read") from error


def digest_of(folder: Path) -> str:
    """Of the names and contents of everything that makes the model answer as it does."""
    hasher = hashlib.sha256()
    for path in sorted({path for pattern in WEIGHTS for path in folder.glob(pattern)}):
        hasher.update(path.name.encode())
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                hasher.update(chunk)
    return hasher.hexdigest()[:16]
