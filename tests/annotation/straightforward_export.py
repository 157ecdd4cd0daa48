"""The files of an export written the obvious way, an object for each row: what the fast way must equal byte for byte."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from typing import Any

import orjson

from annotation.curation.formats.labels import COLUMNS
from annotation.gold import opinions
from annotation.judging import card_rules
from annotation.models import Export, Gold, Judgment
from catalogue import benchmark
from catalogue.models import Pair, Snapshot
from inference.models import ActiveModel, ImportedPrediction, Prediction
from inference.prompting.trained import SYSTEM
from relevance.splits import digest
from relevance.spreadsheets import safe_cell


def files(export: Export, secret: bytes) -> dict[str, bytes]:
    told = [_told(pair) for pair in Pair.objects.filter(project=export.project).order_by("pk")]
    kept = [one for one in told if digest(one["pair"].query.text) not in benchmark.splits(export.project).benchmark]
    counted: dict[str, int] = {"pair": 0, "gold": 0, "prediction": 0, "judgment": 0}
    return _sft(kept, export, counted) if export.kind == "sft" else _labels(kept, export, secret, counted)


def _next(counted: dict[str, int], what: str) -> int:
    counted[what] += 1
    return counted[what]


def _told(pair: Pair) -> dict[str, Any]:
    gold = Gold.objects.filter(pair=pair).order_by("-revision").first()
    gold = gold if gold and gold.label else None
    snapshot = gold.snapshot if gold else pair.item.current_snapshot
    # Of the active model, usable, on the current snapshot, the newest.
    active = ActiveModel.objects.filter(project=pair.project, role="judge").values("model")
    told = Prediction.objects.filter(pair=pair, status="ok", model__in=active)
    prediction = told.filter(snapshot=pair.item.current_snapshot_id).order_by("-id").first()
    assert snapshot is not None
    if prediction is not None and prediction.snapshot_id != snapshot.pk:
        prediction = None
    return {"pair": pair, "gold": gold, "snapshot": snapshot, "prediction": prediction}


def _origin(
    counted: dict[str, int], pair: Pair, gold: Gold | None, snapshot: Snapshot, prediction: Prediction | None
) -> dict[str, Any]:
    return {
        "pair": _next(counted, "pair"),
        "pair_id": pair.external_id,
        "locale": pair.query.locale,
        "item_id": pair.item.external_id,
        "item_locale": pair.item.locale,
        "snapshot": snapshot.sha256,
        "gold": _next(counted, "gold") if gold else None,
        "ground": gold.ground if gold else "",
        "prediction": _next(counted, "prediction") if prediction else None,
        "model": str(prediction.model) if prediction else "",
        "rule_base": prediction.rule_base.number if prediction else None,
        "source": snapshot.batch.source,
        "licence": snapshot.batch.licence,
        "attribution": snapshot.batch.attribution,
    }


def _sft(told: list[dict[str, Any]], export: Export, counted: dict[str, int]) -> dict[str, bytes]:
    names = ("sft-train.jsonl", "sft-validation.jsonl", "labels-only.jsonl")
    written: dict[str, list[bytes]] = {name: [] for name in names}
    scale = export.project.scale
    for one in told:
        pair, gold, snapshot, prediction = one["pair"], one["gold"], one["snapshot"], one["prediction"]
        split = benchmark.splits(export.project).of(pair.query.text)
        if gold is None or split == "test":
            continue
        item = {
            "title": snapshot.title,
            "category": snapshot.category,
            "cpv": dict(snapshot.cpv),
            "skus": snapshot.skus,
            "shop": snapshot.shop,
        }
        question = {"query": pair.query.text, "item": {key: value for key, value in item.items() if value}}
        reason = _why_not(gold, prediction, scale)
        if reason:
            row = {
                **question,
                "label": gold.label,
                "lore_label": scale.to_lore(gold.label),
                "mismatch": gold.mismatch,
                "why_no_chain": reason,
                **_origin(counted, **one),
                "split": split,
            }
            written["labels-only.jsonl"].append(orjson.dumps(row) + b"\n")
            continue
        contents = (SYSTEM, orjson.dumps(question).decode(), orjson.dumps(prediction.chain).decode())
        messages = [
            {"role": role, "content": text}
            for role, text in zip(("system", "user", "assistant"), contents, strict=True)
        ]
        row = {"messages": messages, "query": pair.query.text, **_origin(counted, **one), "split": split}
        written[f"sft-{split}.jsonl"].append(orjson.dumps(row) + b"\n")
    return {name: b"".join(lines) for name, lines in written.items()}


def _why_not(gold: Gold, prediction: Prediction | None, scale: Any) -> str:
    if prediction is None or not prediction.chain:
        return "no_prediction"
    if scale.from_lore(prediction.chain["label"]) != gold.label:
        return "chain_ends_in_another_label"
    if gold.mismatch and prediction.chain.get("mismatch") != gold.mismatch:
        return "chain_names_another_mismatch"
    return "grid_or_posterior_contradicts" if prediction.contradicts else ""


def _labels(told: list[dict[str, Any]], export: Export, secret: bytes, counted: dict[str, int]) -> dict[str, bytes]:
    lines, table, scale = [], io.StringIO(), export.project.scale
    csv.writer(table).writerow(COLUMNS)
    for one in told:
        pair, gold, prediction = one["pair"], one["gold"], one["prediction"]
        if gold is None and not pair.judgments.exists():
            continue
        standing = sorted(opinions.standing_judgments(pair), key=lambda row: _pseudonym(row, secret))
        content = one["snapshot"]
        row = {
            "format": "lore-labels-2",
            "query": pair.query.text,
            "title": content.title,
            "item": _item(content),
            "gold_label": gold.label if gold else "",
            "mismatch": gold.mismatch if gold else "",
            "lore_label": scale.to_lore(gold.label) if gold else "",
            "judgments": [_judgment(judgment, secret, counted) for judgment in standing],
            "prediction_label": scale.from_lore(prediction.label) if prediction and prediction.label else "",
            "predictions": _predictions(pair, content, prediction, scale),
            **_origin(counted, **one),
            "label_scale": scale.name,
            "split": benchmark.splits(export.project).of(pair.query.text),
        }
        lines.append(orjson.dumps(row) + b"\n")
        said = "; ".join(
            f"{judgment['judge']}={judgment['label'] or judgment['outcome']}" for judgment in row["judgments"]
        )
        cells = {**row, "judgments": said, "prediction": row["prediction_label"]}
        csv.writer(table).writerow([safe_cell(cells[column]) for column in COLUMNS])
    return {"labels.jsonl": b"".join(lines), "labels.csv": table.getvalue().encode()}


def _item(content: Snapshot) -> dict[str, Any]:
    """Lists as PostgreSQL writes them, with spaces."""
    lists = ("cpv", "skus", "selling_points", "image_addresses")
    texts = ("category", "cpv", "skus", "shop", "description", "selling_points", "price", "image_addresses")
    told = {name: getattr(content, name) for name in texts}
    return {
        name: orjson.Fragment(json.dumps(value, ensure_ascii=False)) if name in lists else value
        for name, value in told.items()
    }


def _predictions(pair: Pair, content: Snapshot, prediction: Prediction | None, scale: Any) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    if prediction and prediction.label:
        told.append({"model": str(prediction.model), "label": scale.from_lore(prediction.label)})
    foreign = ImportedPrediction.objects.filter(pair=pair, snapshot=content)
    for one in foreign.order_by("model_name", "batch_id", "row", "place"):
        said = {"model": one.model_name, "label": one.label, "score": one.score, "posterior": one.posterior}
        said = {name: value for name, value in said.items() if value is not None}
        if said not in told:
            told.append(said)
    return told


def _pseudonym(row: Judgment, secret: bytes) -> str:
    return "judge-" + hmac.new(secret, str(row.judge_id).encode(), hashlib.sha256).hexdigest()[:8]


def _judgment(row: Judgment, secret: bytes, counted: dict[str, int]) -> dict[str, Any]:
    return {
        "judgment": _next(counted, "judgment"),
        "judge": _pseudonym(row, secret),
        "label": row.label,
        "outcome": row.outcome,
        "mismatch": row.mismatch,
        "mode": row.mode or "imported",
        "late": row.late,
        "rules_cited": [str(rule) for rule in card_rules.cited_by([row]).get(row.pk, [])],
        "no_rule_fits": row.no_rule_fits,
        "note": row.note,
        "day": row.recorded_at.date().isoformat(),
    }


def read(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.splitlines()]
