"""Whether a model can answer, as far as it can be told without asking it: before it is promoted, before a run is started.

What only asking shows (a key that is refused, weights that are gone) stops the run that asked (prelabel.stopping).
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inference.engines.learnt import LearntDistilled
from inference.models import LearntModel, ModelVersion
from inference.registry import connecting
from projects.refusals import Refused


def why_not(version: ModelVersion) -> Refused | None:
    """A cold start's revision follows rules and code by itself, so that it always can."""
    if version.engine not in {*connecting.CHATS, *connecting.ENGINES}:
        unknown = _("%(model)s cannot answer: no engine of this version is called %(engine)s. Promote another.")
        return Refused("unknown_engine", unknown, status=409, model=str(version), engine=version.engine)
    if version.engine == connecting.COLD_START and version.learnt:
        return _of_learnt(version)
    return None


def _of_learnt(version: ModelVersion) -> Refused | None:
    if not LearntModel.objects.filter(version=version).exists():
        gone = _("%(model)s cannot answer: what it learnt was deleted with its project. Promote another.")
        return Refused("lesson_gone", gone, status=409, model=str(version))
    if version.prompt_version == LearntDistilled.prompt_version:
        return None
    other = _(
        "%(model)s cannot answer: it learnt to read %(then)s, and this version of the product reads %(now)s. "
        "Train it again on the page of models, or put back what was before."
    )
    now = LearntDistilled.prompt_version
    return Refused("other_revision", other, status=409, model=str(version), then=version.prompt_version, now=now)
