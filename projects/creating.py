"""Founding a project and changing its settings, each with its audit event."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects import allowances, audit, names
from projects.allowances import Allowance
from projects.forms import LONG_TEXTS, ProjectSettingsForm
from projects.hooks import Hook
from projects.membership import add_role
from projects.models import Person, Project, Role
from projects.refusals import Refused

settings_changed: Hook[[Project, Project, Person | None], None] = Hook()  # as it was, as it is now, and by whom
project_founded: Hook[[Project, Person | None], None] = Hook()  # a project has been made, by whom
PROJECTS = Allowance("project", 60, gettext_lazy("projects"))


def found(name: str, slug: str, scale_name: str, lead: str, *, actor: Person | None) -> Project:
    """The founder becomes nothing in it; a first lead may be named."""
    with transaction.atomic():
        project = make(actor, name=name, slug=slug, scale_name=scale_name)
        if lead:
            add_role(project, lead, Role.LEAD, actor=actor)
    return project


def make(actor: Person | None, **fields: Any) -> Project:
    """A project without people; all that has to happen wherever one is made happens here. Raises Refused."""
    names.check_slug(str(fields["slug"]))
    with transaction.atomic():
        if actor is not None:
            allowances.spend(PROJECTS, actor)
        names.claim(str(fields["name"]))
        project = Project.objects.create(**fields)
        audit.record(actor, "project.created", project=project, on=project, slug=project.slug, scale=project.scale_name)
        project_founded(project, actor)
    return project


def change_settings(form: ProjectSettingsForm, *, actor: Person) -> Project:
    """What the form changes, on record. Raises Refused."""
    with transaction.atomic():
        # Without the lock an import could bring the first pairs between the question and the change of the scale.
        before = Project.objects.select_for_update(no_key=True).get(pk=form.instance.pk)
        if before.pairs.exists() and form.cleaned_data["scale_name"] != before.scale_name:
            fixed = _("The project has got pairs meanwhile: its scale is fixed.")
            raise Refused("scale_fixed", fixed, status=409, field="scale_name")
        changes = {
            name: "changed" if name in LONG_TEXTS else {"from": getattr(before, name), "to": form.cleaned_data[name]}
            for name in form.changed_data
            if getattr(before, name) != form.cleaned_data[name]
        }
        if "name" in changes:
            names.claim(form.instance.name, but=before)
            form.instance.shares_name = False
        if changes:
            form.instance.save(update_fields=[*changes, "shares_name"])
            audit.record(actor, "project.changed", project=before, on=before, **changes)
            settings_changed(before, form.instance, actor)
    return form.instance
