"""A payload into every text field of every row of the demo, past triggers and validation: what an attacker who got that far left.

`OURS` lists the fields that hold our own words (codes, hashes, names of columns), with the reason; every other text
field of the model graph is planted, and `plant` says of each how many rows were.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.utils import timezone

from annotation import backtesting
from annotation.models import (
    Adjudication,
    BackTest,
    BadCase,
    BadCaseNote,
    Comparison,
    Disagreement,
    Draft,
    Export,
    Grid,
    HardSet,
    HardSetMember,
    Import,
    Judgment,
    Lease,
    ModelJob,
    Pair,
    PictureFetch,
    PictureSource,
    Prediction,
    PrelabelAttempt,
    PrelabelJob,
    QueryGuideline,
    Rejection,
    Snapshot,
    Trial,
    Worker,
)  # fmt: skip
from inference import knowledge_history
from inference.models import Caption, ModelVersion, PromptVersion
from projects import tokens
from projects.models import Membership, Person, Project, Role, Scope
from rules.models import Rule, RuleBaseVersion, RuleDraft, RuleRemark, RuleVersion
from rules.publishing import specs
from tests.hostile.payloads import PAYLOADS, fitting

APPS = ("projects", "rules", "inference", "annotation")
CODE = "a code, label or state of ours: the database or the domain knows no other"
HASH = "a hash or token of ours"
OURS = {
    **dict.fromkeys(
        ("projects.Project.scale_name", "annotation.Import.scale_name", "annotation.Import.preset", "annotation.Pair.gold_label",
         "annotation.HardSetMember.gold_label", "annotation.Judgment.label", "annotation.Judgment.mismatch",
         "annotation.Judgment.reason", "annotation.Judgment.mode", "annotation.Gold.label", "annotation.Gold.mismatch",
         "annotation.Gold.judgments", "annotation.Adjudication.label", "annotation.Adjudication.mismatch",
         "annotation.Prediction.status", "annotation.Prediction.label", "annotation.Prediction.mismatch",
         "annotation.Prediction.samples", "annotation.PrelabelAttempt.outcome", "annotation.PrelabelRun.only",
         "annotation.BadCaseNote.act", "annotation.ReplayEntry.label", "projects.AuditEvent.act",
         "projects.AuditEvent.object_kind", "projects.Person.locale", "rules.Rule.code", "rules.DraftedRule.code",
         "inference.ModelVersion.engine", "inference.LearntModel.source", "inference.Calibration.method",
         "projects.Project.slug"), CODE),
    **dict.fromkeys(
        ("projects.Person.password", "projects.OneTimeLink.token_sha256", "rules.RuleVersion.body_sha256",
         "rules.RuleBaseVersion.digest", "inference.PromptVersion.digest", "inference.Caption.image_sha256",
         "inference.Caption.question_sha256", "annotation.Rejection.raw_sha256", "annotation.Image.sha256",
         "annotation.Snapshot.sha256", "annotation.Snapshot.raw_sha256", "annotation.Snapshot.images",
         "annotation.Export.manifest_sha256", "annotation.LearntLexicon.digest", "annotation.Grid.extractor",
         "projects.ServiceToken.prefix", "projects.ServiceToken.sha256", "projects.GuessCount.key",
         "annotation.Prediction.prompt_digest", "annotation.Prediction.key_sha256", "annotation.Judgment.body_sha256",
         "annotation.ReplaySet.digest", "annotation.BackTest.digest"), HASH),
    **dict.fromkeys(
        ("annotation.Import.stored_as", "annotation.Export.folder"), "a path in our storage, never shown"),
    **dict.fromkeys(
        ("annotation.Prediction.knowledge", "annotation.Prediction.sampling", "annotation.Prediction.posterior",
         "annotation.Prediction.moved", "inference.LearntModel.corpus", "inference.LearntModel.report",
         "inference.Calibration.parameters", "inference.Calibration.bins", "inference.PromptVersion.aliases",
         "inference.ModelVersion.found", "annotation.ModelJob.result"), "numbers, ids or features of ours"),
    "annotation.Import.mapping": "columns for the reader; the page shows those of the file, which is planted",
    "annotation.LearntLexicon.body": "words for the grid, never shown",
    "annotation.HardSet.criteria": "codes of reasons",
    "annotation.HardSetMember.reasons": "codes and ids",
    "inference.ModelVersion.options": "set on the command line, never shown",
    "projects.Person.username": "the demo signs in by it; of one further person it is planted",
}  # fmt: skip
ALSO_UNIQUE = {"annotation.Query.text", "annotation.Item.external_id", "annotation.HardSet.name", "annotation.Judge.rater",
               "inference.KnowledgeCard.key", "inference.KnowledgeCard.key_folded", "annotation.Worker.name",
               "inference.PromptVersion.name", "inference.ModelVersion.name", "annotation.PictureSource.host",
               "annotation.PictureFetch.address"}  # fmt: skip
ONLY = {"annotation.Judge.rater": "person_id IS NULL", "annotation.Prediction.reason": "status = 'invalid'"}
# In JSON: keys below which foreign text stands, and keys below which nothing is touched.
TEXTS = {"en", "zh", "query", "title", "note", "entity", "text", "value", "literal", "constraint", "name", "shop", "where",
         "category", "description", "reason", "licence", "attribution", "file", "why", "code_text"}  # fmt: skip
OURS_IN_JSON = {"when", "scope_queries", "label", "dimension", "kind", "verdict", "intent", "mismatch", "files", "counts",
                "versions", "code", "tokens", "posterior", "figures", "matrix", "examples"}  # fmt: skip


def text_fields() -> Iterator[tuple[type[models.Model], models.Field[Any, Any]]]:
    for model in apps.get_models():
        if model._meta.app_label in APPS and model._meta.managed:  # what a view shows is planted in its tables
            for field in model._meta.concrete_fields:
                if isinstance(field, models.CharField | models.TextField | models.JSONField) and not field.choices:
                    yield model, field


def name_of(model: type[models.Model], field: models.Field[Any, Any]) -> str:
    return f"{model._meta.app_label}.{model.__name__}.{field.name}"


@transaction.atomic
def plant(storage: Path) -> dict[str, int]:
    """As the owner of the database, with triggers off. Returns how many rows of each field were planted."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    project = Project.objects.get(slug="demo")
    furnish(project, storage)
    planted = {}
    for model, field in text_fields():
        name = name_of(model, field)
        if name in OURS:
            continue
        if isinstance(field, models.JSONField):
            planted[name] = _plant_json(model, field, name)
        else:
            planted[name] = _plant_text(model, field, name)
    Person.objects.filter(username="plain").update(username=PAYLOADS[0])
    return planted


