"""Who said the labels of a file: raters in rows, in columns, in cells; and what becomes gold."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from annotation.models import Disagreement, Gold, Judgment
from catalogue.importing.meaning import rater_hints
from catalogue.importing.meaning.guessing import guess
from catalogue.importing.meaning.inspecting import Look, WhoJudgedUnsaid, look, meaning_of, meaning_told
from catalogue.importing.meaning.presets import PAIRS
from catalogue.importing.opening import ImportFile
from catalogue.models import Import, Pair, Rejection, Snapshot
from tests.catalogue.importing.test_import_commands import run

LONG = """query,item_id,title,rater,label
camp stool,r1,Trailmoss stool,ann,L4
camp stool,r1,Trailmoss stool,bob,L2
camp stool,r1,Trailmoss stool,cyd,L4
camp stool,r2,Trailmoss chair,ann,L3
camp stool,r2,Trailmoss chair,bob,L1
"""
LABEL_STUDIO = """annotation_id,annotator,created_at,id,item_id,lead_time,query,rel,title,updated_at
7,3,2026-01-01T00:00:00Z,1,tm-1,4.2,camp stool,L4,Trailmoss stool,2026-01-01T00:00:00Z
8,4,2026-01-01T00:00:00Z,1,tm-1,4.0,camp stool,L2,Trailmoss stool,2026-01-01T00:00:00Z
"""
WIDE = """query,item_id,title,Rater One,rater2@example.invalid,Unknown
camp stool,tm-1,Trailmoss stool,3.0,2.0,
camp stool,tm-2,Trailmoss chair,1.0,,
 -5 degree sleeping bag,tm-3,Trailmoss bag,0.0,0.0,1.0
