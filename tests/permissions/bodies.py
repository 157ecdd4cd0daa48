"""For each URL that writes: forms that are taken, so that a permitted write does something and a refused one could have.

`before` brings about what the form needs, inside the request's own savepoint.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from annotation.evidence_checks import cells
from annotation.gold.settling import settle
from annotation.judging import queue
from annotation.models import Disagreement, EvidenceCheck, Lease, Slot
from catalogue.models import Image, Pair, PictureFetch, PictureReading
from inference.models import ActiveModel, Comparison, ModelJob, ModelVersion, PromptChoice
from inference.playground.prompt_views import FORMS
from inference.prompting import prompt_versions, prompts
from projects.models import Person, Project
from relevance.splits import Splits
from rules import packs, publishing, rule_forms
from rules.models import RuleVersion
from tests.world.cast import ACTORS, World, pairs_of
from tests.world.installation import rule
from tests.world.rows import (
    make_import,
    make_item,
    make_judgment,
    make_lease,
    make_model,
    make_pair,
    make_prediction,
    make_ruling,
    make_trial,
)

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Form:
    """`fields` are made anew for each request; `before` is told who acts, where that matters."""

    fields: Callable[[World], Fields] = lambda world: {}
    before: Callable[[World, Person | None], None] = lambda world, actor: None


def plain(**fields: Any) -> Form:
    return Form(lambda world: fields)


def own(*keys: str, **fields: Any) -> Form:
    """Fields that name objects of our project: `pair="main_pair"`."""
    return Form(lambda world: {name: world.objects["shoes"].get(key, key) for name, key in fields.items()})


def file(name: str, content: bytes) -> io.BytesIO:
    made = io.BytesIO(content)
    made.name = name
    return made


def form_of(world: World, url: str, which: int) -> Form:
    return FORMS_OF[url][which]


# what must be so before


def _without(model: type[Any], **fields: Any) -> Callable[[World, Person | None], None]:
    def end(world: World, actor: Person | None) -> None:
        model.objects.filter(**fields).update(state="cancelled")

    return end


def _archived(world: World, actor: Person | None) -> None:
    Project.objects.filter(pk=world.projects["own"].pk).update(archived_at=timezone.now())


def _queries(split: str) -> list[str]:
    return [query for number in range(200) if Splits().of(query := f"mug {number}") == split][:7]


VALIDATION, TEST = _queries("validation"), _queries("test")  # by which a model that learnt is calibrated, and measured


def _answers_nowhere(world: World, actor: Person | None) -> None:
    _registered_by(world, actor)
    ActiveModel.objects.filter(model=world.shared["version_id"]).delete()


def _registered_by(world: World, actor: Person | None) -> None:
    """Of one that other projects work with as well, nobody else of a project would do more than be refused."""
    ModelVersion.objects.filter(pk=world.shared["version_id"]).update(registered_by=actor)


def _another_answers(world: World, actor: Person | None) -> None:
    ActiveModel.objects.filter(model=world.shared["version_id"]).update(model=make_model())


def _answered_before(world: World, actor: Person | None) -> None:
    """Another model did, and the world's since."""
    model = ModelVersion.objects.get(pk=world.shared["version_id"])
    for slug in ("own", "foreign"):
        row, _new = ActiveModel.objects.get_or_create(
            project=world.projects[slug], role=model.role, defaults={"model": model}
        )
        ActiveModel.objects.filter(pk=row.pk).update(model=model, before=make_model(learnt=True))


def _asked_before(world: World, actor: Person | None) -> None:
    """In the shipped words, and in others since."""
    for prompt in (world.shared["shipped"], world.shared["prompt_id"]):
        for where in ("own", "foreign"):
            PromptChoice.objects.create(project=world.projects[where], prompt_id=prompt)


def _retired(world: World, actor: Person | None) -> None:
    _registered_by(world, actor)
    ModelVersion.objects.filter(pk=world.shared["version_id"]).update(state="retired")


def _gold(world: World, count: int, queries: list[str], *, predicted: bool) -> list[Pair]:
    project = world.projects["own"]
    batch = make_import(project=project)
    model = ModelVersion.objects.get(pk=world.shared["version_id"])
    made = []
    for number in range(count):
        item = make_item(project=project, title=f"Mug {number}", batch=batch)
        pair = make_pair(project=project, query=queries[number % 7], item=item, batch=batch, gold_label="L4")
        if predicted:
            make_prediction(pair=pair, label="L4" if number % 3 else "L1", model=model)
        made.append(pair)
    return made


def _predicted_gold(world: World, actor: Person | None) -> None:
    _gold(world, 36, VALIDATION, predicted=True)


def _enough_gold(world: World, actor: Person | None) -> None:
    _gold(world, 12, TEST, predicted=False)


