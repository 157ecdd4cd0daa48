"""Tables as shops and programs write them: every row comes back cell by cell or is named; a stray quote costs its own line."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.importing.meaning.inspecting import look
from catalogue.importing.opening import ImportFile
from catalogue.importing.reading.limits import UPLOAD, Limits
from catalogue.importing.reading.readers import Broken, FileRefused, Row, RowReader

EXAMPLES = 10_000 if os.environ.get("LORE_SIZE") == "full" else 2_000


def read(text: str, limits: Limits = UPLOAD) -> list[Row | Broken]:
    return list(RowReader(io.BytesIO(text.encode("utf-8", "surrogateescape")), "pairs.csv", limits))


def cells(text: str) -> list[list[Any]]:
    return [list(row.values.values()) for row in read(text) if isinstance(row, Row)]


def reasons(text: str) -> dict[int, str]:
    return {row.number: row.reason for row in read(text) if isinstance(row, Broken)}


def table(*lines: str) -> str:
    return "\n".join(["query,item_id,title,label", *lines]) + "\n"


GOOD = [f"stool,i{number},Trailmoss {number},L4" for number in range(400)]


def test_a_blank_before_a_quote_costs_its_row() -> None:
    """As a text, `"12"` with its quotes would be another item than 12; what csv writes of such a cell is read."""
    told = read('query,item_id,title\n"mug", "12", "Mug"\n"mug"," ""12""","a, b"\n')
    assert [type(row) for row in told] == [Broken, Row]
    assert isinstance(told[1], Row) and told[1].values["item_id"] == ' "12"'


def test_a_header_that_comes_again_is_no_row() -> None:
    """Files that were put one behind the other: a query `query` would be judged."""
    again = read("query,item_id,title\nmug,1,Mug\nquery,item_id,title\npot,2,Pot\n")
    assert [row.reason == "the names of the columns again" for row in again if isinstance(row, Broken)] == [True]
    assert [row.number for row in again] == [1, 2, 3]


def test_a_quote_that_nobody_closes_costs_its_own_row_alone() -> None:
    text = table(*GOOD[:100], 'stool,x,"Trailmoss stool,L4', *GOOD[100:])
    assert len(cells(text)) == 400
    assert list(reasons(text)) == [101] and "line 102" in reasons(text)[101]


def test_a_quote_far_from_the_next_is_given_up_before_the_end_of_a_large_file() -> None:
    text = table('stool,x,"Trailmoss stool,L4', *GOOD * 100)
    assert len(cells(text)) == 40_000 and list(reasons(text)) == [1]


def test_two_stray_quotes_do_not_join_the_rows_between_them() -> None:
    text = table(*GOOD[:10], 'stool,x,"Trailmoss stool,L4', *GOOD[10:50], 'stool,y,seat of 19",L3', *GOOD[50:])
    assert len(cells(text)) == 401 and ["stool", "y", 'seat of 19"', "L3"] in cells(text)
    assert list(reasons(text)) == [11]


def test_two_stray_quotes_a_line_apart_are_refused_and_named() -> None:
    text = table(GOOD[0], 'stool,x,"Trailmoss stool,L4', 'stool,y,seat of 19",L3', GOOD[1])
    assert len(cells(text)) == 2
    assert reasons(text)[2].startswith("Lines 3 to 4 can be read as one row")


def test_a_closing_quote_stands_before_a_delimiter_or_the_end_of_the_line() -> None:
    text = table('stool,x,"Hi" stool,L4', r'stool,y,"a \"good\" seat",L4', GOOD[0])
    assert len(cells(text)) == 1 and list(reasons(text)) == [1, 2]


def test_quotes_within_a_cell_that_begins_with_none_are_text() -> None:
    assert cells(table('peg,x,Quillon "steel" 19" peg,L4')) == [["peg", "x", 'Quillon "steel" 19" peg', "L4"]]


def test_a_quoted_cell_may_go_over_lines() -> None:
    assert cells(table('"a\nb","x","c, d\r\n\r\ne","L4"', 'stool,y,"one\ntwo",L3')) == [
        ["a\nb", "x", "c, d\r\n\r\ne", "L4"],
        ["stool", "y", "one\ntwo", "L3"],
    ]


def test_the_lines_of_a_row_that_is_quoted_throughout_may_look_like_rows() -> None:
    assert cells(table('"q","x","a,b,c,d\ne,f,g,h\ni,j,k,l","L4"')) == [["q", "x", "a,b,c,d\ne,f,g,h\ni,j,k,l", "L4"]]


def test_shops_write_no_quotes_in_tab_separated_text() -> None:
    text = 'query\titem_id\ttitle\nseat\t1\t"Hi" stool\nseat\t2\t"19 inch seat\npeg\t3\tQuillon "steel" peg\n'
    assert [row[2] for row in cells(text)] == ['"Hi" stool', '"19 inch seat', 'Quillon "steel" peg']


@pytest.mark.parametrize("cell", ['"a\tb"', '"a\nb"', '"5"" wide"', '"red, soft"'])
def test_quotes_that_were_needed_are_signs_in_tab_separated_text_too(cell: str) -> None:
    wanted = cell[1:-1].replace('""', '"')
    assert cells(f"query\titem_id\ttitle\nseat\t1\t{cell}\n") == [["seat", "1", wanted]]


def test_a_cell_in_quotes_that_nothing_needed_is_text_in_tab_separated_text() -> None:
    assert cells('query\titem_id\ttitle\nseat\t1\t"Hi"\n') == [["seat", "1", '"Hi"']]
    assert cells('"query"\t"item_id"\t"title"\n"seat"\t"1"\t"Hi"\n') == [["seat", "1", "Hi"]]


