"""Files that nobody means well by, each small on disk or cheap to send."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from base64 import b64encode
from collections.abc import Iterator

import pyarrow
from pyarrow import parquet

GOOD = b'{"query": "mug", "item_id": "m1", "title": "Mug"}\n'


def zeros_in_gzip(gigabytes: float, first: bytes = b"", piece: bytes = b"\0" * (1 << 20)) -> bytes:
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=9) as zipped:
        zipped.write(first)
        for _ in range(int(gigabytes * 1024)):
            zipped.write(piece)
    return file.getvalue()


def as_parquet(table: pyarrow.Table, **options: object) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file, compression="zstd", **options)
    return file.getvalue()


def repeated(value: str, times: int) -> pyarrow.DictionaryArray:
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * times, pyarrow.int32()), pyarrow.array([value]))


def one_large_page(megabytes: int) -> bytes:
    return as_parquet(pyarrow.table({"query": ["\0" * (megabytes << 20)], "item_id": ["1"]}), use_dictionary=False)


def titled(title: str, rows: int) -> pyarrow.Table:
    queries = pyarrow.array([f"query {number}" for number in range(rows)])
    ids = pyarrow.array([f"m{number}" for number in range(rows)])
    return pyarrow.table({"query": queries, "item_id": ids, "title": repeated(title, rows)})


def letters(size: int) -> str:
    """That nothing shrinks, a database neither."""
    return b64encode(random.Random(size).randbytes(min(size, 60_000))).decode()[:size].ljust(size, "x")


def entries_used_often() -> Iterator[tuple[str, str, bytes]]:
    """One text in the file, in many rows of it; the first of them are rows that go in."""
    for rows, size in ((5000, 60_000), (1000, 1 << 20), (200, 30 << 20), (60, 90 << 20), (20, 90 << 20)):
        data = as_parquet(titled(letters(size), rows), dictionary_pagesize_limit=200 << 20)
        yield f"{size} letters in {rows} rows", f"{rows}x{size}.parquet", data


def with_a_lying_footer(data: bytes) -> bytes:
    """All sizes above a megabyte in the footer become 1, in as many bytes: the pages stay as they were."""
    length = int.from_bytes(data[-8:-4], "little")
    footer = bytearray(data[-8 - length : -8])
    at = 0
    while at < len(footer):
        end, value, shift = at, 0, 0
        while end < len(footer) and footer[end] & 0x80 and end - at < 9:
            value |= (footer[end] & 0x7F) << shift
            end, shift = end + 1, shift + 7
        if end - at >= 3 and end < len(footer) and (value | footer[end] << shift) >> 1 > 100 << 20:
            footer[at : end + 1] = bytes([0x82, *[0x80] * (end - at - 1), 0x00])
        at = end + 1 if end > at else at + 1
    return data[: -8 - length] + bytes(footer) + data[-8:]


def zipped_archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../x.jsonl", GOOD)
    return file.getvalue()


def hostile_files() -> Iterator[tuple[str, str, bytes]]:
    """What it is, its file name, its bytes."""
    yield "a gigabyte in a megabyte of gzip", "bomb.jsonl.gz", zeros_in_gzip(1)
    yield "one line of a gigabyte", "line.jsonl.gz", zeros_in_gzip(1, b'{"query": "', b"x" * (1 << 20))
    yield "gzip in gzip", "nested.jsonl.gz", gzip.compress(zeros_in_gzip(0.1))
    yield "gzip cut off", "cut.jsonl.gz", gzip.compress(GOOD * 1000)[:-20]
    yield "gzip with a wrong checksum", "sum.jsonl.gz", gzip.compress(GOOD)[:-8] + b"\0" * 8
    yield "an archive", "x.zip", zipped_archive()
    yield "UTF-16", "x.csv", "query,item_id\nmug,1\n".encode("utf-16")
    yield "one JSON list", "x.json", b"[" + GOOD.strip() + b"]"
    yield (
        "a short entry, five million times",
        "rle.parquet",
        as_parquet(pyarrow.table({"query": repeated("x" * 60_000, 5_000_000), "item_id": repeated("1", 5_000_000)})),
    )
    yield (
        "a long entry, a million times",
        "entry.parquet",
        as_parquet(
            pyarrow.table({"query": repeated("x" * (20 << 20), 1_000_000), "item_id": repeated("1", 1_000_000)}),
            dictionary_pagesize_limit=64 << 20,
        ),
    )
    yield from entries_used_often()
    yield "one page of 200 MiB", "page.parquet", one_large_page(200)
    yield "one page of 200 MiB, and a footer that lies", "lies.parquet", with_a_lying_footer(one_large_page(200))
    yield (
        "a list of thirty million",
        "list.parquet",
        as_parquet(
            pyarrow.table({"query": pyarrow.array([[1] * 30_000_000], pyarrow.list_(pyarrow.int8())), "item_id": ["1"]})
        ),
    )
    yield "five thousand columns", "wide.parquet", as_parquet(pyarrow.table({f"c{n}": ["x"] for n in range(5000)}))
    yield "Parquet that is none", "none.parquet", b"PAR1" + b"\xff" * 5000 + (5000).to_bytes(4, "little") + b"PAR1"
    yield "a hundred thousand columns", "wide.csv", ",".join(f"c{n}" for n in range(100_000)).encode() + b"\n1\n"
    yield "a column's name of three megabytes", "name.csv", b"query,item_id," + b"n" * (3 << 20) + b"\nmug,1,x\n"
    yield "a quote that never ends", "quote.csv", b'query,item_id\n"mug,1\n' + b"cup,2\n" * 5_000_000
    yield (
        "nested a hundred thousand deep",
        "deep.jsonl",
        b'{"query": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n" + GOOD,
    )
    yield (
        "numbers without end",
        "numbers.jsonl",
        b"".join(
            b'{"query": "mug", "item_id": %s, "title": "Mug"}\n' % number
            for number in (
                b"9" * 100_000,
                b"1e999999",
                b"-1e999",
                b"NaN",
                b"Infinity",
                b"0." + b"1" * 100_000,
                b"9" * 400,
            )
        ),
    )
    yield (
        "two hundred lines of nearly four megabytes",
        "lines.jsonl",
        (b'{"query": "mug", "item_id": "m1", "title": "' + b"x" * (3 << 20) + b'"}\n') * 100,
    )
    yield (
        "a hundred thousand keys",
        "keys.jsonl",
        (json.dumps({f"k{n}": n for n in range(100_000)}) + "\n").encode() * 20,
    )
