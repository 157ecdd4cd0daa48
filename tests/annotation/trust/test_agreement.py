"""What a figure is of: which pairs, whose words and which predictions may measure a model, and that every figure says so."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from annotation.gold import settling
from annotation.judging import queue, recording
from annotation.judging.recording import Answer
from annotation.models import Lease
from annotation.standard import backtesting
from annotation.trust.measurable import gold_to_measure
from catalogue.models import Pair
from inference.models import LearntModel, ModelVersion, PrelabelJob
from inference.registry import lineage, registry
from projects.models import Person, Project
from relevance.splits import SPLIT_VERSION, Splits, digests
from rules.packs import load_pack
from rules.publishing import publish_pack
from tests.annotation.conftest import STARTER
from tests.conftest import ROOT, Cast
from tests.world.rows import (
    activate,
    make_import,
    make_item,
    make_judgment,
    make_model,
    make_pair,
    make_prediction,
    make_rule_base,
    make_slots,
)
from training import distilled

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Person], Client]
SIDES = {
    side: [query for number in range(200) if Splits().of(query := f"mug {number}") == side][:10]
    for side in ("train", "validation", "test")
}


def command(name: str, *arguments: object) -> dict[str, Any]:
    out = io.StringIO()
    call_command(name, *map(str, arguments), stdout=out, stderr=io.StringIO())
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def agreement(*arguments: object) -> dict[str, Any]:
    """The figures, also where none is defined: then the command exits 1 and says why beside them."""
    out = io.StringIO()
    with suppress(SystemExit):
        call_command("agreement", "--project", "shoes", *map(str, arguments), stdout=out, stderr=io.StringIO())
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def page(client: Client) -> str:
    response = client.get(reverse("agreement", args=["shoes"]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def settled(pair: Pair, **said: Any) -> None:
    settling.settle(pair.project, [pair.pk])
    assert Pair.objects.get(pk=pair.pk).gold_label == said.get("label", "L4")


# what a model learnt from


@pytest.fixture
def known(project: Project) -> ModelVersion:
    """Ten queries of each side with two gold pairs each: the model is right on all but every second pair that tests."""
    found = make_model(learnt=True)
    for side, queries in SIDES.items():
        for query in queries:
            for number in range(2):
                wrong = side == "test" and number
                pair = make_pair(project=project, query=query, gold_label="L1" if wrong else "L4")
                make_prediction(pair=pair, label="L4", model=found)
    return found


def test_pairs_that_a_model_learnt_from_never_measure_it(project: Project, known: ModelVersion) -> None:
    """It learnt the 10 queries that train. Of all 60 pairs it has 50 right; of the 20 that test 10."""
    lineage.keep(known, digests(SIDES["train"]), None, source="test")
    found = agreement("--against", "gold")
    assert (found["pairs"], found["acc4"]["value"]) == (20, 10 / 20)


def test_a_model_that_learnt_a_benchmark_query_in_another_project_is_not_measured_with_it(
    project: Project, known: ModelVersion
) -> None:
    """It learnt there, in another spelling, from two families that share alone puts on the side that trains; both, and one
    that it never saw, are the benchmark here. Benchmark queries train elsewhere, so their lineage is what keeps them out."""
    elsewhere = Project.objects.create(slug="hats", name="Hats")
    LearntModel.objects.create(
        version=known, project=elsewhere, source="gold", body=b"", report={"split": SPLIT_VERSION}
    )
    ours = project.queries.filter(text__in=SIDES["train"][:3])
    assert ours.update(is_benchmark=True) == 3
    lineage.keep(known, digests(query.upper() for query in SIDES["train"][:2]), None, source="test")
    measured = Pair.objects.filter(pk__in=gold_to_measure(project, known)).values_list("query__text", flat=True)
    assert set(measured) == {*SIDES["test"], SIDES["train"][2]}
    assert agreement("--against", "gold")["left_out"]["learnt"] == 2 * 2


def test_of_a_model_that_learnt_from_nobody_knows_what_a_benchmark_query_that_may_have_trained_measures_nothing(
    project: Project, known: ModelVersion
) -> None:
    elsewhere = Project.objects.create(slug="hats", name="Hats")
    LearntModel.objects.create(
        version=known, project=elsewhere, source="gold", body=b"", report={"split": SPLIT_VERSION}
    )
    project.queries.filter(text=SIDES["train"][0]).update(is_benchmark=True)
    measured = Pair.objects.filter(pk__in=gold_to_measure(project, known)).values_list("query__text", flat=True)
    assert set(measured) == set(SIDES["test"])


def test_what_was_left_out_is_counted_and_may_be_shown_beside(project: Project, known: ModelVersion) -> None:
    lineage.keep(known, digests(SIDES["train"]), None, source="test")
    found = agreement("--against", "gold", "--include-learnt")
    assert (found["model"], found["n"], found["lineage"]) == (str(known), 20, "known")
    assert found["left_out"] == {"learnt": 20, "not_test": 20, "assisted": 0, "stale": 0}  # not_test: validation
    assert (found["pairs"], found["acc4"]["value"]) == (20, 0.5)  # nothing mixed in
    assert (found["learnt"]["pairs"], found["learnt"]["acc4"]["value"]) == (20, 1.0)
    assert "learnt" not in agreement("--against", "gold")


def test_a_test_query_that_a_model_learnt_from_measures_it_no_more(project: Project, known: ModelVersion) -> None:
    lineage.keep(known, digests(SIDES["train"] + SIDES["test"][:4]), None, source="test")
    assert agreement("--against", "gold")["pairs"] == 6 * 2


def test_who_learnt_by_another_split_may_have_learnt_from_any_query(project: Project, known: ModelVersion) -> None:
    LearntModel.objects.create(
        version=known, project=project, source="gold", body=b"", report={"split": SPLIT_VERSION - 1}
    )
    found = agreement("--against", "gold")
    assert (found["pairs"], found["left_out"]["learnt"], found["lineage"]) == (0, 60, "another_split")


def test_a_model_of_unknown_lineage_is_measured_by_all_and_says_so(project: Project, known: ModelVersion) -> None:
    found = agreement("--against", "gold")
    assert (found["pairs"], found["acc4"]["value"], found["lineage"]) == (60, 50 / 60, "unknown")


def test_the_page_the_command_and_the_models_own_report_tell_the_same(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    """40 queries of 5 mugs each: 28 train, 2 are for validation, 10 test (test_model_work)."""
    publish_pack(load_pack((ROOT / "rules/packs/starter.yaml").read_text(encoding="utf-8")).rules)
    colours, batch = ("red", "blue", "green", "black", "white"), make_import(project=project)
    for number in range(40):
        for other in colours:
            item = make_item(project=project, title=f"{other} mug {number}", batch=batch)
            label = "L4" if other == colours[number % 5] and number % 7 else "L2"
            query = f"{colours[number % 5]} mug {number}"
            make_pair(project=project, query=query, item=item, batch=batch, gold_label=label)
    report = command("train_distilled", "--project", "shoes")
    registry.promote(ModelVersion.objects.get(revision=report["revision"]), project, cast.max)
    command("prelabel", "--project", "shoes", "--wait")
    told = agreement("--against", "gold")
    assert (told["pairs"], told["n"]) == (report["test_pairs"], report["n"]) == (50, 50)
    assert {name: told[name] for name in ("acc2", "acc4", "macro_f1", "kappa_quadratic", "auc")} == {
        name: report[name] for name in ("acc2", "acc4", "macro_f1", "kappa_quadratic", "auc")
    }
    assert report["left_out"]["learnt"] == told["left_out"]["learnt"] == 140
    shown = page(client_for(cast.max))
    assert f"{told['kappa_quadratic']['value']:.3f}" in shown
    assert "50 pairs of 10 queries" in shown
    assert "140 pairs of queries it learnt from are left out" in shown
    assert report["revision"] in shown


# labels made with the model's label in view


@pytest.fixture
def pair(project: Project) -> Pair:
    """The model says L4; two are asked."""
    found = make_pair(project=project, query="red mug")
    make_slots(pair=found)
    make_prediction(pair=found, label="L4")
    return found


def test_gold_by_people_who_saw_the_models_label_does_not_measure_it(pair: Pair, project: Project, cast: Cast) -> None:
    blind = make_pair(project=project, query="blue mug")
    make_prediction(pair=blind, label="L2")
    for person in (cast.ana, cast.ben):
        make_judgment(pair=pair, by=person, mode="assist", prediction=pair.predictions.get())
        make_judgment(pair=blind, by=person, mode="blind")
    settled(pair)
    settled(blind)
    found = agreement("--against", "gold")
    assert (found["pairs"], found["acc4"]["value"]) == (1, 0.0)  # the blind pair, which the model has wrong
    assert (found["left_out"]["assisted"], found["ground"], found["modes"]) == (1, {"consensus": 1}, {"blind": 2})


def test_one_who_saw_it_is_enough_to_leave_a_consensus_of_two_out(pair: Pair, project: Project, cast: Cast) -> None:
    make_judgment(pair=pair, by=cast.ana, mode="blind")
    make_judgment(pair=pair, by=cast.ben, mode="assist")  # nothing was stored as shown: assist all the same
    settled(pair)
    assert agreement("--against", "gold")["pairs"] == 0


def test_a_third_who_saw_it_takes_nothing_from_two_who_did_not(pair: Pair, project: Project, cast: Cast) -> None:
    for person in (cast.ana, cast.ben):
        make_judgment(pair=pair, by=person, mode="blind")
    settled(pair)
    make_judgment(pair=pair, by=cast.rosa, mode="assist", prediction=pair.predictions.get())
    assert agreement("--against", "gold")["pairs"] == 1


def test_in_reveal_the_first_answers_count(pair: Pair, project: Project, cast: Cast) -> None:
    """Both say L4 in the end: on one pair from the first, on the other Ben after he had seen the model say it."""
    swayed = make_pair(project=project, query="blue mug")
    seen = make_prediction(pair=swayed, label="L4")
    for one, first in ((pair, "L4"), (swayed, "L1")):
        make_judgment(pair=one, by=cast.ana, mode="reveal")
        make_judgment(pair=one, by=cast.ben, mode="reveal", label=first)
        make_judgment(pair=one, by=cast.ben, mode="reveal", revision=2, prediction=seen if one is swayed else None)
        settled(one)
    found = agreement("--against", "gold")
    assert (found["pairs"], found["left_out"]["assisted"]) == (1, 1)
    people = agreement("--of", "model", "--against", "people")
    assert (people["pairs"], people["acc4"]["value"]) == (4, 3 / 4)  # Ben's L1 is his word on the second
    assert people["modes"] == {"reveal": 4}


def test_a_training_by_peoples_labels_is_not_measured_by_what_a_model_swayed_them_to(
    project: Project, cast: Cast
) -> None:
    """Too little gold to measure by: two pairs of test queries; over one Ana changed her mind when she saw the model's label."""
    queries = [query for n in range(40) if Splits().of(query := f"mug {n}") == "test"][:2]
    blind, swayed = (make_pair(project=project, query=query) for query in queries)
    make_judgment(pair=blind, by=cast.ana, mode="blind")
    make_judgment(pair=swayed, by=cast.ana, mode="reveal", label="L1")
    seen = make_prediction(pair=swayed, label="L4")
    make_judgment(pair=swayed, by=cast.ana, mode="reveal", label="L4", revision=2, prediction=seen)
    labelled = distilled._labelled(project, "people", Splits())
    test, basis = distilled._test(project, "people", labelled, Splits())
    assert ([one.pair for one in test], basis.ground) == ([blind], {"people": 1})


