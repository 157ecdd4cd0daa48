from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.test import Client

from projects import audit, home_cards, membership
from projects.home_cards import HomeCard
from projects.models import AuditEvent, Membership, Person, Project, Role, RoleOffer
from projects.refusals import Refused
from tests.conftest import Cast, make_cast
from tests.world.rows import make_pair

ClientFor = Callable[[Person], Client]

SETTINGS = {
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


def test_home_leads_each_role_to_its_work(cast: Cast, client_for: ClientFor) -> None:
    def page(person: Person) -> str:
        return client_for(person).get("/").content.decode()

    assert "/p/shoes/judge/" in page(cast.ana) and "/p/shoes/imports/" not in page(cast.ana)
    assert "/p/shoes/disputes/" in page(cast.ada)
    assert "/p/shoes/imports/" in page(cast.lena) and "/p/shoes/judge/" not in page(cast.lena)
    assert "/p/shoes/audit/" in page(cast.otto) and "/p/shoes/settings/" not in page(cast.otto)


def test_home_without_a_project_says_what_to_do(cast: Cast, client_for: ClientFor) -> None:
    assert "/projects/new/" in client_for(cast.root).get("/").content.decode()
    assert "your user name is eve" in client_for(cast.eve).get("/").content.decode()


def test_home_shows_the_cards_that_upper_layers_register(
    cast: Cast, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waiting(person: Person, project: Project, roles: frozenset[Role]) -> list[HomeCard]:
        return [HomeCard("Pairs left <b>", 7, "judge", "to judge")] if Role.LABELER in roles else []

    monkeypatch.setattr(home_cards.cards, "takers", [waiting])
    assert client_for(cast.ana).get("/").content.decode().count("Pairs left &lt;b&gt;") == 1
    assert "Pairs left" not in client_for(cast.otto).get("/").content.decode()


def test_the_help_page_explains_roles_modes_and_words(cast: Cast, client_for: ClientFor) -> None:
    text = client_for(cast.eve).get("/help/").content.decode()
    for word in ("adjudicator", "blind", "evidence grid", "hard set", "rule base version"):
        assert word in text


def test_founding_a_project_makes_the_founder_nothing_in_it(cast: Cast, client_for: ClientFor) -> None:
    fields = {"name": "Red Hats", "slug": "", "scale_name": "esci-4", "lead": "eve"}
    assert client_for(cast.root).post("/projects/new/", fields).status_code == 302
    hats = Project.objects.get(slug="red-hats")
    assert hats.scale_name == "esci-4"
    assert [(m.person.username, m.role) for m in membership.members_of(hats, "", 50).rows] == [("eve", "lead")]
    assert AuditEvent.objects.filter(act="project.created", actor=cast.root, project=hats).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"slug": "shoes"},
        {"slug": "a/b"},
        {"name": "鞋", "slug": ""},
        {"lead": "nil"},
        {"scale_name": "x"},
    ],
)
def test_a_project_needs_a_name_a_free_slug_and_a_known_lead(
    wrong: dict[str, str], cast: Cast, client_for: ClientFor
) -> None:
    fields = {"name": "Hats", "slug": "hats", "scale_name": "lore-4", "lead": "", **wrong}
    assert client_for(cast.root).post("/projects/new/", fields).status_code == 422
    assert Project.objects.count() == 1


def test_settings_are_saved_and_their_change_is_logged(cast: Cast, project: Project, client_for: ClientFor) -> None:
    answer = client_for(cast.lena).post("/p/shoes/settings/", {**SETTINGS, "overlap": "3", "guideline": "Read first."})
    assert answer.status_code == 302
    project.refresh_from_db()
    assert (project.overlap, project.guideline) == (3, "Read first.")
    event = AuditEvent.objects.get(act="project.changed")
    assert event.detail == {"overlap": {"from": 2, "to": 3}, "guideline": "changed"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"overlap": "0"},
        {"overlap": "10"},
        {"mode": "peek"},
        {"lease_seconds": "1", "confidence_cut": "0.7"},
        {"name": ""},
        {"rule_base_number": "77"},
        {"guideline": "x" * 20_001},
    ],
)
def test_settings_out_of_bounds_are_refused(
    wrong: dict[str, str], cast: Cast, project: Project, client_for: ClientFor
) -> None:
    assert client_for(cast.lena).post("/p/shoes/settings/", {**SETTINGS, **wrong}).status_code == 422
    assert Project.objects.filter(pk=project.pk, overlap=2, mode="facts").exists()


def test_the_scale_is_free_until_the_project_has_pairs(cast: Cast, project: Project, client_for: ClientFor) -> None:
    lena = client_for(cast.lena)
    lena.post("/p/shoes/settings/", {**SETTINGS, "scale_name": "esci-4"})
    project.refresh_from_db()
    assert project.scale_name == "esci-4"
    make_pair(project=project)
    lena.post("/p/shoes/settings/", {**SETTINGS, "scale_name": "binary"})
    project.refresh_from_db()
    assert project.scale_name == "esci-4"


