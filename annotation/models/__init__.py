"""What people say, and what follows from it: read `judging` first.

Append-only tables carry `append_only = True`: the database refuses UPDATE, DELETE and TRUNCATE on them.
"""

from annotation.models.curation import Export, HardSet, HardSetMember
from annotation.models.disputes import Adjudication, BadCase, BadCaseNote, Disagreement, SeenOpinions
from annotation.models.evidence_checks import EvidenceCheck, EvidenceDraw, EvidenceGate, SampledPair
from annotation.models.judging import (
    DayOfWork,
    Draft,
    Gold,
    Judge,
    Judgment,
    Lease,
    Postponement,
    Slot,
    StandingJudgment,
)
from annotation.models.more_judgments import MoreJudgments, MoreSlot
from annotation.models.standard import BackTest, Citation, ReplayEntry, ReplaySet, RuleReplay

__all__ = [
    "Adjudication",
    "BackTest",
    "BadCase",
    "BadCaseNote",
    "Citation",
    "DayOfWork",
    "Disagreement",
    "Draft",
    "EvidenceCheck",
    "EvidenceDraw",
    "EvidenceGate",
    "Export",
    "Gold",
    "HardSet",
    "HardSetMember",
    "Judge",
    "Judgment",
    "Lease",
    "MoreJudgments",
    "MoreSlot",
    "Postponement",
    "ReplayEntry",
    "ReplaySet",
    "RuleReplay",
    "SampledPair",
    "SeenOpinions",
    "Slot",
    "StandingJudgment",
]
