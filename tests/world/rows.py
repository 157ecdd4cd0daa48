"""Rows for tests, made plainly: every argument is keyword-only and has a sensible default."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from annotation.models import Adjudication, Disagreement, Judge, Judgment, Lease, Slot
from catalogue.models import Grid, Import, Item, Pair, Query, Snapshot
from inference.models import ActiveModel, ModelVersion, Prediction, Trial
from projects.models import Membership, Person, Project
from rules.models import Rule, RuleBaseEntry, RuleBaseVersion, RuleVersion

_numbers = itertools.count(1)

RULE_BODY: dict[str, Any] = {
    "dimension": "colour",
    "title": {"en": "Another colour", "zh": "颜色不符"},
    "statement": {"en": "A colour other than the one asked for is a mismatch.", "zh": "颜色与需求不同即为不匹配。"},
    "when": {"row": {"kind": "colour", "verdict": "conflict"}},
    "effect": "cap",
    "label": "L2",
    "precedence": 50,
    "cases": [
        {"query": "red mug", "item": {"title": "Mug", "cpv": {"colour": "blue"}}, "label": "L2"},
        {"query": "blue mug", "item": {"title": "Mug", "cpv": {"colour": "blue"}}, "label": "L4"},
        {"query": "red mug", "item": {"title": "Mug", "cpv": {"colour": "red"}}, "label": "L4"},
    ],
}


def make_people(*, project: Project, roles: Mapping[str, str]) -> dict[str, Person]:
    """Members of a project by their names, in two statements however many they are; none has a password."""
    people = Person.objects.bulk_create(Person(username=name, name=name.title(), password="!") for name in roles)
    Membership.objects.bulk_create(
        Membership(project=project, person=person, role=roles[person.username]) for person in people
    )
    return {person.username: person for person in people}


def make_import(*, project: Project, labels_by: str = "call", **fields: Any) -> Import:
    fields = {"mapping": {"labels_by": labels_by}, **fields}
    return Import.objects.create(
        project=project,
        kind="pairs",
        file_name="pairs.jsonl",
        source="tests",
        licence="CC0-1.0",
        confirmed=True,
        **fields,
    )


def make_item(
    *, project: Project, title: str = "Red mug", batch: Import | None = None, locale: str = "", **fields: Any
) -> Item:
    external_id = fields.pop("external_id", f"item-{next(_numbers)}")
    item = Item.objects.create(project=project, external_id=external_id, locale=locale)
    content = hashlib.sha256(f"{title}{fields}".encode()).hexdigest()
    snapshot = Snapshot.objects.create(
        item=item, sha256=content, title=title, batch=batch or make_import(project=project), **fields
    )
    item.current_snapshot = snapshot
    item.save(update_fields=["current_snapshot"])
    return item


def make_pair(
    *,
    project: Project,
    query: str = "red mug",
    item: Item | None = None,
    batch: Import | None = None,
    locale: str = "",
    **fields: Any,
) -> Pair:
    """`locale` is the query's, and the item's where it is made here."""
    batch = batch or make_import(project=project)
    row, _ = Query.objects.get_or_create(project=project, text=query, locale=locale)
    item = item or make_item(project=project, batch=batch, locale=locale)
    return Pair.objects.create(project=project, query=row, item=item, batch=batch, **fields)


def make_slots(*, pair: Pair, count: int | None = None, mode: str = "") -> list[Slot]:
    return [
        Slot.objects.create(project=pair.project, pair=pair, number=number, position=pair.pk, mode=mode)
        for number in range(1, (count or pair.project.overlap) + 1)
    ]


def make_rule_base(*, body: dict[str, Any] | None = None, code: str = "R-001") -> RuleBaseVersion:
    number = RuleBaseVersion.objects.count() + 1
    rule, _ = Rule.objects.get_or_create(code=code)
    version = RuleVersion.objects.create(
        rule=rule,
        number=rule.versions.count() + 1,
        dimension=(body or RULE_BODY)["dimension"],
        body=body or RULE_BODY,
        body_sha256="0" * 64,
        origin="pack",
    )
    base = RuleBaseVersion.objects.create(number=number, digest=uuid.uuid4().hex)
    RuleBaseEntry.objects.create(rule_base=base, rule=rule, version=version)
    return base


def make_model(*, name: str = "scripted", **fields: Any) -> ModelVersion:
    return ModelVersion.objects.create(
        name=name,
        engine=fields.pop("engine", "openai_server"),
        revision=uuid.uuid4().hex[:8],
        prompt_version=fields.pop("prompt_version", "1"),
        **fields,
    )


def activate(*, model: ModelVersion, project: Project) -> None:
    ActiveModel.objects.update_or_create(
        project=project, role=model.role, defaults={"model": model, "behind_from": None}
    )


def make_grid(*, pair: Pair) -> Grid:
    return Grid.objects.create(
        query=pair.query,
        snapshot_id=pair.item.snapshot_now,
        extractor=uuid.uuid4().hex,
        body={"rows": [], "overlap": 0.0, "extractor_version": "test"},
    )


CHAIN: dict[str, Any] = {
    "entity": "mug",
    "intent": "item",
    "constraints": [],
    "path": [],
    "rules": [],
    "label": "L4",
    "mismatch": None,
}


def make_prediction(
    *,
    pair: Pair,
    label: str = "L4",
    model: ModelVersion | None = None,
    rule_base: RuleBaseVersion | None = None,
    posterior: dict[str, float] | None = None,
    active: bool = True,
    **fields: Any,
) -> Prediction:
    """Of the project's active model; the given one becomes that, unless `active` is false: then it is a candidate's."""
    shares = posterior or {code: 0.91 if code == label else 0.03 for code in ("L1", "L2", "L3", "L4")}
    top = sorted(shares.values(), reverse=True)
    defaults: dict[str, Any] = {
        "status": "ok",
        "label": label,
        "posterior": shares,
        "margin": top[0] - top[1],
        "chain": {**CHAIN, "label": label, "mismatch": "colour" if label == "L2" else None},
        "mismatch": "colour" if label == "L2" else "",
    }
    if fields.get("status") == "invalid":
        defaults |= {"label": "", "posterior": None, "margin": None, "chain": None, "mismatch": ""}
    known = ActiveModel.objects.filter(project=pair.project, role="judge").first() if active else None
    model = model or (known.model if known is not None else make_model())
    if active:
        activate(model=model, project=pair.project)
    return Prediction.objects.create(
        pair=pair,
        snapshot_id=pair.item.snapshot_now,
        model=model,
        rule_base=rule_base or RuleBaseVersion.objects.first() or make_rule_base(),
        grid=fields.pop("grid", None) or make_grid(pair=pair),
        prompt_digest="1" * 64,
        key_sha256=uuid.uuid4().hex * 2,
        **{**defaults, **fields},
    )


def make_judgment(*, pair: Pair, by: Person | str, label: str = "L4", **fields: Any) -> Judgment:
    """By a person, or by a rater's name (then it names the import it came with)."""
    if isinstance(by, str):
        judge, _ = Judge.objects.get_or_create(project=pair.project, rater=by)
        fields.setdefault("batch", pair.batch)
    else:
        judge, _ = Judge.objects.get_or_create(project=pair.project, person=by)
    return Judgment.objects.create(
        pair=pair,
        judge=judge,
        snapshot_id=pair.item.snapshot_now,
        label=label,
        mismatch=fields.pop("mismatch", "colour" if label == "L2" else ""),
        **fields,
    )


