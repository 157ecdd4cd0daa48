"""What a query asks for, and who says so: a person who put it right, else a large model, else the product's own tagger.

The one way to a query's reading: grids, prompts, rules, features, back-tests and replays all see what stands here. The tagger
reads a query once for each version of its code and lexicon; `standing_reading` (catalogue/sql/evidence_key.sql) says which
reading stands in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from catalogue.models import QueryReading
from database.statements import array_of, rows
from relevance.constraints import Constraint, extract_constraints
from relevance.evidence import EXTRACTOR_VERSION
from relevance.lexicon import Lexicon

Origin = QueryReading.Origin


@dataclass(frozen=True)
class StoredReading:
    """`version`: of the tagger its code and lexicon, of a model its name and revision."""

    row_id: int
    origin: QueryReading.Origin
    version: str
    constraints: tuple[Constraint, ...]


def code_and_words(lexicon: Lexicon) -> str:
    """The code that reads and the words it knows: the version of the tagger's readings."""
    return f"{EXTRACTOR_VERSION}+{lexicon.digest[:32]}"


def get_or_make(queries: Mapping[int, str], lexicon: Lexicon) -> dict[int, StoredReading]:
    """The reading that stands of each query (id -> text)."""
    known = by_ids(standing(queries).values())
    return known | of_the_tagger({pk: text for pk, text in queries.items() if pk not in known}, lexicon)


def standing(query_ids: Collection[int]) -> dict[int, int]:
    """Of queries that a person or a model has read the id of the reading that stands."""
    asked = "SELECT q, standing_reading(q) FROM unnest(%s::bigint[]) q"
    return {query: reading for query, reading in rows(asked, array_of(query_ids)) if reading is not None}


def by_ids(reading_ids: Iterable[int]) -> dict[int, StoredReading]:
    """By the query that each is of."""
    wanted = set(reading_ids)
    found = QueryReading.objects.filter(pk__in=wanted) if wanted else ()
    return {row.query_id: value(row) for row in found}


def of_the_tagger(queries: Mapping[int, str], lexicon: Lexicon) -> dict[int, StoredReading]:
    """What the product itself reads; a query that it has not read in this version is read now, and kept."""
    known = _tagged(queries, code_and_words(lexicon))
    new = {pk: text for pk, text in queries.items() if pk not in known}
    if not new:
        return known
    read = [
        QueryReading(
            query_id=pk,
            origin=Origin.TAGGER,
            version=code_and_words(lexicon),
            body=[one.to_json() for one in extract_constraints(text, lexicon)],
        )
        for pk, text in new.items()
    ]
    # Without ignore_conflicts the second of two who read the same query would fail.
    QueryReading.objects.bulk_create(read, ignore_conflicts=True)
    return known | _tagged(new, code_and_words(lexicon))


def _tagged(queries: Collection[int], version: str) -> dict[int, StoredReading]:
    found = QueryReading.objects.filter(query__in=list(queries), origin=Origin.TAGGER, version=version)
    return {row.query_id: value(row) for row in found} if queries else {}


def value(row: QueryReading) -> StoredReading:
    constraints = tuple(Constraint.from_json(one) for one in row.body)
    return StoredReading(row.pk, Origin(row.origin), row.version, constraints)
