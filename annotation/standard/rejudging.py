"""Stale labels made again: for each stale judgment a slot whose answer stands in its place, the quickest pairs first; for
each stale ruling its disagreement, opened again.

What was said before stays on record. First come pairs whose label the standing prediction shares: people only look
again at what nobody doubts; then by the seconds the stale judgments took.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction

from annotation.models import Disagreement
from annotation.standard import staleness
from database.statements import array_of, statement
from projects.audit import record
from projects.models import Person, Project
from relevance.labels import LORE

MOST = 5000

_OPEN = statement(__file__, "judge_again")


class Opened(NamedTuple):
    """How many slots, and how many disagreements for adjudicators."""

    slots: int
    disagreements: int


def judge_again(project: Project, by: Person | None, most: int = MOST) -> Opened:
    """Open slots for up to `most` stale pairs, before all that waits, and so many stale rulings for adjudicators."""
    stale = staleness.stale_judgments(project).values_list("pk", flat=True)
    most = max(0, min(most, MOST))
    from_lore = orjson.dumps({code: project.scale.from_lore(code) for code in LORE.codes}).decode()
    with transaction.atomic():
        with connection.cursor() as cursor:
            told: dict[str, Any] = {
                "stale": array_of(stale),
                "most": most,
                "project": project.pk,
                "from_lore": from_lore,
            }
            cursor.execute(_OPEN, told)
            opened = Opened(cursor.rowcount, _reopen_rulings(project, most))
        record(by, "rules.judging_again", project=project, slots=opened.slots, disagreements=opened.disagreements)
    return opened


def _reopen_rulings(project: Project, most: int) -> int:
    """The disagreement that a stale ruling settled goes to the adjudicators once more."""
    stale = staleness.stale_adjudications(project).order_by("pk").values("disagreement")[:most]
    settled = Disagreement.objects.filter(pk__in=list(stale.values_list("disagreement", flat=True)))
    still_open = Disagreement.objects.filter(pair__in=settled.values("pair"), state=Disagreement.State.OPEN)
    open_kinds = set(still_open.values_list("pair", "kind"))
    reopened = [one for one in settled if (one.pair_id, one.kind) not in open_kinds]
    for one in reopened:
        again = Disagreement.objects.create(
            project=project, pair_id=one.pair_id, kind=one.kind, prediction_id=one.prediction_id
        )
        again.judgments.set(one.judgments.all())
    return len(reopened)


def waiting(project: Project) -> tuple[int, int]:
    """(open, all) slots of stale judgments: how far the judging again is."""
    rows = project.slots.filter(replaces__isnull=False)
    return rows.filter(state__in=["open", "leased"]).count(), rows.count()
