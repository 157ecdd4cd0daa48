"""Service tokens: issued, kept, found, ended (threat T43); and that they open nothing else (section 4, last column)."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from database.clock import ClockTimestamp
from projects import demo_logins, membership, tokens
from projects.models import AuditEvent, Membership, Person, Project, Role, Scope, ServiceToken
from projects.policy import POLICY, ROLES, SCOPES, Permission
from projects.refusals import Refused
from projects.tokens import Issued
from tests.conftest import Cast, make_cast
from tests.world.rows import make_import

ClientFor = Callable[[Person], Client]
EVERY = list(Scope)


@pytest.fixture
def issued(project: Project, cast: Cast) -> Issued:
    return tokens.issue(project, "catalogue sync", EVERY, 30, actor=cast.lena)


def with_token(secret: str, **more: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {secret}", **more})


def status(secret: str, path: str = "/api/p/shoes/imports/999999/") -> int:
    """404 is in: there is no such import. 401 is out."""
    return with_token(secret).get(path).status_code


def test_a_token_is_shown_once_and_kept_as_a_hash(cast: Cast, project: Project, client_for: ClientFor) -> None:
    lena = client_for(cast.lena)
    assert "No tokens yet" in lena.get("/p/shoes/tokens/").content.decode()
    answer = lena.post("/p/shoes/tokens/", {"name": "sync", "scopes": ["import", "export"], "days": "90"})
    assert answer.status_code == 201
    assert "no-store" in answer["Cache-Control"]
    secret = re.search(r'value="(lore_[0-9a-f]{12}_[\w-]{43})"', answer.content.decode())
    assert secret is not None
    assert tokens.find(secret[1]) is not None
    hidden = secret[1].split("_", 2)[2]
    assert hidden not in lena.get("/p/shoes/tokens/").content.decode()
    with connection.cursor() as cursor:
        for model in (ServiceToken, AuditEvent):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {model._meta.db_table} t")
            assert hidden not in cursor.fetchone()[0]
    assert AuditEvent.objects.get(act="token.issued").detail == {
        "name": "sync",
        "prefix": secret[1][5:17],
        "scopes": "export import",
        "days": 90,
    }


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"scopes": []}, {"scopes": ["judge"]}, {"days": "9999"}, {"days": ""}, {"name": "x" * 81}],
)
def test_a_token_needs_a_name_a_scope_and_an_end(wrong: dict[str, Any], cast: Cast, client_for: ClientFor) -> None:
    fields = {"name": "sync", "scopes": ["import"], "days": "90", **wrong}
    assert client_for(cast.lena).post("/p/shoes/tokens/", fields).status_code == 422
    assert not ServiceToken.objects.exists()


def test_token_expires_within_a_year(issued: Issued, cast: Cast, project: Project) -> None:
    for days in (0, -1, 366):
        with pytest.raises(Refused):
            tokens.issue(project, "sync", EVERY, days, actor=cast.lena)
    with pytest.raises(IntegrityError, match="token_expires_within_a_year"), transaction.atomic():
        ServiceToken.objects.filter(pk=issued.token.pk).update(expires_at=ClockTimestamp() + timedelta(days=366))
    with pytest.raises(IntegrityError, match="expires_at"), transaction.atomic():
        ServiceToken.objects.filter(pk=issued.token.pk).update(expires_at=None)


def test_token_has_known_scopes(issued: Issued) -> None:
    for scopes in ([], ["judge"], ["import", "lead"]):
        with pytest.raises(IntegrityError, match="token_has_known_scopes"), transaction.atomic():
            ServiceToken.objects.filter(pk=issued.token.pk).update(scopes=scopes)


def test_an_expired_revoked_altered_or_malformed_token_opens_nothing(issued: Issued, cast: Cast) -> None:
    secret = issued.secret
    assert status(secret) == 404
    last = "A" if secret[-1] != "A" else "B"
    malformed = [secret[:-1] + last, secret[:-1], secret + "x", secret.upper(), "lore__", "", "x" * 300, secret[5:]]
    malformed += [f"lore_{'0' * 12}_{secret[18:]}", secret.replace("_", "-"), f"{secret} {secret}", "é"]
    assert {status(one) for one in malformed} == {401}
    ServiceToken.objects.filter(pk=issued.token.pk).update(
        created_at=ClockTimestamp() - timedelta(days=31), expires_at=ClockTimestamp() - timedelta(seconds=1)
    )
    assert status(secret) == 401
    ServiceToken.objects.filter(pk=issued.token.pk).update(expires_at=ClockTimestamp() + timedelta(days=1))
    assert status(secret) == 404
    assert tokens.revoke(issued.token, actor=cast.lena)
    assert not tokens.revoke(issued.token, actor=cast.lena)
    assert status(secret) == 401
    assert AuditEvent.objects.filter(act="token.revoked").count() == 1


@pytest.mark.parametrize("header", ["", "Basic x", "bearer", "Bearer", "Token {}", "Bearer  ", "{}", "Bearer {} x"])
def test_only_a_bearer_header_is_read(header: str, issued: Issued) -> None:
    answer = Client(headers={"Authorization": header.format(issued.secret)}).get("/api/p/shoes/imports/1/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert set(answer.json()) == {"error"}
    assert Client().get(f"/api/p/shoes/imports/1/?access_token={issued.secret}").status_code == 401


def test_secrets_are_compared_in_constant_time_for_unknown_prefixes_too(
    issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bool] = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(real(a, b)) or real(a, b))
    for secret in (issued.secret, f"lore_{'0' * 12}_{issued.secret[18:]}", issued.secret[:-4] + "AAAA"):
        tokens.find(secret)
    assert compared == [True, False, False]


def test_a_lead_revokes_on_the_page_and_only_in_the_own_project(
    issued: Issued, foreign: Project, cast: Cast, client_for: ClientFor
) -> None:
    lena = client_for(cast.lena)
    hanna = Person.objects.get(username="hanna")
    theirs = tokens.issue(foreign, "theirs", EVERY, 30, actor=hanna)
    assert lena.post(f"/p/shoes/tokens/{theirs.token.pk}/revoke/").status_code == 404
    assert lena.post(f"/p/shoes/tokens/{issued.token.pk}/revoke/").status_code == 302
    assert (status(theirs.secret, "/api/p/boots/imports/1/"), status(issued.secret)) == (404, 401)
    page = lena.get("/p/shoes/tokens/").content.decode()
    assert "revoked" in page and "theirs" not in page


def test_deactivating_the_issuer_revokes_their_tokens_for_good(issued: Issued, cast: Cast, project: Project) -> None:
    membership.deactivate(cast.lena, actor=cast.root)
    assert status(issued.secret) == 401
    membership.reactivate(cast.lena, actor=cast.root)
    assert status(issued.secret) == 401
    assert AuditEvent.objects.filter(act="token.revoked", project=project, actor=cast.root).exists()


def test_a_lead_who_leads_no_longer_leaves_no_token_behind(
    issued: Issued, foreign: Project, cast: Cast, project: Project
) -> None:
    membership.add_role(project, "eve", Role.LEAD, actor=cast.lena)
    membership.add_role(foreign, "lena", Role.LEAD, actor=None)
    elsewhere = tokens.issue(foreign, "elsewhere", EVERY, 30, actor=cast.lena)
    kept = tokens.issue(project, "eve's", EVERY, 30, actor=cast.eve)
    membership.remove_role(Membership.objects.get(project=project, person=cast.lena), actor=cast.eve)
    assert (status(issued.secret), status(kept.secret)) == (401, 404)
    assert status(elsewhere.secret, "/api/p/boots/imports/1/") == 404
    membership.add_role(project, "lena", Role.LEAD, actor=cast.eve)
    assert status(issued.secret) == 401, "a role that comes back brings no old token back"


def test_a_removal_and_an_issue_at_the_same_moment_leave_no_live_token(fresh_database: Any) -> None:
    project = Project.objects.create(slug="shoes", name="Shoes")
    cast = make_cast(project)
    membership.add_role(project, "eve", Role.LEAD, actor=cast.lena)

    def issue(_: int) -> str:
        try:
            return tokens.issue(project, "sync", EVERY, 30, actor=cast.lena).secret
        except Refused:
            return ""
        finally:
            connection.close()

    def remove(_: int) -> str:
        row = Membership.objects.select_related("person", "project").get(person=cast.lena, role=Role.LEAD)
        membership.remove_role(row, actor=cast.eve)
        connection.close()
        return ""

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: remove(n) if n == 4 else issue(n), range(12)))
    assert [tokens.find(secret) for secret in made if secret] == [None] * sum(map(bool, made))
    assert not ServiceToken.objects.filter(revoked_at=None).exists()


def test_only_a_lead_issues(cast: Cast, project: Project, foreign: Project) -> None:
    for person in (cast.ana, cast.max, cast.root, cast.eve):
        with pytest.raises(Refused):
            tokens.issue(project, "sync", EVERY, 30, actor=person)
    with pytest.raises(Refused):
        tokens.issue(foreign, "sync", EVERY, 30, actor=cast.lena)


def test_switching_the_demo_off_ends_its_tokens(project: Project, settings: Any) -> None:
    settings.DEMO = True
    demo_logins.ensure(project)
    lena = Person.objects.get(username="demo-lena")
    secret = tokens.issue(project, "sync", EVERY, 30, actor=lena).secret
    assert status(secret) == 404
    settings.DEMO = False
    assert status(secret) == 401


def test_an_archived_project_takes_its_tokens_along(issued: Issued, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(archived_at=ClockTimestamp())
    assert status(issued.secret) == 401


def test_use_is_noted_once_a_minute(issued: Issued) -> None:
    status(issued.secret)
    first = ServiceToken.objects.get().last_used_at
    status(issued.secret)
    assert first is not None and ServiceToken.objects.get().last_used_at == first
    ServiceToken.objects.update(last_used_at=ClockTimestamp() - timedelta(minutes=2))
    status(issued.secret)
    assert ServiceToken.objects.get().last_used_at > first


# What a token opens


def test_no_role_holds_a_programs_permission_and_no_token_a_persons() -> None:
    assert set(SCOPES) & set(ROLES) == set()
    assert sorted(SCOPES.values()) == sorted(Scope)
    for name, methods in POLICY.items():
        program = {permission in SCOPES for permission in methods.values()}
        assert program == {name.startswith("api-")}, name


PATHS = {
    Permission.PROGRAM_IMPORT: ("POST", "imports/"),
    Permission.PROGRAM_PRELABEL: ("POST", "runs/"),
    Permission.PROGRAM_EXPORT: ("POST", "exports/"),
    Permission.PROGRAM_MONITOR: ("POST", "bad-cases/"),
}


@pytest.mark.parametrize("held", EVERY)
@pytest.mark.parametrize("asked", list(SCOPES))
def test_a_scope_opens_its_own_addresses_and_the_rest_are_absent(
    held: Scope, asked: Permission, project: Project, cast: Cast
) -> None:
    secret = tokens.issue(project, "one", [held], 30, actor=cast.lena).secret
    method, path = PATHS[asked]
    before = AuditEvent.objects.count()
    answer = with_token(secret).generic(method, f"/api/p/shoes/{path}", b"nonsense", "application/json")
    if SCOPES[asked] is held:
        assert answer.status_code == 400  # reached the view, which cannot read it
    else:
        assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})
        assert AuditEvent.objects.count() == before


def test_foreign_absent_and_archived_projects_answer_alike(issued: Issued, foreign: Project, project: Project) -> None:
    """Also for what is there in the token's own project."""
    Project.objects.create(slug="gone", name="Gone", archived_at=ClockTimestamp())
    own = make_import(project=project).pk
    answers = {
        slug: with_token(issued.secret).get(f"/api/p/{slug}/imports/{own}/") for slug in ("boots", "nil", "gone")
    }
    assert {(answer.status_code, answer.content) for answer in answers.values()} == {(404, b'{"error": "Not Found"}')}
    assert status(issued.secret, f"/api/p/shoes/imports/{own}/") == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/account/", "/p/shoes/members/", "/p/shoes/imports/", "/p/shoes/exports/", "/p/shoes/tokens/", "/help/"],
)
def test_a_token_opens_no_page(path: str, issued: Issued) -> None:
    answer = with_token(issued.secret).get(path)
    assert (answer.status_code, answer["Location"].startswith("/login/")) == (302, True)


