"""What was typed and cannot be read, in the language of whoever reads it."""

from __future__ import annotations

from django.utils.translation import gettext

from relevance.misread import Misread


def in_words(error: Misread) -> str:
    """Its field as it was typed, and why; fields, values and words of the language of rules stay as they are."""
    return error.said(gettext(error.problem))
