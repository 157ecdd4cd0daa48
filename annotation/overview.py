"""Where a project stands: counts along the loop, and what waits for whom. A fixed number of queries.

They count along indexes; of a large project they may be half a minute old.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import gettext as _

from annotation.gold import adjudicating
from annotation.judging import queue
from annotation.models import BadCase, Disagreement, Export, HardSet, SampledPair, Slot
from catalogue.models import Pair
from catalogue.pictures import fetching
from projects.cached_figures import remembered
from projects.home_cards import HomeCard
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
    pictures_missing: int


def overview(project: Project) -> Overview:
    return remembered("overview", project, lambda: _count_along(project), size=lambda one: one.pairs, seconds=30)


def _count_along(project: Project) -> Overview:
    slots = dict(Slot.objects.filter(project=project).values_list("state").annotate(n=Count("*")).order_by())
    pairs = Pair.objects.filter(project=project)
    return Overview(
        pairs=pairs.count(),
        queries=project.queries.count(),
        predicted=pairs.filter(predicted=True).count(),
        slots_open=slots.get("open", 0) + slots.get("leased", 0),
        slots_done=slots.get("done", 0),
        gold=pairs.exclude(gold_label="").count(),
        disputes=Disagreement.objects.filter(project=project, state=Disagreement.State.OPEN).count(),
        bad_cases=BadCase.objects.filter(project=project, state=BadCase.State.OPEN).count(),
        hard_sets=HardSet.objects.filter(project=project).count(),
        exports=Export.objects.filter(project=project).count(),
        pictures_missing=fetching.outstanding(project),
    )


def cards(person: Person, project: Project, roles: frozenset[Role]) -> list[HomeCard]:
    """What waits for this person in this project, for the home page."""
    answer: list[HomeCard] = []
    if roles & {Role.LABELER, Role.ADJUDICATOR}:
        left = queue.left_for(person, project)
        answer.append(HomeCard(_("Judge"), _count(left), "judge", _("pairs wait for your judgment")))
        unchecked = SampledPair.objects.filter(project=project, checked=False)[:1000].count()
        if unchecked:
            answer.append(
                HomeCard(_("Check the evidence"), _count(unchecked), "evidence-next", _("pairs wait for your marks"))
            )
    if Role.ADJUDICATOR in roles:
        open_disputes = adjudicating.open_for(person, project).count()
        answer.append(HomeCard(_("Disagreements"), _count(open_disputes), "disputes", _("wait to be settled")))
    if roles & {Role.LEAD, Role.ML_ENGINEER}:
        without = Pair.objects.filter(project=project, predicted=False)[:1000].count()
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
