"""What is expected of each small file of `shared/cases/intake`: the outcome, and what has to be said for it.

A file goes in with exactly the items, labels and ratings that are named here, or it is refused with the words that are named here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Goes:
    """What stands afterwards. `gold`: item id -> label; `ratings`: (rater, item id) -> label; `titles`: some of them;
    `predictions`: item id -> (model, label); `rejected`: row number -> a word of the reason; `says`: words of the report."""

    gold: Mapping[str, str] = field(default_factory=dict)
    ratings: Mapping[tuple[str, str], str] = field(default_factory=dict)
    predictions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    items: int | None = None
    pairs: int | None = None
    rejected: Mapping[int, str] = field(default_factory=dict)
    conflicts: int = 0
    unread: Sequence[str] = ()
    says: Sequence[str] = ()


@dataclass(frozen=True)
class Refused:
    """Nothing is stored, and each of the words is said; `status` of the command."""

    words: Sequence[str]
    status: int = 1


@dataclass(frozen=True)
class BreaksOff:
    """So many pairs are in when the file ends before its end, and each of the words is said."""

    pairs: int
    words: Sequence[str]


@dataclass(frozen=True)
class Case:
    files: Sequence[str]
    outcome: Goes | Refused | BreaksOff
    kind: str = "pairs"
    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()  # files that are in the project already
    scale: str = "lore-4"  # of the project, which is there before


def case(files: str, outcome: Goes | Refused | BreaksOff, **more: Any) -> Case:
    return Case(files.split(), outcome, **more)


THREE = Goes({"t1": "L4", "t2": "L3", "t3": "L1"}, items=3, pairs=3)
ONE = Goes({"t1": "L4"}, items=1, pairs=1)
CLICKS = {"1": "L4", "0": "L1"}

CASES: Sequence[Case] = (
    # rows that were lost or changed
    case("quote_unclosed.csv", Goes({"u2": "L3", "u3": "L1", "u4": "L4"}, rejected={1: "quot"})),
    case(
        "quote_tsv_inch.tsv",
        Goes(
            {"v1": "L4", "v2": "L3", "v3": "L1", "v4": "L4"},
            titles={"v1": '"Hi" stool', "v2": '"19 inch seat', "v4": 'Quillon "steel" peg'},
        ),
    ),
    case("click_binary.csv", Refused(["0", "1", "L4"], status=2), before=["bom_crlf.csv"]),
    case("click_binary.csv", Goes({"t1": "L4", "t2": "L1"}), labels=CLICKS),
    case(
        "click_binary.csv",
        Goes({"t1": "L4", "t2": "L3", "t3": "L1"}, pairs=3, conflicts=1),
        labels=CLICKS,
        before=["bom_crlf.csv"],
    ),
    case("grades_123_perfect3.csv", Refused(["3", "2", "1"], status=2)),
    case("grades_123_perfect3.csv", Refused(["3", "2", "1"], status=2), before=["bom_crlf.csv"]),
    case(
        "grades_123_perfect3.csv", Goes({"g1": "L4", "g2": "L3", "g3": "L1"}), labels={"3": "L4", "2": "L3", "1": "L1"}
    ),
    case("grades_0123.csv", Refused(["3", "2", "1", "0"], status=2), before=["bom_crlf.csv"]),
    case(
        "grades_0123.csv",
        Goes({"g1": "L4", "g2": "L3", "g3": "L2", "g4": "L1"}),
        labels={"3": "L4", "2": "L3", "1": "L2", "0": "L1"},
    ),
    case("grades_float.csv", Refused(["2", "1", "0"], status=2)),
    case("grades_float.csv", Goes({"g1": "L4", "g2": "L3", "g3": "L1"}), labels={"2": "L4", "1": "L3", "0": "L1"}),
    case("hf_classlabel.parquet", Refused(["Exact", "Substitute", "Complement"], status=2), before=["bom_crlf.csv"]),
    case(
        "hf_classlabel.parquet",
        Goes({"h1": "Exact", "h2": "Substitute", "h3": "Complement", "h4": "Irrelevant"}),
        scale="esci-4",
    ),
    case(
        "hf_classlabel.parquet",
        Goes({"h1": "L4", "h2": "L3", "h3": "L2", "h4": "L1"}),
        labels={"Exact": "L4", "Substitute": "L3", "Complement": "L2", "Irrelevant": "L1"},
    ),
    case(
        "long_raters.csv",
        Goes(
            ratings={
                ("ann", "r1"): "L4",
                ("bob", "r1"): "L2",
                ("cyd", "r1"): "L4",
                ("ann", "r2"): "L3",
                ("bob", "r2"): "L1",
            },
            pairs=2,
        ),
    ),
    case("labelstudio_export.csv", Goes(ratings={("3", "tm-1"): "L4", ("4", "tm-1"): "L2"}, pairs=1)),
    case("dup_conflict.csv", Goes({"camp stool / d1": "L4", "Camp stool / d1": "L2"}, items=1, pairs=2, conflicts=1)),
    case("zh_big5.csv", Refused(["Big5", "encoding"])),
    case("zh_big5.csv", Goes({"7001": "L4"}, titles={"7001": "靜音無線滑鼠"}), told={"encoding": "big5"}),
    case("latin1_ascii_header.csv", Refused(["encoding"])),
    case(
        "latin1_ascii_header.csv",
        Goes({"c1": "L4", "c2": "L3"}, titles={"c1": "Café table Ø 60 cm"}),
        told={"encoding": "cp1252"},
    ),
    case("zh_gbk.csv", Refused(["GB18030", "encoding"])),
    case("zh_gbk.csv", Goes({"6001": "L3", "6002": "L4", "6003": "L1"}), told={"encoding": "gb18030"}),
    case("esci_merged.parquet", Goes(pairs=7, titles={}), scale="esci-4"),
    case("excel_sci_ids.csv", Goes(pairs=0, rejected={1: "shortened", 2: "shortened", 3: "shortened"})),
    case("ids_differ_in_surrogate.jsonl", Goes(pairs=0, rejected={1: "stored", 2: "stored"})),
    case("predictions.jsonl", Goes(predictions={"t1": ("ranker-7", "L3")}, pairs=1)),
    case("dup_attribute.csv", Goes({"x1": "L4"})),
    case("nan_strings.csv", Goes(pairs=0, rejected={1: "missing", 2: "missing", 3: "missing"})),
    case("short_rows.csv", Goes({"s2": "L3"}, pairs=1, rejected={1: "cells"})),
    case("attrs_as_columns.csv", Goes({"a1": "L4"}, unread=["Material", "Seat height", "Max load", "Weight"])),
    case("attrs_as_columns.csv", Goes({"a1": "L4"}), told={"rest_are_attributes": "1"}),
    case("images_forms.jsonl", Goes(pairs=8)),
    case("formula_cells.csv", Goes({"f1": "L4", "f2": "L3"}, titles={"f1": "-5 degree bag", "f2": "+1 set"})),
    # formats of the trade
    case("esci_examples.parquet", Refused(["ESCI", "product"]), scale="esci-4"),
    case("esci_examples.parquet esci_products.parquet", Goes(pairs=7), scale="esci-4"),
    case("wands_label.csv", Refused(["WANDS", "product.csv"]), scale="wands-3"),
    case(
        "wands_product.csv wands_query.csv wands_label.csv",
        Goes({"entry bench / 0": "Exact", "black wall hook / 1": "Exact", "entry bench / 1": "Irrelevant"}, pairs=3),
        scale="wands-3",
    ),
    case("wands_merged.tsv", Goes(pairs=3, items=2), scale="wands-3"),
    case("homedepot_train_int.csv", Refused(["3", "2", "1"], status=2)),
    case("homedepot_train_int.csv", Goes(pairs=4, items=3), labels={"3": "L4", "2": "L3", "1": "L1"}),
    case("quepid_book.csv", Refused(["Quepid", "title"])),
    case("quepid_ratings.csv", Refused(["title"])),
    case("srw_flat.csv", Refused(["title"])),
    case("trec_qrels.txt", Refused(["TREC", "collection"])),
    case("es_ltr_judgments.txt", Refused(["4", "0"], status=2)),
    case("es_ltr_judgments.txt", Goes({"tm-1": "L4", "tm-2": "L1"}), labels={"4": "L4", "0": "L1"}),
    case("opensearch_srw.json", Refused(["title"])),
    case("labelstudio_export.json", Goes(ratings={("3", "tm-1"): "L4"}, pairs=1)),
    case("argilla_records.jsonl", Goes(ratings={("u1", "tm-1"): "L4"}, pairs=1)),
    case("sheet.xlsx", Goes(pairs=3)),
    case("labels_only.csv", Refused(["title", "catalogue"])),
    case(
        "labels_only.csv",
        Goes({"t1": "L4", "t2": "L3"}, pairs=2, titles={"t1": "Trailmoss stool"}),
        before=["items_catalogue.csv"],
    ),
    # refused with words that help
    case("pandas_index.csv", Refused(["index"])),
    case("sep_line.csv", ONE),
    case("comment_first.csv", Refused(["comment"])),
    case("empty.csv", Refused(["empty"])),
    case("empty.jsonl", Refused(["empty"])),
    case("whitespace.csv", Refused(["empty"])),
    case("cr_only.csv", Refused(["carriage"])),
    case("queries_only.txt", Refused(["column"])),
    case("markdown_table.csv", Refused(["Markdown"])),
    case("json_pretty_objects.json", THREE),
    case("csv_named.jsonl", THREE),
    case("header_only.csv", Refused(["no row"])),
    case("deep.jsonl", Goes(rejected={1: "nested"})),
    case("utf16le_nobom.csv", Refused(["UTF-16"])),
    case("header_case.csv", ONE),
    case("items_catalogue.csv", Refused(["query", "items"])),
    case("items_catalogue.csv", Goes(items=2, pairs=0), kind="items"),
    case("attrs_3000_columns.csv", Refused(["columns"])),
    # right before
    case("bom.jsonl", ONE),
    case("bom_crlf.csv", THREE),
    case("quotes_good.csv", Goes({"q1": "L4", "q2": "L3"}, titles={"q1": 'He said "19"" deep", really', "q2": "a\nb"})),
    case("quoted_headers_crlf.csv", Goes({"q1": "L4"}, titles={"q1": 'Tabouret "Éclair"'})),
    case("tsv_embedded_newlines.tsv", Goes({"e1": "L4"})),
    case("semicolon_decimal.csv", ONE),
    case("gz_without_gz.csv", THREE),
    case("concat_gz.csv.gz", THREE),
    case("truncated.csv.gz", BreaksOff(17505, ["cut off", "17505"])),
    case("deep_5000.jsonl", Refused(["depth"])),
    case("jsonl_named.csv", ONE),
    case("parquet_named.csv", Goes(pairs=1)),
    case("types.parquet", Goes({"p1": "L4"})),
    case("nested_attrs.jsonl", Goes(pairs=1)),
    case("attrs_3000_object.jsonl", Goes(pairs=1)),
    case("attrs_3000_long.jsonl", Goes(pairs=0, rejected={1: "64 KiB"})),
    case("dates_emoji_rtl.jsonl", Goes({"z1": "L4", "z2": "L4", "z3": "L1", "z4": "L3", "z5": "L3"})),
    case("nul_surrogate.jsonl", Goes({"n1": "L4", "n2": "L4"}, rejected={3: "stored"})),
    case("truncated.jsonl", Goes({"t1": "L4"}, rejected={2: ""})),
    case("nan_label.parquet", Refused(["4"], status=2)),
    case("utf16.csv", THREE),
    case("gz_of_gz.csv.gz", Refused(["rchive"])),
    case("pairs.zip", Refused(["rchive"])),
    case("truncated.parquet", Refused(["Parquet"])),
    case("json_list.json", THREE),
    case("query_over_2000_bytes.csv", Goes(pairs=0, rejected={1: "2000"})),
    case("zh_utf8_bom.csv", Goes({"6001": "L3", "6002": "L4", "6003": "L1"})),
)
