"""A role taken away, a person deactivated or a project archived between the page and its form: refused at once (D15)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models import Draft, Judgment
from database.statements import run
from projects import audit
from projects.models import AuditEvent, Membership, Person, Project
from projects.policy import POLICY, SCOPES, Permission
from projects.refused_requests import ACT, MOST, MOST_IN_ALL
from tests.permissions import bodies, matrix, oracle
from tests.permissions.doors import Doors, undone
from tests.permissions.matrix import Try
from tests.world.cast import ACTORS, World

Change = Callable[[World, str], None]


def role_removed(world: World, actor: str) -> None:
    person, role = world.actor(actor), ACTORS[actor][1]
    Person.objects.filter(pk=getattr(person, "pk", None)).update(is_rule_owner=False)
    Membership.objects.filter(project=world.projects["own"], person=person, role=role).delete()


def deactivated(world: World, actor: str) -> None:
    Person.objects.filter(pk=getattr(world.actor(actor), "pk", None)).update(is_active=False)


def archived(world: World, actor: str) -> None:
    Project.objects.filter(pk=world.projects["own"].pk).update(archived_at=timezone.now())


CHANGES: dict[str, Change] = {"role removed": role_removed, "deactivated": deactivated, "archived": archived}
WRITES = [
    row
    for row in oracle.rows()
    if row.method == "POST" and not row.for_programs and ("{slug}" in row.path or "keeper" in row.who)
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_permitted_when_the_page_was_opened_is_refused_now(world: World, doors: Doors, change: str) -> None:
    """Each write of each permission, by each role that holds it; nothing changes but the audit log, and a draft of the
    answer that the holder of a lease sent."""
    tried = set()
    for row in WRITES:
        for actor in sorted(row.who - {"keeper"} if change == "archived" else row.who):  # the rules are of no project
            target = next(oracle.targets(world, row, actor))
            one = Try("POST", actor, target, htmx=False, form=bodies.FORMS_OF[row.url][0])
            with undone():
                CHANGES[change](world, actor)
                answer = matrix.send(world, doors, one)
            tried.add(POLICY[row.url]["POST"])
            kept = {matrix.DRAFTS: 1} if row.url == "judge-submit" else {}
            if change == "deactivated":
                given_back = matrix.carries_words(world, one)
                assert answer.status == (401 if given_back else 302), f"{one}: {answer.status}"
                assert answer.changed == kept, f"{one}: {dict(answer.changed)}"
            else:
                assert answer.status == 404, f"{one}: {answer.status}"
                assert answer.changed == {matrix.AUDIT: 1, **kept}, f"{one}: {dict(answer.changed)}"
    outside = {Permission.ANYONE, Permission.SIGNED_IN, Permission.SYSTEM, *SCOPES}
    outside |= {Permission.KEEP_RULES} if change == "archived" else set()
    assert tried == {methods["POST"] for methods in POLICY.values() if "POST" in methods} - outside


@pytest.mark.parametrize("change", CHANGES)
def test_a_judge_who_may_no_longer_answer_loses_no_word(world: World, doors: Doors, change: str) -> None:
    """What was typed had gone ahead as a draft; the refused answer takes its place there, and is no judgment."""
    token = world.objects["shoes"]["token_of_ana"]
    cookie = world.cookies["labeler"]
    with undone():
        kept = doors.send("POST", f"/p/shoes/judge/{token}/draft/", cookie, body={"note": "half a thought"}, keep=True)
        assert kept.status == 204
        before = Judgment.objects.count()
        CHANGES[change](world, "labeler")
        fields = {"idempotency_key": uuid.uuid4(), "choice": "L4", "note": "half a thought, and more"}
        for htmx in (False, True):
            doors.send("POST", f"/p/shoes/judge/{token}/", cookie, body=fields, htmx=htmx, keep=True)
        assert Judgment.objects.count() == before
        draft = Draft.objects.get(person=world.people["ana"], pair=world.objects["shoes"]["held_pair"])
        assert draft.body["note"] == "half a thought, and more"


def test_an_htmx_answer_that_is_refused_leaves_the_form_on_the_screen(world: World, doors: Doors) -> None:
    """404 swaps nothing (htmx-config in base.html), so what was typed stays in the field."""
    page = doors.send("GET", "/p/shoes/judge/", world.cookies["labeler"])
    assert '"noSwap": [204, 304, 404, "5xx"]' in page.text


def test_without_its_token_no_form_is_taken_and_that_is_logged(world: World) -> None:
    """Each URL that writes, by each who may: 403, one audit event, nothing else. Who is signed out goes to sign in, and
    programs, whose cookies count for nothing, have no such token."""
    careful = Doors(csrf=True)
    for row in oracle.rows():
        if row.method != "POST" or row.for_programs:
            continue
        actors = [actor for actor in ACTORS if row.passes(actor)]
        for actor in [*actors, "deactivated"]:
            form = bodies.FORMS_OF[row.url][0]
            path = next(oracle.targets(world, row, actor)).path
            answer = careful.send("POST", path, world.cookies[actor], body=form.fields(world))
            turned_away = actor == "deactivated" and "anyone" not in row.who
            assert answer.status == (302 if turned_away else 403), f"{actor} {path}: {answer.status}"
            signed_in = actor != "deactivated"
            assert answer.changed == ({matrix.AUDIT: 1} if signed_in else {}), f"{actor} {path}: {dict(answer.changed)}"
            if signed_in:
                assert answer.event is not None
                assert answer.event["object_kind"] == row.url and answer.event["detail"]["status"] == 403


# a flood


def test_a_flood_of_refusals_at_one_page_is_counted_in_one_row(world: World, doors: Doors) -> None:
    """Ten rows for one person, page and minute, then one that counts; another page has rows of its own."""
    with undone():
        for _ in range(MOST + 5):
            assert doors.send("GET", "/p/boots/members/", world.cookies["stranger"], keep=True).status == 404
        doors.send("GET", "/p/boots/audit/", world.cookies["stranger"], keep=True)
        doors.send("GET", "/p/boots/members/", world.cookies["labeler"], keep=True)
        rows = AuditEvent.objects.filter(act=ACT, actor=world.people["eve"]).order_by("pk")
        assert [row.object_kind for row in rows] == ["members"] * MOST + ["", "audit"]
        assert [row.detail.get("times") for row in rows] == [None] * MOST + [5, None]
        assert AuditEvent.objects.filter(act=ACT, actor=world.people["ana"]).count() == 1


def test_a_burst_at_many_pages_fills_no_log_and_nothing_of_it_is_lost(world: World, doors: Doors) -> None:
    """790 in one go: sixty rows and one that counts the others, by page, with the first and the last time; of each project."""
    pages = ["members", "audit", "tokens", "settings", "imports", "exports", "models", "prompts", "runs", "pairs"]
    with undone():
        for number in range(790):
            doors.send("GET", f"/p/boots/{pages[number % len(pages)]}/", world.cookies["stranger"], keep=True)
        doors.send("POST", "/p/nohow/members/", world.cookies["stranger"], keep=True)
        mine = AuditEvent.objects.filter(act=ACT, actor=world.people["eve"]).order_by("pk")
        *written, counted, elsewhere = mine
        assert (
            len(written) == MOST_IN_ALL and counted.project == world.projects["foreign"] and elsewhere.project is None
        )
        told = counted.detail
        assert told["times"] == 790 - MOST_IN_ALL == sum(told["gates"].values()) and len(told["gates"]) == len(pages)
        assert told["gates"]["GET members"] == 73 and told["first"] <= told["last"]
        assert elsewhere.detail["gates"] == {"POST members": 1}


def test_the_door_that_counts_refusals_changes_no_other_row(world: World, doors: Doors) -> None:
    """Whoever took the app's role can add to a count, and take nothing from it."""
    eve = world.people["eve"]
    with undone():
        doors.send("GET", "/p/boots/members/", world.cookies["stranger"], keep=True)
        before = list(AuditEvent.objects.order_by("pk").values())
        for _ in range(3):
            run("SELECT count_refusal(%s, NULL, %s)", eve.pk, "GET anything" * 9)
        *others, counted = AuditEvent.objects.order_by("pk").values()
        assert others == before and counted["detail"]["times"] == 3
        assert list(counted["detail"]["gates"].values()) == [3] and counted["act"] == ACT


