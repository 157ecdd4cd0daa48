"""Stale pairs judged again: one slot a stale judgment in a round of its own, the quickest pairs first.

What was said before stays on record; what is quick is taken from the seconds the stale judgments took.
"""

from __future__ import annotations

from django.db import connection, transaction

from annotation import staleness
from projects.audit import record
from projects.models import Person, Project

MOST = 5000

_OPEN = """
WITH stale AS ({stale}),
chosen AS (
  SELECT pair_id, max(round) + 1 AS round, least(count(*), 9) AS wanted, avg(seconds) AS seconds
  FROM stale s
  WHERE NOT EXISTS (SELECT 1 FROM annotation_slot o WHERE o.pair_id = s.pair_id AND o.round > s.round)
  GROUP BY pair_id ORDER BY avg(seconds) NULLS LAST, pair_id LIMIT %(most)s),
numbered AS (SELECT chosen.*, row_number() OVER (ORDER BY seconds NULLS LAST, pair_id) AS place FROM chosen),
front AS (SELECT least(coalesce(min(position), 0), 0) AS first FROM annotation_slot
          WHERE project_id = %(project)s AND state = 'open')
INSERT INTO annotation_slot (project_id, pair_id, round, number, state, mode, position)
SELECT %(project)s, n.pair_id, n.round, wanted.number, 'open', '', front.first - (SELECT count(*) FROM numbered) + n.place - 1
FROM numbered n CROSS JOIN front CROSS JOIN generate_series(1, n.wanted) AS wanted(number)
ON CONFLICT DO NOTHING
"""


def judge_again(project: Project, by: Person | None, most: int = MOST) -> int:
    """Open slots for up to `most` stale pairs, before all that waits; returns how many slots that are."""
    rows = staleness.stale_judgments(project).values("pair_id", "round", "seconds")
    stale, params = rows.query.sql_with_params()
    named = {f"stale{n}": value for n, value in enumerate(params)}
    text = stale % tuple(f"%({name})s" for name in named)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_OPEN.format(stale=text), {**named, "most": max(0, min(most, MOST)), "project": project.pk})
            opened: int = cursor.rowcount
        record(by, "rules.judging_again", project=project, slots=opened)
    return opened


def waiting(project: Project) -> tuple[int, int]:
    """(open, all) slots of later rounds: how far the judging again is."""
    rows = project.slots.filter(round__gt=1)
    return rows.filter(state__in=["open", "leased"]).count(), rows.count()
