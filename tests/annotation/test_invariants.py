"""Each invariant of the design, held by the database: one test of that name, run as the role the product runs as."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction

from annotation.models import Adjudication, Disagreement, Export, Gold, HardSet, HardSetMember, Lease
from catalogue.models import Pair
from database.clock import ClockTimestamp
from inference.models import Prediction
from lore_app.privileges import append_only_tables
from projects.models import Project
from tests.conftest import Cast
from tests.world.rows import (
    make_import,
    make_item,
    make_judgment,
    make_pair,
    make_prediction,
    make_rule_base,
    make_slots,
)

pytestmark = pytest.mark.django_db


@contextmanager
def refused(*names: str) -> Iterator[None]:
    """The database says no, and names the rule it keeps."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        yield
    for name in names:
        assert name in str(caught.value)


def run(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(params))


def test_one_pair_per_query_and_item(project: Project) -> None:
    pair = make_pair(project=project)
    with refused("one_pair_per_query_and_item"):
        Pair.objects.create(project=project, query=pair.query, item=pair.item, batch=pair.batch)


def test_snapshots_are_immutable(project: Project) -> None:
    snapshot = make_item(project=project).current_snapshot
    assert snapshot is not None
    with refused("permission denied"):
        run("UPDATE catalogue_snapshot SET title = 'x' WHERE id = %s", snapshot.pk)


def test_one_live_lease_per_slot(project: Project, cast: Cast) -> None:
    slot = make_slots(pair=make_pair(project=project), count=1)[0]

    def lease(person: Any) -> Lease:
        return Lease.objects.create(
            slot=slot,
            pair=slot.pair,
            round=1,
            person=person,
            token=uuid.uuid4(),
            mode="facts",
            snapshot=slot.pair.item.current_snapshot,
            until=ClockTimestamp() + timedelta(minutes=1),
        )

    lease(cast.ana)
    with refused("one_live_lease_per_slot"):
        lease(cast.ben)


def test_one_judgment_per_pair_judge_round_revision(project: Project, cast: Cast) -> None:
    pair = make_pair(project=project)
    make_judgment(pair=pair, by=cast.ana)
    with refused("one_judgment_per_pair_judge_round_revision"):
        make_judgment(pair=pair, by=cast.ana, label="L1")
    make_judgment(pair=pair, by=cast.ana, label="L1", revision=2)


@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_judgments_are_append_only(project: Project, cast: Cast, statement: str) -> None:
    make_judgment(pair=make_pair(project=project), by=cast.ana)
    with refused("permission denied"):
        run(statement.format("annotation_judgment"))


@pytest.mark.parametrize(
    "attempt",
    [
        "ALTER TABLE annotation_judgment DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TRIGGER annotation_judgment_no_change ON annotation_judgment",
        "ALTER TABLE annotation_judgment OWNER TO lore_app",
        "GRANT UPDATE ON annotation_judgment TO lore_app",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ],
)
def test_the_role_cannot_switch_the_triggers_off(project: Project, cast: Cast, attempt: str) -> None:
    make_judgment(pair=make_pair(project=project), by=cast.ana)
    try:
        with transaction.atomic():
            run(attempt)
    except DatabaseError:
        pass
    with refused("permission denied"):
        run("UPDATE annotation_judgment SET label = 'L1'")


def test_every_append_only_table_has_its_two_triggers_and_no_right_to_change() -> None:
    with connection.cursor() as cursor:
        for table in append_only_tables():
            cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table])
            assert cursor.fetchone()[0] >= 2, table
            for right in ("UPDATE", "DELETE", "TRUNCATE"):
                cursor.execute("SELECT has_table_privilege(%s, %s)", [table, right])
                assert cursor.fetchone()[0] is False, (table, right)


