"""What a project of the installation holds: a row at least of every table, each text with a mark of its own.

Ana and Ada each hold a pair, Ben, an imported rater and others have spoken, Alan has ruled; of a foreign project Hanna does
everything.
"""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from typing import Any

import PIL.Image
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from annotation.curation import exporting
from annotation.evidence_checks import cells, gate
from annotation.gold import settling
from annotation.judging import queue
from annotation.models import (
    BadCase,
    Citation,
    DayOfWork,
    Disagreement,
    Draft,
    EvidenceCheck,
    EvidenceDraw,
    EvidenceGate,
    Export,
    Gold,
    HardSet,
    Judgment,
    MoreJudgments,
    Postponement,
    ReplaySet,
    SampledPair,
    SeenOpinions,
    Slot,
)
from catalogue.evidence import lexicons
from catalogue.models import (
    CellCorrection,
    EvidenceRemaking,
    Image,
    Import,
    LabelConflict,
    LearntLexicon,
    Pair,
    PictureFetch,
    PictureReading,
    PictureSource,
    PictureWords,
    QueryReading,
    ReadingCorrection,
    Rejection,
)
from catalogue.pictures import images
from catalogue.pictures.printed_words import PrintedLine, to_json
from jobs import leasing
from projects import tokens
from projects.models import Membership, Project, Role, Scope
from relevance.constraints import Constraint
from relevance.dimensions import Dimension
from rules import publishing
from rules.models import Rule, RuleVersion
from tests.world.cast import ACTORS, DIGEST, OTHERS, Place, World
from tests.world.predictions import asked_for, predicted, tried
from tests.world.rows import (
    make_grid,
    make_import,
    make_item,
    make_judgment,
    make_lease,
    make_pair,
    make_ruling,
    make_slots,
)

HELD = ("main", "held", "adas", "disputed", "ruled", "open", "stale")  # its pairs, by what becomes of them


def found(world: World, where: str, slug: str) -> None:
    """A project; its people are the whole cast, or Hanna alone where it is foreign."""
    said = {name: world.marks(where, f"Project.{name}") for name in ("name", "description", "guideline")}
    project = Project.objects.create(slug=slug, mode="facts", **{**said, "name": f"Project {said['name']}"})
    world.projects[where] = project
    cast = {name: role for name, role in [*ACTORS.values(), *OTHERS.items()] if role is not None}
    for name, role in cast.items() if where != "foreign" else ():
        Membership.objects.create(project=project, person=world.people[name], role=role)
    for role in Role if where == "foreign" else ():
        Membership.objects.create(project=project, person=world.people["hanna"], role=role)
    if where == "archived":  # once the keeper of rules of a project that is no more
        Membership.objects.create(project=project, person=world.people["ana"], role=Role.RULE_OWNER)
    labeler = Membership.objects.get(project=project, person=world.person(where, "ben"), role=Role.LABELER)
    world.objects[slug] = {"project_id": project.pk, "membership_id": labeler.pk}


def furnish(world: World, where: str, slug: str) -> None:
    """One or more of everything in it."""
    place = Place(world, where, world.projects[where])
    world.objects[slug] |= world.shared
    for stage in (
        _imported,
        _paired,
        predicted,
        _judged,
        _disputed,
        _evidence_checked,
        _more_wanted,
        _sealed,
        asked_for,
        tried,
        _read_otherwise,
        _read_off_pictures,
        _made_anew,
    ):
        stage(place)


def picture(shade: int) -> bytes:
    made = io.BytesIO()
    PIL.Image.new("RGB", (40, 30), (shade, 30, 40)).save(made, "PNG")
    return made.getvalue()


