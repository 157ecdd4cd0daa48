"""Reads a lock file: each package with its version, the hashes of its files, and where it is installed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Locked:
    name: str
    version: str
    hashes: tuple[str, ...]  # "sha256:..." of each file that may be taken
    requirement: Requirement

    def is_installed(self, where: Mapping[str, str]) -> bool:
        """In an environment of these marker values; those that are left out are of this process."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate(dict(where))


def text_of(lock: str) -> str:
    return (FOLDER / f"{lock}.lock").read_text()


def read(lock: str) -> dict[str, Locked]:
    """By name. Raises ValueError at what is pinned by no version or no hash."""
    found: dict[str, Locked] = {}
    for entry in text_of(lock).replace("\\\n", " ").splitlines():
        pinned, *hashes = (part.strip() for part in re.split(r"\s--hash=", entry))
        requirement = Requirement(pinned)
        version = re.fullmatch(r"==([\w.+!]+)", str(requirement.specifier))
        if version is None or not hashes or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes):
            raise ValueError(f"{lock}.lock: {pinned} is not pinned by version and hash")
        name = canonicalize_name(requirement.name)
        found[name] = Locked(name, version[1], tuple(hashes), requirement)
    return found
