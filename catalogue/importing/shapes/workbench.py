"""Judgments of OpenSearch's Search Relevance Workbench: its JSON, also within the answer to a search, and its CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from catalogue.importing.meaning.presets import PAIRS, Preset
from catalogue.importing.reasons import because
from catalogue.importing.shapes.json_documents import EACH
from catalogue.importing.shapes.quepid import ABOUT_ITEMS
from catalogue.importing.shapes.shape import DocumentShape, Element, Made, NoRow

_RATED = {"query": "query", "docId": "item_id", "rating": "label"}


def _ratings(element: Element, said: Any) -> Made:
    """Of one query: `{"query", "ratings": [...]}`, or in the older form the query is the name of a list of ratings."""
    query: Any = element.name
    ratings = said
    if isinstance(said, Mapping):
        query, ratings = said.get("query"), said.get("ratings")
    if not isinstance(ratings, list):
        yield NoRow(element.place, because("no query with a list of ratings"), said)
        return
    for number, one in enumerate(ratings, 1):
        if isinstance(one, Mapping):
            yield {"query": query, "docId": one.get("docId"), "rating": one.get("rating")}
        else:
            yield NoRow(f"{element.place}.ratings[{number}]", because("no object"), one)


JUDGMENTS = DocumentShape(
    Preset(
        "opensearch_srw",
        gettext_lazy("OpenSearch Search Relevance Workbench judgments (JSON)"),
        frozenset({PAIRS}),
        _RATED,
    ),
    marks=(
        ("judgmentRatings", EACH, "ratings"),
        ("judgmentRatings", EACH, EACH, "docId"),
    ),
    wanted=(("judgmentRatings", EACH),),
    rows=_ratings,
)
FLAT = Preset(
    "opensearch_srw_csv",
    gettext_lazy("OpenSearch Search Relevance Workbench judgments (CSV): query, docId, rating"),
    frozenset({PAIRS}),
    _RATED | ABOUT_ITEMS,
    frozenset({"query", "docId", "rating"}),
)
