"""What a local folder of weights holds, told from its files before any weight is loaded.

In: a folder. Out: whether its model reads text alone or sees pictures too, by its config and never by trying what loads;
or a refusal that says what is missing. No code of the folder runs, and only safetensors are read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.engines.errors import EngineError

MATTERS = ("*.safetensors", "*.json", "*.txt", "*.jinja", "*.model")  # to what the model answers
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "tekken.json")
PROCESSORS = ("processor_config.json", "preprocessor_config.json")


@dataclass(frozen=True)
class Weights:
    folder: Path
    config: Any  # of transformers
    sees_pictures: bool


def look_into(folder: Path) -> Weights:
    """Raises EngineError with a sentence where the folder is none that a chat model can be loaded from."""
    import transformers

    described = _json(folder / "config.json")
    _refuse_missing_files(folder, described)
    _refuse_unknown(described, transformers)
    try:
        config = transformers.AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError("config", f"its config.json cannot be read: {str(error)[:200]}") from error
    seeing = _sees_pictures(config)
    if seeing:
        _refuse_without(
            folder, PROCESSORS, "no_processor", "it sees pictures, but nothing says how they are made ready"
        )
    return Weights(folder, config, seeing)


def _refuse_missing_files(folder: Path, described: Mapping[str, Any]) -> None:
    if not described and (folder / "adapter_config.json").exists():
        raise EngineError(
            "adapter", "the folder holds an adapter (LoRA) alone: merge it into its base model and save that"
        )
    if not described:
        raise EngineError("no_config", "the folder holds no config.json that can be read: it is no folder of weights")
    if not any(folder.glob("*.safetensors")):
        raise EngineError(
            "no_safetensors",
            "the folder holds no .safetensors. Other formats are not read, since reading some of them runs code: "
            "save the model as safetensors",
        )
    _refuse_without(folder, TOKENIZERS, "no_tokenizer", "nothing says how text becomes tokens")


def _refuse_without(folder: Path, names: Collection[str], code: str, lacking: str) -> None:
    if not any((folder / name).exists() for name in names):
        raise EngineError(code, f"{lacking}: the folder holds none of {', '.join(names)}. Copy all files of the model")


def _refuse_unknown(described: Mapping[str, Any], transformers: Any) -> None:
    kind = str(described.get("model_type", ""))[:60]
    if kind in transformers.CONFIG_MAPPING:
        return
    if described.get("auto_map"):
        raise EngineError(
            "remote_code",
            f"models of the type {kind!r} need code that lies in their folder, and such code is never run",
        )
    raise EngineError(
        "unknown_model_type", f"transformers {transformers.__version__} knows no models of the type {kind!r}"
    )


def _sees_pictures(config: Any) -> bool:
    """By the class the weights were saved from; where none is named, by whether the config describes a picture model.

    Classes that do both count as seeing, since their text half alone would leave weights unused.
    """
    from transformers.models.auto import modeling_auto

    named = list(config.architectures or [])
    if not named:
        return hasattr(config, "vision_config")
    if _among(named, modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES):
        return True
    if _among(named, modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES):
        return False
    raise EngineError(
        "no_chat_model",
        f"the folder holds {', '.join(map(str, named))[:100]}, which writes no answers: it cannot be asked",
    )


def _among(named: Collection[str], classes: Mapping[str, Any]) -> bool:
    known = {name for one in classes.values() for name in ([one] if isinstance(one, str) else one)}
    return not known.isdisjoint(named)


def _json(path: Path) -> dict[str, Any]:
    """Nothing where the file is missing or is no JSON object."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def processor_named(folder: Path) -> str:
    """The class that the folder asks for, "" where it names none."""
    told = (_json(folder / name).get("processor_class") for name in (*PROCESSORS, "tokenizer_config.json"))
    return next((name for name in told if isinstance(name, str)), "")


def digest_of(folder: Path) -> str:
    """Of the names and contents of everything that makes the model answer as it does."""
    hasher = hashlib.sha256()
    for path in sorted({path for pattern in MATTERS for path in folder.glob(pattern)}):
        hasher.update(path.name.encode())
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                hasher.update(chunk)
    return hasher.hexdigest()[:16]
