"""Which kinds of exports there are. A new one is a file beside this one and its entry here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from annotation.curation.formats import labels, sft
from annotation.curation.formats.shape import ExportFormat
from projects.refusals import Refused

FORMATS: dict[str, ExportFormat] = {one.code: one for one in (sft.SFT, labels.LABELS)}


def codes() -> list[str]:
    return list(FORMATS)


def purposes() -> str:
    """A sentence for programs and commands."""
    return "; ".join(f"`{one.code}`: {one.purpose}" for one in FORMATS.values()) + "."


def named(code: str) -> ExportFormat:
    """Raises Refused."""
    if code not in FORMATS:
        raise Refused("unknown_kind", _("Choose what to export."))
    return FORMATS[code]


def name_of(code: str) -> str:
    """In the reader's language; of a kind that is no more, its code."""
    return str(FORMATS[code].name) if code in FORMATS else code
