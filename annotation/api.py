"""What a program may do with a service token (docs/api.md): the same activities as the pages, JSON in and out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from annotation.bad_cases import following as bad_case_activity
from annotation.curation import exporting
from annotation.models import BadCase, Export, HardSet
from catalogue.importing import presets, program_imports, receiving
from catalogue.importing.inspecting import ScaleUnclear
from catalogue.importing.presets import NoPreset
from catalogue.importing.program_imports import ImportRequest
from catalogue.importing.readers import FileRefused
from catalogue.models import Import, Pair
from inference.models import PrelabelRun
from inference.prelabel import progress
from inference.prelabel import runs as prelabelling
from inference.prelabel.runs import Wish
from jobs.leasing import LIVE
from projects import audit
from projects.bearer import ProgramRequest, Refusal, endpoint
from projects.refusals import Refused
from relevance.facts import normalise_query
from relevance.sanitising import storable

IMPORT_FIELDS = {"name", "kind", "preset", "source", "licence", "attribution", "scale", "judge_gold", "column"}
COUNTS = ("read", "new", "known", "changed", "rejected", "gold", "ratings", "images")
AROUND_A_FILE = 1 << 16  # what a multipart body may hold beside it


@endpoint
def imports(request: ProgramRequest) -> HttpResponseBase:
    upload, told = _upload(request)
    try:
        batch = program_imports.bring(
            request.project, upload, told, person=request.person, most=settings.MAX_UPLOAD_BYTES
        )
    except program_imports.NoLicence:
        raise Refusal(400, "licence: neither the request nor the file names one") from None
    except (FileRefused, NoPreset) as refusal:
        raise Refusal(400, str(refusal)) from refusal
    except ScaleUnclear as refusal:
        raise Refusal(409, str(refusal)) from refusal
    finally:
        upload.close()
    batch.refresh_from_db()
    return _made(_import_state(batch), reverse("api-import", args=[request.project.slug, batch.pk]))


@endpoint
def import_detail(request: ProgramRequest, import_id: int) -> HttpResponseBase:
    return JsonResponse(_import_state(_import(request, import_id)))


@endpoint
def import_rejected(request: ProgramRequest, import_id: int) -> HttpResponseBase:
    rows = receiving.rejection_rows(_import(request, import_id))
    return StreamingHttpResponse(_lines(rows), content_type="application/x-ndjson")


@endpoint
def runs(request: ProgramRequest) -> HttpResponseBase:
    said = _json(request, {"model": str, "samples": int, "only": str})
    wish = Wish(said.get("model") or None, said.get("samples", 1), said.get("only", ""))
    run = prelabelling.start_run(request.project, request.person, wish)
    return _made(_run_state(run), reverse("api-run", args=[request.project.slug, run.pk]))


@endpoint
def run_detail(request: ProgramRequest, run_id: int) -> HttpResponseBase:
    run = PrelabelRun.objects.filter(project=request.project, pk=run_id).select_related("model").first()
    return JsonResponse(_run_state(_found(run)))


@endpoint
def exports(request: ProgramRequest) -> HttpResponseBase:
    said = _json(request, {"kind": str, "hard_set": str, "without_stale": bool})
    if said.get("kind") not in Export.Kind.values:
        raise Refusal(400, f"kind: one of {', '.join(Export.Kind.values)}")
    hard_set = None
    if name := said.get("hard_set"):
        hard_set = HardSet.objects.filter(project=request.project, name=name, frozen_at__isnull=False).first()
        if hard_set is None:
            raise Refusal(400, "hard_set: the project has no frozen set of that name")
    fresh = said.get("without_stale", False)
    made = exporting.request_export(request.project, said["kind"], request.person, hard_set, without_stale=fresh)
    made.refresh_from_db()
    return _made(_export_state(made), reverse("api-export", args=[request.project.slug, made.pk]))


@endpoint
def export_detail(request: ProgramRequest, export_id: int) -> HttpResponseBase:
    return JsonResponse(_export_state(_export(request, export_id)))


@endpoint
def export_file(request: ProgramRequest, export_id: int, name: str) -> HttpResponseBase:
    found = _export(request, export_id)
    opened = exporting.open_file(found, name)
    if opened is None and found.state in LIVE:
        raise Refusal(409, "The export is not sealed yet.")
    audit.record(request.person, "downloaded_export", project=request.project, on=found, file=_found(opened) and name)
    return FileResponse(opened, as_attachment=True, filename=f"{request.project.slug}-{found.pk}-{name}")


@endpoint
def bad_cases(request: ProgramRequest) -> HttpResponseBase:
    said = _json(request, {"query": str, "item": str, "cause": str, "note": str})
    pair = (
        Pair.objects.select_related("item", "project")
        .filter(
            project=request.project,
            query__text=normalise_query(said.get("query", "")),
            item__external_id=said.get("item", ""),
        )
        .order_by("pk")
        .first()
    )
    if pair is None:
        raise Refusal(404, "The project has no pair of this query and item: import it first.")
    try:
        case = bad_case_activity.open_case(request.person, pair, cause=said.get("cause", ""), note=said.get("note", ""))
    except Refused:
        causes = ", ".join(value for value in BadCase.Cause.values if value)
        raise Refusal(400, f"cause: one of {causes}, or none") from None
    return JsonResponse({"bad_case": case.pk, "pair": pair.pk, "state": case.state, "cause": case.cause}, status=201)


def _found(row: Any) -> Any:
    """Absent and another project's answer alike."""
    if row is None:
        raise Refusal(404, "Not Found")
    return row


