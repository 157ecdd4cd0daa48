from __future__ import annotations

import gzip
import io
import json
import re
import uuid
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from annotation.gold import settling
from annotation.models import Adjudication, Disagreement, Gold, Judge, Judgment, Slot
from catalogue.evidence import lexicons
from catalogue.importing import running, storing, taking_in
from catalogue.importing.labels.label_values import ScaleUnclear
from catalogue.importing.labels.project_scale import adopt_scale
from catalogue.importing.meaning.inspecting import Origin
from catalogue.importing.meaning.presets import OWN
from catalogue.importing.opening import ImportFile
from catalogue.importing.reading.readers import FileRefused
from catalogue.importing.running import Plan, counts_of, run_here, run_import
from catalogue.importing.storing import ImportCounts, Outcome
from catalogue.models import Import, Item, LabelConflict, Pair, Query, Rejection, Snapshot
from jobs import leasing
from projects.models import AuditEvent, Mode, Project
from relevance.labels import scale_named
from tests.world.rows import make_judgment, make_prediction

ORIGIN = Origin("a shop", "CC0-1.0", "")
Row = dict[str, Any]


def pair(query: str = "red mug", item: str = "m1", title: str = "Red mug", **values: Any) -> Row:
    return {"query": query, "item_id": item, "title": title, **values}


@pytest.fixture
def bring(project: Project, tmp_path: Path) -> Callable[..., ImportCounts]:
    """Import rows (or raw lines) into the project."""

    def run(*rows: Row | str, judge_gold: bool = False, kind: str = "pairs") -> ImportCounts:
        path = tmp_path / f"{uuid.uuid4().hex}.jsonl"
        path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
        plan = Plan(dict(OWN), {}, judge_gold)
        scale = project.scale if kind == "pairs" else None
        return counts_of(run_here(project, kind, [path], plan=plan, origin=ORIGIN, preset="lore", scale=scale))

    return run


Bring = Callable[..., ImportCounts]


def test_it_works(bring: Bring, project: Project) -> None:
    counts = bring(pair(pair_id="p1", locale="en", attributes={"colour": "red"}), pair(item="m2", title="Blue mug"))
    assert counts == ImportCounts(read=2, new=2)
    first = Pair.objects.select_related("query", "item__current_snapshot").get(external_id="p1")
    assert (first.query.text, first.query.locale, first.item.external_id) == ("red mug", "en", "m1")
    assert first.facts().item.cpv == (("colour", "red"),)
    batch = Import.objects.get()
    assert (batch.state, batch.read, batch.new, batch.source, batch.licence) == ("done", 2, 2, "a shop", "CC0-1.0")
    assert first.item.current_snapshot is not None and first.item.current_snapshot.batch == batch
    assert batch.bytes_read == batch.bytes_total > 0


def test_a_second_import_adds_nothing(bring: Bring) -> None:
    rows = [pair(label="L4", ratings={"r1": "L4", "r2": "L3"}), pair(item="m2"), pair(item="m2", query="mug")]
    assert bring(*rows) == ImportCounts(read=3, new=3, gold=1, ratings=2)
    before = [model.objects.count() for model in (Item, Snapshot, Query, Pair, Slot, Gold, Judgment, Judge)]
    assert bring(*rows) == ImportCounts(read=3, known=3)
    assert [model.objects.count() for model in (Item, Snapshot, Query, Pair, Slot, Gold, Judgment, Judge)] == before


def test_a_row_twice_in_a_file_makes_one_pair(bring: Bring) -> None:
    assert bring(pair(label="L4"), pair(label="L4"), pair(query=" red  mug ")) == ImportCounts(
        read=3, new=1, known=2, gold=1
    )


def test_other_content_makes_a_snapshot_counts_as_changed_and_leaves_the_slots_alone(bring: Bring) -> None:
    bring(pair(), pair(query="mug"))
    Slot.objects.update(state="done")
    counts = bring(pair(title="Red mug, new"), pair(query="mug", title="Red mug, new"), pair(item="m2"))
    assert counts == ImportCounts(read=3, new=1, changed=2)
    item = Item.objects.select_related("current_snapshot").get(external_id="m1")
    assert item.snapshots.count() == 2 and str(item.current_snapshot) == "Red mug, new"
    assert set(Slot.objects.filter(pair__item=item).values_list("state", flat=True)) == {"done"}


