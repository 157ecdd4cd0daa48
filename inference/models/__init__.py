"""Which models and prompts exist, what they may know of a query, what they said of pairs, and what is tried with them.

Append-only tables carry `append_only = True`: the database refuses UPDATE, DELETE and TRUNCATE on them.
"""

from inference.models.imported import ImportedPrediction
from inference.models.knowledge import Caption, KnowledgeCard, KnowledgeImport, KnowledgeRevision
from inference.models.model_jobs import ModelJob
from inference.models.playground import Comparison, Trial
from inference.models.prelabel import (
    Prediction,
    PredictionColumns,
    PrelabelAttempt,
    PrelabelJob,
    PrelabelRun,
    QueryGuideline,
    StandingPrediction,
)
from inference.models.prompts import PromptChoice, PromptHome, PromptVersion
from inference.models.query_readings import QueryReadingRun
from inference.models.registry import ActiveModel, Calibration, FormerModel, LearntModel, Lineage, ModelVersion

__all__ = [
    "ActiveModel",
    "Calibration",
    "Caption",
    "Comparison",
    "FormerModel",
    "ImportedPrediction",
    "KnowledgeCard",
    "KnowledgeImport",
    "KnowledgeRevision",
    "LearntModel",
    "Lineage",
    "ModelJob",
    "ModelVersion",
    "Prediction",
    "PredictionColumns",
    "PrelabelAttempt",
    "PrelabelJob",
    "PrelabelRun",
    "PromptChoice",
    "PromptHome",
    "PromptVersion",
    "QueryGuideline",
    "QueryReadingRun",
    "StandingPrediction",
    "Trial",
]
