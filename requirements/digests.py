"""Names each image of the Dockerfile and the compose file by today's digest: `python -m requirements.digests`.

Asks the registries through Docker's own command. The tag stays beside the digest, for people; the digest decides.
Nothing is written unless every image has an answer.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ("Dockerfile", "docker-compose.yml")
IMAGE = re.compile(r"^(?P<before>FROM |\s+image: )(?P<tag>[\w./-]+:[\w.-]+)(?:@sha256:[0-9a-f]{64})?$", re.MULTILINE)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ASK = ("docker", "buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}")


def digest(tag: str) -> str:
    """Raises LookupError with what the registry, or Docker, says."""
    try:
        asked = subprocess.run([*ASK, tag], capture_output=True, text=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LookupError(f"{tag}: {error}") from error
    if asked.returncode or not DIGEST.fullmatch(asked.stdout.strip()):
        raise LookupError(f"{tag}: {(asked.stderr or asked.stdout).strip()}")
    return asked.stdout.strip()


def pinned(text: str, digests: dict[str, str]) -> str:
    return IMAGE.sub(lambda found: f"{found['before']}{found['tag']}@{digests[found['tag']]}", text)


def pin(root: Path = ROOT) -> dict[str, str]:
    """Each tag and its digest, once both files say so. Raises LookupError."""
    texts = {root / name: (root / name).read_text() for name in FILES}
    tags = sorted({found["tag"] for text in texts.values() for found in IMAGE.finditer(text)})
    digests = {tag: digest(tag) for tag in tags}
    for path, text in texts.items():
        path.write_text(pinned(text, digests))
    return digests


def main() -> int:
    try:
        found = pin()
    except LookupError as error:
        sys.stderr.write(f"nothing was changed; {error}\n")
        return 1
    for tag, told in found.items():
        sys.stdout.write(f"{tag}@{told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
