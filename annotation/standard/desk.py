"""What waits for a rule owner in a project: the most disputed rules, drafts with what they would do, stale labels,
translations that are behind, open questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet

from annotation.models import BackTest
from annotation.standard import rule_replays, staleness
from annotation.standard.weak_spots import WeakRule, weak_spots
from jobs.models import JobState
from projects.cached_figures import remembered
from projects.models import Person, Project
from relevance.rules import RuleSpec
from rules import remarks
from rules.drafting import digest_of_draft
from rules.foretelling import ForeseenChange
from rules.models import DraftedRule, RuleDraft, RuleRemark
from rules.publishing import active_rule_base, specs

MOST_DISPUTED = 8
MOST_DRAFTS = 50  # the page of drafts has them all
LIVE = (RuleDraft.State.OPEN, RuleDraft.State.REVIEW)


class Preview(NamedTuple):
    """A live draft and its last back-test in the project (None: none is done); `current`: of the draft as it is now.

    `foreseen`: what it would change of the labelled pairs, asked when it was submitted."""

    draft: RuleDraft
    test: BackTest | None
    current: bool
    foreseen: ForeseenChange | None

    @property
    def result(self) -> Mapping[str, Any]:
        return (self.test.result if self.test is not None else None) or {}

    @property
    def agreement(self) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
        """Share of agreement before and after: with gold, else with people; None where neither is known."""
        before, after = self.result.get("agreement_before", {}), self.result.get("agreement_after", {})
        whose = next((name for name in ("gold", "people") if name in before), None)
        return None if whose is None else (before[whose]["percent"], after[whose]["percent"])


class Desk(NamedTuple):
    """`disputed` holds rules that somebody disputes; `pairs` is how many pairs were looked at."""

    pairs: int
    disputed: list[WeakRule]
    previews: list[Preview]
    stale_judgments: int
    behind: list[RuleSpec]
    behind_in_drafts: list[DraftedRule]
    questions: QuerySet[RuleRemark]


def desk(project: Project, person: Person) -> Desk:
    spots = remembered("spots", project, lambda: weak_spots(project), size=lambda one: one.pairs, seconds=300)
    return Desk(
        spots.pairs,
        [rule for rule in spots.rules if rule.tally.disputed][:MOST_DISPUTED],
        previews(project),
        staleness.stale_judgments(project).count(),
        [spec for spec in specs(active_rule_base(project)) if spec.behind],
        list(
            DraftedRule.objects.filter(draft__state__in=LIVE, body__has_key="behind")
            .select_related("draft")
            .order_by("code")[:MOST_DRAFTS]
        ),
        remarks.open_for(person).select_related("rule", "person").order_by("-pk"),
    )


def previews(project: Project) -> list[Preview]:
    """Live drafts, those that wait for a second person first."""
    drafts = list(
        RuleDraft.objects.filter(state__in=LIVE)
        .select_related("author", "base")
        .annotate(changes=Count("rules"))
        .order_by("-state", "-pk")[:MOST_DRAFTS]  # review before open
    )
    tests = BackTest.objects.filter(
        project=project, draft__in=drafts, kind=BackTest.Kind.EXACT, state=JobState.DONE
    ).order_by("draft_id", "-pk")
    newest = {test.draft_id: test for test in tests.distinct("draft_id")}
    asked = rule_replays.of_drafts_here(project, drafts)
    return [
        Preview(draft, test, test is not None and test.digest == digest_of_draft(draft), asked.get(draft.pk))
        for draft in drafts
        for test in [newest.get(draft.pk)]
    ]
