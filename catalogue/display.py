"""Rows turned into what templates show: an item, its pictures, a grid, rules. Reads; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from catalogue.evidence import grids
from catalogue.models import Grid, QueryReading, Snapshot
from catalogue.pictures import snapshot_pictures
from projects.language import data_language, in_language
from projects.models import Project
from projects.templatetags.foreign import legible
from relevance.cells import Source, Verdict
from relevance.dimensions import DIMENSION_NAMES, Dimension
from relevance.evidence import EvidenceGrid, EvidenceRow, highlights
from relevance.labels import Scale
from relevance.routing import RoutedRule
from relevance.rules import RuleSpec

LABEL_KEYS = "1234"


def dimension_name(dimension: str) -> str:
    try:
        return in_language(DIMENSION_NAMES[Dimension(dimension)])
    except ValueError:
        return dimension


def label_name(scale: Scale, code: str) -> str:
    """The label's name in the reader's language, or nothing for an empty code."""
    grade = next((grade for grade in scale.grades if grade.code == code), None)
    return "" if grade is None else (grade.zh if data_language() == "zh" else grade.name)


def colour_grade(scale: Scale, code: str) -> int:
    """1..4: which of the four label colours a code of this scale takes."""
    return int(scale.to_lore(code)[1]) if code else 0


def labels(scale: Scale) -> list[dict[str, Any]]:
    return [
        {
            "code": grade.code,
            "name": label_name(scale, grade.code),
            "key": LABEL_KEYS[number],
            "grade": colour_grade(scale, grade.code),
        }
        for number, grade in enumerate(scale.grades)
    ]


def images(project: Project, snapshot: Snapshot, hashes: Sequence[str] | None = None) -> list[dict[str, str]]:
    """The pictures of a snapshot, by the hashes that are there; never by an address that an import named."""
    alt = ", ".join(part for part in (snapshot.title[:120], snapshot.category[:80]) if part)
    return [
        {
            "thumb": reverse("image", args=[project.slug, sha256, "thumb"]),
            "large": reverse("image", args=[project.slug, sha256, "large"]),
            "alt": alt,
        }
        for sha256 in (snapshot_pictures.shown(project, snapshot).hashes if hashes is None else hashes)
    ]


def source(snapshot: Snapshot) -> dict[str, str]:
    batch = snapshot.batch
    return {"source": batch.source, "licence": batch.licence, "attribution": batch.attribution}


def item(project: Project, snapshot: Snapshot, grid: EvidenceGrid | None = None) -> dict[str, Any]:
    """The item as `parts/item.html` and the card show it; with a grid the title's matches are marked."""
    pictures = snapshot_pictures.shown(project, snapshot)
    return {
        "title": snapshot.title,
        "title_pieces": highlights(snapshot.title, grid) if grid else [(snapshot.title, False)],
        "category": snapshot.category,
        "shop": snapshot.shop,
        "price": snapshot.price,
        "description": snapshot.description,
        "selling_points": snapshot.selling_points,
        "cpv": [(name, value) for name, value in snapshot.cpv],
        "skus": snapshot.skus,
        "images": images(project, snapshot, pictures.hashes),
        "images_missing": pictures.missing,
        **source(snapshot),
    }


def grid_value(row: Grid | None) -> EvidenceGrid | None:
    return EvidenceGrid.from_json(row.body) if row else None


def read_by(row: Grid) -> str:
    """Who read the query of a grid. Names a model, never a person."""
    number = grids.reading_in(row.extractor)
    reading = QueryReading.objects.get(pk=number) if number else None
    if reading is not None and reading.origin == QueryReading.Origin.GUIDELINE:
        return _("read by %(model)s") % {"model": legible(reading.version)}
    return str((QueryReading.Origin.TAGGER if reading is None else QueryReading.Origin(reading.origin)).label)


def grid(value: EvidenceGrid, snapshot: Snapshot) -> dict[str, Any]:
    """Of the sources the title, and those that say anything of this pair."""
    speaking = {cell.source for row in value.rows for cell in row.cells if cell.verdict is not Verdict.SILENT}
    return {
        "printed_by": printed_by(value, snapshot),
        "rows": [
            {
                "text": row.constraint.text,
                "dimension": row.constraint.kind.value,
                "dimension_name": dimension_name(row.constraint.kind),
                "negated": row.constraint.negated,
                "verdict": row.verdict.value,
                "cells": [
                    {
                        "source": cell.source.value,
                        "verdict": cell.verdict.value,
                        "literal": cell.literal,
                        "where": cell.where,
                    }
                    for cell in row.cells
                    if cell.source is Source.TITLE or cell.source in speaking
                ],
            }
            for row in value.rows
            if not _said_already(row, value)
        ],
    }


def _said_already(row: EvidenceRow, value: EvidenceGrid) -> bool:
    """The row that a query implies tells a reader nothing where the wanted thing's own row says that the item is another."""
    return _is_implied(row) and value.head is not None and value.head.verdict is Verdict.CONFLICT


def _is_implied(row: EvidenceRow) -> bool:
    return row.constraint.kind is Dimension.MAIN_ACCESSORY and row.constraint.value == "main"


def printed_by(value: EvidenceGrid, snapshot: Snapshot) -> str:
    """Who read the words off the pictures, where the grid tells any: without their versions."""
    if not any(cell.source is Source.CAPTION and cell.literal for row in value.rows for cell in row.cells):
        return ""
    return ", ".join(dict.fromkeys(reader.partition(" ")[0] for reader in snapshot.printed.readers))


def chips(value: EvidenceGrid) -> list[dict[str, Any]]:
    """What the query asks, as short tags: nothing implied, and of words that no lexicon knows the wanted thing alone."""
    return [
        {
            "dimension": row.constraint.kind.value,
            "dimension_name": dimension_name(row.constraint.kind),
            "text": row.constraint.text,
            "negated": row.constraint.negated,
        }
        for row in value.rows
        if not _is_implied(row) and (row.constraint.head or not row.constraint.word)
    ]


def rules(specs: Iterable[RuleSpec]) -> list[dict[str, str]]:
    return [
        {
            "code": spec.code,
            "title": in_language(spec.title),
            "statement": in_language(spec.statement),
            "url": reverse("rule", args=[spec.code]),
        }
        for spec in specs
    ]


def routed(found: Iterable[RoutedRule]) -> list[dict[str, str]]:
    """Rules, each with the words of query and item that made it apply."""
    told = list(found)
    shown = rules(rule.spec for rule in told)
    return [{**one, "reason": in_language(rule.reason.in_words)} for one, rule in zip(shown, told, strict=True)]
