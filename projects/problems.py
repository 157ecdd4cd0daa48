"""How programs are told what is not done: problem details (RFC 9457) under /api/v1/, `{"error": ...}` at the addresses
that were there before it.

Both come from one refusal, raised where it is decided, or from the bare status of an answer that no view made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import pydantic
from django.http import HttpRequest, HttpResponse, JsonResponse
from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema
from pydantic.fields import FieldInfo

from projects.refusals import Refused, TotalFailure
from relevance.sanitising import storable

ROOT = "/api/"
VERSIONED = "/api/v1/"
UNVERSIONED = "/api/p/"
MEDIA_TYPE = "application/problem+json"
DEPRECATED_SINCE = "@1795996800"  # 2026-11-30, as RFC 9745 writes it
# The same for every address, since an absent and a foreign one answer alike, byte for byte.
SUCCESSOR = f'<{VERSIONED}openapi.json>; rel="successor-version"'

M = TypeVar("M", bound=BaseModel)


class WhyNothing(BaseModel):
    """Nothing at all of what was asked for succeeded: the reason that most of it shares."""

    code: str = Field(description="For programs; it keeps its meaning.")
    sentence: str = Field(description="For people, with the numbers.")

    @classmethod
    def of(cls, why: TotalFailure | None) -> WhyNothing | None:
        return None if why is None else cls(code=why.code, sentence=why.sentence)


class FieldError(BaseModel):
    """One field of the request that cannot be taken."""

    field: str = Field(description="Name of the field; empty where it is about the body as a whole.")
    detail: str = Field(description="What is wrong with it, in English.")


class Problem(BaseModel):
    """What is not done, and why (RFC 9457)."""

    type: str = Field(description="`urn:lore:problem:CODE`: the kind of problem, the same for every one of this code.")
    title: str = Field(description="The phrase of the HTTP status.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    detail: str = Field(description="One sentence in English for whoever reads the log; its wording may change.")
    code: str = Field(description="What a program should look at: a code keeps its meaning.")
    errors: list[FieldError] = Field(description="The fields that cannot be taken; empty where it is not about fields.")


class Refusal(Refused):
    """What the form of a request is refused for. The addresses before /api/v1/ tell its sentence without its code."""

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        status: int = 400,
        field: str = "",
        errors: Sequence[FieldError] = (),
        told: Mapping[str, Any] | None = None,
    ) -> None:
        """`told`: further members of the answer, for a program to act on."""
        super().__init__(code, sentence, status=status, field=field)
        self.errors = list(errors)
        self.told = dict(told or {})


# Code and sentence of an answer that no view has made.
ANYWHERE: Mapping[int, tuple[str, str]] = {
    400: ("unreadable", "The request cannot be read."),
    401: ("no_token", "A service token that is neither expired nor revoked is needed: Authorization: Bearer ..."),
    403: ("forbidden", "The request is refused."),
    404: ("not_found", "Nothing is here for this token: absent, of another project, or outside its scopes."),
    405: ("method_not_allowed", "Another method is needed: the header Allow names it."),
    413: ("too_large", "The request is larger than this address takes."),
    500: ("unexpected", "Something broke here. The installation's log holds it under the X-Request-ID of this answer."),
    503: ("unavailable", "The database is away or too slow: try again after the seconds that Retry-After names."),
}


def is_versioned(request: HttpRequest) -> bool:
    return request.path_info.startswith(VERSIONED)


def refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """In the form that this address speaks."""
    response = _refused(request, refusal)
    if refusal.retry_after:
        response["Retry-After"] = str(refusal.retry_after)
    return response


def _refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    if is_versioned(request):
        told = refusal.told if isinstance(refusal, Refusal) else {}
        return _problem(refusal.status, refusal.code, refusal.sentence, _errors(refusal), told)
    told = refusal.told if isinstance(refusal, Refusal) else {}
    code = {} if isinstance(refusal, Refusal) and not told else {"code": refusal.code}
    return JsonResponse({"error": refusal.sentence, **code, **told}, status=refusal.status)


def _problem(
    status: int, code: str, detail: str, errors: Sequence[FieldError] = (), told: Mapping[str, Any] | None = None
) -> HttpResponse:
    kind, title = f"urn:lore:problem:{code}", HTTPStatus(status).phrase
    problem = Problem(type=kind, title=title, status=status, detail=detail, code=code, errors=list(errors))
    return JsonResponse({**problem.model_dump(), **(told or {})}, status=status, content_type=MEDIA_TYPE)


def _errors(refusal: Refused) -> list[FieldError]:
    if isinstance(refusal, Refusal) and refusal.errors:
        return refusal.errors
    return [FieldError(field=refusal.field, detail=refusal.sentence)] if refusal.field else []


class ProblemMiddleware:
    """Around all that may fail: also where a request does not come as far as the gate."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path_info.startswith(ROOT):
            return response
        response = for_program(request, response)
        if request.path_info.startswith(UNVERSIONED):
            response["Deprecation"] = DEPRECATED_SINCE
            response["Link"] = SUCCESSOR
        return response


