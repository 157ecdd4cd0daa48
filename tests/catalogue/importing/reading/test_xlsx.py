"""Workbooks as shops keep them: cells as a person sees them, or the row is named; hostile ones end their reader alone."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.styles import PatternFill

from catalogue.importing.meaning.inspecting import look
from catalogue.importing.meaning.mapping import Mapper
from catalogue.importing.meaning.presets import PAIRS
from catalogue.importing.opening import ImportFile
from catalogue.importing.reading.limits import UPLOAD
from catalogue.importing.reading.read_as import COMMAND_LINE, ReadAs, SheetUnclear
from catalogue.importing.reading.readers import Broken, FileRefused, Format, Row, RowReader
from catalogue.importing.reading.rows import RowRefused
from relevance.labels import LORE

HEAD = ["query", "item_id", "title"]


def workbook(*rows: list[Any], **sheets: list[list[Any]]) -> Workbook:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for name, further in sheets.items():
        sheet = book.create_sheet(name)
        for row in further:
            sheet.append(row)
    return book


def saved(book: Workbook) -> bytes:
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def with_part(data: bytes, name: str, change: Any) -> bytes:
    """The workbook with one of its parts changed by hand."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for one in before.namelist():
            after.writestr(one, change(before.read(one)) if one == name else before.read(one))
    return made.getvalue()


def read(data: bytes | Workbook, sheet: str = "") -> list[Row | Broken]:
    data = data if isinstance(data, bytes) else saved(data)
    return list(RowReader(io.BytesIO(data), "pairs.xlsx", reading=ReadAs(sheet=sheet)))


def cells(data: bytes | Workbook, sheet: str = "") -> list[list[Any]]:
    return [list(row.values.values()) for row in read(data, sheet) if isinstance(row, Row)]


def one(value: Any, number_format: str = "") -> Any:
    """A value through a workbook."""
    book = workbook(HEAD, ["mug", value, "Mug"])
    if number_format:
        book.active["B2"].number_format = number_format
    (row,) = read(book)
    return row.values["item_id"] if isinstance(row, Row) else row.reason


@pytest.mark.parametrize("zipped", [False, True])
def test_a_sheet_is_read_as_rows(zipped: bool) -> None:
    data = saved(workbook(HEAD, ["杯子", "m1", "Red mug"], ["mug", "m2", "a\nb, c"]))
    reader = RowReader(io.BytesIO(gzip.compress(data) if zipped else data), "pairs.csv")
    rows = list(reader)
    assert reader.format is Format.XLSX and reader.told == "It is the sheet “Sheet”, its columns named in row 1."
    assert [row.values for row in rows if isinstance(row, Row)] == [
        {"query": "杯子", "item_id": "m1", "title": "Red mug"},
        {"query": "mug", "item_id": "m2", "title": "a\nb, c"},
    ]