def test_after_the_minute_refusals_are_written_again(
    world: World, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    with undone():
        for _ in range(MOST + 1):
            doors.send("GET", "/p/boots/members/", world.cookies["stranger"], keep=True)
        written = AuditEvent.objects.filter(act=ACT, actor=world.people["eve"])
        assert written.exclude(object_kind="").count() == MOST
        monkeypatch.setattr("projects.refused_requests.WITHIN", timedelta(0))
        doors.send("GET", "/p/boots/members/", world.cookies["stranger"], keep=True)
        assert written.exclude(object_kind="").count() == MOST + 1


def test_query_strings_and_forms_are_never_logged(world: World, doors: Doors) -> None:
    secret = "a-secret-nobody-may-read"
    answer = doors.send(
        "POST", f"/p/boots/members/?next={secret}", world.cookies["stranger"], body={"username": secret}
    )
    assert answer.status == 404 and secret not in str(answer.event)


def test_an_address_that_is_no_page_of_ours_is_no_refusal(world: World, doors: Doors) -> None:
    answer = doors.send("GET", "/wp-login.php", world.cookies["stranger"])
    assert answer.status == 404 and not answer.changed


def test_a_lead_reads_who_knocked_and_a_system_admin_what_belongs_to_no_project(world: World, doors: Doors) -> None:
    eve = world.people["eve"]
    with undone():
        doors.send("GET", "/p/shoes/members/", world.cookies["stranger"], keep=True)
        doors.send("POST", "/p/nohow/members/", world.cookies["stranger"], keep=True)
        audit.record(eve, "person.something", on=eve)
        here = doors.send("GET", "/p/shoes/audit/?act=request.refused", world.cookies["lead"])
        outside = doors.send("GET", "/audit/", world.cookies["system_admin"])
    assert here.status == 200 and eve.username in here.text and "nohow" not in here.text
    assert outside.status == 200 and "nohow" in outside.text and "person.something" in outside.text


def test_what_was_typed_for_others_names_no_other_member(world: World, doors: Doors) -> None:
    """Who does not see names can take a case, and nobody is offered by name."""
    case = world.objects["shoes"]["case_id"]
    page = doors.send("GET", f"/p/shoes/bad-cases/{case}/", world.cookies["ml_engineer"])
    options = page.text.split('<select name="owner">')[1].split("</select>")[0]
    assert options.count("<option") == 2 and str(world.people["max"]) in options
