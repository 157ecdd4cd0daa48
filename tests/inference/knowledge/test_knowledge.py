"""Knowledge cards are kept with their history, and found for a query only when they are about it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from inference.knowledge import retrieval
from inference.knowledge.files import KnowledgeCounts, KnowledgeFileRefused, import_file, rejected_csv
from inference.knowledge.from_catalogue import from_catalogue
from inference.knowledge.history import CardRefused, add_or_change, restore, retire, written
from inference.knowledge.index_terms import likeness
from inference.models import KnowledgeCard, KnowledgeRevision
from projects.models import AuditEvent, Project
from relevance import segmenting
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def put(project: Project, key: str, text: str = "a note", kind: str = "term", **more: Any) -> KnowledgeCard:
    return add_or_change(project, written(kind, key, text, **more), None)[0]


def found(project: Project, query: str, **more: Any) -> list[tuple[str, str]]:
    return [(hit.card.key, hit.why) for hit in retrieval.retrieve(project, query, **more)]


def keys(project: Project, query: str, **more: Any) -> list[str]:
    return [key for key, _why in found(project, query, **more)]


# words


def test_words_are_cut_folded_and_model_names_stay_whole() -> None:
    assert segmenting.words("Women's L'Oréal shoes 3.5 WH-1000XM5") == [
        "women",
        "l",
        "oréal",
        "shoe",
        "3.5",
        "wh-1000xm5",
    ]
    assert segmenting.segmented("早C晚A精华套装") == "早 c 晚 a 精华 套装"
    assert segmenting.words("羊毛衫") == ["羊毛", "羊毛衫"], "one may ask for the word inside"


def test_what_no_word_is_made_of_is_still_a_key() -> None:
    assert segmenting.words("🔥") == [] and segmenting.closed("🔥 🔥") == "🔥🔥"


# what is found


def test_slang_is_found_inside_a_query_in_both_languages(project: Project) -> None:
    put(project, "早C晚A", "vitamin C in the morning, retinol in the evening")
    put(project, "morning C evening A", "vitamin C in the morning, retinol in the evening")
    assert found(project, "早c晚a精华套装") == [("早C晚A", "key_in_query")]
    assert found(project, "Morning c Evening a serum set") == [("morning C evening A", "key_in_query")]
    assert found(project, "早C晚A") == [("早C晚A", "exact_key")]


def test_nothing_is_a_valid_answer(project: Project) -> None:
    assert found(project, "red mug") == []
    put(project, "early access", "a sale for members")
    assert found(project, "red mug") == [] and found(project, "") == [] and found(project, "\x00 '\\ & | !") == []


def test_a_key_counts_only_as_whole_words(project: Project) -> None:
    put(project, "皮鞋", "leather shoes")
    put(project, "art", "pictures")
    assert found(project, "真皮鞋垫") == [] and found(project, "smart watch") == []
    assert keys(project, "男士皮鞋") == ["皮鞋"] and keys(project, "art print") == ["art"]


@pytest.mark.parametrize("query", ["iPhone15 case", "iphone 15 cases", "i-phone 15"])
def test_plural_case_spaces_and_hyphens_do_not_matter(query: str, project: Project) -> None:
    put(project, "iPhone 15")
    assert keys(project, query) == ["iPhone 15"]


@pytest.mark.parametrize("query", ["niacinimide serum", "niacinamid serum", "naicinamide serum", "niaccinamide serum"])
def test_a_misspelt_key_is_found(query: str, project: Project) -> None:
    put(project, "niacinamide")
    assert found(project, query) == [("niacinamide", "similar_spelling")]


@pytest.mark.parametrize(
    ("key", "query"), [("iphone 15", "iphone 14"), ("female shoes", "male shoes"), ("cream", "dream")]
)
def test_another_thing_is_no_misspelling(key: str, query: str, project: Project) -> None:
    put(project, key)
    assert found(project, query) == []


def test_spellings_share_their_first_letter_and_their_digits() -> None:
    assert likeness("niacinamide", "niacinimide") > 0.9
    assert likeness("femaleshoe", "maleshoe") == 0 and likeness("galaxytab15", "galaxytab14") == 0


def test_a_stop_word_is_no_key_inside_a_query(project: Project) -> None:
    put(project, "for")
    put(project, "on")
    assert found(project, "shoes for kids on sale") == []


def test_most_of_the_words_must_stand_in_the_card(project: Project) -> None:
    put(project, "skin routine", "vitamin C in the morning, retinol at night")
    assert found(project, "morning vitamin c and retinol") == [("skin routine", "full_text")]
    assert found(project, "vitamin gummies for kids") == []
    assert found(project, "retinol night") == [], "two words of a text alone are not what the card is about"
    assert found(project, "night skin care") == [("skin routine", "full_text")], "one of them is in the key"


def test_words_count_only_where_no_key_stands_in_the_query(project: Project) -> None:
    put(project, "capsule wardrobe", "few clothes that go together")
    put(project, "few clothes", "a capsule wardrobe of few clothes")
    assert keys(project, "capsule wardrobe clothes") == ["capsule wardrobe"]


def test_the_longer_key_of_a_kind_stands_for_the_shorter(project: Project) -> None:
    put(project, "apple", "a brand")
    put(project, "apple watch", "a watch")
    put(project, "watch", "wear it", kind="category")
    assert keys(project, "apple watch strap") == ["apple watch", "watch"]
    assert keys(project, "apple watch") == ["apple watch", "watch"]
    assert keys(project, "apple watch strap from apple") == ["apple watch", "watch"]


def test_a_selling_point_is_about_its_own_key_only(project: Project) -> None:
    put(project, "mug", "keeps warm for six hours", kind="selling_point")
    assert found(project, "mug") == [("mug", "exact_key")] and found(project, "red mug") == []


@pytest.mark.parametrize("key", ["8", "x", "2024"])
def test_a_number_or_a_letter_is_no_key_inside_a_query(key: str, project: Project) -> None:
    put(project, key)
    assert found(project, f"frame {key} large") == [] and keys(project, key) == [key]


def test_no_more_than_three_and_always_in_the_same_order(project: Project) -> None:
    for kind, clicks in (("term", None), ("top_clicked", 3), ("category", 9), ("attribute", 9)):
        put(project, "mug", kind=kind, clicks=clicks)
    hits = retrieval.retrieve(project, "mug")
    assert [(hit.card.kind, hit.score) for hit in hits] == [("category", 5.0), ("attribute", 5.0), ("top_clicked", 5.0)]
    assert len(retrieval.retrieve(project, "mug", limit=9)) == 4


def test_cards_of_another_language_can_be_kept_out(project: Project) -> None:
    put(project, "gift", "a present", locale="en")
    put(project, "gift", "poison", locale="de")
    assert [hit.card.text for hit in retrieval.retrieve(project, "gift", locale="en-GB")] == ["a present"]
    assert len(retrieval.retrieve(project, "gift")) == 2


def test_a_category_brings_its_own_card(project: Project) -> None:
    put(project, "Sneakers", "Shoes > Sneakers", kind="category")
    assert found(project, "nike air", category="Shoes > Sneakers") == [("Sneakers", "category")]
    assert found(project, "nike air", category="Shoes > O'Boots\\") == []


def test_retired_and_foreign_cards_are_never_told(project: Project, cast: Cast) -> None:
    card = put(project, "mug")
    put(project, "another")
    put(Project.objects.create(slug="boots", name="Boots"), "mug")
    assert len(retrieval.retrieve(project, "mug")) == 1
    retire(card, cast.lena)
    assert found(project, "mug") == []
    restore(card, cast.lena)
    assert keys(project, "mug") == ["mug"]


def test_many_queries_take_four_database_queries(project: Project, django_assert_num_queries: Any) -> None:
    for number in range(40):
        put(project, f"brand{number}x", "a brand")
    queries = [f"brand{number}x shoes" for number in range(32)]
    retrieval.for_queries(project, queries)
    with django_assert_num_queries(4):
        told = retrieval.for_queries(project, queries)
    assert [[hit.card.key for hit in told[query]] for query in queries] == [[query.split()[0]] for query in queries]
    assert told["brand3x shoes"] == retrieval.retrieve(project, "brand3x shoes")


def test_a_note_tells_what_there_is(project: Project) -> None:
    put(project, "mug", "t" * 900, kind="top_clicked", item_ids=[f"i{n}" for n in range(9)], clicks=0)
    [hit] = retrieval.retrieve(project, "mug")
    told = {
        "kind": "top_clicked",
        "about": "mug",
        "text": "t" * 400,
        "items": ["i0", "i1", "i2", "i3", "i4"],
        "clicks": 0,
    }
    assert retrieval.note(hit) == told
    put(project, "cup")
    assert retrieval.note(retrieval.retrieve(project, "cup")[0]) == {"kind": "term", "about": "cup", "text": "a note"}


# what is written


def test_every_wording_stays_with_who_wrote_it(project: Project, cast: Cast) -> None:
    said = written("term", "  Mug ", "a cup")
    card, outcome = add_or_change(project, said, cast.lena)
    assert (outcome, card.key, card.key_folded) == ("new", "Mug", "mug")
    assert add_or_change(project, written("term", "mug", "a cup"), cast.rosa)[1] == "same"
    assert add_or_change(project, written("term", "MUG", "a large cup"), cast.rosa)[1] == "changed"
    steps = KnowledgeRevision.objects.filter(card=card).order_by("number")
    assert [(step.number, step.text, step.written_by) for step in steps] == [
        (1, "a cup", cast.lena),
        (2, "a large cup", cast.rosa),
    ]
    acts = AuditEvent.objects.filter(act="knowledge.written", object_id=str(card.pk))
    assert sorted(acts.values_list("actor__username", flat=True)) == ["lena", "rosa"]


def test_the_hit_names_the_wording_that_is_told(project: Project) -> None:
    card = put(project, "mug", "a cup")
    put(project, "mug", "a large cup")
    [hit] = retrieval.retrieve(project, "mug")
    assert hit.revision_id == KnowledgeRevision.objects.get(card=card, number=2).pk and hit.card.text == "a large cup"


def test_a_card_that_a_person_retired_stays_so_when_its_file_comes_again(project: Project, cast: Cast) -> None:
    card = put(project, "mug", "a cup")
    retire(card, cast.lena)
    retire(card, cast.lena)
    put(project, "mug", "a large cup")
    card.refresh_from_db()
    assert (card.retired, card.text, card.revision) == (True, "a large cup", 3)


def test_who_saw_an_older_wording_does_not_overwrite_a_newer_one(project: Project, cast: Cast) -> None:
    put(project, "mug", "a cup")
    put(project, "mug", "a large cup")
    with pytest.raises(CardRefused, match="meanwhile"):
        add_or_change(project, written("term", "mug", "a small cup"), cast.lena, seen=1)
    with pytest.raises(CardRefused, match="already"):
        add_or_change(project, written("term", "mug", "a small cup"), cast.lena, seen=0)
    assert KnowledgeCard.objects.get().text == "a large cup"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "rumour"}, "kind"),
        ({"key": " \u200b "}, "key"),
        ({"key": "x" * 301}, "key"),
        ({"key": "\ufdfa" * 20}, "key"),  # folds to eighteen signs each
        ({"text": "\n"}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"locale": "no such language"}, "locale"),
        ({"item_ids": map(str, range(51))}, "item_ids"),
        ({"clicks": -1}, "clicks"),
        ({"clicks": 2**31}, "clicks"),
    ],
)
def test_what_a_card_may_not_say_names_its_field(change: Mapping[str, Any], field: str) -> None:
    said = {"kind": "term", "key": "mug", "text": "a cup", **change}
    with pytest.raises(CardRefused) as refused:
        written(**said)
    assert refused.value.field == field


# from files

JSONL = """{"kind": "term", "key": "早C晚A", "text": "vitamin C, then retinol", "locale": "zh", "source": "beauty team"}
{"kind": "top_clicked", "key": "red mug", "text": "what people click", "item_ids": ["a", 7], "clicks": 12}

