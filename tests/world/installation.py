"""The installation of the permission matrix and of the hostile crawl: each kind of object in a project of ours, in a
foreign one and in an archived one; people and their sessions, programs, rules, models.

All actors lead another project besides: what a person may do there must never count here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from catalogue import words
from catalogue.models import Item
from inference.models import Lineage, ModelVersion, PromptChoice, PromptHome
from inference.prompting import prompt_versions, prompts
from jobs.models import Worker
from projects import invitations, role_offers, tokens
from projects.models import Membership, Person, Project, Role, ServiceToken
from relevance.rules import RuleSpec, parse_rule
from relevance.splits import SPLIT_VERSION
from rules import drafting, findings, publishing, remarks
from rules.models import Rule, RuleDraft, RuleVersion
from tests.world.cast import ACTORS, OTHERS, PROGRAMS, Marks, World
from tests.world.project import found, furnish
from tests.world.rows import RULE_BODY, make_item, make_judgment, make_lease, make_pair, make_ruling, make_slots


def _people(world: World) -> None:
    names = [name for name, _role in ACTORS.values()] + [*OTHERS, "hanna", "kurt"]
    for name in names:
        world.people[name] = Person.objects.create_person(
            f"{name}-{world.marks('all', 'Person.username', name)}",
            name=f"{name.title()} {world.marks('all', 'Person.name', name)}",
            password="correct-horse-battery" if name == "eve" else None,
        )
    Person.objects.filter(pk=world.people["root"].pk).update(is_system_admin=True)
    world.people["root"].refresh_from_db()
    for name in ("kira", "kurt"):
        Person.objects.filter(pk=world.people[name].pk).update(is_rule_owner=True)
        world.people[name].refresh_from_db()
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
        issued = tokens.issue(world.projects[where], name, scopes, 30, actor=world.person(where, "lena"))
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
    marks, kira, kurt = world.marks, world.people["kira"], world.people["kurt"]
    publishing.publish_pack([rule(marks, "R-080", 1), rule(marks, "R-081", 1)], marks("all", "RuleBaseVersion.note"))
    publishing.publish_pack([rule(marks, "R-080", 2)])
    base = publishing.newest()
    assert base is not None
    known = Rule.objects.get(code="R-080")
    Rule.objects.filter(pk=known.pk).update(owner=kurt)
    publishing.publish_pack([rule(marks, "R-082", 1)])
    by_people = Rule.objects.create(code="R-090", owner=kira)
    spec = rule(marks, "R-090", 1)
    written = RuleVersion.objects.create(
        rule=by_people, number=1, dimension="colour", body=publishing.body_of(spec),
        body_sha256=publishing.digest_of(publishing.body_of(spec)), origin="people", author=kira, approver=kurt,
    )  # fmt: skip
    number = publishing.pin({**publishing.current_versions(), "R-090": written}, "people")
    newest = publishing.rule_base_numbered(number)
    assert newest is not None
    draft = drafting.start(newest, marks("all", "RuleDraft.title"), marks("all", "RuleDraft.why"), kurt)
    drafting.change(draft, "R-080", publishing.body_of(rule(marks, "R-080", 3)), 0, kurt)
    RuleDraft.objects.filter(pk=draft.pk).update(
        returned=marks("all", "RuleDraft.returned"), override_reason=marks("all", "RuleDraft.override_reason")
    )
    found = findings.of_draft(draft).others
    findings.acknowledge(draft, kira, [findings.key(one) for one in found])
    here = f"/p/shoes/pairs/?text={marks('own', 'RuleRemark.about')}"
    asked = remarks.say(known, world.people["ben"], "question", marks("all", "RuleRemark.text"), here)
    there = f"/p/boots/pairs/?text={marks('foreign', 'RuleRemark.about')}"
    remarks.say(known, world.people["hanna"], "unclear", marks("all", "RuleRemark.text"), there)
    remarks.answer(asked, kurt, marks("all", "RuleRemark.answer"))
    world.shared |= {"code": "R-080", "number": 1, "draft_id": draft.pk, "remark_id": asked.pk, "base": number}


def _models(world: World) -> None:
    marks, hanna, shipped = world.marks, world.people["hanna"], prompts.shipped()
    templates = {**shipped.templates, "grade": f"One letter, {marks('all', 'PromptVersion.templates')} please.\n"}
    name, note = marks("all", "PromptVersion.name"), marks("all", "PromptVersion.note")
    world.shared["shipped"] = prompt_versions.active().pk
    prompt = prompt_versions.write(name, templates, shipped.aliases, note=note, by=hanna)
    model = ModelVersion.objects.create(
        engine="openai_server", target=f"http://{marks('all', 'ModelVersion.target')}:8000",
        prompt_version=prompt_versions.value(prompt.pk).version, prompt=prompt, registered_by=hanna, learnt=True,
        found={
            "answers": True,
            "first_judgment": {"label": "", "code": "prose", "answer": marks("all", "ModelVersion.found")},
        },
        **{column: marks("all", f"ModelVersion.{column}") for column in ("name", "revision")},
    )  # fmt: skip
    for project in world.projects.values():
        PromptHome.objects.create(project=project, prompt=prompt)
    PromptChoice.objects.create(prompt_id=world.shared["shipped"])
    Lineage.objects.create(version=model, split_version=SPLIT_VERSION, families=b"1" * 32, told_by=hanna)
    world.shared |= {"prompt_id": prompt.pk, "version_id": model.pk}
    seen = timezone.now() - timedelta(hours=1)  # so that no page tells how long ago
    Worker.objects.create(name=marks("all", "Worker.name"), kind="worker", seen_at=seen)


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
        world.objects.setdefault("hats", {})[f"token_of_{name}"] = str(make_lease(slot=slot, person=person).token)
        make_ruling(pair=other, by=person)


def _later_elsewhere(world: World) -> None:
    """Who judges here holds a pair there that was taken before, and one that was taken after."""
    project = Project.objects.get(slug="hats")
    for name in ("ana", "ada"):
        pair = make_pair(project=project, query=f"scarf {name}", item=Item.objects.filter(project=project)[0])
        make_lease(slot=make_slots(pair=pair)[0], person=world.people[name])


def _offers(world: World) -> None:
    """Each project asks for somebody who is nobody here; ours asks Eve as well, who is in none."""
    for where, slug in (("own", "shoes"), ("foreign", "boots"), ("archived", "shirt")):
        project, lead = world.projects[where], world.person(where, "lena")
        asked = role_offers.offer(project, world.marks(where, "RoleOffer.username"), Role.LABELER, actor=lead)
        if where == "own":
            asked = role_offers.offer(project, world.people["eve"].username, Role.ADJUDICATOR, actor=lead)
        world.objects[slug]["offer_id"] = asked.pk


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
    _later_elsewhere(world)
    _programs(world)
    _offers(world)
    while words.read_some():
        pass
    Project.objects.filter(slug="shirt").update(archived_at=timezone.now())
    _sessions(world)
    return world
