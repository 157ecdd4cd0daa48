"""Whatever Python's csv, pandas and pyarrow write of a table comes back cell by cell, or is refused by name.

At the reader, the encoding named, before white space is folded. A guess is held to another promise: no text that is not
UTF-8 is read without its encoding.
"""

from __future__ import annotations

import csv
import io
import os
from functools import cache
from typing import Any, NamedTuple

import pandas
import pyarrow
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from catalogue.importing.reading.delimited import NOTHING
from catalogue.importing.reading.read_as import EncodingUnclear, ReadAs
from catalogue.importing.reading.readers import Broken, FileRefused, Row, RowReader

EXAMPLES = 10_000 if os.environ.get("LORE_SIZE") == "full" else 400
MARKED = ("utf-8-sig", "utf-16")
ENCODINGS = ("utf-8", *MARKED, "utf-16-le", "utf-16-be", "gb18030", "gbk", "big5", "cp950", "cp932", "shift_jis")
OTHERS = ("euc_jp", "cp949", "cp1252", "latin-1", "mac-roman")
LETTERS = "杯無无線线鼠标滑儿童雨靴のカップﾓ赤컵빨간éüßñçÉ€𠮷鹏ｶ　，。“”·é"
SYNTAX = [",", "\t", ";", "|", '"', '""', "\n", "\r\n", "\r", " ", ",b\na,", '"\n"', "\\", "'", "#", "="]


class WrittenTable(NamedTuple):
    names: list[str]
    body: list[list[str]]
    data: bytes
    encoding: str


@cache
def letters(encoding: str) -> list[str]:
    return [one for one in LETTERS if _kept(one, encoding)]


def _kept(text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False


@st.composite
def tables(draw: st.DrawFn, encodings: tuple[str, ...]) -> tuple[str, list[str], list[list[str]]]:
    encoding = draw(st.sampled_from(encodings))
    known = letters(encoding)
    piece = st.one_of(st.sampled_from(SYNTAX), st.sampled_from([*"ab1", "nan", "NULL", "L4"]), st.sampled_from(known))
    name = st.lists(
        st.sampled_from([*"abcdefgh", *known[:8], "a,b", "c;d", "e|f", 'g"h', "i\nj"]), min_size=1, max_size=3
    )
    names = draw(st.lists(name.map("".join), min_size=2, max_size=5, unique_by=lambda one: " ".join(one.split())))
    cell = st.lists(piece, max_size=6).map("".join)
    body = draw(st.lists(st.lists(cell, min_size=len(names), max_size=len(names)), max_size=6))
    return encoding, names, body


@st.composite
def written_by_csv(draw: st.DrawFn, encodings: tuple[str, ...] = ENCODINGS + OTHERS) -> WrittenTable:
    encoding, names, body = draw(tables(encodings))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_NONE]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    names, body = _writable(names, body, quoting, end)
    written = io.StringIO()
    delimiter = draw(st.sampled_from([",", "\t", ";", "|"]))
    csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows([names, *body])
    return WrittenTable(names, body, written.getvalue().encode(encoding), encoding)


@st.composite
def written_by_pandas(draw: st.DrawFn, encodings: tuple[str, ...] = ENCODINGS + OTHERS) -> WrittenTable:
    encoding, names, body = draw(tables(encodings))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    names, body = _writable(names, body, quoting, end)
    frame = pandas.DataFrame(body, columns=names, dtype=object)
    made = io.BytesIO()
    options: dict[str, Any] = {"sep": draw(st.sampled_from([",", "\t", ";", "|"])), "quoting": quoting}
    frame.to_csv(made, index=False, lineterminator=end, encoding=encoding, **options)
    return WrittenTable(names, body, made.getvalue(), encoding)


@st.composite
def written_by_arrow(draw: st.DrawFn) -> WrittenTable:
    encoding, names, body = draw(tables(ENCODINGS + OTHERS))
    made = io.BytesIO()
    options = arrow_csv.WriteOptions(
        delimiter=draw(st.sampled_from([",", "\t", ";", "|"])),
        quoting_style=draw(st.sampled_from(["needed", "all_valid"])),
    )
    arrow_csv.write_csv(_arrow(names, body), made, options)
    return WrittenTable(names, body, made.getvalue().decode().encode(encoding), encoding)


