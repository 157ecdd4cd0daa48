"""The one way to write an audit event. Call it inside the transaction that does the act, so that both stand or fall."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import models

from projects.models import AuditEvent, Person, Project

_through: ContextVar[str] = ContextVar("through", default="")


@contextmanager
def through(token: str) -> Iterator[None]:
    """What is recorded meanwhile was done by a program, in the name of whoever issued its token: events name it."""
    before = _through.set(token)
    try:
        yield
    finally:
        _through.reset(before)


def record(
    actor: Person | None,
    act: str,
    *,
    project: Project | None = None,
    on: models.Model | None = None,
    **detail: object,
) -> AuditEvent:
    """`act` is "noun.verb" (member.added); `on` is what it was done to; `detail` holds plain JSON values: people
    by number, no user name and no address, since a log is kept for long and a person may be forgotten."""
    if token := _through.get():
        detail["token"] = token
    return AuditEvent.objects.create(
        actor=actor,
        act=act,
        project=project,
        object_kind=on._meta.model_name or "" if on is not None else "",
        object_id=str(on.pk) if on is not None else "",
        detail=detail,
    )
