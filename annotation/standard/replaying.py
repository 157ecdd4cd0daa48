"""The replay gate: gold pairs frozen with their labels, on which a draft of the rules must not do worse.

A draft may be published when it was held against every stored pair as it is now, and on no project's newest replay set
drops by more than that project tolerates (after SEEK's replay-gated edits: accepted only where a frozen set holds).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.models import BackTest, ReplayEntry, ReplaySet
from annotation.standard.rule_effects import TwoSets
from catalogue.evidence.grids import extractor
from catalogue.evidence.lexicons import current
from catalogue.models import Grid
from jobs.models import JobState
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused
from relevance.evidence import EvidenceGrid, build_grid
from relevance.rules import RuleSpec, in_force
from rules import drafting
from rules.models import RuleDraft
from rules.publishing import specs

MOST = 5000  # pairs of a set, drawn evenly over the gold there is


@dataclass(frozen=True)
class Replayed:
    """The share of the frozen labels that the rules give, before and after."""

    pairs: int
    before: float
    after: float

    @property
    def drop(self) -> float:
        return self.before - self.after


def freeze(project: Project, by: Person | None) -> ReplaySet:
    """Today's gold as the project's next replay set. Raises Refused."""
    with transaction.atomic():
        # Without the lock two people who freeze at once would choose the same number.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        gold = project.pairs.exclude(gold_label="").values_list("pk", "item__current_snapshot", "gold_label")
        frozen = sorted(gold, key=lambda row: hashlib.sha256(str(row[0]).encode()).digest())[:MOST]
        if not frozen:
            raise Refused("no_gold", _("There is no gold to freeze yet."), status=409)
        made = ReplaySet.objects.create(
            project=project,
            number=ReplaySet.objects.filter(project=project).count() + 1,
            size=len(frozen),
            digest=hashlib.sha256(orjson.dumps([list(row) for row in frozen])).hexdigest(),
            created_by=by,
        )
        ReplayEntry.objects.bulk_create(
            ReplayEntry(replay_set=made, pair_id=pair, snapshot_id=snapshot, label=label)
            for pair, snapshot, label in frozen
        )
        record(by, "rules.replay_frozen", project=project, on=made, pairs=made.size)
    return made


def newest(project: Project) -> ReplaySet | None:
    return ReplaySet.objects.filter(project=project).order_by("-number").first()


def replay(replay_set: ReplaySet, before: Sequence[RuleSpec], after: Sequence[RuleSpec]) -> Replayed:
    """Both sets of rules on the frozen pairs, with the grids that this version reads from them."""
    today = timezone.localdate()
    sets = TwoSets(in_force(before, today), in_force(after, today))
    scale = replay_set.project.scale
    total = right_before = right_after = 0
    for entry, grid in _with_grids(replay_set):
        effect = sets.effect(entry.pair.facts(entry.snapshot), grid)
        total += 1
        right_before += scale.from_lore(effect.before) == entry.label
        right_after += scale.from_lore(effect.after) == entry.label
    return Replayed(total, right_before / total if total else 0.0, right_after / total if total else 0.0)


def _with_grids(replay_set: ReplaySet) -> Iterator[tuple[ReplayEntry, EvidenceGrid]]:
    """Stored grids where there are any, else made now; they are not stored."""
    lexicon = current(replay_set.project)
    rows = replay_set.entries.select_related("pair__query", "pair__item", "snapshot").order_by("pk")
    for start in range(0, replay_set.size, 500):
        entries = list(rows[start : start + 500])
        stored = {
            (row.query_id, row.snapshot_id): row.body
            for row in Grid.objects.filter(
                extractor=extractor(lexicon),
                query__in={entry.pair.query_id for entry in entries},
                snapshot__in={entry.snapshot_id for entry in entries},
            )
        }
        for entry in entries:
            body = stored.get((entry.pair.query_id, entry.snapshot_id))
            yield entry, EvidenceGrid.from_json(body) if body else build_grid(entry.pair.facts(entry.snapshot), lexicon)


def gate(draft: RuleDraft) -> list[str]:
    """What speaks against publishing the draft as it is now; empty where nothing does."""
    projects = Project.objects.filter(archived_at=None, pk__in=ReplaySet.objects.values("project"))
    objections = []
    tested = BackTest.objects.filter(
        draft=draft,
        digest=drafting.digest_of_draft(draft),
        kind=BackTest.Kind.EXACT,
        state=JobState.DONE,
        result__pairs__gt=0,  # one that found no grids has looked at nothing
    )
    if not tested.exists() and Project.objects.filter(archived_at=None, pairs__isnull=False).exists():
        objections.append(_("The draft as it is now has not been held against stored pairs."))
    before, after = specs(draft.base), drafting.specs_of(draft)
    for project in projects.order_by("pk"):
        replay_set = newest(project)
        assert replay_set is not None, "its project has one"
        found = replay(replay_set, before, after)
        if found.drop > project.replay_tolerance:
            objections.append(
                _(
                    "On the replay set of %(project)s it agrees with %(after)s instead of %(before)s of %(pairs)s labels."
                )
                % {
                    "project": project.name,
                    "after": f"{found.after:.1%}",
                    "before": f"{found.before:.1%}",
                    "pairs": found.pairs,
                }
            )
    return objections
