"""Text that is not UTF-8: guessed for a person, never read by a guess; and no byte that cannot be read slips in."""

from __future__ import annotations

import gzip
import io
import json
import random
from dataclasses import replace
from typing import Any

import pytest

from catalogue.importing.reading.encoding_guess import ENCODINGS, guess, names_of
from catalogue.importing.reading.limits import UPLOAD
from catalogue.importing.reading.read_as import COMMAND_LINE, PROGRAM, UNSAID, EncodingUnclear, ReadAs
from catalogue.importing.reading.readers import Broken, FileRefused, Row, RowReader

TEXTS = {
    "gb18030": "无线鼠标 静音|儿童雨鞋 防滑|酱油 500ml|红色 马克杯|不锈钢保温杯|蓝牙耳机 降噪|全棉四件套|折叠露营椅|钢笔|雨伞",
    "big5": "無線滑鼠 靜音|兒童雨鞋 防滑|醬油 500ml|紅色 馬克杯|不鏽鋼保溫杯|藍牙耳機 降噪|純棉床包組|摺疊露營椅|鋼筆|雨傘",
    "cp932": "ワイヤレスマウス 静音|子供用 長靴|醤油 500ml|赤い マグカップ|保温 水筒|イヤホン|折りたたみ椅子|万年筆|傘立て",
    "cp949": "무선 마우스 저소음|아동 장화|간장 500ml|빨간 머그컵|보온병|블루투스 이어폰|순면 침구 세트|캠핑 의자|만년필|우산",
    "cp1252": "Geräuschlose Maus|Gummistiefel für Kinder|Ratón inalámbrico|Sábanas de algodón|Thé vert à la menthe|Café moulu, 5 €"
    "|Bettwäsche weiß|Cadeira dobrável|Tazzina da caffè|Étagère bois hêtre",
}


def table(texts: str, rows: int = 10) -> str:
    parts = texts.split("|")
    lines = [f'"{parts[n % len(parts)]}",i{n},{parts[(n * 7) % len(parts)].replace(",", "")},L4' for n in range(rows)]
    return "\n".join(["query,item_id,title,label", *lines]) + "\n"


def held(data: bytes, reading: ReadAs = UNSAID, name: str = "pairs") -> list[Row | Broken]:
    RowReader(io.BytesIO(data), name, reading=reading).hold_to_encoding()
    return list(RowReader(io.BytesIO(data), name, reading=reading))


def values(data: bytes, reading: ReadAs = UNSAID, name: str = "pairs") -> list[Any]:
    return [row.values for row in held(data, reading, name) if isinstance(row, Row)]


def refusal(data: bytes, reading: ReadAs = UNSAID) -> EncodingUnclear:
    with pytest.raises(EncodingUnclear) as caught:
        held(data, reading)
    return caught.value


@pytest.mark.parametrize("encoding", TEXTS)
def test_a_file_in_another_encoding_is_refused_by_the_name_of_its_encoding_and_read_by_it(encoding: str) -> None:
    text = table(TEXTS[encoding])
    unclear = refusal(text.encode(encoding))
    assert [one.encoding for one in unclear.guesses] == [encoding]
    assert unclear.guesses[0].lines[0].strip('"').startswith(text.splitlines()[1].strip('"')[:10])
    assert str(unclear).startswith("This is not UTF-8. It looks like ")
    assert unclear.said_at(COMMAND_LINE).endswith(f"Give --encoding {encoding} if that reads right.")
    assert unclear.said_at(PROGRAM).endswith(f"Give encoding={encoding} if that reads right.")
    assert values(text.encode(encoding), ReadAs(encoding)) == values(text.encode())


@pytest.mark.parametrize("encoding", TEXTS)
def test_json_is_read_by_its_encoding_as_well(encoding: str) -> None:
    rows = [{"query": one, "item_id": "1"} for one in TEXTS[encoding].split("|")]
    for text in (
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows),
        json.dumps(rows, ensure_ascii=False),
    ):
        assert refusal(text.encode(encoding)).guesses[0].encoding == encoding
        assert values(gzip.compress(text.encode(encoding)), ReadAs(encoding)) == rows


@pytest.mark.parametrize("encoding", TEXTS)
def test_of_the_shortest_texts_the_right_encoding_is_among_those_told(encoding: str) -> None:
    drawn, texts = random.Random(7), TEXTS[encoding].split("|")
    for _ in range(60):
        line = f"{drawn.choice(texts)},1,{drawn.choice(texts)}\n".encode(encoding)
        if not line.isascii():
            assert line.decode(encoding).strip() in [one.lines[0] for one in guess(line)], line


