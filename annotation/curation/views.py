"""Exports: request one, watch it, download what is sealed."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from annotation.curation import exporting
from annotation.curation.formats import table
from annotation.models import Export
from jobs import heartbeats
from projects import audit
from projects.gates import Request
from projects.requests import CHOICES, one, page, show, there

TERMINAL = {"done", "dead", "cancelled"}

PAGE = 50


def exports(request: Request) -> HttpResponse:
    if request.method == "POST":
        kind = request.POST.get("kind", "")
        if kind not in table.FORMATS:
            messages.error(request, _("Choose what to export."))
            return redirect("exports", request.project.slug)
        hard_set = None
        if chosen := request.POST.get("hard_set", ""):  # none of ours must not come to mean: the whole project
            hard_set = one(request.project.hard_sets.filter(frozen_at__isnull=False), chosen)
        fresh = "without_stale" in request.POST
        made = exporting.request_export(request.project, kind, request.person, hard_set, without_stale=fresh)
        return redirect("export", request.project.slug, made.pk)
    listed = page(request.project.exports.select_related("requested_by", "hard_set"), request, PAGE)
    context = {
        "project": request.project,
        "exports": [(row, table.name_of(row.kind)) for row in listed.rows],
        "older_url": listed.older_url,
        "kinds": [(one.code, one.name) for one in table.FORMATS.values()],
        "hard_sets": request.project.hard_sets.filter(frozen_at__isnull=False).order_by("-id")[:CHOICES],
    }
    return render(request, "annotation/curation/exports.html", context)


def export(request: Request, export_id: int) -> HttpResponse:
    found = _export(request, export_id)
    context = {
        "project": request.project,
        "export": found,
        "terminal": found.state in TERMINAL,
        "presence": heartbeats.presence(),
        "name": table.name_of(found.kind),
        "figures": _figures(found),
        "nothing": exporting.why_nothing(found),
        "manifest_name": exporting.MANIFEST,
    }
    return show(request, "annotation/curation/export.html", context, part="progress")


def _figures(export: Export) -> list[tuple[str, int]]:
    """What its kind counts, in words."""
    if export.manifest is None or export.kind not in table.FORMATS:
        return []
    kind, counts = table.FORMATS[export.kind], export.manifest["counts"]
    tests = kind.trains and "version" in export.manifest["split"]
    held_out = [(_("Held out, since their queries test"), counts["held_out_test"])] if tests else []
    return [*held_out, *kind.figures(counts)]


def cancel(request: Request, export_id: int) -> HttpResponse:
    found = _export(request, export_id)
    exporting.cancel(found, request.person)
    return redirect("export", request.project.slug, found.pk)


def file(request: Request, export_id: int, name: str) -> FileResponse:
    found = _export(request, export_id)
    opened = there(exporting.open_file(found, name))
    audit.record(request.person, "downloaded_export", project=request.project, on=found, file=name)
    return FileResponse(opened, as_attachment=True, filename=f"{request.project.slug}-{found.pk}-{name}")


def _export(request: Request, export_id: int) -> Export:
    return one(request.project.exports.select_related("hard_set", "requested_by", "project"), export_id)
