"""Which pairs an act is about, said by filters: those of the list of pairs, and some that only such an act can afford.

What was chosen is plain data: a page carries it from a preview to the act, a job from one step to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Exists, F, Func, IntegerField, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from annotation.models import Citation, Disagreement, Gold, Slot, StandingJudgment
from annotation.pairs import finding
from annotation.standard import staleness
from catalogue.models import Pair
from projects.models import Project

DIFFER, STALE = "differ", "stale"  # beside the filters of the list


@dataclass(frozen=True)
class Choice:
    """Empty: all pairs. `category` is how it begins, `rule` one that a standing judgment cites, `fewer` than so many people
    on whose consensus the gold label rests. `newest`: no pair that came after it. `shown`: only pairs that nobody is asked
    for, where a filter would tell of opinions to somebody who may still judge."""

    text: str = ""
    only: str = ""
    label: str = ""
    category: str = ""
    rule: str = ""
    fewer: int | None = None
    newest: int | None = None
    shown: bool = False

    def as_data(self) -> dict[str, Any]:
        """Without what is not said."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def tells_opinions(self) -> bool:
        return bool(self.label or self.rule)


def choice(data: Mapping[str, Any]) -> Choice:
    return Choice(**data)


def names(project: Project) -> dict[str, str]:
    """The filters by name, as people read them."""
    told = {
        "gold": _("with gold"),
        "no_gold": _("without gold"),
        "predicted": _("predicted by any model"),
        "not_predicted": _("predicted by no model"),
        "judged": _("judged by people"),
        "disputed": _("in dispute"),
        "flagged": _("with an open bad case"),
        "benchmark": _("benchmark"),
    }
    assert told.keys() == finding.filters(project).keys(), "each filter has its name"
    return {**told, DIFFER: _("people's labels differ"), STALE: _("rest on a rule that reads otherwise now")}


def newest(project: Project) -> int:
    return Pair.objects.filter(project=project).aggregate(last=Max("pk"))["last"] or 0


def first(project: Project, chosen: Choice, most: int, *, after: int = 0) -> tuple[list[int], bool]:
    """The ids of up to `most` of the chosen pairs after one, in their order; and whether words could not be looked up in
    all of them."""
    rows = project.pairs.filter(_wanted(project, chosen), pk__gt=after)
    if chosen.newest is not None:
        rows = rows.filter(pk__lte=chosen.newest)
    return finding.first(project, rows, chosen.text, most)


def _wanted(project: Project, chosen: Choice) -> Q:
    known = {**finding.filters(project), DIFFER: _differ(), STALE: Q(pk__in=_ids(staleness.stale_pairs(project)))}
    wanted = known[chosen.only] if chosen.only in known else Q()
    if chosen.label:
        wanted &= ~Q(gold_label="") & Q(gold_label=chosen.label)
    if chosen.category:
        wanted &= Q(item__current_snapshot__category__istartswith=chosen.category)
    if chosen.rule:
        citing = Citation.objects.filter(judgment__pair=OuterRef("pk"), version__rule__code=chosen.rule)
        standing = StandingJudgment.objects.filter(pk=OuterRef("judgment"))
        wanted &= Q(Exists(citing.filter(Exists(standing))))
    if chosen.fewer is not None:
        wanted &= Q(Exists(_of_fewer(chosen.fewer)))
    if chosen.shown:
        asked = Slot.objects.filter(pair=OuterRef("pk"), state__in=[Slot.State.OPEN, Slot.State.LEASED])
        disputed = Disagreement.objects.filter(pair=OuterRef("pk"), state=Disagreement.State.OPEN)
        wanted &= ~Exists(asked) & ~Exists(disputed)
    return wanted


def _ids(rows: QuerySet[Pair]) -> QuerySet[Pair, Any]:
    return rows.values("pk")


def _differ() -> Q:
    """Two labels stand that are not the same."""
    labelled = StandingJudgment.objects.filter(outcome=StandingJudgment.Outcome.LABEL)
    other = labelled.filter(pair=OuterRef("pair"), label__gt=OuterRef("label"))
    return Q(Exists(labelled.filter(Exists(other), pair=OuterRef("pk"))))


def _of_fewer(people: int) -> QuerySet[Gold]:
    later = Gold.objects.filter(pair=OuterRef("pair"), revision__gt=OuterRef("revision"))
    length = Func(F("judgments"), function="jsonb_array_length", output_field=IntegerField())
    gold = Gold.objects.filter(~Exists(later), pair=OuterRef("pk"), ground=Gold.Ground.CONSENSUS).exclude(label="")
    return gold.annotate(people=length).filter(people__lt=people)
