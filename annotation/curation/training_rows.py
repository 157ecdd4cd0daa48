"""What an export writes for one pair: a chat whose answer is the chain, a label-only row, or a row of labels.

A chain trains only if an ok prediction's chain ends in the gold label and nothing contradicts it; every other gold pair
says why not. Judges appear under a pseudonym made for the export.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from relevance.labels import Scale
from relevance.splits import Split

SYSTEM = (
    "You judge whether an item answers a shopping query. Compare each demand of the query with the item's title, "
    "attributes and variants, name the rules that apply, and end in one label: L1 irrelevant, L2 mismatch, L3 related, "
    "L4 excellent. An L2 names the dimension that does not match. Answer with one JSON object and nothing else."
)
LABEL_COLUMNS = (
    "pair_id", "query", "item_id", "title", "gold_label", "mismatch", "ground", "lore_label", "judgments",
    "prediction", "model", "rule_base", "source", "licence", "attribution", "split",
)  # fmt: skip


class Said(NamedTuple):
    """A standing judgment; `rules` as they read when it cited them."""

    judgment: int
    judge: int
    label: str
    outcome: str
    mismatch: str
    mode: str
    late: bool
    no_rule_fits: bool
    day: str
    rules: Sequence[str]


class PairRecord(NamedTuple):
    """A pair as an export sees it, all of one moment: JSON as text, and None for what the kind of export does not tell."""

    pair: int
    pair_id: str
    query: str
    item_id: str
    snapshot: str
    title: str
    category: str | None
    cpv: str | None
    skus: str | None
    shop: str | None
    source: str
    licence: str
    attribution: str
    gold: int | None
    label: str
    mismatch: str
    ground: str
    prediction: int | None
    predicted: str  # a LORE-4 label
    chain: str | None
    contradicts: bool
    model: str
    rule_base: int | None
    said: Sequence[Said]


def why_not_chain(record: PairRecord, chain: Mapping[str, Any] | None, scale: Scale) -> str:
    """Why this gold pair's chain must not be learnt, or nothing when it may. Of the active model's standing prediction."""
    assert record.gold is not None, "only gold pairs are asked"
    if record.prediction is None or not chain:
        return "no_prediction"
    if scale.from_lore(chain["label"]) != record.label:
        return "chain_ends_in_another_label"
    if record.mismatch and chain.get("mismatch") != record.mismatch:
        return "chain_names_another_mismatch"
    return "grid_or_posterior_contradicts" if record.contradicts else ""


def chain_of(record: PairRecord) -> Mapping[str, Any] | None:
    return orjson.loads(record.chain) if record.chain else None


def question(record: PairRecord) -> dict[str, Any]:
    item = {
        "title": record.title,
        "category": record.category,
        "cpv": dict(_list(record.cpv)),
        "skus": _list(record.skus),
        "shop": record.shop,
    }
    return {"query": record.query, "item": {key: value for key, value in item.items() if value}}


def _list(text: str | None) -> list[Any]:
    return orjson.loads(text) if text and text != "[]" else []


def origin(record: PairRecord) -> dict[str, Any]:
    """Where a training row comes from, down to the versions."""
    return {
        "pair": record.pair,
        "pair_id": record.pair_id,
        "item_id": record.item_id,
        "snapshot": record.snapshot,
        "gold": record.gold,
        "ground": record.ground,
        "prediction": record.prediction,
        "model": record.model,
        "rule_base": record.rule_base,
        "source": record.source,
        "licence": record.licence,
        "attribution": record.attribution,
    }


def chat(record: PairRecord, chain: Mapping[str, Any], split: Split) -> dict[str, Any]:
    """One line that TRL reads as it is: `messages`, the answer being the chain."""
    return {
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": orjson.dumps(question(record)).decode()},
            {"role": "assistant", "content": orjson.dumps(chain).decode()},
        ],
        "query": record.query,
        **origin(record),
        "split": split,
    }


def label_only(record: PairRecord, scale: Scale, reason: str, split: Split) -> dict[str, Any]:
    assert record.gold is not None, "only gold pairs carry a label"
    return {
        **question(record),
        "label": record.label,
        "lore_label": scale.to_lore(record.label),
        "mismatch": record.mismatch,
        "why_no_chain": reason,
        **origin(record),
        "split": split,
    }


def labels(record: PairRecord, scale: Scale, secret: bytes, split: Split) -> dict[str, Any]:
    return {
        "query": record.query,
        "title": record.title,
        "gold_label": record.label,
        "mismatch": record.mismatch,
        "lore_label": scale.to_lore(record.label) if record.label else "",
        "judgments": [
            {
                "judgment": said.judgment,
                "judge": pseudonym(said.judge, secret),
                "label": said.label,
                "outcome": said.outcome,
                "mismatch": said.mismatch,
                "mode": said.mode or "imported",
                "late": said.late,
                "rules_cited": said.rules,
                "no_rule_fits": said.no_rule_fits,
                "day": said.day,
            }
            for said in record.said
        ],
        "prediction_label": scale.from_lore(record.predicted) if record.predicted else "",
        **origin(record),
        "split": split,
    }


def csv_cells(row: dict[str, Any]) -> list[object]:
    """The columns of LABEL_COLUMNS of a row made by `labels`; judgments shortened to judge=label."""
    short = "; ".join(f"{one['judge']}={one['label'] or one['outcome']}" for one in row["judgments"])
    shown = {**row, "judgments": short, "prediction": row["prediction_label"]}
    return [shown[column] for column in LABEL_COLUMNS]


@lru_cache(maxsize=10_000)
def pseudonym(judge: int, secret: bytes) -> str:
    """The same judge is the same word within one export and another word in the next."""
    return "judge-" + hmac.new(secret, str(judge).encode(), hashlib.sha256).hexdigest()[:8]
