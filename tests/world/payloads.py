"""A payload into every text column of the installation, past triggers and validation: what an attacker who got that far left.

`OURS` lists the columns that hold our own words (codes, hashes, names of columns), with the reason; every other text
column is planted, and `plant` says of each how many rows were.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models, transaction

from annotation.models import BackTest
from annotation.standard import backtesting
from catalogue.evidence.lexicons import current
from catalogue.models import Grid, Import
from inference.models import Trial
from relevance.evidence import build_grid
from rules import publishing
from tests.hostile.payloads import PAYLOADS, fitting
from tests.world.cast import World
from tests.world.columns import text_columns

CODE = "a code, label or state of ours: the database or the domain knows no other"
HASH = "a hash or token of ours"
OURS = {
    **dict.fromkeys(
        ("projects.Project.scale_name", "catalogue.Import.scale_name", "catalogue.Import.preset", "catalogue.Pair.gold_label",
         "annotation.HardSetMember.gold_label", "annotation.Judgment.label", "annotation.Judgment.mismatch",
         "annotation.Judgment.reason", "annotation.Judgment.mode", "annotation.Gold.label", "annotation.Gold.mismatch",
         "annotation.Gold.judgments", "annotation.Adjudication.label", "annotation.Adjudication.mismatch",
         "inference.Prediction.status", "inference.Prediction.label", "inference.Prediction.mismatch",
         "inference.Prediction.samples", "inference.ImportedPrediction.label", "catalogue.LabelConflict.said",
         "catalogue.LabelConflict.said_mismatch", "catalogue.LabelConflict.met", "catalogue.LabelConflict.met_mismatch",
         "inference.PrelabelAttempt.outcome", "inference.PrelabelRun.only",
         "annotation.BadCaseNote.act", "annotation.ReplayEntry.label", "projects.AuditEvent.act",
         "projects.AuditEvent.object_kind", "projects.Person.locale", "rules.Rule.code", "rules.DraftedRule.code",
         "inference.ModelVersion.engine", "inference.LearntModel.source", "inference.Calibration.method",
         "projects.Project.slug", "inference.PromptVersion.name", "projects.HourlyCount.kind", "rules.FindingAcknowledged.kind",
         "rules.FindingAcknowledged.rules", "annotation.Export.kind",
         "catalogue.CellCorrection.dimension", "catalogue.CellCorrection.source",
         "catalogue.CellCorrection.verdict", "catalogue.PictureWords.reader", "catalogue.PictureWords.reason",
         "catalogue.PictureWords.language"), CODE),
    **dict.fromkeys(
        ("projects.Person.password", "projects.OneTimeLink.token_sha256", "rules.RuleVersion.body_sha256",
         "rules.RuleBaseVersion.digest", "rules.FindingAcknowledged.content",
         "rules.FindingAcknowledged.key", "inference.PromptVersion.digest", "inference.Caption.image_sha256",
         "inference.Caption.question_sha256", "catalogue.Rejection.raw_sha256", "catalogue.Image.sha256",
         "catalogue.Snapshot.sha256", "catalogue.Snapshot.raw_sha256", "catalogue.Snapshot.images",
         "annotation.Export.manifest_sha256", "catalogue.LearntLexicon.digest", "catalogue.Grid.extractor",
         "projects.ServiceToken.prefix", "projects.ServiceToken.sha256", "projects.GuessCount.key",
         "inference.ImportedPrediction.file_sha256", "catalogue.Import.file_sha256",
         "inference.Prediction.prompt_digest", "inference.Prediction.key_sha256", "annotation.Judgment.body_sha256",
         "annotation.ReplaySet.digest",
         "annotation.EvidenceGate.extractor", "annotation.BackTest.digest", "annotation.RuleReplay.digest"), HASH),
    **dict.fromkeys(
        ("catalogue.Import.stored_as", "annotation.Export.folder", "inference.KnowledgeImport.stored_as"),
        "a path in our storage, never shown"),
    **dict.fromkeys(
        ("inference.Prediction.knowledge", "inference.Prediction.sampling", "inference.Prediction.posterior",
         "inference.ImportedPrediction.posterior",
         "inference.Prediction.moved", "inference.LearntModel.corpus", "inference.LearntModel.report",
         "inference.Calibration.parameters", "inference.Calibration.bins", "inference.PromptVersion.aliases",
         "inference.ModelJob.result", "annotation.RuleReplay.result",
         "annotation.EvidenceGate.figures", "inference.QueryReadingRun.reasons"), "numbers, ids or features of ours"),
    "catalogue.Import.mapping": "columns for the reader; the page shows those of the file, which is planted",
    "catalogue.LearntLexicon.body": "words for the grid, never shown",
    "annotation.HardSet.criteria": "codes of reasons",
    "annotation.HardSetMember.reasons": "codes and ids",
    "inference.ModelVersion.options": "set on the command line, never shown",
}  # fmt: skip
ALSO_UNIQUE = {"catalogue.Query.text", "catalogue.Item.external_id", "annotation.HardSet.name", "annotation.Judge.rater",
               "inference.KnowledgeCard.key", "inference.KnowledgeCard.key_folded", "jobs.Worker.name",
               "inference.ModelVersion.name", "catalogue.PictureSource.host",
               "catalogue.PictureFetch.address"}  # fmt: skip
ONLY = {"annotation.Judge.rater": "person_id IS NULL", "inference.Prediction.reason": "status = 'invalid'"}
# In JSON: keys below which foreign text stands, and keys below which nothing is touched.
TEXTS = {"en", "zh", "query", "title", "note", "entity", "text", "value", "literal", "constraint", "name", "shop", "where",
         "category", "description", "reason", "licence", "attribution", "file", "why", "code_text",
         "answer"}  # fmt: skip
OURS_IN_JSON = {"when", "scope_queries", "label", "dimension", "kind", "verdict", "intent", "mismatch", "files", "counts",
                "versions", "code", "tokens", "posterior", "figures", "matrix", "examples"}  # fmt: skip


def name_of(model: type[models.Model], field: models.Field[Any, Any]) -> str:
    return f"{model._meta.app_label}.{model.__name__}.{field.name}"


@transaction.atomic
def plant(world: World) -> dict[str, int]:
    """As the owner of the database, with triggers off. Returns how many rows of each column were planted."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    _show_more(world)
    planted = {}
    for model, field in text_columns():
        name = name_of(model, field)
        if name not in OURS:
            into = _plant_json if isinstance(field, models.JSONField) else _plant_text
            planted[name] = into(model, field, name)
    return planted


