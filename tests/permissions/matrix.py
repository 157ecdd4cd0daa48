"""The matrix: every URL, method, actor, object and transport, held against the oracle. Answers with the differences."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.urls import resolve

from projects.policy import POLICY
from projects.refused_requests import ACT, NAMES_AN_OBJECT
from tests.permissions import bodies, oracle
from tests.permissions.doors import METHODS, Answer, Doors, undone
from tests.permissions.oracle import Row, Target
from tests.world.cast import ACTORS, EVERYBODY, NO_TOKENS, PROGRAMS, SIGNED_OUT, World

AUDIT = "projects_auditevent"
DRAFTS = "annotation_draft"
TOKENS = "projects_servicetoken"  # where the use of one is noted
PASSED = {200, 201, 204, 302, 304, 400, 409, 410, 422}


@dataclass
class Found:
    """What a walk over a URL came to: `changed` are the tables that permitted requests changed, by (method)."""

    requests: int = 0
    differences: list[str] = field(default_factory=list)
    changed: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Try:
    method: str
    actor: str
    target: Target
    htmx: bool
    form: bodies.Form | None

    def __str__(self) -> str:
        how = "htmx" if self.htmx else "plain"
        return f"{self.actor} {self.method} {self.target.path} ({self.target.name}, {how})"


def walk(
    world: World,
    doors: Doors,
    url: str,
    *,
    full: bool = False,
    methods: Sequence[str] = METHODS,
    actors: Sequence[str] = EVERYBODY,
    until_different: bool = False,
) -> Found:
    """`full` is the whole product; else every method and every actor with some of the objects and one of the transports,
    and of the methods that a URL does not have each actor tries one, another at each URL: the gate refuses them before it
    looks at the actor.
    """
    found, row_of = Found(), oracle.by_url()[url]
    missing = [method for method in methods if method not in row_of]
    turn = zlib.crc32(url.encode())
    for method in methods:
        row = row_of.get(method) or next(iter(row_of.values()))
        for number, actor in enumerate([*actors, *PROGRAMS] if row.for_programs else actors):
            if method in missing and not full and missing[(number + turn) % len(missing)] != method:
                continue
            alike: dict[tuple[str, bool], tuple[str, object]] = {}
            for one in _tries(world, row, method, actor, known=method in row_of, full=full):
                _check(world, doors, url, row_of, one, found, alike)
                if until_different and found.differences:
                    return found
    return found


def _tries(world: World, row: Row, method: str, actor: str, *, known: bool, full: bool) -> Iterator[Try]:
    targets = list(oracle.targets(world, row, actor))
    turn = zlib.crc32(f"{row.url} {method} {actor}".encode())  # the same at each run
    if not full:
        others = targets[1:]
        passes = known and row.passes(actor) and method in {"GET", "POST"}
        targets = targets if passes else [targets[0], *([others[turn % len(others)]] if others and known else [])]
    for target in targets:
        acts = known and target.there and row.passes(actor) and method in {"GET", "POST"}
        forms: list[bodies.Form | None] = [None]
        if known and method == "POST":
            forms = [*bodies.FORMS_OF[row.url]] if target.there else [bodies.FORMS_OF[row.url][0]]
        elif acts:
            forms += bodies.READS_OF.get(row.url, [])
        for form in forms:
            for htmx in (False, True) if full or acts else (turn % 2 == 0,):
                yield Try(method, actor, target, htmx, form)


def send(world: World, doors: Doors, one: Try) -> Answer:
    """With what the form needs brought about first, and taken back afterwards."""
    with undone():
        if one.form is not None and one.target.there:
            one.form.before(world, world.actor(one.actor))
        world.acting = one.actor
        return doors.send(
            one.method,
            one.target.path,
            world.cookies.get(one.actor),
            body=one.form.fields(world) if one.form is not None else None,
            htmx=one.htmx,
            token=world.secrets.get(one.actor),
        )


def _check(
    world: World,
    doors: Doors,
    url: str,
    row_of: dict[str, Row],
    one: Try,
    found: Found,
    alike: dict[tuple[str, bool], tuple[str, object]],
) -> None:
    row = row_of.get(one.method)
    answer = send(world, doors, one)
    found.requests += 1
    wrong = None
    if row is not None and row.passes(one.actor) and one.target.there:
        wrong = _passed(world, row, one, answer)
        found.changed.setdefault(row.method, set()).update(answer.changed)
    elif next(iter(row_of.values())).for_programs:
        wrong = _refused_to_programs(row, one, answer)
    elif row is None:
        wrong = _refused(world, url, one, answer, 405)
    elif "anyone" not in row.who and one.actor in SIGNED_OUT:
        wrong = _sent_to_log_in(world, one, answer)
    else:
        wrong = _refused(world, url, one, answer, 404)
    if wrong is None and not one.target.there:
        wrong = _unlike(one, answer, alike)
    if wrong:
        found.differences.append(f"{one}: {wrong}")


def _refused_to_programs(row: Row | None, one: Try, answer: Answer) -> str | None:
    """People are nobody here, whatever cookie they send; to a token that counts all is absent where it may not be."""
    counts = one.actor in PROGRAMS and one.actor not in NO_TOKENS
    status = 405 if row is None else 404 if counts else 401
    if answer.status != status:
        return f"should be {status}, got {answer.status}"
    if answer.changed != ({TOKENS: 1} if status == 404 else {}):
        return f"the refusal changed {dict(answer.changed)}"
    form = "application/problem+json" if one.target.path.startswith("/api/v1/") else "application/json"
    if answer.response.cookies or answer.response["Content-Type"] != form:
        return f"should be {form} without cookies, got {answer.headers}"
    if (status == 401) != (answer.response.get("WWW-Authenticate") == "Bearer"):
        return "does not say that a token is needed"
    return None


def _passed(world: World, row: Row, one: Try, answer: Answer) -> str | None:
    if answer.status not in PASSED or _to_login(answer):
        return f"should pass, got {answer.status}"
    if more := set(answer.changed) - row.changes:
        return f"changed {sorted(more)} besides"
    if answer.event is not None and answer.event["act"] == ACT:
        return "logged as refused"
    leaked = {mark for mark in world.marks.seen_in(answer.text) if mark[0] in outside(row.url, one.actor)}
    own = {ACTORS.get(one.actor, ("", None))[0], *(["left behind"] if row.url == "left-behind" else [])}
    leaked |= {mark for mark in world.marks.seen_in(answer.text) if mark[1] == "Draft.body" and mark[2] not in own}
    return f"shows what is another's: {sorted(leaked)[:5]}" if leaked else None


def outside(url: str, actor: str) -> set[str]:
    """The places of which the page shows nothing. Projects to archive or restore are listed by name: one's own, and all
    to a system admin, who also sees in which of them a model answers."""
    if url in ("projects", "installation-models"):
        return set() if actor == "system_admin" else {"foreign"}
    return {"foreign", "archived"} if url == "home" else {"foreign", "archived", "elsewhere"}


def _to_login(answer: Answer) -> bool:
    return answer.status == 302 and answer.response["Location"].startswith("/login/?")


def _sent_to_log_in(world: World, one: Try, answer: Answer) -> str | None:
    if answer.changed:
        return f"a stranger's refusal changed {sorted(answer.changed)}"
    if (
        one.actor == "deactivated" and carries_words(world, one) and not one.htmx
    ):  # comes back, to be sent again after signing in
        return None if answer.status == 401 else f"should give back what was typed, got {answer.status}"
    if one.htmx and (answer.status != 401 or answer.response.get("HX-Retarget") != "#messages"):
        return f"should keep the screen, got {answer.status}"
    return None if one.htmx or _to_login(answer) else f"should go to the login page, got {answer.status}"


def carries_words(world: World, one: Try) -> bool:
    """Does the form hold something that is worth giving back to a session that has ended?"""
    world.acting = one.actor
    fields = one.form.fields(world).items() if one.form is not None else ()
    return any(value != "" and not hasattr(value, "read") and "password" not in name for name, value in fields)


def left_behind(world: World, url: str, one: Try) -> bool:
    """Is this the answer of a lease's own holder, who may no longer judge there? It is kept as a draft."""
    holders = {("labeler", "archived project"), ("auditor", "own")}  # whose lease that path names
    return (url, one.method) == ("judge-submit", "POST") and (one.actor, one.target.name) in holders


