"""Pages before and after rows appeared that are none of theirs: of another project, and a colleague's own.

What a page counts or lists without a text of its own, a missing `project=` shows only so.
"""

from __future__ import annotations

import re
import uuid

from django.db import transaction

from annotation.models import Draft, Lease, Postponement, Slot
from tests.builders import make_judgment
from tests.permissions import oracle
from tests.permissions import world as worlds
from tests.permissions.doors import Doors
from tests.permissions.world import World, pairs_of

_RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
READERS = ("labeler", "adjudicator", "lead", "auditor")
Pages = dict[tuple[str, str], object]


def pages(world: World, doors: Doors, urls: set[str] | None = None) -> Pages:
    """Every page inside the project, and the home page, as two of those see it who may."""
    found: Pages = {}
    for row in oracle.rows():
        if row.method != "GET" or not ("{slug}" in row.path or row.url == "home") or (urls and row.url not in urls):
            continue
        able = [actor for actor in READERS if row.passes(actor)]
        for actor in dict.fromkeys((able[0], able[-1])):
            answer = doors.send("GET", next(oracle.targets(world, row, actor)).path, world.cookies[actor])
            status, headers, text = answer.plain()
            found[row.url, actor] = (status, headers, _RANDOM.sub("UUID", text))
    if not urls or "judge-flag" in urls:
        found["judge-flag", "labeler"] = _flagged_in_reveal(world, doors)
    return found


def _flagged_in_reveal(world: World, doors: Doors) -> object:
    """The card after the own first answer, as a flag brings it back: with that answer, not with another's."""
    token, cookie = world.objects["shoes"]["token_of_ana"], world.cookies["labeler"]
    outside = transaction.savepoint()
    Lease.objects.filter(token=token).update(mode="reveal")
    answer = {"idempotency_key": uuid.uuid4(), "choice": "L2", "mismatch": "colour"}
    doors.send("POST", f"/p/shoes/judge/{token}/", cookie, body=answer, htmx=True, keep=True)
    flagged = doors.send("POST", f"/p/shoes/judge/{token}/flag/", cookie, body={"reason": "data"}, htmx=True)
    transaction.savepoint_rollback(outside)
    return flagged.status, _RANDOM.sub("UUID", flagged.text)


def another_project(world: World) -> None:
    """Furnished like all the others, and led by the same stranger."""
    before = world.projects["foreign"]
    worlds.found(world, "foreign", f"coats-{uuid.uuid4().hex[:6]}")
    worlds.furnish(world, "foreign", world.projects["foreign"].slug)
    world.projects["foreign"] = before


def a_colleagues_rows(world: World) -> None:
    """Alan's drafts, what he put off, what he took back, what he judged elsewhere: nothing to Ana."""
    alan = world.people["alan"]
    held, free = pairs_of(world, world.projects["own"], "held", "open")
    Draft.objects.create(person=alan, pair=free, body={"note": "mine"})
    Postponement.objects.create(person=alan, slot=Slot.objects.filter(pair=free).first())
    make_judgment(pair=held, by=alan, label="L1", round=1)
    make_judgment(pair=held, by=alan, outcome="withdrawn", label="", round=1, revision=2)
    make_judgment(pair=free, by=alan, label="L4")