def _plant_text(model: type[models.Model], field: models.Field[Any, Any], name: str) -> int:
    """Another payload in every row; a unique one keeps the row's number behind it."""
    length = getattr(field, "max_length", None)
    unique = field.unique or name in ALSO_UNIQUE
    texts = fitting(length - 8 if unique and length else length) or ["<b>"]
    number = model._meta.pk.column
    tail = f"|| ' #' || {number}" if unique else ""
    start = sum(map(ord, name)) % len(texts)
    table, column = model._meta.db_table, field.column
    with connection.cursor() as cursor:
        taken = f"(%s::text[])[1 + ({number} + {start}) %% {len(texts)}]"
        cursor.execute(f'UPDATE {table} SET "{column}" = {taken} {tail} WHERE {ONLY.get(name, "true")}', [texts])
        return int(cursor.rowcount)


def _plant_json(model: type[models.Model], field: models.Field[Any, Any], name: str) -> int:
    count = 0
    for row in model._default_manager.exclude(**{f"{field.name}__isnull": True}):
        value = getattr(row, field.name)
        take = _taker(row.pk + sum(map(ord, name)))
        planted = SPECIAL.get(name, _walk)(value, take)
        if planted != value:
            model._default_manager.filter(pk=row.pk).update(**{field.name: planted})
            count += 1
    return count


def _taker(start: int) -> Callable[[], str]:
    numbers = iter(range(start, 10**9))
    return lambda: PAYLOADS[next(numbers) % len(PAYLOADS)]


def _walk(value: Any, take: Callable[[], str], *, text: bool = False) -> Any:
    if isinstance(value, str):
        return take() if text and value else value
    if isinstance(value, list):
        return [_walk(one, take, text=text) for one in value]
    if isinstance(value, dict):
        return {key: one if key in OURS_IN_JSON else _walk(one, take, text=key in TEXTS) for key, one in value.items()}
    return value


def _all(value: Any, take: Callable[[], str]) -> Any:
    """Every string is foreign."""
    if isinstance(value, dict):
        return {key: _all(one, take) for key, one in value.items()}
    if isinstance(value, list):
        return [_all(one, take) for one in value]
    return take() if isinstance(value, str) else value


def _names_too(value: Any, take: Callable[[], str]) -> Any:
    """Of a body of rules: attributes are foreign on both sides of the colon."""
    if isinstance(value, dict):
        return {
            key: {take(): take() for _ in one} if key == "cpv" and isinstance(one, dict)
            else one if key in OURS_IN_JSON else _names_too(one, take) if isinstance(one, dict | list)
            else take() if key in TEXTS and isinstance(one, str) and one else one
            for key, one in value.items()
        }  # fmt: skip
    return [_names_too(one, take) if isinstance(one, dict | list) else one for one in value]


