"""The page of drafts whose authors may no longer judge here."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from annotation.judging import card, recording
from annotation.judging import left_behind as leaving
from annotation.models import Draft
from catalogue import display
from projects.gates import Request

MOST = 500


def left_behind(request: Request) -> HttpResponse:
    drafts = leaving.kept_of(request.project)[: MOST + 1]
    context = {
        "project": request.project,
        "drafts": [_told(request, draft) for draft in drafts[:MOST]],
        "more": len(drafts) > MOST,
        "most": MOST,
    }
    return render(request, "annotation/judging/left_behind.html", context)


def _told(request: Request, draft: Draft) -> dict[str, Any]:
    said, scale = str(draft.body.get("choice", "")), request.project.scale
    is_label = said in scale.codes
    aside = ""
    if recording.asks_mismatch(said, request.project):
        aside = display.dimension_name(str(draft.body.get("mismatch", "")))
    elif said == recording.CANNOT_TELL:
        aside = dict(card.cannot_tell_reasons()).get(str(draft.body.get("reason", "")), "")
    return {
        "draft": draft,
        "label": said if is_label else "",
        "name": display.label_name(scale, said) if is_label else "",
        "grade": display.colour_grade(scale, said) if is_label else 0,
        "cannot_tell": said == recording.CANNOT_TELL,
        "aside": aside,
        "note": draft.body.get("note", ""),
    }
