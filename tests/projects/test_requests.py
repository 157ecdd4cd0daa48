"""What a request can smuggle in beside what it is for: fields (T38), filters (T39), forged origins (T46), fragments (T51).

Every URL of the product is asked, by someone who holds every role, over objects that are there.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from annotation.judging import queue
from annotation.models import BackTest, BadCase, Disagreement, EvidenceGate, Export, HardSet
from annotation.pairs import more_judgments
from annotation.pairs.choosing import Choice
from annotation.pairs.more_judgments import MoreWanted
from catalogue.models import PictureSource
from inference.models import KnowledgeCard, KnowledgeImport, ModelJob, PromptVersion, Trial
from inference.prelabel import runs
from projects import refused_requests, role_offers, tokens
from projects.models import HourlyCount, Membership, Person, Project, Role, Scope
from projects.policy import POLICY, SCOPES, Permission
from rules import drafting, publishing, remarks
from rules.models import Rule
from rules.publishing import publish_pack
from tests.conftest import ROOT, Cast
from tests.projects.conftest import plain
from tests.rules.conftest import spec
from tests.world.rows import make_model, make_pair, make_slots

Rows = dict[str, dict[Any, dict[str, Any]]]


class World(NamedTuple):
    """`boss` may do everything here and is nothing in `foreign`; `at` are the objects that addresses name."""

    boss: Person
    client: Client
    at: dict[str, Any]
    foreign: Project
    hanna: Person


@pytest.fixture
def world(project: Project, cast: Cast, foreign: Project, client_for: Any) -> World:
    boss = Person.objects.create_person("boss", is_system_admin=True, is_rule_owner=True)
    for role in Role:
        Membership.objects.create(project=project, person=boss, role=role)
    publish_pack([spec("R-080")])
    base = publishing.newest()
    assert base is not None
    pair = make_pair(project=project)
    make_slots(pair=pair)
    lease = queue.take(boss, project)
    assert lease is not None
    model = make_model(learnt=True)
    draft = drafting.start(base, "Shades", "", boss)
    job = ModelJob.objects.create(project=project, kind="train", source="gold", requested_by=boss)
    trial = Trial.objects.create(
        project=project, pair=pair, snapshot_id=pair.item.snapshot_now, model=model, requested_by=boss
    )
    prompt = PromptVersion.objects.create(name="ours-2", templates={}, aliases=[], digest="1" * 64)
    bad_case = BadCase.objects.create(
        project=project, pair=pair, snapshot_id=pair.item.snapshot_now, reported_by=cast.ana
    )
    objects = {
        "project_id": project,
        "person_id": cast.eve,
        "membership_id": Membership.objects.get(project=project, person=cast.ben),
        "source_id": PictureSource.objects.create(project=project, host="pictures.example.com"),
        "act_id": more_judgments.ask(project, MoreWanted(Choice(), 1), boss, uuid.uuid4()),
        "token_id": tokens.issue(project, "sync", [Scope.IMPORT], 30, actor=cast.lena).token,
        "offer_id": role_offers.offer(project, "boss", Role.LABELER, actor=cast.lena),
        "draft_id": draft,
        "remark_id": remarks.say(Rule.objects.get(code="R-080"), cast.ana, "question", "Why?"),
        "card_id": KnowledgeCard.objects.create(
            project=project, kind="term", key="dress", key_folded="dress", text="x"
        ),
        "brought_id": KnowledgeImport.objects.create(
            project=project, file_name="cards.jsonl", stored_as="knowledge/1", total=3, requested_by=boss
        ),
        "import_id": pair.batch,
        "pair_id": pair,
        "query_id": pair.query,
        "version_id": model,
        "job_id": job,
        "trial_id": trial,
        "prompt_id": prompt,
        "run_id": runs.start_run(project, boss),
        "dispute_id": Disagreement.objects.create(project=project, pair=pair, kind="human_human"),
        "case_id": bad_case,
        "hard_set_id": HardSet.objects.create(project=project, name="autumn"),
        "export_id": Export.objects.create(project=project, kind="labels"),
        "gate_id": EvidenceGate.objects.create(project=project, category="mugs", extractor="1"),
        "test_id": BackTest.objects.create(project=project, draft=draft, digest="1" * 64),
    }
    at: dict[str, Any] = {name: row.pk for name, row in objects.items()}
    at |= {"slug": "shoes", "code": "R-080", "number": base.number, "token": lease.token, "comparison_id": 1}
    at |= {"sha256": "0" * 64, "size": "large", "name": "labels.jsonl", "project_id": project.pk}
    return World(boss, client_for(boss), at, foreign, Person.objects.get(username="hanna"))


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


CONVERTERS = {
    str(pattern.name): (tuple(pattern.pattern.converters), str(pattern.pattern).startswith("p/"))
    for pattern in patterns(get_resolver())
}
HUMAN = sorted(name for name, methods in POLICY.items() if not set(methods.values()) & set(SCOPES))
READ = [name for name in HUMAN if "GET" in POLICY[name]]
WRITTEN = [name for name in HUMAN if "POST" in POLICY[name]]
ONLY_WRITTEN = [name for name in WRITTEN if "GET" not in POLICY[name]]


def address(name: str, at: dict[str, Any]) -> str:
    return reverse(name, kwargs={part: at[part] for part in CONVERTERS[name][0]})


def all_rows() -> Rows:
    """Every row of every table of ours but the counts of the hour, which whoever makes something adds to."""
    mine = [m for m in apps.get_models() if m._meta.app_label in settings.OUR_APPS and m is not HourlyCount]
    return {m.__name__: {row[m._meta.pk.attname]: row for row in m._default_manager.values()} for m in mine}


def changed(before: Rows, after: Rows) -> set[str]:
    """Model.column of every row that was there before and reads otherwise now; Model alone where one has gone."""
    names = set()
    for model, rows in before.items():
        for pk, row in rows.items():
            if pk not in after[model]:
                names.add(model)
            else:
                names |= {f"{model}.{column}" for column, value in row.items() if after[model][pk][column] != value}
    return names


def added(before: Rows, after: Rows) -> Iterator[tuple[str, dict[str, Any]]]:
    for model, rows in after.items():
        yield from ((model, row) for pk, row in rows.items() if pk not in before[model] and not is_refusal(row))


def is_refusal(row: dict[str, Any]) -> bool:
    """That something was refused is logged, and is no effect of it."""
    return row.get("act") == refused_requests.ACT


# T38


def hostile_fields(world: World) -> dict[str, Any]:
    """A value for every column of every table: the foreign project and its lead, a role, flags, times, ids."""
    fields: dict[str, Any] = {}
    for model in apps.get_models():
        if model._meta.app_label not in settings.OUR_APPS:
            continue
        for column in model._meta.concrete_fields:
            value: Any = "7"
            if column.related_model is Project:
                value = world.foreign.pk
            elif column.related_model is Person:
                value = world.hanna.pk
            elif isinstance(column, models.BooleanField):
                value = "1"
            elif isinstance(column, models.DateTimeField):
                value = "2020-01-01T00:00Z"
            elif isinstance(column, models.UUIDField):
                value = "00000000-0000-4000-8000-000000000000"
            fields[column.name] = fields[column.attname] = value
    return {**fields, "pk": "7", "slug": "boots", "username": "boss2", "is_system_admin": "1", "role": "lead"}


KEY = "6f1c1b8e-0000-4000-8000-000000000001"
# What makes a form valid, so that it is the smuggled fields beside it that are put to the test.
VALID: dict[str, dict[str, Any]] = {
    "account": {"name": "Boss", "locale": "en"},
    "bad-case": {"act": "note", "text": "Seen."},
    "bad-case-open": {"pair": "{pair_id}", "cause": "ranking", "note": "Second place."},
    "dispute": {"label": "L4", "mismatch": "", "rule": "", "note": "", "idempotency_key": KEY},
    "exports": {"kind": "labels", "hard_set": ""},
    "guideline": {"intent": "A red dress"},
    "hard-sets": {"name": "winter", "reason": "human_human"},
    "installation-models": {"model": "{version_id}", "none": "", "prompt": ""},
    "judge-flag": {"reason": "ranking", "note": "Second place."},
    "judge-submit": {"choice": "L4", "idempotency_key": KEY, "note": "", "seconds": "2"},
    "language": {"language": "en"},
    "members": {"username": "eve", "role": "labeler"},
    "more-judgments": {
        "more": "1", "key": KEY, "newest": "999999999", "text": "", "only": "", "label": "", "category": "", "rule": "",
        "fewer": "", "most": "",
    },
    "model-train": {"source": "gold"},
    "people": {"username": "nora", "name": "Nora", "locale": ""},
    "person": {"action": "link"},
    "query-erase": {},
    "project-delete": {"typed": "nowhere"},
    "person-forget": {"typed": "nobody"},
    "model-retire": {"act": "retire"},
    "project-state": {"act": "archive"},
    "project-new": {"name": "Hats", "slug": "hats", "scale_name": "lore-4", "lead": ""},
    "project-rules": {"pin": "{number}"},
    "project-settings": {
        "name": "Shoes", "description": "", "guideline": "Read.", "mode": "facts", "overlap": "2", "lease_seconds": "900",
        "confidence_cut": "0.7", "replay_tolerance": "0.002", "rule_base_number": "", "scale_name": "lore-4",
    },
    "role-offer": {"answer": "accept"},
    "rule-drafts": {"title": "Sizes", "why": "", "base": "{number}", "rule": ""},
    "rule-owner": {"owner": "rosa"},
    "rule-remark": {"text": "Because."},
    "rule-say": {"kind": "question", "text": "Why?"},
    "runs": {"model": "", "samples": "1", "only": ""},
    "tokens": {"name": "nightly", "scopes": ["import"], "days": "30"},
}  # fmt: skip
FOR_GOOD = {"person-forget", "project-delete"}  # asked by a name that is typed wrong
TAKEN_BACK = ("way", "attempts", "token", "holder", "due_at", "finished_at", "taken_back", "reached")
# What each form changes on rows that are there, by hand; one that is not listed changes none.
LISTED: dict[str, set[str]] = {
    "account": {"Person.name", "Person.locale"},
    "backtest-cancel": {"BackTest.state", "BackTest.finished_at"},
    "bad-case-open": {"BadCase.cause"},
    "dispute": {"Disagreement.state", "Disagreement.closed_at", "Lease.state", "Pair.gold_label", "Slot.state"},
    "export-cancel": {"Export.state", "Export.finished_at"},
    "hard-sets": {"HardSet.size"},
    "import-cancel": {"Import.state", "Import.finished_at"},
    "judge-flag": {"BadCase.cause"},
    "judge-later": {"Lease.state", "Slot.state"},
    "judge-leave": {"Lease.state", "Slot.state"},
    "judge-renew": {"Lease.until"},
    "judge-submit": {"Lease.state", "Slot.state", "Disagreement.state", "Disagreement.closed_at", "Pair.judged"},
    "knowledge-imported": {"KnowledgeImport.state", "KnowledgeImport.finished_at"},
    "language": {"Person.locale"},
    "member-remove": {"Membership"},
    "model-job-cancel": {"ModelJob.state", "ModelJob.finished_at"},
    "model-promote": {
        f"ActiveModel.{name}" for name in ("model_id", "before_id", "promoted_at", "promoted_by_id", "behind_from")
    },
    "model-retire": {"ModelVersion.state"},
    "more-take-back": {"MoreSlot", "Slot.state", *(f"MoreJudgments.{name}" for name in TAKEN_BACK)},
    "picture-source-remove": {"PictureSource"},
    "project-rules": {"Project.rule_base_number"},
    "project-state": {"Project.archived_at"},
    "project-settings": {f"Project.{name}" for name in ("description", "guideline", "require_citation")},
    "role-offer": {"RoleOffer"},
    "role-offer-withdraw": {"RoleOffer"},
    "query-erase": {
        "Query.text",
        "Query.erased_at",
        "Grid.body",
        "QueryReading.body",
        "Disagreement.state",
        "Lease.state",
        "Slot.state",
        "Trial.state",
        "Trial.finished_at",
        "PrelabelJob.state",
        "PrelabelJob.finished_at",
    },
    "rule-owner": {"Rule.owner_id"},
    "run-cancel": {"PrelabelJob.state", "PrelabelJob.finished_at", "PrelabelRun.cancelled_at"},
    "token-revoke": {"ServiceToken.revoked_at"},
}
ACTORS = {"actor_id", "created_by_id", "requested_by_id", "written_by_id", "author_id", "reported_by_id", "adjudicator_id",
          "said_by_id", "asked_by_id"}  # fmt: skip


def test_no_form_changes_a_column_it_does_not_list_or_acts_for_another_person_or_project(world: World) -> None:
    """The one new project is the one that was asked for; a link and a membership name the person they are for."""
    taken = set()
    for name in WRITTEN:
        valid = {
            field: value.format(**world.at) if isinstance(value, str) else value
            for field, value in VALID.get(name, {}).items()
        }
        with transaction.atomic():
            client = signed_in(world)
            before = all_rows()
            response = client.post(address(name, world.at), {**hostile_fields(world), **valid})
            after = all_rows()
            transaction.set_rollback(True)
        more = sorted(changed(before, after) - LISTED.get(name, set()))
        assert not more, f"{name}: {', '.join(more)}"
        for model, row in added(before, after):
            assert row.get("project_id") != world.foreign.pk, (name, model)
            for column in ACTORS & set(row):
                assert row[column] in {world.boss.pk, None}, (name, model, column)
        if name in VALID and response.status_code in {200, 201, 204, 302}:
            taken.add(name)
    assert taken >= set(VALID) - {"dispute", "model-train", "hard-sets", *FOR_GOOD}, (
        "a form that refuses all proves nothing"
    )


def signed_in(world: World) -> Client:
    client = Client()
    client.force_login(Person.objects.get(pk=world.boss.pk), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_no_form_takes_all_columns_or_all_fields_of_a_request() -> None:
    wide = re.compile(
        r"""fields *= *["']__all__|\bexclude *= *[(\[]|\*\*(request|self)\.(POST|GET|data)\b|\*\*posted\b"""
    )
    ours = [path for package in (*settings.OUR_APPS, "lore_app") for path in (ROOT / package).rglob("*.py")]
    assert [path.name for path in ours if wide.search(path.read_text())] == []


