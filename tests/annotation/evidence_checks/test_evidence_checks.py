"""Evidence that people check: what is drawn, what a mark is about, the gate that follows, and the modes that follow from it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from annotation.evidence_checks import cells, drawing, gate, marking
from annotation.judging import card, queue
from annotation.models import EvidenceCheck, EvidenceGate, Judgment, Lease, SampledPair
from catalogue.evidence import grids, lexicons
from catalogue.models import Grid, LearntLexicon, Pair
from projects.models import AuditEvent, Mode, Person, Project, StandingMode
from projects.refusals import Refused
from relevance import evidence_gate
from relevance.lexicon import Lexicon
from relevance.splits import Splits
from tests.annotation.test_invariants import refused, run
from tests.conftest import Cast
from tests.world.rows import make_import, make_item, make_pair, make_slots

pytestmark = pytest.mark.django_db

ClientFor = Callable[[Person], Client]
QUERIES = [text for text in (f"red mug number {number}" for number in range(200)) if Splits().of(text) != "test"]


@pytest.fixture
def by_gate(project: Project) -> Project:
    project.mode = StandingMode.BY_GATE
    project.save()
    return project


@pytest.fixture
def small_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four pairs of two queries suffice."""
    for module in (evidence_gate, drawing):
        monkeypatch.setattr(module, "FEWEST_PAIRS", 4)
        monkeypatch.setattr(module, "FEWEST_QUERIES", 2)
    monkeypatch.setattr(evidence_gate, "MOST_WRONG", 0.5)


@pytest.fixture
def mugs(project: Project) -> list[Pair]:
    """Two queries for a red mug over three mugs each: six pairs, none of a test query."""
    batch = make_import(project=project)
    return [
        make_pair(
            project=project,
            query=QUERIES[number % 2],
            item=make_item(project=project, title=f"Red mug {number}", batch=batch, category="Kitchen > Mugs"),
            batch=batch,
        )
        for number in range(6)
    ]


def checked(person: Person, pair: Pair, *, wrong: str = "") -> EvidenceCheck:
    """All cells of the pair marked right, those of one wish wrong."""
    sampled = SampledPair.objects.get(pair=pair)
    made = cells.grid_to_check(sampled.pair)
    said = {
        cell.name: cells.WRONG if cell.reading.text == wrong else cells.RIGHT
        for cell in cells.placed(made.grid)
        if cell.reading.speaks
    }
    return marking.store(person, pair.project, sampled, Grid.objects.get(pk=made.row_id), said, ("", ""))


def the_gate(project: Project) -> EvidenceGate:
    return EvidenceGate.objects.get(project=project)


def test_the_same_seed_draws_the_same_pairs_and_another_one_others(mugs: list[Pair], project: Project) -> None:
    one, again, other = ([row.pair for row in drawing.drawable(project, seed)] for seed in (1, 1, 2))
    assert one == again != other
    assert set(one) == {pair.pk for pair in mugs}


def test_gold_benchmark_and_test_queries_are_never_drawn(mugs: list[Pair], project: Project) -> None:
    test = next(text for text in (f"mug {number}" for number in range(99)) if Splits().of(text) == "test")
    make_pair(project=project, query=test)
    Pair.objects.filter(pk=mugs[0].pk).update(gold_label="L4")
    mugs[1].query.is_benchmark = True
    mugs[1].query.save()
    assert {row.pair for row in drawing.drawable(project, 1)} == {mugs[2].pk, mugs[4].pk}


def test_at_most_three_pairs_of_a_query_are_drawn_and_none_twice(
    mugs: list[Pair], project: Project, cast: Cast
) -> None:
    for number in range(3):
        item = make_item(project=project, title=f"Blue mug {number}", category="Kitchen")
        make_pair(project=project, query=QUERIES[0], item=item)
    act = drawing.draw(project, seed=1, actor=cast.lena)
    assert act.pairs == 6
    with pytest.raises(Refused, match="no pair left"):
        drawing.draw(project, seed=2, actor=cast.lena)
    assert AuditEvent.objects.filter(act="evidence.drawn", project=project).count() == 1


@pytest.mark.usefixtures("small_gate")
def test_small_categories_are_measured_together_and_a_large_one_alone(mugs: list[Pair], project: Project) -> None:
    for category in ("Shoes", ""):
        make_pair(project=project, query=QUERIES[2], item=make_item(project=project, category=category))
    drawing.draw(project, seed=1, actor=None)
    rows = EvidenceGate.objects.filter(project=project).order_by("together")
    assert [(row.category, row.together, row.categories) for row in rows] == [
        ("Kitchen", False, ["Kitchen"]),
        ("", True, ["", "Shoes"]),
    ]