{"kind": "rumour", "key": "x", "text": "y"}
{"kind": "term", "key": "z", "text": "y", "clicks": "many"}
[1]
{"kind": "term", "key": "nul\\u0000 and \\ud800", "text": "kept \\ud800"}
{"kind": "term", "key": "k", "text": "t", "colour": "red"}
not json
"""


def bring(project: Project, text: str | bytes, name: str = "cards.jsonl") -> KnowledgeCounts:
    return import_file(project, io.BytesIO(text.encode() if isinstance(text, str) else text), name, None)


def outcome(counts: KnowledgeCounts) -> tuple[int, int, int, int, int]:
    return counts.rows, counts.new, counts.changed, counts.same, counts.rejected


def test_good_rows_go_in_and_bad_ones_are_listed_with_their_reason(project: Project) -> None:
    counts = bring(project, JSONL)
    assert outcome(counts) == (8, 3, 0, 0, 5)
    assert [(one.row, one.field) for one in counts.rejected_rows] == [
        (4, "kind"),
        (5, "clicks"),
        (6, ""),
        (8, "colour"),
        (9, ""),
    ]
    assert counts.rejected_rows[0].raw == '{"kind": "rumour", "key": "x", "text": "y"}'
    top = KnowledgeCard.objects.get(kind="top_clicked")
    assert (top.item_ids, top.clicks) == (["a", "7"], 12)
    assert KnowledgeCard.objects.filter(key="nul and", text="kept \ufffd").exists()


def test_the_same_file_again_adds_nothing(project: Project) -> None:
    bring(project, JSONL)
    before = KnowledgeRevision.objects.count(), AuditEvent.objects.count()
    assert outcome(bring(project, JSONL)) == (8, 0, 0, 3, 5)
    assert (KnowledgeRevision.objects.count(), AuditEvent.objects.count()) == before


def test_a_key_twice_in_a_file_is_a_card_and_its_change(project: Project) -> None:
    rows = [{"kind": "term", "key": key, "text": text} for key, text in (("mug", "one"), ("Mug", "two"))]
    assert outcome(bring(project, "\n".join(map(json.dumps, rows)))) == (2, 1, 1, 0, 0)
    assert KnowledgeCard.objects.get().text == "two"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_file_is_read_with_its_quotes_and_lists(separator: str, project: Project) -> None:
    header = separator.join(("Kind", "key", "text", "item_ids", "clicks"))
    row = separator.join(("top_clicked", "mug", '"two\nlines"', '"a|b c"', "3"))
    counts = bring(project, f"\ufeff{header}\r\n{row}\r\n\r\n{separator * 4}\r\n{separator * 7}x\r\n", "cards.csv")
    assert outcome(counts) == (2, 1, 0, 0, 1)
    card = KnowledgeCard.objects.get()
    assert (card.text, card.item_ids, card.clicks) == ("two\nlines", ["a", "b c"], 3)


@pytest.mark.parametrize(
    "data",
    [
        b'[{"kind": "term"}]',
        b"key,text\na,b",
        b"kind,key,text,text\n",
        "kind,key,text".encode("utf-16"),
        b"PK\x03\x04..",
    ],
)
def test_a_file_that_is_none_is_refused(data: bytes, project: Project) -> None:
    with pytest.raises(KnowledgeFileRefused):
        bring(project, data, "cards.csv")


def test_an_empty_file_brings_nothing(project: Project) -> None:
    assert outcome(bring(project, "\n\n")) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("name", ["cards.jsonl", "cards.csv"])
def test_a_line_too_long_and_broken_text_keep_no_other_row_out(name: str, project: Project) -> None:
    good, long = '{"kind": "term", "key": "mug", "text": "a cup"}', '{"key": "' + "x" * 70_000 + '"}'
    if name.endswith("csv"):
        good, long = "term,mug,a cup", "term,mug," + "x" * 70_000
    header = "kind,key,text\n" if name.endswith("csv") else ""
    counts = bring(project, f"{header}{long}\n{good}\n".encode() + b"\xff\xfe\n", name)
    assert (counts.new, counts.rejected) == (1, 2)


def test_no_cell_of_the_rejected_rows_is_a_formula(project: Project) -> None:
    counts = bring(project, "kind,key,text\n=1+1,mug,cup\n", "cards.csv")
    lines = "".join(rejected_csv(counts.rejected_rows)).splitlines()
    assert lines[0] == "\ufeffrow,field,reason,raw" and lines[1].endswith(',"\'=1+1,mug,cup"')


def test_the_command_answers_with_counts_and_the_first_rejected_rows(
    project: Project, tmp_path: Path, capsys: Any
) -> None:
    file = tmp_path / "cards.jsonl"
    file.write_text(JSONL, encoding="utf-8")
    call_command("import_knowledge", str(file), project="shoes")
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {**answer, "rejected_rows": len(answer["rejected_rows"])} == {
        "rows": 8, "new": 3, "changed": 0, "same": 0, "rejected": 5, "rejected_rows": 5,
    }  # fmt: skip
    assert answer["rejected_rows"][1] == {"row": 5, "field": "clicks", "reason": "must be a whole number"}
    with pytest.raises(SystemExit):
        call_command("import_knowledge", str(file), project="nohow")
    assert "error" in json.loads(capsys.readouterr().out.splitlines()[-1])


# from the catalogue

CATALOGUE = [
    ("Apparel > Shoes > Boots", [("colour", "black"), ("shaft", "high")]),
    ("Apparel > Shoes > Boots", [("colour", "brown")]),
    ("Apparel > Shoes > Sandals", [("colour", "black"), ("colour ", "brown")]),
    ("Apparel > Shoes > Sandals", [("colour", "black")]),
    ("Lonely", []),
]


def test_the_catalogue_says_what_lies_below_and_which_values_are_usual(project: Project) -> None:
    assert outcome(from_catalogue(project, CATALOGUE)) == (5, 5, 0, 0, 0)
    assert dict(KnowledgeCard.objects.values_list("key", "text")) == {
        "Apparel": "Apparel: Shoes",
        "Shoes": "Apparel > Shoes: Boots, Sandals",
        "Boots": "Apparel > Shoes > Boots",
        "Sandals": "Apparel > Shoes > Sandals",
        "colour": "black, brown",
    }
    assert outcome(from_catalogue(project, CATALOGUE)) == (5, 0, 0, 5, 0)


def test_the_catalogue_never_overwrites_what_a_person_wrote(project: Project, cast: Cast) -> None:
    from_catalogue(project, CATALOGUE[:2])
    add_or_change(project, written("category", "boots", "high shoes", source="catalogue"), cast.rosa)
    put(project, "colour", "black and white", kind="attribute", source="a file")
    assert from_catalogue(project, CATALOGUE).changed == 1, "Shoes have sandals now"
    assert KnowledgeCard.objects.get(key="Boots").text == "high shoes"
    assert KnowledgeCard.objects.get(kind="attribute").text == "black and white"


def test_the_catalogue_gives_five_hundred_cards_at_most(project: Project) -> None:
    rows = [("Top", [(f"name {number % 600}", "value")]) for number in range(1200)]
    assert from_catalogue(project, rows).new == 500
