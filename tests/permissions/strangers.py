"""Pages before and after rows appeared that are none of theirs: of another project, and a colleague's own.

What a page counts or lists without a text of its own, a missing `project=` shows only so.
"""

from __future__ import annotations

import re
import uuid

from django.utils import timezone

from annotation.models import DayOfWork, Disagreement, Draft, Judge, Judgment, Lease, Postponement, Slot
from tests.permissions import bodies, oracle
from tests.permissions.doors import Doors, undone
from tests.world.cast import PROGRAMS, World, pairs_of
from tests.world.project import found, furnish
from tests.world.rows import make_judgment, make_ruling

# Tokens and keys, and the number of a grid that a look makes: it counts on, also where what was made is undone.
_RANDOM = re.compile(r'[0-9a-f]{8}-[0-9a-f-]{27}|(?<=name="grid" value=")\d+')
READERS = ("labeler", "adjudicator", "lead", "auditor")
ASKING = {"knowledge": ["?query=mug"]}  # pages that look further when they are asked something
Pages = dict[tuple[str, str], object]


def pages(world: World, doors: Doors, urls: set[str] | None = None) -> Pages:
    """Every page inside the project, and the home page, as those see it who may: the first and the last of them."""
    found: Pages = {}
    for row in oracle.rows():
        if row.method != "GET" or not ("{slug}" in row.path or row.url == "home") or (urls and row.url not in urls):
            continue
        able = [actor for actor in (*READERS, *PROGRAMS) if row.passes(actor)]
        for actor in able if row.url == "home" else dict.fromkeys((able[0], able[-1])):
            for asked in ("", *ASKING.get(row.url, ())):
                path = next(oracle.targets(world, row, actor)).path + asked
                status, headers, text = doors.send(
                    "GET", path, world.cookies.get(actor), token=world.secrets.get(actor)
                ).plain()
                found[row.url + asked, actor] = (status, headers, _RANDOM.sub("UUID", text))
    if not urls or "judge-flag" in urls:
        found["judge-flag", "labeler"] = _flagged_in_reveal(world, doors)
    return found


def _flagged_in_reveal(world: World, doors: Doors) -> object:
    """The card after the own first answer, as a flag brings it back: with that answer, not with another's."""
    token, cookie = world.objects["shoes"]["token_of_ana"], world.cookies["labeler"]
    with undone():
        Lease.objects.filter(token=token).update(mode="reveal")
        answer = {"idempotency_key": uuid.uuid4(), "choice": "L2", "mismatch": "colour"}
        doors.send("POST", f"/p/shoes/judge/{token}/", cookie, body=answer, htmx=True, keep=True)
        flagged = doors.send("POST", f"/p/shoes/judge/{token}/flag/", cookie, body={"reason": "data"}, htmx=True)
    status, headers, text = flagged.plain()
    return status, headers, _RANDOM.sub("UUID", text)


def another_project(world: World) -> None:
    """Furnished like all the others, and led by the same stranger."""
    before = world.projects["foreign"]
    found(world, "foreign", f"coats-{uuid.uuid4().hex[:6]}")
    furnish(world, "foreign", world.projects["foreign"].slug)
    world.projects["foreign"] = before


def a_colleagues_rows(world: World) -> None:
    """Alan's drafts, what he put off, what he took back, what he judged elsewhere: nothing to Ana."""
    alan = world.people["alan"]
    held, free = pairs_of(world, world.projects["own"], "held", "open")
    Draft.objects.create(person=alan, pair=free, body={"note": "mine"})
    Postponement.objects.create(person=alan, slot=Slot.objects.filter(pair=free).first())
    make_judgment(pair=held, by=alan, label="L1", round=1)
    make_judgment(pair=held, by=alan, outcome="withdrawn", label="", round=1, revision=2)
    for name in ("alan", "ben"):
        make_judgment(pair=free, by=world.people[name], label="L4")
    for judge in Judge.objects.exclude(project=world.projects["own"], person=world.people["ana"]):
        DayOfWork.objects.create(judge=judge, day=timezone.localdate(), done=7)
    (ruled,) = pairs_of(world, world.projects["own"], "ruled")
    make_ruling(pair=ruled, by=alan, dispute=Disagreement.objects.get(pair=ruled), revision=2)


EMPTY = {
    "runs": ("/p/socks/runs/", "Import pairs of a query and an item; then a model can judge them here."),
    "knowledge": ("/p/socks/knowledge/", "Write the first card, or bring a file below"),
}


def full_when_empty(world: World, doors: Doors, url: str) -> str:
    """A project without anything says so, whatever there is in others."""
    if url not in EMPTY:
        return ""
    path, text = EMPTY[url]
    return "" if text in doors.send("GET", path, world.cookies["lead"]).text else f"{path} does not look empty"


def touched(world: World, doors: Doors, url: str) -> str:
    """What a judge's own act at this URL changes of rows that are a colleague's or another project's; nothing at best."""
    for row in oracle.by_url()[url].values():
        for form in [*bodies.FORMS_OF.get(url, []), *bodies.READS_OF.get(url, [])]:
            with undone():
                world.acting = "labeler"
                form.before(world, world.actor("labeler"))
                before = _private(world)
                path = next(oracle.targets(world, row, "labeler")).path
                doors.send(row.method, path, world.cookies["labeler"], body=form.fields(world), htmx=True, keep=True)
                after = _private(world)
            if before != after:
                return f"{row.method} {path} changed what is another's"
    return ""


def _private(world: World) -> list[object]:
    ana, own = world.people["ana"], world.projects["own"]
    return [
        list(Lease.objects.exclude(person=ana, slot__project=own).order_by("pk").values()),
        list(Slot.objects.exclude(project=own).order_by("pk").values()),
        list(Draft.objects.exclude(person=ana).order_by("pk").values()),
        list(Postponement.objects.exclude(person=ana).order_by("pk").values("slot", "person")),
        list(Judgment.objects.exclude(judge__person=ana).order_by("pk").values_list("pk", flat=True)),
    ]
