"""What a file unfolds to, held against what it may: bytes of its rows by use, however seldom they stand in the file."""

from __future__ import annotations

from django.utils.translation import gettext as _

from catalogue.importing.reading.limits import Limits
from catalogue.importing.reading.rows import FileRefused

RATIO_FROM = 16 << 20  # small files may well shrink a hundredfold


def hold(unfolded: int, stored: int, limits: Limits) -> None:
    """`stored`: bytes of the file that were read for it, or all of them. Raises FileRefused."""
    if unfolded > limits.expanded_bytes:
        raise FileRefused(_("The file unfolds to more than is allowed."))
    if unfolded > RATIO_FROM and unfolded > limits.ratio * max(stored, 1):
        reason = _("The file unfolds to more than %(ratio)s times its size.")
        raise FileRefused(reason % {"ratio": limits.ratio})
