"""Where a project stands: counts along the loop, and what waits for whom. A fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from annotation import adjudicating, queue
from annotation.models import BadCase, Disagreement, Export, HardSet, Pair, Prediction, Slot
from projects.home_cards import HomeCard, register
from projects.models import Person, Project, Role
from rules import remarks


@dataclass(frozen=True)
class Overview:
    pairs: int
    queries: int
    predicted: int
    slots_open: int
    slots_done: int
    gold: int
    disputes: int
    bad_cases: int
    hard_sets: int
    exports: int


def overview(project: Project) -> Overview:
    slots = Slot.objects.filter(project=project).aggregate(
        open=Count("pk", filter=Q(state__in=["open", "leased"])), done=Count("pk", filter=Q(state="done"))
    )
    pairs = Pair.objects.filter(project=project)
    return Overview(
        pairs=pairs.count(),
        queries=project.queries.count(),
        predicted=Prediction.objects.filter(pair__project=project, status="ok").values("pair_id").distinct().count(),
        slots_open=slots["open"],
        slots_done=slots["done"],
        gold=pairs.exclude(gold_label="").count(),
        disputes=Disagreement.objects.filter(project=project, state=Disagreement.State.OPEN).count(),
        bad_cases=BadCase.objects.filter(project=project, state=BadCase.State.OPEN).count(),
        hard_sets=HardSet.objects.filter(project=project).count(),
        exports=Export.objects.filter(project=project).count(),
    )


def cards(person: Person, project: Project, roles: frozenset[Role]) -> list[HomeCard]:
    """What waits for this person in this project, for the home page."""
    answer: list[HomeCard] = []
    if roles & {Role.LABELER, Role.ADJUDICATOR}:
        left = queue.left_for(person, project)
        answer.append(HomeCard(_("Judge"), _count(left), "judge", _("pairs wait for your judgment")))
    if Role.ADJUDICATOR in roles:
        open_disputes = adjudicating.open_for(person, project).count()
        answer.append(HomeCard(_("Disagreements"), _count(open_disputes), "disputes", _("wait to be settled")))
    if roles & {Role.LEAD, Role.ML_ENGINEER}:
        without = Pair.objects.filter(project=project, predictions__isnull=True)[:1000].count()
        answer.append(HomeCard(_("Pre-label"), _count(without), "runs", _("pairs have no prediction yet")))
    if roles & {Role.LEAD, Role.RULE_OWNER, Role.ML_ENGINEER}:
        cases = BadCase.objects.filter(project=project, state=BadCase.State.OPEN).count()
        answer.append(HomeCard(_("Bad cases"), _count(cases), "bad-cases", _("are open")))
    if Role.RULE_OWNER in roles:
        asked = remarks.open_for(person).count()
        answer.append(HomeCard(_("Questions about rules"), _count(asked), "standard", _("are open")))
    return answer


def _count(number: int) -> str:
    return f"{number:,}" if number < 1000 else _("1,000 or more")


register(cards)
