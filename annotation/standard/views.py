"""Where labels meet the rules: stale labels and judging them again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.standard import rejudging, staleness
from projects.gates import Request
from projects.requests import number
from rules.publishing import active_rule_base

PAGE = 100


def stale(request: Request) -> HttpResponse:
    """What is stale, by rule; POST opens slots for some of it."""
    if request.method == "POST":
        wanted = number(request.POST.get("pairs")) or 0
        if not 0 < wanted <= rejudging.MOST:
            messages.error(request, _("How many pairs: from 1 to %(most)s.") % {"most": rejudging.MOST})
        else:
            opened = rejudging.judge_again(request.project, request.person, wanted)
            told = ngettext("%(slots)s judgment is wanted anew.", "%(slots)s judgments are wanted anew.", opened.slots)
            messages.success(request, told % {"slots": opened.slots})
            if opened.disagreements:
                messages.success(
                    request, _("%(count)s rulings wait for an adjudicator again.") % {"count": opened.disagreements}
                )
        return redirect("stale", request.project.slug)
    rules = staleness.stale_rules(request.project)
    pairs = staleness.stale_pairs(request.project).select_related("query", "item__current_snapshot").order_by("pk")
    left, total = rejudging.waiting(request.project)
    context = {
        "project": request.project,
        "rule_base": active_rule_base(request.project),
        "rules": rules,
        "judgments": staleness.stale_judgments(request.project).count() if rules else 0,
        "rulings": staleness.stale_adjudications(request.project).count(),
        "pairs": pairs[:PAGE],
        "done": total - left,
        "total": total,
        "most": rejudging.MOST,
    }
    return render(request, "annotation/standard/stale.html", context)
