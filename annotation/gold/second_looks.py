"""Which pairs a pre-label of the active model sends to two people who do not see it: unsure ones, and those whose text may
talk to the judge."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection

from inference.models.prelabel import PredictionColumns
from projects.models import Project
from relevance.suspicion import INJECTION

TWO_BLIND = 2

# Without the state a slot would be called blind whose holder may have the model's label on the screen; without the gold
# label people would be asked again about what is settled.
_BLIND = """
UPDATE annotation_slot s SET mode = 'blind'
FROM catalogue_pair p
WHERE p.id = s.pair_id AND p.gold_label = '' AND s.pair_id = ANY(%(pairs)s::bigint[]) AND s.state = 'open'
  AND s.replaces_id IS NULL
"""
# Without ON CONFLICT a pair that has its two slots already would fail the transaction that stores the predictions.
_SECOND = """
INSERT INTO annotation_slot (project_id, pair_id, round, number, state, mode, position)
SELECT s.project_id, s.pair_id, 1, wanted.number, 'open', 'blind', min(s.position)
FROM annotation_slot s JOIN catalogue_pair p ON p.id = s.pair_id
CROSS JOIN generate_series(1, %(wanted)s) AS wanted(number)
WHERE s.pair_id = ANY(%(pairs)s::bigint[]) AND s.round = 1 AND p.gold_label = ''
GROUP BY s.project_id, s.pair_id, wanted.number
ON CONFLICT DO NOTHING
"""


def is_doubtful(prediction: PredictionColumns, project: Project) -> bool:
    """Less sure than the project's cut, where somebody has measured the model's confidence; or suspected of injection."""
    unsure = prediction.confidence is not None and prediction.confidence < project.confidence_cut
    return bool(prediction.label) and (unsure or INJECTION in prediction.signals)


def route(predictions: Iterable[PredictionColumns], project: Project) -> int:
    """Ask two people, blind, about each doubtful pair; returns how many pairs that are."""
    doubtful = {one.pair_id for one in predictions if is_doubtful(one, project)}
    _ask_two_blind(doubtful)
    return len(doubtful)


def _ask_two_blind(pairs: Collection[int]) -> None:
    if not pairs:
        return
    parameters: dict[str, Any] = {"pairs": sorted(pairs), "wanted": TWO_BLIND}
    with connection.cursor() as cursor:
        cursor.execute(_SECOND, parameters)
        cursor.execute(_BLIND, parameters)
