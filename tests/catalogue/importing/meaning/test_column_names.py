"""What columns mean by their names alone, and what a program is told where that is not certain."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.importing.labels.label_consent import Said, agree
from catalogue.importing.labels.label_values import count
from catalogue.importing.meaning.column_names import PROGRAM, ColumnsUnclear, by_name
from catalogue.importing.meaning.guessing import guess
from catalogue.importing.meaning.inspecting import Look, meaning_of, meaning_told
from catalogue.importing.meaning.presets import ITEMS, PAIRS, NoPreset, missing
from catalogue.importing.reading.rows import Row
from relevance.labels import LORE

CHINESE = ["搜索词", "商品ID", "商品标题", "属性", "店铺", "价格", "标签"]
HOME_DEPOT = ["id", "product_uid", "product_title", "search_term", "relevance"]
CROWDFLOWER = ["id", "query", "product_title", "product_description", "median_relevance", "relevance_variance"]
WANDS = [
    "id",
    "query_id",
    "product_id",
    "label",
    "query",
    "query_class",
    "product_name",
    "product_class",
    "product_description",
]
ESCI = [
    "example_id",
    "query",
    "query_id",
    "product_id",
    "product_locale",
    "esci_label",
    "small_version",
    "large_version",
    "split",
]


def head(columns: list[str], **values: Any) -> Look:
    return Look(tuple(columns), (dict.fromkeys(columns, "x") | values,))


def told(columns: list[str], kind: str = PAIRS, **values: Any) -> tuple[str, dict[str, str]]:
    preset, meaning = meaning_told(head(columns, **values), kind, {})
    return preset.name if preset else "", {one: field for one, field in meaning.items() if one in columns}


@pytest.mark.parametrize(
    "columns", [["Query", "Item_ID", "Title"], ["QUERY", " item id ", "title"], ["query", "itemId", "Title"]]
)
def test_case_blanks_and_signs_in_a_header_do_not_matter(columns: list[str]) -> None:
    assert list(told(columns)[1].values()) == ["query", "item_id", "title"]


def test_a_header_in_chinese_needs_no_word_about_its_columns() -> None:
    fields = ["query", "item_id", "title", "attributes", "shop", "price", "label"]
    assert told(CHINESE) == ("", dict(zip(CHINESE, fields, strict=True)))


def test_the_page_and_a_program_read_the_same_names_the_same_way() -> None:
    for columns in (CHINESE, ["Query", "Item_ID", "Title"], HOME_DEPOT, WANDS, ["query", "docid", "title"]):
        page = {one: field for one, field in meaning_of(head(columns), PAIRS)[1].items() if one in columns}
        assert page == told(columns)[1]


@pytest.mark.parametrize("other", ["product_id", "product_uid", "asin", "docid", "doc_id"])
def test_a_bare_id_is_never_the_item_where_a_column_fits_better(other: str) -> None:
    assert guess(["id", "query", "title", other], PAIRS)[other] == "item_id"
    assert told(["id", "query", "title", other])[1][other] == "item_id"


def test_a_bare_id_is_offered_to_a_person_and_asked_of_a_program() -> None:
    assert guess(["id", "query", "title"], PAIRS)["id"] == "item_id"
    with pytest.raises(ColumnsUnclear) as asked:
        told(["id", "query", "title"])
    assert "--column id=item_id" in str(asked.value)
    assert "column=id=item_id" in asked.value.said(PROGRAM, "")


def test_the_id_of_a_query_or_a_case_is_no_query_and_no_item() -> None:
    assert guess(["query_id", "Case ID", "Doc ID", "title"], PAIRS) == {"Doc ID": "item_id", "title": "title"}


def test_what_a_program_told_is_enough_for_what_the_names_leave_open() -> None:
    meaning = meaning_told(head(["id", "query", "title"]), PAIRS, {"id": "item_id"})[1]
    assert meaning == {"id": "item_id", "query": "query", "title": "title"}


def test_of_two_columns_for_one_field_neither_is_chosen_unasked() -> None:
    with pytest.raises(ColumnsUnclear, match=r"asin\. .*--column product_id=item_id or --column asin=item_id"):
        by_name(["query", "product_id", "asin", "product_title"], PAIRS, {})
    assert by_name(["query", "product_id", "asin", "title"], PAIRS, {"asin": "item_id"})["asin"] == "item_id"
    own = by_name(["搜索词", "product_title", "title", "asin"], PAIRS, {})
    assert own == {"搜索词": "query", "title": "title", "asin": "item_id"}


def test_a_column_that_only_looks_like_the_label_is_asked_about() -> None:
    with pytest.raises(ColumnsUnclear, match="--column relevances=label"):
        by_name(["搜索词", "asin", "标题", "relevances"], PAIRS, {})


def test_a_catalogue_brought_as_pairs_is_called_so() -> None:
    with pytest.raises(ColumnsUnclear, match="`query` is missing: is this a catalogue\\? Use import_items"):
        told(["item_id", "title", "brand"])
    with pytest.raises(ColumnsUnclear) as asked:
        told(["product_id", "product_title"])
    assert asked.value.said(PROGRAM, "Say kind=items.").endswith("Say kind=items.")


def test_several_presets_that_fit_are_still_a_question() -> None:
    marks = "item_id title name brand attributes price_cents date_released product_id product_type variants photos"
    with pytest.raises(NoPreset, match="Several presets fit"):
        told(marks.split(), ITEMS)


def test_beside_our_own_names_others_are_read_by_their_spelling() -> None:
    preset, meaning = told(["query", "item_id", "title", "manufacturer", "esci_label", "warehouse"])
    assert (preset, meaning["manufacturer"], meaning["esci_label"]) == ("lore", "brand", "label")
    assert told(["query", "item_id", "title", "brand", "manufacturer"])[1].get("manufacturer") is None


@pytest.mark.parametrize(
    ("columns", "preset", "item", "pair"),
    [
        ([*ESCI, "product_title"], "esci_release", "product_id", "example_id"),
        (ESCI, "esci_examples", "product_id", "example_id"),
        ([*WANDS, "category hierarchy"], "wands_release", "product_id", "id"),
        (HOME_DEPOT, "home_depot", "product_uid", "id"),
        (CROWDFLOWER, "crowdflower", "id", ""),
        ([one.upper() for one in HOME_DEPOT], "home_depot", "PRODUCT_UID", "ID"),
    ],
)
def test_public_sets_are_known_by_the_columns_they_are_released_with(
    columns: list[str], preset: str, item: str, pair: str
) -> None:
    name, meaning = told(columns)
    assert (name, meaning[item], meaning.get(pair, "")) == (preset, "item_id", "pair_id" if pair else "")
    assert not missing(meaning, PAIRS)


def test_products_of_public_sets_are_catalogues() -> None:
    assert told(["product_id", "product_title", "product_bullet_point", "product_locale"], ITEMS)[0] == "esci_products"
    wands = told(["product_id", "product_name", "product_class", "category hierarchy", "rating_count"], ITEMS)
    assert wands[0] == "wands_products" and "rating_count" not in wands[1]


def test_the_scale_of_a_public_set_does_not_hang_on_which_labels_the_head_shows() -> None:
    seen = head([*WANDS], label="Exact")  # which two scales read
    preset, meaning = meaning_told(seen, PAIRS, {})
    assert preset is not None
    values = count((Row(1, row, 1) for row in seen.rows), meaning)
    table = agree(values, Said(preset=preset), current=LORE, fixed=False)
    assert (table.scale.name, table.by, table.unread) == ("wands-3", f"preset {preset.name}", [])
