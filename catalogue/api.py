"""What programs may do with imports (docs/api.md): bring a file, ask how far it is, read the rows that did not go in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import Router, Status
from pydantic import BeforeValidator, Field, WithJsonSchema

from catalogue.importing import program_imports, receiving
from catalogue.importing.labels import conflicts
from catalogue.importing.labels.label_consent import LabelsUnmapped
from catalogue.importing.labels.label_values import ScaleUnclear
from catalogue.importing.meaning import column_names, presets
from catalogue.importing.meaning.column_names import ColumnsUnclear
from catalogue.importing.meaning.inspecting import WhoJudgedUnsaid
from catalogue.importing.meaning.mapping import LOCALE_LENGTH
from catalogue.importing.meaning.presets import NoPreset
from catalogue.importing.program_answers import (
    ConflictingLabel,
    ImportLook,
    ImportState,
    RejectedRow,
    look_of,
    state_of,
)
from catalogue.importing.program_imports import ImportRequest
from catalogue.importing.reading.read_as import PROGRAM, EncodingUnclear, ReadAs, SheetUnclear
from catalogue.importing.reading.readers import FileRefused
from catalogue.models import Import, Rejection
from projects.bearer import ProgramRequest
from projects.models import Scope
from projects.openapi import made, refusals
from projects.problems import Asked, FieldError, Refusal, Text, read, unfit
from projects.requests import one
from relevance.labels import UnknownLabel
from relevance.sanitising import storable

AROUND_A_FILE = 1 << 16  # what a multipart body may hold beside it
FORM = "multipart/form-data"
BYTES = "application/octet-stream"
YES = ("1", "true")
NO = ("", "0", "false")

router = Router(tags=["imports"])


def _switch(said: str) -> bool:
    if said not in YES + NO:
        raise ValueError("1 or 0")
    return said in YES


def _labels(said: str) -> dict[str, str]:
    try:
        found = json.loads(said or "{}")
    except (ValueError, RecursionError):
        raise ValueError("a JSON object of strings") from None
    if not isinstance(found, dict) or not all(isinstance(label, str) for label in found.values()):
        raise ValueError("a JSON object of strings")
    return {storable(value): storable(label) for value, label in found.items()}


Labels = Annotated[
    dict[str, str], BeforeValidator(_labels), WithJsonSchema({"type": "string", "contentMediaType": "application/json"})
]
Kind = Annotated[Import.Kind, WithJsonSchema({"type": "string", "enum": Import.Kind.values})]
Switch = Annotated[bool, BeforeValidator(_switch), WithJsonSchema({"type": "string", "enum": [*YES, *NO[1:]]})]


class ImportAsked(Asked):
    """What the request says of its file: in the query string where the file is the body, else in the form beside it."""

    model_config = {"strict": False}  # all of it arrives as text

    name: Text = Field(
        default="", description="The file's name. Its ending tells CSV, Parquet and gzip apart where bytes do not."
    )
    kind: Kind = Field(default=Import.Kind.PAIRS, description="What its rows are.")
    preset: Text = Field(
        default="", description="Name of a preset that says which column means what; detected where absent."
    )
    source: Text = Field(
        default="", description="Where the texts come from; 200 characters are kept. Default: what the file says."
    )
    licence: Text = Field(
        default="", description="Of the texts; 120 characters are kept. Needed where file and preset name none."
    )
    attribution: Text = Field(
        default="", description="Whom to name; 500 characters are kept. Default: what the file says."
    )
    locale: Text = Field(default="", max_length=LOCALE_LENGTH, description="Of query and item, where a row names none.")
    scale: Text = Field(
        default="",
        description="Label scale that every label of the file is in, where its rows do not say it. For pairs.",
    )
    labels: Labels = Field(
        default={},
        description="Which label of the project each value of the file is, empty for none, as a JSON object: "
        '`{"3": "L4", "2": "L3", "n/a": ""}`. Needed for every value that neither a preset, `scale` nor its own name says.',
    )
    judge_gold: Switch = Field(
        default=False,
        json_schema_extra={"default": "0"},
        description="1: pairs that have a gold label are judged, too.",
    )
    encoding: Text = Field(
        default="", description="Of its text, where it is not UTF-8: `gb18030`, `big5`, `cp932`, `cp949`, `cp1252`, ..."
    )
    replace: Switch = Field(
        default=False,
        json_schema_extra={"default": "0"},
        description="1: U+FFFD is put for each byte that cannot be read; `replaced` counts them. Else the file is refused.",
    )
    sheet: Text = Field(default="", description="Name of a workbook's sheet, where several hold rows.")
    rest_are_attributes: Switch = Field(
        default=False,
        json_schema_extra={"default": "0"},
        description="1: all columns without a meaning are attributes of the item.",
    )
    look: Switch = Field(
        default=False,
        json_schema_extra={"default": "0"},
        description="1: say what the import would do with the first rows, and store nothing.",
    )
    column: list[Text] = Field(
        default=[], description="`COLUMN=FIELD`, once for each column that no preset knows; `COLUMN=` leaves it out."
    )


def _parameters() -> list[dict[str, Any]]:
    told = ImportAsked.model_json_schema()["properties"]
    return [{"in": "query", "name": name, "required": False, "schema": schema} for name, schema in told.items()]


def _bodies() -> dict[str, Any]:
    told = ImportAsked.model_json_schema()
    form = {**told["properties"], "file": {"type": "string", "format": "binary", "description": "The file."}}
    return {
        BYTES: {"schema": {"type": "string", "format": "binary"}},
        FORM: {"schema": {"type": "object", "properties": form, "required": ["file"], "additionalProperties": False}},
    }


@router.post(
    "imports/",
    url_name="api-v1-imports",
    summary="Bring in a file",
    response={200: ImportLook, 201: ImportState},
    by_alias=True,
    openapi_extra={
        "parameters": _parameters(),
        "requestBody": {"required": True, "content": _bodies()},
        "responses": made("The import, queued.", "import_state", import_id="import")
        | {200: {"description": "With `look`: what the import would do."}}
        | refusals(
            {
                400: "The file, a field or the description of the file cannot be read; no licence is named.",
                409: "What a label of the file means has not been said (`labels_unmapped`: `labels` is the table to fill), its "
                "scale cannot be told, or it is not the project's; with `look`, another look or an import has the project in hand "
                "(`project_in_hand`, with Retry-After).",
                413: "The file is larger than the installation takes (`LORE_MAX_UPLOAD_MB`).",
            }
        ),
    },
)
def bring_file(request: ProgramRequest, response: HttpResponse) -> Status[ImportState] | Status[ImportLook]:
    """Either a form with the file, or the file as the body and what it is in the query string. The body announces its
    length in bytes (Content-Length). A file that was there already adds nothing."""
    uploads, told = _uploads(request)
    try:
        if told.look:
            looked = program_imports.look_into(request.project, uploads, told, person=request.person)
            return Status(200, look_of(looked, tells_labels=_tells_labels(request)))
        batch = program_imports.bring(
            request.project, uploads, told, person=request.person, most=settings.MAX_UPLOAD_BYTES
        )
    except program_imports.NoLicence:
        raise _unfit("licence", "neither the request nor the file names one") from None
    except WhoJudgedUnsaid as refusal:
        column = f"column={refusal.column}="
        raise Refusal("who_judged_unsaid", refusal.told(f"{column}rater", column)) from refusal
    except ColumnsUnclear as refusal:
        raise Refusal("no_preset", refusal.said(column_names.PROGRAM, "Say kind=items.")) from refusal
    except NoPreset as refusal:
        raise Refusal("no_preset", str(refusal)) from refusal
    except EncodingUnclear as unclear:
        raise Refusal("encoding_unclear", unclear.said_at(PROGRAM)) from unclear
    except SheetUnclear as unclear:
        raise Refusal("sheet_unclear", unclear.said_at(PROGRAM)) from unclear
    except FileRefused as refusal:
        raise Refusal("unreadable_file", str(refusal)) from refusal
    except UnknownLabel as refusal:
        raise _unfit("labels", str(refusal)) from refusal
    except LabelsUnmapped as refusal:
        raise Refusal(
            refusal.code, refusal.sentence, status=refusal.status, told={"labels": refusal.told()}
        ) from refusal
    except ScaleUnclear as refusal:
        raise Refusal("scale_unclear", str(refusal), status=409) from refusal
    finally:
        for upload in uploads:
            upload.close()
    batch.refresh_from_db()
    response["Location"] = f"{request.path}{batch.pk}/"
    return Status(201, state_of(batch, tells_labels=_tells_labels(request)))


@router.api_operation(
    ["GET", "HEAD"],
    "imports/{int:import_id}/",
    url_name="api-v1-import",
    summary="How far an import is",
    response=ImportState,
    by_alias=True,
)
def import_state(request: ProgramRequest, import_id: int) -> ImportState:
    batch = one(Import.objects.filter(project=request.project), import_id)
    return state_of(batch, tells_labels=_tells_labels(request))


@router.api_operation(
    ["GET", "HEAD"],
    "imports/{int:import_id}/rejected/",
    url_name="api-v1-import-rejected",
    summary="The rows that did not go in",
    openapi_extra={
        "responses": {
            200: {
                "description": "One JSON object a line, in the order of the file; streamed.",
                "content": {"application/x-ndjson": {"schema": RejectedRow.model_json_schema()}},
            }
        }
    },
)
def rejected_rows(request: ProgramRequest, import_id: int) -> HttpResponseBase:
    rows = receiving.rejections(one(Import.objects.filter(project=request.project), import_id))
    return StreamingHttpResponse(_lines(rows), content_type="application/x-ndjson")


@router.api_operation(
    ["GET", "HEAD"],
    "imports/{int:import_id}/conflicts/",
    url_name="api-v1-import-conflicts",
    summary="The labels that are not what stands",
    openapi_extra={
        "responses": {
            200: {
                "description": "One JSON object a line, in the order of the file; streamed.",
                "content": {"application/x-ndjson": {"schema": ConflictingLabel.model_json_schema()}},
            }
        }
    },
)
def conflicting_labels(request: ProgramRequest, import_id: int) -> HttpResponseBase:
    """Adjudication stands above import, import above consensus; of two imports and of two rows the earlier stands."""
    found = conflicts.told(one(Import.objects.filter(project=request.project), import_id))
    lines = (json.dumps(said._asdict(), ensure_ascii=False) + "\n" for said in found)
    return StreamingHttpResponse(lines, content_type="application/x-ndjson")


def _tells_labels(request: ProgramRequest) -> bool:
    return Scope.EXPORT in request.token.scopes


def _uploads(request: HttpRequest) -> tuple[list[Any], ImportRequest]:
    most = settings.MAX_UPLOAD_BYTES
    if request.content_type == FORM:
        if int(request.META.get("CONTENT_LENGTH") or 0) > most + AROUND_A_FILE:
            raise _too_large(most)
        told = _told(request.POST)
        uploads = request.FILES.getlist("file")
        if not uploads:
            raise _unfit("file", "missing")
        if sum(upload.size or 0 for upload in uploads) > most:
            raise _too_large(most)
        return uploads, told
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        raise Refusal("no_length", "The body must announce its length (Content-Length), not come in chunks.")
    told = _told(request.GET)
    announced = int(request.META.get("CONTENT_LENGTH") or 0)
    try:
        upload = program_imports.collect(request, request.GET.get("name", ""), announced=announced, most=most)
    except program_imports.TooLarge:
        raise _too_large(most) from None
    except program_imports.CutOff:
        raise Refusal("cut_off", "The body ended before its announced length.") from None
    return [upload], told


def _too_large(most: int) -> Refusal:
    return Refusal("too_large", f"The file is larger than {most >> 20} MB.", status=413)


def _unfit(field: str, detail: str) -> Refusal:
    return unfit([FieldError(field=field, detail=detail)])


def _told(said: QueryDict) -> ImportRequest:
    asked = read(ImportAsked, {name: said.getlist(name) if name == "column" else said[name] for name in said})
    columns = dict(_column(text, asked.kind) for text in asked.column)
    texts = asked.model_dump(include={"preset", "source", "licence", "attribution", "scale", "locale"})
    return ImportRequest(
        asked.kind,
        judge_gold=asked.judge_gold,
        columns=columns,
        reading=ReadAs(asked.encoding, asked.replace, asked.sheet),
        look=asked.look,
        rest_are_attributes=asked.rest_are_attributes,
        labels=asked.labels,
        **texts,
    )


def _column(text: str, kind: str) -> tuple[str, str]:
    column, _sign, field = text.rpartition("=")
    known = [one.name for one in presets.fields_for(kind)]
    if not column or field not in {"", *known}:
        raise _unfit("column", f"COLUMN=FIELD, where FIELD is one of: {', '.join(known)}")
    return column, field


def _lines(rows: Iterator[Rejection]) -> Iterator[str]:
    for row in rows:
        said = {"row": row.row, "field": row.field, "code": row.code, "reason": row.reason, "raw": row.raw}
        yield json.dumps(said, ensure_ascii=False) + "\n"
