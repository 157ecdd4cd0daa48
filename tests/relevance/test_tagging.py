"""The tagger of queries: its weights are what their card says, and its reading of kinds of queries."""

from __future__ import annotations

import hashlib
import json

import pytest

from relevance.constraints import extract_constraints
from relevance.facts import ItemFacts
from relevance.lexicon import Lexicon
from relevance.tagging import FOLDER, MAX_WORDS, WEIGHTS, TaggedSpan, spans, tags

SHIPPED = Lexicon.shipped()
CARD = json.loads((FOLDER / "card.json").read_text(encoding="utf-8"))


def read(query: str, lexicon: Lexicon = SHIPPED) -> list[tuple[str, str]]:
    return [(one.text, one.kind.value) for one in extract_constraints(query, lexicon)]


def head(query: str) -> str | None:
    return next((one.text for one in extract_constraints(query, SHIPPED) if one.head), None)


def made_for(query: str) -> list[str]:
    return [one.text for one in extract_constraints(query, SHIPPED) if one.role == "for"]


def test_the_shipped_weights_are_what_their_card_says() -> None:
    weights = WEIGHTS.read_bytes()
    assert CARD["weights"] == {
        "file": WEIGHTS.name,
        "bytes": len(weights),
        "sha256": hashlib.sha256(weights).hexdigest(),
    }
    assert len(weights) <= 4_000_000


def test_the_licences_of_what_was_learnt_from_lie_beside_the_weights() -> None:
    texts = {name: (FOLDER / name).read_text(encoding="utf-8") for name in CARD["licences"]["texts"]}
    assert all(texts.values())
    assert any("Permission is hereby granted" in text for text in texts.values())


def test_tags_become_spans() -> None:
    assert spans(["B-color", "O", "I-color", "I-color", "B-color"]) == [
        TaggedSpan(0, 1, "color"), TaggedSpan(2, 4, "color"), TaggedSpan(4, 5, "color")
    ]  # fmt: skip


def test_a_query_of_any_length_gets_a_tag_for_each_word() -> None:
    assert len(tags(["mug"] * 500, SHIPPED)) == 500
    assert tags(["mug"] * 500, SHIPPED)[MAX_WORDS:] == ["O"] * (500 - MAX_WORDS)
    assert tags([], SHIPPED) == []


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("coffee table", "coffee table"),
        ("wireless mouse", "mouse"),
        ("running shoes for men", "running shoes"),
        ("extension cords", "extension cords"),
        ("desk lamp with usb port", "desk lamp"),
    ],
)
def test_the_head_is_the_whole_kind_of_thing(query: str, wanted: str) -> None:
    assert head(query) == wanted


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("case for iphone 12", ["iphone 12"]),
        ("iphone 12 case", ["iphone 12"]),
        ("samsung galaxy s10 screen protector", ["samsung", "galaxy s10"]),
        ("curtains for bedroom", ["bedroom"]),
        ("shoes for women", []),
        ("desk lamp", []),
    ],
)
def test_what_a_thing_is_for_has_that_role(query: str, wanted: list[str]) -> None:
    assert made_for(query) == wanted


def test_brands_and_series_are_found() -> None:
    assert read("sony headphones") == [("sony", "brand"), ("headphones", "category")]
    assert ("galaxy s10", "model") in read("samsung galaxy s10")


def test_a_brand_of_the_catalogue_is_found() -> None:
    lexicon = SHIPPED.learn([ItemFacts("1", "Kettle", cpv=(("brand", "Lindenhof"),))])
    assert ("lindenhof", "brand") in read("lindenhof kettle", lexicon)


