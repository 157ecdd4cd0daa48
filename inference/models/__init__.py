"""Which models and prompts exist, what they may know of a query, and what was seen on pictures.

Append-only tables carry `append_only = True`: the database refuses UPDATE, DELETE and TRUNCATE on them.
"""

from inference.models.knowledge import Caption, KnowledgeCard, KnowledgeRevision
from inference.models.prompts import PromptVersion
from inference.models.registry import ActiveModel, Calibration, FormerModel, LearntModel, Lineage, ModelVersion

__all__ = [
    "ActiveModel",
    "Calibration",
    "Caption",
    "FormerModel",
    "KnowledgeCard",
    "KnowledgeRevision",
    "LearntModel",
    "Lineage",
    "ModelVersion",
    "PromptVersion",
]
