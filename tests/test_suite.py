"""What the suite promises of itself: no case depends on the machine's mood, and the parts of it can be chosen."""

from __future__ import annotations

import re
from pathlib import Path

import hypothesis
import pytest

from tests.conftest import LONGEST, MARKED

ROOT = Path(__file__).resolve().parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()


def test_drawn_examples_fail_for_what_they_show_and_never_for_how_long_they_took() -> None:
    """Without it a busy machine fails a sound case: hypothesis calls drawing too slow, or one example overdue."""
    drawn = hypothesis.settings()
    assert drawn.deadline is None
    assert hypothesis.HealthCheck.too_slow in drawn.suppress_health_check


def markers(config: pytest.Config) -> set[str]:
    """Ours, without those of the plugins."""
    ours = (ROOT / "pyproject.toml").read_text().partition("markers = [")[2].partition("]")[0]
    return {line.partition(":")[0] for line in config.getini("markers") if f'"{line}"' in ours}


def test_every_part_that_can_be_chosen_stands_in_the_guide(pytestconfig: pytest.Config) -> None:
    named = set(re.findall(r"`(\w+)`", GUIDE.partition("## The suite")[2]))
    assert markers(pytestconfig) - named == set()
    assert set(MARKED.values()) <= markers(pytestconfig)


def test_a_check_at_every_change_leaves_out_what_is_slow_and_nothing_else(pytestconfig: pytest.Config) -> None:
    left_out = set(re.search(r"^SLOW := (.+)$", MAKEFILE, re.MULTILINE)[1].split(" or "))  # type: ignore[index]
    assert left_out == markers(pytestconfig) - {"torch", "serve", "vllm"}  # which skip themselves


def test_the_folders_that_are_begun_first_are_there() -> None:
    assert [name for name in {*LONGEST, *MARKED} if not (ROOT / "tests" / name).is_dir()] == []


def test_every_command_that_the_documents_name_is_one() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE))
    documents = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    named = {name for path in documents for name in re.findall(r"`make ([a-z0-9-]+)", path.read_text())}
    assert named - targets == set()
