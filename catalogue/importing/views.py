"""Imports: bring a file, say what its columns mean, watch it go in, see what did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from catalogue.importing import looking, nothing_in, receiving
from catalogue.importing.forms import ImportUploadForm, MeaningForm
from catalogue.importing.labels import conflicts
from catalogue.importing.labels.label_consent import LabelsUnmapped
from catalogue.importing.labels.label_values import ScaleUnclear
from catalogue.importing.meaning.presets import PRESETS, NoPreset
from catalogue.importing.reading.read_as import UNSAID, ReadAs
from catalogue.importing.reading.readers import FileRefused
from catalogue.importing.reading_forms import asked, look_or_ask
from catalogue.importing.reasons import in_words
from catalogue.importing.report import ImportReport
from catalogue.importing.report_words import ReportTold
from catalogue.models import Import
from catalogue.pictures import fetching
from jobs import heartbeats
from jobs.leasing import LIVE
from jobs.models import JobState
from projects.gates import Request
from projects.requests import one, page, show
from relevance.spreadsheets import BYTE_ORDER_MARK, csv_line

PAGE = 30


def imports(request: Request) -> HttpResponse:
    form = ImportUploadForm()
    if request.method == "POST":
        form = ImportUploadForm(request.POST, request.FILES)
        if form.is_valid():
            taken = _receive(request, form)
            if taken is not None:
                return _onward(request, taken)
    context = {"project": request.project, "form": form, "presence": heartbeats.presence(), **_history(request)}
    return render(request, "catalogue/importing/imports.html", context, status=422 if form.errors else 200)


def import_detail(request: Request, import_id: int) -> HttpResponse:
    batch = _import(request, import_id)
    if not batch.confirmed and batch.state == JobState.QUEUED:
        return _meaning(request, batch)
    return show(request, "catalogue/importing/import.html", _progress(request, batch), part="watch")


def cancel(request: Request, import_id: int) -> HttpResponse:
    batch = _import(request, import_id)
    if receiving.cancel(batch, person=request.person):
        messages.success(request, _("The import is cancelled. What had gone in stays."))
    return redirect("import", request.project.slug, batch.pk)


def rejected(request: Request, import_id: int) -> HttpResponseBase:
    batch = _import(request, import_id)
    lines = _csv_lines([("row", "field", "reason", "raw")], _rejection_lines(batch, get_language() or "en"))
    headers = {"Content-Disposition": f'attachment; filename="rejected-{batch.pk}.csv"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def conflicting(request: Request, import_id: int) -> HttpResponseBase:
    batch = _import(request, import_id)
    lines = _csv_lines([conflicts.COLUMNS], conflicts.told(batch))
    headers = {"Content-Disposition": f'attachment; filename="conflicts-{batch.pk}.csv"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _rejection_lines(batch: Import, language: str) -> Iterator[tuple[int, str, str, str]]:
    """In the reader's language, which a stream outlives."""
    for row in receiving.rejections(batch):
        with override(language):
            words = row.words
        yield row.row, row.field, words, row.raw


def _import(request: Request, import_id: int) -> Import:
    batch = one(Import.objects.filter(project=request.project).select_related("requested_by"), import_id)
    batch.project = request.project
    return batch


def _receive(request: Request, form: ImportUploadForm) -> Import | None:
    data = form.cleaned_data
    try:
        batch, refused = receiving.receive(
            request.project,
            data["kind"],
            form.chosen_files,
            form.chosen_pictures,
            person=request.person,
            most_bytes=settings.MAX_UPLOAD_BYTES,
        )
    except FileRefused as refusal:
        form.add_error("file", str(refusal))
        return None
    for why in refused[:10]:
        messages.warning(request, _("A picture was refused. %(why)s") % {"why": why})
    return batch


