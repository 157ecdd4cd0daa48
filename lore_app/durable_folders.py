"""Whether a folder is there tomorrow: temporary folders, memory file systems and a container's own layer are not."""

from __future__ import annotations

import tempfile
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
PASSING_FOLDERS = ("/tmp", "/var/tmp", "/run", "/dev/shm")
PASSING_SYSTEMS = {
    "tmpfs": "it lies in memory",
    "ramfs": "it lies in memory",
    "overlay": "it lies in the container's own layer; mount a volume there",
    "aufs": "it lies in the container's own layer; mount a volume there",
}


def why_not_lasting(path: Path) -> str:
    """A reason for people, or nothing where no sign speaks against the folder."""
    path = path.resolve()
    passing = {Path(folder).resolve() for folder in (*PASSING_FOLDERS, tempfile.gettempdir())}
    if any(path.is_relative_to(folder) for folder in passing):
        return "it is a temporary folder"
    return PASSING_SYSTEMS.get(_file_system(path), "")


def _file_system(path: Path) -> str:
    """The type of the file system that the path lies on, where the system tells: the mount with the longest name."""
    if not MOUNTS.exists():
        return ""
    mounts = (line.split()[1:3] for line in MOUNTS.read_text().splitlines())
    on = [(len(folder), kind) for folder, kind in mounts if path.is_relative_to(folder.replace("\\040", " "))]
    return max(on, default=(0, ""))[1]
