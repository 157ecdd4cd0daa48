"""Known holes of what an image holds, asked of pip-audit: `python -m requirements.audit PATH_OF_PIP_AUDIT`.

pip-audit says "no known vulnerabilities" and exits 0 where it could look up nothing at all. Here that is no answer: exit 0
means that every package of `runtime.lock` was looked up and none has a known hole.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from requirements import locks

SECONDS = 600


@dataclass(frozen=True)
class AuditAnswer:
    holes: dict[str, list[str]]  # name and version -> what is known
    looked_up: int
    not_looked_up: list[str]
    said: str

    @property
    def good(self) -> bool:
        return bool(self.looked_up) and not self.holes and not self.not_looked_up

    def in_words(self) -> str:
        if not self.looked_up:
            return f"nothing is known: the data of known holes cannot be had from here ({self.said})"
        lines = [f"{name}: {', '.join(found)}" for name, found in sorted(self.holes.items())]
        if self.not_looked_up:
            lines.append(f"not looked up: {', '.join(self.not_looked_up)}")
        return "\n".join(lines) or f"no known hole in {self.looked_up} packages"


def ask(pip_audit: str) -> AuditAnswer:
    command = [pip_audit, "--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json"]
    command += ["--requirement", str(locks.FOLDER / "runtime.lock")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        return read(done.stdout, done.stderr)
    except (OSError, subprocess.TimeoutExpired) as error:
        return AuditAnswer({}, 0, [], str(error))


def read(text: str, errors: str) -> AuditAnswer:
    last = (errors.strip().splitlines() or ["no answer"])[-1]
    try:
        told = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return AuditAnswer({}, 0, [], last)
    skipped = [one for one in told if "skip_reason" in one]
    asked = [one for one in told if "skip_reason" not in one]
    holes = {f"{one['name']} {one['version']}": [hole["id"] for hole in one["vulns"]] for one in asked if one["vulns"]}
    said = skipped[0]["skip_reason"] if skipped else last
    return AuditAnswer(holes, len(asked), [one["name"] for one in skipped], said)


def main(arguments: list[str]) -> int:
    answer = ask(arguments[0])
    (sys.stdout if answer.good else sys.stderr).write(answer.in_words() + "\n")
    return 0 if answer.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
