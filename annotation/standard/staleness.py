"""Which labels rest on a rule that reads otherwise now: derived by query whenever it is asked, never written down.

A standing judgment is stale when it cites a rule version that the project's active rule base version does not pin, and so
is an adjudication that names one. What cites nothing rests on no rule that could have changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from annotation.models import Adjudication, Citation, StandingJudgment
from catalogue.models import Pair
from projects.models import Project
from rules.models import RuleBaseEntry, RuleBaseVersion
from rules.publishing import active_rule_base


@dataclass(frozen=True)
class StaleRule:
    """`version` is the one that was cited, `now` the number that is pinned, None where the rule was retired."""

    code: str
    version: int
    now: int | None
    judgments: int


def stale_judgments(project: Project) -> QuerySet[StandingJudgment]:
    """Standing judgments that cite a rule version out of force."""
    active = active_rule_base(project)
    if active is None:
        return StandingJudgment.objects.none()
    return StandingJudgment.objects.filter(
        Exists(_outdated(active).filter(judgment=OuterRef("pk"))), pair__project=project
    )


def stale_adjudications(project: Project) -> QuerySet[Adjudication]:
    """The last ruling on a pair, where it names a rule in a version out of force."""
    active = active_rule_base(project)
    if active is None:
        return Adjudication.objects.none()
    later = Adjudication.objects.filter(pair=OuterRef("pair"), revision__gt=OuterRef("revision"))
    pinned = RuleBaseEntry.objects.filter(rule_base=active, version=OuterRef("version"))
    return Adjudication.objects.filter(~Exists(later), ~Exists(pinned), version__isnull=False, pair__project=project)


def stale_rules(project: Project) -> list[StaleRule]:
    """What the stale judgments cite, the most cited first."""
    active = active_rule_base(project)
    if active is None:
        return []
    pinned = dict(active.entries.values_list("rule__code", "version__number"))
    rows = (
        _outdated(active)
        .filter(judgment__in=stale_judgments(project).values("pk"))
        .values("version__rule__code", "version__number")
        .annotate(count=Count("judgment", distinct=True))
    )
    found = [
        StaleRule(
            row["version__rule__code"], row["version__number"], pinned.get(row["version__rule__code"]), row["count"]
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.judgments, one.code, one.version))


def stale_pairs(project: Project) -> QuerySet[Pair]:
    """Pairs with a stale judgment, or settled by a stale ruling."""
    judged, ruled = stale_judgments(project).values("pair"), stale_adjudications(project).values("pair")
    return Pair.objects.filter(Q(pk__in=judged) | Q(pk__in=ruled))


def _outdated(active: RuleBaseVersion) -> QuerySet[Citation]:
    pinned = RuleBaseEntry.objects.filter(rule_base=active, version=OuterRef("version"))
    return Citation.objects.filter(~Exists(pinned))
