"""The apps' doors for programs as one API: under /api/v1/, described at /api/v1/openapi.json, and for one version at the
addresses that were there before (the same views; projects.problems speaks both forms of refusal).

Who may do what is not decided here: each operation has its row in POLICY, and the gate stands before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.urls import URLPattern, path
from django.views.decorators.http import condition
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError, ValidationErrorContext
from ninja.operation import Operation

import annotation.api
import catalogue.api
import inference.api
from projects import openapi, problems
from projects.bearer import named
from projects.policy import POLICY, SCOPES
from projects.problems import ANYWHERE, FieldError, Problem, Refusal
from projects.refusals import Refused

ROUTERS = (
    catalogue.api.router,
    inference.api.router,
    annotation.api.exports,
    annotation.api.bad_cases,
    annotation.api.evidence,
)
PROJECT = "p/{slug:slug}/"
ANY_OPERATION = (400, 401, 404, 500, 503)  # 405 is no operation's: it is what another method gets
SLUG = {"in": "path", "name": "slug", "required": True, "schema": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"}}
ABOUT = """Import, pre-label, export and report bad cases with a service token of a project.

Every refusal is a problem (RFC 9457, `application/problem+json`); `code` keeps its meaning, `detail` is for people.
Another method than the ones here answers 405 with the header `Allow`."""


class ProgramsAPI(NinjaAPI):
    """What django-ninja does not know: our refusals, what the gate answers, which scope an operation needs."""

    def set_default_exception_handlers(self) -> None:
        """Errors of ours go on to where those of pages go, the log included."""
        handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
            Refused: problems.refused,
            ValidationError: _unfit,
            HttpError: _no_object,
            RawPostDataException: _no_object,
            UnreadablePostError: _no_object,
            Http404: lambda request, _error: problems.bare(request, 404),
            RequestDataTooBig: lambda request, _error: problems.bare(request, 413, "The request is too large."),
        }
        for error, handler in handlers.items():
            self.add_exception_handler(error, handler)

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """Of a body each operation takes one, under the name of its parameter."""
        found: list[FieldError] = []
        for context in error_contexts:
            for parameter in context.model.model_fields.values():
                assert parameter.annotation is not None
                found += problems.field_errors(context.pydantic_validation_error, parameter.annotation, within=1)
        return ValidationError([{"error": one} for one in found])

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_content_type(self) -> str:
        return "application/json"


def _unfit(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problems.refused(request, problems.unfit([one["error"] for one in error.errors]))


def _no_object(request: HttpRequest, error: Exception) -> HttpResponse:
    """A body that ninja could not read, or a form where JSON is meant."""
    return problems.refused(request, Refusal("unreadable", "The body must be a JSON object."))


def _made() -> ProgramsAPI:
    made = ProgramsAPI(
        title="LORE Copilot", version=settings.VERSION, description=ABOUT, openapi_url=None, docs_url=None
    )
    made.add_decorator(named, mode="view")
    for router in ROUTERS:
        made.add_router(PROJECT, router)
    return made


api = _made()


def operations() -> Iterator[Operation]:
    for router in api._get_bound_routers():
        for view in router.path_operations.values():
            yield from view.operations


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1, with what holds for every operation: the token and its scope, the project, the answers of the gate."""
    told: dict[str, Any] = {**api.get_openapi_schema(path_prefix=problems.VERSIONED.lstrip("/"))}
    scopes = {one.view_func.__name__: _scope(one) for one in operations()}
    everywhere = openapi.refusals({status: ANYWHERE[status][1] for status in ANY_OPERATION})
    for place in told["paths"].values():
        place.pop("head", None)  # as GET, without the body
        for operation in place.values():
            operation["security"] = [{"token": [scopes[operation["operationId"]]]}]
            answers = {**everywhere, **operation["responses"]}
            operation["responses"] = {str(status): answers[status] for status in sorted(answers)}
        place["parameters"] = [{**SLUG, "description": "The token's project, by its short name."}]
    told["components"]["schemas"] |= _problem_schemas()
    told["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "lore_..."}}
    return told


def _scope(operation: Operation) -> str:
    (permission,) = POLICY[operation.url_name].values()
    return SCOPES[permission].value


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}


@cache
def _described() -> tuple[bytes, str]:
    """As it is sent, and its tag: both stay while a process runs."""
    body = json.dumps(document(), cls=DjangoJSONEncoder).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@condition(etag_func=lambda _request: _described()[1])
def description(request: HttpRequest) -> HttpResponse:
    """Anybody may ask, so it is made once in a process, and not sent to who has it."""
    return HttpResponse(_described()[0], content_type="application/json", headers={"Cache-Control": "no-cache"})


def _views() -> list[URLPattern]:
    """ninja's own start page and its address are left out."""
    return [one for one in api.urls[0] if isinstance(one, URLPattern) and one.name != "api-root"]


VIEWS = _views()


def _addresses(root: str, prefix: str) -> list[URLPattern]:
    return [path(f"{root}{one.pattern}", one.callback, name=str(one.name).replace("api-v1-", prefix)) for one in VIEWS]


urlpatterns = [
    path("api/v1/openapi.json", description, name="openapi"),
    *_addresses("api/v1/", "api-v1-"),
    *_addresses("api/", "api-"),
]
