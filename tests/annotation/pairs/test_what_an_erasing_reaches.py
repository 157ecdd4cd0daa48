"""Which columns lose the text of an erased query, and which never change, whatever the query is called.

A new column of text stands in one of the two lists: `ERASED`, and then in `annotation/sql/erasing.sql`, or `NEVER`, and why.
"""

from __future__ import annotations

import json
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models

from annotation.curation.formats import table
from annotation.models import EvidenceCheck, EvidenceGate
from annotation.pairs import erasing
from catalogue.models import Import, Item, Pair, Query
from database.connecting import connected_as
from database.statements import rows
from projects.models import AuditEvent, Project
from relevance.dimensions import Dimension
from relevance.labels import SCALES
from tests.conftest import FreshDatabase
from tests.world import installation
from tests.world.cast import World
from tests.world.columns import tables, text_columns
from tests.world.payloads import name_of

TEXT = 'Gift for Jane "JJ" Doe, 5 Elm Road (red mug?)'

# By what of the installation's rows they can be found as the query's own; "" where anything of the project may quote it.
ERASED = {
    "catalogue.Query.text": "pk",
    "catalogue.Pair.external_id": "query",
    "catalogue.Grid.body": "query",
    "catalogue.QueryReading.body": "query",
    "catalogue.CellCorrection.text": "pair__query",
    "catalogue.CellCorrection.literal": "pair__query",
    "annotation.EvidenceCheck.marks": "pair__query",
    "inference.QueryGuideline.intent": "query",
    "inference.QueryGuideline.required": "query",
    "inference.QueryGuideline.optional": "query",
    "inference.Prediction.chain": "pair__query",
    "inference.Prediction.moved": "pair__query",
    "inference.Prediction.signals": "pair__query",
    "inference.PrelabelJob.error": "pair__query",
    "inference.PrelabelAttempt.error": "job__pair__query",
    "inference.PrelabelAttempt.answer": "job__pair__query",
    "inference.Trial.rendered": "pair__query",
    "inference.Trial.raw": "pair__query",
    "inference.Trial.judged": "pair__query",
    "inference.Trial.error": "pair__query",
    **dict.fromkeys(
        ("annotation.Judgment.note", "annotation.Adjudication.note", "annotation.BadCaseNote.text", "annotation.Draft.body",
         "annotation.MoreJudgments.chosen", "annotation.BackTest.error", "catalogue.Import.file_name",
         "catalogue.Import.source", "catalogue.Import.attribution", "catalogue.Import.error", "catalogue.Import.report",
         "catalogue.Rejection.reason", "catalogue.Rejection.told", "catalogue.Rejection.raw", "inference.Caption.question",
         "catalogue.Rejection.raw_sha256", "inference.Caption.question_sha256", "inference.Caption.text",
         "inference.KnowledgeCard.key", "inference.KnowledgeCard.key_folded", "inference.KnowledgeCard.text",
         "inference.KnowledgeCard.source", "inference.KnowledgeRevision.text", "inference.KnowledgeRevision.source",
         "inference.KnowledgeImport.file_name", "inference.KnowledgeImport.rejected_rows", "inference.KnowledgeImport.error",
         "inference.PrelabelRun.refusal", "inference.ModelJob.error", "inference.QueryReadingRun.error",
         "annotation.EvidenceGate.wrong_cells", "projects.AuditEvent.detail"), ""),
}  # fmt: skip
SAYS = {"inference.KnowledgeCard.key_folded": ".KnowledgeCard.key", "inference.KnowledgeRevision.text": ".KnowledgeCard.text",
        "inference.KnowledgeRevision.source": ".KnowledgeCard.source"}  # fmt: skip
# Emptied, whatever stands there; a hash tells no text, and what a grid says of its query is planted by test_erasing.
UNPLANTED = {"catalogue.Grid.body", "catalogue.Rejection.raw_sha256", "inference.Caption.question_sha256",
             "inference.Prediction.moved"}  # fmt: skip
TOLD = {"message": "%(place)s: %(reason)s", "values": {"place": "query", "reason": {
    "message": "odd: %(text)s", "values": {"text": TEXT}}}}  # fmt: skip
