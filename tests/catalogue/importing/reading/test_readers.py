from __future__ import annotations

import gzip
import io
import itertools
import json
import resource
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from catalogue.importing.reading.json_rows import listed
from catalogue.importing.reading.limits import UPLOAD, Limits
from catalogue.importing.reading.readers import Broken, FileRefused, Format, Row, RowReader

TWO = [{"query": "mug", "item_id": "1"}, {"query": "杯子", "item_id": "2"}]
LINES = '{"query": "mug", "item_id": "1"}\n{"query": "杯子", "item_id": "2"}\n'.encode()


def read(data: bytes, name: str = "pairs", limits: Limits = UPLOAD) -> list[Row | Broken]:
    return list(RowReader(io.BytesIO(data), name, limits))


def values(data: bytes, name: str = "pairs") -> list[Any]:
    return [row.values for row in read(data, name) if isinstance(row, Row)]


def parquet_bytes(rows: list[dict[str, Any]]) -> bytes:
    made = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), made)
    return made.getvalue()


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    "data",
    [LINES, "query,item_id\nmug,1\n杯子,2\n".encode(), parquet_bytes(TWO)],
    ids=["jsonl", "csv", "parquet"],
)
def test_three_formats_plain_and_gzip_give_the_same_rows(data: bytes, zipped: bool) -> None:
    assert values(gzip.compress(data) if zipped else data) == TWO


def test_the_content_decides_the_format_not_the_name() -> None:
    assert RowReader(io.BytesIO(LINES), "pairs.csv").format is Format.JSONL
    assert RowReader(io.BytesIO(parquet_bytes(TWO)), "pairs.jsonl").format is Format.PARQUET


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_csv_may_use_any_of_four_delimiters(delimiter: str) -> None:
    assert values(f"query{delimiter}item_id\nmug{delimiter}1\n".encode()) == TWO[:1]


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert values(b"\xef\xbb\xbfquery,item_id\nmug,1\n") == TWO[:1]
    assert values(b"\xef\xbb\xbf" + LINES) == TWO


def test_a_quoted_csv_cell_keeps_its_line_breaks() -> None:
    assert values(b'query,item_id\n"red\r\nmug",1\n') == [{"query": "red\r\nmug", "item_id": "1"}]


def test_a_broken_line_is_named_by_its_number_and_reading_goes_on() -> None:
    first, broken, last = read(LINES.splitlines()[0] + b"\n\n{broken\n" + LINES.splitlines()[1])
    assert isinstance(broken, Broken)
    assert (first.number, broken.number, last.number) == (1, 3, 4)  # line 2 is blank
    assert broken.reason.startswith("Not JSON") and broken.raw == "{broken"


@pytest.mark.parametrize(
    "line", [b"[1, 2]", b'"text"', b"7", b"NaN", b'{"a": Infinity}', b"[" * 100_000, b'{"a":' * 50_000]
)
def test_lines_that_are_no_object_are_broken_rows(line: bytes) -> None:
    rows = read(LINES + line + b"\n")
    assert isinstance(rows[2], Broken)


@pytest.mark.parametrize(
    "line", [b'{"a": 1, "a": 2}', b'{"a": 1, "a" : 2}', b'{"b": {"a": 1, "a": 2}}', b'[{"b": [{"a":1,"a":2}]}]'[1:-1]]
)
def test_a_field_that_stands_twice_in_an_object_breaks_the_row(line: bytes) -> None:
    [broken] = read(line + b"\n", "x.jsonl")
    assert isinstance(broken, Broken)
    assert broken.reason == "The field a stands there twice."


@pytest.mark.parametrize("line", [b'{"a": "\\": x", "b": {"a": 1}}', b'{"a":"\\":","b":[{"a":1},{"a":2}]}'])
def test_what_only_looks_like_a_field_that_stands_twice_is_read(line: bytes) -> None:
    [row] = read(line + b"\n", "x.jsonl")
    assert isinstance(row, Row)


def test_nan_as_pythons_json_writes_it_is_nothing() -> None:
    assert values(b'{"query": "mug", "price": NaN, "skus": [NaN]}\n') == [
        {"query": "mug", "price": None, "skus": [None]}
    ]