def _show_more(world: World) -> None:
    """What payloads get to through a file, through the rows of a grid and through what a back-test or comparison found."""
    project, things = world.projects["own"], world.objects["shoes"]
    rows = [{"query": text, "item_id": text, "title": text, text: text, f"{text}x": text} for text in PAYLOADS]
    file = ContentFile("".join(json.dumps(row) + "\n" for row in rows))
    Import.objects.filter(pk=things["import_id"]).update(stored_as=default_storage.save("imports/waiting", file))
    for pair in project.pairs.select_related("query", "item__current_snapshot"):
        body = build_grid(pair.facts(), current(project)).to_json()
        Grid.objects.filter(query=pair.query, snapshot=pair.item.current_snapshot).update(body=body)
    rules = publishing.specs(publishing.newest())
    # Against rules that say the opposite: everything flips, so every part of the page has something to show.
    tally = backtesting.compare(project, rules, [replace(rule, label="L1", effect="label") for rule in rules])
    assert tally is not None
    result = backtesting.result_of(tally)
    BackTest.objects.filter(pk=things["test_id"]).update(
        state="done", seen=tally.pairs, total=tally.pairs, result=result
    )
    trial = Trial.objects.get(pk=things["trial_id"])  # once more, for the page of the comparison
    trial.pk, trial.comparison_id = None, things["comparison_id"]
    trial.save()


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
        ("catalogue.PictureWords.lines", "catalogue.Snapshot.cpv", "catalogue.Snapshot.skus", "catalogue.Snapshot.selling_points",
         "catalogue.Snapshot.image_addresses", "projects.AuditEvent.detail",
         "inference.QueryGuideline.required", "inference.QueryGuideline.optional", "inference.KnowledgeCard.item_ids",
         "inference.KnowledgeRevision.item_ids", "inference.KnowledgeImport.rejected_rows",
         "inference.KnowledgeImport.reasons", "inference.Prediction.contradicts", "inference.Prediction.signals",
         "inference.PromptVersion.templates", "annotation.Draft.body"), _all),
    "rules.RuleVersion.body": _names_too,
    "rules.DraftedRule.body": _names_too,
    "annotation.BackTest.result": _back_test,
}  # fmt: skip