def test_content_that_comes_back_makes_its_old_snapshot_current_again(bring: Bring) -> None:
    for title in ("A", "B", "A"):
        bring(pair(title=title))
    item = Item.objects.select_related("current_snapshot").get()
    assert item.snapshots.count() == 2 and str(item.current_snapshot) == "A"


def test_a_file_that_contradicts_itself_keeps_its_last_content_and_its_first_label_and_changes_nothing_again(
    bring: Bring,
) -> None:
    rows = [pair(title="A", label="L1", ratings={"r": "L1"}), pair(title="B", label="L4", ratings={"r": "L4"})]
    assert bring(*rows) == ImportCounts(read=2, new=1, changed=1, gold=1, ratings=1, conflicts=2)
    assert str(Item.objects.select_related("current_snapshot").get().current_snapshot) == "B"
    assert Pair.objects.get().gold_label == "L1"
    assert bring(*rows) == ImportCounts(read=2, known=2, conflicts=2)


def test_one_bad_row_blocks_no_other(bring: Bring) -> None:
    rows = [pair(item=f"m{n}") for n in range(50)]
    rows[20] = pair(item="m20", title="")
    counts = bring(*rows)
    assert (counts.new, counts.rejected) == (49, 1)
    refused = Rejection.objects.get()
    assert (refused.row, refused.field, refused.reason) == (21, "title", "missing")
    assert json.loads(refused.raw) == rows[20]


def test_every_kind_of_bad_row_is_kept_with_its_number(bring: Bring) -> None:
    counts = bring(pair(), "{broken", pair(item="m2", mismatch="taste"), "[]", pair(item="m3", label_scale="esci-4"))
    assert counts == ImportCounts(read=5, new=1, rejected=4)
    assert list(Rejection.objects.order_by("row").values_list("row", "field")) == [
        (2, ""),
        (3, "mismatch"),
        (4, ""),
        (5, "label_scale"),
    ]


def test_rows_nested_beyond_reason_harm_nobody(bring: Bring) -> None:
    def deep(levels: int) -> str:
        return "[" * levels + "]" * levels

    hostile = f'{{"query": "mug", "item_id": {{}}, "title": "x", "attributes": {{"a": {deep(900)}}}}}'
    long = f'{{"query": "mug", "item_id": "m9", "title": "x", "attributes": {deep(900)}, "x": "{"y" * 70_000}"}}'
    counts = bring(hostile.replace("{}", '"m2"'), long, pair(item="m3", title=json.loads(deep(900))), pair())
    assert (counts.read, counts.new + counts.rejected) == (4, 4)
    assert Pair.objects.filter(item__external_id="m1").exists()


def test_of_a_thousand_rows_fifty_hostile_ones_go_in_marked(bring: Bring) -> None:
    signs = ("\0", "\ud800")
    rows = [pair(item=f"m{n}", title=f"Mug{signs[n % 2]}" if n < 50 else "Mug") for n in range(1000)]
    assert bring(*rows).new == 1000
    assert Snapshot.objects.filter(sanitised=1, title="Mug\ufffd").count() == 50


def test_a_row_that_the_database_refuses_is_left_out_alone(bring: Bring, monkeypatch: pytest.MonkeyPatch) -> None:
    real = storing.store

    def refuse_one(batch: Import, project: Project, records: Any, **options: Any) -> Outcome:
        if any(record.item_id == "m3" for record in records):
            Item.objects.create(project=project, external_id="x" * 201)
        return real(batch, project, records, **options)

    monkeypatch.setattr(taking_in, "store", refuse_one)
    counts = bring(*(pair(item=f"m{n}") for n in range(8)))
    assert counts == ImportCounts(read=8, new=7, rejected=1)
    assert Rejection.objects.get().row == 4  # m0 is row 1
    assert not Item.objects.filter(external_id__startswith="x").exists()