def test_short_and_long_rows_are_refused_by_number() -> None:
    text = table("stool,x,Trailmoss stool", GOOD[0], "stool,y,a,b,L4", "")
    assert len(cells(text)) == 1
    assert reasons(text) == {
        1: "Line 2 has 3 cells, the first line names 4.",
        3: "Line 4 has 5 cells, the first line names 4.",
    }


def test_the_words_that_programs_write_for_nothing_are_nothing_as_whole_cells() -> None:
    assert cells(table("nan,None,NULL,N/A", '"NaN",x,nan bread,none')) == [
        ["", "", "", ""],
        ["", "x", "nan bread", "none"],
    ]


def test_blank_lines_are_no_rows() -> None:
    assert [row.number for row in read(table(GOOD[0], "", "  ", GOOD[1]))] == [1, 2]


def test_quotes_made_to_be_read_again_and_again_end_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalogue.importing.reading.delimited.AGAIN_LINES", 1 << 10)
    with pytest.raises(FileRefused, match="never closed"):
        read(table(*['x","y'] * 100_000))


def test_as_many_stray_quotes_as_rows_are_read_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalogue.importing.reading.delimited.AGAIN_LINES", 1 << 10)
    text = table(*[line for number in range(50) for line in (f'stool,x{number},"19 inch,L4', *GOOD)])
    assert len(cells(text)) == 50 * 400 and len(reasons(text)) == 50


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("query;item_id\nmug;1\n", "divided by: semicolon. A cell may stand in quotes."),
        ('query\titem_id\n"Hi" mug\t1\n', "divided by: tab. Quotes are part of the texts."),
        ('{"query": "mug"}', ""),
    ],
)
def test_how_a_file_is_read_is_told(text: str, told: str) -> None:
    assert look([ImportFile("pairs", io.BytesIO(text.encode()))]).told.endswith(told)
    assert bool(look([ImportFile("pairs", io.BytesIO(text.encode()))]).told) == bool(told)


def test_the_rows_say_which_of_several_signs_divides_them() -> None:
    assert cells("query;item_id;title|en, short\nmug;1;a|b\nmug;2;c, d, e\n") == [
        ["mug", "1", "a|b"],
        ["mug", "2", "c, d, e"],
    ]
    with pytest.raises(FileRefused, match="two ways: comma, semicolon"):
        read("a,b;c\n1,2;3\n")


def cap(**caps: int) -> Limits:
    return replace(UPLOAD, **caps)


def test_a_line_over_the_cap_within_quotes_is_named_and_the_next_are_read() -> None:
    rows = read(table('stool,x,"a', "b" * 5000, GOOD[0]), cap(line_bytes=1000))
    assert [type(row) for row in rows] == [Broken, Broken, Row]


def test_a_name_may_go_over_lines_and_takes_no_row_with_it() -> None:
    (row,) = read('query,"item\r\nid",title\r\nmug,1,Mug\r\n')
    assert isinstance(row, Row) and list(row.values) == ["query", "item id", "title"]
    with pytest.raises(FileRefused, match="a quote that is not closed"):
        read('query,"item_id,title\nmug,1,Mug\ncup,"2",Cup\n')
    with pytest.raises(FileRefused, match="a quote that is not closed"):
        read('query,"item_id\nmug,1\ncup",2\n')
    with pytest.raises(FileRefused, match="two ways: comma, bar"):
        read('a,e|f,"i\nj",b\n1,2,3|4,5\n')


PIECES = st.sampled_from(
    [",", "\t", ";", "|", '"', '""', "\n", "\r\n", "\r", "a", "b", " ", "杯", ",b\na,", '"\n"', "1"]
)
CELLS = st.lists(PIECES, max_size=7).map("".join)
NAMES = st.lists(st.sampled_from([*"abcdefgh", "a,b", "c;d", "e|f", 'g"h']), min_size=2, max_size=5, unique=True)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]], str]:
    """A header, rows, and what Python's csv writes of them."""
    names = draw(NAMES)
    body = draw(st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), max_size=6))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE]))
    if quoting == csv.QUOTE_NONE:  # which writes no cell that needs quotes
        body = [[_bare(cell) for cell in row] for row in body]
        names = [_bare(name) for name in names]
    written, end = io.StringIO(), draw(st.sampled_from(["\n", "\r\n"]))
    if end == "\n":  # csv of Python 3.11 puts no quotes around a carriage return then, later ones do
        body = [[cell if set(cell) & set('"\n') else cell.replace("\r", "") for cell in row] for row in body]
    delimiter = draw(st.sampled_from([",", "\t", ";", "|"]))
    csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows([names, *body])
    return names, body, written.getvalue()


def _bare(cell: str) -> str:
    return "".join(sign for sign in cell if sign not in ',\t;|"\r\n')


@settings(max_examples=EXAMPLES, deadline=None)
@given(tables())
def test_what_csv_writes_comes_back_cell_by_cell_or_is_refused(made: tuple[list[str], list[list[str]], str]) -> None:
    names, body, text = made
    try:
        rows = read(text)
    except FileRefused:
        return
    left = iter(body)
    for row in rows:  # in order, none changed, none made up
        if isinstance(row, Row):
            assert list(row.values) == names
            assert any(list(row.values.values()) == one for one in left), (row, text)
    missing = len(body) - sum(isinstance(row, Row) for row in rows)
    assert bool(missing) == any(isinstance(row, Broken) for row in rows), "what is missing is named"