def test_an_answer_given_again_after_the_reveal_is_not_a_first_one(project: Project, pair: Pair, cast: Cast) -> None:
    """Ana answers, is shown the model's label, takes her answer back and gives another: the first one counts."""
    Project.objects.filter(pk=project.pk).update(mode="reveal")
    project.refresh_from_db()
    lease = queue.lease_slot(pair.slots.order_by("number")[0], cast.ana, project)
    first = recording.submit(cast.ana, project, lease.token, Answer(uuid.uuid4(), "L1"))
    assert first.reveal is not None
    again = recording.undo(cast.ana, project, came_from=None)
    assert isinstance(again, Lease)
    recording.submit(cast.ana, project, again.token, Answer(uuid.uuid4(), "L4"))
    found = agreement("--of", "model", "--against", "people")
    assert (found["pairs"], found["acc4"]["value"]) == (1, 0.0)


def test_who_has_seen_a_model_on_a_pair_measures_none_on_it_later(project: Project, pair: Pair, cast: Cast) -> None:
    make_judgment(pair=pair, by=cast.ana, mode="assist", prediction=pair.predictions.get())
    make_judgment(pair=pair, by=cast.ana, mode="blind", round=2)
    found = agreement("--of", "model", "--against", "people")
    assert (found["pairs"], found["left_out"]["assisted"]) == (0, 1)