def test_new_pairs_get_as_many_slots_as_the_project_wants(bring: Bring) -> None:
    bring(pair(), pair(item="m2", label="L4"))
    assert list(Slot.objects.values_list("number", "round", "state", "mode").order_by("number")) == [
        (1, 1, "open", ""),
        (2, 1, "open", ""),
    ]
    assert set(Slot.objects.values_list("pair__item__external_id", flat=True)) == {"m1"}


def test_pairs_with_gold_are_judged_too_on_request(bring: Bring) -> None:
    bring(pair(label="L4"), judge_gold=True)
    assert Slot.objects.count() == 2


def test_pairs_of_one_query_lie_together_in_the_queue_whatever_their_order_in_the_file(bring: Bring) -> None:
    bring(pair("mug", "m1"), pair("cup", "c1"), pair("mug", "m2"))
    bring(pair("cup", "c2"), pair("mug", "m3"))
    queue = Slot.objects.filter(number=1).order_by("position").values_list("pair__item__external_id", flat=True)
    assert list(queue) in (["m1", "m2", "m3", "c1", "c2"], ["c1", "c2", "m1", "m2", "m3"])


def test_benchmark_queries_are_judged_blind_also_when_that_is_learnt_later(bring: Bring) -> None:
    bring(pair(benchmark=True), pair("mug", "m2"))
    assert Slot.objects.get(pair__query__text="red mug", number=1).mode == Mode.BLIND
    assert Slot.objects.get(pair__query__text="mug", number=1).mode == ""
    bring(pair("mug", "m3", benchmark=True))
    assert set(Slot.objects.values_list("mode", flat=True)) == {"blind"}
    assert bring(pair("mug", "m2", benchmark=False)).known == 1
    assert Query.objects.get(text="mug").is_benchmark
    made = AuditEvent.objects.filter(act="import.made_benchmark").order_by("pk")
    project_id = Query.objects.values_list("project", flat=True)[0]
    assert [(event.project_id, event.detail) for event in made] == [(project_id, {"queries": 1})] * 2


def test_a_label_in_the_file_becomes_gold_by_import(bring: Bring) -> None:
    bring(pair(label="mismatch", mismatch="main accessory"))
    gold = Gold.objects.select_related("pair", "snapshot", "batch").get()
    assert (gold.label, gold.mismatch, gold.ground) == ("L2", "main_accessory", "import")
    assert gold.pair.gold_label == "L2" and gold.batch == Import.objects.get()


def test_an_adjudicated_label_is_not_overwritten_by_an_import(bring: Bring, project: Project, cast: Any) -> None:
    bring(pair())
    row = Pair.objects.select_related("item").get()
    opened = Disagreement.objects.create(project=project, pair=row, kind="human_human")
    snapshot = row.item.current_snapshot
    ruling = Adjudication.objects.create(
        disagreement=opened,
        pair=row,
        adjudicator=cast.ada,
        snapshot=snapshot,
        label="L1",
        idempotency_key=uuid.uuid4(),
    )
    Gold.objects.create(pair=row, label="L1", ground="adjudication", adjudication=ruling, snapshot=snapshot)
    assert bring(pair(label="L4")) == ImportCounts(read=1, known=1, conflicts=1)
    assert conflicts() == [(1, "", "L4", "L1", "adjudication", "L1")]


def conflicts() -> list[tuple[Any, ...]]:
    """Of the last import."""
    found = LabelConflict.objects.filter(batch=Import.objects.latest("pk")).order_by("row", "rater")
    return [(one.row, one.rater, one.said, one.met, one.ground, one.stands) for one in found]