@pytest.mark.usefixtures("small_gate")
def test_a_category_passes_once_enough_of_its_pairs_are_checked(mugs: list[Pair], by_gate: Project, cast: Cast) -> None:
    drawing.draw(by_gate, seed=1, actor=cast.lena)
    for pair in mugs[:3]:
        checked(cast.ana, pair)
    assert (the_gate(by_gate).state, the_gate(by_gate).figures["lacks"]) == ("not_yet", ["pairs"])
    assert gate.mode_of(mugs[5], by_gate) is Mode.BLIND
    checked(cast.ben, mugs[3])
    assert the_gate(by_gate).state == "passed"
    assert gate.mode_of(mugs[5], by_gate) is Mode.FACTS
    assert AuditEvent.objects.filter(act="evidence.gate", detail__state="passed").count() == 1


@pytest.mark.usefixtures("small_gate")
def test_what_measures_a_model_stays_blind_in_a_category_that_has_passed(
    mugs: list[Pair], by_gate: Project, cast: Cast
) -> None:
    drawing.draw(by_gate, seed=1, actor=None)
    for pair in mugs:
        checked(cast.ana, pair)
    test = next(text for text in (f"mug {number}" for number in range(99)) if Splits().of(text) == "test")
    of_test = make_pair(project=by_gate, query=test, item=mugs[0].item)
    mugs[0].gold_label = "L4"
    assert [gate.mode_of(pair, by_gate) for pair in (mugs[0], mugs[1], of_test)] == ["blind", "facts", "blind"]


def test_a_wrong_cell_is_counted_and_kept_to_be_shown(mugs: list[Pair], project: Project, cast: Cast) -> None:
    drawing.draw(project, seed=1, actor=None)
    for pair in mugs[:4]:
        checked(cast.ana, pair, wrong="red" if pair in mugs[:2] else "")
    row = the_gate(project)
    told = row.figures["wrong_cells"]
    assert told["value"] == pytest.approx(len(row.wrong_cells) / told["n"])
    assert {cell["text"] for cell in row.wrong_cells} == {"red"}
    assert {cell["pair"] for cell in row.wrong_cells} == {mugs[0].pk, mugs[1].pk}


def test_where_two_people_differ_a_cell_counts_as_wrong(mugs: list[Pair], project: Project, cast: Cast) -> None:
    drawing.draw(project, seed=1, actor=None)
    checked(cast.ana, mugs[0], wrong="red")
    checked(cast.ben, mugs[0])
    assert {cell["text"] for cell in the_gate(project).wrong_cells} == {"red"}


def test_a_pair_whose_cells_are_not_all_marked_is_refused_and_nothing_stored(
    mugs: list[Pair], project: Project, cast: Cast
) -> None:
    drawing.draw(project, seed=1, actor=None)
    sampled = SampledPair.objects.get(pair=mugs[0])
    grid = grids.grid_of(mugs[0], mugs[0].item.current_snapshot)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="right or wrong"):
        marking.store(cast.ana, project, sampled, grid, {}, ("", ""))
    assert not EvidenceCheck.objects.exists()


def test_an_undo_takes_the_pair_back_and_the_old_marks_stay_on_record(
    mugs: list[Pair], project: Project, cast: Cast
) -> None:
    drawing.draw(project, seed=1, actor=None)
    checked(cast.ana, mugs[0])
    checked(cast.ana, mugs[1], wrong="red")
    assert the_gate(project).figures["pairs"] == 2
    undone = marking.undo(cast.ana, project)
    assert undone is not None and undone.pair_id == mugs[1].pk
    assert the_gate(project).figures["pairs"] == 1
    assert [row.withdrawn for row in EvidenceCheck.objects.filter(pair=mugs[1]).order_by("revision")] == [False, True]
    assert set(marking.own_marks(cast.ana, project, mugs[1]).values()) == {"right", "wrong"}
    assert marking.undo(cast.ana, project) == SampledPair.objects.get(pair=mugs[0])
    assert marking.undo(cast.ana, project) is None