ODD = [
    {"query": 'a "b" {c} [d], \\', "item_id": "1", "deep": {"x": [{"y": "}"}]}},
    {"query": "杯子\ud800", "item_id": "2"},
]


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("ascii", [True, False])
def test_a_list_of_objects_is_read_as_rows(indent: int | None, ascii: bool) -> None:
    data = json.dumps(ODD, indent=indent, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    wanted = [json.loads(json.dumps(one)) for one in ODD] if ascii else [ODD[0]]
    assert values(data)[: len(wanted)] == wanted
    assert len(read(b"\xef\xbb\xbf \n" + data)) == 2
    assert values(b"[ ]") == []


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_a_list_may_come_in_pieces_that_end_anywhere(step: int) -> None:
    data = json.dumps(ODD).encode()
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    assert [row.values for row in listed(pieces, UPLOAD) if isinstance(row, Row)] == ODD


def test_objects_over_several_lines_are_read_without_a_list_too() -> None:
    assert values("\n".join(json.dumps(one, indent=2) for one in TWO).encode()) == TWO


def test_an_object_of_a_list_that_is_no_json_is_a_broken_row() -> None:
    first, broken, last = read(b'[{"a": 1}, {"a": x}, {"a": 3}]')
    assert isinstance(broken, Broken) and (first.number, broken.number, last.number) == (1, 2, 3)


def test_a_list_is_read_in_constant_memory_and_no_object_of_it_outgrows_a_line() -> None:
    one = b'{"query": "mug", "item_id": "1", "title": "' + b"x" * 1000 + b'"}, '
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (
        sum(1 for _row in listed(itertools.chain([b"["], itertools.repeat(one, 99_999), [one[:-2], b"]"]), UPLOAD))
        == 100_000
    )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 << 10  # in KiB, of 100 MiB that were read
    with pytest.raises(FileRefused, match="too long"):
        read(b'[{"a": "' + b"x" * 200_000, limits=limits(line_bytes=100_000))


def test_a_csv_file_may_be_called_jsonl() -> None:
    assert values(b"query,item_id\nmug,1\n", "pairs.jsonl") == TWO[:1]


def test_lone_surrogates_are_read_to_be_sanitised_later() -> None:
    assert values(b'{"query": "\\ud800mug"}\n') == [{"query": "\ud800mug"}]


def test_a_line_over_the_cap_is_skipped_to_its_end() -> None:
    long = b'{"query": "' + b"x" * 5000 + b'"}\n'
    first, broken, last = read(
        LINES.splitlines()[0] + b"\n" + long + LINES.splitlines()[1], limits=limits(line_bytes=1000)
    )
    assert isinstance(broken, Broken) and isinstance(first, Row)
    assert isinstance(last, Row) and last.number == 3


def limits(**caps: int) -> Limits:
    return replace(UPLOAD, **caps)


def test_a_csv_row_with_more_cells_than_names_is_broken() -> None:
    broken, good = read(b"query,item_id\nmug,1,2\nmug,1\n")
    assert isinstance(broken, Broken) and isinstance(good, Row)


def test_an_unclosed_quote_swallows_no_more_than_the_cap() -> None:
    data = b'query,item_id\n"mug,1\n' + b"cup,2\n" * 50_000 + b"pot,3\n"
    rows = read(data, limits=limits(line_bytes=10_000))
    assert isinstance(rows[0], Broken)
    assert rows[-1][1:3] == ({"query": "pot", "item_id": "3"}, 6)  # "pot,3\n" is 6 bytes


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"query\nmug\n", "at least two.*It says: query"),
        (b"query,\nmug,1\n", "at least two"),
        (b"1 0 tm-1 3\n1 0 tm-2 0\n", "at least two"),
        (b"query,item_id,query\nmug,1,mug\n", "names a column twice: query"),
        (b",query,item_id\n0,mug,1\n", r"first column has no name.*index=False"),
        (b"query,,item_id\nmug,,1\n", "Column 2 has no name"),
        (b"# of 2026\nquery,item_id\nmug,1\n", "begins with a comment"),
        (b"query,item_id\rmug,1\rcup,2\r", "end in a carriage return alone"),
        (b'"query,item_id\nmug,1\n', "a quote that is not closed"),
        (b"| query | item_id |\n|---|---|\n| mug | 1 |\n", "table of Markdown"),
        (b"", "file is empty"),
        (b"\n\r\n  \n", "file is empty"),
    ],
)
def test_each_fault_of_a_header_is_said_in_a_sentence_of_its_own(data: bytes, why: str) -> None:
    with pytest.raises(FileRefused, match=why):
        read(data)


