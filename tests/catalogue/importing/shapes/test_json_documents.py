"""One JSON document is walked through in bounded memory; a fault in one value harms no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.importing.reading.readers import FileRefused
from catalogue.importing.shapes.json_documents import elements, ways

WANTED = (("found", "*"),)


def cut(said: bytes, piece: int = 7, most: int = 1 << 20) -> list[tuple[str, Any]]:
    pieces: Iterator[bytes] = (said[at : at + piece] for at in range(0, len(said), piece))
    return [(one.place, json.loads(one.raw)) for one in elements(pieces, WANTED, most)]


def test_values_at_the_wanted_place_are_cut_out_wherever_the_document_keeps_it() -> None:
    said = {"name": "x", "hits": [{"a": {"found": [{"q": "]}"}, [1, {"b": 2}], "text", 3.5, None]}}, {"found": []}]}
    expected = [("hits[1].a.found[1]", {"q": "]}"}), ("hits[1].a.found[2]", [1, {"b": 2}])]
    expected += [("hits[1].a.found[3]", "text"), ("hits[1].a.found[4]", 3.5), ("hits[1].a.found[5]", None)]
    assert cut(json.dumps(said).encode()) == expected


def test_a_name_may_stand_where_a_list_has_its_elements() -> None:
    assert cut(b'{"found": {"red \\"mug\\"": [1], "cup": [2]}}') == [('found.red "mug"', [1]), ("found.cup", [2])]


def test_several_documents_and_a_byte_order_mark_are_read() -> None:
    assert [value for _place, value in cut(b'\xef\xbb\xbf{"found": [1]}\n{"found": [2]}\n')] == [1, 2]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text().filter("found".__ne__), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(values, max_size=5), values, values, st.integers(1, 9), st.sampled_from([None, 1]))
def test_whatever_stands_around_them_all_values_come_out_as_they_were(
    found: list[Any], before: Any, after: Any, piece: int, indent: int | None
) -> None:
    said = json.dumps({"before": before, "found": found, "after": after}, indent=indent)
    assert [value for _place, value in cut(said.encode(), piece)] == found


@pytest.mark.parametrize(
    "said",
    [
        b'{"found": [{"a": 1}, {"a": ',
        b'{"found": [1, 2]',
        b'{"found": [1], "b": "never closed',
        b'{"found" 1}',
        b'{"found": [1}]',
        b"[" * 200,
        b"}",
    ],
)
def test_a_document_that_is_cut_off_or_none_is_refused(said: bytes) -> None:
    with pytest.raises(FileRefused):
        cut(said)


def test_no_more_than_one_value_is_held_and_a_longer_one_is_refused() -> None:
    long = b'{"a": "' + b"x" * 300_000 + b'"}'
    assert len(cut(b'{"found": [' + long + b", " + long + b"]}", 1 << 16)) == 2
    with pytest.raises(FileRefused, match="too long"):
        cut(b'{"found": [' + long + b"]}", 1 << 16, most=200_000)
    with pytest.raises(FileRefused, match="too long"):
        cut(b'{"other": ' + long + b"}", 1 << 16, most=200_000)


def test_the_ways_of_a_beginning_are_those_up_to_where_it_ends() -> None:
    assert ways(b'{"a": {"b": [{"c": 1, "d": "x') >= {("a",), ("a", "b"), ("a", "b", "*"), ("a", "b", "*", "c")}