def _back_test(value: Any, take: Callable[[], str]) -> Any:
    return {**value, "by_category": {take(): count for count in value.get("by_category", {}).values()}}


SPECIAL: dict[str, Callable[[Any, Callable[[], str]], Any]] = {
    **dict.fromkeys(
        ("annotation.Snapshot.cpv", "annotation.Snapshot.skus", "annotation.Snapshot.selling_points",
         "annotation.Snapshot.image_addresses", "projects.AuditEvent.detail",
         "annotation.QueryGuideline.required", "annotation.QueryGuideline.optional", "inference.KnowledgeCard.item_ids",
         "inference.KnowledgeRevision.item_ids", "annotation.Prediction.contradicts", "annotation.Prediction.signals",
         "inference.PromptVersion.templates", "annotation.Draft.body"), _all),
    "rules.RuleVersion.body": _names_too,
    "rules.DraftedRule.body": _names_too,
    "annotation.BackTest.result": _back_test,
}  # fmt: skip


def furnish(project: Project, storage: Path) -> None:
    """A row at least of everything, so that every page has something to show."""
    person = {one.username.removeprefix("demo-"): one for one in Person.objects.all()}
    lena, max_, rosa, ana, ada = (person[name] for name in ("lena", "max", "rosa", "ana", "ada"))
    plain = Person.objects.create_person("plain", name="plain")
    Membership.objects.create(project=project, person=plain, role=Role.LABELER)
    base = RuleBaseVersion.objects.order_by("-number").first()
    model = ModelVersion.objects.first()
    assert base is not None and model is not None
    pairs = list(Pair.objects.filter(project=project).select_related("item__current_snapshot")[:6])
    pair = pairs[0]
    snapshot = pair.item.current_snapshot
    batch = Import.objects.filter(project=project).first()
    assert snapshot is not None and batch is not None
    for row in range(1, 9):
        Rejection.objects.create(batch=batch, row=row, field="title", reason="missing", raw="x")
    Import.objects.create(
        project=project,
        kind="pairs",
        file_name="x",
        state="dead",
        error="x",
        requested_by=lena,
        confirmed=True,
        finished_at=timezone.now(),
    )
    (storage / "imports").mkdir(parents=True, exist_ok=True)
    rows = [{"query": text, "item_id": text, "title": text, text: text, f"{text}x": text} for text in PAYLOADS]
    (storage / "imports/waiting").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Import.objects.create(project=project, kind="pairs", file_name="x", stored_as="imports/waiting", requested_by=lena)
    tokens.issue(project, "x", [Scope.IMPORT], days=30, actor=lena)
    PictureSource.objects.create(project=project, host="x", added_by=lena)
    addresses = ["https://x/1.jpg", "https://x/2.jpg"]
    for address in addresses:
        PictureFetch.objects.create(
            project=project, batch=batch, address=address, host="x", state="dead", error="x", finished_at=timezone.now()
        )
    Snapshot.objects.filter(pk__in=[one.item.current_snapshot_id for one in pairs]).update(image_addresses=addresses)
    # rules
    draft = RuleDraft.objects.create(title="x", why="x", base=base, author=rosa, returned="x", override_reason="x")
    version = RuleVersion.objects.select_related("rule").first()
    assert version is not None
    draft.rules.create(code=version.rule.code, before=version, body=version.body, updated_by=rosa)
    rule = Rule.objects.get(code="R-080")
    for kind in ("comment", "question", "unclear"):
        remark = RuleRemark.objects.create(rule=rule, person=ana, kind=kind, text="x", about="/")
        RuleRemark.objects.create(rule=rule, person=rosa, kind="answer", text="x", answers=remark)
    # models, prompts, knowledge
    prompt = PromptVersion.objects.first()
    other = PromptVersion.objects.create(
        name="other", templates=prompt.templates if prompt else {"item": "x"}, aliases=["ABCD"],
        digest="d" * 64, note="x", written_by=max_,
    )  # fmt: skip
    chat = ModelVersion.objects.create(
        name="chat", engine="openai_server", target="http://127.0.0.1:9/v1", revision="r", prompt_version="1", prompt=other,
        registered_by=max_,
    )  # fmt: skip
    for kind in ("term", "selling_point"):
        said = knowledge_history.written(kind, "mug", "a cup", source="x", item_ids=["1", "2"])
        knowledge_history.add_or_change(project, said, rosa, seen=0)
    caption = Caption.objects.create(
        image_sha256="1" * 64, question_sha256="2" * 64, question="x", model=chat, text="x"
    )
    # what the machine did
    guideline = QueryGuideline.objects.create(
        query=pair.query, revision=1, intent="x", required=["a"], optional=["b"], written_by=rosa
    )
    Prediction.objects.filter(pair__in=pairs).update(
        caption=caption, guideline=guideline, contradicts=["grid"], signals=["suspected_injection"],
        knowledge=[one.pk for one in project.knowledge.first().revisions.all()],
    )  # fmt: skip
    grid = Grid.objects.filter(query=pairs[1].query).first() or Grid.objects.first()
    Prediction.objects.create(
        pair=pairs[1], snapshot=pairs[1].item.current_snapshot, model=chat, rule_base=base, grid=grid, prompt_digest="3" * 64,
        key_sha256="4" * 64, status="invalid", reason="not_json",
    )  # fmt: skip
    job = PrelabelJob.objects.first()
    assert job is not None
    PrelabelJob.objects.filter(pk=job.pk).update(state="dead", prediction=None, error="x", lease_until=None)
    PrelabelAttempt.objects.create(job=job, number=1, token=uuid.uuid4(), outcome="failed", error="x", answer="x")
    # what people did
    Judgment.objects.filter(pair__in=pairs).update(note="x")
    dispute = Disagreement.objects.filter(project=project, state="open").first()
    if dispute is not None:
        Judgment.objects.filter(pair=dispute.pair).update(note="x")
    settled = Disagreement.objects.create(project=project, pair=pair, kind="human_human", state="settled")
    Adjudication.objects.create(
        disagreement=settled,
        pair=pair,
        adjudicator=ada,
        snapshot=snapshot,
        label="L4",
        note="x",
        idempotency_key=uuid.uuid4(),
    )
    for lease in Lease.objects.all():
        Draft.objects.create(person=lease.person, pair=lease.pair, body={"note": "x"})
    Draft.objects.get_or_create(person=ana, pair=pairs[2], defaults={"body": {"note": "x"}})
    case = BadCase.objects.create(project=project, pair=pair, snapshot=snapshot, reported_by=ana, owner=rosa)
    BadCaseNote.objects.create(bad_case=case, author=ana, act="flagged", text="x")
    # sets, exports, tests
    hard_set = HardSet.objects.create(project=project, name="x", created_by=max_, size=1, frozen_at=case.opened_at)
    reasons = [{"kind": "human_split", "evidence_kind": "x", "evidence_id": 1}]
    HardSetMember.objects.create(hard_set=hard_set, pair=pair, snapshot=snapshot, reasons=reasons)
    manifest = {
        "files": [{"name": "labels.jsonl", "rows": 1, "bytes": 1, "sha256": "x", "counted": True}],
        "counts": {"held_out_benchmark": 0, "why_no_chain": {}},
        "sources": [{"source": "x", "licence": "x", "attribution": "x"}],
    }
    Export.objects.create(
        project=project, kind="labels", requested_by=max_, hard_set=hard_set, state="done", rows=1, manifest=manifest,
        manifest_sha256="5" * 64,
    )  # fmt: skip
    Export.objects.create(project=project, kind="labels", requested_by=max_, state="dead", error="x")
    ModelJob.objects.create(project=project, kind="canary", model=chat, requested_by=max_, state="dead", error="x")
    BackTest.objects.create(project=project, draft=draft, digest="6" * 64, state="dead", error="x", requested_by=rosa)
    rules = specs(base)
    # Against rules that say the opposite: everything flips, so every part of the page has something to show.
    tally = backtesting.compare(project, rules, [replace(rule, label="L1", effect="label") for rule in rules])
    assert tally is not None
    BackTest.objects.create(
        project=project, draft=draft, digest="7" * 64, state="done", requested_by=rosa, seen=tally.pairs, total=tally.pairs,
        result=backtesting.result_of(tally),
    )  # fmt: skip
    Trial.objects.create(
        project=project,
        pair=pair,
        snapshot=snapshot,
        model=chat,
        prompt=other,
        requested_by=max_,
        state="done",
        raw="x",
    )
    comparison = Comparison.objects.create(project=project, model=chat, before=other, after=other, requested_by=max_)
    Trial.objects.create(
        project=project, pair=pair, snapshot=snapshot, model=chat, prompt=other, requested_by=max_, state="done", raw="x",
        rendered=[{"name": "item", "text": "x", "tokens": 1}], comparison=comparison,
        judged={"status": "invalid", "reason": "x", "label": "", "posterior": None, "chain": None, "contradicts": []},
    )  # fmt: skip
    Worker.objects.create(name="x", kind="worker")
    for kind in (Import, PrelabelJob, Export, ModelJob, BackTest, Trial):
        kind.objects.filter(state__in=("done", "dead")).update(finished_at=case.opened_at)
