"""What programs may do with exports, bad cases and the gates of the evidence (docs/api.md): the same activities as the pages."""

from __future__ import annotations

from typing import Annotated

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Body, Router, Status
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from annotation.bad_cases import following
from annotation.curation import exporting
from annotation.curation.formats import table
from annotation.evidence_checks import gate
from annotation.models import BadCase, EvidenceGate, Export, HardSet
from catalogue.models import Pair, Query
from jobs.leasing import LIVE
from jobs.models import JobState
from projects import audit
from projects.bearer import ProgramRequest
from projects.models import Project
from projects.openapi import leads_to, made, refusals
from projects.problems import Asked, FieldError, Refusal, Text, WhyNothing, one_of, unfit
from projects.requests import one, there
from relevance.facts import normalise_query

NAMED_LOCALES = 20  # in a refusal

exports = Router(tags=["exports"])
bad_cases = Router(tags=["bad cases"])
evidence = Router(tags=["evidence"])


def _of_the_table(code: str) -> str:
    if code not in table.FORMATS:
        raise PydanticCustomError("kind", "{known}", {"known": one_of(table.codes())})
    return code


Kind = Annotated[str, AfterValidator(_of_the_table), WithJsonSchema({"type": "string", "enum": table.codes()})]
Cause = Annotated[BadCase.Cause, Field(strict=False), WithJsonSchema({"type": "string", "enum": BadCase.Cause.values})]


class ExportAsked(Asked):
    """What an export is asked for."""

    kind: Kind = Field(description=table.purposes())
    hard_set: Text = Field(default="", description="Name of a frozen hard set: only its pairs. All pairs where empty.")
    without_stale: bool = Field(
        default=False, description="Leave out pairs whose judgment cites a rule that reads otherwise now."
    )


class ExportedFile(BaseModel):
    """A file of a sealed export."""

    name: str = Field(description="Its name, for `files/NAME`.")
    rows: int = Field(description="Rows in it, without a heading.")
    bytes: int = Field(description="Its size in bytes.")
    sha256: str = Field(description="SHA-256 of its bytes, in hexadecimal digits.")
    counted: bool = Field(
        default=True, description="Its rows count in `rows`; false: it says another file's rows again."
    )


class ExportState(BaseModel):
    """How far an export is. Ask until `ended`; `files` are listed once they are sealed."""

    export: int = Field(description="Its number.")
    kind: str = Field(description=table.purposes())
    state: str = Field(
        json_schema_extra={"enum": [*JobState.values]}, description="`failed` is tried again, `dead` is not."
    )
    ended: bool = Field(description="Nothing more will happen to it.")
    rows: int | None = Field(description="Rows of the sealed files; null before.")
    rows_written: int = Field(description="Rows that were written up to now.")
    files: list[ExportedFile] = Field(description="The sealed files.")
    manifest: str | None = Field(description="Name of the manifest, for `files/NAME`; null before it is sealed.")
    manifest_sha256: str = Field(description="SHA-256 of the manifest; empty before it is sealed.")
    error: str = Field(description="Code of what stopped it; empty where nothing did.")
    why_nothing: WhyNothing | None = Field(
        description="Once it is sealed and its files hold no row: the reason that most pairs share. Else null."
    )


class BadCaseAsked(Asked):
    """A result that should not have been shown."""

    query: Text = Field(description="The words that were searched for; white space is folded.")
    item: Text = Field(description="The item's id in the catalogue.")
    locale: Text | None = Field(
        default=None,
        description="Of query and item, as imported; empty for none. Needed where the project has more than one.",
    )
    cause: Cause = Field(default=BadCase.Cause.UNKNOWN, description="Why, where it is known.")
    note: Text = Field(default="", description="What was seen; 4,000 characters are kept.")


