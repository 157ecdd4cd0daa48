"""What an export writes for one pair: a chat whose answer is the chain, a label-only row, or a row of labels.

A chain trains only if an ok prediction's chain ends in the gold label and nothing contradicts it; every other gold pair
says why not. Judges appear under a pseudonym made for the export.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from annotation.models import Gold, Judgment, Pair, Prediction, Snapshot
from relevance.facts import fold
from relevance.labels import Scale

VALIDATION_SHARE = 0.1
SYSTEM = (
    "You judge whether an item answers a shopping query. Compare each demand of the query with the item's title, "
    "attributes and variants, name the rules that apply, and end in one label: L1 irrelevant, L2 mismatch, L3 related, "
    "L4 excellent. An L2 names the dimension that does not match. Answer with one JSON object and nothing else."
)
LABEL_COLUMNS = (
    "pair_id", "query", "item_id", "title", "gold_label", "mismatch", "ground", "lore_label", "judgments",
    "prediction", "model", "rule_base", "source", "licence", "attribution",
)  # fmt: skip


@dataclass(frozen=True)
class PairRecord:
    """A pair as an export sees it, all of one moment."""

    pair: Pair
    snapshot: Snapshot
    gold: Gold | None
    judgments: Sequence[Judgment]
    prediction: Prediction | None
    cited: Mapping[int, Sequence[object]] = field(default_factory=dict)  # judgment -> rules with their versions


def split_of(query: str) -> str:
    """train or validation, by the query alone: near-equal spellings stay together."""
    digest = hashlib.sha256(fold(query).encode()).digest()
    return "validation" if int.from_bytes(digest[:4], "big") / 2**32 < VALIDATION_SHARE else "train"


def why_not_chain(record: PairRecord, scale: Scale) -> str:
    """Why this gold pair's chain must not be learnt, or nothing when it may."""
    prediction, gold = record.prediction, record.gold
    assert gold is not None, "only gold pairs are asked"
    if prediction is None:
        return "no_prediction"
    if prediction.status != "ok" or not prediction.chain:
        return "invalid_prediction"
    if scale.from_lore(prediction.chain["label"]) != gold.label:
        return "chain_ends_in_another_label"
    if gold.mismatch and prediction.chain.get("mismatch") != gold.mismatch:
        return "chain_names_another_mismatch"
    return "grid_or_posterior_contradicts" if prediction.contradicts else ""


def question(record: PairRecord) -> dict[str, Any]:
    snapshot = record.snapshot
    item = {
        "title": snapshot.title,
        "category": snapshot.category,
        "cpv": dict(snapshot.cpv),
        "skus": snapshot.skus,
        "shop": snapshot.shop,
    }
    return {"query": record.pair.query.text, "item": {key: value for key, value in item.items() if value}}


def origin(record: PairRecord) -> dict[str, Any]:
    """Where a training row comes from, down to the versions."""
    gold, prediction, batch = record.gold, record.prediction, record.snapshot.batch
    return {
        "pair": record.pair.pk,
        "pair_id": record.pair.external_id,
        "item_id": record.pair.item.external_id,
        "snapshot": record.snapshot.sha256,
        "gold": gold.pk if gold else None,
        "ground": gold.ground if gold else "",
        "prediction": prediction.pk if prediction else None,
        "model": str(prediction.model) if prediction else "",
        "rule_base": prediction.rule_base.number if prediction else None,
        "source": batch.source,
        "licence": batch.licence,
        "attribution": batch.attribution,
    }


def chat(record: PairRecord) -> dict[str, Any]:
    """One line that TRL reads as it is: `messages`, the answer being the chain."""
    assert record.prediction is not None, "only a pair with a chain becomes a chat"
    return {
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": orjson.dumps(question(record)).decode()},
            {"role": "assistant", "content": orjson.dumps(record.prediction.chain).decode()},
        ],
        **origin(record),
    }


def label_only(record: PairRecord, scale: Scale, reason: str) -> dict[str, Any]:
    assert record.gold is not None, "only gold pairs carry a label"
    return {
        **question(record),
        "label": record.gold.label,
        "lore_label": scale.to_lore(record.gold.label),
        "mismatch": record.gold.mismatch,
        "why_no_chain": reason,
        **origin(record),
    }


def labels(record: PairRecord, scale: Scale, secret: bytes) -> dict[str, Any]:
    gold, prediction = record.gold, record.prediction
    label = gold.label if gold else ""
    return {
        "query": record.pair.query.text,
        "title": record.snapshot.title,
        "gold_label": label,
        "mismatch": gold.mismatch if gold else "",
        "lore_label": scale.to_lore(label) if label else "",
        "judgments": [
            {
                "judgment": row.pk,
                "judge": pseudonym(row, secret),
                "label": row.label,
                "outcome": row.outcome,
                "mismatch": row.mismatch,
                "mode": row.mode or "imported",
                "late": row.late,
                "rules_cited": [str(rule) for rule in record.cited.get(row.pk, ())],
                "no_rule_fits": row.no_rule_fits,
                "day": row.recorded_at.date().isoformat(),
            }
            for row in record.judgments
        ],
        "prediction_label": scale.from_lore(prediction.label) if prediction and prediction.label else "",
        **origin(record),
    }


def csv_cells(row: dict[str, Any]) -> list[object]:
    """The columns of LABEL_COLUMNS of a row made by `labels`; judgments shortened to judge=label."""
    short = "; ".join(f"{one['judge']}={one['label'] or one['outcome']}" for one in row["judgments"])
    shown = {**row, "judgments": short, "prediction": row["prediction_label"]}
    return [shown[column] for column in LABEL_COLUMNS]


def pseudonym(judgment: Judgment, secret: bytes) -> str:
    """The same judge is the same word within one export and another word in the next."""
    return "judge-" + hmac.new(secret, str(judgment.judge_id).encode(), hashlib.sha256).hexdigest()[:8]