def for_program(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The same answer; of a page about a failure its status alone, without the cookies that a page sets."""
    if response.status_code < 400 or response.headers.get("Content-Type") in ("application/json", MEDIA_TYPE):
        return response
    made = bare(request, response.status_code)
    for name in ("Allow", "Retry-After"):
        if name in response.headers:
            made[name] = response[name]
    return made


def bare(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    """What is known is a status, and perhaps a sentence."""
    phrase = HTTPStatus(status).phrase
    if not is_versioned(request):
        return JsonResponse({"error": detail or phrase}, status=status)
    code, sentence = ANYWHERE.get(status, ("refused", phrase))
    return _problem(status, code, detail or sentence)


# What a request says, read into types


Text = Annotated[str, BeforeValidator(lambda said: storable(said) if isinstance(said, str) else said)]


class Asked(BaseModel):
    """A request's fields: each of its type, and no others."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)


def read(model: type[M], fields: Mapping[str, Any]) -> M:
    """Raises Refusal."""
    try:
        return model.model_validate(dict(fields))
    except pydantic.ValidationError as error:
        raise unfit(field_errors(error, model)) from None


def unfit(errors: Sequence[FieldError]) -> Refusal:
    first = errors[0]
    sentence = f"{first.field}: {first.detail}" if first.field else first.detail
    return Refusal("unfit", sentence, errors=errors)


def field_errors(error: pydantic.ValidationError, model: type[BaseModel], *, within: int = 0) -> list[FieldError]:
    """`within`: so many steps lead to the model's own fields."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [_field_error(one["loc"][within:], one["type"], one["msg"], model) for one in found]


def _field_error(place: tuple[int | str, ...], kind: str, message: str, model: type[BaseModel]) -> FieldError:
    return FieldError(field=str(place[0]) if place else "", detail=_why(place, kind, message, model))


_WHY = {
    "missing": "missing",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
}


def _why(place: tuple[int | str, ...], kind: str, message: str, model: type[BaseModel]) -> str:
    if not place:
        return "The body must be a JSON object."
    if kind == "extra_forbidden":
        return f"Unknown field; known: {', '.join(model.model_fields)}."
    choices = _choices(model.model_fields.get(str(place[0]))) if kind in ("missing", "enum") else []
    return one_of(choices) if choices else _WHY.get(kind, message)


def _choices(field: FieldInfo | None) -> list[str]:
    """What a field may be, where that is a list: of an enumeration, or as its description says."""
    if field is None:
        return []
    if isinstance(field.annotation, type) and issubclass(field.annotation, Enum):
        return [one.value for one in field.annotation]
    described = [one.json_schema or {} for one in field.metadata if isinstance(one, WithJsonSchema)]
    return [code for one in described for code in one.get("enum", [])]


def one_of(values: Iterable[str]) -> str:
    known = list(values)
    return f"one of {', '.join(filter(None, known))}" + (", or none" if "" in known else "")
