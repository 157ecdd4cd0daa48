"""Who may do what. ORACLE is written by hand from docs/roles.md, never derived from POLICY."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from annotation.models import BackTest
from projects.models import Membership, Person, Project, Role
from projects.policy import POLICY, ROLES, Permission
from rules import drafting, publishing, remarks
from rules.models import Rule
from rules.publishing import publish_pack
from tests.conftest import Cast
from tests.projects.conftest import everything, plain
from tests.rules.conftest import spec

ClientFor = Callable[[Person], Client]

EVERYONE = {"ana", "ada", "rosa", "max", "lena", "otto", "root", "eve"}
ANYBODY = EVERYONE | {"nobody"}

# (URL name, path, method): who gets through. Everyone else is told 404, and nobody (not signed in) is sent to log in.
ORACLE: dict[tuple[str, str, str], set[str]] = {
    ("login", "/login/", "GET"): ANYBODY,
    ("login", "/login/", "POST"): ANYBODY,
    ("logout", "/logout/", "POST"): EVERYONE,
    ("language", "/language/", "POST"): ANYBODY,
    ("health", "/health/", "GET"): ANYBODY,
    ("home", "/", "GET"): EVERYONE,
    ("help", "/help/", "GET"): EVERYONE,
    ("account", "/account/", "GET"): EVERYONE,
    ("account", "/account/", "POST"): EVERYONE,
    ("rules", "/rules/", "GET"): EVERYONE,
    ("rule-drafts", "/rules/drafts/", "GET"): EVERYONE,
    ("rule-drafts", "/rules/drafts/", "POST"): {"rosa"},
    ("rule-check", "/rules/check/", "POST"): {"rosa"},
    ("rule-remarks", "/rules/remarks/", "GET"): EVERYONE,
    ("rule-base-diff", "/rules/differences/", "GET"): EVERYONE,
    ("rule-findings", "/rules/findings/", "GET"): EVERYONE,
    ("rule-base-pack", "/rules/pack/1/", "GET"): EVERYONE,
    ("rule", "/rules/R-080/", "GET"): EVERYONE,
    ("rule-say", "/rules/R-080/say/", "POST"): EVERYONE,
    ("rule-remark", "/rules/remarks/{remark}/", "POST"): EVERYONE,
    ("rule-owner", "/rules/R-080/owner/", "POST"): {"rosa"},
    ("rule-draft", "/rules/drafts/{draft}/", "GET"): EVERYONE,
    ("drafted-rule", "/rules/drafts/{draft}/R-080/", "GET"): {"rosa"},
    ("drafted-rule", "/rules/drafts/{draft}/R-080/", "POST"): {"rosa"},
    ("rule-draft-pack", "/rules/drafts/{draft}/pack/", "POST"): {"rosa"},
    ("people", "/people/", "GET"): {"root"},
    ("people", "/people/", "POST"): {"root"},
    ("person", "/people/{eve}/", "GET"): {"root"},
    ("person", "/people/{eve}/", "POST"): {"root"},
    ("project-new", "/projects/new/", "GET"): {"root"},
    ("project-new", "/projects/new/", "POST"): {"root"},
    ("project-settings", "/p/shoes/settings/", "GET"): {"lena"},
    ("project-settings", "/p/shoes/settings/", "POST"): {"lena"},
    ("members", "/p/shoes/members/", "GET"): {"lena"},
    ("members", "/p/shoes/members/", "POST"): {"lena"},
    ("member-remove", "/p/shoes/members/{membership}/remove/", "POST"): {"lena"},
    ("left-behind", "/p/shoes/left-behind/", "GET"): {"lena"},
    ("audit", "/p/shoes/audit/", "GET"): {"lena", "otto"},
    ("models", "/p/shoes/models/", "GET"): {"ada", "rosa", "max", "lena", "otto"},
    ("model-train", "/p/shoes/models/train/", "POST"): {"max", "lena"},
    ("stale", "/p/shoes/stale/", "GET"): {"ada", "rosa", "max", "lena", "otto"},
    ("stale", "/p/shoes/stale/", "POST"): {"rosa", "lena"},
    ("standard", "/p/shoes/standard/", "GET"): {"ada", "rosa", "max", "lena", "otto"},
    ("weak-spots", "/p/shoes/standard/weak-spots/", "GET"): {"ada", "rosa", "max", "lena", "otto"},
    ("weak-spot", "/p/shoes/standard/weak-spots/pairs/?rule=R-080", "GET"): {"ada", "rosa", "max", "lena", "otto"},
    ("backtests", "/p/shoes/backtests/", "GET"): {"ada", "rosa", "max", "lena", "otto"},
    ("backtests", "/p/shoes/backtests/", "POST"): {"rosa", "max", "lena"},
    ("backtest", "/p/shoes/backtests/{test}/", "GET"): {"ada", "rosa", "max", "lena", "otto"},
    ("backtest-cancel", "/p/shoes/backtests/{test}/cancel/", "POST"): {"rosa", "max", "lena"},
    ("replay-freeze", "/p/shoes/replay-sets/", "POST"): {"rosa", "max", "lena"},
    ("playground", "/p/shoes/playground/", "GET"): {"max", "lena"},
    ("prompts", "/p/shoes/prompts/", "GET"): {"max", "lena"},
    ("knowledge", "/p/shoes/knowledge/", "GET"): {"ana", "ben", "ada", "rosa", "max", "lena", "otto"},
    ("knowledge-new", "/p/shoes/knowledge/new/", "GET"): {"rosa", "max", "lena"},
}
MUTATION_ONLY = {
    "logout",
    "language",
    "member-remove",
    "model-train",
    "rule-check",
    "rule-say",
    "rule-owner",
    "replay-freeze",
}


@pytest.fixture
def standing(project: Project, cast: Cast) -> dict[str, int]:
    """What the paths name: a member, a rule with a draft of it, a remark, a back-test."""
    publish_pack([spec("R-080")])
    base = publishing.newest()
    assert base is not None
    draft = drafting.start(base, "Shades", "", cast.rosa)
    return {
        "eve": cast.eve.pk,
        "membership": Membership.objects.get(project=project, person=cast.ben).pk,
        "draft": draft.pk,
        "remark": remarks.say(Rule.objects.get(code="R-080"), cast.ana, "question", "Why?").pk,
        "test": BackTest.objects.create(project=project, draft=draft, digest="1" * 64).pk,
    }


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def passed(response: HttpResponse) -> bool:
    to_login = response.status_code == 302 and response["Location"].startswith("/login/?")
    return response.status_code in {200, 201, 302, 409, 422} and not to_login


def test_every_url_stands_in_the_policy_and_every_policy_entry_is_a_url() -> None:
    names = [pattern.name for pattern in patterns(get_resolver())]
    assert sorted(map(str, names)) == sorted(POLICY), (
        "a URL without a policy does not answer; an entry without a URL is dead"
    )


def test_every_permission_is_held_by_a_role_or_stands_outside_projects() -> None:
    outside = {Permission.ANYONE, Permission.SIGNED_IN, Permission.SYSTEM, Permission.KEEP_RULES}
    assert set(ROLES) == set(Permission) - outside
    used = {permission for methods in POLICY.values() for permission in methods.values()}
    assert used == set(Permission)


def test_auditors_write_nothing_and_labelers_never_export() -> None:
    written = {p for methods in POLICY.values() for method, p in methods.items() if method == "POST"}
    assert not [p for p in written if Role.AUDITOR in ROLES.get(p, ())]
    assert Role.LABELER not in ROLES[Permission.EXPORT]


@pytest.mark.parametrize("who", sorted(ANYBODY))
@pytest.mark.parametrize(("name", "path", "method"), sorted(ORACLE))
def test_the_oracle(
    name: str, path: str, method: str, who: str, cast: Cast, standing: dict[str, int], client_for: ClientFor
) -> None:
    client = Client() if who == "nobody" else client_for(getattr(cast, who))
    before = everything()
    response = client.generic(method, path.format(**standing))
    if who in ORACLE[name, path, method]:
        assert passed(response), f"{who} may {method} {path}, but got {response.status_code}"
        return
    if who == "nobody":
        assert response.status_code == 302
        assert response["Location"].startswith("/login/?next=")
    else:
        assert response.status_code == 404
    assert everything() == before, "a refusal changed something"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", sorted({path for _, path, _ in ORACLE if "{" not in path}))
def test_no_other_method_is_answered(
    path: str, method: str, cast: Cast, standing: dict[str, int], client_for: ClientFor
) -> None:
    assert client_for(cast.lena).generic(method, path).status_code == 405


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_changes_something_is_not_reached_by_a_link(method: str, cast: Cast, client_for: ClientFor) -> None:
    paths = {path for name, path, _ in ORACLE if name in MUTATION_ONLY}
    client = client_for(cast.lena)
    before = everything()
    for path in paths:
        response = client.generic(method, path.format(membership=1))
        assert response.status_code == 405
    assert everything() == before


def test_an_htmx_request_without_a_session_keeps_the_screen(cast: Cast) -> None:
    response = Client(headers={"HX-Request": "true"}).get("/p/shoes/members/")
    assert response.status_code == 401
    assert response["HX-Retarget"] == "#messages"
    assert b"<html" not in response.content


@pytest.mark.parametrize("page", ["settings/", "members/", "audit/", "members/1/remove/"])
def test_a_foreign_and_an_absent_project_answer_alike(
    page: str, cast: Cast, foreign: Project, client_for: ClientFor
) -> None:
    method = "POST" if "remove" in page else "GET"
    answers = [client_for(cast.lena).generic(method, f"/p/{slug}/{page}") for slug in ("boots", "nohow")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert plain(answers[0], "boots") == plain(answers[1], "nohow")
    headers = [{k: v for k, v in answer.headers.items() if k != "Expires"} for answer in answers]  # it tells the time
    assert headers[0] == headers[1]


def test_an_archived_project_is_absent(cast: Cast, project: Project, client_for: ClientFor) -> None:
    Project.objects.filter(pk=project.pk).update(archived_at="2026-01-01T00:00Z")
    assert client_for(cast.lena).get("/p/shoes/members/").status_code == 404
    assert b"/p/shoes/" not in client_for(cast.lena).get("/").content


def test_an_object_of_another_project_is_absent_in_mine(cast: Cast, foreign: Project, client_for: ClientFor) -> None:
    theirs = Membership.objects.get(project=foreign)
    assert client_for(cast.lena).post(f"/p/shoes/members/{theirs.pk}/remove/").status_code == 404
    assert client_for(cast.lena).post("/p/shoes/members/999999999999999999999999/remove/").status_code == 404
    assert Membership.objects.filter(pk=theirs.pk).exists()


def test_a_removed_role_acts_at_the_next_click(cast: Cast, project: Project, client_for: ClientFor) -> None:
    client = client_for(cast.otto)
    assert client.get("/p/shoes/audit/").status_code == 200
    Membership.objects.filter(project=project, person=cast.otto).delete()
    assert client.get("/p/shoes/audit/").status_code == 404


def test_a_system_admin_sees_no_project_from_inside(cast: Cast, project: Project, client_for: ClientFor) -> None:
    inside = [path for _, path, method in ORACLE if method == "GET" and path.startswith("/p/") and "{" not in path]
    assert {client_for(cast.root).get(path).status_code for path in inside} == {404}


def test_a_posted_role_project_or_admin_flag_changes_nothing_else(
    cast: Cast, project: Project, client_for: ClientFor
) -> None:
    smuggled = {"is_system_admin": "1", "is_active": "0", "username": "boss", "role": "lead", "project": project.pk}
    client_for(cast.eve).post("/account/", {"name": "Eve", "locale": "en", **smuggled})
    eve = Person.objects.get(pk=cast.eve.pk)
    assert (eve.username, eve.name, eve.is_system_admin, eve.is_active) == ("eve", "Eve", False, True)
    assert not Membership.objects.filter(person=eve).exists()
