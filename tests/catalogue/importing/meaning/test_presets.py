from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from catalogue.importing.labels.label_consent import Said, agree
from catalogue.importing.labels.label_values import count
from catalogue.importing.meaning.guessing import guess
from catalogue.importing.meaning.inspecting import Look, columns_of, look, origin_of, preset_for
from catalogue.importing.meaning.mapping import FIELD_BYTES, Mapper, Record
from catalogue.importing.meaning.presets import ITEMS, PAIRS, PRESETS, NoPreset, missing
from catalogue.importing.opening import ImportFile
from catalogue.importing.reading.readers import FileRefused, Row
from catalogue.importing.reading.rows import RowRefused
from relevance.labels import LORE, scale_named

SETS = [
    ("chorus_electronics/pairs.jsonl.gz", PAIRS, "chorus", "chorus-4"),
    ("esci/pairs.jsonl.gz", PAIRS, "esci", "esci-4"),
    ("wands_graded/pairs.jsonl.gz", PAIRS, "wands_graded", "wands-3"),
    ("wands_binary/pairs.jsonl.gz", PAIRS, "wands_binary", "binary"),
    ("wands_multirater/pairs.jsonl.gz", PAIRS, "wands_multirater", "binary"),
    ("esci_labels_only/labels.jsonl.gz", PAIRS, "lore", "esci-4"),
    ("catalog/icecat_electronics.jsonl.gz", ITEMS, "icecat", ""),
    ("catalog/saleor_products.jsonl", ITEMS, "saleor", ""),
]
OURS = {"query": "query", "item_id": "item_id", "title": "title"}


def seen(*rows: dict[str, object]) -> Look:
    return Look(tuple(rows[0]), rows)


def record(kind: str = PAIRS, scale: str = "lore-4", **values: object) -> Record:
    row = {"query": "red mug", "item_id": "m1", "title": "Red mug", **values}
    columns = {name: name for name in PRESETS["lore"].columns.values()} | dict(PRESETS["lore"].columns)
    return Mapper(columns, kind, scale_named(scale)).record(Row(1, row, len(json.dumps(row, default=str))))


TASK = (
    b'[{"id": 1, "data": {"query": "mug", "item_id": "m1", "title": "Red mug", "attributes": {"a": "b"}}, "label": {"x": "L4"}},'
    b' {"id": 2, "data": "none"}]'
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"query": mug}\n{"query": cup}\n', "Row 1: Not JSON"),
        (b"query,item_id,title\nmug,1\n", "Row 1: Line 2 has 2 cells, the first line names 3"),
        (b"query,item_id,title\n", "names columns and has no row"),
        (b"[]", "file is empty"),
        (b"", "file is empty"),
    ],
)
@pytest.mark.parametrize("name", ["x.jsonl", "x.csv"])
def test_a_file_without_a_row_that_can_be_read_is_refused_with_the_reason_of_its_first(
    data: bytes, why: str, name: str
) -> None:
    with pytest.raises(FileRefused, match=why):
        look([ImportFile(name, io.BytesIO(data))])


def test_what_is_nested_is_offered_and_read_by_its_dotted_path() -> None:
    head = look([ImportFile("tasks.json", io.BytesIO(TASK))])
    assert head.columns == ("id", "data", "label", "data.query", "data.item_id", "data.title", "data.attributes")
    assert head.examples("data.query") == ["mug"]
    meaning = {"data.query": "query", "data.item_id": "item_id", "data.title": "title", "label.x": "label"}
    assert guess(head.columns[3:], PAIRS).items() >= {"data.query": "query", "data.item_id": "item_id"}.items()
    first, second = head.rows
    made = Mapper(meaning, PAIRS, LORE).record(Row(1, first, 100))
    assert (made.query, made.item_id, made.content.title, made.label) == ("mug", "m1", "Red mug", "L4")
    with pytest.raises(RowRefused, match="missing"):
        Mapper(meaning, PAIRS, LORE).record(Row(2, second, 100))