@pytest.mark.parametrize(
    ("value", "number_format", "seen"),
    [
        (6001, "", 6001),
        (6001.0, "", 6001),
        (12.5, "", 12.5),
        (0.1 + 0.2, "", 0.3),
        (42, "00000", "00042"),
        (0.95, "0%", "95%"),
        (0.125, "0.0%", "12.5%"),
        (True, "", True),
        (123456789012345, "", 123456789012345),
        (date(2026, 1, 2), "", "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4), "", "2026-01-02 03:04:00"),
        (time(3, 4), "", "03:04:00"),
        ("007", "", "007"),
        (None, "", None),
        ("#N/A", "", None),
    ],
)
def test_a_cell_is_what_a_person_sees_in_it(value: Any, number_format: str, seen: Any) -> None:
    found = one(value, number_format)
    assert (found, type(found)) == (seen, type(seen))


def test_what_programs_write_for_nothing_is_nothing() -> None:
    assert cells(workbook(HEAD, ["mug", "NaN", "None"])) == [["mug", "", ""]]


@pytest.mark.parametrize("number", [1234567890123456, 8.90123e15, 9.1e17])
def test_digits_that_excel_has_not_kept_are_no_id(number: float) -> None:
    (row,) = read(workbook(HEAD, ["mug", number, "Mug"]))
    assert isinstance(row, Row)
    with pytest.raises(RowRefused, match="shortened"):
        Mapper({name: name for name in HEAD}, PAIRS, LORE).record(row)


def test_what_a_formula_came_to_is_read_and_one_that_nobody_computed_is_named() -> None:
    data = saved(workbook(HEAD, ["mug", "=1+1", "Mug"], ["cup", 2, "Cup"]))
    broken, good = read(data)
    assert isinstance(good, Row) and isinstance(broken, Broken)
    assert broken.reason.startswith("Cell B2 holds a formula that nobody has computed.")
    computed = with_part(data, "xl/worksheets/sheet1.xml", lambda xml: re.sub(rb"<v ?/>|<v></v>", b"<v>2</v>", xml))
    assert cells(computed)[0] == ["mug", 2, "Mug"]


def test_an_error_of_the_spreadsheet_costs_its_row_and_says_where_it_stands() -> None:
    broken, good = read(workbook(HEAD, ["mug", "#REF!", "Mug"], ["cup", 2, "Cup"]))
    assert isinstance(broken, Broken) and broken.reason == "Cell B2 holds an error of the spreadsheet: #REF!."
    assert (broken.number, good.number) == (1, 2)


def test_empty_rows_and_a_title_stand_above_the_names() -> None:
    assert cells(workbook([], ["Mugs of 2026"], [], HEAD, [], ["mug", 1, "Mug"])) == [["mug", 1, "Mug"]]
    reader = RowReader(io.BytesIO(saved(workbook([], ["Mugs of 2026"], HEAD, ["mug", 1, "Mug"]))), "pairs.xlsx")
    assert list(reader) and reader.told.endswith("named in row 3.")


def test_a_row_may_have_fewer_cells_and_none_beyond_the_last_name() -> None:
    short, beyond, styled = read(workbook(HEAD, ["mug", 1], ["mug", 1, "Mug", "x"], ["mug", 1, "Mug", None]))
    assert isinstance(short, Row) and short.values["title"] is None and isinstance(styled, Row)
    assert isinstance(beyond, Broken) and beyond.reason == "Cell D3 stands beyond the last column that has a name."


def test_a_coloured_cell_without_a_value_is_empty() -> None:
    book = workbook(HEAD, ["mug", 1, "Mug"])
    book.active["F2"].fill = PatternFill("solid", fgColor="FFFF00")
    assert cells(book) == [["mug", 1, "Mug"]]


def test_merged_cells_among_the_names_are_refused_by_their_place() -> None:
    book = workbook(["query", "item", "", "title"], ["mug", 1, 2, "Mug"])
    book.active.merge_cells("B1:C1")
    with pytest.raises(FileRefused, match="Cell C1 has no name for its column"):
        read(book)


def test_a_name_twice_is_refused() -> None:
    with pytest.raises(FileRefused, match="names a column twice: query"):
        read(workbook(["query", "query", "title"], ["mug", "mug", "Mug"]))


def test_a_name_over_two_lines_is_one_name() -> None:
    (row,) = read(workbook(["query", "item\nid", "title"], ["mug", 1, "Mug"]))
    assert isinstance(row, Row) and list(row.values) == ["query", "item id", "title"]


def test_of_several_sheets_with_rows_one_must_be_named() -> None:
    book = workbook(HEAD, ["mug", 1, "Mug"], Notes=[["Read me"], ["please"]], Old=[HEAD, ["cup", 2, "Cup"]])
    with pytest.raises(SheetUnclear) as caught:
        read(book)
    assert caught.value.sheets == ("Sheet", "Old")
    assert caught.value.said_at(COMMAND_LINE) == (
        "Several sheets of the workbook hold rows: Sheet, Old. Name the one that you mean: --sheet NAME."
    )
    assert cells(book, "Old") == [["cup", 2, "Cup"]]
    with pytest.raises(SheetUnclear, match=r"no sheet of that name\. It has: Sheet, Notes, Old"):
        read(book, "Young")
    book["Old"].sheet_state = "hidden"
    assert cells(book) == [["mug", 1, "Mug"]]


@pytest.mark.parametrize("rows", [[], [["query"], ["mug"]], [HEAD]])
def test_a_workbook_without_a_table_is_refused(rows: list[list[Any]]) -> None:
    with pytest.raises(FileRefused, match="No sheet of the workbook holds a table"):
        read(workbook(*rows))


def test_the_size_that_a_sheet_claims_is_not_believed() -> None:
    data = saved(workbook(HEAD, ["mug", 1, "Mug"]))
    for claim in (b'ref="A1"', b'ref="A1:XFD1048576"'):
        changed = with_part(data, "xl/worksheets/sheet1.xml", lambda xml: re.sub(rb'ref="A1:C2"', claim, xml))  # noqa: B023
        assert cells(changed) == [["mug", 1, "Mug"]]


def test_rows_that_do_not_stand_in_their_order_are_read() -> None:
    data = saved(workbook(HEAD, ["mug", 1, "Mug"], ["cup", 2, "Cup"]))
    swapped = with_part(
        data,
        "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(rb"(<row r=\"2\".*?</row>)(<row r=\"3\".*?</row>)", rb"\2\1", xml),
    )
    assert sorted(cells(swapped)) == [["cup", 2, "Cup"], ["mug", 1, "Mug"]]


def zip_of(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, data in parts.items():
            file.writestr(name.replace("__", "/"), data)
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, r"old Excel \(.xls\), or under a password"),
        (zip_of(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "OpenDocument"),
        (zip_of(**{"pairs.csv": b"query,item_id\n"}), "Archives are not read"),
        (zip_of(**{"[Content_Types].xml": b"<Types/>", "word__document.xml": b"<w/>"}), "Archives are not read"),
        (saved(workbook(HEAD, ["mug", 1, "Mug"]))[:-300], "Archives are not read|damaged"),
    ],
)
def test_other_files_are_refused_each_in_its_sentence(data: bytes, why: str) -> None:
    with pytest.raises(FileRefused, match=why):
        read(data)