def test_of_two_imports_the_earlier_label_stays_and_the_later_is_listed_each_time(bring: Bring) -> None:
    bring(pair(label="L1"), pair(item="m2", label="L4"))
    for _again in range(3):
        assert bring(pair(label="L4"), pair(item="m2", label="L4")) == ImportCounts(read=2, known=2, conflicts=1)
        assert conflicts() == [(1, "", "L4", "L1", "import", "L1")]
    assert list(Gold.objects.order_by("pk").values_list("revision", "label")) == [(1, "L1"), (1, "L4")]
    first = Import.objects.earliest("pk")
    assert set(LabelConflict.objects.values_list("earlier", flat=True)) == {first.pk}


def test_of_two_rows_of_a_file_the_earlier_stays_also_over_two_chunks(
    bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_in, "CHUNK_ROWS", 1)
    assert bring(pair(label="L4"), pair(label="L1"), pair(query=" red  mug", label="L2")).conflicts == 2
    assert conflicts() == [(2, "", "L1", "L4", "import", "L4"), (3, "", "L2", "L4", "import", "L4")]
    assert Pair.objects.get().gold_label == "L4"


def agree_on_l4(project: Project, cast: Any) -> None:
    (known,) = Pair.objects.select_related("item", "project")
    for person in (cast.ana, cast.ben):
        make_judgment(pair=known, by=person, label="L4")
    settling.settle(project, [known.pk])


def test_a_label_of_a_file_stands_above_the_consensus_of_people_and_lists_it_each_time(
    bring: Bring, project: Project, cast: Any
) -> None:
    bring(pair())
    agree_on_l4(project, cast)
    assert Pair.objects.get().gold_label == "L4"
    assert bring(pair(label="L1")) == ImportCounts(read=1, known=1, gold=1, conflicts=1)
    assert conflicts() == [(1, "", "L1", "L4", "consensus", "L1")]
    assert bring(pair(label="L1")) == ImportCounts(read=1, known=1, conflicts=1)
    assert conflicts() == [(1, "", "L1", "L4", "consensus", "L1")]
    assert Pair.objects.get().gold_label == "L1"


def test_a_consensus_that_says_the_same_becomes_gold_by_import_without_a_conflict(
    bring: Bring, project: Project, cast: Any
) -> None:
    bring(pair())
    agree_on_l4(project, cast)
    assert bring(pair(label="L4")) == ImportCounts(read=1, known=1, gold=1)


def test_two_dimensions_of_one_label_contradict_and_one_that_is_unsaid_is_filled_in(bring: Bring) -> None:
    rows = [pair(label="L2"), pair(label="L2", mismatch="colour"), pair(label="L2"), pair(label="L2", mismatch="brand")]
    assert bring(*rows) == ImportCounts(read=4, new=1, known=3, gold=1, conflicts=1)
    assert Gold.objects.latest("revision").mismatch == "colour"
    (found,) = LabelConflict.objects.all()
    assert (found.row, found.said_mismatch, found.met_mismatch) == (4, "brand", "colour")
    assert bring(*rows) == ImportCounts(read=4, known=4, conflicts=1)


def test_what_a_rater_said_of_a_pair_first_stays_and_the_later_is_listed_each_time(bring: Bring) -> None:
    assert bring(pair(ratings={"ann": "L4", "bob": "L4"}), pair(ratings={"ann": "L1"})).conflicts == 1
    assert conflicts() == [(2, "ann", "L1", "L4", "rating", "L4")]
    for _again in range(2):
        assert bring(pair(ratings={"bob": "L3"})) == ImportCounts(read=1, known=1, conflicts=1)
        assert conflicts() == [(1, "bob", "L3", "L4", "rating", "L4")]
    assert set(Judgment.objects.values_list("judge__rater", "revision", "label")) == {
        ("ann", 1, "L4"),
        ("bob", 1, "L4"),
    }


def test_conflicts_are_append_only(bring: Bring) -> None:
    bring(pair(label="L4"), pair(label="L1"))
    with pytest.raises(DatabaseError), transaction.atomic():
        LabelConflict.objects.update(said="L4")
    with pytest.raises(DatabaseError), transaction.atomic():
        LabelConflict.objects.all().delete()


