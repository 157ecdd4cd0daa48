"""A training set: chats whose answer is the chain, by split, and beside them the gold pairs without a usable chain.

A chain trains only if an ok prediction's chain ends in the gold label and nothing contradicts it; every other gold pair
says why not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from annotation.curation.formats.shape import ExportFormat, ToWrite, Written
from annotation.curation.pair_records import PairRecord, origin
from annotation.curation.sealing import SealedFile
from inference.prompting.trained import SYSTEM
from relevance.labels import Scale
from relevance.splits import Split

LABELS_ONLY = "labels-only.jsonl"
WHY_NOT = {
    "no_prediction": _("label only: no prediction"),
    "chain_ends_in_another_label": _("label only: the chain ends in another label"),
    "chain_names_another_mismatch": _("label only: the chain names another dimension"),
    "grid_or_posterior_contradicts": _("label only: grid or posterior contradicts the chain"),
}


def write(given: ToWrite) -> Written:
    """Counted by reason: the gold pairs whose chain must not be learnt."""
    files = {
        name: SealedFile(given.scratch / name, name)
        for name in ("sft-train.jsonl", "sft-validation.jsonl", LABELS_ONLY)
    }
    reasons: Counter[str] = Counter()
    with ExitStack() as stack:
        for file in files.values():
            stack.enter_context(file)
        for record in given.records:
            split = given.splits.of(record.query)
            chain = chain_of(record)
            reason = why_not_chain(record, chain, given.scale)
            if reason or chain is None:
                reasons[reason] += 1
                files[LABELS_ONLY].write_json(label_only(record, given.scale, reason, split))
            else:
                files[f"sft-{split}.jsonl"].write_json(chat(record, chain, split))
    return list(files.values()), {"why_no_chain": dict(sorted(reasons.items()))}


def figures(counts: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(str(WHY_NOT.get(reason, reason)), count) for reason, count in counts.get("why_no_chain", {}).items()]


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


SFT = ExportFormat(
    "sft",
    _("training set (SFT)"),
    "chats that train a model",
    trains=True,
    gold_only=True,
    with_judgments=False,
    write=write,
    figures=figures,
)
