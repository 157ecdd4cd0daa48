"""Foreign predictions: what a file says that a model outside of here predicted. Never gold, never a person's, never active."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from annotation.models import Gold, Judgment
from catalogue.importing.meaning.inspecting import Look, meaning_of, meaning_told
from catalogue.importing.meaning.mapping import Mapper
from catalogue.importing.meaning.predictions import ForeignPrediction
from catalogue.importing.meaning.presets import ITEMS, PAIRS
from catalogue.importing.reading.readers import Row
from catalogue.importing.reading.rows import RowRefused
from catalogue.models import Import, Pair, Snapshot
from inference.models import ActiveModel, ImportedPrediction, ModelVersion, Prediction
from inference.registry import registry
from inference.registry.registry import UnknownModel
from relevance.labels import scale_named
from tests.catalogue.importing.test_import_commands import run

STOOL = {"query": "camp stool", "item_id": "t1", "title": "Trailmoss stool"}
RANKED = {**STOOL, "prediction": "L3", "score": 0.83, "model": "ranker-7"}

Bring = Callable[..., dict[str, Any]]


@pytest.fixture
def bring(db: None, tmp_path: Path) -> Bring:
    """Import rows by the command; `meant`: COLUMN=FIELD."""

    def command(*rows: dict[str, Any], meant: tuple[str, ...] = (), name: str = "predictions.jsonl") -> dict[str, Any]:
        (path := tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        columns = [part for one in meant for part in ("--column", one)]
        return run("import_pairs", path, "--project", "shoes", "--create", "--licence", "CC0-1.0", *columns)[1]

    return command


def told(**values: Any) -> tuple[ForeignPrediction, ...]:
    meaning = dict.fromkeys(STOOL, "") | {
        name: name for name in (*STOOL, "prediction", "score", "posterior", "model_name", "predictions")
    }
    row = {**STOOL, **values}
    return Mapper(meaning, PAIRS, scale_named("lore-4")).record(Row(1, row, 1000)).predictions


def test_a_prediction_is_kept_with_its_file_and_the_name_of_its_model_as_its_origin(bring: Bring) -> None:
    answer = bring(RANKED)
    assert (answer["new"], answer["predictions"], answer["gold"], answer["ratings"]) == (1, 1, 0, 0)
    found = ImportedPrediction.objects.get()
    assert (found.model_name, found.label, found.score, found.posterior) == ("ranker-7", "L3", 0.83, None)
    assert found.file_sha256 == Import.objects.get().file_sha256 and len(found.file_sha256) == 64
    assert found.snapshot == Snapshot.objects.get()


def test_it_is_nobodys_judgment_and_no_attribute_of_the_item(bring: Bring) -> None:
    bring(RANKED)
    assert not Judgment.objects.exists() and not Gold.objects.exists()
    assert Snapshot.objects.get().cpv == []


def test_no_registered_model_says_it_and_none_becomes_active(bring: Bring) -> None:
    bring(RANKED)
    assert not (ModelVersion.objects.exists() or ActiveModel.objects.exists() or Prediction.objects.exists())
    assert not Pair.objects.get().predicted, "it is still to be pre-labelled"
    with pytest.raises(UnknownModel):
        registry.by_name("ranker-7")


def test_importing_the_file_again_adds_nothing_and_another_file_adds_what_it_says(bring: Bring) -> None:
    bring(RANKED)
    assert bring(RANKED)["predictions"] == 0
    assert bring({**RANKED, "prediction": "L1"})["predictions"] == 1
    assert [one.label for one in ImportedPrediction.objects.order_by("id")] == ["L3", "L1"]


def test_without_a_name_it_is_known_by_its_file(bring: Bring) -> None:
    bring({**STOOL, "prediction": "L3"})
    assert ImportedPrediction.objects.get().model_name == "predictions.jsonl"


def test_a_score_without_a_label_is_kept_as_a_score(bring: Bring) -> None:
    assert bring({**STOOL, "score": 12.5, "model": "bm25"})["predictions"] == 1
    assert (ImportedPrediction.objects.get().label, ImportedPrediction.objects.get().score) == ("", 12.5)


def test_a_score_that_nobody_predicted_is_left_out_and_the_model_is_the_items(bring: Bring) -> None:
    assert bring({**STOOL, "score": 4.5}, name="a.jsonl")["predictions"] == 0
    assert bring({**STOOL, "item_id": "t2", "model": "Peak 2"}, name="b.jsonl")["predictions"] == 0
    assert [one.cpv for one in Snapshot.objects.order_by("id")] == [[], [["model", "Peak 2"]]]


def test_gold_ratings_and_predictions_stand_side_by_side(bring: Bring) -> None:
    answer = bring({**RANKED, "label": "L4", "ratings": {"ann": "L4"}})
    assert (answer["gold"], answer["ratings"], answer["predictions"]) == (1, 1, 1)


@pytest.mark.parametrize("column", ["model", "model_name", "model_version", "predicted_by"])
@pytest.mark.parametrize("beside", ["prediction", "score", "posterior"])
def test_beside_a_prediction_these_columns_name_the_model(column: str, beside: str) -> None:
    seen = Look((*STOOL, beside, column), ({**STOOL, beside: "", column: "x"},))
    for _preset, meaning in (meaning_of(seen, PAIRS), meaning_told(seen, PAIRS, {})):
        assert (meaning[beside], meaning[column]) == (beside, "model_name")


def test_a_prediction_that_is_told_by_column_makes_model_its_name_too() -> None:
    seen = Look((*STOOL, "out", "model"), ({**STOOL, "out": "L3", "model": "x"},))
    assert meaning_told(seen, PAIRS, {"out": "prediction"})[1]["model"] == "model_name"
    assert meaning_told(seen, PAIRS, {"out": "prediction", "model": "model"})[1]["model"] == "model"


def test_items_have_models_of_their_own_whatever_stands_beside() -> None:
    seen = Look(("item_id", "title", "model", "score"), ({"item_id": "1"},))
    assert meaning_of(seen, ITEMS)[1]["model"] == "model"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"prediction": "excellent"}, [("L4", None, (), "")]),
        ({"score": "0.5", "model_name": 7}, [("", 0.5, (), "7")]),
        ({"posterior": {"L1": 0.25, "L4": 0.75}}, [("", None, (("L1", 0.25), ("L4", 0.75)), "")]),
        ({"posterior": '[["L4", 1]]', "prediction": 4}, [("L4", None, (("L4", 1.0),), "")]),
        ({"posterior": [{"label": "L3", "probability": 1.0}]}, [("", None, (("L3", 1.0),), "")]),
        ({"predictions": [{"model": "a", "label": "L1"}, {"model_version": "b", "score": 2}]},
         [("L1", None, (), "a"), ("", 2.0, (), "b")]),
        ({"prediction": " ", "score": "", "model_name": "x"}, []),
        ({"prediction": "L2", "predictions": {"label": "L3"}}, [("L2", None, (), ""), ("L3", None, (), "")]),
    ],
)  # fmt: skip
def test_predictions_are_read_in_the_forms_that_files_give_them(said: dict[str, Any], read: list[Any]) -> None:
    assert list(told(**said)) == read


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"prediction": "superb"}, "prediction"),
        ({"score": "high"}, "score"),
        ({"score": True}, "score"),
        ({"score": "inf"}, "score"),
        ({"posterior": {"L1": 0.2, "L4": 0.2}}, "posterior"),
        ({"posterior": {"L1": 1.5}}, "posterior"),
        ({"posterior": {"L5": 1}}, "posterior"),
        ({"posterior": {"L4": 0.5, "excellent": 0.5}}, "posterior"),
        ({"posterior": [0.1, 0.9]}, "posterior"),
        ({"posterior": "0.9"}, "posterior"),
        ({"predictions": ["L4"]}, "predictions"),
        ({"prediction": "L4", "model_name": "x" * 201}, "model_name"),
    ],
)
def test_a_prediction_that_does_not_read_keeps_its_row_out_with_the_field(said: dict[str, Any], field: str) -> None:
    with pytest.raises(RowRefused) as refused:
        told(**said)
    assert refused.value.field == field


def test_a_prediction_that_nobody_has_named_a_label_stops_the_file(bring: Bring) -> None:
    assert bring(RANKED, {**RANKED, "item_id": "t2", "prediction": "relevant-ish"}) == {}
    assert not Import.objects.exists()


def test_foreign_predictions_are_append_only(bring: Bring) -> None:
    bring(RANKED)
    with pytest.raises(DatabaseError), transaction.atomic():
        ImportedPrediction.objects.update(label="L4")
    with pytest.raises(DatabaseError), transaction.atomic():
        ImportedPrediction.objects.all().delete()


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"model_name": ""}, "foreign_prediction_names_its_origin"),
        ({"file_sha256": ""}, "foreign_prediction_names_its_origin"),
        ({"label": "", "score": None}, "foreign_prediction_says_something"),
        ({"row": 1, "place": 0}, "one_foreign_prediction_per_row"),
    ],
)
def test_the_database_holds_what_a_foreign_prediction_promises(
    bring: Bring, fields: dict[str, Any], constraint: str
) -> None:
    bring(RANKED)
    first = ImportedPrediction.objects.values(
        "pair_id", "snapshot_id", "batch_id", "file_sha256", "model_name", "label"
    ).get()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ImportedPrediction.objects.create(**{**first, "row": 2, "place": 0, **fields})


# by its name


def agreement(*arguments: object) -> dict[str, Any]:
    return run("agreement", "--project", "shoes", *arguments)[1]


def judged(number: int, gold: str, said: str, **more: Any) -> dict[str, Any]:
    return {
        "query": f"stool {number}",
        "item_id": f"t{number}",
        "title": "Stool",
        "label": gold,
        "prediction": said,
        **more,
    }


def test_a_foreign_model_is_compared_by_its_name(bring: Bring) -> None:
    """Of four gold pairs it has three right; two of them it ranks by its probabilities."""
    rows = [judged(1, "L4", "L4"), judged(2, "L1", "L1"), judged(3, "L4", "L1"), judged(4, "L2", "L2")]
    bring(*({**row, "model": "ranker-7", "posterior": {"L4": 0.9, "L1": 0.1}} for row in rows))
    found = agreement("--foreign", "ranker-7")
    assert (found["pairs"], found["acc4"]["value"], found["model"]) == (4, 0.75, "ranker-7 (foreign)")
    assert (found["lineage"], found["rule_base"], found["auc"]["value"]) == ("unknown", None, 0.5)
    assert agreement()["pairs"] == 0, "the active model has said nothing"


def test_a_foreign_model_is_compared_with_what_people_say(bring: Bring) -> None:
    bring(*(judged(n, "", "L4", model="ranker-7", ratings={"ann": "L4", "bob": "L1"}) for n in range(3)))
    found = agreement("--foreign", "ranker-7", "--against", "people")
    assert (found["n"], found["acc4"]["value"]) == (3, 0.5)
    assert "nothing" in agreement("--foreign", "ranker-7", "--against", "model")["error"]


def test_what_it_said_of_what_the_item_was_before_measures_nothing(bring: Bring) -> None:
    bring(judged(1, "L4", "L4", model="ranker-7"))
    bring({**judged(1, "L4", ""), "title": "Another stool"}, name="later.jsonl")
    assert agreement("--foreign", "ranker-7")["pairs"] == 0


def test_of_two_files_the_later_one_counts_and_in_one_file_the_first_row(bring: Bring) -> None:
    bring(judged(1, "L4", "L1", model="r"))
    bring(judged(1, "L4", "L4", model="r"), judged(1, "L4", "L2", model="r"))
    assert agreement("--foreign", "r")["acc4"]["value"] == 1.0


def test_a_label_of_another_scale_is_compared_in_that_scale(bring: Bring) -> None:
    rows = [
        {**judged(1, "Exact", "S"), "label_scale": "esci-4"},
        {**judged(2, "Substitute", "S"), "label_scale": "esci-4"},
    ]
    bring(*({**row, "model": "r", "posterior": {"Substitute": 0.6, "Exact": 0.4}} for row in rows))
    assert ImportedPrediction.objects.values_list("label", flat=True).distinct().get() == "Substitute"
    assert agreement("--foreign", "r")["acc4"]["value"] == 0.5


def test_a_name_that_no_file_brought_is_refused_with_those_there_are(bring: Bring) -> None:
    bring(RANKED)
    assert "ranker-7" in agreement("--foreign", "ranker-8")["error"]


# what people see


def test_the_agreement_page_tells_the_same_of_a_foreign_model(
    bring: Bring, cast: Any, client_for: Callable[[Any], Client]
) -> None:
    bring(*(judged(n, "L4", "L4" if n else "L1", model="<b>r") for n in range(4)))
    lena, address = client_for(cast.lena), reverse("agreement", args=["shoes"])
    page = lena.get(address)
    assert page.context["foreign"] is None and "&lt;b&gt;r" in page.content.decode()
    found = lena.get(address, {"foreign": "<b>r"}).context["foreign"]
    assert found.to_json() == agreement("--foreign", "<b>r")
    assert found.report.acc4.value == 0.75
    assert lena.get(address, {"foreign": "another"}).context["foreign"] is None


def test_without_any_the_agreement_page_says_nothing_of_foreign_models(
    bring: Bring, cast: Any, client_for: Callable[[Any], Client]
) -> None:
    bring(judged(1, "L4", ""))
    assert b"Foreign models" not in client_for(cast.lena).get(reverse("agreement", args=["shoes"])).content


def test_the_page_of_a_pair_tells_what_foreign_models_said(
    bring: Bring, cast: Any, client_for: Callable[[Any], Client]
) -> None:
    bring({**RANKED, "model": "<b>ranker-7"})
    address = reverse("pair", args=["shoes", Pair.objects.get().pk])
    page = client_for(cast.lena).get(address).content.decode()
    assert "Foreign predictions" in page and "&lt;b&gt;ranker-7" in page and "0.83" in page


def test_a_foreign_prediction_is_on_no_card_and_no_prediction_of_ours_in_an_export(
    bring: Bring, cast: Any, client_for: Callable[[Any], Client], tmp_path: Path
) -> None:
    bring({**RANKED, "label": "L4", "model": "zz-ranker-zz"})
    bring({**RANKED, "item_id": "t2", "model": "zz-ranker-zz"}, name="open.jsonl")
    card = client_for(cast.ana).get(reverse("judge", args=["shoes"]))
    assert b"Trailmoss" in card.content and b"zz-ranker-zz" not in card.content
    out = io.StringIO()
    call_command("export", "--project", "shoes", "--kind", "labels", "--out", str(tmp_path / "out"), stdout=out)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out/labels.csv").read_text(encoding="utf-8-sig"))))
    assert [(row["gold_label"], row["prediction"], row["model"]) for row in rows] == [("L4", "", "")]