def test_the_role_owns_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM pg_tables WHERE tableowner = current_user GROUP BY 1")
        assert cursor.fetchall() == []
        cursor.execute("SELECT rolsuper OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)


def test_no_foreign_key_deletes_along() -> None:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if (
                model._meta.app_label in settings.OUR_APPS
                and getattr(field, "many_to_one", False)
                and not field.auto_created
            ):
                cascades = field.remote_field.on_delete.__name__ == "CASCADE"  # type: ignore[union-attr]
                assert not cascades or model._meta.auto_created, f"{model.__name__}.{field.name}"


def test_submit_is_idempotent(project: Project, cast: Cast) -> None:
    key = uuid.uuid4()
    make_judgment(pair=make_pair(project=project), by=cast.ana, idempotency_key=key)
    with refused("submit_is_idempotent"):
        make_judgment(pair=make_pair(project=project, query="blue mug"), by=cast.ana, idempotency_key=key)


def test_an_empty_label_is_refused(project: Project, cast: Cast) -> None:
    with refused("empty_label_is_refused"):
        make_judgment(pair=make_pair(project=project), by=cast.ana, label="")


def test_gold_names_its_ground(project: Project) -> None:
    pair = make_pair(project=project)
    for ground in Gold.Ground:
        with refused("gold_names_its_ground"):
            Gold.objects.create(pair=pair, label="L4", ground=ground, snapshot=pair.item.current_snapshot)
    Gold.objects.create(pair=pair, label="L4", ground="import", batch=pair.batch, snapshot=pair.item.current_snapshot)


def test_labels_came_by_a_confirmed_mapping(project: Project) -> None:
    unsaid = make_import(project=project, labels_by="")
    pair = make_pair(project=project, batch=unsaid)
    with refused("labels_came_by_a_confirmed_mapping"):
        Gold.objects.create(pair=pair, label="L4", ground="import", batch=unsaid, snapshot=pair.item.current_snapshot)
    with refused("labels_came_by_a_confirmed_mapping"):
        make_judgment(pair=pair, by="r1")


def test_nobody_adjudicates_their_own_disagreement(project: Project, cast: Cast) -> None:
    pair = make_pair(project=project)
    make_judgment(pair=pair, by=cast.ada)
    disagreement = Disagreement.objects.create(project=project, pair=pair, kind="human_human")

    def adjudicate(person: Any) -> None:
        Adjudication.objects.create(
            disagreement=disagreement,
            pair=pair,
            adjudicator=person,
            snapshot=pair.item.current_snapshot,
            label="L4",
            idempotency_key=uuid.uuid4(),
        )

    with refused("nobody_adjudicates_their_own_disagreement"):
        adjudicate(cast.ada)
    adjudicate(cast.lena)


def test_published_rules_are_frozen() -> None:
    version = make_rule_base().versions.get()
    with refused("permission denied"):
        run("UPDATE rules_ruleversion SET body = '{}' WHERE id = %s", version.pk)
    with refused("permission denied"):
        run("DELETE FROM rules_ruleversion WHERE id = %s", version.pk)


def test_prediction_names_its_origin(project: Project) -> None:
    pair = make_pair(project=project)
    with refused("prediction_names_its_origin"):
        _prediction_without_digest(pair)
    for column in ("model_id", "rule_base_id", "grid_id", "snapshot_id"):
        field = Prediction._meta.get_field(column.removesuffix("_id"))
        assert field.null is False, column


def _prediction_without_digest(pair: Pair) -> None:
    whole = make_prediction(pair=pair)
    Prediction.objects.create(
        **{
            field.attname: getattr(whole, field.attname)
            for field in Prediction._meta.concrete_fields
            if field.attname not in {"id", "prompt_digest", "key_sha256", "created_at"}
        },
        prompt_digest="",
        key_sha256="other",
    )


def test_invalid_has_no_label(project: Project) -> None:
    pair = make_pair(project=project)
    with refused("invalid_has_no_label"):
        _invalid(pair, label="L4")
    _invalid(pair)


def _invalid(pair: Pair, label: str = "") -> None:
    whole = make_prediction(pair=pair, status="invalid", reason="schema")
    Prediction.objects.create(
        pair=pair,
        snapshot=whole.snapshot,
        model=whole.model,
        rule_base=whole.rule_base,
        grid=whole.grid,
        prompt_digest="1",
        key_sha256="another",
        status="invalid",
        reason="schema",
        label=label,
    )


def test_an_ok_prediction_has_a_label(project: Project) -> None:
    pair = make_pair(project=project)
    with refused("invalid_has_no_label"), transaction.atomic():
        whole = make_prediction(pair=make_pair(project=project, query="x"))
        Prediction.objects.create(
            pair=pair,
            snapshot=pair.item.current_snapshot,
            model=whole.model,
            rule_base=whole.rule_base,
            grid=whole.grid,
            prompt_digest="1",
            key_sha256="2",
            status="ok",
            label="",
        )


def test_one_prediction_per_key(project: Project) -> None:
    whole = make_prediction(pair=make_pair(project=project))
    with refused("one_prediction_per_key"):
        Prediction.objects.create(
            **{
                field.attname: getattr(whole, field.attname)
                for field in Prediction._meta.concrete_fields
                if field.attname not in {"id", "created_at"}
            }
        )


@pytest.mark.parametrize("mode", ["blind", "facts"])
def test_blind_slots_never_carry_a_prediction(project: Project, cast: Cast, mode: str) -> None:
    pair = make_pair(project=project)
    with refused("blind_slots_never_carry_a_prediction"):
        make_judgment(pair=pair, by=cast.ana, mode=mode, prediction=make_prediction(pair=pair))


def hard_set_with_one_member(project: Project) -> HardSet:
    pair = make_pair(project=project)
    hard_set = HardSet.objects.create(project=project, name=uuid.uuid4().hex)
    HardSetMember.objects.create(
        hard_set=hard_set,
        pair=pair,
        snapshot=pair.item.current_snapshot,
        reasons=[{"kind": "low_margin", "evidence_kind": "prediction", "evidence_id": "1"}],
    )
    return hard_set


def test_a_hard_set_member_without_a_reason_is_refused(project: Project) -> None:
    hard_set = hard_set_with_one_member(project)
    pair = make_pair(project=project, query="another")
    with refused("hard_set_member_has_a_reason"):
        HardSetMember.objects.create(hard_set=hard_set, pair=pair, snapshot=pair.item.current_snapshot, reasons=[])


def test_a_frozen_hard_set_neither_grows_nor_changes(project: Project) -> None:
    hard_set = hard_set_with_one_member(project)
    with refused("does not have 2 members"):
        HardSet.objects.filter(pk=hard_set.pk).update(size=2, frozen_at=ClockTimestamp())
    HardSet.objects.filter(pk=hard_set.pk).update(size=1, frozen_at=ClockTimestamp())
    with refused("is frozen"):
        HardSet.objects.filter(pk=hard_set.pk).update(name="another")
    pair = make_pair(project=project, query="late")
    with refused("is frozen"):
        HardSetMember.objects.create(
            hard_set=hard_set, pair=pair, snapshot=pair.item.current_snapshot, reasons=[{"kind": "x"}]
        )


def test_sealed_export_matches_its_manifest(project: Project) -> None:
    export = Export.objects.create(project=project, kind="labels")
    manifest = {"files": [{"name": "labels.jsonl", "rows": 3}, {"name": "labels.csv", "rows": 3, "counted": False}]}
    seal: Callable[[int], int] = lambda rows: Export.objects.filter(pk=export.pk).update(  # noqa: E731
        state="done", rows=rows, manifest=manifest, manifest_sha256="0" * 64
    )
    with refused("sealed_export_matches_its_manifest"):
        seal(4)
    seal(3)
    with refused("sealed_export_matches_its_manifest"):
        Export.objects.filter(pk=export.pk).update(rows=2)


def test_an_export_without_a_manifest_is_not_sealed(project: Project) -> None:
    export = Export.objects.create(project=project, kind="labels")
    with pytest.raises(IntegrityError), transaction.atomic():
        Export.objects.filter(pk=export.pk).update(state="done", rows=0, manifest={"files": []})
