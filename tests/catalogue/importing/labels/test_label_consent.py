"""What the values of a file's labels become, and by whose word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.importing.labels.label_consent import LabelsUnmapped, LabelTable, Said, agree
from catalogue.importing.labels.label_values import MOST_VALUES, LabelValues, ScaleUnclear, count
from catalogue.importing.meaning.cells import is_word, value_key
from catalogue.importing.meaning.presets import PRESETS
from catalogue.importing.reading.rows import Broken, FileRefused, Row
from relevance.labels import LORE, SCALES, Scale, UnknownLabel, scale_named

COLUMNS = {"label": "label", "ratings": "ratings", "label_scale": "label_scale"}


def values(*rows: Any) -> LabelValues:
    """Of rows that are labels, or whole rows."""
    told = (row if isinstance(row, dict) else {"label": row} for row in rows)
    return count((Row(number, row, 1) for number, row in enumerate(told, 1)), COLUMNS)


def read(
    *rows: Any,
    current: Scale | None = LORE,
    fixed: bool = True,
    preset: str = "",
    scale: str = "",
    labels: dict[str, str] | None = None,
) -> LabelTable:
    return agree(values(*rows), Said(labels or {}, scale, PRESETS.get(preset)), current=current, fixed=fixed)


def asked(table: LabelTable) -> list[str]:
    return [value.written for value in table.unread]


@pytest.mark.parametrize(
    "spellings",
    [
        ("3", "3.0", 3, 3.0, " 3 ", "３", "+3", "3."),
        ("2.33", 2.33, "2.330"),
        ("L4", " l4 ", "Ｌ4"),
        ("no  match", "No Match"),
    ],
)
def test_spellings_of_one_value_are_one_value(spellings: tuple[Any, ...]) -> None:
    assert len({value_key(one) for one in spellings}) == 1
    assert [value.rows for value in read(*spellings).values] == [len(spellings)]


@pytest.mark.parametrize("nothing", [None, "", "  ", []])
def test_nothing_is_no_value(nothing: Any) -> None:
    assert read(nothing).values == ()


def test_true_is_no_number() -> None:
    assert value_key(True) == value_key("true") != value_key(1)


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize(
    "labels",
    [
        ("0", "1"),  # clicks
        (3, 2, 1),  # of a set where 3 is perfect
        (0, 1, 2, 3),
        (1, 2, 3, 4, 5),
        (1.5, 2.33, 2.67),
        ("yes", "no"),
        ("E", "S", "C", "I"),
        ("Perfect", "Excellent", "Good", "Fair", "Bad"),
        ("Good", "Bad"),
        ("相关", "不相关"),  # two scales call two different labels so
    ],
)
def test_grades_that_nobody_has_named_are_asked_every_one(labels: tuple[Any, ...], fixed: bool) -> None:
    table = read(*labels, fixed=fixed)
    assert (table.scale.name, len(table.unread), table.by) == ("lore-4", len(labels), "")
    with pytest.raises(LabelsUnmapped) as refused:
        table.or_refuse()
    assert [one["value"] for one in refused.value.told()["values"]] == [str(label) for label in labels]


@pytest.mark.parametrize(
    ("labels", "fixed", "scale"),
    [
        (("L1", "l4 ", "L2"), True, "lore-4"),
        (("Excellent", "Irrelevant"), True, "lore-4"),
        (("Irrelevant",), True, "lore-4"),
        (("相关", "优秀", "不相关"), True, "lore-4"),
        (("Exact", "Substitute", "Complement", "Irrelevant"), False, "esci-4"),
        (("Exact", "Partial", "Irrelevant"), False, "wands-3"),
        (("relevant", "not relevant"), False, "binary"),
    ],
)
def test_the_very_names_of_a_scales_labels_are_read_where_all_of_them_are(
    labels: tuple[str, ...], fixed: bool, scale: str
) -> None:
    table = read(*labels, fixed=fixed)
    assert (table.scale.name, table.by, table.unread) == (scale, "names", [])


def test_one_name_beside_foreign_words_is_asked_with_them() -> None:
    assert asked(read("Exact", "Exact", "Partial", "Irrelevant")) == ["Exact", "Partial", "Irrelevant"]
    assert asked(read("L4", "L4", "L44")) == ["L4", "L44"]


def test_names_that_fit_several_scales_ask_which_one() -> None:
    with pytest.raises(ScaleUnclear, match=r"esci-4, wands-3.*--scale"):
        read("Exact", "Irrelevant", current=None, fixed=False)
    assert read("Exact", "Irrelevant", current=scale_named("esci-4"), fixed=False).scale.name == "esci-4"


def test_what_the_call_says_of_values_is_followed_and_the_rest_is_asked() -> None:
    table = read("3", "3", 2.0, "1", labels={"3": "L4", "2": "excellent", "7": "L1"})
    assert (table.labels, table.by, asked(table)) == ({"3": "L4", "2": "L4"}, "call", ["1"])
    assert read("3", "n/a", labels={"3.0": "L4", "N/A": ""}).labels == {"3": "L4", "n/a": ""}


def test_names_beside_what_the_call_says_are_read() -> None:
    table = read("L4", "superb", labels={"superb": "L4"})
    assert (table.labels, table.by) == ({"l4": "L4", "superb": "L4"}, "call")


def test_a_label_that_the_scale_does_not_have_is_refused() -> None:
    with pytest.raises(UnknownLabel, match="lore-4"):
        read("3", labels={"3": "4"})


def test_the_labels_that_are_told_say_the_scale_of_a_project_without_pairs() -> None:
    assert read("3", "0", current=None, fixed=False, labels={"3": "Exact", "0": "Irrelevant"}).scale.name == "esci-4"
    assert read("3", "0", current=None, fixed=False, labels={"3": "L4", "0": "L1"}).scale.name == "lore-4"


def test_a_scale_named_in_the_call_reads_every_value_or_none_goes_in() -> None:
    table = read(3, "2", "0.0", current=None, fixed=False, scale="chorus-4")
    assert (table.scale.name, table.labels, table.by) == ("chorus-4", {"3": "3", "2": "2", "0": "0"}, "call")
    assert asked(read(3, 5, current=None, fixed=False, scale="chorus-4")) == ["5"]
    assert read(3, 5, current=None, fixed=False, scale="chorus-4", labels={"5": ""}).labels == {"3": "3", "5": ""}
    with pytest.raises(ScaleUnclear, match="stars-5"):
        read(3, scale="stars-5")
    with pytest.raises(ScaleUnclear, match="judges in lore-4"):
        read(3, scale="chorus-4")


def test_a_scale_that_every_row_names_reads_them_by_the_preset_that_fits() -> None:
    rows = [{"label": "3", "label_scale": "chorus-4"}, {"ratings": {"r1": 0, "r2": "1"}, "label_scale": "chorus-4"}]
    table = read(*rows, preset="chorus", fixed=False)
    assert (table.scale.name, table.labels, table.by) == ("chorus-4", {"3": "3", "0": "0", "1": "1"}, "preset chorus")


def test_a_scale_that_some_rows_do_not_name_reads_nothing() -> None:
    rows = [{"label": "3", "label_scale": "chorus-4"}, {"label": "2"}]
    table = read(*rows, preset="lore", fixed=False)
    assert (table.scale.name, asked(table)) == ("chorus-4", ["3", "2"])


def test_rows_in_the_scale_of_another_project_are_read_only_where_each_value_is_told() -> None:
    rows = [{"label": "Exact", "label_scale": "esci-4"}, {"label": "Irrelevant", "label_scale": "esci-4"}]
    with pytest.raises(ScaleUnclear, match="judges in lore-4, the file in esci-4"):
        read(*rows, preset="esci")
    table = read(*rows, labels={"exact": "L4", "irrelevant": "L1"})
    assert (table.labels, table.by) == ({"exact": "L4", "irrelevant": "L1"}, "call")
    assert table.columns({"a": "label", "b": "label_scale"}) == {"a": "label"}


def test_a_file_in_two_scales_is_an_error() -> None:
    rows = [{"label": "1", "label_scale": "binary"}, {"label": "E", "label_scale": "esci-4"}]
    with pytest.raises(ScaleUnclear, match="binary, esci-4"):
        read(*rows, fixed=False)


def test_a_column_of_hundreds_of_values_holds_no_labels() -> None:
    with pytest.raises(ScaleUnclear, match=rf"more than {MOST_VALUES} different"):
        read(*(n / 7 for n in range(MOST_VALUES + 1)))


def test_a_file_that_breaks_off_is_counted_up_to_there_and_a_slow_one_for_its_time() -> None:
    def broken() -> Any:
        yield Row(1, {"label": "L4"}, 1)
        yield Broken(2, "no row", "")
        raise FileRefused

    assert count(broken(), COLUMNS).counts == {"l4": 1}
    many = count((Row(n, {"label": "L4"}, 1) for n in range(5000)), COLUMNS, seconds=0)
    assert (many.counts.total(), many.whole) == (1000, False)


@given(st.lists(st.one_of(st.floats(allow_nan=False), st.integers(), st.text(), st.booleans()), max_size=20))
def test_no_number_is_ever_read_unasked(labels: list[Any]) -> None:
    for scale in SCALES.values():
        table = read(*labels, current=scale)
        assert not any(value.label is not None and not is_word(value.key) for value in table.values)
