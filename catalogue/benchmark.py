"""The split of queries with a project's benchmark: asked by whoever trains, exports or calibrates."""

from __future__ import annotations

from catalogue.models import Query
from projects.models import Project
from relevance.splits import Splits, digests


def splits(project: Project) -> Splits:
    """As it is now. A family that the project keeps as a benchmark is test in it, whatever its share says."""
    # Without the project whoever marks a query elsewhere would take it out of this one's exports and trainings.
    kept = Query.objects.filter(project=project, is_benchmark=True)
    return Splits(digests(kept.values_list("text", flat=True).iterator()))