def test_a_session_opens_no_address_of_programs(cast: Cast, client_for: ClientFor) -> None:
    lena = client_for(cast.lena)
    for name in ("imports/1/", "runs/1/", "exports/1/"):
        assert lena.get(f"/api/p/shoes/{name}").status_code == 401
    for name in ("imports/", "runs/", "exports/", "bad-cases/"):
        assert lena.post(f"/api/p/shoes/{name}").status_code == 401


def test_a_session_beside_a_token_changes_nothing_and_sets_no_cookie(
    issued: Issued, cast: Cast, client_for: ClientFor
) -> None:
    root = client_for(cast.root)
    answer = root.get("/api/p/shoes/imports/1/", headers={"Authorization": f"Bearer {issued.secret}"})
    assert answer.status_code == 404
    assert not answer.cookies
    assert "Cookie" not in answer["Vary"]


def test_no_csrf_token_is_asked_for_where_no_cookie_counts_and_everywhere_else_it_is(
    issued: Issued, cast: Cast
) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {issued.secret}"})
    assert client.post("/api/p/shoes/runs/", b"{}", "application/json").status_code == 409
    assert client.post("/p/shoes/runs/")["Location"].startswith("/login/")  # a token opens no page, checked or not
    client.force_login(cast.lena, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post("/p/shoes/runs/").status_code == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_no_other_method_reaches_an_address_that_changes_something(method: str, issued: Issued) -> None:
    for path in ("imports/", "runs/", "exports/", "bad-cases/"):
        answer = with_token(issued.secret).generic(method, f"/api/p/shoes/{path}")
        assert answer.status_code == 405
        assert answer["Allow"] == "POST"


def test_every_refusal_is_json(issued: Issued) -> None:
    client = with_token(issued.secret)
    for answer in (
        client.get("/api/"),
        client.get("/api/p/shoes/nonsense/"),
        client.get("/api/p/shoes/imports/99999999999999999999999/"),
        client.put("/api/p/shoes/runs/"),
        client.post("/api/p/shoes/runs/", b"{", "application/json"),
    ):
        assert answer["Content-Type"] == "application/json"
        assert list(answer.json()) == ["error"]
        assert "no-store" in answer["Cache-Control"]


# Commands


def command(name: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    out, code = StringIO(), 0
    try:
        call_command(name, *arguments, stdout=out, stderr=StringIO())
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(out.getvalue().splitlines()[-1])


def test_a_token_is_issued_and_revoked_from_the_command_line(cast: Cast, project: Project) -> None:
    asked = ("--project", "shoes", "--name", "sync", "--scope", "import", "--scope", "export", "--by", "lena")
    code, made = command("issue_token", *asked)
    assert (code, sorted(made)) == (0, ["expires", "prefix", "scopes", "token"])
    assert made["scopes"] == ["export", "import"]
    assert status(made["token"]) == 404
    assert command("revoke_token", f"lore_{made['prefix']}") == (
        0,
        {"prefix": made["prefix"], "name": "sync", "revoked": True},
    )
    assert status(made["token"]) == 401
    assert command("revoke_token", made["token"])[1]["revoked"] is False


@pytest.mark.parametrize(
    "change",
    [("--by", "max"), ("--by", "nil"), ("--project", "nil"), ("--days", "400"), ("--days", "0"), ("--name", " ")],
)
def test_a_command_refuses_as_the_page_does(change: tuple[str, str], cast: Cast) -> None:
    asked = {"--project": "shoes", "--name": "sync", "--scope": "import", "--by": "lena", change[0]: change[1]}
    code, answer = command("issue_token", *(word for pair in asked.items() for word in pair))
    assert code == 1 and answer["error"]
    assert not ServiceToken.objects.exists()