def test_a_column_of_that_very_name_stands_before_a_path() -> None:
    row = {"data.query": "cup", "data": {"query": "mug"}, "item_id": "1", "title": "Cup"}
    meaning = {"data.query": "query", "item_id": "item_id", "title": "title"}
    assert Mapper(meaning, PAIRS, LORE).record(Row(1, row, 100)).query == "cup"


@pytest.mark.parametrize("field", ["item_id", "pair_id"])
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("8.90123E+12", "spreadsheet"),
        ("8,90123e+12", "spreadsheet"),
        ("1E+15", "spreadsheet"),
        (float(2**53), "lost digits"),
        (1.2345678901234568e20, "lost digits"),
        ("n\ud83d", "cannot be stored"),
        ("n\0", "cannot be stored"),
        ("caf\udce9", "cannot be stored"),
    ],
)
def test_an_id_that_no_longer_says_which_one_it_was_is_refused(field: str, said: object, why: str) -> None:
    with pytest.raises(RowRefused, match=why) as refused:
        record(**{field: said})
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (2.0**53 - 1, "9007199254740991"),
        (2**60 + 1, "1152921504606846977"),
        ("12E34", "12E34"),
        ("E+12", "E+12"),
        (12.0, "12"),
    ],
)
def test_an_id_that_says_all_is_kept(said: object, kept: str) -> None:
    assert record(item_id=said).item_id == kept


@pytest.mark.parametrize(("path", "kind", "name", "scale"), SETS)
def test_each_real_set_is_known_by_its_marks(shared_data: Path, path: str, kind: str, name: str, scale: str) -> None:
    with (shared_data / path).open("rb") as file:
        head = look([ImportFile(path, file)])
    preset = preset_for(head, kind)
    assert preset.name == name
    if scale:
        values = count((Row(1, row, 1) for row in head.rows), columns_of(preset, head, kind))
        table = agree(values, Said(preset=preset), current=LORE, fixed=False)
        assert (table.scale.name, table.by, table.unread) == (scale, f"preset {name}", [])


def test_every_preset_with_a_source_names_its_licence_and_attribution() -> None:
    for preset in PRESETS.values():
        assert bool(preset.source) == bool(preset.licence) == bool(preset.attribution), preset.name


def test_icecat_texts_keep_the_attribution_that_their_licence_asks_for() -> None:
    for name in ("chorus", "icecat"):
        assert PRESETS[name].attribution == "product data sourced from Icecat, Open Content License"


def test_our_own_field_names_claim_no_source() -> None:
    assert origin_of(seen({**OURS, "label_scale": "binary"}), PRESETS["lore"]).source == ""


def test_a_source_that_all_rows_name_is_proposed() -> None:
    rows = seen({**OURS, "source": "shop", "licence": "CC0"}, {**OURS, "source": "shop", "licence": "MIT"})
    assert (origin_of(rows, PRESETS["lore"]).source, origin_of(rows, PRESETS["lore"]).licence) == ("shop", "")


def test_a_file_with_the_marks_of_two_presets_names_both() -> None:
    both = dict.fromkeys(PRESETS["icecat"].marks | PRESETS["saleor"].marks, "x")
    with pytest.raises(NoPreset, match=r"icecat, saleor.*--preset"):
        preset_for(seen(both), ITEMS)
    assert preset_for(seen(both), ITEMS, "saleor").name == "saleor"


def test_unknown_columns_fit_no_preset_and_the_error_lists_what_there_is() -> None:
    with pytest.raises(NoPreset, match=r"keyword.*lore, chorus"):
        preset_for(seen({"keyword": "mug", "sku": "1"}), PAIRS)
    with pytest.raises(NoPreset, match="no preset nonsense"):
        preset_for(seen(dict(OURS)), PAIRS, "nonsense")


def test_foreign_columns_are_guessed_by_spelling_then_by_likeness() -> None:
    columns = ["search_term", "product_id", "Product-Title", "brand_name", "warehouse", "搜索词"]
    assert guess(columns, PAIRS) == {
        "search_term": "query",
        "product_id": "item_id",
        "Product-Title": "title",
        "brand_name": "brand",
    }