def _onward(request: Request, batch: Import) -> HttpResponse:
    """static/js/upload.js follows the header: a redirect would be fetched, and its messages used up, by the script."""
    if request.headers.get("X-Upload"):
        address = reverse("import", args=[request.project.slug, batch.pk])
        return HttpResponse(status=204, headers={"X-Location": address})
    return redirect("import", request.project.slug, batch.pk)


def _history(request: Request) -> dict[str, Any]:
    found = page(Import.objects.filter(project=request.project).select_related("requested_by"), request, PAGE)
    return {"imports": found.rows, "older_url": found.older_url}


def _meaning(request: Request, batch: Import) -> HttpResponse:
    posted = _posted(request)
    said = posted or request.GET
    named = said.get("preset", "")
    try:
        seen, question = look_or_ask(batch, _known(named), asked(said))
        if seen is None:
            asks = {"project": request.project, "batch": batch, "question": question}
            return render(request, "catalogue/importing/import.html", asks)
        reading = question.reading if question else UNSAID
        form = MeaningForm(
            posted,
            look=seen,
            kind=batch.kind,
            project=batch.project,
            preset=_known(named),
            values=partial(receiving.label_values_of, batch, _known(named), reading),
            answered=receiving.labels_answered(batch),
        )
        if "look" in request.POST:
            return _look(request, batch, form, reading)
        if posted is not None and form.is_valid():
            decision = replace(form.decision(), reading=reading)
            receiving.confirm(batch, decision, person=request.person)
            return redirect("import", request.project.slug, batch.pk)
    except ScaleUnclear as unclear:
        form.add_error("scale", str(unclear))
    except (FileRefused, NoPreset) as refusal:
        messages.error(request, str(refusal))
        receiving.cancel(batch, person=request.person)
        return redirect("imports", request.project.slug)
    offered = [preset for preset in PRESETS.values() if batch.kind in preset.kinds]
    context = {"project": request.project, "batch": batch, "form": form, "presets": offered, "question": question}
    return render(request, "catalogue/importing/import.html", context, status=422 if form.errors else 200)


def _posted(request: Request) -> QueryDict | None:
    """A look needs no word on where texts come from yet."""
    if request.method != "POST":
        return None
    posted = request.POST.copy() if "look" in request.POST else request.POST
    if "look" in posted:
        posted.update({name: "-" for name in ("source", "licence") if not posted.get(name)})
    return posted


def _look(request: Request, batch: Import, form: MeaningForm, reading: ReadAs) -> HttpResponse:
    """What the import would do as the form stands: a part of its page."""
    told: ReportTold | None = None
    if form.is_valid():
        decision = replace(form.decision(), reading=reading)
        try:
            told = ReportTold(looking.at_upload(batch, decision, person=request.person), done=False)
        except (FileRefused, ScaleUnclear, LabelsUnmapped, looking.Busy) as refusal:
            form.add_error(None, str(refusal))
    context = {"project": request.project, "batch": batch, "form": form, "told": told}
    return render(request, "catalogue/importing/look.html", context)


def _known(name: str) -> str:
    return name if name in PRESETS else ""


def _progress(request: Request, batch: Import) -> dict[str, Any]:
    return {
        "project": request.project,
        "batch": batch,
        "form": None,
        "pace": receiving.pace(batch),
        "terminal": batch.state not in LIVE,
        "labels": receiving.label_table(batch),
        "conflicts": conflicts.first(batch),
        "nothing": nothing_in.why(batch),
        "rejections": list(receiving.first_rejections(batch)),
        "told": ReportTold(ImportReport.model_validate(batch.report), done=True) if batch.report else None,
        "marked": receiving.marked(batch),
        "joined": [in_words(note["reason"], note["told"]) for note in batch.report.get("joined", ())],
        "presence": heartbeats.presence(),
        "wants_pictures": fetching.has_any(request.project),
    }


def _csv_lines(*parts: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    yield BYTE_ORDER_MARK
    for part in parts:
        yield from map(csv_line, part)
