"""The misbehaving server as a process of its own, for as long as a test or a benchmark needs it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import ROOT, process, wait_until


@dataclass(frozen=True)
class Misbehaving:
    """Where it answers, and what it saw."""

    port: int
    pid: int

    def base_url(self, mode: str) -> str:
        return f"http://127.0.0.1:{self.port}/{mode}/v1"

    def counts(self) -> dict[str, Any]:
        """{"modes": {mode: figures}, "connections", "connections_peak"}; the figures are counting.Tally's."""
        found: dict[str, Any] = self._ask("GET", "counts")
        return found

    def of(self, mode: str) -> dict[str, Any]:
        """The figures of one mode that has been called."""
        figures: dict[str, Any] = self.counts()["modes"][mode]
        return figures

    def reset(self) -> None:
        self._ask("POST", "reset")

    def _ask(self, method: str, path: str) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)


@contextmanager
def running(*options: str) -> Iterator[Misbehaving]:
    """Started and ready; killed at the end. `options` as on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "misbehaving.log"
        command = [sys.executable, "-m", "tests.misbehaving", "--with-parent", *options]
        with process(command, os.environ, ROOT, log) as child:
            wait_until(lambda: b"\n" in log.read_bytes(), seconds=10, what="the misbehaving server")
            first = log.read_text().splitlines()[0]
            if not first.startswith("{"):
                raise AssertionError(f"the misbehaving server did not start:\n{log.read_text()}")
            yield Misbehaving(json.loads(first)["port"], child.pid)
