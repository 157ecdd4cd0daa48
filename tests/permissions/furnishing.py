"""What a project of the world holds: one or more of everything, each text with a mark of its own."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from typing import Any

import PIL.Image
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from annotation import exporting, images, jobs, lexicons, settling
from annotation.models import (
    Adjudication,
    BackTest,
    BadCase,
    Citation,
    Comparison,
    Disagreement,
    Draft,
    Export,
    Gold,
    HardSet,
    Image,
    Judgment,
    LearntLexicon,
    Lease,
    ModelJob,
    MoreJudgments,
    Pair,
    PictureFetch,
    PictureSource,
    Postponement,
    PrelabelAttempt,
    PrelabelJob,
    PrelabelRun,
    QueryGuideline,
    Rejection,
    ReplaySet,
    Slot,
    Trial,
)
from inference import knowledge_history
from inference.models import Calibration, Caption, KnowledgeRevision, LearntModel, ModelVersion, PromptVersion
from projects import audit, tokens
from projects.models import Person, Project, Scope
from relevance.splits import SPLIT_VERSION
from rules import publishing
from rules.models import Rule, RuleDraft, RuleVersion
from tests.builders import (
    CHAIN,
    make_grid,
    make_import,
    make_item,
    make_judgment,
    make_pair,
    make_prediction,
    make_slots,
)
from tests.permissions.world import (
    DIGEST,
    World,
)


def furnish(world: World, where: str, slug: str) -> None:
    """One or more of everything in it."""
    project = world.projects[where]
    world.objects[slug] |= world.shared
    _catalogue(world, where, project)
    _predicted(world, where, project)
    _judged(world, where, project)
    _the_rest(world, where, project)


def picture(shade: int) -> bytes:
    made = io.BytesIO()
    PIL.Image.new("RGB", (40, 30), (shade, 30, 40)).save(made, "PNG")
    return made.getvalue()


def _catalogue(world: World, where: str, project: Project) -> None:
    marks, things = world.marks, world.objects[project.slug]
    stored = images.store(
        project, f"{marks(where, 'Image.original_name')}.png", picture(40 * list(world.objects).index(project.slug))
    )
    assert isinstance(stored, Image)
    batch = make_import(project=project, requested_by=world.person(where, "lena"), state="done")
    type(batch).objects.filter(pk=batch.pk).update(
        file_name=f"{marks(where, 'Import.file_name')}.jsonl",
        mapping={"columns": {marks(where, "Import.mapping"): "query"}},
        images_folder=marks(where, "Import.images_folder"),
        source=marks(where, "Import.source"),
        licence=marks(where, "Import.licence"),
        attribution=marks(where, "Import.attribution"),
        error=marks(where, "Import.error"),
        finished_at=timezone.now(),
    )
    batch.refresh_from_db()
    Rejection.objects.create(
        batch=batch,
        row=1,
        field=marks(where, "Rejection.field"),
        reason=marks(where, "Rejection.reason"),
        raw=marks(where, "Rejection.raw"),
    )
    waiting = type(batch).objects.create(
        project=project,
        kind="pairs",
        file_name="waiting.jsonl",
        stored_as=default_storage.save(
            f"imports/{uuid.uuid4().hex}", ContentFile(b'{"query": "red mug", "item_id": "1", "title": "Red mug"}\n')
        ),
        mapping={"columns": {}, "pictures": {}, "judge_gold": False},
        requested_by=world.person(where, "lena"),
    )

    host = f"{marks(where, 'PictureSource.host')}.example.com"
    source = PictureSource.objects.create(project=project, host=host, added_by=world.person(where, "lena"))
    for state in ("queued", "dead"):
        PictureFetch.objects.create(
            project=project,
            batch=batch,
            address=f"https://pictures.example.org/{marks(where, 'PictureFetch.address')}.png",
            host=f"{marks(where, 'PictureFetch.host')}.example.org",
            state=state,
            error=f"gone: {marks(where, 'PictureFetch.error')}",
            finished_at=None if state == "queued" else timezone.now(),
        )
    token = tokens.issue(
        project, marks(where, "ServiceToken.name"), list(Scope), 30, actor=world.person(where, "lena")
    ).token

    def pair(name: str, **fields: Any) -> Pair:
        item = make_item(
            project=project,
            external_id=marks(where, "Item.external_id"),
            title=f"Red mug {marks(where, 'Snapshot.title')}",
            batch=batch,
            category=marks(where, "Snapshot.category"),
            cpv=[[marks(where, "Snapshot.cpv"), "blue"]],
            skus=[{"code": marks(where, "Snapshot.skus"), "name": "one", "attributes": []}],
            shop=marks(where, "Snapshot.shop"),
            description=marks(where, "Snapshot.description"),
            selling_points=[marks(where, "Snapshot.selling_points")],
            price=f"1 {marks(where, 'Snapshot.price')}",
            images=[stored.sha256],
            image_addresses=[f"https://{host}/{marks(where, 'Snapshot.image_addresses')}.png"],
        )
        made = make_pair(
            project=project,
            query=f"red mug {marks(where, 'Query.text')}",
            item=item,
            batch=batch,
            external_id=marks(where, "Pair.external_id"),
            **fields,
        )
        things[f"{name}_pair"] = made.pk
        return made

    for name in ("main", "held", "adas", "disputed", "ruled", "open", "stale"):
        pair(name)
    main = Pair.objects.get(pk=things["main_pair"])
    things |= {
        "sha256": stored.sha256,
        "size": "thumb",
        "import_id": waiting.pk,
        "done_import": batch.pk,
        "pair_id": main.pk,
        "query_id": main.query_id,
        "source_id": source.pk,
        "token_id": token.pk,
    }
    LearntLexicon.objects.create(
        project=project,
        digest=uuid.uuid4().hex * 2,
        body={**lexicons.shipped().to_json(), "note": marks(where, "LearntLexicon.body")},
    )


def pairs_of(world: World, project: Project, *names: str) -> list[Pair]:
    things = world.objects[project.slug]
    rows = Pair.objects.select_related("project", "query", "item__current_snapshot", "batch")
    return [rows.get(pk=things[f"{name}_pair"]) for name in names]


def predict(world: World, where: str, pair: Pair, label: str, **fields: Any) -> Any:
    """A prediction with a mark in everything that it says."""
    marks = world.marks
    chain = {
        "entity": marks(where, "Prediction.chain"),
        "intent": "item",
        "constraints": [{"text": marks(where, "Prediction.chain"), "dimension": "colour"}],
        "path": [
            {
                "constraint": marks(where, "Prediction.chain"),
                "dimension": "colour",
                "source": "title",
                "verdict": "conflict",
                "literal": marks(where, "Prediction.chain"),
            }
        ],
        "rules": ["R-080"],
        "label": label,
        "mismatch": "colour" if label == "L2" else None,
    }
    return make_prediction(
        pair=pair,
        label=label,
        model=ModelVersion.objects.get(pk=world.shared["version_id"]),
        rule_base=publishing.newest(),
        chain=chain,
        contradicts=[marks(where, "Prediction.contradicts")],
        signals=[marks(where, "Prediction.signals")],
        confidence=0.31415,
        **fields,
    )


def _predicted(world: World, where: str, project: Project) -> None:
    marks, things = world.marks, world.objects[project.slug]
    model = ModelVersion.objects.get(pk=world.shared["version_id"])
    (main,) = pairs_of(world, project, "main")
    caption = Caption.objects.create(
        image_sha256=things["sha256"],
        question_sha256=DIGEST,
        question=marks(where, "Caption.question"),
        model=model,
        text=marks(where, "Caption.text"),
    )
    guideline = QueryGuideline.objects.create(
        query=main.query,
        revision=1,
        intent=marks(where, "QueryGuideline.intent"),
        required=[marks(where, "QueryGuideline.required")],
        optional=[marks(where, "QueryGuideline.optional")],
        written_by=world.person(where, "ruth"),
    )
    card = _card(world, where, project)
    told = KnowledgeRevision.objects.get(card_id=card)
    for pair in pairs_of(world, project, "main", "held", "adas", "disputed", "open"):
        grid = make_grid(pair=pair)
        predict(world, where, pair, "L4", grid=grid, caption=caption, guideline=guideline, knowledge=[told.pk])
    run = PrelabelRun.objects.create(
        project=project,
        model=model,
        rule_base=publishing.newest(),
        lexicon=LearntLexicon.objects.get(project=project),
        requested_by=world.person(where, "lena"),
        pairs=3,
    )
    for number, (pair, state) in enumerate(
        zip(pairs_of(world, project, "main", "held", "adas"), ("queued", "dead", "cancelled"), strict=True)
    ):
        job = PrelabelJob.objects.create(
            run=run,
            pair=pair,
            snapshot=pair.item.current_snapshot,
            state=state,
            error=f"engine: {marks(where, 'PrelabelJob.error')}",
            finished_at=None if state == "queued" else timezone.now(),
        )
        PrelabelAttempt.objects.create(
            job=job,
            number=number,
            token=uuid.uuid4(),
            outcome="failed",
            error=f"engine: {marks(where, 'PrelabelAttempt.error')}",
            answer=marks(where, "PrelabelAttempt.answer"),
        )
    Calibration.objects.create(
        model=model,
        project=project,
        method=marks(where, "Calibration.method"),
        parameters={"note": marks(where, "Calibration.parameters")},
        pairs=30,
        ece_before=0.2,
        ece_after=0.1,
        bins={"before": [], "after": []},
        fitted_by=world.person(where, "max"),
    )
    things |= {"run_id": run.pk, "card_id": card}


def _card(world: World, where: str, project: Project) -> int:
    marks = world.marks
    said = knowledge_history.written(
        "term",
        f"mug {marks(where, 'KnowledgeCard.key')}",
        marks(where, "KnowledgeCard.text"),
        locale="en",
        source=marks(where, "KnowledgeCard.source"),
        item_ids=[marks(where, "KnowledgeCard.item_ids")],
    )
    made, _ = knowledge_history.add_or_change(project, said, world.person(where, "ruth"), seen=0)
    return int(made.pk)


def _judged(world: World, where: str, project: Project) -> None:
    """Ben, an imported rater and others have spoken; Ana and Ada each hold a pair."""
    marks, things = world.marks, world.objects[project.slug]

    def says(pair: Pair, name: str, label: str, **fields: Any) -> Judgment:
        return make_judgment(
            pair=pair,
            by=world.person(where, name),
            label=label,
            note=marks(where, "Judgment.note", "hanna" if where == "foreign" else name),
            mode="facts",
            rule_base=publishing.newest(),
            **fields,
        )

    main, held, adas, disputed, ruled, free, stale = pairs_of(
        world, project, "main", "held", "adas", "disputed", "ruled", "open", "stale"
    )
    alone = where == "foreign"
    says(main, "ben", "L4", no_rule_fits=True)
    make_judgment(pair=main, by=marks(where, "Judge.rater"), label="L4", note=marks(where, "Judgment.note", "rater"))
    for pair in (held, adas) if where != "foreign" else ():  # before their holders' own
        Draft.objects.create(person=world.people["alan"], pair=pair, body={"note": marks(where, "Draft.body", "alan")})
    for pair, name in ((held, "ana"), (adas, "ada")):
        says(pair, "ben", "L3")
        first, _second = make_slots(pair=pair)
        lease = leased(first, world.person(where, name))
        if alone:  # run out, which nobody of another project has to care about
            Lease.objects.filter(pk=lease.pk).update(until=timezone.now() - timedelta(hours=1))
        else:
            Postponement.objects.create(slot=first, person=world.people["alan"])
        things[f"token_of_{name}"] = str(lease.token)
        Draft.objects.create(
            person=lease.person,
            pair=pair,
            body={"note": marks(where, "Draft.body", "hanna" if where == "foreign" else name)},
        )
    Draft.objects.create(person=world.person(where, "ben"), pair=main, body={"note": marks(where, "Draft.body", "ben")})
    left = world.person(where, "rosa")  # who judges here no more
    if not alone:
        Draft.objects.create(person=left, pair=main, body={"note": marks(where, "Draft.body", "left behind")})
    says(disputed, "ben", "L4")
    make_judgment(pair=disputed, by=f"rater {marks(where, 'Judge.rater')}", label="L3")
    settling.settle(disputed.project, [disputed.pk])
    dispute = Disagreement.objects.get(pair=disputed, state="open")
    Gold.objects.create(pair=main, label="L4", ground="import", batch=main.batch, snapshot=main.item.current_snapshot)
    Pair.objects.filter(pk=main.pk).update(gold_label="L4")
    says(ruled, "ben", "L4")
    if alone:
        _stale_ruling(world, project, ruled)
    else:
        make_judgment(pair=ruled, by=f"rater {marks(where, 'Judge.rater')}", label="L3")
        settling.settle(ruled.project, [ruled.pk])
        settled = Disagreement.objects.get(pair=ruled, state="open")
        ruling = Adjudication.objects.create(
            disagreement=settled,
            pair=ruled,
            adjudicator=world.person(where, "alan"),
            snapshot=ruled.item.current_snapshot,
            label="L2",
            mismatch="colour",
            rule=Rule.objects.get(code="R-080"),
            note=marks(where, "Adjudication.note"),
            idempotency_key=uuid.uuid4(),
        )
        settling.settle_by_adjudication(ruled, ruling)
        Disagreement.objects.filter(pk=settled.pk).update(state="settled", closed_at=timezone.now())
        things["settled_dispute"] = settled.pk
    if where == "own":  # nor does an auditor judge; were they let in, this card would be theirs
        (slot,) = make_slots(pair=ruled, count=1)
        things["token_of_otto"] = str(leased(slot, world.people["otto"]).token)
    make_slots(pair=free)
    outdated = says(stale, "ben", "L4")
    Citation.objects.create(judgment=outdated, version=RuleVersion.objects.get(rule__code="R-080", number=1))
    things |= {
        "dispute_id": dispute.pk,
        "token": things["token_of_ana"],
        "act_id": _asked_for_more(world, where, project, ruled),
    }


def _asked_for_more(world: World, where: str, project: Project, pair: Pair) -> int:
    """One judgment more on one pair, which nobody has taken."""
    act = MoreJudgments.objects.create(
        project=project,
        key=uuid.uuid4(),
        more=1,
        chosen={"text": world.marks(where, "MoreJudgments.chosen")},
        asked_by=world.person(where, "lena"),
        state="done",
        pairs=1,
        slots=1,
    )
    slot = Slot.objects.create(project=project, pair=pair, number=9, position=pair.pk)
    act.opened.create(slot=slot)
    return int(act.pk)


def _stale_ruling(world: World, project: Project, pair: Pair) -> None:
    """By somebody from elsewhere, on a rule that reads otherwise now: counted on the foreign project's pages alone."""
    version = RuleVersion.objects.get(rule__code="R-080", number=1)
    Adjudication.objects.create(
        disagreement=Disagreement.objects.create(project=project, pair=pair, kind="human_human", state="settled"),
        pair=pair,
        adjudicator=world.people["alan"],
        snapshot=pair.item.current_snapshot,
        label="L3",
        rule=version.rule,
        version=version,
        idempotency_key=uuid.uuid4(),
    )