LAUGHS = b"""<!DOCTYPE x [<!ENTITY a "ha">%s]>""" % b"".join(
    b'<!ENTITY %c "%s">' % (letter, (b"&%c;" % (letter - 1)) * 10) for letter in range(ord("b"), ord("m"))
)


def with_shared_texts(data: bytes, further: bytes) -> bytes:
    """As Excel writes a workbook: the texts of all cells in one part, by number. openpyxl writes each where it stands."""
    texts: list[bytes] = []

    def number(found: re.Match[bytes]) -> bytes:
        texts.append(found.group(2))
        return b'<c r="%s" t="s"><v>%d</v></c>' % (found.group(1), len(texts) - 1)

    inline = rb'<c r="(\w+)" t="inlineStr"><is>(.*?)</is></c>'
    data = with_part(data, "xl/worksheets/sheet1.xml", lambda xml: re.sub(inline, number, xml))
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    named = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
    data = with_part(data, "[Content_Types].xml", lambda xml: xml.replace(b"</Types>", named))
    said = b"".join(b"<si>%s</si>" % text for text in texts) + further
    made = io.BytesIO(data)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as file:
        namespace = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        file.writestr("xl/sharedStrings.xml", b'<sst xmlns="%s">%s</sst>' % (namespace, said))
    return made.getvalue()


def test_texts_that_cells_share_are_read() -> None:
    assert cells(with_shared_texts(saved(workbook(HEAD, ["杯子", 1, " Mug "])), b"")) == [["杯子", 1, " Mug "]]


def grown(data: bytes, name: str, before: bytes, piece: bytes, times: int) -> bytes:
    """The workbook with a piece put into one of its parts, over and over."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for one in old.namelist():
            if one != name:
                new.writestr(one, old.read(one))
                continue
            begins, ends = old.read(one).split(before, 1)
            with new.open(one, "w", force_zip64=True) as part:
                part.write(begins)
                for _ in range(times):
                    part.write(piece)
                part.write(before + ends)
    return made.getvalue()


def in_many_cells(text: bytes, times: int) -> bytes:
    """Which stands in the file once."""
    shared = with_shared_texts(saved(workbook(HEAD, ["mug", 1, "Mug"])), b"<si><t>%s</t></si>" % text)
    with zipfile.ZipFile(io.BytesIO(shared)) as file:
        last = file.read("xl/sharedStrings.xml").count(b"<si>") - 1
    row = b'<row><c t="s"><v>%d</v></c><c><v>1</v></c><c t="s"><v>%d</v></c></row>' % (last, last)
    return grown(shared, "xl/worksheets/sheet1.xml", b"</sheetData>", row, times)


def test_a_text_that_many_cells_share_is_counted_with_each() -> None:
    data = in_many_cells(b"x" * 32_000, 1000)
    read = 0
    with pytest.raises(FileRefused, match="more than 100 times its size"):
        for _row in RowReader(io.BytesIO(data), "x.xlsx"):
            read += 1
    assert 32 << 20 > 64_000 * read >= 15 << 20, "64 MB in a file of some kilobytes; 16 MiB of them are read"


def hostile() -> dict[str, bytes]:
    data = saved(workbook(HEAD, ["mug", 1, "Mug"]))
    sheet, texts = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
    shared = with_shared_texts(data, b"")
    return {
        "a cell of half a gigabyte": grown(data, sheet, b"1</v>", b"1" * (1 << 20), 512),
        "shared texts of a gigabyte": grown(
            shared, texts, b"</sst>", (b"<si><t>" + b"x" * 900 + b"</t></si>") * 1000, 1500
        ),
        "a text of 32,000 letters in 50,000 cells": in_many_cells(b"x" * 32_000, 50_000),
        "a billion laughs": with_part(data, sheet, lambda xml: LAUGHS + xml.replace(b"<v>1</v>", b"<v>&l;</v>")),
        "a column far away": with_part(data, sheet, lambda xml: xml.replace(b'r="C1"', b'r="XFD1"')),
        "a style that is none": with_part(data, sheet, lambda xml: xml.replace(b'<c r="B2"', b'<c r="B2" s="999"')),
        "a text that is none": with_part(shared, sheet, lambda xml: xml.replace(b"<v>0</v>", b"<v>99</v>")),
        "no rows without end": grown(data, sheet, b"</sheetData>", b"<row/>" * 10_000, 100),
    }


@pytest.mark.hostile
def test_hostile_workbooks_end_in_a_sentence_and_harm_nobody() -> None:
    for name, data in hostile().items():
        try:
            rows = read(data)
        except FileRefused as refusal:
            assert not isinstance(refusal, SheetUnclear), name
        else:
            assert len(rows) < 3, name


def test_the_case_of_a_sheet_and_a_look(tmp_path: Path) -> None:
    data = saved(workbook(HEAD, *(["mug", number, "Mug"] for number in range(500))))
    seen = look([ImportFile("pairs.xlsx", io.BytesIO(data))], UPLOAD)
    assert seen.columns == tuple(HEAD) and len(seen.rows) == 200
