"""A pair as an export sees it, and where a row that tells of it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from annotation.gold.opinions import Opinion


class ForeignOpinion(NamedTuple):
    """What an imported file says that a model outside of here predicted: a label of the project's scale, JSON as text."""

    pair: int
    snapshot: str
    model: str
    label: str
    score: float | None
    posterior: str | None


class PairRecord(NamedTuple):
    """A pair as an export sees it, all of one moment: JSON as text, and None for what the kind of export does not tell."""

    pair: int
    pair_id: str
    query: str
    locale: str  # of the query
    item_id: str
    item_locale: str
    snapshot: str
    title: str
    category: str
    cpv: str
    skus: str
    shop: str
    description: str | None
    selling_points: str | None
    price: str | None
    image_addresses: str | None
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
    said: Sequence[Opinion]
    foreign: Sequence[ForeignOpinion] = ()


def origin(record: PairRecord) -> dict[str, Any]:
    """Where a row comes from, down to the versions."""
    return {
        "pair": record.pair,
        "pair_id": record.pair_id,
        "locale": record.locale,
        "item_id": record.item_id,
        "item_locale": record.item_locale,
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
