"""In which words a project's models are asked: what has been compared there, or was active there before. Others keep theirs.

Whoever changes it takes turns with who promotes: a model is promoted in the words that are active then.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inference.models import Comparison, PromptVersion
from inference.playground.trials import Compared, compared
from inference.prompting import prompt_versions
from inference.registry import registry
from inference.registry.basis import FEWEST_ANSWERED
from projects.models import Person, Project
from projects.refusals import Refused


def activate(prompt: PromptVersion, project: Project, by: Person | None) -> None:
    """What has been compared here with the version that is active now, both sides answering, or was active here before; the
    project's models follow. Raises Refused."""
    with transaction.atomic():
        registry.take_turn(project)
        now = prompt_versions.active(project)
        if now == prompt:
            return
        if not prompt_versions.was_active(prompt, project):
            _refuse_uncompared(project, now, prompt)
        _choose(prompt, project, by, "prompt.activated")


def put_back(project: Project, by: Person | None) -> PromptVersion:
    """The words before these, which were compared when they were chosen. Raises Refused."""
    with transaction.atomic():
        registry.take_turn(project)
        prompt = prompt_versions.before(project)
        if prompt is None:
            nothing = _("No other prompt version has been active here: there is nothing to put back.")
            raise Refused("nothing_before", nothing, status=409)
        _choose(prompt, project, by, "prompt.put_back")
    return prompt


def _choose(prompt: PromptVersion, project: Project, by: Person | None, act: str) -> None:
    prompt_versions.choose(prompt, project, by, act)
    registry.follow_prompts(project, by)


def _refuse_uncompared(project: Project, now: PromptVersion, prompt: PromptVersion) -> None:
    rows = Comparison.objects.filter(project=project, before=now, after=prompt)
    found = [compared(one) for one in rows.select_related("before", "after", "model", "project")]
    ended = [one for one in found if one.ended]
    if any(one.answered_by_both >= FEWEST_ANSWERED for one in ended):
        return
    raise _refusal(ended)


def _refusal(ended: Sequence[Compared]) -> Refused:
    """With the figures of the comparison that came nearest."""
    if not ended:
        first = _("Compare this version with the active one on %(fewest)s gold pairs or more first.")
        return Refused("not_compared", first, status=409, fewest=FEWEST_ANSWERED)
    best = max(ended, key=lambda one: one.answered_by_both)
    too_few = _(
        "Compared with the active version on %(pairs)s pairs, both answered %(both)s of them in a way that can be used "
        "(%(before)s before, %(after)s after). It takes %(fewest)s: compare them on more pairs, or with a model that answers."
    )
    return Refused(
        "too_few_answers",
        too_few,
        status=409,
        pairs=best.total // 2,
        both=best.answered_by_both,
        before=best.before.answered,
        after=best.after.answered,
        fewest=FEWEST_ANSWERED,
    )
