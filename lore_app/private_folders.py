"""Keeps the storage from the other accounts of the host: folders 0700, files 0600. All processes run as one account."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600  # of what is written from now on (settings.STORAGES)
OTHERS = 0o077


def close(root: Path) -> str:
    """Takes from group and others what they could do with all that lies there; a reason where that is not ours to do.

    The root goes last: it tells that the rest is done, so that the next start looks at one folder alone.
    """
    try:
        if root.is_dir() and root.stat().st_mode & OTHERS:
            for folder, folders, files in os.walk(root):
                for name in (*folders, *files):
                    _close(Path(folder, name))
            _close(root.resolve())
    except PermissionError as error:
        return f"{error.filename} belongs to another account"
    return ""


def _close(path: Path) -> None:
    # A link is left: what it leads to may be anybody's. A file that somebody takes away meanwhile needs nothing.
    with suppress(FileNotFoundError):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~OTHERS & 0o7777)
