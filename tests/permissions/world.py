"""One world for every permission test: each kind of object in a project of ours, in a foreign one and in an archived one.

Every text of it carries a mark of its own, so that a page that shows one tells which column of whom it came from. All
ten actors lead another project besides: what a person may do there must never count here.
"""

from __future__ import annotations

import io
import itertools
import re
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import PIL.Image
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
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
    Worker,
)
from annotation.opinions import locked
from inference import knowledge_history, prompt_versions, prompting
from inference.models import Calibration, Caption, KnowledgeRevision, LearntModel, ModelVersion, PromptVersion
from projects import audit, invitations, tokens
from projects.models import Membership, Person, Project, Role, Scope, ServiceToken
from relevance.rules import RuleSpec, parse_rule
from rules import drafting, publishing, remarks
from rules.models import Rule, RuleDraft, RuleVersion
from tests.builders import (
    CHAIN,
    RULE_BODY,
    make_grid,
    make_import,
    make_item,
    make_judgment,
    make_pair,
    make_prediction,
    make_slots,
)

MARK = re.compile(r"zq[a-z]{6}q")
DIGEST = "1" * 64


class Marks:
    """Hands out marks and remembers what each stands in: (where, column, whose). `where` is own, foreign, archived or all."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, str, str]] = {}
        self._numbers = itertools.count()

    def __call__(self, where: str, column: str, whose: str = "") -> str:
        number, letters = next(self._numbers), ""
        for _ in range(5):
            number, rest = divmod(number, 26)
            letters = chr(97 + rest) + letters
        mark = f"zq{where[0]}{letters}q"
        self.known[mark] = (where, column, whose)
        return mark

    def seen_in(self, text: str) -> set[tuple[str, str, str]]:
        return {self.known[mark] for mark in set(MARK.findall(text.lower())) if mark in self.known}


ACTORS: dict[str, tuple[str, Role | None]] = {
    "labeler": ("ana", Role.LABELER),
    "adjudicator": ("ada", Role.ADJUDICATOR),
    "rule_owner": ("rosa", Role.RULE_OWNER),
    "ml_engineer": ("max", Role.ML_ENGINEER),
    "lead": ("lena", Role.LEAD),
    "auditor": ("otto", Role.AUDITOR),
    "system_admin": ("root", None),
    "stranger": ("eve", None),
    "deactivated": ("dora", Role.LEAD),
}
SIGNED_OUT = ("anonymous", "deactivated")
EVERYBODY = [*ACTORS, "anonymous"]
# Programs, by the service token each holds: its scopes, and whose project it is of. They are tried at /api/ alone.
PROGRAMS: dict[str, tuple[str, list[Scope]]] = {
    **{f"{scope}_token": ("own", [scope]) for scope in Scope},
    "expired_token": ("own", list(Scope)),
    "revoked_token": ("own", list(Scope)),
    "foreign_token": ("foreign", list(Scope)),
}
NO_TOKENS = ("expired_token", "revoked_token")
OTHERS = {"ben": Role.LABELER, "ruth": Role.RULE_OWNER, "alan": Role.ADJUDICATOR}


@dataclass
class World:
    """`objects[slug]` is what paths name in that project, `absent` the same for what is nowhere."""

    marks: Marks = field(default_factory=Marks)
    people: dict[str, Person] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)  # of programs
    projects: dict[str, Project] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    acting: str = ""  # who sends the form that is being made

    def actor(self, name: str) -> Person | None:
        return self.people[ACTORS[name][0]] if name in ACTORS else None


def build() -> World:
    world = World()
    _people(world)
    places = (("own", "shoes"), ("foreign", "boots"), ("archived", "shirt"))
    for where, slug in places:
        found(world, where, slug)
    _rules(world)
    _models(world)
    _elsewhere(world)
    for where, slug in places:
        furnish(world, where, slug)
    _programs(world)
    Project.objects.filter(slug="shirt").update(archived_at=timezone.now())
    _sessions(world)
    return world


# the installation


def _people(world: World) -> None:
    names = [name for name, _role in ACTORS.values()] + [*OTHERS, "hanna"]
    for name in names:
        world.people[name] = Person.objects.create_person(
            f"{name}-{world.marks('all', 'Person.username', name)}",
            name=f"{name.title()} {world.marks('all', 'Person.name', name)}",
            password="correct-horse-battery" if name == "eve" else None,
        )
    Person.objects.filter(pk=world.people["root"].pk).update(is_system_admin=True)
    world.people["root"].refresh_from_db()
    world.shared["person_id"] = world.people["ben"].pk
    invitation = invitations.invite(world.people["ben"], actor=world.people["root"])
    world.shared["link"] = invitation.path.strip("/").rpartition("/")[2]


def _sessions(world: World) -> None:
    """After all else: a cookie that was good stays in the browser of somebody who was deactivated."""
    for actor, (name, _role) in ACTORS.items():
        client = Client()
        client.force_login(world.people[name], backend="django.contrib.auth.backends.ModelBackend")
        world.cookies[actor] = client.cookies["sessionid"].value
    Person.objects.filter(pk=world.people["dora"].pk).update(is_active=False)


def _programs(world: World) -> None:
    for program, (where, scopes) in PROGRAMS.items():
        name = world.marks(where, "ServiceToken.name")
        issued = tokens.issue(world.projects[where], name, scopes, 30, actor=_person(world, where, "lena"))
        world.secrets[program] = issued.secret
        if program == "expired_token":
            now = timezone.now()
            ServiceToken.objects.filter(pk=issued.token.pk).update(
                created_at=now - timedelta(days=31), expires_at=now - timedelta(seconds=1)
            )
        if program == "revoked_token":
            tokens.revoke(issued.token, actor=world.people["lena"])


def rule(marks: Marks, code: str, version: int, **changes: Any) -> RuleSpec:
    """A rule with a mark in each of its texts."""

    def worded(what: str) -> dict[str, str]:
        return {
            "en": f"Colour {marks('all', f'RuleVersion.{what}')}",
            "zh": f"颜色 {marks('all', f'RuleVersion.{what}')}",
        }

    case = {
        "query": f"red mug {marks('all', 'RuleVersion.case')}",
        "item": {"title": "Mug", "cpv": {"colour": "blue"}},
        "label": "L2",
    }
    texts = {"title": worded("title"), "statement": worded("statement"), "principle": worded("principle")}
    return parse_rule({**RULE_BODY, **texts, "cases": [case], "code": code, "version": version, **changes})


def _rules(world: World) -> None:
    marks, rosa, ruth = world.marks, world.people["rosa"], world.people["ruth"]
    publishing.publish_pack([rule(marks, "R-080", 1), rule(marks, "R-081", 1)], marks("all", "RuleBaseVersion.note"))
    publishing.publish_pack([rule(marks, "R-080", 2)])
    base = publishing.newest()
    assert base is not None
    known = Rule.objects.get(code="R-080")
    Rule.objects.filter(pk=known.pk).update(owner=ruth)
    publishing.publish_pack([rule(marks, "R-082", 1)])
    by_people = Rule.objects.create(code="R-090", owner=rosa)
    spec = rule(marks, "R-090", 1)
    written = RuleVersion.objects.create(
        rule=by_people,
        number=1,
        dimension="colour",
        body=publishing.body_of(spec),
        body_sha256=publishing.digest_of(publishing.body_of(spec)),
        state="published",
        origin="people",
        author=rosa,
        approver=ruth,
    )
    number = publishing.pin({**publishing.current_versions(), "R-090": written}, "people")
    newest = publishing.rule_base_numbered(number)
    assert newest is not None
    draft = drafting.start(newest, marks("all", "RuleDraft.title"), marks("all", "RuleDraft.why"), ruth)
    drafting.change(draft, "R-080", publishing.body_of(rule(marks, "R-080", 3)), 0, ruth)
    RuleDraft.objects.filter(pk=draft.pk).update(
        returned=marks("all", "RuleDraft.returned"), override_reason=marks("all", "RuleDraft.override_reason")
    )
    here = f"/p/shoes/pairs/?text={marks('own', 'RuleRemark.about')}"
    asked = remarks.say(known, world.people["ben"], "question", marks("all", "RuleRemark.text"), here)
    there = f"/p/boots/pairs/?text={marks('foreign', 'RuleRemark.about')}"
    remarks.say(known, world.people["hanna"], "unclear", marks("all", "RuleRemark.text"), there)
    remarks.answer(asked, ruth, marks("all", "RuleRemark.answer"))
    world.shared |= {"code": "R-080", "number": 1, "draft_id": draft.pk, "remark_id": asked.pk, "base": number}


def _models(world: World) -> None:
    marks, hanna = world.marks, world.people["hanna"]
    world.shared["shipped"] = prompt_versions.active().pk
    shipped = prompting.shipped()
    templates = {**shipped.templates, "grade": f"One letter, {marks('all', 'PromptVersion.templates')} please.\n"}
    written = prompt_versions.write(
        marks("all", "PromptVersion.name"),
        templates,
        shipped.aliases,
        note=marks("all", "PromptVersion.note"),
        by=hanna,
    )
    world.shared["prompt_id"] = written.pk
    world.shared["version_id"] = ModelVersion.objects.create(
        name=marks("all", "ModelVersion.name"),
        engine="openai_server",
        target=f"http://{marks('all', 'ModelVersion.target')}:8000",
        revision=marks("all", "ModelVersion.revision"),
        prompt_version=prompt_versions.value(written.pk).version,
        prompt=written,
        registered_by=hanna,
        learnt=True,
        found={"answers": True},
    ).pk
    seen = timezone.now() - timedelta(hours=1)  # so that no page tells how long ago
    Worker.objects.create(name=marks("all", "Worker.name"), kind="worker", seen_at=seen)


# a project


def found(world: World, where: str, slug: str) -> None:
    """A project; its people are the whole cast, or Hanna alone where it is foreign."""
    marks = world.marks
    project = Project.objects.create(
        slug=slug,
        name=f"Project {marks(where, 'Project.name')}",
        description=marks(where, "Project.description"),
        guideline=marks(where, "Project.guideline"),
    )
    world.projects[where] = project
    world.objects[slug] = {}
    _members(world, where, project)


def furnish(world: World, where: str, slug: str) -> None:
    """One or more of everything in it."""
    project = world.projects[where]
    world.objects[slug] |= world.shared
    _catalogue(world, where, project)
    _predicted(world, where, project)
    _judged(world, where, project)
    _the_rest(world, where, project)


def _person(world: World, where: str, name: str) -> Person:
    return world.people["hanna" if where == "foreign" else name]


def _members(world: World, where: str, project: Project) -> None:
    if where == "foreign":
        for role in Role:
            Membership.objects.create(project=project, person=world.people["hanna"], role=role)
        member = Membership.objects.get(project=project, role=Role.LABELER)
    else:
        for name, role in [*ACTORS.values(), *OTHERS.items()]:
            if role is not None:
                Membership.objects.create(project=project, person=world.people[name], role=role)
        member = Membership.objects.get(project=project, person=world.people["ben"])
    if where == "archived":  # once the keeper of rules of a project that is no more
        Membership.objects.create(project=project, person=world.people["ana"], role=Role.RULE_OWNER)
    world.objects[project.slug]["membership_id"] = member.pk


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
    batch = make_import(project=project, requested_by=_person(world, where, "lena"), state="done")
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
        requested_by=_person(world, where, "lena"),
    )

    host = f"{marks(where, 'PictureSource.host')}.example.com"
    source = PictureSource.objects.create(project=project, host=host, added_by=_person(world, where, "lena"))
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
        project, marks(where, "ServiceToken.name"), list(Scope), 30, actor=_person(world, where, "lena")
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
        written_by=_person(world, where, "ruth"),
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
        requested_by=_person(world, where, "lena"),
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
        fitted_by=_person(world, where, "max"),
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
    made, _ = knowledge_history.add_or_change(project, said, _person(world, where, "ruth"), seen=0)
    return int(made.pk)


def _judged(world: World, where: str, project: Project) -> None:
    """Ben, an imported rater and others have spoken; Ana and Ada each hold a pair."""
    marks, things = world.marks, world.objects[project.slug]

    def says(pair: Pair, name: str, label: str, **fields: Any) -> Judgment:
        return make_judgment(
            pair=pair,
            by=_person(world, where, name),
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
        lease = _lease(first, _person(world, where, name))
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
    Draft.objects.create(
        person=_person(world, where, "ben"), pair=main, body={"note": marks(where, "Draft.body", "ben")}
    )
    left = _person(world, where, "rosa")  # who judges here no more
    if not alone:
        Draft.objects.create(person=left, pair=main, body={"note": marks(where, "Draft.body", "left behind")})
    says(disputed, "ben", "L4")
    make_judgment(pair=disputed, by=f"rater {marks(where, 'Judge.rater')}", label="L3")
    settling.settle(locked(disputed.pk))
    dispute = Disagreement.objects.get(pair=disputed, state="open")
    Gold.objects.create(pair=main, label="L4", ground="import", batch=main.batch, snapshot=main.item.current_snapshot)
    Pair.objects.filter(pk=main.pk).update(gold_label="L4")
    says(ruled, "ben", "L4")
    if alone:
        _stale_ruling(world, project, ruled)
    else:
        make_judgment(pair=ruled, by=f"rater {marks(where, 'Judge.rater')}", label="L3")
        settling.settle(locked(ruled.pk))
        settled = Disagreement.objects.get(pair=ruled, state="open")
        ruling = Adjudication.objects.create(
            disagreement=settled,
            pair=ruled,
            adjudicator=_person(world, where, "alan"),
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
    make_slots(pair=free)
    outdated = says(stale, "ben", "L4")
    Citation.objects.create(judgment=outdated, version=RuleVersion.objects.get(rule__code="R-080", number=1))
    things |= {"dispute_id": dispute.pk, "token": things["token_of_ana"]}


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
    main, held, adas = pairs_of(world, project, "main", "held", "adas")
    reported = (("case_id", main, "ben"), ("anas_case", held, "ana"), ("ottos_case", adas, "otto"))
    for key, pair, reporter in reported:  # an auditor flags nothing; were they let in, they would find their own
        case = BadCase.objects.create(
            project=project,
            pair=pair,
            snapshot=pair.item.current_snapshot,
            reported_by=_person(world, where, reporter),
            owner=_person(world, where, "alan"),
            cause="data",
        )
        case.notes.create(
            author=_person(world, where, reporter), act="flagged", text=marks(where, "BadCaseNote.text", reporter)
        )
        things[key] = case.pk
    hard = HardSet.objects.create(
        project=project,
        name=marks(where, "HardSet.name"),
        criteria={"note": marks(where, "HardSet.criteria")},
        created_by=_person(world, where, "alan"),
        size=1,
    )
    hard.members.create(
        pair=main,
        snapshot=main.item.current_snapshot,
        gold_label="L4",
        reasons=[{"kind": "human_split", "evidence_kind": marks(where, "HardSetMember.reasons"), "evidence_id": 1}],
    )
    HardSet.objects.filter(pk=hard.pk).update(frozen_at=timezone.now())
    sealed = exporting.request_export(project, "labels", _person(world, where, "lena"))
    token = jobs.claim(Export, sealed.pk)
    assert token is not None
    exporting.work(sealed.pk, token)
    queued = exporting.request_export(project, "sft", _person(world, where, "lena"), hard)
    Export.objects.filter(pk=queued.pk).update(error=marks(where, "Export.error"))
    draft = RuleDraft.objects.get(pk=world.shared["draft_id"])
    test = BackTest.objects.create(
        project=project,
        draft=draft,
        digest=DIGEST,
        requested_by=_person(world, where, "lena"),
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
            requested_by=_person(world, where, "lena"),
        )
        figures = {"flips": 7, "agreement_before": {}, "agreement_after": {}}
        BackTest.objects.create(project=project, draft=draft, digest=DIGEST, state="done", result=figures)
    ReplaySet.objects.create(project=project, number=1, size=1, digest=DIGEST, created_by=_person(world, where, "lena"))
    model = ModelVersion.objects.get(pk=world.shared["version_id"])
    job = ModelJob.objects.create(
        project=project,
        kind="train",
        source="gold",
        requested_by=_person(world, where, "lena"),
        error=marks(where, "ModelJob.error"),
    )
    comparison = Comparison.objects.create(
        project=project,
        model=model,
        before=PromptVersion.objects.get(pk=world.shared["shipped"]),
        after=PromptVersion.objects.get(pk=world.shared["prompt_id"]),
        pairs=1,
        requested_by=_person(world, where, "max"),
    )
    trial = Trial.objects.create(
        project=project,
        pair=main,
        snapshot=main.item.current_snapshot,
        model=model,
        prompt_id=world.shared["prompt_id"],
        requested_by=_person(world, where, "lena"),
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
        _person(world, where, "lena"),
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
                "train_pairs": 1,
                "test_pairs": 1,
                "cold_start": {},
                "majority": {"label": "L4", "acc": 0.5},
                "calibration": [],
                "note": marks(where, "LearntModel.report"),
            },
            trained_by=_person(world, where, "max"),
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


def _elsewhere(world: World) -> None:
    """The actors lead, judge and settle in a project of their own: nothing of it may count, or show, in this one."""
    marks = world.marks
    empty = Project.objects.create(slug="socks", name="Socks")
    Membership.objects.create(project=empty, person=world.people["lena"], role=Role.LEAD)
    project = Project.objects.create(slug="hats", name="Hats")
    for name in ("ana", "ada", "rosa", "max", "lena", "otto", "root"):
        for role in (Role.LABELER, Role.ADJUDICATOR, Role.ML_ENGINEER, Role.LEAD, Role.AUDITOR):
            Membership.objects.create(project=project, person=world.people[name], role=role)
    for name in ("ana", "ada"):
        person = world.people[name]
        item = make_item(project=project, title=f"Hat {marks('elsewhere', 'Snapshot.title')}")
        pair = make_pair(project=project, query=f"hat {marks('elsewhere', 'Query.text')}", item=item)
        make_judgment(pair=pair, by=person, label="L4", mode="facts", note=marks("elsewhere", "Judgment.note", name))
        other = make_pair(project=project, query=f"cap {marks('elsewhere', 'Query.text')}", item=item)
        slot, *_more = make_slots(pair=other)
        world.objects.setdefault("hats", {})[f"token_of_{name}"] = str(_lease(slot, person).token)
        settled = Disagreement.objects.create(project=project, pair=other, kind="human_human", state="settled")
        Adjudication.objects.create(
            disagreement=settled,
            pair=other,
            adjudicator=person,
            snapshot=item.current_snapshot,
            label="L3",
            idempotency_key=uuid.uuid4(),
        )


def _lease(slot: Slot, person: Person) -> Lease:
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


ABSENT_TEXT = {
    "token": "00000000-0000-4000-8000-000000000000",
    "link": "no-such-link",
    "sha256": "0" * 64,
    "code": "R-999",
    "name": "nothing.jsonl",
}
ABSENT_NUMBER = 987_654_321


def absent(key: str) -> str:
    return ABSENT_TEXT.get(key.partition("_of_")[0], str(ABSENT_NUMBER))