REASON = {"field": "query", "reason": f"query: odd: {TEXT}", "told": TOLD, "rows": 1, "first": [1], "example": TEXT}
REPORT = {
    "files": [{"name": TEXT, "format": "jsonl"}], "stopped": f"at {TEXT}", "joined": [REASON], "rejections": [REASON],
    "columns": [{"name": "q", "becomes": "query", "row": 1, "examples": ["red mug", TEXT]}],
    "pictures": {"named": 1, "why": [{**REASON, "told": None}]},
}  # fmt: skip
ITEMS = "what items say and are called stays"
OURS = "a code, label, state, hash, number or path of ours"
INSTALLATION = "of the installation, not of a project"
NAMES = "a name that somebody gave to something else"
NEVER = {
    **dict.fromkeys(
        ("annotation.EvidenceGate.category", "annotation.EvidenceGate.covers", "annotation.SampledPair.category",
         "catalogue.Item.external_id", "catalogue.Item.locale", "catalogue.Image.original_name", "catalogue.LearntLexicon.body",
         "catalogue.PictureFetch.address", "catalogue.PictureFetch.error", "catalogue.PictureFetch.host",
         "catalogue.PictureSource.host", "catalogue.PictureWords.lines", "catalogue.Snapshot.category",
         "catalogue.Snapshot.cpv", "catalogue.Snapshot.description", "catalogue.Snapshot.image_addresses",
         "catalogue.Snapshot.price", "catalogue.Snapshot.selling_points", "catalogue.Snapshot.shop",
         "catalogue.Snapshot.skus", "catalogue.Snapshot.title", "inference.KnowledgeCard.item_ids",
         "inference.KnowledgeRevision.item_ids"), ITEMS),
    **dict.fromkeys(
        ("annotation.Adjudication.label", "annotation.Adjudication.mismatch", "annotation.BackTest.digest",
         "annotation.BackTest.result", "annotation.BadCaseNote.act", "annotation.EvidenceGate.extractor",
         "annotation.EvidenceGate.figures",
         "catalogue.EvidenceRemaking.error", "inference.QueryReadingRun.reasons",
         "annotation.Export.error", "annotation.Export.folder",
         "annotation.Export.kind", "annotation.Export.manifest_sha256", "annotation.Gold.judgments", "annotation.Gold.label",
         "annotation.Gold.mismatch", "annotation.HardSet.criteria", "annotation.HardSetMember.gold_label",
         "annotation.HardSetMember.reasons", "annotation.Judgment.body_sha256", "annotation.Judgment.label",
         "annotation.Judgment.mismatch", "annotation.Judgment.mode", "annotation.Judgment.reason",
         "annotation.MoreJudgments.error", "annotation.ReplayEntry.label", "annotation.ReplaySet.digest",
         "annotation.RuleReplay.digest", "annotation.RuleReplay.error", "annotation.RuleReplay.result",
         "catalogue.CellCorrection.dimension", "catalogue.CellCorrection.source", "catalogue.CellCorrection.verdict",
         "catalogue.Grid.extractor", "catalogue.Image.sha256", "catalogue.Import.file_sha256", "catalogue.Import.licence",
         "catalogue.Import.mapping", "catalogue.Import.preset", "catalogue.Import.scale_name", "catalogue.Import.stored_as",
         "catalogue.LabelConflict.met", "catalogue.LabelConflict.met_mismatch", "catalogue.LabelConflict.said",
         "catalogue.LabelConflict.said_mismatch", "catalogue.LearntLexicon.digest", "catalogue.Pair.gold_label",
         "catalogue.PictureReading.error", "catalogue.PictureWords.language", "catalogue.PictureWords.reader",
         "catalogue.PictureWords.reason", "catalogue.Query.locale", "catalogue.QueryReading.version",
         "catalogue.Rejection.field", "catalogue.Snapshot.images", "catalogue.Snapshot.raw_sha256", "catalogue.Snapshot.sha256",
         "inference.Calibration.bins", "inference.Calibration.method", "inference.Calibration.parameters",
         "inference.Caption.image_sha256", "inference.ImportedPrediction.file_sha256", "inference.ImportedPrediction.label",
         "inference.ImportedPrediction.posterior", "inference.KnowledgeCard.locale", "inference.KnowledgeImport.locale",
         "inference.KnowledgeImport.reasons", "inference.KnowledgeImport.stored_as", "inference.LearntModel.corpus",
         "inference.LearntModel.report", "inference.LearntModel.source", "inference.ModelJob.result",
         "inference.Prediction.contradicts", "inference.Prediction.key_sha256", "inference.Prediction.knowledge",
         "inference.Prediction.label", "inference.Prediction.mismatch", "inference.Prediction.posterior",
         "inference.Prediction.prompt_digest", "inference.Prediction.reason", "inference.Prediction.samples",
         "inference.Prediction.sampling", "inference.Prediction.status", "inference.PrelabelAttempt.outcome",
         "inference.PrelabelRun.only", "projects.AuditEvent.act", "projects.AuditEvent.object_id",
         "projects.AuditEvent.object_kind", "projects.Project.scale_name", "projects.Project.slug",
         "projects.ServiceToken.prefix", "projects.ServiceToken.sha256"), OURS),
    **dict.fromkeys(
        ("annotation.HardSet.name", "annotation.Judge.rater", "catalogue.Import.images_folder",
         "catalogue.LabelConflict.rater", "inference.ImportedPrediction.model_name", "projects.Project.name",
         "projects.RoleOffer.username", "projects.ServiceToken.name"), NAMES),
    **dict.fromkeys(
        ("inference.ModelVersion.engine", "inference.ModelVersion.found", "inference.ModelVersion.name",
         "inference.ModelVersion.options", "inference.ModelVersion.prompt_version", "inference.ModelVersion.revision",
         "inference.ModelVersion.target", "inference.PromptVersion.aliases", "inference.PromptVersion.digest",
         "inference.PromptVersion.name", "inference.PromptVersion.note", "inference.PromptVersion.templates",
         "jobs.Worker.name", "projects.GuessCount.key", "projects.HourlyCount.kind", "projects.OneTimeLink.token_sha256",
         "projects.Person.locale", "projects.Person.name", "projects.Person.password", "projects.Person.username",
         "rules.DraftedRule.body", "rules.DraftedRule.code", "rules.FindingAcknowledged.content",
         "rules.FindingAcknowledged.key", "rules.FindingAcknowledged.kind", "rules.FindingAcknowledged.rules",
         "rules.Rule.code", "rules.RuleBaseVersion.digest", "rules.RuleBaseVersion.note", "rules.RuleDraft.override_reason",
         "rules.RuleDraft.returned", "rules.RuleDraft.title", "rules.RuleDraft.why", "rules.RuleRemark.about",
         "rules.RuleRemark.text", "rules.RuleVersion.body", "rules.RuleVersion.body_sha256"), INSTALLATION),
    "annotation.Export.manifest": "sealed under its hash; exports are removed whole",
    "projects.Project.description": "the lead who erases writes it",
    "projects.Project.guideline": "the lead who erases writes it",
}  # fmt: skip


