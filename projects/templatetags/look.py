"""What every page's frame needs: what the person may do, the project's pages, and figures in the reader's language.

Knows no label, rule or pair; those are in `domain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import template
from django.template import Context, Engine
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from projects import gates, log_lines
from projects.models import Person
from projects.templatetags.foreign import legible

register = template.Library()

# In the order of the loop: URL name, title, and the further URL names that belong to the page.
PAGES = (
    ("project", gettext_lazy("Overview"), ()),
    ("judge", gettext_lazy("Judge"), ("judge-submit", "judge-later", "judge-undo", "judge-flag")),
    ("disputes", gettext_lazy("Disagreements"), ("dispute",)),
    ("pairs", gettext_lazy("Pairs"), ("pair", "more-judgments")),
    ("imports", gettext_lazy("Imports"), ("import", "pictures")),
    ("runs", gettext_lazy("Pre-label"), ("run",)),
    ("knowledge", gettext_lazy("Knowledge"), ("knowledge-card", "knowledge-new", "knowledge-import")),
    ("models", gettext_lazy("Models"), ("model",)),
    ("playground", gettext_lazy("Playground"), ("trial", "comparison", "prompts", "prompt")),
    ("bad-cases", gettext_lazy("Bad cases"), ("bad-case",)),
    ("hard-sets", gettext_lazy("Hard sets"), ("hard-set",)),
    ("exports", gettext_lazy("Exports"), ("export",)),
    ("agreement", gettext_lazy("Agreement"), ()),
    ("evidence", gettext_lazy("Evidence"), ("evidence-gate", "evidence-pair")),
    ("standard", gettext_lazy("Standard"), ("weak-spots", "weak-spot")),
    ("backtests", gettext_lazy("Back-tests"), ("backtest",)),
    ("stale", gettext_lazy("Stale labels"), ()),
    ("members", gettext_lazy("Members"), ("tokens",)),
    ("audit", gettext_lazy("Audit"), ()),
    ("project-settings", gettext_lazy("Settings"), ()),
)


class NavigationEntry(NamedTuple):
    """One entry of the navigation."""

    title: str
    url: str
    current: bool


@register.simple_block_tag(takes_context=True)
def framed(context: Context, content: str, part: str, **told: Any) -> str:
    """What stands between, as `inside` of a part of templates/parts, which reads of `frame` what it is told: a list, a
    watched fragment."""
    with context.push(inside=content, frame=told):
        return Engine.get_default().get_template(part).render(context)


@register.simple_tag(takes_context=True)
def allowed(context: Context, url_name: str, method: str = "GET") -> bool:
    """May the person who reads this page open that URL? The view decides again; this only spares dead ends."""
    request = context.get("request")
    return request is not None and gates.allowed(request, url_name, method)


@register.simple_tag(takes_context=True)
def named(context: Context, person: Person | None, *, of_rules: bool = False) -> str:
    """A person as this reader may know them: by name, or by a number that stays the same. Nobody becomes a dash."""
    if person is None:
        return "–"
    if gates.sees_name_of(context["request"], person, of_rules=of_rules):
        return legible(str(person))
    return gettext("person %(number)s") % {"number": person.pk}


@register.simple_tag(takes_context=True)
def reachable(context: Context, address: str) -> str:
    """The address, or nothing where it would name a project that this reader is no member of."""
    return address if address and gates.lies_open(context["request"], address) else ""


@register.simple_tag(takes_context=True)
def project_pages(context: Context) -> list[NavigationEntry]:
    """The pages of the current project that this person may open."""
    request = context.get("request")
    project = getattr(request, "project", None)
    if request is None or project is None:
        return []
    here = request.resolver_match.url_name if request.resolver_match else ""
    return [
        NavigationEntry(str(title), reverse(name, args=[project.slug]), here == name or here in parts)
        for name, title, parts in PAGES
        if gates.allowed(request, name, "GET")
    ]


@register.simple_tag
def request_id() -> str:
    """Under which the log speaks of this request."""
    return log_lines.request_id()


@register.filter
def number(value: Any) -> str:
    """A count with its thousands set apart; nothing becomes a dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, int):
        return f"{value:,}"  # Chinese pages, too: Django sets nothing apart there
    return str(formats.number_format(value, use_l10n=True, force_grouping=True))


@register.filter
def percent(value: Any, places: int = 0) -> str:
    """A share of 1 as a percentage."""
    if value is None or value == "":
        return "–"
    return f"{_rounded(100 * float(value), places)} %"


@register.filter
def fixed(value: Any, places: int = 3) -> str:
    """A coefficient with so many digits behind the point."""
    if value is None or value == "":
        return "–"
    return _rounded(float(value), places)


def _rounded(value: float, places: int) -> str:
    """To the nearest: what Django's formats get they cut off behind so many digits. Nothing is "-0.0"."""
    return str(formats.number_format(round(value, places) + 0.0, decimal_pos=places, use_l10n=True))


@register.simple_tag
def interval(figure: Any, kind: str = "") -> str:
    """Within which bounds a figure lies: one unit, and a word between them that no minus sign can be taken for."""
    low, high = (figure.get(n) if isinstance(figure, Mapping) else getattr(figure, n, None) for n in ("low", "high"))
    if low is None or high is None:
        return ""
    bounds = [_rounded(100 * one, 1) if kind == "percent" else _rounded(one, 3) for one in (low, high)]
    told = gettext("%(low)s to %(high)s") % {"low": bounds[0], "high": bounds[1]}
    return f"{told} %" if kind == "percent" else told


@register.filter
def duration(seconds: Any) -> str:
    """How long something takes, in the two coarsest units that matter to someone who waits."""
    if seconds is None or seconds == "":
        return "–"
    whole = max(0, round(float(seconds)))
    if whole < 60:
        return gettext("%(seconds)s s") % {"seconds": whole}
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return gettext("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": rest}
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    return ngettext("%(days)s day", "%(days)s days", hours // 24) % {"days": hours // 24}


@register.filter
def clock(value: Any) -> str:
    """The time of day where the installation stands."""
    return formats.time_format(timezone.localtime(value), "H:i:s") if value else "–"
