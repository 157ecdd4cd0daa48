"""Random-weight models, built when a test needs one, never committed: tiny vision-language and text models of half a
million parameters, and for benchmarks one of the size of Qwen2.5-VL 7B.

`python -m tests.tiny_models KIND FOLDER` builds a tiny one from another environment.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

Kind = Literal["qwen2_5_vl", "qwen3_vl"]
TextKind = Literal["qwen3", "llama"]
SPECIALS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
LETTERS = "ABCDEFGHJKMNPQRS"
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.content is string %}{{ m.content }}{% else %}{% for c in m.content %}"
    "{% if c.type in ['image', 'image_url'] %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif c.type == 'text' %}{{ c.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# As SmolVLM's: every content is a list of parts, a string of the system would be read letter by letter.
PARTS_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}: {% for c in m.content %}{% if c.type == 'image' %}<image>"
    "{% elif c.type == 'text' %}{{ c.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
# As Gemma's: there is no system message.
NO_SYSTEM_TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>model\n{% endif %}"
)
# What differs between sizes: of the text model and of the picture model (the published configuration of the 7B one).
TINY: Mapping[str, Mapping[str, Any]] = {
    "text": {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2},
    "vision": {"depth": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 2, "out_hidden_size": 128},
    "rope": {"mrope_section": [4, 6, 6]},
}  # fmt: skip
SEVEN_B: Mapping[str, Mapping[str, Any]] = {
    "text": {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
             "num_key_value_heads": 4, "vocab_size": 152064, "tie_word_embeddings": False},
    "vision": {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584,
               "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31]},
    "rope": {"mrope_section": [16, 24, 24]},
}  # fmt: skip


def build_tiny_model(kind: Kind, folder: Path, *, context: int = 8192) -> Path:
    return build_model(kind, folder, TINY, context=context)


def build_model(kind: Kind, folder: Path, size: Mapping[str, Mapping[str, Any]], *, context: int = 8192) -> Path:
    """Weights of a fixed seed, a byte-level tokenizer trained here, and everything a server looks for in a folder."""
    import torch
    import transformers as t

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(t)
    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIALS}
    torch.manual_seed(0)
    text: dict[str, Any] = {
        "vocab_size": -(-len(tokenizer) // 64) * 64, "max_position_embeddings": context,
        "tie_word_embeddings": True, "bos_token_id": ids["<|endoftext|>"], "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"], **size["text"],
    }  # fmt: skip
    own = {
        "image_token_id": ids["<|image_pad|>"], "video_token_id": ids["<|video_pad|>"],
        "vision_start_token_id": ids["<|vision_start|>"], "vision_end_token_id": ids["<|vision_end|>"],
        "tie_word_embeddings": text["tie_word_embeddings"],
    }  # fmt: skip
    vision: dict[str, Any] = {"spatial_merge_size": 2, "temporal_patch_size": 2, **size["vision"]}
    if kind == "qwen2_5_vl":
        text["rope_parameters"] = {"rope_type": "default", "rope_theta": 1e6, **size["rope"]}
        vision = {"patch_size": 14, "window_size": 56, "fullatt_block_indexes": [1], **vision}
        config = t.Qwen2_5_VLConfig(text_config=text, vision_config=vision, **own)
        model = t.Qwen2_5_VLForConditionalGeneration(config)
    else:
        text["head_dim"] = 32
        text["rope_parameters"] = {
            "rope_type": "default", "mrope_section": [6, 5, 5], "rope_theta": 1e6, "mrope_interleaved": True,
        }  # fmt: skip
        vision |= {"patch_size": 16, "num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
        config = t.Qwen3VLConfig(text_config=text, vision_config=vision, **own)
        model = t.Qwen3VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = [ids["<|im_end|>"], ids["<|endoftext|>"]]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    _picture_config(folder, kind)
    return folder


def build_tiny_text_model(kind: TextKind, folder: Path, *, template: str = TEMPLATE) -> Path:
    """A model that reads text alone: no picture part in its config, no processor in its folder."""
    import torch
    import transformers as t

    tokenizer = _tokenizer(t) if kind == "qwen3" else _word_marking_tokenizer(t)
    torch.manual_seed(0)
    size: dict[str, Any] = {
        "vocab_size": -(-len(tokenizer) // 64) * 64, "max_position_embeddings": 8192, "tie_word_embeddings": True,
        "bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
        **TINY["text"],
    }  # fmt: skip
    if kind == "qwen3":
        t.Qwen3ForCausalLM(t.Qwen3Config(**size, head_dim=32)).save_pretrained(folder)
    else:
        t.LlamaForCausalLM(t.LlamaConfig(**size)).save_pretrained(folder)
    tokenizer.chat_template = template or None
    tokenizer.save_pretrained(folder)
    return folder


def build_tiny_smolvlm(folder: Path) -> Path:
    """A vision-language model of another family: square tiles of a picture, a llama that reads them."""
    import torch
    import transformers as t
    from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

    tokenizer = _tokenizer(t, ("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"))
    torch.manual_seed(0)
    text = {"model_type": "llama", "vocab_size": -(-len(tokenizer) // 64) * 64, "max_position_embeddings": 8192,
            "pad_token_id": tokenizer.pad_token_id, **TINY["text"]}  # fmt: skip
    vision = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
              "image_size": 64, "patch_size": 16}  # fmt: skip
    model = t.SmolVLMForConditionalGeneration(
        t.SmolVLMConfig(
            text_config=text, vision_config=vision, scale_factor=2,
            image_token_id=tokenizer.convert_tokens_to_ids("<image>"), pad_token_id=tokenizer.pad_token_id,
        )
    )  # fmt: skip
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    tiles = SmolVLMImageProcessorPil(size={"longest_edge": 128}, max_image_size={"longest_edge": 64})
    tiles.save_pretrained(folder)
    own = {"processor_class": "SmolVLMProcessor", "image_seq_len": (64 // 16) ** 2 // 2**2}
    (folder / "processor_config.json").write_text(json.dumps(own), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(PARTS_TEMPLATE, encoding="utf-8")
    return folder


def _word_marking_tokenizer(t: Any) -> Any:
    """One that marks where words begin, as Llama 2's: it has two tokens for one letter."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *(chr(code) for code in range(33, 127))]
    merged = [f"▁{letter}" for letter in LETTERS]
    core = Tokenizer(
        models.BPE(
            vocab={piece: number for number, piece in enumerate([*pieces, *merged])},
            merges=[("▁", letter) for letter in LETTERS],
            byte_fallback=True,
            unk_token="<unk>",
        )
    )
    core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    core.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    core.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIALS])
    return t.PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>", unk_token="<unk>"
    )


def _tokenizer(t: Any, further: Sequence[str] = ()) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=[*SPECIALS, *further],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    shop = ["red mug", "query item title attributes grade rule", "Yes No", *LETTERS, '{"label": "A", "rules": []}'] * 20
    core.train_from_iterator(shop, trainer)
    tokenizer = t.Qwen2TokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=TEMPLATE
    )
    tokenizer.padding_side = "left"
    return tokenizer


def _picture_config(folder: Path, kind: Kind) -> None:
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    patch = 14 if kind == "qwen2_5_vl" else 16
    processor = Qwen2VLImageProcessorPil(
        patch_size=patch, merge_size=2, temporal_patch_size=2, min_pixels=(2 * patch) ** 2, max_pixels=(16 * patch) ** 2
    )
    processor.save_pretrained(folder)


if __name__ == "__main__":
    build_tiny_model(sys.argv[1], Path(sys.argv[2]))  # type: ignore[arg-type]
