"""A batch for vLLM in process, run by the interpreter that has it: `python -m tests.offline_batch FOLDER`.

Prints one JSON line: for each call what was said, its shares and its tokens, or the error's code.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from inference.engines.chat import Call, Picture, Reply
from inference.engines.errors import EngineError
from inference.engines.vllm_offline import VllmOffline

SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": ["A", "B"]}},
    "required": ["label"],
    "additionalProperties": False,
}
LETTERS = ("A", "B", "C", "D")


def calls() -> list[Call]:
    image = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(image, "PNG")
    picture = Picture("0" * 64, "image/png", image.getvalue())
    return [
        Call(system="s", user=("which",), choices=LETTERS, max_tokens=1),
        Call(system="s", user=("json",), schema=SCHEMA, max_tokens=60, samples=2, temperature=0.7, seed=1),
        Call(system="s", user=("word " * 9000,), choices=LETTERS, max_tokens=1),  # longer than the context
        Call(system="s", user=(picture, "which"), choices=LETTERS, max_tokens=1),
    ]


def told(answer: Reply | EngineError) -> dict[str, Any]:
    if isinstance(answer, EngineError):
        return {"error": answer.code}
    said = [one.text for one in answer.said]
    return {"said": said, "shares": answer.shares, "tokens_in": answer.tokens_in, "tokens_out": answer.tokens_out}


def main(folder: str) -> None:
    engine = VllmOffline(
        Path(folder),
        revision="1",
        max_model_len=4096,
        max_num_seqs=8,
        dtype="float32",
        enforce_eager=True,
        gpu_memory_utilization=0.4,
    )
    sys.stdout.write(json.dumps([told(answer) for answer in engine.converse(calls())]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