def make_lease(*, slot: Slot, person: Person, **fields: Any) -> Lease:
    """For an hour, on a card with the facts."""
    Slot.objects.filter(pk=slot.pk).update(state="leased")
    return Lease.objects.create(
        slot=slot,
        pair=slot.pair,
        round=slot.round,
        person=person,
        token=uuid.uuid4(),
        snapshot_id=slot.pair.item.snapshot_now,
        **{
            "mode": "facts",
            "rule_base": RuleBaseVersion.objects.order_by("-number").first(),
            "until": timezone.now() + timedelta(hours=1),
            **fields,
        },
    )


def make_dispute(*, pair: Pair, state: str = "open") -> Disagreement:
    return Disagreement.objects.create(project=pair.project, pair=pair, kind="human_human", state=state)


def make_ruling(*, pair: Pair, by: Person, dispute: Disagreement | None = None, **fields: Any) -> Adjudication:
    return Adjudication.objects.create(
        disagreement=dispute or make_dispute(pair=pair, state="settled"),
        pair=pair,
        adjudicator=by,
        snapshot_id=pair.item.snapshot_now,
        idempotency_key=uuid.uuid4(),
        **{"label": "L3", **fields},
    )


def make_trial(*, pair: Pair, by: Person, **fields: Any) -> Trial:
    """That has ended, with what the model said."""
    said: dict[str, Any] = {"status": "ok", "label": "L4", "posterior": {"L4": 1.0}, "chain": None, "contradicts": []}
    done = {"state": "done", "finished_at": timezone.now(), "judged": said}
    fields = {**done, **fields}
    return Trial.objects.create(
        project=pair.project, pair=pair, snapshot_id=pair.item.snapshot_now, requested_by=by, **fields
    )


def labels_of(judgments: Sequence[Judgment]) -> list[str]:
    return [judgment.label for judgment in judgments]