def test_what_a_grid_lacks_is_counted_in_the_words_of_the_query(mugs: list[Pair], project: Project, cast: Cast) -> None:
    drawing.draw(project, seed=1, actor=None)
    sampled = SampledPair.objects.get(pair=mugs[0])
    grid = grids.grid_of(mugs[0], mugs[0].item.current_snapshot)  # type: ignore[arg-type]
    said = {cell.name: "right" for cell in cells.placed(grids.EvidenceGrid.from_json(grid.body)) if cell.reading.speaks}
    with pytest.raises(Refused, match="own words"):
        marking.store(cast.ana, project, sampled, grid, said, ("blue", "cpv"))
    marking.store(cast.ana, project, sampled, grid, said, ("Mug", "cpv"))
    assert the_gate(project).figures["missing"] == 1


@pytest.mark.usefixtures("small_gate")
def test_marks_carry_over_to_another_extractor_where_cells_read_the_same(
    mugs: list[Pair], by_gate: Project, cast: Cast
) -> None:
    drawing.draw(by_gate, seed=1, actor=None)
    for pair in mugs:
        checked(cast.ana, pair)
    assert gate.passed(by_gate) == {"Kitchen"}
    other = {**Lexicon.shipped().to_json(), "note": "learnt again"}
    row = LearntLexicon.objects.create(project=by_gate, digest="2" * 64, body=other)
    assert lexicons.newest(by_gate) == row
    from django.core.cache import cache

    cache.clear()
    now_reads_otherwise = gate.extractor_now(by_gate) != the_gate(by_gate).extractor
    if now_reads_otherwise:
        assert gate.passed(by_gate) == frozenset(), "until it is counted anew"
    gate.follow()
    told = the_gate(by_gate)
    assert (told.state, told.extractor) == ("passed", gate.extractor_now(by_gate))
    assert told.figures["carried"] == (6 if now_reads_otherwise else 0)
    assert gate.passed(by_gate) == {"Kitchen"}


