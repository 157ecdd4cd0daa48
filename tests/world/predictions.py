"""What models say in a project of the installation, and what was asked of them: runs, back-tests, jobs, trials."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone

from annotation.models import BackTest, RuleReplay
from catalogue.models import Import, LearntLexicon, Pair
from inference.knowledge import history
from inference.models import (
    Calibration,
    Caption,
    Comparison,
    FormerModel,
    ImportedPrediction,
    KnowledgeImport,
    KnowledgeRevision,
    LearntModel,
    ModelJob,
    PrelabelAttempt,
    PrelabelJob,
    PrelabelRun,
    QueryGuideline,
    QueryReadingRun,
)
from projects import audit
from relevance.splits import SPLIT_VERSION
from rules import publishing
from rules.models import RuleDraft
from tests.world.cast import DIGEST, Place, World
from tests.world.rows import (
    CHAIN,
    make_grid,
    make_prediction,
    make_trial,
)


def predict(world: World, where: str, pair: Pair, label: str, **fields: Any) -> Any:
    """A prediction with a mark in everything that it says."""
    place = Place(world, where, pair.project)
    mismatch = "colour" if label == "L2" else None
    about = {"dimension": "colour", "source": "title", "verdict": "conflict"}
    chain = {
        "entity": place.mark("Prediction.chain"), "intent": "item",
        "constraints": [{"text": place.mark("Prediction.chain"), "dimension": "colour"}],
        "path": [{"constraint": place.mark("Prediction.chain"), **about, "literal": place.mark("Prediction.chain")}],
        "rules": ["R-080"], "label": label, "mismatch": mismatch,
    }  # fmt: skip
    said = {name: [place.mark(f"Prediction.{name}")] for name in ("contradicts", "signals")}
    base = publishing.newest()
    return make_prediction(
        pair=pair, label=label, model=place.model, rule_base=base, chain=chain, confidence=0.31415, **said, **fields
    )


def predicted(place: Place) -> None:
    project, mark, things = place.project, place.mark, place.things
    (main,) = place.pairs("main")
    caption = Caption.objects.create(
        image_sha256=things["sha256"], question_sha256=DIGEST, model=place.model,
        **place.marks(Caption, "question", "text"),
    )  # fmt: skip
    guideline = QueryGuideline.objects.create(
        query=main.query, revision=1, intent=mark("QueryGuideline.intent"),
        required=[mark("QueryGuideline.required")], optional=[mark("QueryGuideline.optional")],
        written_by=place.person("ruth"),
    )  # fmt: skip
    key, text = f"mug {mark('KnowledgeCard.key')}", mark("KnowledgeCard.text")
    source, named = mark("KnowledgeCard.source"), [mark("KnowledgeCard.item_ids")]
    said = history.written("term", key, text, locale="en", source=source, item_ids=named)
    card, _ = history.add_or_change(project, said, place.person("ruth"), seen=0)
    told = KnowledgeRevision.objects.get(card=card)
    brought = KnowledgeImport.objects.create(
        project=project, file_name=mark("KnowledgeImport.file_name"), stored_as="knowledge/none", locale="en", total=2,
        read=1, rejected=1, rejected_rows=[[1, "kind", "unknown", mark("KnowledgeImport.rejected_rows")]],
        reasons=[["kind", mark("KnowledgeImport.reasons"), 1]], error=mark("KnowledgeImport.error"),
        requested_by=place.person("ruth"),
    )  # fmt: skip
    things["brought_id"] = brought.pk
    for pair in place.pairs("main", "held", "adas", "disputed", "open"):
        shown = {"grid": make_grid(pair=pair), "caption": caption, "guideline": guideline, "knowledge": [told.pk]}
        predict(place.world, place.where, pair, "L4", **shown)
    ImportedPrediction.objects.create(
        pair=main, snapshot=main.item.current_snapshot, batch=main.batch, file_sha256=DIGEST, row=1, place=0,
        model_name=mark("ImportedPrediction.model_name"), label="L3", score=0.25,
    )  # fmt: skip
    Import.objects.filter(pk=main.batch_id).update(predictions=1)
    (ruled,) = place.pairs("ruled")
    make_prediction(pair=ruled, model=place.model, rule_base=publishing.newest(), status="invalid", reason="not_json")
    run = PrelabelRun.objects.create(
        project=project, model=place.model, rule_base=publishing.newest(),
        lexicon=LearntLexicon.objects.get(project=project), requested_by=place.person("lena"), pairs=3,
        refusal=f"auth: {mark('PrelabelRun.refusal')}",
    )  # fmt: skip
    states = ("queued", "dead", "cancelled")
    for number, (pair, state) in enumerate(zip(place.pairs("main", "held", "adas"), states, strict=True)):
        job = PrelabelJob.objects.create(
            run=run, pair=pair, snapshot=pair.item.current_snapshot, state=state,
            error=f"engine: {mark('PrelabelJob.error')}", finished_at=None if state == "queued" else timezone.now(),
        )  # fmt: skip
        error, answer = f"engine: {mark('PrelabelAttempt.error')}", mark("PrelabelAttempt.answer")
        PrelabelAttempt.objects.create(
            job=job, number=number, token=uuid.uuid4(), outcome="failed", error=error, answer=answer
        )
    QueryReadingRun.objects.create(
        project=project, model=place.model, most=1, total=1, unanswered=1, reasons={"auth": 1}, state="dead",
        error=f"auth: {mark('QueryReadingRun.error')}", finished_at=timezone.now(),
    )  # fmt: skip
    things.update(run_id=run.pk, card_id=card.pk)


def asked_for(place: Place) -> None:
    """Back-tests, jobs of models, calibration, a learnt model."""
    project, mark, lena, max_ = place.project, place.mark, place.person("lena"), place.person("max")
    held = {"project": project, "draft": RuleDraft.objects.get(pk=place.world.shared["draft_id"]), "digest": DIGEST}
    test = BackTest.objects.create(**held, requested_by=lena, error=mark("BackTest.error"))
    base = held["draft"].base
    RuleReplay.objects.create(
        project=project, draft=held["draft"], digest=DIGEST, before=base, error=mark("RuleReplay.error")
    )
    FormerModel.objects.create(project=project, model=place.model)
    if place.where != "own":
        tried = {"attacks": {}, "clean_agreement": 0.5, "pairs": len(place.world.marks.known)}  # others each time
        done = {"kind": "canary", "model": place.model, "state": "done", "result": tried}
        ModelJob.objects.create(project=project, requested_by=lena, **done)
        figures = {"flips": 7, "agreement_before": {}, "agreement_after": {}}
        BackTest.objects.create(**held, state="done", result=figures)
    job = ModelJob.objects.create(
        project=project, kind="train", source="gold", requested_by=lena, error=mark("ModelJob.error")
    )
    Calibration.objects.create(
        model=place.model, project=project, method=mark("Calibration.method"),
        parameters={"note": mark("Calibration.parameters")}, pairs=30, ece_before=0.2, ece_after=0.1,
        bins={"before": [], "after": []}, fitted_by=max_,
    )  # fmt: skip
    if place.foreign and not LearntModel.objects.exists():
        report = {
            "split": SPLIT_VERSION, "train_pairs": 1, "test_pairs": 1, "cold_start": {},
            "majority": {"label": "L4", "acc": 0.5}, "calibration": [], "note": mark("LearntModel.report"),
        }  # fmt: skip
        learnt = {"source": "gold", "body": b"trees", "corpus": {"note": mark("LearntModel.corpus")}, "report": report}
        LearntModel.objects.create(version=place.model, project=project, trained_by=max_, **learnt)
    place.things.update(test_id=test.pk, job_id=job.pk)


def tried(place: Place) -> None:
    project, mark, shared, lena = place.project, place.mark, place.world.shared, place.person("lena")
    (main,) = place.pairs("main")
    comparison = Comparison.objects.create(
        project=project, model=place.model, before_id=shared["shipped"], after_id=shared["prompt_id"], pairs=1,
        requested_by=place.person("max"),
    )  # fmt: skip
    said = {"status": "ok", "label": "L4", "posterior": {"L4": 1.0}, "contradicts": []}
    trial = make_trial(
        pair=main, by=lena, model=place.model, prompt_id=shared["prompt_id"],
        rendered=[{"name": "system", "text": mark("Trial.rendered"), "tokens": 1}], raw=mark("Trial.raw"),
        error=mark("Trial.error"), judged={**said, "chain": {**CHAIN, "entity": mark("Trial.judged")}},
    )  # fmt: skip
    audit.record(lena, "project.changed", project=project, on=project, note=mark("AuditEvent.detail"))
    place.things.update(comparison_id=comparison.pk, trial_id=trial.pk)