def test_what_must_not_be_there_is_one_wish() -> None:
    wishes = extract_constraints("backpack without wheels", SHIPPED)
    assert [(one.text, one.negated) for one in wishes] == [("backpack", False), ("wheels", True)]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("红色连衣裙", [("红色", "colour"), ("连衣裙", "category")]),
        ("华为手机壳", [("华为", "brand"), ("手机壳", "category")]),
        ("草莓味饼干", [("草莓味", "special_attribute"), ("饼干", "category")]),
        ("五岁男童凉鞋", [("五岁", "audience"), ("男童", "audience"), ("凉鞋", "category")]),
        ("丰田卡罗拉脚垫", [("丰田", "brand"), ("卡罗拉", "model"), ("脚垫", "category")]),
        ("白色T恤女", [("白色", "colour"), ("t恤", "category"), ("女", "audience")]),
        ("车厘子5斤", [("车厘子", "category"), ("5斤", "specification")]),
        ("车厘子色连衣裙", [("车厘子色", "colour"), ("连衣裙", "category")]),
        ("丝绒连衣裙", [("丝绒", "material"), ("连衣裙", "category")]),
        ("哆啦a梦水杯", [("哆啦a梦", "ip_person"), ("水杯", "category")]),
        ("冰箱温控器", [("冰箱", "category"), ("温控器", "category")]),
        ("玉米脱粒机", [("玉米脱粒机", "category")]),
        ("不锈钢下水管", [("不锈钢", "material"), ("下水管", "category")]),
        ("鑫盛牌水泵", [("鑫盛牌", "brand"), ("水泵", "category")]),
        ("苹果13手机壳", [("苹果", "brand"), ("13", "model"), ("手机壳", "category")]),
        ("新疆苹果", [("新疆", "special_attribute"), ("苹果", "category")]),
        ("大红袍礼盒装", [("大红袍", "category"), ("礼盒装", "set_single")]),
    ],
)
def test_chinese_is_cut_into_what_it_says(query: str, wanted: list[tuple[str, str]]) -> None:
    assert read(query) == wanted


def test_what_carries_a_part_of_a_car_is_what_it_is_for() -> None:
    assert made_for("丰田卡罗拉脚垫") == ["丰田", "卡罗拉"]
    assert head("丰田卡罗拉脚垫") == "脚垫"


def test_a_part_is_the_head_and_the_machine_is_what_it_is_for() -> None:
    assert made_for("冰箱温控器") == ["冰箱"]
    assert head("冰箱温控器") == "温控器"


@pytest.mark.parametrize(("query", "wanted"), [("天然玛瑙", "玛瑙"), ("碎花长裙", "长裙"), ("进口小米", "小米")])
def test_where_no_thing_is_named_the_last_material_or_cut_is_wanted(query: str, wanted: str) -> None:
    assert head(query) == wanted


def test_velvet_is_velvet_in_both_languages() -> None:
    assert SHIPPED.terms["丝绒"].value == SHIPPED.terms["velvet"].value


def test_a_word_of_no_kind_is_no_head_beside_a_thing() -> None:
    assert head("red crayons only") == "crayons"
    assert head("safety glasses") == "safety glasses"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("books for adults", ("books", "category")),
        ("watch men", ("watch", "category")),
    ],
)
def test_a_kind_of_thing_is_no_misspelt_maker(query: str, wanted: tuple[str, str]) -> None:
    assert wanted in read(query)


def test_a_maker_that_the_tagger_is_unsure_of_is_none_before_a_thing() -> None:
    assert [kind for text, kind in read("zodiac pillow") if text == "zodiac"] not in ([], ["brand"])
    assert ("zodiac", "brand") in read("zodiac pillow", SHIPPED.learn([ItemFacts("1", "", cpv=(("brand", "Zodiac"),))]))


def test_what_stands_behind_a_maker_may_be_a_series_but_a_thing_stays_one() -> None:
    assert read("wilson evolution") == [("wilson", "brand"), ("evolution", "model")]
    assert head("wilson watch") == "watch"


def test_a_word_that_no_lexicon_knows_describes_how_a_thing_looks_unless_it_says_what_it_does() -> None:
    assert ("scalloped", "style_details") in read("scalloped curtains")
    assert ("rustproof", "function") in read("rustproof hinges")


def test_what_a_thing_is_for_is_no_detail_of_it() -> None:
    assert made_for("self adhesive film for furniture") == ["furniture"]