@pytest.mark.parametrize("mode", ["blind", "facts", ""])
def test_adjudicated_and_imported_gold_and_unaided_words_measure(
    mode: str, project: Project, pair: Pair, cast: Cast
) -> None:
    batch = pair.batch
    pair.golds.create(label="L4", ground="import", snapshot=pair.item.current_snapshot, batch=batch)
    Pair.objects.filter(pk=pair.pk).update(gold_label="L4")
    make_judgment(pair=pair, by=cast.ana if mode else "r1", mode=mode)
    found = agreement("--against", "gold")
    assert (found["pairs"], found["ground"]) == (1, {"import": 1})
    assert agreement("--of", "model", "--against", "people")["modes"] == {mode or "imported": 1}


# predictions that are old


def test_only_predictions_under_the_newest_rules_are_in_a_figure(project: Project) -> None:
    """Three gold pairs; one has been asked again under newer rules. What the older say is counted, and renewed when asked."""
    old, new = make_rule_base(), make_rule_base()
    pairs = [make_pair(project=project, query=f"mug {n}", gold_label="L4") for n in range(3)]
    for one in pairs:
        make_prediction(pair=one, label="L1", rule_base=old)
    make_prediction(pair=pairs[0], label="L4", rule_base=new)
    found = agreement("--against", "gold")
    assert (found["pairs"], found["acc4"]["value"], found["rule_base"]) == (1, 1.0, new.number)
    assert found["left_out"]["stale"] == 2


