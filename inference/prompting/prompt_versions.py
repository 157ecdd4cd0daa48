"""Prompt sets as rows: the shipped one is stored when it is first needed; others are written and made active by people."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from django.db import transaction

from inference.models import PromptVersion
from inference.prompting import prompts as prompting
from inference.prompting.prompts import PromptError, PromptSet
from projects.audit import record
from projects.models import Person
from relevance.identifiers import PROMPT_NAME, is_identifier


def active() -> PromptVersion:
    """The version new runs are asked with: the one a person made active, else the shipped one."""
    found = PromptVersion.objects.filter(active=True).first()
    return found or stored(prompting.shipped())


def stored(prompts: PromptSet, *, note: str = "", by: Person | None = None) -> PromptVersion:
    row, _new = PromptVersion.objects.get_or_create(
        digest=prompts.digest,
        defaults={
            "name": prompts.name,
            "templates": dict(prompts.templates),
            "aliases": list(prompts.aliases),
            "note": note,
            "written_by": by,
        },
    )
    return row


@lru_cache(maxsize=64)
def value(pk: int) -> PromptSet:
    """Rows never change, so a process reads each once."""
    row = PromptVersion.objects.get(pk=pk)
    return prompting.prompt_set(row.name, row.templates, tuple(row.aliases))


def write(
    name: str, templates: Mapping[str, str], aliases: tuple[str, ...], *, note: str, by: Person | None
) -> PromptVersion:
    """A new version, not active. Raises PromptError naming the template and what is wrong with it."""
    prompts = prompting.prompt_set(name, templates, aliases)
    if not is_identifier(name, PROMPT_NAME):
        raise PromptError("name", "must be made of the letters a to z, digits, and - _ . +, 60 at most")
    with transaction.atomic():
        if PromptVersion.objects.filter(name=name).exclude(digest=prompts.digest).exists():
            raise PromptError("name", f"another version is called {name!r}")
        row = stored(prompts, note=note, by=by)
        record(by, "prompt.written", on=row, name=row.name)
    return row


def activate(row: PromptVersion, by: Person | None) -> None:
    """New runs are asked with it; predictions under another version stay and are told apart by it."""
    with transaction.atomic():
        # Without this first, the database would refuse a second active version (one_active_prompt).
        PromptVersion.objects.filter(active=True).update(active=False)
        PromptVersion.objects.filter(pk=row.pk).update(active=True)
        record(by, "prompt.activated", on=row, name=row.name)
    row.active = True
