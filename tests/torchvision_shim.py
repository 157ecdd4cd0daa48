"""torchvision beside a torch that it was not built for: CPU machines where only the CUDA build is to be had.

Knows what breaks there (the compiled operators do not load, so that the module refuses to be imported) and that no
test model calls them: they are declared without being implemented, and pictures are decoded by Pillow. A fitting
torchvision is left alone. It is installed into an environment, since the servers' child processes need it too.
"""

from __future__ import annotations

import importlib.machinery
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any


def install(python: str | Path) -> Path:
    """Let every process of that interpreter start with the shim; returns the folder it was put into."""
    answer = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    packages = Path(answer.stdout.strip())
    shutil.copyfile(__file__, packages / "torchvision_shim.py")
    (packages / "torchvision_shim.pth").write_text("import torchvision_shim; torchvision_shim.activate()\n")
    return packages


def activate() -> None:
    """Wait for somebody to import torchvision: a process that does not pays nothing."""
    sys.meta_path.insert(0, _Watcher())


class _Watcher(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Also called by those who only ask whether there is one: what is to be done waits for the import."""
        if fullname not in _AROUND:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            loader.exec_module = partial(_AROUND[fullname], loader.exec_module)
        return spec


_declared: list[Any] = []  # torch forgets a library's operators when the object goes


def _declare_operators(run: Callable[[ModuleType], None], module: ModuleType) -> None:
    """Names and no bodies, where the compiled ones do not load."""
    import torch

    folder = Path(str(module.__file__)).parent
    try:
        torch.ops.load_library(str(folder / "_C.so"))
    except OSError:
        source = (folder / "_meta_registrations.py").read_text()
        names = set(re.findall(r"register_(?:meta|fake)\(\"(?:torchvision::)?(\w+)\"", source))
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in sorted(names):
            library.define(f"{name}(Tensor a) -> Tensor")
        _declared.append(library)
    run(module)


def _decode_by_pillow(run: Callable[[ModuleType], None], module: ModuleType) -> None:
    run(module)
    if _declared:
        module.decode_image = decode_image  # type: ignore[attr-defined]


_AROUND = {"torchvision": _declare_operators, "torchvision.io": _decode_by_pillow}


def decode_image(encoded: Any, mode: Any = "RGB", apply_exif_orientation: bool = False) -> Any:
    """torchvision.io.decode_image for what the servers ask of it: bytes or a path to a uint8 tensor of 3 x H x W."""
    import numpy
    import torch
    from PIL import Image, ImageOps

    source = encoded if isinstance(encoded, str | Path) else io.BytesIO(bytes(encoded.numpy()))
    with Image.open(source) as opened:
        picture = ImageOps.exif_transpose(opened) if apply_exif_orientation else opened
        pixels = numpy.array(picture.convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()