def test_two_encodings_in_which_a_text_reads_equally_well_are_both_told() -> None:
    unclear = refusal(b"query,item_id\n\xe9,1\n")
    assert {"mac-roman", "cp1252"} <= {one.encoding for one in unclear.guesses}
    assert str(unclear).startswith("This is not UTF-8. It may be one of these.")
    assert "Give the one that reads right: --encoding " in unclear.said_at(COMMAND_LINE)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_a_mark_at_the_beginning_tells_the_encoding(encoding: str) -> None:
    for text in TEXTS.values():
        assert values(table(text).encode(encoding)) == values(table(text).encode())
        assert values(table(text).encode(encoding), ReadAs("big5")) == values(table(text).encode())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [*TEXTS.values(), "stool|chair"])
def test_utf_16_without_a_mark_is_guessed(encoding: str, text: str) -> None:
    for data in (table(text).encode(encoding), json.dumps([{"query": text}], ensure_ascii=False).encode(encoding)):
        assert [one.encoding for one in refusal(data).guesses] == [encoding]
        assert values(data, ReadAs(encoding)) == values(data.decode(encoding).encode())


def test_nul_in_utf_8_is_no_sign_of_utf_16() -> None:
    assert [type(row) for row in held(b'{"query": "mug\0"}\n{"query": "mug"}\n')] == [Broken, Row]
    with pytest.raises(FileRefused, match="neither"):
        held("query,item_id\n杯\0子,1\n".encode())


def test_what_is_utf_8_is_never_guessed_at() -> None:
    for text in (*TEXTS.values(), "Ã©|Â°"):
        assert values(table(text).encode())[0]["query"] == text.split("|")[0]


def test_a_header_in_ascii_tells_nothing_of_the_rows() -> None:
    data = b"query,item_id,title\n" + b"stool,1,Trailmoss\n" * 50_000 + "café,2,Café crème\n".encode("cp1252")
    assert [one.encoding for one in refusal(data).guesses] == ["cp1252"]
    assert values(data, ReadAs("latin-1"))[-1] == {"query": "café", "item_id": "2", "title": "Café crème"}


@pytest.mark.parametrize("name", ["pairs", "pairs.jsonl"])
def test_one_damaged_byte_far_down_refuses_a_file_by_its_line_unless_it_is_to_be_replaced(name: str) -> None:
    line = "杯子,1\n" if name == "pairs" else '{"query": "杯子", "item_id": "1"}\n'
    head = "query,item_id\n" if name == "pairs" else ""
    data = (head + line * 100_000).encode() + line.encode().replace("子".encode(), b"\xe9") + line.encode()
    told = 100_002 if head else 100_001
    unclear = refusal(data)
    assert str(unclear) == f"Line {told} of the file has a byte that is no UTF-8: 0xE9." and unclear.guesses == ()
    assert unclear.said_at(COMMAND_LINE).endswith("have � put for what cannot be read (--replace).")
    rows = held(data, ReadAs(replace=True))
    odd = [row for row in rows if isinstance(row, Row) and row.replaced]
    assert len(rows) == 100_002 and [(row.number, row.replaced) for row in odd] == [(100_001, 1)]
    assert odd[0].values["query"] == "杯\udce9"  # for which a sign is stored (relevance/sanitising.py)


def test_a_byte_that_the_chosen_encoding_does_not_have_refuses_the_file_likewise() -> None:
    data = table(TEXTS["gb18030"]).encode("gb18030") + b"\xff,1,x,L4\n"
    assert str(refusal(data, ReadAs("gb18030"))) == "Line 12 of the file has a byte that is no GB18030: 0xFF."
    assert [row.replaced for row in held(data, ReadAs("gb18030", replace=True)) if isinstance(row, Row)] == [0] * 10 + [
        1
    ]
    assert refusal(data, ReadAs(replace=True)).guesses[0].encoding == "gb18030", "no sign is put for a whole text"


