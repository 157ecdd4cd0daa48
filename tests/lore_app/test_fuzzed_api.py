"""/api/v1 of the served demo, asked what its own description allows and what it does not (Schemathesis, same cases each time).

`positive_data_acceptance` is left out: a description can tell that a body is a file, not that the file is one of pairs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from projects.models import Scope
from tests.conftest import FreshDatabase
from tests.drills.scale import FULL
from tests.processes import ROOT, answers, free_port, manage, process, wait_until

pytestmark = pytest.mark.processes
EXAMPLES = 50 if FULL else 6  # of each operation and phase
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


def fuzz(address: str, token: str, folder: Path) -> dict[str, Any]:
    (folder / "schemathesis.toml").write_text('[parameters]\n"path.slug" = "demo"\n')
    command = [str(SCHEMATHESIS), "--config-file", "schemathesis.toml", "run", f"{address}/api/v1/openapi.json"]
    command += ["--header", f"Authorization: Bearer {token}", "--max-examples", str(EXAMPLES)]
    command += ["--generation-deterministic", "--exclude-checks", "positive_data_acceptance", "--no-color"]
    command += ["--report", "json", "--report-json-path", "report.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report


def accepted(report: dict[str, Any]) -> Counter[str]:
    rates = report["valid_rates"].items()
    return Counter({name: sum(phase["accepted"] for phase in phases.values()) for name, phases in rates})


def test_no_program_gets_a_server_error_or_an_answer_that_is_not_described(
    fresh_database: FreshDatabase, tmp_path: Path, figures: Callable[..., None]
) -> None:
    environment = {**fresh_database.environment, "LORE_DEMO": "1"}

    def command(*arguments: str) -> str:
        done = subprocess.run(manage(*arguments), env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
        return done.stdout

    command("load_rules", str(ROOT / "rules/packs/starter.yaml"))
    command("load_demo")
    port = free_port()
    cases, taken = 0, Counter[str]()
    with process(manage("up", "--port", str(port)), environment, ROOT, tmp_path / "up.log"):
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{address}/health/"), seconds=120, what="the web server")
        for scope in Scope:
            told = command("issue_token", "--project=demo", f"--name={scope}", f"--scope={scope}", "--by=demo-lena")
            report = fuzz(address, json.loads(told)["token"], tmp_path)
            assert (report["operations"]["tested"], report["test_cases"]["unique_failures"]) == (11, 0)
            cases += report["test_cases"]["generated"]
            taken += accepted(report)
    figures("API described and fuzzed", cases=cases, failures=0, accepted=taken.total())
    for operation in ("POST {}runs/", "GET {}runs/{{run_id}}/", "POST {}exports/", "GET {}exports/{{export_id}}/"):
        assert taken[operation.format("/api/v1/p/{slug}/")] > 0, taken  # else only refusals were looked at