def _arrow(names: list[str], body: list[list[str]]) -> pyarrow.Table:
    columns = [pyarrow.array([row[at] for row in body], pyarrow.string()) for at in range(len(names))]
    return pyarrow.table(columns, names=names)


def _writable(names: list[str], body: list[list[str]], quoting: int, end: str) -> tuple[list[str], list[list[str]]]:
    """What the writer writes so that anybody could read it: csv of Python 3.11 puts no quotes around a carriage return
    where lines end in a line feed, and none at all where it is told so."""
    if quoting == csv.QUOTE_NONE:
        bare = [["".join(sign for sign in cell if sign not in ',\t;|"\r\n') for cell in row] for row in [names, *body]]
        names, body = bare[0], bare[1:]
    if end == "\n" and quoting == csv.QUOTE_MINIMAL:
        body = [[cell if set(cell) & set('"\n') else cell.replace("\r", "") for cell in row] for row in body]
    return names, body


def read(table: WrittenTable, said: str | None = None) -> list[Row | Broken]:
    reading = ReadAs("" if table.encoding in MARKED else table.encoding if said is None else said)
    RowReader(io.BytesIO(table.data), "pairs", reading=reading).hold_to_encoding()
    return list(RowReader(io.BytesIO(table.data), "pairs", reading=reading))


def compare(table: WrittenTable) -> None:
    assume(len({" ".join(name.split()) for name in table.names} - {""}) == len(table.names))
    try:
        rows = read(table)
    except FileRefused:
        return
    names = [" ".join(name.split()) if set(name) & set("\r\n") else name.strip() for name in table.names]
    left = iter([["" if cell in NOTHING else cell for cell in row] for row in table.body])
    for row in rows:  # in order, none changed, none made up
        if isinstance(row, Row):
            assert list(row.values) == names
            assert any(list(row.values.values()) == one for one in left), (row, table)
    missing = len(table.body) - sum(isinstance(row, Row) for row in rows)
    assert bool(missing) == any(isinstance(row, Broken) for row in rows), "what is missing is named"


@settings(max_examples=EXAMPLES, deadline=None)
@given(written_by_csv())
def test_what_csv_writes_in_any_encoding(table: WrittenTable) -> None:
    compare(table)


@settings(max_examples=EXAMPLES, deadline=None)
@given(written_by_pandas())
def test_what_pandas_writes_in_any_encoding(table: WrittenTable) -> None:
    compare(table)


@settings(max_examples=EXAMPLES, deadline=None)
@given(written_by_arrow())
def test_what_arrow_writes_in_any_encoding(table: WrittenTable) -> None:
    compare(table)


@settings(max_examples=max(20, EXAMPLES // 20), deadline=None)  # a process each
@given(tables(("utf-8",)))
def test_what_arrow_writes_as_parquet(made: tuple[str, list[str], list[list[str]]]) -> None:
    _encoding, names, body = made
    data = io.BytesIO()
    parquet.write_table(_arrow(names, body), data)
    rows = list(RowReader(data, "pairs"))
    assert [list(row.values.values()) for row in rows if isinstance(row, Row)] == body
    assert all(list(row.values) == names for row in rows if isinstance(row, Row))


@settings(max_examples=EXAMPLES, deadline=None)
@given(written_by_csv(tuple(one for one in ENCODINGS + OTHERS if one != "utf-8" and one not in MARKED)))
def test_no_text_in_another_encoding_is_read_without_its_name(table: WrittenTable) -> None:
    try:
        table.data.decode()
        assume(b"\0" in table.data)
    except UnicodeDecodeError:
        pass
    try:
        rows = read(table, said="")
    except EncodingUnclear as unclear:
        assert len({guess.encoding for guess in unclear.guesses}) == len(unclear.guesses) <= 3
    except FileRefused:
        pass
    else:
        pytest.fail(f"read as UTF-8: {rows[:3]}")
