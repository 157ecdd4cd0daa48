"""Our own export of labels: `labels.jsonl`, which brings back all that a file may say, and `labels.csv`, a table for people.

Each row names its format; exports of before that did are known by their columns. What an import may not say stays behind:
gold comes back as an import's, consensus by the ratings that agree, a judge under the name that the export gave them, our
model's prediction as a foreign one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from catalogue.importing.meaning.cells import plain
from catalogue.importing.meaning.presets import PAIRS, Preset
from catalogue.importing.reading.rows import Row
from catalogue.importing.shapes.shape import Made, RowShape
from relevance.spreadsheets import plain_cell

LABELS_FORMAT = "lore-labels-2"
_ALWAYS_THERE = frozenset({"gold_label", "lore_label", "ground", "judgments", "rule_base", "split"})
_KEPT = ("query", "title", "pair_id", "item_id", "mismatch", "source", "licence", "attribution", "label_scale")
_OF_THE_ITEM = {
    "category": "category",
    "cpv": "attributes",
    "skus": "skus",
    "shop": "shop",
    "description": "description",
    "selling_points": "selling_points",
    "price": "price",
    "image_addresses": "images",
}
_JUDGED = ("label", "outcome", "mismatch", "late", "rules_cited", "no_rule_fits", "note")


def _are_labels(rows: Sequence[Mapping[str, Any]]) -> bool:
    return _are_ours(rows) and all(isinstance(row.get("judgments"), list) for row in rows)


def _is_table(rows: Sequence[Mapping[str, Any]]) -> bool:
    return _are_ours(rows) and not any(isinstance(row.get("judgments"), list) for row in rows)


def _are_ours(rows: Sequence[Mapping[str, Any]]) -> bool:
    return all(row.get("format") == LABELS_FORMAT or row.keys() >= _ALWAYS_THERE for row in rows)


def _labels(row: Row) -> Made:
    yield _values(row.values)


def _cells(row: Row) -> Made:
    yield _values(_of_cells(row.values))


def _values(said: Mapping[str, Any]) -> dict[str, Any]:
    item = said.get("item")
    values = {name: said.get(name) for name in _KEPT}
    values |= {field: item.get(name) for name, field in _OF_THE_ITEM.items()} if isinstance(item, Mapping) else {}
    gold = said.get("ground") != "consensus"
    return {
        **values,
        "locale": said.get("locale"),
        "item_locale": said.get("item_locale"),
        "label": said.get("gold_label") if gold else "",
        "mismatch": said.get("mismatch") if gold else "",
        "ratings": [_rating(one) for one in said.get("judgments") or () if isinstance(one, Mapping)],
        "predictions": said.get("predictions") or _prediction(said),
    }


def _rating(judgment: Mapping[str, Any]) -> dict[str, Any]:
    mode = judgment.get("mode")
    said = {name: judgment[name] for name in _JUDGED if judgment.get(name) not in (None, "", [], False)}
    return {"rater": judgment.get("judge"), **said, **({"mode": mode} if mode not in (None, "", "imported") else {})}


def _prediction(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of a row of before there was a list of them, and of a table."""
    label = said.get("prediction_label")
    return [{"model": said.get("model"), "label": label}] if label else []


def _of_cells(cells: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table: without our apostrophes, its judgments taken apart, its prediction under its own name."""
    said: dict[str, Any] = {name: plain_cell(plain(value)) for name, value in cells.items()}
    given = [one.rpartition("=") for one in said.get("judgments", "").split("; ") if one]
    outcome = "cannot_tell"
    said["judgments"] = [
        {"judge": judge, "outcome": outcome} if label == outcome else {"judge": judge, "label": label}
        for judge, _sign, label in given
    ]
    return said | {"prediction_label": said.get("prediction")}


_COLUMNS = {name: name for name in (*_KEPT, "locale", "label", "ratings", "predictions", *_OF_THE_ITEM.values())}
_MEANT = _COLUMNS | {"item_locale": "locale"}

LABELS = RowShape(
    Preset(
        "lore_labels",
        gettext_lazy("our own export of labels (labels.jsonl), whole"),
        frozenset({PAIRS}),
        _MEANT,
    ),
    _are_labels,
    _labels,
)
TABLE = RowShape(
    Preset(
        "lore_labels_csv",
        gettext_lazy("our own export of labels as a table (labels.csv)"),
        frozenset({PAIRS}),
        _MEANT,
    ),
    _is_table,
    _cells,
    calls_items=True,
)
