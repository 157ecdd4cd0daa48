"""One split of queries: what a family is, that nothing which leaves it alone moves a query, and that the shares are right."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relevance import splits
from relevance.invisible_characters import without_unseen
from relevance.splits import SHARES, SPLIT_VERSION, Splits, digest, family
from tests.conftest import SHARED_DATA

LETTERS = st.characters(categories=("Lu", "Ll", "Lt", "Lo", "Nd"))
WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9).filter(lambda word: word not in splits._SMALL)
SPACES = st.text(" \t\n\u00a0\u3000\u2009", min_size=1, max_size=3)
CLASSES = [
    line
    for line in (Path(splits.__file__).parent / "han_variants.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(
    "spellings",
    [
        ("iPhone 15 Case", "iphone 15 case", "cases iphone 15", " IPHONE15  Cases ", "case for an iphone 15"),
        ("Men's running-shoes", "mens running shoe", "running shoes men", "MEN’S RUNNING SHOES", "man running shoes"),
        ("women's hoodies", "womens hoodie", "hoodie women", "hoody woman"),
        ("children's books", "childrens book", "book for children"),
        ("TVs", "tv"), ("lens", "lenses"), ("bus", "buses"), ("dress", "dresses"), ("knife", "knives"), ("shelf", "shelves"),
        ("battery", "batteries"), ("movie", "movies"), ("watch", "watches"), ("potato", "potatoes"), ("photo", "photos"),
        ("café chairs", "cafe\u0301 chair", "cafe chair"), ("tn-2110", "TN 2110", "tn2110"), ("levi's", "levis", "Levi’s"),
        ("苹果手机壳", "蘋果手機殼", "手机壳 苹果", "手機殼　蘋果"),
        ("红色的裙子", "紅色裙子", "裙子 红色"),
        ("苹果 iPhone15 手机壳", "iphone 15 蘋果手機殼", "手机壳iPhone 15苹果"),
        ("头发", "頭髮"), ("发财", "發財"), ("面条", "麵條", "麪條"), ("里面", "裡面", "裏面"), ("乾燥机", "干燥机", "乾燥機"),
        ("ｉｐｈｏｎｅ 15 case", "iphone 15 case"), ("ケース iphone", "iphone ｹｰｽ"), ("아이폰 케이스", "케이스 아이폰"),
    ],
)  # fmt: skip
def test_spellings_of_one_query_are_one_family(spellings: tuple[str, ...]) -> None:
    assert len({family(text) for text in spellings}) == 1
    assert len({Splits().of(text) for text in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("red shoes", "blue shoes"), ("iphone 14", "iphone 15"), ("chess set", "cheese set"), ("prince", "princess"),
     ("base", "bass"), ("手机壳", "手机膜"), ("mug", "mugs with lid"), ("lamp without cord", "lamp with cord")],
)  # fmt: skip
def test_queries_that_ask_for_different_things_are_different_families(one: str, other: str) -> None:
    assert family(one) != family(other)


@settings(deadline=None)
@given(st.lists(st.text(LETTERS, min_size=1, max_size=8), min_size=1, max_size=4).map(" ".join))
def test_case_never_changes_the_split(query: str) -> None:
    assert family(query) == family(query.upper()) == family(query.lower()) == family(query.swapcase())


@settings(deadline=None)
@given(st.lists(st.text(LETTERS, min_size=1, max_size=8), min_size=1, max_size=5), st.data())
def test_spacing_and_word_order_never_change_the_split(words: list[str], data: st.DataObject) -> None:
    other = "".join(data.draw(SPACES) + word for word in data.draw(st.permutations(words))) + data.draw(SPACES)
    assert family(" ".join(words)) == family(other)


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4), st.data())
def test_plural_never_changes_the_split(words: list[str], data: st.DataObject) -> None:
    several = [data.draw(st.sampled_from([word, *plurals(word)])) for word in words]
    assert family(" ".join(words)) == family(" ".join(several))


def plurals(word: str) -> list[str]:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return [f"{word}es"]
    if word.endswith("y") and word[-2] not in "aeiou":
        return [f"{word[:-1]}ies"]
    if word.endswith(("f", "fe")):
        return [f"{word}s", f"{word.removesuffix('e')[:-1]}ves"]
    return [f"{word}s", f"{word}es"] if word.endswith("o") else [f"{word}s"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=8), st.data())
def test_script_never_changes_the_split(classes: list[str], data: st.DataObject) -> None:
    one, other = ("".join(data.draw(st.sampled_from(forms)) for forms in classes) for _ in range(2))
    assert family(one) == family(other)


@settings(deadline=None)
@given(st.text())
def test_every_text_has_a_side(query: str) -> None:
    assert Splits().of(query) in SHARES
    assert Splits().of(query) == Splits().of_digest(digest(query))


def test_a_benchmark_family_is_test_whatever_its_share_says() -> None:
    marked = Splits(splits.digests(["Red Mugs"]))
    assert (Splits().of("red mug"), marked.of("red mug"), marked.of("mug, red")) == ("train", "test", "test")


def within(counts: Counter[str]) -> bool:
    """Each share within 3.29 standard deviations: one set in 300 of a right split would fall out, and this one is fixed."""
    n = sum(counts.values())
    parts = {side: percent / 100 for side, percent in SHARES.items()}
    return all(abs(counts[side] - n * p) <= 3.29 * (n * p * (1 - p)) ** 0.5 for side, p in parts.items())


def test_of_ten_thousand_families_seventy_ten_and_twenty_in_a_hundred() -> None:
    assert sum(SHARES.values()) == 100
    assert within(Counter(Splits().of(f"thing {number}") for number in range(10_000)))


def real_queries() -> set[str]:
    found: set[str] = set()
    for path in SHARED_DATA.glob("*/*.jsonl*"):
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            rows = [json.loads(line) for line in lines]
        found |= {row["query"] for row in rows if "query" in row}
        found |= {" ".join(row["tokens"]) for row in rows if "tokens" in row}
    return found


def test_of_real_queries_seventy_ten_and_twenty_in_a_hundred() -> None:
    queries = real_queries()
    if not queries:
        pytest.skip(f"no real queries under {SHARED_DATA}")
    families = {family(query): query for query in queries}
    assert len(families) > 5000
    assert within(Counter(Splits().of(query) for query in families.values()))


PINNED = ["iPhone 15 Case", "women's hoodies", "tn-2110", "wall lamp without cord", "café", "苹果手机壳", "頭髮", "ケース",
          "아이폰", "the the", "?", "", *(f"thing {number}" for number in range(100))]  # fmt: skip


def test_what_moves_a_query_has_a_new_version() -> None:
    """Red? Either what you changed must not move a query, or SPLIT_VERSION goes up with the digest here."""
    sides = "\n".join(f"{digest(query)} {Splits().of(query)}" for query in PINNED)
    table = (Path(splits.__file__).parent / "han_variants.txt").read_bytes()
    assert (SPLIT_VERSION, hashlib.sha256(sides.encode() + table).hexdigest()[:16]) == (2, "2651ccf4b89f612a")


def test_what_a_model_does_not_see_makes_no_other_query() -> None:
    """What is taken out of a prompt wherever it stands is taken out here: else a test query with such a sign would train."""
    signs = [chr(code) for code in range(0x110000) if without_unseen(f"red{chr(code)}mug") == "redmug"]
    assert {"\u3164", "\u2061", "\u2066", "\u202a", "\U000e0041"} <= set(signs)
    assert [sign for sign in signs if family(f"red{sign}mug") != family("redmug")] == []


def test_no_other_sign_is_left_out_than_before() -> None:
    """Of a query without signs that nobody sees the family is what it was, and so is its side."""
    before = re.compile("[\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]")
    now = {code for code in range(0x110000) if splits._LEFT_OUT.match(chr(code))}
    unseen = {code for code in now if without_unseen(f"red{chr(code)}mug") == "redmug"}
    assert [hex(code) for code in now - unseen if not before.match(chr(code))] == []
    assert {code for code in range(0x110000) if before.match(chr(code))} <= now
