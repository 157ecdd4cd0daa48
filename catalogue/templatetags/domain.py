"""Labels, dimensions, verdicts and chains in the reader's words.

Codes are stored and English is not special: what a code is called stands in one place per kind.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from catalogue import display
from projects.language import in_language
from projects.models import Mode
from relevance.labels import LORE, Scale, UnknownLabel

register = template.Library()
register.filter(in_language)

# Three rows of six keys, as they lie under the left hand and beyond: one for each of the 18 dimensions.
PANEL_KEYS = "QWERTYASDFGHZXCVBN"

VERDICTS = {
    "match": ("✓", _("match")),
    "near": ("≈", _("near")),
    "conflict": ("✕", _("conflict")),
    "silent": ("–", _("silent")),
}
SOURCES = {"title": _("title"), "cpv": _("CPV"), "sku": _("SKU"), "caption": _("image")}
INTENTS = {
    "item": _("one kind of thing"),
    "item_with_attributes": _("one kind of thing, narrowed"),
    "brand": _("anything of a brand"),
    "model": _("one particular model or series"),
    "accessory": _("something for a main item"),
    "store": _("a shop"),
    "theme": _("a character, person, occasion or style"),
    "unclear": _("unclear"),
}
# State code -> (tone, icon). The text is the caller's; the tone never stands alone.
STATES = {
    **dict.fromkeys(("done", "settled", "sealed", "ok", "up", "published", "fixed"), ("good", "✓")),
    **dict.fromkeys(("failed", "absent", "open"), ("warn", "!")),
    **dict.fromkeys(("dead", "invalid"), ("bad", "✕")),
    **dict.fromkeys(("running", "live"), ("info", "▸")),
}


@register.inclusion_tag("parts/label.html")
def label(code: str, scale: Scale = LORE) -> dict[str, Any]:
    """A label of the scale as a badge: colour, code and name. An empty code shows nothing."""
    try:
        return {
            "code": code,
            "name": display.label_name(scale, code),
            "grade": display.colour_grade(scale, code),
        }
    except UnknownLabel:  # a row from before the project changed its scale: the code still reads
        return {"code": code, "name": "", "grade": 0}


@register.inclusion_tag("parts/label.html")
def chain_label(code: str, scale: Scale | str = LORE) -> dict[str, Any]:
    """A chain speaks LORE-4; its label as this scale has it."""
    target = scale if isinstance(scale, Scale) else LORE
    return label(target.from_lore(code), target)


@register.filter
def dimension(code: Any) -> str:
    return display.dimension_name(str(code)) if code else ""


@register.filter
def verdict(code: str) -> str:
    return str(VERDICTS[code][1]) if code in VERDICTS else code


@register.filter
def verdict_icon(code: str) -> str:
    return VERDICTS[code][0] if code in VERDICTS else "?"


@register.filter
def source(code: str) -> str:
    return str(SOURCES.get(code, code))


@register.filter
def intent(code: Any) -> str:
    return str(INTENTS.get(str(code), code))


@register.filter
def tone(state: str) -> str:
    return STATES.get(state, ("", ""))[0]


@register.filter
def state_icon(state: str) -> str:
    return STATES.get(state, ("", "·"))[1]


@register.filter
def panel_key(position: int) -> str:
    """The key of the n-th dimension, counted from 0."""
    return PANEL_KEYS[position] if position < len(PANEL_KEYS) else ""


@register.filter
def bar(share: Any, width: int = 100) -> str:
    """A share of 1 as a length in SVG units; always with a point, whatever the reader's language."""
    return f"{min(1.0, max(0.0, float(share or 0))) * width:.2f}"


@register.filter
def bar_down(share: Any, height: int = 100) -> str:
    """A share of 1 as a height in SVG units, which grow downwards."""
    return f"{(1 - min(1.0, max(0.0, float(share or 0)))) * height:.2f}"


@register.filter
def act_name(act: str) -> str:
    """What someone did to a bad case."""
    names = {
        "flagged": _("flagged it"),
        "noted": _("wrote a note"),
        "assigned": _("gave it an owner"),
        "caused": _("named the cause"),
        "closed": _("closed it"),
        "reopened": _("opened it again"),
    }
    return str(names.get(act, act))


@register.filter
def mode(code: str) -> str:
    """How much of the machine's work a judge saw, in the reader's language."""
    return str(dict(Mode.choices).get(code, code))