def _imported(place: Place) -> None:
    project, mark, lena = place.project, place.mark, place.person("lena")
    batch = make_import(project=project, requested_by=lena, state="done")
    said = place.marks(Import, "images_folder", "source", "licence", "attribution", "error")
    said |= {"file_name": f"{mark('Import.file_name')}.jsonl"}
    mapping = {"columns": {mark("Import.mapping"): "query"}, "labels_by": "call"}
    # The file's own mark: one more would shift those of all texts after it, and with them which split a query is in.
    report = {"columns": [{"name": said["file_name"], "becomes": "", "row": 1}]}
    Import.objects.filter(pk=batch.pk).update(**said, mapping=mapping, report=report, finished_at=timezone.now())
    Rejection.objects.create(batch=batch, row=1, **place.marks(Rejection, "field", "reason", "raw"))
    told = {"message": "no dimension of ours: %(name)s", "values": {"name": mark("Rejection.told")}}
    Rejection.objects.create(batch=batch, row=2, field="mismatch", reason="no dimension of ours", told=told)
    rows = ContentFile(b'{"query": "red mug", "item_id": "1", "title": "Red mug"}\n')
    waiting = Import.objects.create(
        project=project, kind="pairs", file_name="waiting.jsonl",
        stored_as=default_storage.save(f"imports/{uuid.uuid4().hex}", rows),
        mapping={"columns": {}, "pictures": {}, "judge_gold": False}, requested_by=lena,
    )  # fmt: skip
    host = f"{mark('PictureSource.host')}.example.com"
    source = PictureSource.objects.create(project=project, host=host, added_by=lena)
    for state in ("queued", "dead"):
        PictureFetch.objects.create(
            project=project, batch=batch, address=f"https://pictures.example.org/{mark('PictureFetch.address')}.png",
            host=f"{mark('PictureFetch.host')}.example.org", state=state,
            error=f"gone: {mark('PictureFetch.error')}", finished_at=None if state == "queued" else timezone.now(),
        )  # fmt: skip
    token = tokens.issue(project, mark("ServiceToken.name"), list(Scope), 30, actor=lena).token
    note = mark("LearntLexicon.body")
    LearntLexicon.objects.create(
        project=project, digest=uuid.uuid4().hex * 2, body={**lexicons.shipped().to_json(), "note": note}
    )
    place.things.update(import_id=waiting.pk, done_import=batch.pk, source_id=source.pk, token_id=token.pk)


def _paired(place: Place) -> None:
    project, mark, things = place.project, place.mark, place.things
    shade = 40 * list(place.world.objects).index(project.slug)
    stored = images.store(project, f"{mark('Image.original_name')}.png", picture(shade))
    assert isinstance(stored, Image)
    batch, source = Import.objects.get(pk=things["done_import"]), PictureSource.objects.get(project=project)
    for name in HELD:
        item = make_item(
            project=project, batch=batch, external_id=mark("Item.external_id"),
            title=f"Red mug {mark('Snapshot.title')}", cpv=[[mark("Snapshot.cpv"), "blue"], ["colour", "blue"]],
            skus=[{"code": mark("Snapshot.skus"), "name": "one", "attributes": []}],
            selling_points=[mark("Snapshot.selling_points")], price=f"1 {mark('Snapshot.price')}",
            images=[stored.sha256],
            image_addresses=[f"https://{source.host}/{mark('Snapshot.image_addresses')}.png"],
            **{column: mark(f"Snapshot.{column}") for column in ("category", "shop", "description")},
        )  # fmt: skip
        query, named = f"red mug {mark('Query.text')}", mark("Pair.external_id")
        things[f"{name}_pair"] = make_pair(project=project, query=query, item=item, batch=batch, external_id=named).pk
    (main,) = place.pairs("main")
    things.update(sha256=stored.sha256, size="thumb", pair_id=main.pk, query_id=main.query_id)


def _read_otherwise(place: Place) -> None:
    """A reading that a person has put right, and a cell of its grid."""
    (pair,), by, mark = place.pairs("main"), place.person("ben"), place.mark
    wish = Constraint(Dimension.CATEGORY, mark("QueryReading.body"), "mug", head=True)
    reading = QueryReading.objects.create(query=pair.query, origin="person", version="1", body=[wish.to_json()])
    said = mark("QueryReading.version")
    model = QueryReading.objects.create(query=pair.query, origin="guideline", version=said, body=[wish.to_json()])
    ReadingCorrection.objects.create(query=pair.query, reading=reading, replaced=model, by=by)
    CellCorrection.objects.create(
        pair=pair, grid=make_grid(pair=pair), dimension="colour", source="title", verdict="match", by=by,
        **place.marks(CellCorrection, "text", "literal"),
    )  # fmt: skip


def _made_anew(place: Place) -> None:
    EvidenceRemaking.objects.create(
        project=place.project, asked_by=place.person("lena"), state="dead", total=1,
        error=place.mark("EvidenceRemaking.error"), finished_at=timezone.now(),
    )  # fmt: skip


def says(place: Place, pair: Pair, name: str, label: str, **fields: Any) -> Judgment:
    note, base = place.mark("Judgment.note", name), publishing.newest()
    return make_judgment(
        pair=pair, by=place.person(name), label=label, note=note, mode="facts", rule_base=base, **fields
    )


