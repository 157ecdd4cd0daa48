"""Stale labels made again: for each stale judgment a slot whose answer stands in its place, the quickest pairs first; for
each stale ruling its disagreement, opened again.

What was said before stays on record. First come pairs whose label the standing prediction shares: people only look
again at what nobody doubts; then by the seconds the stale judgments took.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson
from django.db import connection, transaction

from annotation.models import Disagreement
from annotation.standard import staleness
from projects.audit import record
from projects.models import Person, Project
from relevance.labels import LORE

MOST = 5000

# Without ON CONFLICT two people who ask at once would both open the same slots, and the second would fail.
_OPEN = """
WITH stale AS ({stale}),
told AS (
  SELECT p.pair_id, p.label FROM inference_standingprediction p WHERE p.pair_id IN (SELECT pair_id FROM stale)),
waiting AS (
  SELECT s.* FROM stale s
  WHERE NOT EXISTS (SELECT 1 FROM annotation_slot o WHERE o.replaces_id = s.id AND o.state <> 'closed')),
chosen AS (
  SELECT w.pair_id, avg(w.seconds) AS seconds,
         bool_or(coalesce(%(from_lore)s::jsonb ->> told.label <> w.label, true)) AS doubted,
         (SELECT coalesce(max(o.round), 1) FROM annotation_slot o WHERE o.pair_id = w.pair_id) AS last_slot,
         max(w.round) AS last_round
  FROM waiting w LEFT JOIN told ON told.pair_id = w.pair_id
  GROUP BY w.pair_id ORDER BY doubted, avg(w.seconds) NULLS LAST, w.pair_id LIMIT %(most)s),
numbered AS (
  SELECT chosen.*, row_number() OVER (ORDER BY doubted, seconds NULLS LAST, pair_id) AS place FROM chosen),
front AS (SELECT least(coalesce(min(position), 0), 0) AS first FROM annotation_slot
          WHERE project_id = %(project)s AND state = 'open'),
wanted AS (
  SELECT w.pair_id, w.id, row_number() OVER (PARTITION BY w.pair_id ORDER BY w.id) AS number
  FROM waiting w WHERE w.pair_id IN (SELECT pair_id FROM chosen))
INSERT INTO annotation_slot (project_id, pair_id, round, number, state, mode, position, replaces_id)
SELECT %(project)s, n.pair_id, greatest(n.last_slot, n.last_round) + 1, wanted.number, 'open', '',
       front.first - (SELECT count(*) FROM numbered) + n.place - 1, wanted.id
FROM numbered n CROSS JOIN front JOIN wanted ON wanted.pair_id = n.pair_id
WHERE wanted.number <= 9
ON CONFLICT DO NOTHING
"""


class Opened(NamedTuple):
    """How many slots, and how many disagreements for adjudicators."""

    slots: int
    disagreements: int


def judge_again(project: Project, by: Person | None, most: int = MOST) -> Opened:
    """Open slots for up to `most` stale pairs, before all that waits, and so many stale rulings for adjudicators."""
    rows = staleness.stale_judgments(project).values("id", "pair_id", "round", "seconds", "label")
    stale, params = rows.query.sql_with_params()
    named = {f"stale{n}": value for n, value in enumerate(params)}
    text = stale % tuple(f"%({name})s" for name in named)
    most = max(0, min(most, MOST))
    from_lore = orjson.dumps({code: project.scale.from_lore(code) for code in LORE.codes}).decode()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                _OPEN.format(stale=text), {**named, "most": most, "project": project.pk, "from_lore": from_lore}
            )
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
