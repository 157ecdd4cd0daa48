"""What the suite promises of itself: no case depends on the machine's mood, and the parts of it can be chosen."""

from __future__ import annotations

import hypothesis


def test_drawn_examples_fail_for_what_they_show_and_never_for_how_long_they_took() -> None:
    """Without it a busy machine fails a sound case: hypothesis calls drawing too slow, or one example overdue."""
    drawn = hypothesis.settings()
    assert drawn.deadline is None
    assert hypothesis.HealthCheck.too_slow in drawn.suppress_health_check
