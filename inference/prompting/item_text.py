"""An item's facts as a prompt tells them: within a budget of tokens, what decides most first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from relevance.evidence import EvidenceGrid, Verdict
from relevance.facts import ItemFacts, fold
from relevance.quoting import quoted

BUDGET = 700  # tokens for everything that the item says
MOST_VALUES = 200
LONGEST_VALUE = 300


def estimated_tokens(text: str) -> int:
    """About what a tokenizer of the Qwen family makes of a text: four Latin letters, or one and a half Chinese signs."""
    plain = sum(1 for sign in text if sign.isascii())
    return round(plain / 4 + (len(text) - plain) / 1.5) if text else 0


def item_text(item: ItemFacts, grid: EvidenceGrid, *, caption: str = "", budget: int = BUDGET) -> str:
    """One JSON object. Title and category always stand; then what the grid found; then the rest in catalogue order."""
    told: dict[str, Any] = {"title": item.title[:LONGEST_VALUE]}
    if item.category:
        told["category"] = item.category[:LONGEST_VALUE]
    left = budget - estimated_tokens(quoted(told))
    for field, value in _by_weight(item, grid, caption):
        cost = estimated_tokens(quoted(value)) + 2
        if cost > left:
            continue
        left -= cost
        if isinstance(value, tuple):
            told.setdefault(field, {})[value[0]] = value[1]
        elif field in ("variants", "selling_points"):
            told.setdefault(field, []).append(value)
        else:
            told[field] = value
    return quoted(told)


def _by_weight(item: ItemFacts, grid: EvidenceGrid, caption: str) -> Iterator[tuple[str, str | tuple[str, str]]]:
    decisive = {fold(cell.literal) for row in grid.rows for cell in row.cells if cell.verdict is not Verdict.SILENT}
    cpv = [(name[:100], value[:LONGEST_VALUE]) for name, value in item.cpv[:MOST_VALUES]]
    first = [pair for pair in cpv if any(literal and literal in fold(pair[1]) for literal in decisive)]
    variants = [sku.name[:LONGEST_VALUE] for sku in item.skus[:MOST_VALUES] if sku.name]
    for pair in first:
        yield "attributes", pair
    if caption:
        yield "picture", caption[:800]
    if item.picture_words:
        yield "printed_on_picture", item.picture_words[:600]
    if item.shop:
        yield "shop", item.shop[:100]
    for name in sorted(variants, key=lambda one: not any(literal and literal in fold(one) for literal in decisive))[
        :12
    ]:
        yield "variants", name
    for pair in cpv:
        if pair not in first:
            yield "attributes", pair
    for point in item.selling_points[:10]:
        yield "selling_points", point[:LONGEST_VALUE]
    if item.description:
        yield "description", item.description[:600]
