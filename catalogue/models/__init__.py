"""What is judged, from the file that brought it to the evidence that is read from it.

Append-only tables carry `append_only = True`: the database refuses UPDATE, DELETE and TRUNCATE on them.
"""

from catalogue.models.evidence import (
    CellCorrection,
    EvidenceRemaking,
    Grid,
    LearntLexicon,
    QueryReading,
    ReadingCorrection,
)
from catalogue.models.imports import Import, Rejection
from catalogue.models.items import Item, Snapshot
from catalogue.models.label_conflicts import LabelConflict
from catalogue.models.pairs import Pair, PairWords, Query
from catalogue.models.pictures import Image, PictureFetch, PictureSource
from catalogue.models.printed_words import PictureReading, PictureWords

__all__ = [
    "CellCorrection",
    "EvidenceRemaking",
    "Grid",
    "Image",
    "Import",
    "Item",
    "LabelConflict",
    "LearntLexicon",
    "Pair",
    "PairWords",
    "PictureFetch",
    "PictureReading",
    "PictureSource",
    "PictureWords",
    "Query",
    "QueryReading",
    "ReadingCorrection",
    "Rejection",
    "Snapshot",
]