def _compared(world: World, actor: Person | None) -> None:
    """The written prompt version has been held against the shipped one on twenty pairs."""
    comparison = Comparison.objects.get(pk=world.objects["shoes"]["comparison_id"])
    Comparison.objects.filter(pk=comparison.pk).update(pairs=20)
    said = {"state": "done", "judged": {"status": "ok", "label": "L4"}}
    comparison.trials.all().delete()
    for pair in _gold(world, 20, TEST, predicted=False):
        for prompt in (comparison.before, comparison.after):
            by, model = comparison.requested_by, comparison.model
            make_trial(pair=pair, by=by, model=model, prompt=prompt, comparison=comparison, **said)


def _has_judged(world: World, actor: Person | None) -> None:
    """The actor's last answer made gold and a dispute, both of which fall with it."""
    if actor is None:
        return
    (free,) = pairs_of(world, world.projects["own"], "open")
    slot = Slot.objects.filter(pair=free).first()
    make_judgment(pair=free, by=actor, label="L3", slot=slot, mode="facts")
    make_judgment(pair=free, by=world.people["alan"], label="L3", mode="facts")
    Slot.objects.filter(pair=free).update(state="done")
    settle(free.project, [free.pk])


def _holds_nothing(world: World, actor: Person | None) -> None:
    for lease in Lease.objects.filter(person=actor, state="live"):
        queue.give_back(lease)


def _time_is_up(world: World, actor: Person | None) -> None:
    Lease.objects.filter(person=actor, state="live").update(until=timezone.now() - timedelta(hours=1))


def _disputed_by_ruling(world: World, actor: Person | None) -> None:
    """A ruling that rests on a rule which reads otherwise now."""
    dispute = Disagreement.objects.get(pk=world.objects["shoes"]["settled_dispute"])
    version = RuleVersion.objects.get(rule__code="R-080", number=1)
    said = {"revision": 2, "label": "L2", "mismatch": "colour", "rule": version.rule, "version": version}
    make_ruling(pair=dispute.pair, by=world.people["alan"], dispute=dispute, **said)


def _slots_for_the_disputed(world: World, actor: Person | None) -> None:
    pair = pairs_of(world, world.projects["own"], "disputed")[0]
    Slot.objects.create(project=pair.project, pair=pair, number=5, position=pair.pk)


def _was_given_the_open_pair(world: World, actor: Person | None) -> None:
    pair = pairs_of(world, world.projects["own"], "open")[0]
    if actor is not None:
        slot = Slot.objects.create(project=pair.project, pair=pair, number=6, position=pair.pk)
        make_lease(slot=slot, person=actor, state="used")


def _refused_for_plain_http(world: World, actor: Person | None) -> None:
    PictureFetch.objects.filter(project=world.projects["own"], state="dead").update(
        host="pictures.example.net", error="plain_http"
    )


def _unread_picture(world: World, actor: Person | None) -> None:
    Image.objects.get_or_create(
        project=world.projects["own"], sha256="b" * 64, defaults={"width": 1, "height": 1, "bytes": 1}
    )


def _picture_to_be_read(world: World, actor: Person | None) -> None:
    _unread_picture(world, actor)
    image = Image.objects.get(project=world.projects["own"], sha256="b" * 64)
    PictureReading.objects.get_or_create(image=image, project=image.project)


# the fields


def _settings(world: World) -> Fields:
    return {
        "name": "Shoes",
        "description": "",
        "guideline": "",
        "mode": "facts",
        "overlap": "2",
        "lease_seconds": "900",
        "confidence_cut": "0.7",
        "replay_tolerance": "0.002",
        "rule_base_number": "",
        "scale_name": "lore-4",
    }


def _answer(label: str) -> Callable[[World], Fields]:
    return lambda world: {"idempotency_key": uuid.uuid4(), "choice": label, "note": "seen", "seconds": "2"}


def _own_token(world: World) -> Fields:
    held = f"token_of_{ACTORS[world.acting][0]}" if world.acting in ACTORS else ""
    return {"token": world.objects["shoes"].get(held, "")}


def _marks(mark: str) -> Callable[[World], Fields]:
    """Of every cell of the drawn pair that says something."""

    def fields(world: World) -> Fields:
        (pair,) = pairs_of(world, world.projects["own"], "open")
        grid_id, value = cells.grid_to_check(pair)
        said = {cell.name: mark for cell in cells.placed(value) if cell.reading.speaks}
        return {"grid": grid_id, "missing": "", "source": "title", **said}

    return fields