def _read_off_pictures(place: Place) -> None:
    """Words on its picture, and the job that read them."""
    image = Image.objects.get(project=place.project)
    line = PrintedLine(place.mark("PictureWords.lines"), 0.99, 0.3, 0.4, 0.7, 0.5, 0.1)
    read = PictureWords.objects.create(image=image, reader="scripted 1", state="read", lines=to_json([line]), seconds=1)
    done = {"state": "done", "words": read, "error": place.mark("PictureReading.error"), "finished_at": timezone.now()}
    # Where rapidocr is installed, storing the picture has asked for the reading already.
    PictureReading.objects.update_or_create(image=image, defaults={"project": place.project, **done})


def _drafted(place: Place, pair: Pair, name: str, whose: str = "") -> None:
    note = place.mark("Draft.body", whose or name)
    Draft.objects.create(person=place.person(name), pair=pair, body={"note": note})


def _judged(place: Place) -> None:
    things, alan = place.things, place.world.people["alan"]
    main, held, adas, free, stale = place.pairs("main", "held", "adas", "open", "stale")
    says(place, main, "ben", "L4", no_rule_fits=True)
    make_judgment(pair=main, by=place.mark("Judge.rater"), label="L4", note=place.mark("Judgment.note", "rater"))
    for pair in (held, adas) if not place.foreign else ():  # before their holders' own
        _drafted(place, pair, "alan")
    for pair, name in ((held, "ana"), (adas, "ada")):
        says(place, pair, "ben", "L3")
        first, _second = make_slots(pair=pair)
        # Of the foreign project it has run out, which nobody of another project has to care about.
        until = timezone.now() + timedelta(hours=-1 if place.foreign else 1)
        things[f"token_of_{name}"] = str(make_lease(slot=first, person=place.person(name), until=until).token)
        if not place.foreign:
            Postponement.objects.create(slot=first, person=alan)
        _drafted(place, pair, name)
    _drafted(place, main, "ben")
    if not place.foreign:  # by one who judges here no more
        _drafted(place, main, "rosa", "left behind")
    make_slots(pair=free)
    outdated = says(place, stale, "ben", "L4")
    DayOfWork.objects.create(judge=outdated.judge, day=timezone.localdate() - timedelta(days=1), done=1)
    Citation.objects.create(judgment=outdated, version=RuleVersion.objects.get(rule__code="R-080", number=1))
    things["token"] = things["token_of_ana"]


def _disputed(place: Place) -> None:
    things, mark = place.things, place.mark
    main, disputed, ruled = place.pairs("main", "disputed", "ruled")
    says(place, disputed, "ben", "L4")
    make_judgment(pair=disputed, by=f"rater {mark('Judge.rater')}", label="L3")
    LabelConflict.objects.create(
        batch=Import.objects.get(pk=things["done_import"]), row=1, pair=main, said="L1", met="L4", ground="import",
        **place.marks(LabelConflict, "rater"),
    )  # fmt: skip
    settling.settle(disputed.project, [disputed.pk])
    things["dispute_id"] = Disagreement.objects.get(pair=disputed, state="open").pk
    Gold.objects.create(pair=main, label="L4", ground="import", batch=main.batch, snapshot=main.item.current_snapshot)
    Pair.objects.filter(pk=main.pk).update(gold_label="L4")
    says(place, ruled, "ben", "L4")
    if place.foreign:
        # By somebody from elsewhere, on a rule that reads otherwise now: counted on the foreign project's pages alone.
        version = RuleVersion.objects.get(rule__code="R-080", number=1)
        make_ruling(pair=ruled, by=place.world.people["alan"], rule=version.rule, version=version)
        return
    make_judgment(pair=ruled, by=f"rater {mark('Judge.rater')}", label="L3")
    settling.settle(ruled.project, [ruled.pk])
    settled = Disagreement.objects.get(pair=ruled, state="open")
    rule, note = Rule.objects.get(code="R-080"), mark("Adjudication.note")
    said = {"label": "L2", "mismatch": "colour", "rule": rule, "note": note}
    settling.settle_by_adjudication(ruled, make_ruling(pair=ruled, by=place.person("alan"), dispute=settled, **said))
    SeenOpinions.objects.create(pair=ruled, person=place.person("alan"))
    Disagreement.objects.filter(pk=settled.pk).update(state="settled", closed_at=timezone.now())
    things["settled_dispute"] = settled.pk
    if place.where == "own":  # nor does an auditor judge; were they let in, this card would be theirs
        (slot,) = make_slots(pair=ruled, count=1)
        things["token_of_otto"] = str(make_lease(slot=slot, person=place.world.people["otto"]).token)