def _the_rest(world: World, where: str, project: Project) -> None:
    marks, things = world.marks, world.objects[project.slug]
    main, held, ruled = pairs_of(world, project, "main", "held", "ruled")
    reported = (("case_id", main, "ben"), ("anas_case", held, "ana"), ("ottos_case", ruled, "otto"))
    for key, pair, reporter in reported:  # an auditor flags nothing; were they let in, they would find their own
        case = BadCase.objects.create(
            project=project,
            pair=pair,
            snapshot=pair.item.current_snapshot,
            reported_by=world.person(where, reporter),
            owner=world.person(where, "alan"),
            cause="data",
        )
        case.notes.create(
            author=world.person(where, reporter), act="flagged", text=marks(where, "BadCaseNote.text", reporter)
        )
        things[key] = case.pk
    hard = HardSet.objects.create(
        project=project,
        name=marks(where, "HardSet.name"),
        criteria={"note": marks(where, "HardSet.criteria")},
        created_by=world.person(where, "alan"),
        size=1,
    )
    hard.members.create(
        pair=main,
        snapshot=main.item.current_snapshot,
        gold_label="L4",
        reasons=[{"kind": "human_split", "evidence_kind": marks(where, "HardSetMember.reasons"), "evidence_id": 1}],
    )
    HardSet.objects.filter(pk=hard.pk).update(frozen_at=timezone.now())
    sealed = exporting.request_export(project, "labels", world.person(where, "lena"))
    token = jobs.claim(Export, sealed.pk)
    assert token is not None
    exporting.work(sealed.pk, token)
    queued = exporting.request_export(project, "sft", world.person(where, "lena"), hard)
    Export.objects.filter(pk=queued.pk).update(error=marks(where, "Export.error"))
    draft = RuleDraft.objects.get(pk=world.shared["draft_id"])
    test = BackTest.objects.create(
        project=project,
        draft=draft,
        digest=DIGEST,
        requested_by=world.person(where, "lena"),
        error=marks(where, "BackTest.error"),
    )
    if where != "own":
        tried = {"attacks": {}, "clean_agreement": 0.5, "pairs": len(marks.known)}  # another figure each time
        ModelJob.objects.create(
            project=project,
            kind="canary",
            model_id=world.shared["version_id"],
            state="done",
            result=tried,
            requested_by=world.person(where, "lena"),
        )
        figures = {"flips": 7, "agreement_before": {}, "agreement_after": {}}
        BackTest.objects.create(project=project, draft=draft, digest=DIGEST, state="done", result=figures)
    ReplaySet.objects.create(project=project, number=1, size=1, digest=DIGEST, created_by=world.person(where, "lena"))
    model = ModelVersion.objects.get(pk=world.shared["version_id"])
    job = ModelJob.objects.create(
        project=project,
        kind="train",
        source="gold",
        requested_by=world.person(where, "lena"),
        error=marks(where, "ModelJob.error"),
    )
    comparison = Comparison.objects.create(
        project=project,
        model=model,
        before=PromptVersion.objects.get(pk=world.shared["shipped"]),
        after=PromptVersion.objects.get(pk=world.shared["prompt_id"]),
        pairs=1,
        requested_by=world.person(where, "max"),
    )
    trial = Trial.objects.create(
        project=project,
        pair=main,
        snapshot=main.item.current_snapshot,
        model=model,
        prompt_id=world.shared["prompt_id"],
        requested_by=world.person(where, "lena"),
        state="done",
        finished_at=timezone.now(),
        rendered=[{"name": "system", "text": marks(where, "Trial.rendered"), "tokens": 1}],
        raw=marks(where, "Trial.raw"),
        error=marks(where, "Trial.error"),
        judged={
            "status": "ok",
            "label": "L4",
            "posterior": {"L4": 1.0},
            "chain": {**CHAIN, "entity": marks(where, "Trial.judged")},
            "contradicts": [],
        },
    )
    audit.record(
        world.person(where, "lena"),
        "project.changed",
        project=project,
        on=project,
        note=marks(where, "AuditEvent.detail"),
    )
    if where == "foreign" and not LearntModel.objects.exists():
        LearntModel.objects.create(
            version=model,
            project=project,
            source="gold",
            body=b"trees",
            corpus={"note": marks(where, "LearntModel.corpus")},
            report={
                "split": SPLIT_VERSION,
                "train_pairs": 1,
                "test_pairs": 1,
                "cold_start": {},
                "majority": {"label": "L4", "acc": 0.5},
                "calibration": [],
                "note": marks(where, "LearntModel.report"),
            },
            trained_by=world.person(where, "max"),
        )
    things |= {
        "hard_set_id": hard.pk,
        "export_id": queued.pk,
        "sealed": sealed.pk,
        "name": "labels.jsonl",
        "test_id": test.pk,
        "job_id": job.pk,
        "comparison_id": comparison.pk,
        "trial_id": trial.pk,
    }


def leased(slot: Slot, person: Person) -> Lease:
    Slot.objects.filter(pk=slot.pk).update(state="leased")
    return Lease.objects.create(
        slot=slot,
        pair=slot.pair,
        round=1,
        person=person,
        token=uuid.uuid4(),
        mode="facts",
        snapshot=slot.pair.item.current_snapshot,
        rule_base=publishing.newest(),
        until=timezone.now() + timedelta(hours=1),
    )
