"""Prompt sets as rows: the shipped one is stored when it is first needed; others are written by people.

Which of them a project's models are asked in is a choice of its people (playground.activating). What new projects start with is
the installation's, and reaches none that is there. Words are read where they were written or asked in, and everywhere where they
are the installation's: shipped, brought by its host, or once what new projects started with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from inference.models import PromptChoice, PromptHome, PromptVersion
from inference.prompting import prompts as prompting
from inference.prompting.prompts import PromptError, PromptSet
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person, Project
from projects.policy import ROLES, Permission
from relevance.identifiers import PROMPT_NAME, is_identifier

PROMPTS = Allowance("prompt", 120, gettext_lazy("prompt versions"))


def active(project: Project | None = None) -> PromptVersion:
    """What a project's models are asked in: its own choice, else what new projects start with, else the shipped one.

    Without a project what new ones start with.
    """
    chosen = _choices(project).first() or _choices(None).first()
    return chosen.prompt if chosen is not None else stored(prompting.shipped())


def read_in(projects: Iterable[Project]) -> QuerySet[PromptVersion]:
    """What may be read by who works with models in one of these projects."""
    here = list(projects)
    chosen = PromptChoice.objects.filter(Q(project=None) | Q(project__in=here)).values("prompt")
    written = PromptHome.objects.filter(project__in=here).values("prompt")
    return PromptVersion.objects.filter(Q(written_by=None) | Q(pk__in=chosen) | Q(pk__in=written))


def read_by(person: Person) -> QuerySet[PromptVersion]:
    """In all projects where they work with models."""
    return read_in(Project.objects.filter(memberships__person=person, memberships__role__in=ROLES[Permission.PRELABEL]))


def before(project: Project | None) -> PromptVersion | None:
    """What was asked in until the active one was chosen; None where nothing else ever was."""
    now = active(project)
    earlier = _choices(project).exclude(prompt=now).first()
    return earlier.prompt if earlier is not None else None


def was_active(prompt: PromptVersion, project: Project) -> bool:
    return _choices(project).filter(prompt=prompt).exists()


def _choices(project: Project | None) -> QuerySet[PromptChoice]:
    return PromptChoice.objects.filter(project=project).select_related("prompt").order_by("-pk")


def choose(prompt: PromptVersion, project: Project, by: Person | None, act: str) -> None:
    """The project's models are to be asked in it; its log says so. Whoever calls holds the project's turn."""
    instead_of = active(project)
    if not _choices(project).exists():
        PromptChoice.objects.create(project=project, prompt=instead_of)  # without it nobody could put it back
    PromptChoice.objects.create(project=project, prompt=prompt, chosen_by=by)
    record(by, act, project=project, on=prompt, name=prompt.name, instead_of=instead_of.name)


def start_with_default(project: Project, by: Person | None) -> PromptVersion:
    """A project that has just been founded keeps what new ones start with now, whatever they start with later."""
    prompt = active()
    PromptChoice.objects.create(project=project, prompt=prompt, chosen_by=by)
    return prompt


def make_default(prompt: PromptVersion, by: Person | None) -> None:
    """Projects founded from now on start with it; those that exist keep theirs."""
    with transaction.atomic():
        instead_of = active()
        if instead_of == prompt:
            return
        # Without this a project of an earlier version, which has chosen nothing, would be asked in other words from now on.
        undecided = Project.objects.filter(prompt_choices=None)
        PromptChoice.objects.bulk_create(PromptChoice(project=one, prompt=instead_of) for one in undecided)
        PromptChoice.objects.create(prompt=prompt, chosen_by=by)
        record(by, "prompt.default", on=prompt, name=prompt.name, instead_of=instead_of.name)


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
    name: str,
    templates: Mapping[str, str],
    aliases: tuple[str, ...],
    *,
    note: str,
    by: Person | None,
    project: Project | None = None,
) -> PromptVersion:
    """A new version, not active. Raises PromptError naming the template and what is wrong with it."""
    prompts = prompting.prompt_set(name, templates, aliases)
    if not is_identifier(name, PROMPT_NAME):
        raise PromptError("name", "must be made of the letters a to z, digits, and - _ . +, 60 at most")
    with transaction.atomic():
        if PromptVersion.objects.filter(name=name).exclude(digest=prompts.digest).exists():
            raise PromptError("name", f"another version is called {name!r}")
        if by is not None:
            allowances.spend(PROMPTS, by)
        row = stored(prompts, note=note, by=by)
        if project is not None:
            PromptHome.objects.get_or_create(prompt=row, project=project)
        record(by, "prompt.written", project=project, on=row, name=row.name)
    return row
