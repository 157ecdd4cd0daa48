"""/api/v1 as a whole: in the policy, described, refused as problems; and the addresses before it, which say that they end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.urls import resolve

from inference.prelabel import runs
from lore_app import api
from projects import tokens
from projects.models import Project, Scope
from projects.policy import POLICY, SCOPES, Permission
from tests.conftest import Cast
from tests.test_kept import routes

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
PROBLEM = "application/problem+json"


@pytest.fixture
def program(project: Project, cast: Cast) -> Client:
    secret = tokens.issue(project, "nightly", list(Scope), 30, actor=cast.lena).secret
    return Client(headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False)


@pytest.fixture
def described() -> dict[str, Any]:
    answer = api.document()
    described: dict[str, Any] = json.loads(json.dumps(answer))
    return described


def operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": one
        for path, place in described["paths"].items()
        for method, one in place.items()
        if method in METHODS
    }


def problem(answer: Any) -> dict[str, Any]:
    said: dict[str, Any] = answer.json()
    assert answer["Content-Type"] == PROBLEM
    assert (said["status"], said["type"]) == (answer.status_code, f"urn:lore:problem:{said['code']}")
    return said


# What there is


def test_no_operation_is_without_a_policy_and_each_takes_the_methods_that_stand_there() -> None:
    told = {one.url_name: {method for method in one.methods if method != "HEAD"} for one in api.operations()}
    held = {name: set(methods) for name, methods in POLICY.items() if name.startswith("api-v1-")}
    assert told == held
    assert all(set(POLICY[name].values()) <= set(SCOPES) for name in told)


def test_the_addresses_before_v1_run_the_very_same_views() -> None:
    by_name = dict(routes(api.urlpatterns))
    old = {name: where for name, where in by_name.items() if name.startswith("api-") and "-v1-" not in name}
    assert {name.replace("api-", "api-v1-") for name in old} == {one.url_name for one in api.operations()}
    for place in ("imports/", "imports/1/", "imports/1/rejected/", "runs/", "runs/1/", "exports/", "bad-cases/"):
        assert resolve(f"/api/p/shoes/{place}").func is resolve(f"/api/v1/p/shoes/{place}").func


def test_the_description_is_read_without_a_token_and_no_page_of_tools_stands_beside_it(db: None) -> None:
    assert POLICY["openapi"] == {"GET": Permission.ANYONE}
    answer = Client().get("/api/v1/openapi.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["openapi"].startswith("3.1")
    assert {Client().get(f"/api/v1/{page}").status_code for page in ("", "docs", "docs/")} == {404}


def test_the_description_is_made_once_and_not_sent_to_who_has_it(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Client().get("/api/v1/openapi.json")
    monkeypatch.setattr(api, "document", None)  # nobody asks for it again
    again = Client().get("/api/v1/openapi.json")
    assert again.content == first.content and again["ETag"] == first["ETag"] and again["Cache-Control"] == "no-cache"
    kept = Client().get("/api/v1/openapi.json", headers={"If-None-Match": first["ETag"]})
    assert (kept.status_code, kept.content) == (304, b"")


def test_each_operation_is_described_with_its_scope_and_every_answer(described: dict[str, Any]) -> None:
    found = operations(described)
    assert len(found) == len(list(api.operations())) == 11
    for name, one in found.items():
        (scope,) = one["security"][0]["token"]
        assert scope in Scope.values, name
        assert {"400", "401", "404", "500", "503"} < set(one["responses"]), name
        for status, told in one["responses"].items():
            assert told["description"], name
            assert int(status) < 400 or list(told["content"]) == [PROBLEM], (name, status)


def test_every_field_and_parameter_says_what_it_means(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    assert len(schemas) == 26
    silent = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, told in schema["properties"].items()
        if not told.get("description") and "items" not in told
    ]
    silent += [
        f"{name} {parameter['name']}"
        for name, one in operations(described).items()
        for parameter in one["parameters"]
        if parameter["in"] == "query" and not parameter["schema"].get("description")
    ]
    assert silent == []


# How it refuses


def test_what_the_gate_refuses_is_a_problem(program: Client, project: Project, cast: Cast) -> None:
    nobody = Client().get("/api/v1/p/shoes/imports/1/")
    assert (problem(nobody)["code"], nobody["WWW-Authenticate"]) == ("no_token", "Bearer")
    narrow = tokens.issue(project, "one", [Scope.EXPORT], 30, actor=cast.lena).secret
    refused = Client(headers={"Authorization": f"Bearer {narrow}"}).post("/api/v1/p/shoes/runs/")
    absent = program.get("/api/v1/p/shoes/imports/999/")
    elsewhere = program.get("/api/v1/p/boots/imports/999/")
    assert refused.content == absent.content == elsewhere.content
    assert problem(absent)["code"] == "not_found"
    assert problem(program.get("/api/v1/nothing"))["code"] == "not_found"
    other = program.put("/api/v1/p/shoes/runs/")
    assert (problem(other)["code"], other["Allow"]) == ("method_not_allowed", "POST")


def test_each_field_that_cannot_be_taken_is_named(program: Client) -> None:
    body = b'{"samples": "two", "model": 1, "wish": 1}'
    said = problem(program.post("/api/v1/p/shoes/runs/", body, "application/json"))
    assert (said["status"], said["code"]) == (400, "unfit")
    assert {one["field"]: one["detail"] for one in said["errors"]} == {
        "samples": "must be a whole number",
        "model": "must be a string",
        "wish": "Unknown field; known: model, samples, only.",
    }
    said = problem(program.post("/api/v1/p/shoes/exports/", b"{}", "application/json"))
    assert said["errors"] == [{"field": "kind", "detail": "one of sft, labels"}]
    said = problem(program.post("/api/v1/p/shoes/bad-cases/", b'{"cause": "rain"}', "application/json"))
    assert [one["field"] for one in said["errors"]] == ["query", "item", "cause"]
    said = problem(program.post("/api/v1/p/shoes/imports/?kind=people&judge_gold=yes", b"{}", "application/json"))
    assert [one["field"] for one in said["errors"]] == ["kind", "judge_gold"]


@pytest.mark.parametrize("root", ["/api/v1/", "/api/"])
def test_a_form_where_json_is_meant_is_refused_and_breaks_nothing(root: str, program: Client) -> None:
    answer = program.post(f"{root}p/shoes/exports/", {"kind": "labels"})
    assert (answer.status_code, "JSON object" in answer.content.decode()) == (400, True)
    file = {"file": SimpleUploadedFile("pairs.jsonl", b"{}")}
    assert program.post(f"{root}p/shoes/runs/", file).status_code == 400


def test_what_breaks_here_is_a_problem_that_tells_nothing_of_it(
    program: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(error: Exception) -> Any:
        def start(*_: object) -> None:
            raise error

        monkeypatch.setattr(runs, "start_run", start)
        return program.post("/api/v1/p/shoes/runs/", b"{}", "application/json")

    answer = broken(RuntimeError("a secret"))
    assert (problem(answer)["code"], answer.status_code) == ("unexpected", 500)
    assert "secret" not in answer.content.decode() and answer["X-Request-ID"]
    answer = broken(OperationalError("the server closed the connection"))
    assert (problem(answer)["code"], answer.status_code, answer["Retry-After"]) == ("unavailable", 503, "2")


def test_also_what_does_not_come_as_far_as_the_gate_is_a_problem(program: Client) -> None:
    assert problem(program.get("/api/v1/p/shoes/imports/1/", headers={"Host": "elsewhere.example"}))["status"] == 400


def test_a_body_that_is_too_large_is_a_problem_that_says_how_large(program: Client, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 1 << 20
    file = {"file": SimpleUploadedFile("pairs.jsonl", b"x" * (7 << 20))}
    answer = program.post("/api/v1/p/shoes/imports/", file)
    assert (problem(answer)["code"], "MB" in answer.json()["detail"]) == ("too_large", True)
    answer = program.post("/api/v1/p/shoes/runs/", b" " * 3_000_000, "application/json")
    assert problem(answer)["code"] == "too_large"


# The addresses before it


def test_the_addresses_before_v1_say_that_they_are_deprecated_and_what_follows(program: Client) -> None:
    for path in ("runs/1/", "imports/1/", "nothing/"):
        answer = program.get(f"/api/p/shoes/{path}")
        assert answer["Deprecation"] == "@1795996800"
        assert answer["Link"] == '</api/v1/openapi.json>; rel="successor-version"'
        assert answer.json() == {"error": "Not Found"}
    for path in ("/api/v1/p/shoes/runs/1/", "/api/v1/openapi.json", "/login/"):
        assert "Deprecation" not in program.get(path).headers