def test_a_cell_that_reads_otherwise_has_to_be_checked_again(
    mugs: list[Pair], project: Project, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing.draw(project, seed=1, actor=None)
    checked(cast.ana, mugs[0])
    original = cells.placed
    monkeypatch.setattr(
        cells,
        "placed",
        lambda grid: [
            cell._replace(reading=cell.reading._replace(literal=f"a {cell.reading.literal}")) for cell in original(grid)
        ],
    )
    gate.recount(project)
    assert (the_gate(project).figures["pairs"], the_gate(project).figures["again"]) == (0, 1)
    assert not SampledPair.objects.filter(checked=True).exists()


def test_who_has_seen_a_pairs_evidence_is_not_asked_to_judge_it_blind(
    mugs: list[Pair], by_gate: Project, cast: Cast, client_for: ClientFor
) -> None:
    for pair in mugs:
        make_slots(pair=pair)
    drawing.draw(by_gate, seed=1, actor=None)
    client_for(cast.ana).get(reverse("evidence-pair", args=[by_gate.slug, mugs[0].pk]))
    assert (queue.left_for(cast.ana, by_gate), queue.left_for(cast.ben, by_gate)) == (5, 6)
    given = []
    while (lease := queue.take(cast.ana, by_gate)) is not None:
        given.append(lease.pair_id)
        Lease.objects.filter(pk=lease.pk).update(state=Lease.State.USED)
        lease.slot.state = "done"
        lease.slot.save()
        Judgment.objects.create(
            pair=lease.pair, judge=queue.judge_of(cast.ana, by_gate), snapshot=lease.snapshot, label="L4", mode="blind"
        )
    assert given == [pair.pk for pair in mugs[1:]]
    mine = queue.take(cast.ben, by_gate)
    assert mine is not None and mine.pair_id == mugs[0].pk


def test_with_facts_a_checked_pair_is_judged_as_ever(mugs: list[Pair], project: Project, cast: Cast) -> None:
    make_slots(pair=mugs[0])
    drawing.draw(project, seed=1, actor=None)
    checked(cast.ana, mugs[0])
    lease = queue.take(cast.ana, project)
    assert lease is not None and lease.mode == Mode.FACTS


def test_a_blind_card_on_another_screen_is_given_back_when_its_evidence_is_seen(
    mugs: list[Pair], by_gate: Project, cast: Cast, client_for: ClientFor
) -> None:
    make_slots(pair=mugs[0])
    drawing.draw(by_gate, seed=1, actor=None)
    lease = queue.take(cast.ana, by_gate)
    assert lease is not None and lease.mode == Mode.BLIND
    client_for(cast.ana).get(reverse("evidence-pair", args=[by_gate.slug, mugs[0].pk]))
    lease.refresh_from_db()
    assert lease.state == Lease.State.RELEASED


def test_the_card_says_unchecked_where_no_gate_has_passed(
    mugs: list[Pair], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    """A lead has chosen facts; whether anybody has checked them stands on the card, and on the page of the pair."""
    make_slots(pair=mugs[0])
    lease = queue.take(cast.ana, project)
    assert lease is not None
    assert card.card(lease, project)["unchecked"]
    assert "unchecked" in client_for(cast.ana).get(reverse("judge", args=[project.slug])).content.decode()
    assert "unchecked" in client_for(cast.lena).get(reverse("pair", args=[project.slug, mugs[0].pk])).content.decode()


@pytest.mark.usefixtures("small_gate")
def test_the_card_is_silent_where_the_gate_has_passed(mugs: list[Pair], project: Project, cast: Cast) -> None:
    drawing.draw(project, seed=1, actor=None)
    for pair in mugs:
        checked(cast.ben, pair)
    make_slots(pair=mugs[0])
    lease = queue.take(cast.ana, project)
    assert lease is not None
    assert not card.card(lease, project)["unchecked"]


def test_a_cell_that_was_found_wrong_is_silent_from_then_on_and_is_still_measured(
    mugs: list[Pair], project: Project, cast: Cast
) -> None:
    """On the card it says nothing wrong any more; the gate is about pairs on which nobody has looked, so it counts as before."""
    drawing.draw(project, seed=1, actor=None)
    snapshot = mugs[0].item.current_snapshot
    assert snapshot is not None

    def shown() -> set[str]:
        value = grids.EvidenceGrid.from_json(grids.grid_of(mugs[0], snapshot).body)
        return {cell.reading.text for cell in cells.placed(value) if cell.reading.speaks}

    assert "red" in shown()
    checked(cast.ana, mugs[0], wrong="red")
    assert "red" not in shown()
    assert {cell["text"] for cell in gate.recount(project)[0].wrong_cells} == {"red"}
    marking.undo(cast.ana, project)
    assert "red" in shown()


def test_checks_are_append_only(mugs: list[Pair], project: Project, cast: Cast) -> None:
    drawing.draw(project, seed=1, actor=None)
    checked(cast.ana, mugs[0])
    with refused("permission denied"):
        run("UPDATE annotation_evidencecheck SET withdrawn = true")


def test_the_pages_go_round(mugs: list[Pair], project: Project, cast: Cast, client_for: ClientFor) -> None:
    """A lead draws, a labeler checks one pair after the other, everybody reads the figures."""
    lead, labeler = client_for(cast.lena), client_for(cast.ana)
    page = reverse("evidence", args=[project.slug])
    assert "No pair is drawn yet" in lead.get(page).content.decode()
    assert lead.post(page, {"per_category": "0", "seed": "7", "only": ""}).status_code == 422
    assert lead.post(page, {"per_category": "60", "seed": "7", "only": ""}).status_code == 302
    onward = reverse("evidence-next", args=[project.slug])
    for _number in range(6):
        answer = labeler.get(onward, follow=True)
        pair = answer.context["pair"]
        value = grids.EvidenceGrid.from_json(Grid.objects.get(pk=answer.context["grid_id"]).body)
        said = {cell.name: "right" for cell in cells.placed(value) if cell.reading.speaks}
        address = reverse("evidence-pair", args=[project.slug, pair.pk])
        assert labeler.post(address, {"grid": answer.context["grid_id"]}).status_code == 422
        stored = labeler.post(address, {"grid": answer.context["grid_id"], **said})
        assert stored.status_code == 302
        onward = stored["Location"]
    assert "Every drawn pair is checked" in labeler.get(onward, follow=True).content.decode()
    assert the_gate(project).figures["pairs"] == 6
    undone = labeler.post(reverse("evidence-undo", args=[project.slug]), follow=True)
    assert undone.context["pair"].pk == pair.pk
    text = lead.get(page).content.decode()
    assert "fewer than 50 pairs" in text and "of 6" in text
    assert lead.get(reverse("evidence-gate", args=[project.slug, the_gate(project).pk])).status_code == 200


def test_the_command_draws_and_tells_figures(
    mugs: list[Pair], project: Project, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    call_command("check_evidence", project=project.slug, sample=60, seed=3)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["drawn"] == 6
    [category] = told["categories"]
    assert (category["drawn"], category["pairs"], category["wrong_cells"], category["gate"]) == (6, 0, None, "not_yet")
    for pair in mugs:
        checked(cast.ana, pair)
    call_command("check_evidence", project=project.slug)
    [category] = json.loads(capsys.readouterr().out.splitlines()[-1])["categories"]
    assert category["pairs"] == 6
    assert category["wrong_cells"].keys() == {"value", "low", "high", "n"}
