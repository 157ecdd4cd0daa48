"""Ratings of the Rated Ranking Evaluator: groups of queries that share their relevant documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from catalogue.importing.meaning.presets import PAIRS, Preset
from catalogue.importing.reasons import because
from catalogue.importing.shapes.json_documents import EACH
from catalogue.importing.shapes.shape import DocumentShape, Element, Made, NoRow

_HOLDS_THE_QUERY = ("$query", "query", "$q", "q")


def _group(element: Element, group: Any) -> Made:
    """Each query of a group with each of its documents; a query by itself, as Quepid writes them, is a group of one."""
    place = element.place
    if not isinstance(group, Mapping) or not group.get("relevant_documents"):
        yield NoRow(place, because("no query with relevant documents"), group)
        return
    queries = group["queries"] if isinstance(group.get("queries"), list) else [group]
    rated = list(_documents(f"{place}.relevant_documents", group["relevant_documents"]))
    yield from (one for one in rated if isinstance(one, NoRow))
    for number, query in enumerate(queries, 1):
        text = _text(query)
        if text is None:
            yield NoRow(f"{place}.queries[{number}]", because("no placeholder holds the query"), query)
            continue
        for one in rated:
            if not isinstance(one, NoRow):
                yield {"query": text, **one}


def _text(query: Any) -> Any:
    """What stands for the query among the placeholders of its template; a single text is it under any name."""
    said = query.get("placeholders") if isinstance(query, Mapping) else None
    if not isinstance(said, Mapping):
        return None
    texts = [value for value in said.values() if isinstance(value, str)]
    named = next((said[name] for name in _HOLDS_THE_QUERY if said.get(name)), None)
    return named or (texts[0] if len(texts) == 1 else None)


def _documents(place: str, said: Any) -> Iterator[dict[str, Any] | NoRow]:
    """A list of `{document_id, gain}`, or by gain their ids, or by id their gain."""
    if isinstance(said, Mapping):
        for name, one in said.items():
            yield from _named(f"{place}.{name}", name, one)
        return
    for number, one in enumerate(said if isinstance(said, list) else [said], 1):
        if isinstance(one, Mapping):
            yield {"id": one.get("document_id", one.get("id")), "gain": one.get("gain")}
        else:
            yield NoRow(f"{place}[{number}]", because("no object"), one)


def _named(place: str, name: str, said: Any) -> Iterator[dict[str, Any] | NoRow]:
    if isinstance(said, list):
        yield from ({"id": one, "gain": name} for one in said)
    elif isinstance(said, Mapping):
        yield {"id": name, "gain": said.get("gain")}
    else:
        yield NoRow(place, because("neither a list of ids nor a gain"), said)


RATINGS = DocumentShape(
    Preset(
        "rre_ratings",
        gettext_lazy("Rated Ranking Evaluator (RRE) ratings (JSON)"),
        frozenset({PAIRS}),
        {"query": "query", "id": "item_id", "gain": "label"},
    ),
    marks=(("query_groups", EACH, "queries"), ("queries", EACH, "relevant_documents")),
    wanted=(("query_groups", EACH), ("queries", EACH)),
    rows=_group,
)
