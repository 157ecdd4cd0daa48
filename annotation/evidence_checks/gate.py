"""Figures and gate of each category, counted when something is said and when the extractor changes, and kept for cards.

A gate speaks for the extractor that it was counted under. Once there is another, it is counted anew over the same marks, as
far as cells read the same; until then nothing has passed.
"""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db import connection, transaction

from annotation.evidence_checks.cells import WRONG, SeenPair, seen
from annotation.models import EvidenceGate, SampledPair
from catalogue.evidence import grids, lexicons
from catalogue.models import Pair, Snapshot
from database.clock import ClockTimestamp
from projects import audit
from projects.models import Mode, Project
from relevance.evidence_gate import CheckedEvidence, told_by
from relevance.resampling import Figure
from relevance.splits import Splits

STAYS_SECONDS = 10  # how long another process may go by a gate that has changed
TOLD: dict[str, Any] = {
    "lacks": [],
    "drawn": 0,
    "pairs": 0,
    "queries": 0,
    "carried": 0,
    "missing": 0,
    "wrong_cells": None,
    "conflict_precision": None,
}
EXAMPLES = 200  # wrong cells that are kept to be shown


def category_of(snapshot: Snapshot) -> str:
    """The first part of the item's category, as drawable_pairs.sql says it."""
    return snapshot.category.partition(">")[0].strip(" ")


def extractor_now(project: Project) -> str:
    return grids.extractor(lexicons.current(project))


def passed(project: Project) -> frozenset[str]:
    """The categories whose evidence has passed under the extractor of today."""
    known: frozenset[str] | None = cache.get(_key(project))
    if known is not None:
        return known
    held = EvidenceGate.objects.filter(project=project, state=EvidenceGate.State.PASSED).values_list(
        "extractor", "covers"
    )
    now = extractor_now(project) if held else ""
    found = frozenset(one["category"] for extractor, covers in held if extractor == now for one in covers)
    cache.set(_key(project), found, STAYS_SECONDS)
    return found


def is_checked(project: Project, snapshot: Snapshot) -> bool:
    """Whether what is shown of an item was measured and found good enough."""
    return category_of(snapshot) in passed(project)


def mode_of(pair: Pair, project: Project) -> Mode:
    """In which mode a pair of a project that goes by the gate is judged."""
    snapshot = pair.item.current_snapshot
    # Without these three a label that measures a model could have been given with the evidence in view.
    measures = bool(pair.gold_label) or pair.query.is_benchmark or Splits().of(pair.query.text) == "test"
    return Mode.BLIND if measures or snapshot is None or not is_checked(project, snapshot) else Mode.FACTS


def told(project: Project) -> list[dict[str, Any]]:
    """What is kept of each category, as programs read it."""
    now = extractor_now(project)
    rows = EvidenceGate.objects.filter(project=project).order_by("together", "category")
    return [
        {
            "category": row.category,
            "together": row.together,
            "covers": row.categories,
            "gate": row.state,
            "evidence_checked": row.state == EvidenceGate.State.PASSED and row.extractor == now,
            "extractor": row.extractor,
            **{name: row.figures.get(name, otherwise) for name, otherwise in TOLD.items()},
        }
        for row in rows
    ]


def recount(project: Project, category: str | None = None) -> list[EvidenceGate]:
    """The gates counted anew, or the one that speaks for a category. A change of state stands in the audit log."""
    held = list(EvidenceGate.objects.filter(project=project).order_by("together", "category"))
    wanted = [row for row in held if category is None or category in row.categories]
    for row in wanted:
        _count(row)
    cache.delete(_key(project))
    return wanted


def follow() -> int:
    """Counts anew what another extractor has overtaken: a chore. Returns how many gates that were."""
    followed = 0
    for project in Project.objects.filter(evidence_gates__isnull=False, archived_at=None).distinct():
        now = extractor_now(project)
        for row in EvidenceGate.objects.filter(project=project).exclude(extractor=now)[:1]:
            followed += len(recount(project, row.categories[0] if row.covers else None))
    return followed


def _count(row: EvidenceGate) -> None:
    drawn = SampledPair.objects.filter(project=row.project_id, category__in=row.categories, pair__query__erased_at=None)
    told = drawn.select_related("pair__query", "pair__project", "pair__item__current_snapshot").order_by("pk")
    pairs = seen(row.project, list(told))
    checked = [one for one in pairs if one.checked]
    evidence = told_by([one.told for one in checked])
    before, row.state = row.state, EvidenceGate.State(evidence.state.value)
    row.extractor, row.figures = extractor_now(row.project), {**_figures(evidence), **_counts(pairs, checked)}
    row.wrong_cells = _wrong_cells(checked)
    row.counted_at = ClockTimestamp()
    with transaction.atomic():
        row.save()
        _tell_apart(drawn, {one.sampled.pk for one in checked})
        if row.state != before:
            said = {"category": row.category, "state": row.state, "extractor": row.extractor}
            audit.record(None, "evidence.gate", project=row.project, on=row, before=before, **said)


def _tell_apart(drawn: Any, checked: set[int]) -> None:
    """Marks which drawn pairs are checked; rows that stay as they are are not written."""
    drawn.filter(pk__in=checked, checked=False).update(checked=True)
    drawn.filter(checked=True).exclude(pk__in=checked).update(checked=False)


def _figures(evidence: CheckedEvidence) -> dict[str, Any]:
    return {
        "pairs": evidence.pairs,
        "queries": evidence.queries,
        "cells": evidence.wrong.n,
        "conflicts": evidence.precision.n,
        "missing": evidence.missing,
        "wrong_cells": _figure(evidence.wrong),
        "conflict_precision": _figure(evidence.precision),
        "lacks": [lack.value for lack in evidence.lacks],
    }


def _figure(figure: Figure) -> dict[str, float | int | None] | None:
    return figure.to_json()


def _counts(pairs: list[SeenPair], checked: list[SeenPair]) -> dict[str, int]:
    """`carried`: checked under another extractor, whose cells read as they do now. `again`: cells changed since."""
    return {
        "drawn": len(pairs),
        "carried": sum(one.carried for one in checked),
        "again": sum(one.looked_at and not one.checked for one in pairs),
    }


def _wrong_cells(checked: list[SeenPair]) -> list[dict[str, Any]]:
    found = [
        {"pair": one.sampled.pair_id, "where": cell.where, **cell.reading._asdict()}
        for one in checked
        for cell, mark in one.marked
        if mark == WRONG
    ]
    return found[:EXAMPLES]


def _key(project: Project) -> str:
    return f"evidence-passed:{connection.settings_dict['NAME']}:{project.pk}"