def _refused(world: World, url: str, one: Try, answer: Answer, status: int) -> str | None:
    if answer.status != status:
        return f"should be {status}, got {answer.status}"
    person = world.actor(one.actor) if one.actor not in SIGNED_OUT else None
    kept = {DRAFTS: 1} if left_behind(world, url, one) else {}
    if answer.changed != ({AUDIT: 1, **kept} if person is not None else {}):
        return f"the refusal changed {dict(answer.changed)}"
    return _badly_logged(world, url, one, answer.event, status) if person is not None else None


def _badly_logged(world: World, url: str, one: Try, event: dict[str, Any] | None, status: int) -> str | None:
    """The event names URL, method, permission and object as the path did, and no secret."""
    path: dict[str, Any] = resolve(one.target.path.partition("?")[0]).captured_kwargs  # type: ignore[attr-defined]
    slug = path.get("slug")
    named = [str(value) for name, value in path.items() if name.endswith("_id") or name in NAMES_AN_OBJECT]
    project = next((p.pk for p in world.projects.values() if p.slug == slug), None)
    method = "GET" if one.method == "HEAD" else one.method
    wanted = {
        "act": ACT,
        "actor_id": getattr(world.actor(one.actor), "pk", None),
        "project_id": project,
        "object_kind": url,
        "object_id": "/".join(named)[:60],
        "detail": {
            "method": one.method,
            "status": status,
            "permission": str(POLICY[url].get(method, "")),
            **({"project": slug} if slug else {}),
        },
    }
    told = {name: (event or {}).get(name) for name in wanted}
    if told != wanted:
        return f"logged as {told}"
    secret = path.get("token")
    return "its token is in the log" if secret and str(secret) in str(event) else None


def _unlike(one: Try, answer: Answer, alike: dict[tuple[str, bool], tuple[str, object]]) -> str | None:
    """What is foreign, archived or a colleague's answers byte for byte like what is absent, its own address apart."""
    group = "project" if one.target.name.endswith("project") else "object"
    path = one.target.path
    plain = answer.plain(quote(path, safe="/"), quote(path.partition("?")[0]), path)
    first = alike.setdefault((group, one.htmx), (one.target.name, plain))
    return None if first[1] == plain else f"differs from {first[0]}"