def test_what_an_import_needs_is_said_by_kind() -> None:
    assert [field.name for field in missing({"t": "title"}, PAIRS)] == ["query", "item_id"]
    assert [field.name for field in missing({"t": "title"}, ITEMS)] == ["item_id"]


def test_a_row_becomes_a_record_in_our_words() -> None:
    made = record(
        query="  red\t mug ",
        brand="Tove",
        attributes={"colour": "red", "dishwasher": True, "height": 9.0, "empty": None, "sizes": ["S", "M"]},
        skus=[{"sku": "m1-s", "name": "small", "attributes": {"size": "S"}}, "m1-m"],
        bullets=["keeps warm", " "],
        price_cents=1999,
        category=["Home", "Mugs"],
        label="excellent",
        ratings=[{"rater": "r1", "label": "L4"}, {"rater": "r2", "label": 3}],
        benchmark="yes",
    )
    assert made.query == "red mug"
    assert made.content.cpv == (
        ("brand", "Tove"),
        ("colour", "red"),
        ("dishwasher", "yes"),
        ("height", "9"),
        ("sizes", "S, M"),
    )
    assert [tuple(sku) for sku in made.content.skus] == [("m1-s", "small", (("size", "S"),)), ("", "m1-m", ())]
    assert (made.content.selling_points, made.content.price) == (("keeps warm",), "19.99")
    assert (made.content.category, made.label, made.benchmark) == ("Home > Mugs", "L4", True)
    assert tuple(one[:2] for one in made.ratings) == (("r1", "L4"), ("r2", "L3"))


def test_a_brand_that_the_attributes_name_already_is_not_said_twice() -> None:
    assert record(brand="Tove", attributes={"Brand": "TOVE AB"}).content.cpv == (("Brand", "TOVE AB"),)


def test_cells_of_a_csv_file_may_hold_json_or_name_value_lists() -> None:
    assert record(attributes='{"colour": "red"}').content.cpv == (("colour", "red"),)
    assert record(attributes="colour: red; 材质：陶瓷").content.cpv == (("colour", "red"), ("材质", "陶瓷"))
    assert tuple(one[:2] for one in record(ratings='[{"rater": "r1", "label": "L1"}]').ratings) == (("r1", "L1"),)


def test_rair_field_names_give_attributes_and_skus_from_one_field() -> None:
    row = {
        "query": "mug",
        "item_id": 7,
        "title": "Mug",
        "groundtruth": "L2",
        "shop_name": "Tove",
        "cpv_sku": '{"cpv": {"colour": "red"}, "sku": ["red, 0.3 l"]}',
        "image_base64": "A" * (FIELD_BYTES * 2),
    }
    preset = preset_for(seen(row), PAIRS)
    made = Mapper(preset.columns, PAIRS, LORE).record(Row(1, row, 200_000))
    assert (preset.name, made.item_id, made.label, made.content.shop) == ("rair", "7", "L2", "Tove")
    assert made.content.cpv == (("colour", "red"),)
    assert [sku.name for sku in made.content.skus] == ["red, 0.3 l"]


def test_of_two_columns_for_one_label_none_is_taken_where_they_differ() -> None:
    meaning = {"query": "query", "item_id": "item_id", "title": "title", "grade": "label", "label": "label"}
    row = {"query": "mug", "item_id": "1", "title": "Mug", "grade": "3", "label": "L3"}
    assert Mapper(meaning, PAIRS, LORE).record(Row(1, row, 100)).label == "L3"
    with pytest.raises(RowRefused, match="different things: L1, L3"):
        Mapper(meaning, PAIRS, LORE).record(Row(1, {**row, "grade": "L1"}, 100))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("oak wood", [("attributes", "oak wood")]),
        ("colour: red; color=red", [("colour", "red"), ("attributes", "color=red")]),
        (["red", "size: 3"], [("attributes", "red"), ("size", "3")]),
        (5, [("attributes", "5")]),
    ],
)
def test_an_attribute_without_a_name_is_kept_and_never_dropped(said: object, kept: list[tuple[str, str]]) -> None:
    assert list(record(attributes=said).content.cpv) == kept