"""

Bring = Callable[..., dict[str, Any]]


@pytest.fixture
def bring(db: None, tmp_path: Path) -> Bring:
    """Import a text by the command; `meant`: COLUMN=FIELD."""

    def command(text: str, *meant: str, scale: str = "", more: Sequence[str] = ()) -> dict[str, Any]:
        path = tmp_path / "raters.csv"
        path.write_text(text)
        columns = [part for one in meant for part in ("--column", one)]
        named = ["--scale", scale] if scale else []
        return run(
            "import_pairs", path, "--project", "tm", "--create", "--licence", "CC0-1.0", *columns, *named, *more
        )[1]

    return command


def said() -> set[tuple[str, str, str]]:
    found = Judgment.objects.values_list("pair__item__external_id", "judge__rater", "label")
    return {(item, rater, label) for item, rater, label in found}


def test_a_row_per_rater_is_what_each_rater_said_and_no_gold(bring: Bring) -> None:
    answer = bring(LONG)
    assert (answer["read"], answer["new"], answer["known"]) == (5, 2, 3)
    assert (answer["gold"], answer["ratings"]) == (0, 5)
    assert said() == {
        ("r1", "ann", "L4"), ("r1", "bob", "L2"), ("r1", "cyd", "L4"), ("r2", "ann", "L3"), ("r2", "bob", "L1"),
    }  # fmt: skip
    assert not Gold.objects.exists() and not Pair.objects.exclude(gold_label="").exists()
    assert Disagreement.objects.count() == 2, "both pairs are in dispute"
    assert (bring(LONG)["ratings"], Judgment.objects.count()) == (0, 5), "again adds nothing"


def test_a_row_that_says_a_label_and_not_whose_is_rejected(bring: Bring) -> None:
    answer = bring(LONG + "camp stool,r3,Trailmoss table,,L4\ncamp stool,r4,Trailmoss lamp, ,\n")
    assert (answer["rejected"], answer["gold"], answer["ratings"]) == (2, 0, 5)
    rejections = list(Rejection.objects.order_by("row").values_list("row", "field", "reason"))
    assert [one[:2] for one in rejections] == [(6, "rater"), (7, "rater")]
    assert "whose label" in rejections[0][2]


def test_a_rater_may_be_called_by_the_number_nought(bring: Bring) -> None:
    bring('{"query": "q", "item_id": "1", "title": "t", "label": "L3", "rater": 0}\n')
    assert said() == {("1", "0", "L3")}


def test_a_rater_who_said_nothing_of_a_pair_has_no_rating(bring: Bring) -> None:
    answer = bring(LONG + "camp stool,r3,Trailmoss table,ann,\n")
    assert (answer["rejected"], answer["new"], answer["ratings"]) == (0, 3, 5)


@pytest.mark.parametrize("final", ["gold", "final_label"])
def test_beside_raters_rows_a_column_that_is_called_final_is_gold(bring: Bring, final: str) -> None:
    rows = [line + ("," + final if n == 0 else ",L4" if n < 4 else ",") for n, line in enumerate(LONG.splitlines())]
    answer = bring("\n".join([*rows, "camp stool,r3,Trailmoss table,,,L2"]) + "\n")
    assert (answer["gold"], answer["ratings"], answer["rejected"]) == (2, 5, 0)
    assert dict(Gold.objects.values_list("pair__item__external_id", "label")) == {"r1": "L4", "r3": "L2"}
    assert set(Disagreement.objects.values_list("pair__item__external_id", flat=True)) == {"r2"}


def test_a_column_for_each_rater_bears_the_raters_name(bring: Bring) -> None:
    raters = ["Rater One=rating", "rater2@example.invalid=rating", "Unknown=rating"]
    answer = bring(WIDE, *raters, scale="chorus-4")
    assert (answer["new"], answer["gold"], answer["ratings"], answer["rejected"]) == (3, 0, 6, 0)
    assert said() == {
        ("tm-1", "Rater One", "3"), ("tm-1", "rater2@example.invalid", "2"), ("tm-2", "Rater One", "1"),
        ("tm-3", "Rater One", "0"), ("tm-3", "rater2@example.invalid", "0"), ("tm-3", "Unknown", "1"),
    }  # fmt: skip


def test_the_labels_of_raters_columns_show_their_scale(bring: Bring) -> None:
    words = {"3.0": "Exact", "2.0": "Substitute", "1.0": "Complement", "0.0": "Irrelevant"}
    text = WIDE
    for grade, word in words.items():
        text = text.replace(grade, word)
    bring(text, "Rater One=rating", "rater2@example.invalid=rating")
    assert Import.objects.get().scale_name == "esci-4"


def test_a_label_in_a_raters_column_that_the_scale_does_not_read_stops_the_import(bring: Bring) -> None:
    assert bring(WIDE.replace("1.0,,", "often,,"), "Rater One=rating", scale="chorus-4") == {}
    assert not Import.objects.exists()


def test_beside_who_judged_only_one_column_is_the_raters_label(bring: Bring) -> None:
    error = bring(LONG, "label=rating", "title=rating")["error"]
    assert "only one column" in error and "label, title" in error


@pytest.mark.parametrize("column", ["annotator", "worker_id", "标注人"])
def test_the_command_asks_for_the_meaning_of_a_column_that_looks_like_who_judged(bring: Bring, column: str) -> None:
    error = bring(LONG.replace("rater", column, 1))["error"]
    assert f'--column "{column}=rater"' in error and f'--column "{column}="' in error
    assert not Gold.objects.exists() and not Import.objects.exists()
    assert bring(LONG.replace("rater", column, 1), f"{column}=rater")["ratings"] == 5


def test_a_column_of_any_name_with_few_values_once_a_pair_is_pointed_at(bring: Bring) -> None:
    assert '"who1=rater"' in bring(LONG.replace("rater", "who1", 1))["error"]


def test_what_is_said_to_be_left_out_is_not_asked_for_again(bring: Bring) -> None:
    answer = bring(LONG.replace("rater", "week", 1), "week=")
    assert (answer["ratings"], answer["new"]) == (0, 2)


def test_rows_that_name_their_rater_later_than_the_look_reaches_become_no_gold(bring: Bring, tmp_path: Path) -> None:
    lines = [{"query": "q", "item_id": str(n), "title": "t", "label": "L3"} for n in range(201)]
    rows = [*lines, {"query": "q", "item_id": "x", "title": "t", "label": "L4", "rater": "ann"}]
    answer = bring("".join(json.dumps(row) + "\n" for row in rows))
    assert (answer["gold"], answer["ratings"], answer["rejected"]) == (201, 1, 0)


def test_a_file_sorted_by_its_raters_is_asked_by_the_columns_name(bring: Bring) -> None:
    rows = [
        f"camp stool,r{n},Trailmoss stool,{who},L{label}" for who, label in (("ann", 4), ("bob", 1)) for n in range(250)
    ]
    assert '"annotator=rater"' in bring("\n".join(["query,item_id,title,annotator,label", *rows]) + "\n")["error"]


@pytest.mark.parametrize(("column", "value"), [("week", "1"), ("user_id", "u1"), ("annotator", "")])
def test_nothing_is_asked_where_no_pair_bears_two_labels_and_nobody_is_named(
    bring: Bring, column: str, value: str
) -> None:
    rows = f"query,item_id,title,{column},label\ncamp stool,r1,Trailmoss stool,{value},L4\n"
    assert bring(rows)["gold"] == 1


@pytest.mark.parametrize("values", [("5 EUR", "6 EUR"), ("2026-01-01", "2026-01-02")])
def test_what_differs_from_row_to_row_or_within_no_pair_is_nobody(values: tuple[str, ...]) -> None:
    rows = [
        {"query": "q", "item_id": "1", "label": label, "x": values[n % 2]} for n, label in enumerate(["L1", "L2", "L3"])
    ]
    meaning = {"query": "query", "item_id": "item_id", "label": "label"}
    assert rater_hints.who_judged(rows, tuple(rows[0]), meaning) == ""


@pytest.mark.parametrize("meant", [(), ("rel=label", "annotator=rater")])
def test_label_studios_table_is_what_each_annotator_said(bring: Bring, meant: tuple[str, ...]) -> None:
    answer = bring(LABEL_STUDIO, *meant)
    assert Import.objects.get().preset == "label_studio_csv"
    assert (answer["new"], answer["gold"], answer["ratings"]) == (1, 0, 2)
    assert said() == {("tm-1", "3", "L4"), ("tm-1", "4", "L2")}


def test_a_control_of_another_name_is_told(bring: Bring) -> None:
    assert bring(LABEL_STUDIO.replace("rel", "verdict", 1), "verdict=label")["ratings"] == 2


def test_what_people_and_models_said_is_no_attribute_where_all_other_columns_are(bring: Bring) -> None:
    heads, cells = "annotator,score,label_scale,size,week", "ann,0.5,lore-4,XL,w1"
    answer = bring(
        f"query,item_id,title,{heads}\ncamp stool,r1,Stool,{cells}\n", "week=", more=["--rest-are-attributes"]
    )
    assert Snapshot.objects.get().cpv == [["size", "XL"]]
    assert answer["report"]["unread"] == ["annotator", "score", "week"]


def test_a_column_that_is_left_out_keeps_no_row_out(bring: Bring) -> None:
    text = f"query,item_id,title,notes\ncamp stool,r1,Stool,{'x' * 70_000}\n"
    assert bring(text, "notes=")["new"] == 1


def _look(text: str) -> Look:
    header, *lines = (line.split(",") for line in text.splitlines())
    return Look(tuple(header), tuple(dict(zip(header, line, strict=True)) for line in lines))


def test_a_person_is_offered_who_judged_and_the_label_by_their_names() -> None:
    preset, meaning = meaning_of(look([ImportFile("annotations.csv", BytesIO(LABEL_STUDIO.encode()))]), PAIRS)
    assert preset is not None and preset.name == "label_studio_csv"
    assert (meaning["annotator"], meaning["rel"], meaning["item_id"]) == ("rater", "label", "item_id")
    assert "id" not in meaning and "lead_time" not in meaning
    preset, meaning = meaning_of(_look(LABEL_STUDIO.replace("lead_time", "seconds")), PAIRS)
    assert preset is not None and preset.name == "lore"
    assert (meaning["annotator"], meaning["rel"], meaning["item_id"]) == ("rater", "label", "item_id")
    assert guess(["query", "item_id", "title", "gold", "annotator", "label"], PAIRS) == {
        "query": "query", "item_id": "item_id", "title": "title", "gold": "label", "annotator": "rater", "label": "rating",
    }  # fmt: skip


@pytest.mark.parametrize("column", ["user_agent", "judged_at", "username_hash", "rater comment"])
def test_what_only_resembles_a_word_for_raters_is_none(column: str) -> None:
    assert column not in guess(["query", "item_id", "title", "label", column], PAIRS)


def test_columns_with_the_same_few_values_are_offered_as_raters_and_not_chosen() -> None:
    seen = _look(WIDE)
    meaning = meaning_of(seen, PAIRS)[1]
    assert "rating" not in meaning.values()
    raters = ["Rater One", "rater2@example.invalid", "Unknown"]
    assert rater_hints.one_rater_each(seen.rows, seen.columns, meaning) == raters
    assert rater_hints.one_rater_each(seen.rows, seen.columns, meaning | {"Unknown": "rating"}) == []


@pytest.mark.parametrize(
    ("ann", "bob", "offered"),
    [
        (["L4", "L4"], ["L1", ""], True),  # no value in common, one scale
        (["3", "0"], ["1", "2"], True),
        (["5", "4"], ["5", "1"], True),  # of no scale known here
        (["5", "4"], ["12", "30"], False),
        (["red", "blue"], ["S", "M"], False),
        (["", ""], ["", ""], False),
    ],
)
def test_labels_of_one_scale_are_alike_and_other_values_where_they_are_shared(
    ann: list[str], bob: list[str], offered: bool
) -> None:
    rows = [{"query": "q", "Ann": one, "Bob": other} for one, other in zip(ann, bob, strict=True)]
    assert bool(rater_hints.one_rater_each(rows, ("query", "Ann", "Bob"), {"query": "query"})) is offered


def test_who_judged_is_named_even_where_the_refusal_is_for_a_program() -> None:
    with pytest.raises(WhoJudgedUnsaid) as refused:
        meaning_told(_look(LONG.replace("rater", "annotator", 1)), PAIRS, {})
    assert "column=annotator=rater" in refused.value.told("column=annotator=rater", "column=annotator=")
