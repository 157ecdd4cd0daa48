"""How much one person makes in an hour: texts that others read, and work that a click starts.

    REMARKS = Allowance("rules.remark", 60, _("remarks on rules"))
    allowances.spend(REMARKS, person)  # in the transaction that stores the remark; raises Refused

Counted in PostgreSQL, one row for each person and kind. The hour begins with the first after the last hour's end, so within
any sixty minutes at most twice the number is made. What is refused, or rolled back, counts for nothing. A program counts
for whoever issued its token.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from projects.models import Person
from projects.refusals import Refused

# Without one statement for looking and counting, a crowd of requests at one moment would all be let through.
_SPEND = """
INSERT INTO projects_hourlycount AS had (person_id, kind, since, made)
VALUES (%(person)s, %(kind)s, clock_timestamp(), 1)
ON CONFLICT (person_id, kind) DO UPDATE SET
  since = CASE WHEN had.since <= clock_timestamp() - interval '1 hour' THEN clock_timestamp() ELSE had.since END,
  made = CASE WHEN had.since <= clock_timestamp() - interval '1 hour' THEN 1 ELSE had.made + 1 END
WHERE had.made < %(most)s OR had.since <= clock_timestamp() - interval '1 hour'
"""
_WAIT = """
SELECT greatest(1, ceil(extract(epoch FROM since + interval '1 hour' - clock_timestamp()) / 60))::int
FROM projects_hourlycount WHERE person_id = %(person)s AND kind = %(kind)s
"""


class Allowance(NamedTuple):
    """`code` is stored and stands for one kind; `what` names in words what is made, in the plural."""

    code: str
    an_hour: int
    what: str | Promise


def spend(allowance: Allowance, by: Person) -> None:
    """Count one more; raises Refused with the minutes until the next may be made."""
    named: dict[str, Any] = {"person": by.pk, "kind": allowance.code}
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, {**named, "most": allowance.an_hour})
        if cursor.rowcount:
            return
        cursor.execute(_WAIT, named)
        (minutes,) = cursor.fetchone()
    raise Refused(
        "allowance_spent",
        _("You have made %(most)s %(what)s within an hour, as many as one person may. Go on in %(minutes)s minutes."),
        status=429,
        most=allowance.an_hour,
        what=allowance.what,
        minutes=minutes,
    )