@pytest.mark.parametrize("said", [["1"], {"id": 1}, True])
def test_an_id_is_a_text_or_a_number(said: object) -> None:
    """As texts, `["1"]` and `1` would be one item, and so would `true` and "yes"."""
    with pytest.raises(RowRefused, match="neither a text nor a number"):
        record(item_id=said)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("title", "  ", "missing"),
        ("query", None, "missing"),
        ("query", "x" * 2001, "2000 bytes"),
        ("item_id", "x" * 201, "200 characters"),
        ("locale", "x" * 21, "20 characters"),
        ("description", "x" * (FIELD_BYTES + 1), "64 KiB"),
        ("attributes", {"a": "x" * FIELD_BYTES}, "64 KiB"),
        ("label", "superb", "superb"),
        ("label", {"a": 1}, "not a label"),
        ("mismatch", "taste", "taste"),
        ("label_scale", "esci-4", "lore-4"),
        ("ratings", [{"label": "L1"}], "rater"),
        ("ratings", [{"rater": "r1", "label": "no"}], "not a label"),
        ("ratings", [{"rater": "r1", "label": "L1"}, {"rater": "r1", "label": "L2"}], "two labels"),
        ("benchmark", "perhaps", "neither"),
        ("price_cents", "many", "whole number"),
        ("price_cents", "19.99", "whole number"),
        ("price", 1e22, "lost digits"),
        ("price", {"amount": float("inf"), "currency": "EUR"}, "lost digits"),
        ("price", "1" * 41, "40 characters"),
    ],
)
def test_a_row_that_cannot_go_in_names_the_field_and_the_reason(field: str, value: object, why: str) -> None:
    with pytest.raises(RowRefused, match=why) as refused:
        record(**{field: value})
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("said", "price"),
    [
        ({"price": {"amount": 12, "currency": "EUR"}}, "12 EUR"),
        ({"price": '{"amount": "12.00", "currencyCode": "EUR"}'}, "12.00 EUR"),
        ({"price": {"currency_code": "JPY", "value": 1980.5}}, "1980.5 JPY"),
        ({"price": {"amount": 12}}, "12"),
        ({"price": {"amount": 12, "was": 15, "currency": "EUR"}}, "amount: 12; was: 15; currency: EUR"),
        ({"price": {"from": 12, "to": 15}}, "from: 12; to: 15"),
        ({"price": 19.9, "currency": "EUR"}, "19.9 EUR"),
        ({"price": "EUR 19,90", "currency": "EUR"}, "EUR 19,90"),
        ({"price": "", "currency": "EUR"}, ""),
        ({"price": -1}, "-1"),
        ({"price": "1e22"}, "1e22"),
        ({"price": "￥1,299"}, "￥1,299"),
        ({"price": 0}, "0"),
        ({"price_cents": 1999, "currency": "USD"}, "19.99 USD"),
        ({"price_cents": "-5"}, "-0.05"),
        ({"price_cents": 2**62 + 1}, "46116860184273879.05"),
    ],
)
def test_a_price_keeps_its_number_and_its_currency(said: dict[str, object], price: str) -> None:
    assert record(**said).content.price == price


def test_yes_and_no_are_labels_of_the_binary_scale() -> None:
    assert tuple(one[:2] for one in record(scale="binary", label="yes", ratings={"r1": "no"}).ratings) == (
        ("r1", "Not relevant"),
    )


def test_hostile_signs_are_replaced_and_counted_and_all_else_stays_raw() -> None:
    made = record(title="a\0b\ud800c", attributes={"x\0": "<script>\u202e"})
    assert made.content.title == "a\ufffdb\ufffdc"
    assert made.content.cpv == (("x\ufffd", "<script>\u202e"),)
    assert made.sanitised == 3  # NUL and surrogate in the title, NUL in the name