def _has_checked(world: World, actor: Person | None) -> None:
    if actor is not None:
        (pair,) = pairs_of(world, world.projects["own"], "open")
        grid_id, value = cells.grid_to_check(pair)
        said = [cells.stored(cell.reading, "wrong") for cell in cells.placed(value) if cell.reading.speaks]
        judge = queue.judge_of(actor, pair.project)
        EvidenceCheck.objects.create(pair=pair, judge=judge, revision=5, grid_id=grid_id, marks=said)


def _ruling(world: World) -> Fields:
    return {"idempotency_key": uuid.uuid4(), "label": "L4", "rule": "R-080", "note": "settled"}


def _drafted(world: World) -> Fields:
    base = publishing.newest()
    spec = next(one for one in publishing.specs(base) if one.code == "R-080")
    initial = rule_forms.initial_of(spec, 1)
    fields = {name: "" if value is None else value for name, value in initial.items()}
    fields |= {"precedence": 51, "scope": "", "queries": ""}
    return {**fields, "cases-TOTAL_FORMS": "0", "cases-INITIAL_FORMS": "0"}


def _prompt(world: World) -> Fields:
    shipped = prompts.shipped()
    templates = {**shipped.templates, "grade": "One letter only, please.\n"}
    aliases = " ".join(shipped.aliases)
    return {**{kind: templates[kind] for kind in FORMS}, "name": "third", "note": "x", "aliases": aliases, **_base()}


def _base() -> Fields:
    return {"base": prompt_versions.active().pk}


def _pack(world: World) -> Fields:
    text = packs.dump_pack([rule(type(world.marks)(), "R-083", 1)])
    return {"pack": file("pack.yaml", text.encode())}


def _card(text: str, seen: int, **more: str) -> Form:
    return plain(text=text, source="", item_ids="", clicks="", seen=seen, **more)


def _reported(world: World) -> Fields:
    (pair,) = pairs_of(world, world.projects["own"], "open")
    return {"json": {"query": pair.query.text, "item": pair.item.external_id, "cause": "data", "note": "look"}}


def _meaning(world: World) -> Fields:
    return {
        "source": "tests",
        "licence": "CC0-1.0",
        "attribution": "",
        "column_0": "query",
        "column_1": "item_id",
        "column_2": "title",
        "scale": "lore-4",
    }


CARDS = b'{"kind": "term", "key": "cup", "text": "A mug without a handle."}\n'
PAIRS = b'{"query": "red mug", "item_id": "1", "title": "Red mug"}\n'
GUIDELINE = {"intent": "A red mug.", "required": "red", "optional": ""}
PASSWORDS = {"new_password1": "battery-horse-correct", "new_password2": "battery-horse-correct"}

