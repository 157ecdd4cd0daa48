"""How many pairs a second `transformers_local` judges with a Qwen2.5-VL of random weights.

    python -m benchmarks.transformers_local [--size tiny|7b] [--device cpu|cuda] [--pairs 8] [--batch 8]
        [--answer-tokens 200]

A pair is two calls, the grade and the chain; the chain of random weights runs to its limit, so `answer-tokens` is its
length. `batch` pairs are handed to the engine together, which asks them one after the other. 7b needs a GPU, 16 GiB of
disk for the weights and as much memory; where there is none, that is said (exit 1).
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from inference.engines.base import EngineError, Question
from inference.engines.prompted import Prompted, Sampling
from inference.engines.transformers_local import TransformersLocal
from inference.pipeline import ask
from inference.prompting.prompts import shipped
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from rules.packs import load_pack
from tests.tiny_models import SEVEN_B, TINY, build_model

SIZES = {"tiny": TINY, "7b": SEVEN_B}
STARTER = Path("rules/packs/starter.yaml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="")
    parser.add_argument("--pairs", type=_positive, default=8)
    parser.add_argument("--batch", type=_positive, default=8)
    parser.add_argument("--answer-tokens", type=_positive, default=200)
    options = parser.parse_args()
    if reason := _missing(options.size, options.device):
        sys.stdout.write(json.dumps({"error": reason}) + "\n")
        raise SystemExit(1)
    sys.stdout.write(json.dumps(measured(options)) + "\n")


def _positive(given: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        raise argparse.ArgumentTypeError("1 or more")
    return int(given)


def _missing(size: str, device: str) -> str:
    try:
        import torch
        import transformers  # noqa: F401
    except ImportError as error:
        return f"{error.name} is not installed here (make test-torch installs it)"
    if (size == "7b" or device == "cuda") and not torch.cuda.is_available():
        return "no GPU at hand: --size 7b and --device cuda need one"
    return ""


def measured(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        model = _built(options.size, Path(folder) / "model")
        engine = TransformersLocal(model, revision="random", device=options.device)
    judge = Prompted(engine, shipped(), Sampling(max_tokens=options.answer_tokens))
    judge.generate(questions(1))  # warm
    asked = questions(options.pairs)
    batches = [asked[start : start + options.batch] for start in range(0, len(asked), options.batch)]
    began = time.perf_counter()
    answers = [answer for batch in batches for answer in judge.generate(batch)]
    seconds = time.perf_counter() - began
    told = [answer for answer in answers if not isinstance(answer, EngineError)]
    return {
        "size": options.size,
        "device": engine._device,
        "pairs": len(told),
        "batch": options.batch,
        "failed": len(answers) - len(told),
        "pairs_per_second": round(len(told) / seconds, 3),
        "tokens_in_per_second": round(sum(one.tokens_in for one in told) / seconds, 1),
        "tokens_out_per_second": round(sum(one.tokens_out for one in told) / seconds, 1),
        "peak_rss_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),  # KiB on Linux
        "gpu_peak_gib": _gpu_peak_gib(),
    }


def _built(size: str, folder: Path) -> Path:
    """The large one in the half precision in which a GPU holds it: in full it would take twice the disk and memory."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if size == "7b" else before)
    try:
        return build_model("qwen2_5_vl", folder, SIZES[size])
    finally:
        torch.set_default_dtype(before)


def _gpu_peak_gib() -> float | None:
    import torch

    return round(torch.cuda.max_memory_allocated() / 2**30, 1) if torch.cuda.is_available() else None


def questions(count: int) -> list[Question]:
    """The same query over items that differ; the rules of the shipped pack, as they are routed."""
    rules = load_pack(STARTER.read_text(encoding="utf-8")).rules
    found = []
    for number in range(count):
        item = ItemFacts(
            str(number), f"Red mug {number}, 350 ml", "kitchen > mugs", (("colour", "red"), ("brand", "Ox"))
        )
        pair = PairFacts("red coffee mug 300 ml", item)
        grid = build_grid(pair, Lexicon.shipped())
        found.append(ask(pair, grid, rules))
    return found


if __name__ == "__main__":
    main()
