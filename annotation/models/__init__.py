"""The tables of the loop, by activity: read the imports in order.

Append-only tables carry `append_only = True`: the database refuses UPDATE, DELETE and TRUNCATE on them.
"""

from annotation.models.collections import Export, HardSet, HardSetMember
from annotation.models.disputes import Adjudication, BadCase, BadCaseNote, Disagreement
from annotation.models.evidence import Grid, LearntLexicon
from annotation.models.imports import Import, Rejection
from annotation.models.items import Item, Snapshot
from annotation.models.jobs import Job, JobState, Worker
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
from annotation.models.model_jobs import ModelJob
from annotation.models.more_judgments import MoreJudgments, MoreSlot
from annotation.models.pairs import Pair, PairWords, Query
from annotation.models.pictures import Image, PictureFetch, PictureSource
from annotation.models.prelabelling import (
    Prediction,
    PrelabelAttempt,
    PrelabelJob,
    PrelabelRun,
    QueryGuideline,
    StandingPrediction,
)
from annotation.models.standard import BackTest, Citation, ReplayEntry, ReplaySet
from annotation.models.trials import Comparison, Trial

__all__ = [
    "Adjudication",
    "BackTest",
    "BadCase",
    "BadCaseNote",
    "Citation",
    "Comparison",
    "DayOfWork",
    "Disagreement",
    "Draft",
    "Export",
    "Gold",
    "Grid",
    "HardSet",
    "HardSetMember",
    "Image",
    "Import",
    "Item",
    "Job",
    "JobState",
    "Judge",
    "Judgment",
    "LearntLexicon",
    "Lease",
    "ModelJob",
    "MoreJudgments",
    "MoreSlot",
    "Pair",
    "PairWords",
    "PictureFetch",
    "PictureSource",
    "Postponement",
    "Prediction",
    "PrelabelAttempt",
    "PrelabelJob",
    "PrelabelRun",
    "Query",
    "QueryGuideline",
    "Rejection",
    "ReplayEntry",
    "ReplaySet",
    "Slot",
    "Snapshot",
    "StandingJudgment",
    "StandingPrediction",
    "Trial",
    "Worker",
]
