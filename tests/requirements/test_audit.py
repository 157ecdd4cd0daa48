"""Known holes: no answer is not a good answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from requirements import audit

CLEAN = {"name": "django", "version": "5.2.19", "vulns": []}
HOLED = {"name": "pillow", "version": "9.0", "vulns": [{"id": "CVE-2022-1"}, {"id": "CVE-2022-2"}]}
SKIPPED = {"name": "celery", "skip_reason": "Dependency not found on PyPI and could not be audited: celery (5.7.0)"}


def pip_audit(folder: Path, told: list[dict[str, Any]] | None, code: int = 0) -> str:
    path = folder / "pip-audit"
    said = "" if told is None else json.dumps({"dependencies": told, "fixes": []})
    path.write_text(f"#!/bin/sh\necho 'No known vulnerabilities found' >&2\ncat <<'X'\n{said}\nX\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("told", "code", "says"),
    [
        ([CLEAN], 0, "no known hole in 1 packages"),
        ([CLEAN, HOLED], 1, "pillow 9.0: CVE-2022-1, CVE-2022-2"),
        ([CLEAN, SKIPPED], 1, "not looked up: celery"),
        ([SKIPPED], 1, "nothing is known: the data of known holes cannot be had from here (Dependency not found"),
        ([], 1, "nothing is known"),
        (None, 1, "nothing is known"),
    ],
)
def test_exit_0_means_that_all_was_looked_up_and_nothing_found(
    told: list[dict[str, Any]] | None, code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """pip-audit itself exits 0 in all but the second."""
    assert audit.main([pip_audit(tmp_path, told)]) == code
    out, err = capsys.readouterr()
    assert says in (out if code == 0 else err)


def test_without_the_program_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(["/nonexistent/pip-audit"]) == 1
    assert "nothing is known" in capsys.readouterr().err
