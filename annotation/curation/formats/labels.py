"""Labels for people: what stands of each pair that has gold or was judged. The same rows twice: JSONL, lossless, and CSV.

Judges appear under a pseudonym made for the export. Each row names its format, so that it can be imported as what it is:
of a CSV that is the only way to know that `'` before a formula is ours (`catalogue/importing/shapes/own_exports.py`).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from annotation.curation.formats.shape import ExportFormat, ToWrite, Written
from annotation.curation.pair_records import PairRecord, origin
from annotation.curation.sealing import SealedFile
from catalogue.importing.shapes.own_exports import LABELS_FORMAT
from relevance.labels import Scale
from relevance.splits import Split

COLUMNS = (
    "format", "pair_id", "query", "locale", "item_id", "item_locale", "title", "gold_label", "mismatch", "ground",
    "lore_label", "judgments", "prediction", "model", "rule_base", "source", "licence", "attribution", "label_scale",
    "split",
)  # fmt: skip


def write(given: ToWrite) -> Written:
    lines = SealedFile(given.scratch / "labels.jsonl", "labels.jsonl")
    table = SealedFile(given.scratch / "labels.csv", "labels.csv", counted=False)
    by_label: Counter[str] = Counter()
    by_split: Counter[str] = Counter()
    with lines, table:
        table.write_csv(COLUMNS, rows=0)
        for record in given.records:
            split = given.splits.of(record.query)
            row = label_row(record, given.scale, split)
            lines.write_json(row)
            table.write_csv(csv_cells(row))
            by_label[row["gold_label"] or "none"] += 1
            by_split[split] += 1
    return [lines, table], {"gold_labels": dict(sorted(by_label.items())), "by_split": dict(by_split)}


def label_row(record: PairRecord, scale: Scale, split: Split) -> dict[str, Any]:
    return {
        "format": LABELS_FORMAT,
        "query": record.query,
        "title": record.title,
        "item": {
            "category": record.category,
            "cpv": _list(record.cpv),
            "skus": _list(record.skus),
            "shop": record.shop,
            "description": record.description,
            "selling_points": _list(record.selling_points),
            "price": record.price,
            "image_addresses": _list(record.image_addresses),
        },
        "gold_label": record.label,
        "mismatch": record.mismatch,
        "lore_label": scale.to_lore(record.label) if record.label else "",
        "judgments": [
            {
                "judgment": said.judgment,
                "judge": pseudonym(said.judge),
                "label": said.label,
                "outcome": said.outcome,
                "mismatch": said.mismatch,
                "mode": said.mode or "imported",
                "late": said.late,
                "rules_cited": said.rules,
                "no_rule_fits": said.no_rule_fits,
                "note": said.note,
                "day": said.day,
            }
            for said in record.said
        ],
        "prediction_label": scale.from_lore(record.predicted) if record.predicted else "",
        "predictions": _predictions(record, scale),
        **origin(record),
        "label_scale": scale.name,
        "split": split,
    }


def _predictions(record: PairRecord, scale: Scale) -> list[dict[str, Any]]:
    """What every model said of the content, ours first, as a row to import says it."""
    ours = [{"model": record.model, "label": scale.from_lore(record.predicted)}] if record.predicted else []
    foreign = [
        {"model": said.model, "label": said.label}
        | ({"score": said.score} if said.score is not None else {})
        | ({"posterior": orjson.loads(said.posterior)} if said.posterior else {})
        for said in record.foreign
    ]
    return [*ours, *(one for one in foreign if one not in ours)]


def _list(text: str | None) -> orjson.Fragment:
    """As the database wrote it: reading it only to write it again would cost as much as all else of a row."""
    return orjson.Fragment(text or "[]")


def csv_cells(row: dict[str, Any]) -> list[object]:
    """The columns of COLUMNS of a row made by `label_row`; judgments shortened to judge=label."""
    short = "; ".join(f"{one['judge']}={one['label'] or one['outcome']}" for one in row["judgments"])
    shown = {**row, "judgments": short, "prediction": row["prediction_label"]}
    return [shown[column] for column in COLUMNS]


def pseudonym(judge: int) -> str:
    """Of the judge's number in this export (`numbering`): the same word within it, and another word in the next."""
    return f"judge-{judge:08x}"


LABELS = ExportFormat(
    "labels", _("labels"), "rows for people", trains=False, gold_only=False, with_judgments=True, write=write
)