def test_ratings_become_judgments_of_named_raters_without_mode_or_slot(bring: Bring) -> None:
    bring(pair(label="L4", ratings=[{"rater": "r1", "label": "L4"}, {"rater": "r2", "label": "L1"}]))
    rows = Judgment.objects.order_by("judge__rater").values_list("judge__rater", "label", "mode", "slot", "outcome")
    assert list(rows) == [("r1", "L4", "", None, "label"), ("r2", "L1", "", None, "label")]


def test_imported_ratings_open_no_dispute_where_imported_gold_exists(bring: Bring) -> None:
    bring(pair(label="L4", ratings={"r1": "L4", "r2": "L1"}))
    assert not Disagreement.objects.exists()


def test_ratings_that_differ_without_gold_open_a_dispute(bring: Bring) -> None:
    bring(pair(ratings={"r1": "L4", "r2": "L1"}), pair(item="m2", ratings={"r1": "L4", "r2": "L4"}))
    assert [row.pair.item.external_id for row in Disagreement.objects.all()] == ["m1"]
    assert Pair.objects.get(item__external_id="m2").gold_label == "L4"


def test_gold_that_comes_later_withdraws_the_dispute_of_raters(bring: Bring) -> None:
    bring(pair(ratings={"r1": "L4", "r2": "L1"}))
    bring(pair(label="L4"))
    assert Disagreement.objects.get().state == "withdrawn"


def test_judgments_of_our_own_people_are_left_alone(bring: Bring, cast: Any) -> None:
    bring(pair())
    row = Pair.objects.select_related("project", "item").get()
    make_judgment(pair=row, by=cast.ana, label="L1")
    bring(pair(label="L4", ratings={"ana": "L4"}))
    assert Judgment.objects.get(judge__person=cast.ana).label == "L1"
    assert Judgment.objects.get(judge__rater="ana").label == "L4"


@pytest.mark.parametrize("kind", ["pairs", "items"])
def test_other_content_withdraws_the_dispute_with_what_the_model_said_of_the_content_before(
    bring: Bring, project: Project, cast: Any, kind: str
) -> None:
    bring(pair())
    (known,) = Pair.objects.select_related("item")
    make_prediction(pair=known, label="L1")
    for person in (cast.ana, cast.ben):
        make_judgment(pair=known, by=person, label="L4")
    settling.settle(project, [known.pk])
    assert list(Disagreement.objects.values_list("kind", "state")) == [("human_model", "open")]
    row = pair(title="Dark red mug")
    bring(row if kind == "pairs" else {name: row[name] for name in ("item_id", "title")}, kind=kind)
    assert list(Disagreement.objects.values_list("kind", "state")) == [("human_model", "withdrawn")]


def test_the_pairs_of_a_chunk_are_held_in_the_order_of_their_ids(bring: Bring) -> None:
    """Whoever settles the same pairs takes them in that order; the file has them the other way round."""
    rows = [pair(item=f"m{n}", label="L4") for n in range(3)]
    bring(*rows)
    with CaptureQueriesContext(connection) as asked:
        bring(*({**row, "label": "L1"} for row in reversed(rows)))
    touched = [
        q["sql"] for q in asked.captured_queries if re.search("UPDATE catalogue_pair|FOR NO KEY UPDATE", q["sql"])
    ]
    held = next(n for n, sql in enumerate(touched) if "FROM catalogue_pair" in sql and "ORDER BY id" in sql)
    assert not any("UPDATE catalogue_pair" in sql for sql in touched[:held])


def test_a_project_without_pairs_takes_the_scale_of_the_file_and_then_keeps_it(project: Project, bring: Bring) -> None:
    assert adopt_scale(project, scale_named("esci-4"), actor=None).scale_name == "esci-4"
    adopt_scale(project, scale_named("lore-4"), actor=None)
    bring(pair())
    with pytest.raises(ScaleUnclear, match="judges in lore-4, the file in esci-4"):
        adopt_scale(project, scale_named("esci-4"), actor=None)


