"""Foreign text on a page: isolated, so that it cannot turn its surroundings about, and badged where it deceives the eye.

The one module that puts foreign text between tags of ours; everything in it goes through Django's escaping. htmx passes
by what stands under `hx-ignore`, whatever a hole elsewhere would let in.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import escape, format_html
from django.utils.translation import gettext

from relevance import invisible_characters

register = template.Library()

NAMED = 3  # oddities that a badge names; the rest stand in its tooltip
SPELT_OUT = 400  # characters of the text in the tooltip


@register.simple_tag
def foreign(text: Any, locale: str = "") -> str:
    """The text between `bdi` tags, its badge behind it, then the locale that it is of; escaped even if someone called it
    safe."""
    said = str(text)
    behind = _badge(said), _of_locale(locale)
    if invisible_characters.turns(said):  # a box of its own is a paragraph of its own: nothing left open leaves it
        return format_html('<bdi hx-ignore class="boxed">{}</bdi>{}{}', escape(said), *behind)
    return format_html("<bdi hx-ignore>{}</bdi>{}{}", escape(said), *behind)


def _of_locale(locale: str) -> str:
    """Written out, since a locale may be any twenty characters of a file."""
    if not locale:
        return ""
    shape = ' <span class="badge"><span class="visually-hidden">{} </span><bdi hx-ignore>{}</bdi></span>'
    return format_html(shape, gettext("locale"), escape(legible(locale)))


@register.simple_tag
def oddities(text: Any) -> str:
    """The badge alone, where the text itself is shown in pieces."""
    return _badge(str(text))


@register.filter
def turns(text: Any) -> bool:
    """Whether a text that is shown in pieces needs a box around it."""
    return invisible_characters.turns(str(text))


@register.filter
def legible(text: Any) -> str:
    """For attributes, options and sentences, where no tag can isolate: what deceives the eye is spelt out."""
    return invisible_characters.spelt_out(str(text))


def _badge(text: str) -> str:
    odd = invisible_characters.oddities(text, NAMED + 1)
    if not odd:
        return ""
    named = " ".join(map(invisible_characters.escape, odd[:NAMED])) + (" …" if len(odd) > NAMED else "")
    return format_html(
        ' <span class="odd" title="{}"><span class="visually-hidden">{} </span>{}</span>',
        escape(invisible_characters.spelt_out(text[:SPELT_OUT])),
        gettext("Holds characters that cannot be seen or pretend to be others:"),
        escape(named),
    )