# T39

LOOKUPS = [
    "user__password__startswith",
    "requested_by__password__startswith",
    "_connector",
    "pk__in",
    "actor__password",
]
NUMBERS = ["-1", "9" * 5000, str(10**30), str(2**63), "²", "٣", "３", "1e3", "1_000", "+1", " 1", "1\x00"]
VALUES = ["user__password__startswith", "\x00\x1f", "1 OR 1=1", "\ud800", *NUMBERS]


def filters() -> set[str]:
    """Every name of a parameter that our views or their forms read."""
    read = re.compile(r"""(?:GET|POST|given|posted)\.get(?:list)?\(["'](\w+)["']|^    (\w+) = forms\.""", re.MULTILINE)
    ours = [path for package in settings.OUR_APPS for path in (ROOT / package).rglob("*.py")]
    return {one or other for path in ours for one, other in read.findall(path.read_text())}


def test_no_filter_is_an_error_of_ours(world: World) -> None:
    names = filters()
    assert {"before", "after", "cause", "dimension", "q", "act"} <= names
    client = signed_in(world)
    for value in VALUES:
        asked = {name: value.encode("utf-8", "surrogatepass") for name in [*names, *LOOKUPS]}
        for name in READ:
            if name == "login":
                continue
            response = client.get(address(name, world.at), asked)
            assert response.status_code in {200, 204, 302, 400, 404, 410, 422}, (name, value, response.status_code)