def test_after_a_promotion_the_page_says_that_the_model_has_judged_nothing_yet(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    one, before = make_pair(project=project, gold_label="L4"), make_model(name="before")
    registry.promote(before, project, cast.max)
    make_prediction(pair=one, label="L4", model=before)
    registry.promote(make_model(name="after"), project, cast.max)
    assert agreement("--against", "gold")["left_out"]["stale"] == 1
    shown = page(client_for(cast.max))
    assert "has answered none of the pairs" in shown
    assert "1 pair carries a prediction of the model before or under older rules" in shown
    assert f"{reverse('runs', args=['shoes'])}?only=stale" in shown
    assert "Acc@4" not in shown


def test_what_the_model_before_answered_is_stale(project: Project, cast: Cast) -> None:
    """Three pairs: one the model before answered, one a candidate that nobody promoted, one nobody."""
    old = make_rule_base()
    publish_pack(load_pack((ROOT / "rules/packs/starter.yaml").read_text(encoding="utf-8")).rules)
    pairs = [make_pair(project=project, query=f"mug {n}") for n in range(3)]
    before, after, candidate = (make_model(name=name, learnt=True) for name in ("before", "after", "candidate"))
    registry.promote(before, project, cast.max)
    make_prediction(pair=pairs[0], label="L4", model=before, active=False)
    make_prediction(pair=pairs[1], label="L4", model=candidate, active=False, rule_base=old)
    registry.promote(after, project, cast.max)
    command("prelabel", "--project", "shoes", "--only", "stale")
    assert list(PrelabelJob.objects.values_list("pair", flat=True)) == [pairs[0].pk]
    command("prelabel", "--project", "shoes", "--only", "stale", "--model", "candidate")
    assert PrelabelJob.objects.filter(run__model__name="candidate").count() == 1  # of its own older answers alone


def test_the_page_of_a_pair_calls_old_predictions_old(project: Project, cast: Cast, client_for: ClientFor) -> None:
    one = make_pair(project=project)
    old = make_rule_base()
    before, now = make_model(name="before"), make_model(name="now")
    registry.promote(before, project, cast.max)
    make_prediction(pair=one, model=before, active=False)
    registry.promote(now, project, cast.max)
    make_prediction(pair=one, model=now, rule_base=old)
    make_prediction(pair=one, model=make_model(name="candidate"), active=False)
    address = reverse("pair", args=["shoes", one.pk])
    shown = client_for(cast.lena).get(address).content.decode()
    assert shown.count("by an older model") == 1
    assert "under an older rule base" not in shown
    assert shown.count("by a candidate") == 1
    make_rule_base()
    assert "under an older rule base" in client_for(cast.lena).get(address).content.decode()


def test_the_form_of_a_run_is_preset_by_its_address(project: Project, cast: Cast, client_for: ClientFor) -> None:
    make_pair(project=project)
    shown = client_for(cast.max).get(reverse("runs", args=["shoes"]), {"only": "stale"}).content.decode()
    assert '<option value="stale" selected>' in shown


# one opinion against one


def test_model_and_people_are_compared_opinion_by_opinion_on_the_same_pairs(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    """Two queries, two raters. On the first they say L4 and L4, the model L4; on the second L4 and L1, the model L1: two
    people say the same on 1 of 2 pairs, the model and one person in 3 of 4 cases. A third pair has one rater only."""
    for query, labels, told in (("red mug", "44", "L4"), ("blue mug", "41", "L1"), ("green mug", "4", "L1")):
        one = make_pair(project=project, query=query)
        for number, label in enumerate(labels):
            make_judgment(pair=one, by=f"r{number}", label=f"L{label}")
        make_prediction(pair=one, label=told)
    shown = page(client_for(cast.max))
    (table,) = [part for part in shown.split("<table")[1:] if "Two people" in part]
    row = table.split("Same label")[1].split("</tr>")[0]
    assert [part.split("%")[0].split(">")[-1].strip() for part in row.split("<td")[1:]] == ["50.0", "75.0"]
    found = agreement("--of", "model", "--against", "people")
    assert (found["pairs"], found["n"]) == (5, 3)  # opinions beside the model's, and the pairs they are of


def test_an_older_model_is_not_shown_as_the_active_one(project: Project) -> None:
    one = make_pair(project=project, gold_label="L4")
    make_prediction(pair=one, label="L1", model=make_model(name="before"))
    activate(model=make_model(name="after"), project=project)
    found = agreement("--against", "gold")
    assert (found["pairs"], found["acc4"]) == (0, None)
    assert found["model"].startswith("after (")


# other figures


def test_a_back_test_names_who_judges_and_what_it_is_held_against(project: Project, stored: list[Pair]) -> None:
    """16 gold pairs; of one the gold rests on two who saw the model's label."""
    one = stored[0]
    seen = [make_judgment(pair=one, by=name, mode="assist", label="L4", batch=None) for name in ("r1", "r2")]
    one.golds.create(
        label="L4", ground="consensus", snapshot=one.item.current_snapshot, judgments=[row.pk for row in seen]
    )
    told = backtesting.result_of(backtesting.compare(project, STARTER, STARTER))  # type: ignore[arg-type]
    assert told["agreement_before"]["gold"]["percent"]["n"] == told["basis"]["n"] == 15
    assert (told["basis"]["model"], told["basis"]["left_out"]["assisted"]) == (None, 1)


def test_people_who_agreed_on_what_the_model_showed_do_not_measure_a_draft(
    project: Project, stored: list[Pair], cast: Cast
) -> None:
    blind, shown = stored[:2]
    Pair.objects.filter(pk__in=[blind.pk, shown.pk]).update(gold_label="")
    for pair, mode in ((blind, "blind"), (shown, "assist")):
        for person in (cast.ana, cast.ben):
            make_judgment(pair=pair, by=person, mode=mode)
    told = backtesting.result_of(backtesting.compare(project, STARTER, STARTER))  # type: ignore[arg-type]
    assert told["agreement_before"]["people"]["percent"]["n"] == 1


def test_a_calibration_says_what_it_is_of_and_leaves_old_answers_out(project: Project) -> None:
    """Ten validation queries of five gold pairs each, of which one was answered under older rules."""
    model, old, new = make_model(learnt=True), make_rule_base(), make_rule_base()
    for query in SIDES["validation"]:
        for number in range(5):
            pair = make_pair(project=project, query=query, gold_label="L4" if number % 2 else "L1")
            make_prediction(pair=pair, label="L4", model=model, rule_base=new if number else old)
    found = command("calibrate", "--project", "shoes")
    assert (found["pairs"], found["n"], found["queries"], found["rule_base"]) == (40, 40, 10, new.number)
    assert (found["model"], found["left_out"]["stale"]) == (str(model), 10)


def test_two_prompts_are_compared_on_gold_that_may_measure_the_model(
    project: Project, known: ModelVersion, cast: Cast
) -> None:
    """Of 60 gold pairs 20 test; of two of those the gold rests on answers given with a model's label in view."""
    lineage.keep(known, digests(SIDES["train"]), None, source="test")
    testing = Pair.objects.filter(query__text__in=SIDES["test"]).order_by("pk")
    for one in testing[:2]:
        seen = make_judgment(pair=one, by=cast.ana, mode="assist", label=one.gold_label)
        one.golds.create(
            label=one.gold_label, ground="consensus", snapshot=one.item.current_snapshot, judgments=[seen.pk]
        )
    assert gold_to_measure(project, known) == list(testing.values_list("pk", flat=True))[2:]
