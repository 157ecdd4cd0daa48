"""The split of queries with this installation's benchmark: asked by whoever trains, exports or calibrates."""

from __future__ import annotations

from catalogue.models import Query
from relevance.splits import Splits, digests


def splits() -> Splits:
    """As it is now. A family that any project keeps as a benchmark is test in all of them: one model serves them all."""
    return Splits(digests(Query.objects.filter(is_benchmark=True).values_list("text", flat=True).iterator()))