def test_no_value_in_a_form_is_an_error_of_ours(world: World) -> None:
    names, errors = filters(), []
    for value in (*NUMBERS[:6], "\x00"):
        for name in WRITTEN:
            with transaction.atomic():
                client = signed_in(world)
                client.raise_request_exception = False
                response = client.post(address(name, world.at), dict.fromkeys(names, value))
                transaction.set_rollback(True)
            if response.status_code >= 500:
                errors.append((name, value[:4]))
    assert errors == []


def test_no_filter_tells_of_a_password(world: World) -> None:
    """The same page, whatever the hash is that the filter asks about."""
    client = signed_in(world)
    for name in READ:
        if name in {"login", "workers", "workers-badge", "judge", "evidence", "evidence-next"}:
            continue  # these tell the time or a seed, or move something
        pages = []
        for digest in ("md5$aaaa", "md5$bbbb"):
            Person.objects.exclude(pk=world.boss.pk).update(password=digest)
            asked = {f"{lookup}{end}": "md5$a" for lookup in LOOKUPS for end in ("", "__startswith")}
            pages.append(shown(client.get(address(name, world.at), asked)))
        assert pages[0] == pages[1], name


def shown(response: HttpResponse) -> tuple[int, str]:
    return response.status_code, "" if response.streaming else re.sub(r"[0-9a-f-]{36}", "UUID", plain(response))