def test_every_column_of_text_is_erased_or_never_changed() -> None:
    there = {name_of(*one) for one in text_columns()}
    assert there - ERASED.keys() - NEVER.keys() == set(), "ERASED and annotation/sql/erasing.sql, or NEVER and why"
    assert (ERASED.keys() | NEVER.keys()) - there == set() == ERASED.keys() & NEVER.keys()


def _columns() -> dict[str, tuple[type[models.Model], models.Field[Any, Any]]]:
    return {name_of(*one): one for one in text_columns()}


def _codes() -> set[str]:
    """Every choice of a field, what stands in columns of codes, and the words of scales, dimensions, exports and acts."""
    said = {str(key) for model in apps.get_models() for field in model._meta.fields for key, _ in field.flatchoices}
    said |= {label for scale in SCALES.values() for label in scale.codes}
    said |= {one.value for one in Dimension} | set(table.FORMATS) | set(SCALES)
    said |= {"labels", "exports", "downloaded_export", "cancelled", "picture", "category", "posterior", "manifest.json"}
    said |= set(AuditEvent.objects.values_list("act", flat=True)) | set(
        AuditEvent.objects.values_list("object_kind", flat=True)
    )
    for name, (model, field) in _columns().items():
        if NEVER.get(name) == OURS and not isinstance(field, models.JSONField):
            said |= set(model._default_manager.values_list(field.name, flat=True))
    return {code for code in said if code}


def _contents() -> dict[str, dict[Any, Any]]:
    """Of each of our tables its rows by their number."""
    found = {}
    for model in tables():
        name = model._meta.db_table
        told = rows(f"SELECT {model._meta.pk.column}::text, to_jsonb(t)::text FROM {name} t")
        found[name] = {key: json.loads(row) for key, row in told}
    return found