def test_a_lead_adds_and_removes_members(cast: Cast, project: Project, client_for: ClientFor) -> None:
    lena = client_for(cast.lena)
    assert lena.post("/p/shoes/members/", {"username": "eve", "role": "labeler"}).status_code == 302
    client_for(cast.eve).post(f"/offers/{RoleOffer.objects.get().pk}/", {"answer": "accept"})
    added = Membership.objects.get(project=project, person=cast.eve)
    assert client_for(cast.eve).get("/p/shoes/judge/").status_code != 404
    assert lena.post(f"/p/shoes/members/{added.pk}/remove/").status_code == 302
    assert client_for(cast.eve).get("/p/shoes/judge/").status_code == 404
    acts = list(AuditEvent.objects.filter(project=project).order_by("pk").values_list("act", "detail__role"))
    assert acts == [
        ("role.offered", "labeler"),
        ("member.added", "labeler"),
        ("member.removed", "labeler"),
        ("request.refused", None),
    ]


@pytest.mark.parametrize("role", ["king", "", "LEAD"])
def test_a_role_is_one_of_the_six(role: str, cast: Cast, client_for: ClientFor) -> None:
    answer = client_for(cast.lena).post("/p/shoes/members/", {"username": "eve", "role": role})
    assert answer.status_code == 422


def test_the_last_lead_stays_and_nobody_takes_the_lead_role_from_themself(cast: Cast, project: Project) -> None:
    own = Membership.objects.get(project=project, person=cast.lena)
    with pytest.raises(Refused):
        membership.remove_role(own, actor=cast.lena)
    with pytest.raises(Refused):
        membership.remove_role(own, actor=cast.root)
    membership.add_role(project, "eve", Role.LEAD, actor=cast.lena)
    membership.remove_role(own, actor=cast.eve)
    assert not Membership.objects.filter(pk=own.pk).exists()


def test_a_lead_who_cannot_sign_in_does_not_count(cast: Cast, project: Project) -> None:
    membership.add_role(project, "eve", Role.LEAD, actor=cast.lena)
    membership.deactivate(cast.eve, actor=cast.root)
    with pytest.raises(Refused):
        membership.remove_role(Membership.objects.get(project=project, person=cast.lena), actor=cast.root)


def test_two_leads_removing_each_other_leave_one(fresh_database: Any) -> None:
    project = Project.objects.create(slug="shoes", name="Shoes")
    cast = make_cast(project)
    membership.add_role(project, "eve", Role.LEAD, actor=cast.lena)
    rows = {m.person_id: m for m in Membership.objects.filter(role=Role.LEAD).select_related("person", "project")}

    def remove(target: Membership, actor: Person) -> bool:
        try:
            membership.remove_role(target, actor=actor)
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(remove, [rows[cast.lena.pk], rows[cast.eve.pk]], [cast.eve, cast.lena]))
    assert sorted(done) == [False, True]
    assert Membership.objects.filter(role=Role.LEAD).count() == 1


def test_the_audit_log_pages_by_key_and_filters_by_act(cast: Cast, project: Project, client_for: ClientFor) -> None:
    for number in range(60):
        audit.record(cast.lena, "import.started", project=project, number=number)
    audit.record(None, "export.sealed", project=project)
    otto = client_for(cast.otto)
    first = otto.get("/p/shoes/audit/").context
    assert len(first["events"]) == 50 and not first["newer_url"]
    second = otto.get("/p/shoes/audit/" + first["older_url"]).context
    assert len(second["events"]) == 11 and second["newer_url"] and not second["older_url"]  # 61 events in all
    assert [e.act for e, *_rest in otto.get("/p/shoes/audit/", {"act": "export.sealed"}).context["events"]] == [
        "export.sealed"
    ]


@pytest.mark.parametrize(
    "query",
    [
        {"act": "actor__password__startswith"},
        {"act": "_connector"},
        {"act": "\x00"},
        {"before": "1 OR 1=1"},
        {"before": "-1"},
        {"before": "9" * 40},
    ],
)
def test_an_audit_filter_that_is_none_is_refused(query: dict[str, str], cast: Cast, client_for: ClientFor) -> None:
    assert client_for(cast.otto).get("/p/shoes/audit/", query).status_code == 400


def test_the_audit_log_shows_only_its_own_project(
    cast: Cast, project: Project, foreign: Project, client_for: ClientFor
) -> None:
    audit.record(cast.lena, "secret.act", project=foreign)
    assert "secret.act" not in client_for(cast.otto).get("/p/shoes/audit/").content.decode()


def test_audit_detail_is_escaped(cast: Cast, project: Project, client_for: ClientFor) -> None:
    audit.record(cast.lena, "import.started", project=project, file="<script>alert(1)</script>")
    text = client_for(cast.otto).get("/p/shoes/audit/").content.decode()
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text


@pytest.mark.parametrize("statement", ["UPDATE {} SET act = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_audit_log_is_append_only(statement: str, cast: Cast, project: Project) -> None:
    audit.record(cast.lena, "import.started", project=project)
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(AuditEvent._meta.db_table))


def test_an_audit_event_falls_with_the_act_it_tells_of(cast: Cast, project: Project) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record(cast.lena, "import.started", project=project)
        _ = 1 / 0
    assert not AuditEvent.objects.filter(act="import.started").exists()