# T46


@pytest.mark.parametrize("forged", ["no token", "a foreign origin", "a foreign referer", "a token of another browser"])
def test_no_forged_request_changes_anything(forged: str, world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Person.objects.get(pk=world.boss.pk), backend="django.contrib.auth.backends.ModelBackend")
    secret = "c" * 32
    client.cookies["csrftoken"] = secret
    before = all_rows()
    for name in WRITTEN:
        fields: dict[str, Any] = {**VALID.get(name, {}), "csrfmiddlewaretoken": secret}
        headers, secure = {}, False
        if forged == "no token":
            del fields["csrfmiddlewaretoken"]
        elif forged == "a foreign origin":
            headers = {"Origin": "https://evil.example"}
        elif forged == "a foreign referer":
            headers, secure = {"Referer": "https://evil.example/"}, True
        else:
            fields["csrfmiddlewaretoken"] = "d" * 32
        response = client.post(address(name, world.at), fields, headers=headers, secure=secure)
        assert response.status_code == 403, name
    assert changed(before, all_rows()) == set()
    assert list(added(before, all_rows())) == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_that_changes_something_is_reached_by_a_link(method: str, world: World) -> None:
    before = all_rows()
    for name in ONLY_WRITTEN:
        assert world.client.generic(method, address(name, world.at)).status_code == 405, name
    assert changed(before, all_rows()) == set()
    assert list(added(before, all_rows())) == []


