"""Rows turned into what templates show: an item, a grid, rules, a prediction. Reads; decides nothing.

Labels are shown in the project's scale; a prediction's LORE-4 label is mapped to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from pydantic import ValidationError

from annotation.models import Grid, Prediction, Snapshot
from projects.models import Project
from relevance.chain import Chain
from relevance.dimensions import DIMENSION_NAMES, Dimension
from relevance.evidence import Grid as GridValue
from relevance.evidence import highlights
from relevance.labels import Scale
from relevance.rules import RuleSpec

LABEL_KEYS = "1234"


def language() -> str:
    """The two languages that data are written in."""
    return "zh" if (get_language() or "").startswith("zh") else "en"


def in_language(texts: Mapping[str, str]) -> str:
    return texts.get(language()) or texts.get("en") or next(iter(texts.values()), "")


def dimension_name(dimension: str) -> str:
    try:
        return in_language(DIMENSION_NAMES[Dimension(dimension)])
    except ValueError:
        return dimension


def label_name(scale: Scale, code: str) -> str:
    """The label's name in the reader's language, or nothing for an empty code."""
    grade = next((grade for grade in scale.grades if grade.code == code), None)
    return "" if grade is None else (grade.zh if language() == "zh" else grade.name)


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


def images(project: Project, snapshot: Snapshot) -> list[dict[str, str]]:
    alt = ", ".join(part for part in (snapshot.title[:120], snapshot.category[:80]) if part)
    return [
        {
            "thumb": reverse("image", args=[project.slug, sha256, "thumb"]),
            "large": reverse("image", args=[project.slug, sha256, "large"]),
            "alt": alt,
        }
        for sha256 in snapshot.images
    ]


def source(snapshot: Snapshot) -> dict[str, str]:
    batch = snapshot.batch
    return {"source": batch.source, "licence": batch.licence, "attribution": batch.attribution}


def item(project: Project, snapshot: Snapshot, grid: GridValue | None = None) -> dict[str, Any]:
    """The item as `parts/item.html` and the card show it; with a grid the title's matches are marked."""
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
        "images": images(project, snapshot),
        **source(snapshot),
    }


def grid_value(row: Grid | None) -> GridValue | None:
    return GridValue.from_json(row.body) if row else None


def grid(value: GridValue) -> dict[str, Any]:
    return {
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
                ],
            }
            for row in value.rows
        ]
    }


def chips(value: GridValue) -> list[dict[str, Any]]:
    """What the query asks, as short tags; words that no dimension explains are left out."""
    return [
        {
            "dimension": row.constraint.kind.value,
            "dimension_name": dimension_name(row.constraint.kind),
            "text": row.constraint.text,
            "negated": row.constraint.negated,
        }
        for row in value.rows
        if not row.constraint.word
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


@dataclass(frozen=True)
class Share:
    code: str
    label: str
    name: str
    grade: int
    p: float


def prediction(
    row: Prediction,
    project: Project,
    specs: Sequence[RuleSpec] = (),
    *,
    contradictions: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A prediction in the project's scale: verdict, confidence, posterior, chain, the rules it cites, contradictions."""
    scale = project.scale
    label = scale.from_lore(row.label) if row.label else ""
    posterior = posterior_in(scale, row.posterior or {})
    chain = stored_chain(row)
    cited = set(chain.rules) if chain else set()
    texts = contradictions or {}
    return {
        "label": label,
        "name": label_name(scale, label),
        "grade": colour_grade(scale, label) if label else 0,
        "mismatch": dimension_name(row.mismatch) if row.mismatch else "",
        "confidence": max((share.p for share in posterior), default=None),
        "posterior": posterior,
        "model": str(row.model),
        "engine": row.model.engine,
        "learnt": row.model.learnt,
        "rule_base": row.rule_base.number,
        "chain": chain,
        "rules": rules(spec for spec in specs if spec.code in cited),
        "contradicts": [texts.get(code, code) for code in row.contradicts],
        "invalid_reason": row.reason,
        "created_at": row.created_at,
    }


def stored_chain(row: Prediction) -> Chain | None:
    """The chain as data; None where there is none or where a later form of chains no longer reads it."""
    if not row.chain:
        return None
    try:
        return Chain.model_validate(row.chain)
    except ValidationError:
        return None


def posterior_in(scale: Scale, posterior: Mapping[str, float]) -> list[Share]:
    """LORE-4 shares added up in the labels of the project's scale, in the scale's order."""
    sums: dict[str, float] = {}
    for code, p in posterior.items():
        own = scale.from_lore(code)
        sums[own] = sums.get(own, 0.0) + p
    return [
        Share(grade.code, grade.code, label_name(scale, grade.code), colour_grade(scale, grade.code), sums[grade.code])
        for grade in scale.grades
        if grade.code in sums
    ]