def claimed(project: Project, data: bytes) -> tuple[Import, uuid.UUID]:
    """A confirmed upload that a worker has just taken."""
    batch = Import.objects.create(
        project=project,
        kind="pairs",
        file_name="pairs.jsonl",
        stored_as=default_storage.save("imports/test", ContentFile(data)),
        bytes_total=len(data),
        mapping=Plan(dict(OWN)).to_json(),
        scale_name="lore-4",
        confirmed=True,
    )
    token = leasing.claim(Import, batch.pk)
    assert token is not None
    return batch, token


def lines(count: int) -> bytes:
    return b"".join(json.dumps(pair(item=f"m{n}")).encode() + b"\n" for n in range(count))


def test_work_runs_a_claimed_upload_to_its_end(project: Project) -> None:
    batch, token = claimed(project, lines(3))
    running.work(batch.pk, token)
    batch.refresh_from_db()
    assert (batch.state, batch.new, batch.bytes_read) == ("done", 3, batch.bytes_total)


def test_a_killed_import_goes_on_after_its_last_chunk_and_counts_right(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_in, "CHUNK_ROWS", 2)
    batch, token = claimed(project, lines(3) + b"{broken\n" + lines(6)[-30:] + lines(8))

    def die(counts: ImportCounts, _bytes_read: int) -> None:
        if counts.read >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), default_storage.open(batch.stored_as) as file:
        run_import(batch, [ImportFile(batch.file_name, file)], token=token, on_progress=die)
    batch.refresh_from_db()
    assert (batch.state, batch.read, batch.new, batch.rejected) == ("running", 4, 3, 1)
    running.work(batch.pk, token)
    batch.refresh_from_db()
    # 3 pairs, 1 broken, 1 cut in half, then 8 of which 3 are known: 5 new
    assert (batch.state, batch.read, batch.new, batch.known, batch.rejected) == ("done", 13, 8, 3, 2)
    assert Rejection.objects.count() == 2


def test_a_superseded_or_cancelled_import_writes_nothing_more(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_in, "CHUNK_ROWS", 2)
    batch, token = claimed(project, lines(6))

    def cancel(counts: ImportCounts, _bytes_read: int) -> None:
        leasing.cancel(Import.objects.filter(pk=batch.pk))

    with pytest.raises(leasing.Superseded), default_storage.open(batch.stored_as) as file:
        run_import(batch, [ImportFile(batch.file_name, file)], token=token, on_progress=cancel)
    batch.refresh_from_db()
    assert (batch.state, batch.read, Pair.objects.count()) == ("cancelled", 2, 2)


def test_a_file_that_breaks_off_fails_for_good_and_says_why(project: Project) -> None:
    import gzip

    batch, token = claimed(project, gzip.compress(lines(3000))[:-50])
    running.work(batch.pk, token)
    batch.refresh_from_db()
    assert batch.state == "dead" and "cut off" in batch.error
    assert batch.read == batch.new == Pair.objects.count() > 0


def test_a_project_whose_scale_moved_takes_no_labels_of_another(project: Project) -> None:
    batch, token = claimed(project, lines(1))
    Project.objects.update(scale_name="binary")
    running.work(batch.pk, token)
    batch.refresh_from_db()
    assert batch.state == "dead" and "binary" in batch.error and not Pair.objects.exists()


def test_a_command_that_was_killed_is_not_taken_over_by_a_worker(project: Project) -> None:
    batch, token = claimed(project, b"")
    Import.objects.filter(pk=batch.pk).update(stored_as="")
    running.work(batch.pk, token)
    batch.refresh_from_db()
    assert batch.state == "dead" and "Run it again" in batch.error