def test_only_programs_views_go_without_a_csrf_token() -> None:
    exempt = {str(p.name) for p in patterns(get_resolver()) if getattr(p.callback, "csrf_exempt", False)}
    assert exempt == set(POLICY) - set(HUMAN)


def test_no_answer_sends_a_browser_elsewhere_by_a_header_of_htmx() -> None:
    """`next` goes through projects.next_page alone (tests/projects/test_signing_in.py)."""
    ours = [path for package in (*settings.OUR_APPS, "lore_app") for path in (ROOT / package).rglob("*.py")]
    headers = re.compile(
        r"HX-(Redirect|Location|Push-Url|Replace-Url|Refresh)|HttpResponse(Client)?Redirect\((?!next_page)"
    )
    assert [path.name for path in ours if headers.search(path.read_text())] == []


# T51


def test_no_page_is_kept_and_none_is_a_fragment_when_it_is_opened_directly(world: World) -> None:
    client = signed_in(world)
    for name in READ:
        response = client.get(address(name, world.at))
        assert "HX-Request" in response["Vary"], name
        if (name == "image" and response.status_code == 200) or name == "openapi":  # the same for all, told by its tag
            continue
        assert "no-store" in response["Cache-Control"], name
        if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            assert b"<html" in response.content, name


# T48


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/projects/person/"])
def test_there_is_no_admin_site_and_no_flag_that_opens_everything(path: str, world: World, settings: Any) -> None:
    for client in (Client(), world.client):
        assert client.get(path).status_code == 404
    assert "django.contrib.admin" not in settings.INSTALLED_APPS
    assert not {"is_staff", "is_superuser", "groups", "user_permissions"} & {f.name for f in Person._meta.get_fields()}
    assert Permission.SYSTEM not in {p for name, m in POLICY.items() if name.startswith("p/") for p in m.values()}
