"""The domain stands alone: every module of it imports where the machinery around it does not exist."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMPORT_ALL = """
import importlib, pkgutil, sys

class Absent:
    names = {"django", "celery", "redis", "torch", "psycopg", "kombu", "vllm", "transformers"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

sys.meta_path.insert(0, Absent())
import relevance

names = [module.name for module in pkgutil.walk_packages(relevance.__path__, "relevance.")]
for name in names:
    importlib.import_module(name)
houses = "lore_app training evaluation annotation inference rules catalogue jobs projects database".split()
ours = set(houses) & set(sys.modules)
assert not ours, f"relevance imports {ours}"
print(" ".join(sorted(names)))
"""


def test_every_module_imports_without_django_celery_redis_torch_and_psycopg() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split())
    files = {f"relevance.{path.stem}" for path in (ROOT / "relevance").glob("[!_]*.py")}
    assert files <= imported
    assert "relevance.labels" in imported


def test_the_tour_of_the_package_names_every_module() -> None:
    import relevance

    files = [path.stem for path in (ROOT / "relevance").glob("[!_]*.py")]
    missing = [name for name in files if f"`{name}`" not in (relevance.__doc__ or "")]
    assert not missing
