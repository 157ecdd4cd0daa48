"""What a model has learnt from: which families of queries, as far as anybody has said.

What counts is the weights: registered again under another name, prompt or role they have seen the same. Families are kept by
their digests, which tell the side of the split without telling the query.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from django.db.models import QuerySet

from inference.models import LearntModel, Lineage, ModelVersion
from projects.audit import record
from projects.models import Person
from relevance.splits import SPLIT_VERSION, Splits

BYTES = 32


def keep(version: ModelVersion, families: Iterable[str], by: Person | None, *, source: str) -> None:
    """`source`: who says so, for the audit log. What was said before still counts."""
    packed = b"".join(map(bytes.fromhex, sorted(families)))
    Lineage.objects.create(version=version, split_version=SPLIT_VERSION, families=packed, told_by=by)
    record(by, "model.lineage_told", on=version, model=str(version), source=source, families=len(packed) // BYTES)


def of(version: ModelVersion) -> Set[str] | None:
    """The digests of the families it has learnt from; None where nobody has said."""
    told = [bytes(row) for row in _told(version).filter(split_version=SPLIT_VERSION).values_list("families", flat=True)]
    if not told:
        return None
    return {row[start : start + BYTES].hex() for row in told for start in range(0, len(row), BYTES)}


def tests_seen(version: ModelVersion, splits: Splits) -> int:
    """How many families that test it is known to have learnt from."""
    return sum(splits.of_digest(family) == "test" for family in of(version) or ())


def learnt_by_another_split(version: ModelVersion) -> bool:
    """A model whose report or lineage names no version of the split, or another one: it may have seen any query."""
    told = LearntModel.objects.filter(version=version).values_list("report__split", flat=True)
    return any(split != SPLIT_VERSION for split in told) or _told(version).exclude(split_version=SPLIT_VERSION).exists()


def _told(version: ModelVersion) -> QuerySet[Lineage, Any]:
    weights = {f"version__{name}": getattr(version, name) for name in ("engine", "target", "revision")}
    return Lineage.objects.filter(**weights)