def test_a_refused_file_leaves_its_row_dead_and_raises(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(FileRefused):
        run_here(project, "pairs", [path], plan=Plan(), origin=ORIGIN)
    assert Import.objects.get().state == "dead"


def test_what_is_nested_too_deeply_is_rejected_and_never_cut_short(project: Project, tmp_path: Path) -> None:
    nested: Any = "end"
    for _ in range(8):
        nested = {"n": nested}
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(lines(1) + json.dumps({**pair(item="deep"), "attributes": {"size": nested}}).encode())
    assert run_here(project, "pairs", [path], plan=Plan(dict(OWN)), origin=ORIGIN).new == 1
    assert str(Rejection.objects.get().reason) == "nested too deeply"


def test_a_file_that_breaks_off_says_how_many_of_its_rows_stay(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl.gz"
    path.write_bytes(gzip.compress(lines(20_000), 1)[:-4000])
    with pytest.raises(FileRefused, match=r"cut off\. The (\d+) rows before that have been imported") as refused:
        run_here(project, "pairs", [path], plan=Plan(dict(OWN)), origin=ORIGIN)
    assert str(Import.objects.get().read) in str(refused.value)


def test_memory_does_not_grow_with_the_file(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader is a stream and a chunk is all that is held: what is alive after a chunk does not depend on n."""
    import gc

    monkeypatch.setattr(taking_in, "CHUNK_ROWS", 500)
    alive: list[int] = []

    def count(counts: ImportCounts, _bytes_read: int) -> None:
        gc.collect()
        alive.append(sum(type(one).__name__ in {"Record", "Row", "Content"} for one in gc.get_objects()))

    batch, token = claimed(project, lines(2500))
    run_import(batch, [ImportFile(batch.file_name, BytesIO(lines(2500)))], token=token, on_progress=count)
    assert len(alive) >= 5 and max(alive) < 3 * 500  # a row, its record and its content each


def test_of_large_rows_fewer_make_a_chunk(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_in, "CHUNK_BYTES", 10_000)
    reached: list[int] = []
    data = b"".join(json.dumps(pair(item=f"m{n}", description="x" * 4000)).encode() + b"\n" for n in range(9))
    batch, token = claimed(project, data)
    run_import(
        batch,
        [ImportFile(batch.file_name, BytesIO(data))],
        token=token,
        on_progress=lambda counts, _bytes: reached.append(counts.read),
    )
    assert reached == [3, 6, 9]  # two of about 4,060 bytes are less than 10,000, three are more


def test_what_was_read_before_a_file_breaks_off_is_kept(project: Project) -> None:
    import gzip

    batch, token = claimed(project, gzip.compress(lines(300))[:-9])  # the last byte of the rows, and the trailer
    running.work(batch.pk, token)
    batch.refresh_from_db()
    assert (batch.state, batch.read) == ("dead", Pair.objects.count()) and batch.read >= 299


def test_a_refused_row_is_in_the_language_of_whoever_reads_it(bring: Bring) -> None:
    with override("zh-hans"):
        bring(pair(title=""))
        refused = Rejection.objects.get()
        assert (refused.reason, refused.words) == ("missing", "缺失")
    with override("en"):
        assert refused.words == "missing"


def test_the_lexicon_is_learnt_with_the_import(project: Project, tmp_path: Path) -> None:
    """Whoever starts the first run does not wait for it."""
    file = tmp_path / "pairs.jsonl"
    row = {"query": "mug", "item_id": "1", "title": "Mug", "attributes": {"brand": "Kestrel"}, "label_scale": "lore-4"}
    file.write_text(json.dumps(row) + "\n")
    call_command("import_pairs", str(file), project=project.slug, stdout=io.StringIO(), stderr=io.StringIO())
    assert "kestrel" in lexicons.current(project).terms


def test_of_two_columns_for_one_field_the_first_of_the_preset_counts_in_the_worker_too(project: Project) -> None:
    """An object of JSONB forgets the order of its names; the report says which column counts before the other."""
    batch, token = claimed(
        project, json.dumps({**pair(item="b1"), "path": "Hall > Benches", "class": "Benches"}).encode()
    )
    columns = {"query": "query", "item_id": "item_id", "title": "title", "path": "category", "class": "category"}
    Import.objects.filter(pk=batch.pk).update(mapping=Plan(columns).to_json())
    running.work(batch.pk, token)
    assert Snapshot.objects.get().category == "Hall > Benches"
    batch.refresh_from_db()
    told = {column["name"]: column["after"] for column in batch.report["columns"]}
    assert (told["path"], told["class"]) == ("", "path")