def test_a_header_is_read_below_blank_lines_and_below_the_line_by_which_excel_names_its_sign() -> None:
    assert values(b"\n\r\nquery,item_id\nmug,1\n") == TWO[:1]
    assert values(b"sep=;\r\nquery;item_id\r\nmug;1\r\n") == TWO[:1]


def test_columns_without_a_name_at_the_end_are_none_as_long_as_they_are_empty() -> None:
    good, broken, short = read(b"query,item_id,,\nmug,1,,\nmug,1,,text\nmug,1\n")
    assert isinstance(good, Row) and good.values == TWO[0] and isinstance(short, Row)
    assert isinstance(broken, Broken) and "beyond the last column" in broken.reason


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04rest of a zip", "Archives"),
        (b"7z\xbc\xafrest", "Archives"),
        (gzip.compress(gzip.compress(LINES, mtime=0), mtime=0), "Archives"),
        (b"[1, 2]", "something else than objects: .1,2"),
        (b'[[{"a": 1}]]', "something else than objects"),
        (b'[{"a": 1} {"a": 2}]', "something else than objects"),
        (b'[{"a": 1}] and more', "something else than objects: .and"),
        (b'[{"a": 1}, {"a": 2', "cut off"),
        (b'[{"a": 1},', "cut off"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "neither"),
        (b"\x1f\x8bno gzip at all", "damaged"),
        (parquet_bytes(TWO)[:-20], "damaged"),
    ],
)
def test_files_that_are_something_else_are_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(FileRefused, match=why):
        read(data)


def test_a_gzip_file_that_was_cut_off_gives_its_rows_and_then_says_so() -> None:
    reader = RowReader(io.BytesIO(gzip.compress(LINES * 5000)[:-40]), "pairs.jsonl.gz")
    rows = []
    with pytest.raises(FileRefused, match="cut off"):
        rows.extend(row.number for row in reader)


def bomb(megabytes: int) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(squeeze.compress(b"a" * (1 << 20)) for _ in range(megabytes)) + squeeze.flush()


def test_a_gzip_bomb_is_refused_by_its_ratio_without_filling_memory() -> None:
    data = bomb(256)  # about 260 KB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileRefused, match="times its size"):
        read(data)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 << 10  # in KiB: less than 64 MiB


def test_what_unfolds_beyond_the_cap_is_refused() -> None:
    with pytest.raises(FileRefused, match="unfolds"):
        read(gzip.compress(LINES * 1000), limits=limits(expanded_bytes=10_000))
    with pytest.raises(FileRefused, match="unfolds"):
        read(parquet_bytes(TWO * 1000), limits=limits(rows=100))


def test_more_rows_than_the_cap_are_refused() -> None:
    with pytest.raises(FileRefused, match="more than 1 rows"):
        read(LINES, limits=limits(rows=1))


def test_bytes_read_ends_at_the_size_of_the_file() -> None:
    data = gzip.compress(LINES * 1000)
    reader = RowReader(io.BytesIO(data), "pairs.jsonl.gz")
    list(reader)
    assert reader.bytes_read == len(data)


def test_real_sets_are_read_whole(shared_data: Path) -> None:
    with (shared_data / "chorus_electronics/pairs.jsonl.gz").open("rb") as file:
        rows = list(RowReader(file, "pairs.jsonl.gz"))
    assert len(rows) == 2723 and all(isinstance(row, Row) for row in rows)