def _made(state: dict[str, Any], address: str) -> JsonResponse:
    return JsonResponse(state, status=201, headers={"Location": address})


def _json(request: HttpRequest, known: Mapping[str, type]) -> dict[str, Any]:
    """The body: a JSON object of known fields, each of its type. Nothing at all is an empty one."""
    try:
        said = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise Refusal(400, "The body must be a JSON object.") from None
    if not isinstance(said, dict):
        raise Refusal(400, "The body must be a JSON object.")
    for name, value in said.items():
        if name not in known:
            raise Refusal(400, f"Unknown field; known: {', '.join(known)}.")
        if type(value) is not known[name]:
            raise Refusal(400, f"{name}: must be a {known[name].__name__}")
    return {name: storable(value) if isinstance(value, str) else value for name, value in said.items()}


def _upload(request: HttpRequest) -> tuple[Any, ImportRequest]:
    """Either a form with a file, or the file as the body and its description in the address."""
    most = settings.MAX_UPLOAD_BYTES
    if request.content_type == "multipart/form-data":
        if int(request.META.get("CONTENT_LENGTH") or 0) > most + AROUND_A_FILE:
            raise _too_large(most)
        told = _told(request.POST)
        upload = request.FILES.get("file")
        if upload is None:
            raise Refusal(400, "file: missing")
        if (upload.size or 0) > most:
            raise _too_large(most)
        return upload, told
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        raise Refusal(400, "The body must announce its length (Content-Length), not come in chunks.")
    told = _told(request.GET)
    announced = int(request.META.get("CONTENT_LENGTH") or 0)
    try:
        return program_imports.collect(request, request.GET.get("name", ""), announced=announced, most=most), told
    except program_imports.TooLarge:
        raise _too_large(most) from None
    except program_imports.CutOff:
        raise Refusal(400, "The body ended before its announced length.") from None


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"The file is larger than {most >> 20} MB.")


def _told(said: Any) -> ImportRequest:
    if not set(said) <= IMPORT_FIELDS:
        raise Refusal(400, f"Unknown field; known: {', '.join(sorted(IMPORT_FIELDS))}.")
    if (kind := said.get("kind", Import.Kind.PAIRS)) not in Import.Kind.values:
        raise Refusal(400, f"kind: one of {', '.join(Import.Kind.values)}")
    texts = {name: storable(said.get(name, "")) for name in ("preset", "source", "licence", "attribution", "scale")}
    columns = dict(_column(text, kind) for text in said.getlist("column"))
    return ImportRequest(kind, judge_gold=said.get("judge_gold") in ("1", "true"), columns=columns, **texts)


def _column(text: str, kind: str) -> tuple[str, str]:
    column, _sign, field = text.rpartition("=")
    known = [one.name for one in presets.fields_for(kind)]
    if not column or field not in known:
        raise Refusal(400, f"column: COLUMN=FIELD, where FIELD is one of: {', '.join(known)}")
    return column, field


def _import(request: ProgramRequest, import_id: int) -> Import:
    found: Import = _found(Import.objects.filter(project=request.project, pk=import_id).first())
    return found


def _import_state(batch: Import) -> dict[str, Any]:
    return {
        "import": batch.pk,
        "kind": batch.kind,
        "file": batch.file_name,
        "state": batch.state,
        "ended": batch.state not in LIVE,
        "bytes_total": batch.bytes_total,
        "bytes_read": batch.bytes_read,
        **{name: getattr(batch, name) for name in COUNTS},
        "error": batch.error,
    }


def _lines(rows: Iterator[tuple[int, str, str, str]]) -> Iterator[str]:
    for row, field, reason, raw in rows:
        said = {"row": row, "field": field, "reason": reason, "raw": raw}
        yield json.dumps(said, ensure_ascii=False) + "\n"


def _run_state(run: PrelabelRun) -> dict[str, Any]:
    seen = progress.progress(run)
    return {
        "run": run.pk,
        "model": str(run.model),
        "ended": seen.terminal,
        "cancelled": seen.cancelled,
        **{name: getattr(seen, name) for name in ("pairs", "done", "reused", "ok", "invalid", "failed", "dead")},
        "rate": seen.rate,
        "seconds_left": seen.seconds_left,
        "tokens_in": seen.cost.tokens_in,
        "tokens_out": seen.cost.tokens_out,
        "cached_tokens": seen.cost.tokens_cached,
    }


def _export(request: ProgramRequest, export_id: int) -> Export:
    found: Export = _found(Export.objects.filter(project=request.project, pk=export_id).first())
    return found


def _export_state(export: Export) -> dict[str, Any]:
    """`files` only once they are sealed; each may be downloaded by its name, and so may the manifest."""
    files = [*export.manifest["files"]] if export.manifest is not None else []
    return {
        "export": export.pk,
        "kind": export.kind,
        "state": export.state,
        "ended": export.state not in LIVE,
        "rows": export.rows,
        "rows_written": export.rows_written,
        "files": files,
        "manifest": exporting.MANIFEST if files else None,
        "manifest_sha256": export.manifest_sha256,
        "error": export.error,
    }
