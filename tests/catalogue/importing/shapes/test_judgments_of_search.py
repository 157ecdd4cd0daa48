"""Judgments as Quepid, the Search Relevance Workbench, RRE and learning to rank write them, told by their structure alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotation.models import Gold, Judge, Judgment
from catalogue.importing.meaning.inspecting import meaning_of, preset_for
from catalogue.importing.meaning.presets import ITEMS, PAIRS
from catalogue.importing.reading.readers import Broken, FileRefused
from catalogue.models import Import, Rejection
from tests.catalogue.importing.shapes.reading import faults_of, look_at, rows_of, values_of
from tests.catalogue.importing.test_import_commands import run

SRW = {
    "name": "Imported",
    "type": "IMPORT_JUDGMENT",
    "judgmentRatings": [
        {"query": "red mug", "ratings": [{"docId": "m1", "rating": "3.000"}, {"docId": "m2", "rating": 0}]},
        {"query": "cup", "ratings": [{"docId": "m1", "rating": "1.000"}]},
    ],
}
SRW_ROWS = [
    {"query": "red mug", "docId": "m1", "rating": "3.000"},
    {"query": "red mug", "docId": "m2", "rating": 0},
    {"query": "cup", "docId": "m1", "rating": "1.000"},
]
BOOK = {
    "name": "A book",
    "scorer": {"scale": [0, 1, 2, 3], "code": "judgments[0];"},
    "query_doc_pairs": [
        {
            "query_text": "red mug",
            "doc_id": "m1",
            "position": 1,
            "document_fields": '{"title": "Red mug", "brand": "Kiln"}',
            "judgements": [
                {"rating": 3.0, "unrateable": False, "user_email": "ann@example.invalid", "explanation": "it is one"},
                {"rating": 2.0, "user_email": "bob@example.invalid"},
                {"rating": None, "unrateable": True, "user_email": "cyd@example.invalid"},
            ],
        },
        {
            "query_text": "red mug",
            "doc_id": "m2",
            "document_fields": {"title": "Blue mug"},
            "judgements": [{"rating": 1.0}, {"rating": 0.0}],
        },
    ],
}
GROUP = {"name": "g", "queries": [{"template": "t.json", "placeholders": {"$query": "red mug", "$lang": "en"}}]}


@pytest.mark.parametrize("said", [json.dumps(SRW), json.dumps(SRW, indent=2), json.dumps(SRW) + "\n"])
def test_workbench_judgments_are_a_row_for_each_rating_on_one_line_or_many(said: str) -> None:
    assert values_of(said.encode()) == SRW_ROWS
    seen = look_at(said.encode())
    assert (seen.shape, meaning_of(seen, PAIRS)[1]["docId"]) == ("opensearch_srw", "item_id")


def test_workbench_judgments_are_found_in_the_answer_to_a_search_and_in_their_older_form() -> None:
    assert values_of({"took": 1, "hits": {"hits": [{"_id": "x", "_source": SRW}]}}) == SRW_ROWS
    older = {"judgmentRatings": {"red. mug": [{"docId": "m1", "rating": "0.000"}]}}
    assert values_of(older) == [{"query": "red. mug", "docId": "m1", "rating": "0.000"}]


@pytest.mark.parametrize(
    ("said", "what"),
    [(json.dumps(SRW), "Search Relevance Workbench"), ("query,docid,rating\nmug,m1,3\n", "Quepid ratings")],
)
def test_judgments_go_in_over_a_catalogue_and_without_one_are_refused_as_what_they_are(
    db: None, tmp_path: Path, said: str, what: str
) -> None:
    path, items = tmp_path / "file", tmp_path / "items.csv"
    path.write_text(said)
    items.write_text("item_id,title\nm1,Red mug\nm2,Blue mug\n")
    asked = ["--project", "mugs", "--create", "--licence", "CC0-1.0"]
    assert what in run("import_pairs", path, *asked)[1]["error"]
    run("import_items", items, *asked)
    told = run("import_pairs", path, *asked, "--scale", "chorus-4")[1]
    assert told["new"] == told["gold"] == told["read"] > 0


def test_every_malformed_element_of_a_document_is_a_row_with_its_place() -> None:
    broken = {"judgmentRatings": [{"query": "a"}, 7, {"query": "b", "ratings": [{"docId": "1", "rating": 1}, "x"]}]}
    assert faults_of(json.dumps(SRW)[:-2].encode() + b', {"query": c, "ratings": []}]}')[0][1].startswith(
        "judgmentRatings[3]: Not JSON"
    )
    assert faults_of({**SRW, "judgmentRatings": SRW["judgmentRatings"] + broken["judgmentRatings"]}) == [  # type: ignore[operator]
        (4, "judgmentRatings[3]: no query with a list of ratings"),
        (5, "judgmentRatings[4]: no query with a list of ratings"),
        (7, "judgmentRatings[5].ratings[2]: no object"),
    ]


def test_a_quepid_book_brings_each_persons_judgement_and_says_which_have_no_rating() -> None:
    rows = rows_of(BOOK)
    assert [row.values for row in rows if not isinstance(row, Broken)] == [
        {
            "query": "red mug",
            "doc_id": "m1",
            "document_fields": {"title": "Red mug", "brand": "Kiln"},
            "ratings": [
                {"rater": "ann@example.invalid", "label": 3.0, "note": "it is one"},
                {"rater": "bob@example.invalid", "label": 2.0},
            ],
        },
        {
            "query": "red mug",
            "doc_id": "m2",
            "document_fields": {"title": "Blue mug"},
            "ratings": [{"rater": "Unknown", "label": 1.0}, {"rater": "Unknown 2", "label": 0.0}],
        },
    ]
    place = "query_doc_pairs[1].judgements[3]"
    assert faults_of(BOOK) == [(2, f"{place}: no rating: its judge could not rate it")]


def test_a_quepid_book_goes_in_by_one_command(db: None, tmp_path: Path) -> None:
    path = tmp_path / "export.txt"  # the name says nothing
    path.write_text(json.dumps(BOOK, indent=2))
    asked = ["--project", "mugs", "--create", "--scale", "chorus-4", "--licence", "CC0-1.0"]
    status, answer, _err = run("import_pairs", path, *asked)
    assert (status, answer["read"], answer["new"], answer["rejected"], answer["ratings"]) == (0, 3, 2, 1, 4)
    assert Import.objects.get().preset == "quepid_book"
    raters = {"Unknown", "Unknown 2", "ann@example.invalid", "bob@example.invalid"}
    assert set(Judge.objects.values_list("rater", flat=True)) == raters
    assert (
        sorted(Judgment.objects.values_list("label", flat=True)) == ["0", "1", "2", "3"] and not Gold.objects.exists()
    )
    assert Rejection.objects.get().reason.startswith("query_doc_pairs[1].judgements[3]")
    again = run("import_pairs", path, *asked)[1]
    assert (again["known"], again["ratings"]) == (2, 0)


def test_a_quepid_book_as_a_table_has_a_rater_in_each_further_column() -> None:
    table = b"query,docid,Rater One,rater2@example.invalid\nred mug,m1,3.0,2.0\n -5 degree bag,m2,,0.0\n"
    assert values_of(table, "x.csv") == [
        {
            "query": "red mug",
            "docid": "m1",
            "ratings": [{"rater": "Rater One", "label": "3.0"}, {"rater": "rater2@example.invalid", "label": "2.0"}],
        },
        {"query": " -5 degree bag", "docid": "m2", "ratings": [{"rater": "rater2@example.invalid", "label": "0.0"}]},
    ]
    assert look_at(table, "x.csv").shape == "quepid_book_csv"
    assert look_at(b"query,docid,colour\nred mug,m1,red\n", "x.csv").shape == "", "no grades, so no raters"


@pytest.mark.parametrize(
    ("head", "preset", "item"),
    [
        ("query,docid,rating", "quepid_ratings", "docid"),
        ("query,docId,rating", "opensearch_srw_csv", "docId"),
        ("Team Name,Case Name,Case ID,Query Text,Doc ID,Title,Rating,price", "quepid_detailed", "Doc ID"),
        ("Snapshot Name,Snapshot Time,Case ID,Query Text,Doc ID,Doc Position", "quepid_snapshot", "Doc ID"),
    ],
)
def test_the_tables_of_quepid_and_the_workbench_have_presets_of_their_own(head: str, preset: str, item: str) -> None:
    seen = look_at(f"{head}\n{','.join('1' for _ in head.split(','))}\n".encode(), "x.csv")
    found, meaning = meaning_of(seen, PAIRS)
    assert found is not None and found.name == preset
    assert [column for column, field in meaning.items() if field == "item_id" and column in seen.columns] == [item]


def test_quepid_ratings_of_a_case_are_a_row_for_each_document() -> None:
    case = {"queries": [{"query": "mug", "ratings": {"m1": 3, "m2": 0}}, {"query": "cup"}]}
    assert [row.values for row in rows_of(case) if not isinstance(row, Broken)] == [
        {"query": "mug", "docid": "m1", "rating": 3},
        {"query": "mug", "docid": "m2", "rating": 0},
    ]
    assert faults_of(case) == [(3, "queries[2]: no query with ratings")]


@pytest.mark.parametrize(
    "documents",
    [
        {"3": ["m1"], "0": ["m2"]},
        {"m1": {"gain": 3}, "m2": {"gain": 0}},
        [{"document_id": "m1", "gain": 3}, {"document_id": "m2", "gain": 0}],
    ],
)
def test_rre_ratings_are_read_in_each_form_that_its_documents_have(documents: Any) -> None:
    group = {**GROUP, "relevant_documents": documents}
    expected = [("red mug", "m1", "3"), ("red mug", "m2", "0")]
    for said in (
        {"index": "i", "id_field": "id", "topics": [{"description": "t", "query_groups": [group]}]},
        {"index": "i", "query_groups": [group]},
        {"id_field": "id", "queries": [{**GROUP["queries"][0], "relevant_documents": documents}]},  # type: ignore[dict-item]
    ):
        assert [(row["query"], row["id"], str(row["gain"])) for row in values_of(said)] == expected
        assert look_at(said).shape == "rre_ratings"


def test_an_rre_query_without_a_placeholder_that_holds_it_is_named() -> None:
    queries = [*GROUP["queries"], {"template": "t.json", "placeholders": {"$a": "red", "$b": "mug"}}]
    group = {"name": "g", "queries": queries, "relevant_documents": {"1": ["m1", "m2"]}}
    assert faults_of({"query_groups": [group]}) == [(3, "query_groups[1].queries[2]: no placeholder holds the query")]


LTR = (
    b"# grade\tqid\tid\n# qid:1: red mug\n# qid:2: cup\n#\n"
    b"4\tqid:1 #\tm1\tRed mug\n0\tqid:1 #\tm2\tBlue mug\n1\tqid:2 #\tm1\tRed mug\n"
)


def test_a_judgment_list_names_its_queries_above_the_judgments() -> None:
    assert [(row["query"], row["item"], row.get("title"), row["grade"]) for row in values_of(LTR, "x.txt")] == [
        ("red mug", "m1", "Red mug", "4"),
        ("red mug", "m2", "Blue mug", "0"),
        ("cup", "m1", "Red mug", "1"),
    ]
    assert [row.number for row in rows_of(LTR, "x.txt")] == [5, 6, 7]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            b"2   qid:1   1:0.00  2:0.00   # 1370   mug@Red mug\n3   qid:1 1:8.22 2:1 \t # 1246   mug@Blue@mug\n",
            [("mug", "1370", "Red mug", "2"), ("mug", "1246", "Blue@mug", "3")],
        ),
        (b"3 qid:7 # m1 red mug\n0 qid:7 # m2 red mug\n", [("red mug", "m1", None, "3"), ("red mug", "m2", None, "0")]),
        (b"# qid:7: red mug\n3 qid:7 1:0.5 # m1\n", [("red mug", "m1", None, "3")]),
    ],
)
def test_a_judgment_list_with_features_or_from_quepid_says_the_query_behind_the_item(
    lines: bytes, expected: list[tuple[str, ...]]
) -> None:
    found = values_of(lines, "x.txt")
    assert [(row["query"], row["item"], row.get("title"), row["grade"]) for row in found] == expected


def test_a_judgment_list_that_does_not_say_its_queries_or_items_is_refused_with_what_to_write() -> None:
    with pytest.raises(FileRefused, match="# qid:1: the query"):
        rows_of(b"3 qid:1 # m1 Red mug\n0 qid:1 # m2 Blue mug\n", "x.txt")
    with pytest.raises(FileRefused, match="4 qid:1 # ITEM"):
        rows_of(b"3 qid:1 1:0.5\n0 qid:1 1:0.1\n", "x.txt")


def test_a_line_of_a_judgment_list_that_is_none_is_rejected_with_its_number() -> None:
    assert faults_of(LTR + b"m9 has no grade\n", "x.txt") == [(8, "no judgment: a grade and qid: open the line")]


def test_a_judgment_list_goes_in_with_its_titles(db: None, tmp_path: Path) -> None:
    path = tmp_path / "judgments.csv"
    path.write_bytes(LTR.replace(b"4\t", b"3\t"))
    asked = ["--project", "mugs", "--create", "--scale", "chorus-4", "--licence", "CC0-1.0"]
    status, answer, _err = run("import_pairs", path, *asked)
    assert (status, answer["new"], answer["gold"]) == (0, 3, 3)
    assert Import.objects.get().preset == "ltr_judgments"


@pytest.mark.parametrize("sign", [" ", "\t"])
def test_qrels_alone_are_refused_with_what_they_lack(sign: str) -> None:
    seen = look_at(
        "".join(sign.join(row) + "\n" for row in (["1", "0", "m1", "3"], ["2", "0", "m2", "-1"])).encode(), "x.txt"
    )
    assert seen.shape == "trec_qrels" and seen.columns == ("query_id", "docno", "relevance")
    with pytest.raises(FileRefused, match="TREC qrels: it has no query texts"):
        preset_for(seen, PAIRS)


def test_a_collection_without_a_header_is_items_and_no_pairs(db: None, tmp_path: Path) -> None:
    path = tmp_path / "collection.tsv"
    path.write_text('7\tA red mug, 19" wide\n8\tA blue mug\n')
    assert preset_for(look_at(path.read_bytes(), "x.tsv"), ITEMS).name == "trec_texts"
    assert "list of ids and texts" in run("import_pairs", path, "--project", "m", "--create")[1]["error"]
    assert run("import_items", path, "--project", "m", "--create", "--licence", "CC0-1.0")[1]["new"] == 2
    assert look_at(b"item_id\ttitle\n7\tA red mug\n", "x.tsv").shape == "", "a first line that names columns"


def test_a_preset_that_is_asked_for_must_be_what_the_file_is(db: None, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("query,item_id,title\nmug,m1,Red mug\n")
    told = run("import_pairs", path, "--project", "mugs", "--create", "--preset", "quepid_book")[1]["error"]
    assert "quepid_book" in told and "Quepid book (JSON)" in told


def test_a_preset_of_no_shape_reads_the_rows_as_they_stand() -> None:
    said = {"query": "mug", "item_id": "m1", "judgmentRatings": [{"query": "a", "ratings": [{"docId": "1"}]}]}
    assert look_at(said).shape == "opensearch_srw"
    assert look_at(said, shape="").columns == ("query", "item_id", "judgmentRatings")