class BadCaseState(BaseModel):
    """The open case of a pair."""

    bad_case: int = Field(description="Its number.")
    pair: int = Field(description="The pair's number.")
    state: str = Field(
        json_schema_extra={"enum": [*BadCase.State.values]}, description="`open` until somebody closes it."
    )
    cause: str = Field(json_schema_extra={"enum": [*BadCase.Cause.values]}, description="Empty where not yet known.")


@exports.post(
    "exports/",
    url_name="api-v1-exports",
    summary="Request an export",
    response={201: ExportState},
    openapi_extra={
        "responses": made("The export, queued.", "export_state", export_id="export")
        | refusals(
            {
                400: "The body or a field cannot be read, or no frozen hard set is called so.",
                413: "The body is larger than 2.5 MB.",
            }
        )
    },
)
def request_export(request: ProgramRequest, response: HttpResponse, asked: Body[ExportAsked]) -> Status[ExportState]:
    """Each call makes another export, of this moment."""
    hard_set = None
    if asked.hard_set:
        frozen = HardSet.objects.filter(project=request.project, frozen_at__isnull=False)
        hard_set = frozen.filter(name=asked.hard_set).first()
        if hard_set is None:
            raise unfit([FieldError(field="hard_set", detail="the project has no frozen set of that name")])
    made = exporting.request_export(
        request.project, asked.kind, request.person, hard_set, without_stale=asked.without_stale
    )
    made.refresh_from_db()
    response["Location"] = f"{request.path}{made.pk}/"
    return Status(201, _state(made))


@exports.api_operation(
    ["GET", "HEAD"],
    "exports/{int:export_id}/",
    url_name="api-v1-export",
    summary="How far an export is",
    response=ExportState,
    openapi_extra={
        "responses": {200: {"links": leads_to("export_file", export_id="export", name="files/0/name")}},
    },
)
def export_state(request: ProgramRequest, export_id: int) -> ExportState:
    return _state(one(Export.objects.filter(project=request.project), export_id))


@exports.api_operation(
    ["GET", "HEAD"],
    "exports/{int:export_id}/files/{str:name}",
    url_name="api-v1-export-file",
    summary="A sealed file, or the manifest",
    openapi_extra={
        "responses": {
            200: {
                "description": "The bytes, streamed.",
                "content": {
                    kind: {"schema": {"type": "string", "format": "binary"}}
                    for kind in ("application/json", "application/octet-stream", "text/csv")
                },
            },
            **refusals({409: "The export is not sealed yet (`not_sealed`)."}),
        }
    },
)
def export_file(request: ProgramRequest, export_id: int, name: str) -> HttpResponseBase:
    """Each download is in the project's audit log."""
    found = one(Export.objects.filter(project=request.project), export_id)
    opened = exporting.open_file(found, name)
    if opened is None and found.state in LIVE:
        raise Refusal("not_sealed", "The export is not sealed yet.", status=409)
    audit.record(request.person, "downloaded_export", project=request.project, on=found, file=there(opened) and name)
    return FileResponse(opened, as_attachment=True, filename=f"{request.project.slug}-{found.pk}-{name}")


@bad_cases.post(
    "bad-cases/",
    url_name="api-v1-bad-cases",
    summary="Open a bad case",
    response={201: BadCaseState},
    openapi_extra={
        "responses": refusals(
            {
                400: "The body or a field cannot be read.",
                404: "The project has no pair of this query and item (`no_pair`), or what every address may say.",
                409: "The project has more than one locale, and the report names none (`locale_needed`).",
                413: "The body is larger than 2.5 MB.",
            }
        )
    },
)
def open_bad_case(request: ProgramRequest, asked: Body[BadCaseAsked]) -> Status[BadCaseState]:
    """A pair has one open case: a further report adds its note to it."""
    locale = _the_one_locale(request.project) if asked.locale is None else asked.locale
    named = Pair.objects.filter(project=request.project, query__text=normalise_query(asked.query), query__locale=locale)
    # Items of before locales may have none: the one of the query's own comes first.
    found = named.filter(item__external_id=asked.item, item__locale__in=["", locale]).order_by("-item__locale", "pk")
    pair = found.select_related("item", "project").first()
    if pair is None:
        absent = "The project has no pair of this query and item: import it first."
        raise Refusal("no_pair", absent, status=404)
    case = following.open_case(request.person, pair, cause=asked.cause, note=asked.note)
    return Status(201, BadCaseState(bad_case=case.pk, pair=pair.pk, state=case.state, cause=case.cause))