OF_PROGRAMS: Mapping[str, list[Form]] = {
    "imports": [Form(lambda world: {"licence": "internal", "file": file("pairs.jsonl", PAIRS)})],
    "runs": [plain(json={}), Form(lambda world: {"json": {}}, _enough_gold)],
    "exports": [plain(json={"kind": "labels"})],
    "bad-cases": [Form(_reported)],
}
WRONG = [
    plain(act="reading", text="mug", dimension="category", head="0"),
    plain(act="cell", row="0", source="title", verdict="silent"),
]
FORMS_OF: Mapping[str, list[Form]] = {
    "login": [Form(lambda world: {"username": world.people["eve"].username, "password": "correct-horse-battery"})],
    "logout": [plain()],
    "welcome": [plain(**PASSWORDS)],
    "language": [plain(language="zh-hans")],
    "project-state": [plain(act="archive"), Form(lambda world: {"act": "restore"}, _archived)],
    "account": [plain(name="Other", locale="en"), plain(action="sessions")],
    "rule-remark": [plain(act="answer", text="Because.")],
    "rule-say": [plain(kind="question", text="Why?", about="/rules/")],
    "rule-owner": [Form(lambda world: {"owner": world.people["kira"].username})],
    "rule-drafts": [Form(lambda world: {"title": "Other colours", "why": "", "base": world.shared["base"]})],
    "drafted-rule": [Form(_drafted)],
    "rule-draft-act": [plain(act="withdraw")],
    "rule-draft-pack": [Form(_pack)],
    "rule-check": [plain(condition="", code="R-080", effect="cap", label="L2")],
    "people": [plain(username="newcomer", name="New", locale="")],
    "person": [plain(action="deactivate"), plain(action="link"), plain(action="appoint")],
    "query-erase": [plain()],
    "pair-wrong": WRONG,
    "project-delete": [Form(lambda world: {"typed": "shoes"}, _archived)],
    "person-forget": [Form(lambda world: {"typed": world.people["ben"].username})],
    "installation-models": [
        Form(lambda world: {"model": world.shared["version_id"]}),
        plain(none="judge"),
        Form(lambda world: {"prompt": world.shared["prompt_id"]}),
    ],
    "project-new": [Form(lambda w: {"name": "Gloves", "scale_name": "lore-4", "lead": w.people["eve"].username})],
    "project-settings": [Form(_settings)],
    "tokens": [plain(name="sync", scopes=["import"], days="90")],
    "token-revoke": [plain()],
    "members": [
        Form(lambda world: {"username": world.people["eve"].username, "role": "labeler"}),
        Form(lambda world: {"username": world.people["ben"].username, "role": "auditor"}),
    ],
    "member-remove": [plain()],
    "role-offer": [plain(answer="accept"), plain(answer="decline")],
    "role-offer-withdraw": [plain()],
    "imports": [Form(lambda world: {"kind": "pairs", "file": file("pairs.jsonl", PAIRS)})],
    "import": [Form(_meaning)],
    "import-cancel": [plain()],
    "remaking": [plain(act="start")],
    "pictures-retry": [plain()],
    "picture-words-read": [Form(lambda world: {}, _unread_picture)],
    "picture-words-cancel": [Form(lambda world: {}, _picture_to_be_read)],
    "pictures-cancel": [plain()],
    "picture-source": [
        plain(host="pictures.example.net"),
        Form(lambda world: {"host": "pictures.example.net", "plain_http": "on"}, _refused_for_plain_http),
    ],
    "picture-source-remove": [plain()],
    "knowledge-card": [_card("Another meaning.", 1)],
    "knowledge-new": [_card("What a cup is.", 0, kind="term", key="cup", locale="en")],
    "knowledge-import": [Form(lambda world: {"file": file("cards.jsonl", CARDS)})],
    "knowledge-imported": [plain()],
    "guideline": [plain(**GUIDELINE)],
    "model-promote": [Form(before=_another_answers)],
    "model-put-back": [Form(before=_answered_before)],
    "model-retire": [
        Form(lambda world: {"act": "retire"}, _answers_nowhere),
        Form(lambda world: {"act": "restore"}, _retired),
    ],
    "model-calibrate": [Form(lambda world: {}, _predicted_gold)],
    "model-canary": [plain()],
    "model-train": [Form(lambda world: {"source": "gold"}, _without(ModelJob, kind="train"))],
    "model-job-cancel": [plain()],
    "playground": [own(pair="main_pair", model="version_id", prompt="prompt_id")],
    "compare": [
        Form(
            lambda world: {
                "model": world.shared["version_id"],
                "before": world.shared["shipped"],
                "after": world.shared["prompt_id"],
                "pairs": "10",
            },
            _enough_gold,
        )
    ],
    "prompts": [Form(_prompt)],
    "prompt-activate": [Form(lambda world: {}, _compared)],
    "prompt-put-back": [Form(before=_asked_before)],
    "runs": [plain(samples="1"), Form(lambda world: {"samples": "1"}, _enough_gold)],
    "run-cancel": [plain()],
    "run-resume": [plain()],
    "run-replay": [plain()],
    "judge-submit": [Form(_answer("L4")), Form(_answer("L3"))],
    "judge-later": [plain()],
    "judge-draft": [plain(note="half a thought")],
    "judge-renew": [plain()],
    "judge-undo": [Form(before=_has_judged), Form(_own_token, _has_judged)],
    "judge-flag": [plain(reason="data", note="the picture is another item's")],
    "judge-leave": [plain()],
    "evidence": [plain(per_category="60", seed="3", only="")],
    "evidence-pair": [Form(_marks("wrong")), Form(_marks("right"))],
    "evidence-undo": [Form(before=_has_checked)],
    "judge-wrong": WRONG,
    "dispute": [Form(_ruling, _slots_for_the_disputed)],
    "bad-case": [plain(act="note", text="seen"), plain(act="close", text="done")],
    "bad-case-open": [Form(own(pair="open_pair", cause="data", note="look").fields, _was_given_the_open_pair)],
    "hard-sets": [plain(name="winter")],
    "exports": [own(kind="labels", hard_set="hard_set_id")],
    "export-cancel": [plain()],
    "backtests": [own(draft="draft_id")],
    "project-rules": [plain(pin="1"), plain(ask="1")],
    "backtest-cancel": [plain()],
    "replay-freeze": [plain()],
    **{f"api-v1-{name}": forms for name, forms in OF_PROGRAMS.items()},
    **{f"api-{name}": forms for name, forms in OF_PROGRAMS.items()},
    "more-judgments": [Form(lambda world: {"more": "1", "newest": str(10**9), "key": uuid.uuid4()})],
    "more-take-back": [plain()],
    "stale": [Form(lambda world: {"pairs": "5"}, _disputed_by_ruling)],
}
# Reads that do something only after something else: a card is taken by who holds none.
READS_OF: Mapping[str, list[Form]] = {"judge": [Form(before=_holds_nothing), Form(before=_time_is_up)]}