def _own(table: str, row: dict[str, Any], queries: set[int], pairs: set[int]) -> bool:
    """Of an erased query, or the record that it was."""
    if table == "projects_auditevent":
        return bool(row["act"] == "query.erased")
    return (table == "catalogue_query" and row["id"] in queries) or (table == "catalogue_pair" and row["id"] in pairs)


def _changed(before: dict[str, dict[Any, Any]], queries: set[int], pairs: set[int]) -> dict[str, list[Any]]:
    changed: dict[str, list[Any]] = {}
    for name, now in _contents().items():
        for key, row in now.items():
            if before[name].get(key) != row and not _own(name, row, queries, pairs):
                was = before[name].get(key) or {}
                changed.setdefault(name, []).append(
                    {column: row[column] for column in row if was.get(column) != row[column]}
                )
    return changed


def test_a_query_that_is_a_word_of_ours_changes_nothing_else(fresh_database: FreshDatabase) -> None:
    world = installation.build()
    project, item = world.projects["own"], Item.objects.filter(project=world.projects["own"])[0]
    batch = Pair.objects.filter(project=project)[0].batch
    made = [Query.objects.create(project=project, text=code, locale="zz") for code in sorted(_codes())]
    pairs = {Pair.objects.create(project=project, query=query, item=item, batch=batch).pk for query in made}
    assert len(made) > 100
    before = _contents()
    for query in made:
        erasing.erase(query, files=False, actor=None)
    assert _changed(before, {query.pk for query in made}, pairs) == {}
    assert not Query.objects.filter(pk__in=[one.pk for one in made], erased_at=None).exists()


def _planted(world: World, project: Project, query: Query) -> set[str]:
    """The text in place of the installation's marks, in every column that loses it; the columns where it stands now."""
    Import.objects.filter(pk=world.objects["shoes"]["done_import"]).update(report=REPORT)
    EvidenceCheck.objects.filter(pair_id=world.objects["shoes"]["open_pair"]).update(pair=query.pairs.get())
    for gate in EvidenceGate.objects.filter(project=project):
        cells = [{**cell, "pair": query.pairs.get().pk} for cell in gate.wrong_cells]
        EvidenceGate.objects.filter(pk=gate.pk).update(wrong_cells=cells)
    planted = {"catalogue.Import.report"}
    for name, (model, field) in _columns().items():
        if name not in ERASED:
            continue
        marks = [
            mark
            for mark, (where, column, _whose) in world.marks.known.items()
            if where == "own" and SAYS.get(name, name).endswith(f".{column}")
        ]
        mine = model._default_manager.filter(**({ERASED[name]: query.pk} if ERASED[name] else {}))
        for row in mine:  # of our project alone: foreign ones have marks of their own, which stay
            kept = (
                json.dumps(getattr(row, field.name))
                if isinstance(field, models.JSONField)
                else str(getattr(row, field.name))
            )
            put = json.dumps(TEXT)[1:-1] if isinstance(field, models.JSONField) else TEXT
            for mark in (mark for mark in marks if mark in kept):
                kept = kept.replace(mark, put)
                planted.add(name)
            value = json.loads(kept) if isinstance(field, models.JSONField) else kept
            model._default_manager.filter(pk=row.pk).update(**{field.name: value})
    return planted


def test_every_column_that_is_to_lose_the_text_loses_it(fresh_database: FreshDatabase) -> None:
    world = installation.build()
    project, query = world.projects["own"], Query.objects.get(pk=world.objects["shoes"]["query_id"])
    with connected_as({**settings.OWNER_DATABASE, "NAME": fresh_database.name}), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        planted = _planted(world, project, query)
        Query.objects.filter(pk=query.pk).update(text=TEXT)
    assert ERASED.keys() - planted == UNPLANTED
    erasing.erase(Query.objects.get(pk=query.pk), files=False, actor=None)
    left = {}
    for name in ERASED:
        model, field = _columns()[name]
        told = rows(
            f'SELECT count(*) FROM {model._meta.db_table} t WHERE strpos("{field.column}"::text, %s) > 0', "Elm Road"
        )
        if told[0][0]:
            left[name] = told[0][0]
    assert left == {}