def test_a_row_with_such_a_byte_is_rejected_where_nobody_looked_before() -> None:
    data = b'query,item_id,title\nmug,1,a\n"caf\xe9\n,mug,2\nb","3","c"\nmug,4,d\n'
    first, broken, last = RowReader(io.BytesIO(data), "pairs")
    assert isinstance(broken, Broken) and broken.reason == "A byte that is no UTF-8: 0xE9."
    assert [first.number, last.number] == [1, 3] and isinstance(last, Row), "its second line is no row"
    for data in (b'{"query": "caf\xe9"}\n{"query": "mug"}\n', b'[{"query": "caf\xe9"}, {"query": "mug"}]'):
        broken, last = RowReader(io.BytesIO(data), "pairs.json")
        assert (
            isinstance(broken, Broken) and broken.reason == "A byte that is no UTF-8: 0xE9." and isinstance(last, Row)
        )


def test_a_look_holds_the_head_of_an_upload_and_an_import_all_of_it() -> None:
    data = b"query,item_id\n" + b"mug,1\n" * 400_000 + b"\xe9,1\n"
    RowReader(io.BytesIO(data), "pairs", replace(UPLOAD, held_bytes=1 << 20)).hold_to_encoding()
    with pytest.raises(EncodingUnclear):
        RowReader(io.BytesIO(data), "pairs", UPLOAD).hold_to_encoding()


def test_a_letter_cut_off_at_the_end_of_a_file_costs_its_row() -> None:
    good, broken = held('{"query": "杯"}\n{"query": "杯'.encode()[:-1], name="pairs.jsonl")
    assert isinstance(good, Row) and isinstance(broken, Broken)


def test_a_letter_of_two_bytes_may_lie_across_any_bound() -> None:
    for encoding, text in TEXTS.items():
        data = ("query,item_id\n" + "x" * 60_000 + ",1\n" + (text + ",1\n") * 3000).encode(encoding)
        assert (
            [row["query"] for row in values(data, ReadAs(encoding))[1:]] == [text] * 3000 if "," not in text else True
        )
        assert refusal(data).guesses[0].encoding == encoding


def test_picture_and_program_files_are_guessed_to_be_no_text() -> None:
    for data in (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\nstream\nx\x9c\x03\x01", bytes(range(1, 256)) * 20):
        with pytest.raises(FileRefused) as caught:
            held(data)
        assert not getattr(caught.value, "guesses", ())


def test_the_guess_takes_no_longer_for_a_text_made_to_be_long_and_odd() -> None:
    drawn = random.Random(3)
    data = b"query,item_id\n" + bytes(drawn.choices([*range(1, 10), *range(11, 256)], k=4 << 20))
    with pytest.raises(FileRefused):
        held(data)


@pytest.mark.parametrize(
    ("spelt", "codec"),
    [("GBK", "gbk"), ("latin1", "iso8859-1"), ("SJIS", "shift_jis"), ("windows-1252", "cp1252"), ("UTF8", "utf-8")],
)
def test_a_name_of_an_encoding_may_be_spelt_as_anybody_spells_it(spelt: str, codec: str) -> None:
    known = names_of(spelt)
    assert known is not None and known.codec == codec


@pytest.mark.parametrize("name", ["idna", "utf-7", "rot13", "unicode_escape", "zip", "../etc", "\0", "x" * 5000])
def test_codecs_that_are_no_encodings_of_texts_are_refused(name: str) -> None:
    with pytest.raises(FileRefused, match="Texts are not read in the encoding"):
        RowReader(io.BytesIO(b"query,item_id\n"), "pairs", reading=ReadAs(name))


@pytest.mark.parametrize("codec", [one for one in ENCODINGS if not one.startswith("utf")])
def test_every_encoding_that_is_offered_reads_what_it_wrote(codec: str) -> None:
    signs = "".join(sign for sign in map(chr, range(0xA0, 0x10000)) if sign.isalpha() and _has(codec, sign))[:3000]
    text = f"query,item_id\nmug {signs},1\n"
    assert values(text.encode(codec), ReadAs(codec)) == [{"query": f"mug {signs}", "item_id": "1"}]


def _has(codec: str, sign: str) -> bool:
    try:
        return sign.encode(codec).decode(codec) == sign
    except UnicodeError:
        return False


def test_four_byte_letters_and_the_sign_of_the_euro() -> None:
    assert values("query,item_id\n𠮷野家 €,1\n".encode("gb18030"), ReadAs("gb18030"))[0]["query"] == "𠮷野家 €"
    assert values("query,item_id\nMug 5 €,1\n".encode("cp1252"), ReadAs("cp1252"))[0]["query"] == "Mug 5 €"
    assert refusal(b"query,item_id\nMug 5 \x80,1\n", ReadAs("gb18030")).guesses == ()
