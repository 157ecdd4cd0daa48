"""Quepid: a book with what each person said of each document, and the CSV and JSON files that it exports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from catalogue.importing.meaning.cells import shown, structured
from catalogue.importing.meaning.presets import OWN, PAIRS, Preset
from catalogue.importing.reading.rows import Row
from catalogue.importing.reasons import because
from catalogue.importing.shapes.json_documents import EACH
from catalogue.importing.shapes.shape import DocumentShape, Element, Made, NoRow, RowShape

_PAIRS = frozenset({PAIRS})
_ABOUT_ITEMS = (
    "title pair_id locale description selling_points category attributes skus cpv_sku shop price price_cents brand model "
    "colour images benchmark source licence attribution"
)
ABOUT_ITEMS = {column: field for column, field in OWN.items() if field in _ABOUT_ITEMS.split()}
_UNKNOWN = "Unknown"  # Quepid's own word for a judgement of nobody it knows
_GRADE = re.compile(r"\s*(?:-?\d+(?:\.\d+)?)?\s*")


def _book(element: Element, pair: Any) -> Made:
    place = element.place
    if not isinstance(pair, Mapping):
        yield NoRow(place, because("no object"), pair)
        return
    ratings: list[dict[str, Any]] = []
    faults = list(_judgements(place, pair.get("judgements"), ratings))
    fields = structured(pair.get("document_fields"))
    yield {
        "query": pair.get("query_text", pair.get("query")),
        "doc_id": pair.get("doc_id"),
        "document_fields": fields if isinstance(fields, Mapping) else {},
        "ratings": ratings,
    }
    yield from faults


def _judgements(place: str, said: Any, ratings: list[dict[str, Any]]) -> Iterator[NoRow]:
    for number, one in enumerate(said if isinstance(said, list) else [said] if said else [], 1):
        where = f"{place}.judgements[{number}]"
        if not isinstance(one, Mapping):
            yield NoRow(where, because("no object"), one)
        elif one.get("rating") is None:
            yield NoRow(where, _why_without(one), one)
        else:
            rating = {"rater": _rater(one, ratings), "label": one["rating"]}
            ratings.append(rating | ({"note": one["explanation"]} if one.get("explanation") else {}))


def _why_without(judgement: Mapping[str, Any]) -> str:
    if judgement.get("unrateable"):
        return because("no rating: its judge could not rate it")
    return because("no rating: to be judged later") if judgement.get("judge_later") else because("no rating")


def _rater(judgement: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    """Who said it; several whom nobody knows are told apart, since they were different people."""
    user = judgement.get("user")
    named = judgement.get("user_email") or (user.get("email") if isinstance(user, Mapping) else user)
    if named := named or judgement.get("user_id"):
        return shown(named)
    unknown = sum(shown(one["rater"]).startswith(_UNKNOWN) for one in others)
    return f"{_UNKNOWN} {unknown + 1}" if unknown else _UNKNOWN


BOOK = DocumentShape(
    Preset(
        "quepid_book",
        gettext_lazy("Quepid book (JSON): each person's judgements"),
        _PAIRS,
        {
            "query": "query",
            "doc_id": "item_id",
            "ratings": "ratings",
            **{f"document_fields.{column}": field for column, field in ABOUT_ITEMS.items()},
        },
    ),
    marks=(("query_doc_pairs", EACH, "doc_id"),),
    wanted=(("query_doc_pairs", EACH),),
    rows=_book,
)


def _case(element: Element, query: Any) -> Made:
    ratings = query.get("ratings") if isinstance(query, Mapping) else None
    if not isinstance(ratings, Mapping):
        yield NoRow(element.place, because("no query with ratings"), query)
        return
    for item, rating in ratings.items():
        yield {"query": query.get("query"), "docid": item, "rating": rating}


_RATED = {"query": "query", "docid": "item_id", "doc_id": "item_id", "docId": "item_id", "rating": "label"}

CASE = DocumentShape(
    Preset(
        "quepid_case",
        gettext_lazy("Quepid ratings of a case (JSON)"),
        _PAIRS,
        _RATED,
    ),
    marks=(("queries", EACH, "ratings"),),
    wanted=(("queries", EACH),),
    rows=_case,
)


def _is_table_of_raters(rows: Sequence[Mapping[str, Any]]) -> bool:
    """`query, docid` and then a column for each rater, whose cells are grades or empty."""
    columns = list(rows[0]) if rows else []
    if columns[:2] != ["query", "docid"] or len(columns) < 3 or {"rating", "title", "label"} & set(columns):
        return False
    return all(_GRADE.fullmatch(shown(value)) for row in rows for value in list(row.values())[2:])


def _table_row(row: Row) -> Made:
    """An empty cell is a rater who has not judged the document."""
    said = [(rater, label) for rater, label in row.values.items() if rater not in ("query", "docid")]
    ratings = [{"rater": rater, "label": label} for rater, label in said if shown(label).strip()]
    yield {"query": row.values.get("query"), "docid": row.values.get("docid"), "ratings": ratings}


BOOK_TABLE = RowShape(
    Preset(
        "quepid_book_csv",
        gettext_lazy("Quepid book (CSV): a column for each rater"),
        _PAIRS,
        {"query": "query", "docid": "item_id", "ratings": "ratings"},
    ),
    _is_table_of_raters,
    _table_row,
)

RATINGS = Preset(
    "quepid_ratings",
    gettext_lazy("Quepid ratings (CSV): query, docid, rating"),
    _PAIRS,
    _RATED | ABOUT_ITEMS,
    frozenset({"query", "docid", "rating"}),
)
DETAILED = Preset(
    "quepid_detailed",
    gettext_lazy("Quepid case in detail (CSV): Query Text, Doc ID, Title, Rating"),
    _PAIRS,
    {"Query Text": "query", "Doc ID": "item_id", "Title": "title", "title": "title", "Rating": "label"},
    frozenset({"Case ID", "Query Text", "Doc ID", "Rating"}),
)
SNAPSHOT = Preset(
    "quepid_snapshot",
    gettext_lazy("Quepid snapshot (CSV): which documents a search found"),
    _PAIRS,
    {"Query Text": "query", "Doc ID": "item_id", "Title": "title", "title": "title"},
    frozenset({"Case ID", "Query Text", "Doc ID", "Doc Position"}),
)
