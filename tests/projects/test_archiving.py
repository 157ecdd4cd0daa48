"""A project put away and brought back: who may, what it closes, what it keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from annotation.curation import exporting
from annotation.models import Export
from jobs import leasing
from projects import archiving, tokens
from projects.models import AuditEvent, Membership, Person, Project, Role, Scope
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Person], Client]


def page(project: Project) -> str:
    return f"/projects/{project.pk}/"


def acts(project: Project) -> list[tuple[str, Person | None]]:
    events = AuditEvent.objects.filter(project=project, act__in=["project.archived", "project.restored"])
    return [(event.act, event.actor) for event in events.order_by("pk")]


def test_a_lead_archives_a_project_from_its_settings_and_restores_it(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    lena = client_for(cast.lena)
    assert page(project) in lena.get("/p/shoes/settings/").content.decode()
    assert "kept as a draft" in lena.get(page(project)).content.decode()
    assert "Archived projects" not in lena.get("/").content.decode()
    assert lena.post(page(project), {"act": "archive"}).url == "/projects/"
    assert lena.get("/p/shoes/").status_code == 404
    assert client_for(cast.ana).get("/p/shoes/judge/").status_code == 404
    assert "Archived projects" in lena.get("/").content.decode()
    assert "archived" in lena.get("/projects/").content.decode()
    lena.post(page(project), {"act": "restore"})
    assert lena.get("/p/shoes/").status_code == 200
    assert acts(project) == [("project.archived", cast.lena), ("project.restored", cast.lena)]


def test_a_system_admin_archives_and_restores_any_project_and_sees_no_pair_of_it(
    project: Project, foreign: Project, cast: Cast, client_for: ClientFor
) -> None:
    root = client_for(cast.root)
    shown = root.get("/projects/").content.decode()
    assert "/p/shoes/" in shown and "/p/boots/" in shown
    root.post(page(foreign), {"act": "archive"})
    root.post(page(foreign), {"act": "restore"})
    assert acts(foreign) == [("project.archived", cast.root), ("project.restored", cast.root)]
    assert root.get("/p/boots/").status_code == 404


@pytest.mark.parametrize("act", ["archive", "restore"])
def test_nobody_else_archives_or_restores_a_project(
    project: Project, foreign: Project, cast: Cast, client_for: ClientFor, act: str
) -> None:
    Project.objects.filter(pk=foreign.pk).update(archived_at=None if act == "archive" else "2026-01-01T00:00Z")
    before = Project.objects.get(pk=foreign.pk).archived_at
    for person in (cast.lena, cast.ana, cast.otto):  # a lead of another project, a labeler, an auditor
        for asked in (client_for(person).get(page(foreign)), client_for(person).post(page(foreign), {"act": act})):
            assert asked.status_code == 404
    assert client_for(cast.ana).post(page(project), {"act": "archive"}).status_code == 404
    assert Project.objects.get(pk=foreign.pk).archived_at == before
    assert not acts(foreign) and not acts(project)
    assert "Boots" not in client_for(cast.lena).get("/projects/").content.decode()


def test_doing_it_twice_or_doing_something_else_changes_nothing(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    lena = client_for(cast.lena)
    for _ in range(2):
        lena.post(page(project), {"act": "archive"})
    first = Project.objects.get(pk=project.pk).archived_at
    lena.post(page(project), {"act": "delete"})
    assert Project.objects.get(pk=project.pk).archived_at == first
    assert acts(project) == [("project.archived", cast.lena)]


def test_tokens_are_back_with_the_project_and_the_rules_keep_their_owners(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    issued = tokens.issue(project, "sync", [Scope.IMPORT], 30, actor=cast.lena)
    program = Client(headers={"Authorization": f"Bearer {issued.secret}"})
    rosa = client_for(cast.rosa)

    def open_doors() -> tuple[int, int]:
        """404: the token counts, there is no such import; 401: it does not. the installation's rules
        have their owners, whatever project they are in."""
        return program.get("/api/p/shoes/imports/999999/").status_code, rosa.post("/rules/check/").status_code

    assert open_doors() == (404, 200)
    archiving.archive(project, actor=cast.lena)
    assert open_doors() == (401, 200)
    archiving.restore(project, actor=cast.lena)
    assert open_doors() == (404, 200)


def test_what_waits_for_a_worker_goes_on_to_its_end(project: Project, cast: Cast) -> None:
    export = exporting.request_export(project, "labels", cast.lena)
    archiving.archive(project, actor=cast.lena)
    assert [due.pk for due in leasing.head(leasing.due(Export), 10)] == [export.pk]
    token = leasing.claim(Export, export.pk)
    assert token is not None
    exporting.work(export.pk, token)
    export.refresh_from_db()
    assert export.state == "done"


def command(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    try:
        call_command("archive_project", *arguments, stdout=out, stderr=StringIO())
    except SystemExit as end:
        assert end.code == 1
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def test_the_command_archives_restores_and_says_whether_anything_changed(project: Project) -> None:
    told = [command("shoes"), command("shoes"), command("shoes", "--restore")]
    assert told == [
        {"project": "shoes", "archived": True, "changed": True},
        {"project": "shoes", "archived": True, "changed": False},
        {"project": "shoes", "archived": False, "changed": True},
    ]
    assert command("nothing") == {"error": "there is no project 'nothing'"}
    assert acts(project) == [("project.archived", None), ("project.restored", None)]


def test_a_long_list_goes_on(project: Project, cast: Cast, client_for: ClientFor) -> None:
    Project.objects.bulk_create(Project(slug=f"p-{number:03}", name=f"P {number:03}") for number in range(105))
    root = client_for(cast.root)
    assert "P 099" in root.get("/projects/").content.decode()
    rest = root.get("/projects/?after=p-099").content.decode()
    assert "P 099" not in rest and "P 100" in rest and "/p/shoes/" in rest
    assert Membership.objects.filter(person=cast.root, role=Role.LEAD).count() == 0
