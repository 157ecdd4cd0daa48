"""What ends by time: sessions, links, offers of roles, counts of wrong passwords and of the hour, details of the audit log.

Who did what to what, when stays in the log for good; what an event tells besides ends after LORE_AUDIT_DAYS. Asked again until
there is nothing more to end (jobs.kinds), a few thousand rows at a time.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Q

from database.clock import ClockTimestamp
from database.statements import rows
from projects.login_throttling import FORGET_AFTER
from projects.models import GuessCount, HourlyCount, OneTimeLink, RoleOffer

LINKS_KEPT = timedelta(days=7)  # a link that is over says so for a week: whoever opens it late reads why
HOUR_OVER = timedelta(days=1)


def end_by_time() -> int:
    """How many rows that were."""
    now = ClockTimestamp()
    ended = (
        Session.objects.filter(expire_date__lt=now),
        OneTimeLink.objects.filter(Q(used_at__lt=now - LINKS_KEPT) | Q(expires_at__lt=now - LINKS_KEPT)),
        GuessCount.objects.filter(Q(until=None) | Q(until__lt=now), last_at__lt=now - FORGET_AFTER),
        HourlyCount.objects.filter(since__lt=now - HOUR_OVER),
        RoleOffer.objects.filter(expires_at__lt=now),
    )
    return sum(some.delete()[0] for some in ended) + _end_audit_details()


def _end_audit_details() -> int:
    ((ended,),) = rows("SELECT end_audit_details(%s)", settings.AUDIT_DAYS)
    return int(ended)
