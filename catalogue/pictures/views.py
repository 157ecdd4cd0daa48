"""Pictures by address: the hosts they may come from, how far fetching is, and why what failed has failed; and how far the
words on pictures are read."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalogue.models import PictureSource
from catalogue.pictures import allowed_hosts, fetching, reading_words
from jobs import heartbeats
from projects.gates import Request
from projects.refusals import Refused
from projects.requests import one, page, show

PAGE = 50


def pictures(request: Request) -> HttpResponse:
    return show(request, "catalogue/pictures/pictures.html", _page(request), part="watch")


def retry(request: Request) -> HttpResponse:
    count = fetching.try_again(request.project, request.person)
    text = ngettext("%(n)d picture will be fetched again.", "%(n)d pictures will be fetched again.", count)
    messages.success(request, text % {"n": count})
    return redirect("pictures", request.project.slug)


def cancel(request: Request) -> HttpResponse:
    count = fetching.cancel(request.project, request.person)
    text = ngettext("%(n)d picture will not be fetched.", "%(n)d pictures will not be fetched.", count)
    messages.success(request, text % {"n": count})
    return redirect("pictures", request.project.slug)


def read(request: Request) -> HttpResponse:
    """Also those that the reader gave up: whoever presses the button has a reason."""
    count = reading_words.want_all(request.project, request.person, again=True)
    text = ngettext("The words on %(n)d picture will be read.", "The words on %(n)d pictures will be read.", count)
    messages.success(request, text % {"n": count})
    return redirect("pictures", request.project.slug)


def cancel_reading(request: Request) -> HttpResponse:
    count = reading_words.cancel(request.project, request.person)
    text = ngettext("%(n)d picture will not be read.", "%(n)d pictures will not be read.", count)
    messages.success(request, text % {"n": count})
    return redirect("pictures", request.project.slug)


def allow(request: Request) -> HttpResponse:
    host = request.POST.get("host", "")[:300]
    try:
        allowed_hosts.allow(request.project, host, request.person, plain_http=request.POST.get("plain_http") == "on")
    except Refused as refusal:
        context = {**_page(request), "refusal": refusal.sentence, "typed": host}
        return render(request, "catalogue/pictures/pictures.html", context, status=refusal.status)
    messages.success(request, _("Pictures may be fetched from this host."))
    return redirect("pictures", request.project.slug)


def remove(request: Request, source_id: int) -> HttpResponse:
    source = one(PictureSource.objects.select_related("project").filter(project=request.project), source_id)
    allowed_hosts.remove(source, request.person)
    messages.success(request, _("Nothing is fetched from this host any more. What was fetched stays."))
    return redirect("pictures", request.project.slug)


def _page(request: Request) -> dict[str, Any]:
    seen, words = fetching.progress(request.project), reading_words.progress(request.project)
    listed = page(allowed_hosts.of(request.project), request, PAGE)
    return {
        "project": request.project,
        "progress": seen,
        "words": words,
        "words_nothing": reading_words.why_nothing(request.project, words),
        "words_missing": reading_words.missing(),
        "words_unread": reading_words.reasons(request.project),
        "terminal": seen.terminal and words.terminal,
        "nothing": fetching.why_nothing(request.project, seen),
        "sources": listed.rows,
        "older_url": listed.older_url,
        "unlisted": allowed_hosts.unlisted(request.project),
        "reasons": fetching.reasons(request.project),
        "dead": fetching.dead(request.project),
        "presence": heartbeats.presence(),
    }
