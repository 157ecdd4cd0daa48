"""What somebody else than the product says that a query asks for: pieces of it, each with a dimension.

A person who puts a reading right and a large model both speak so. Each piece must stand in the query, letter for letter but
for case and width; what does not is refused as a whole, never bent until it fits. What a piece is worth (a number with its
unit, a colour's family) is what the product reads in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from relevance.constraints import MAX_CONSTRAINTS, Constraint, extract_constraints
from relevance.dimensions import Dimension
from relevance.facts import fold
from relevance.lexicon import Lexicon
from relevance.tokens import singular

LONGEST = 200  # characters of a piece
ROLES = ("", "for")
_DIMENSIONS = frozenset(one.value for one in Dimension)


@dataclass(frozen=True)
class SpanSaid:
    """A piece of the query; `head`: it is the thing that is wanted; `role`: "for", what the wanted thing is for."""

    text: str
    dimension: str
    head: bool = False
    negated: bool = False
    role: str = ""


class NotAReading(ValueError):
    """`code` says why: no_spans, too_many_spans, not_literal, no_dimension, no_role, two_heads. `about`: the piece."""

    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(f"{code}: {about}" if about else code)
        self.code = code
        self.about = about


def constraints_of(
    query: str, said: Sequence[SpanSaid], lexicon: Lexicon, known: Iterable[Constraint] = ()
) -> tuple[Constraint, ...]:
    """In the order of the query. `known`: the reading before, whose values stay where piece and dimension do. Raises
    NotAReading."""
    _check(query, said)
    before = {(one.kind, fold(one.text)): one for one in known}
    found = [_constraint(one, lexicon, before.get((Dimension(one.dimension), fold(one.text)))) for one in said]
    whole = fold(query)
    return tuple(sorted(found, key=lambda one: whole.find(fold(one.text))))


def _check(query: str, said: Sequence[SpanSaid]) -> None:
    if not said:
        raise NotAReading("no_spans")
    if len(said) > MAX_CONSTRAINTS:
        raise NotAReading("too_many_spans")
    whole = fold(query)
    for one in said:
        piece = fold(one.text)
        if not piece or len(one.text) > LONGEST or piece not in whole:
            raise NotAReading("not_literal", one.text)
        if one.dimension not in _DIMENSIONS:
            raise NotAReading("no_dimension", one.dimension)
        if one.role not in ROLES:
            raise NotAReading("no_role", one.role)
    if sum(one.head for one in said) > 1:
        raise NotAReading("two_heads")


def _constraint(said: SpanSaid, lexicon: Lexicon, before: Constraint | None) -> Constraint:
    found = before or _read(said, lexicon)
    return replace(found, head=said.head, negated=said.negated, role=said.role, word=False)


def _read(said: SpanSaid, lexicon: Lexicon) -> Constraint:
    """As the product reads the piece alone where it sees that dimension in the whole of it; else the words as they stand."""
    dimension, piece = Dimension(said.dimension), fold(said.text)
    for one in extract_constraints(said.text, lexicon):
        if one.kind is dimension and fold(one.text) == piece:
            return one
    return Constraint(dimension, piece, singular(piece))
