"""The process that reads the words off pictures by rapidocr: our own WebP in, lines out, under limits that the kernel keeps.

It knows no database, no storage and no secret. The models lie in rapidocr's package and are named by path, so that nothing
is looked for elsewhere.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

THREADS = 2
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: it would start a thread a core, each with memory of its own

import PIL.Image  # noqa: E402
from PIL import WebPImagePlugin  # noqa: E402, F401  (before memory is limited)

from catalogue.child_processes import allow_seconds, read_frame, settle_in, write_frame  # noqa: E402

MEMORY = 3 << 30  # of address space: a picture full of small print takes 1.9 GiB, 1.2 of them resident
CPU_SECONDS = 40
THIN = 4  # a picture is at most so many times as long as wide: the models' own sizes would take gigabytes


def main() -> None:
    # Without a pipe of its own what a library prints would be taken for an answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    engine = _engine()
    settle_in(MEMORY, files=64)
    write_frame(answers, {"ready": True})
    while (asked := read_frame(sys.stdin.buffer)) is not None:
        allow_seconds(CPU_SECONDS)
        try:
            told = json.dumps(lines(engine, asked[1])).encode()
        except Exception:  # of whatever library; what is still held would be missing next time, so our parent ends us
            write_frame(answers, {"failed": True})
        else:
            write_frame(answers, {}, told)


def _engine() -> Any:
    import cv2
    import rapidocr

    cv2.setNumThreads(1)
    models = Path(rapidocr.__file__).parent / "models"
    # PP-OCR's detector, its recogniser for Chinese and Latin script, and what turns a line that stands on its head.
    paths = {part: str(next(models.glob(f"*_{part.lower()}_*.onnx"))) for part in ("Det", "Rec", "Cls")}
    return rapidocr.RapidOCR(
        params={
            **{f"{part}.model_path": path for part, path in paths.items()},
            "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.use_dilation": False,  # it joins neighbouring lines
            "Cls.cls_thresh": 0.99,  # less sure, it turns lines of script upside down
            "Global.log_level": "critical",
        }
    )


def lines(engine: Any, data: bytes) -> list[list[Any]]:
    """Of each line its text, how sure the engine is, left, top, right, bottom and the height of its letters."""
    picture = decoded(data)
    read = engine(picture)
    if read.boxes is None or read.txts is None:
        return []
    height, width = picture.shape[:2]
    return [
        [str(text), float(sure), *_place(box.tolist(), width, height)]
        for text, sure, box in zip(read.txts, read.scores, read.boxes, strict=True)
    ]


def decoded(data: bytes) -> Any:
    """Blue, green, red, as the engine takes it; what is thin stands on white, wide enough."""
    import numpy as np

    with PIL.Image.open(io.BytesIO(data), formats=("WEBP",)) as opened:
        picture = opened.convert("RGB")
    width, height = picture.size
    ground = PIL.Image.new("RGB", (max(width, height // THIN), max(height, width // THIN)), "white")
    ground.paste(picture)
    return np.asarray(ground)[:, :, ::-1].copy()


def _place(box: list[list[float]], width: int, height: int) -> list[float]:
    across, down = [x / width for x, _y in box], [y / height for _x, y in box]
    tall = min(math.dist(box[0], box[3]), math.dist(box[0], box[1])) / min(width, height)
    return [min(across), min(down), max(across), max(down), tall]


if __name__ == "__main__":
    main()
