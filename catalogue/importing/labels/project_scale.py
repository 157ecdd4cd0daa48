"""In which label scale a project judges, and an import with it: a project without pairs takes the scale of the file."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from catalogue.importing.labels.label_values import ScaleUnclear
from catalogue.models import Import
from projects import audit
from projects.models import Person, Project
from relevance.labels import Scale, scale_named


def scale_of(batch: Import) -> Scale:
    return scale_named(batch.scale_name or batch.project.scale_name)


def adopt_scale(project: Project, scale: Scale, *, actor: Person | None) -> Project:
    """A project without pairs takes the file's scale; one that has some keeps its own, and another is an error."""
    now = Project.objects.get(pk=project.pk)
    if now.scale_name == scale.name and now.pairs.exists():
        return now  # for good; waiting for the lock would be waiting for the chunk of an import
    with transaction.atomic():
        # Without the lock an import could bring the first pairs, in the other scale, between the question and the change.
        held = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if held.scale_name != scale.name:
            if held.pairs.exists():
                reason = _("The project judges in %(ours)s, the file in %(theirs)s. Import it into another project.")
                raise ScaleUnclear(reason % {"ours": held.scale_name, "theirs": scale.name})
            held.scale_name = scale.name
            held.save(update_fields=["scale_name"])
            audit.record(actor, "project.changed", project=held, on=held, scale_name=scale.name)
    return held