def _evidence_checked(place: Place) -> None:
    """One pair was drawn; Ben has said of it what the marks say, and Ana, who may not see that, has looked."""
    project, mark = place.project, place.mark
    (pair,) = place.pairs("open")
    act = EvidenceDraw.objects.create(project=project, seed=7, per_category=60, pairs=1, drawn_by=place.person("lena"))
    category = mark("SampledPair.category")
    SampledPair.objects.create(project=project, draw=act, pair=pair, category=category)
    grid_id = cells.grid_to_check(pair).row_id
    for name in ("ben",) if place.foreign else ("ben", "ana"):
        cell = {"text": mark("EvidenceCheck.marks", name), "dimension": "colour", "source": "title", "verdict": "match"}
        EvidenceCheck.objects.create(
            pair=pair, judge=queue.judge_of(place.person(name), project), grid_id=grid_id,
            marks=[{**cell, "literal": mark("EvidenceCheck.marks", name), "mark": "wrong"}],
        )  # fmt: skip
    told = {**cell, "pair": pair.pk, "where": mark("EvidenceGate.wrong_cells"), "literal": ""}
    figures = {"drawn": 1, "lacks": ["pairs"], "note": mark("EvidenceGate.figures")}
    covers = [{"category": category}, {"category": mark("EvidenceGate.covers")}]
    row = EvidenceGate.objects.create(
        project=project, category=mark("EvidenceGate.category"), covers=covers, extractor=gate.extractor_now(project),
        figures=figures, wrong_cells=[{**told, "text": mark("EvidenceGate.wrong_cells")}],
    )  # fmt: skip
    place.things.update(gate_id=row.pk, sampled_pair=pair.pk)


def _more_wanted(place: Place) -> None:
    """One judgment more on one pair, which nobody has taken."""
    (pair,) = place.pairs("ruled")
    chosen = {"text": place.mark("MoreJudgments.chosen")}
    act = MoreJudgments.objects.create(
        project=place.project, key=uuid.uuid4(), more=1, chosen=chosen, asked_by=place.person("lena"), state="done",
        pairs=1, slots=1, error=place.mark("MoreJudgments.error"),
    )  # fmt: skip
    act.opened.create(slot=Slot.objects.create(project=place.project, pair=pair, number=9, position=pair.pk))
    place.things["act_id"] = act.pk


def _sealed(place: Place) -> None:
    """Cases, hard and replay sets, exports."""
    project, mark, things, lena = place.project, place.mark, place.things, place.person("lena")
    main, held, ruled = place.pairs("main", "held", "ruled")
    reported = (("case_id", main, "ben"), ("anas_case", held, "ana"), ("ottos_case", ruled, "otto"))
    for key, pair, name in reported:  # an auditor flags nothing; were they let in, they would find their own
        people = {"reported_by": place.person(name), "owner": place.person("alan")}
        case = BadCase.objects.create(
            project=project, pair=pair, snapshot=pair.item.current_snapshot, cause="data", **people
        )
        text = place.mark("BadCaseNote.text", name)
        case.notes.create(author=place.person(name), act="flagged", text=text)
        things[key] = case.pk
    hard = HardSet.objects.create(
        project=project, name=mark("HardSet.name"), criteria={"note": mark("HardSet.criteria")},
        created_by=place.person("alan"), size=1,
    )  # fmt: skip
    reason = {"kind": "human_split", "evidence_kind": mark("HardSetMember.reasons"), "evidence_id": 1}
    hard.members.create(pair=main, snapshot=main.item.current_snapshot, gold_label="L4", reasons=[reason])
    HardSet.objects.filter(pk=hard.pk).update(frozen_at=timezone.now())
    replay = ReplaySet.objects.create(project=project, number=1, size=1, digest=DIGEST, created_by=lena)
    replay.entries.create(pair=main, snapshot=main.item.current_snapshot, label="L4")
    sealed = exporting.request_export(project, "labels", lena)
    token = leasing.claim(Export, sealed.pk)
    assert token is not None
    exporting.work(sealed.pk, token)
    queued = exporting.request_export(project, "sft", lena, hard)
    Export.objects.filter(pk=queued.pk).update(error=mark("Export.error"))
    things.update(hard_set_id=hard.pk, export_id=queued.pk, sealed=sealed.pk, name="labels.jsonl")
