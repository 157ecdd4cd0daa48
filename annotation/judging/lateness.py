"""How long after its lease an answer is still taken, as an extra voice (recording); what comes later is kept as a draft."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from annotation.models import Lease
from database.clock import ClockTimestamp
from projects.refusals import Refused

LATE_HOURS = 12  # a day's work, a browser that was offline


def check_still_theirs(lease: Lease) -> None:
    """Raises Refused. Without it one person puts off the whole queue, waits for others to judge it, and then answers each pair
    as an extra voice that no slot wanted."""
    if lease.state == Lease.State.RELEASED:
        back = _(
            "You put this pair off, or gave it back; what you sent is kept as a draft until it comes to you again."
        )
        raise Refused("given_back", back, status=409)
    long_ago = ClockTimestamp() - timedelta(hours=LATE_HOURS)
    if lease.state == Lease.State.EXPIRED and Lease.objects.filter(pk=lease.pk, until__lt=long_ago).exists():
        over = _("Your time on that pair ran out more than %(hours)s hours ago; what you sent is kept as a draft.")
        raise Refused("too_late", over, status=409, hours=LATE_HOURS)
