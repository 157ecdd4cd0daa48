"""TREC: qrels, and the lists of ids and texts beside them (topics, collection.tsv), all without a line that names columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from django.utils.translation import gettext_lazy

from catalogue.importing.meaning.guessing import guess
from catalogue.importing.meaning.presets import ITEMS, Preset
from catalogue.importing.reading.rows import Broken, Row, digest
from catalogue.importing.reasons import because
from catalogue.importing.shapes.shape import LineShape

_JUDGED = re.compile(r"(\S+)\s+(?:Q?\d+)\s+(\S+)\s+(-?\d+(?:\.\d+)?)")
_ID = re.compile(r"(?=\D*\d)[^\s,;{}\"]{1,100}")  # with a digit, which the name of a column has not


def are_qrels(lines: Sequence[str]) -> bool:
    said = [line.strip() for line in lines if line.strip()]
    return bool(said) and 10 * sum(_JUDGED.fullmatch(line) is not None for line in said) >= 9 * len(said)


def qrels(_head: Sequence[str], lines: Iterator[tuple[int, str]]) -> Iterator[Row | Broken]:
    for number, line in lines:
        if judged := _JUDGED.fullmatch(line.strip()):
            values = {"query_id": judged[1], "docno": judged[2], "relevance": judged[3]}
            yield Row(number, values, len(line.encode()), digest(line.encode()))
        elif line.strip():
            reason = because("no judgment: four parts, the last a number")
            yield Broken(number, reason, line[:4000], digest(line.encode()))


QRELS = LineShape(
    Preset(
        "trec_qrels",
        gettext_lazy("TREC qrels: query id, 0, item id, relevance"),
        frozenset(),
        {"query_id": "query_id", "docno": "item_id", "relevance": "label"},
    ),
    are_qrels,
    qrels,
    lacks=gettext_lazy(
        "This looks like TREC qrels: it has no query texts and no titles. "
        "Import it together with its topics and its collection, or the collection first as items."
    ),
)


def are_texts(lines: Sequence[str]) -> bool:
    """`id<TAB>text` on each line, of which the first names no columns."""
    said = [line.strip("\r\n") for line in lines if line.strip()]
    if len(said) < 2 or not all(line.count("\t") == 1 and _ID.fullmatch(line.partition("\t")[0]) for line in said):
        return False
    return not guess(said[0].split("\t"), ITEMS) and any(" " in line.partition("\t")[2].strip() for line in said)


def texts(_head: Sequence[str], lines: Iterator[tuple[int, str]]) -> Iterator[Row | Broken]:
    for number, line in lines:
        name, sign, text = line.strip("\r\n").partition("\t")
        if sign and name.strip():
            yield Row(number, {"id": name.strip(), "text": text.strip()}, len(line.encode()), digest(line.encode()))
        elif line.strip():
            yield Broken(number, because("no id before a tab"), line[:4000], digest(line.encode()))


TEXTS = LineShape(
    Preset(
        "trec_texts",
        gettext_lazy("ids and texts without a line that names them (collection.tsv, topics)"),
        frozenset({ITEMS}),
        {"id": "item_id", "text": "title"},
    ),
    are_texts,
    texts,
    lacks=gettext_lazy(
        "This looks like a list of ids and texts, as TREC topics or collection.tsv are: it holds no pairs. "
        "Import a collection as items, and topics together with their qrels."
    ),
)