class MeasuredShare(BaseModel):
    """A share with its 95 % interval, resampled by query."""

    value: float = Field(description="The share, 0 to 1.")
    low: float | None = Field(description="Lower end; null over fewer than two queries.")
    high: float | None = Field(description="Upper end; null over fewer than two queries.")
    n: int = Field(description="How many cells it is of.")


class CategoryEvidence(BaseModel):
    """How the evidence of a category stands."""

    category: str = Field(description="First part of the items' category; empty where they have none, or `together`.")
    together: bool = Field(description="All categories that are too small to be measured alone.")
    covers: list[str] = Field(description="The categories that this speaks for.")
    gate: str = Field(json_schema_extra={"enum": [*EvidenceGate.State.values]}, description="Of its `extractor`.")
    evidence_checked: bool = Field(
        description="The gate has passed for what reads queries and items now. False: cards say that evidence is unchecked."
    )
    lacks: list[str] = Field(description="What the gate lacks: `pairs`, `queries`, `wrong_cells`, `conflicts`.")
    extractor: str = Field(description="What had made the measured cells: code version and digest of its words.")
    drawn: int = Field(description="Pairs that were drawn.")
    pairs: int = Field(description="Pairs that were checked.")
    queries: int = Field(description="Queries of them.")
    carried: int = Field(description="Pairs of them whose marks are of another extractor and read the same.")
    missing: int = Field(description="Cells that the item answers and the grid leaves silent.")
    wrong_cells: MeasuredShare | None = Field(
        description="Wrong ones of the cells that say something; null: none does."
    )
    conflict_precision: MeasuredShare | None = Field(description="Right ones of the conflicts; null: none is said.")


class ProjectEvidence(BaseModel):
    """How the evidence of a project stands."""

    extractor: str = Field(description="What reads queries and items now: code version and digest of its words.")
    categories: list[CategoryEvidence] = Field(
        description="One for each category, and one for all small ones together."
    )


@evidence.api_operation(
    ["GET", "HEAD"],
    "evidence/",
    url_name="api-v1-evidence",
    summary="Whether the evidence was checked",
    response=ProjectEvidence,
)
def evidence_gates(request: ProgramRequest) -> ProjectEvidence:
    """The gates of the project's categories."""
    categories = [CategoryEvidence.model_validate(told) for told in gate.told(request.project)]
    return ProjectEvidence(extractor=gate.extractor_now(request.project), categories=categories)


def _the_one_locale(project: Project) -> str:
    """Of the project's queries. Without the refusal a case could be opened on what another market showed."""
    told = Query.objects.filter(project=project).order_by("locale").values_list("locale", flat=True).distinct()
    locales = [locale or '""' for locale in told[:NAMED_LOCALES]]
    if len(locales) > 1:
        which = f"Name the locale: the project has {', '.join(locales)}."
        raise Refusal("locale_needed", which, status=409, field="locale")
    return told.first() or ""


def _state(export: Export) -> ExportState:
    files = [] if export.manifest is None else [ExportedFile.model_validate(one) for one in export.manifest["files"]]
    return ExportState(
        export=export.pk,
        kind=export.kind,
        state=export.state,
        ended=export.state not in LIVE,
        rows=export.rows,
        rows_written=export.rows_written,
        files=files,
        manifest=exporting.MANIFEST if files else None,
        manifest_sha256=export.manifest_sha256,
        error=export.error,
        why_nothing=WhyNothing.of(exporting.why_nothing(export)),
    )
