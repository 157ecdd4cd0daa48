"""Every project is told what a draft, and what a published version, makes of its labelled pairs: a job for each project.

Asked for when a draft is submitted, when a version is published, and when a project has moved to another one than the
newest. Publishing reads results and waits for none. Each project is held against what it is judged by: a project that
pins a version is told what moving would change there, and gates nothing, since a publication does not reach it.

Whoever publishes reads the figures of projects in which they may see figures; of all others they learn how many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.models import BackTest, RuleReplay
from annotation.standard import replaying
from annotation.standard.backtesting import DraftChanged
from catalogue.models import Pair
from inference.registry.basis import Basis
from jobs import leasing
from jobs.kinds import Kind, single
from jobs.models import JobState
from projects.gates import may
from projects.membership import projects_of
from projects.models import Person, Project
from projects.policy import Permission
from rules import drafting, following, publishing
from rules.foretelling import ForeseenChange, Foretold
from rules.models import RuleBaseVersion, RuleDraft
from rules.publishing import specs


def of_draft(draft: RuleDraft) -> int:
    """Ask for the draft as it is now, in every project with labelled pairs where that has not been asked; how many jobs."""
    digest = drafting.digest_of_draft(draft)
    # Without it a worker would go on with what no longer is the draft.
    leasing.cancel(RuleReplay.objects.filter(draft=draft, after=None).exclude(digest=digest))
    asked = 0
    for project in _labelled():
        before = publishing.active_rule_base(project)
        if before is not None and _known(project, before, draft=draft, digest=digest) is None:
            _ask(project, before, draft=draft, digest=digest)
            asked += 1
    return asked


def of_publication(rule_base: RuleBaseVersion, newest: RuleBaseVersion | None, draft: RuleDraft | None) -> None:
    """A version has been published: a replay of its draft is one of the version from now on, others are asked for."""
    digest = drafting.digest_of_draft(draft) if draft is not None else ""
    for project in _labelled():
        before = newest if following.follows(project) else publishing.active_rule_base(project)
        if before is None:
            continue
        known = _known(project, before, draft=draft, digest=digest) if draft is not None else None
        if known is not None:
            RuleReplay.objects.filter(pk=known.pk).update(after=rule_base)
        else:
            _ask(project, before, after=rule_base)


def of_move(project: Project, _by: Person | None) -> None:
    """A project has chosen another version than the newest: what would moving on change there now?"""
    standing = following.standing(project)
    before, newest = standing.rule_base, standing.newest
    if before is None or newest is None or before == newest or not _labelled().filter(pk=project.pk).exists():
        return
    if _known(project, before, after=newest) is None:
        _ask(project, before, after=newest)


def work(pk: int, token: UUID) -> None:
    """See a claimed replay to its end; quietly gives up when it was cancelled or taken over."""
    replay = RuleReplay.objects.select_related("project", "draft__base", "before", "after", "replay_set").get(pk=pk)

    def report(seen: int) -> bool:
        return leasing.renew(replay, token) and bool(leasing.held_by(RuleReplay, pk, token).update(seen=seen))

    with leasing.kept(RuleReplay, {pk: token}):
        rows = replaying.labelled(replay.project, replay.replay_set)
        leasing.held_by(RuleReplay, pk, token).update(total=rows.count())
        found = replaying.replay(replay.project, rows, specs(replay.before), _wanted(replay), report)
        if found is None:
            return
        if _moved_on(replay):
            leasing.fail(replay, token, DraftChanged(), retry=False)
        else:
            leasing.finish(replay, token, seen=found.pairs, total=found.pairs, result=found.to_json())


FRESH = timedelta(days=14)
KIND = Kind("rule_replay", gettext_lazy("Replay of rules"), RuleReplay, single(work))


def gate(draft: RuleDraft, reader: Person) -> list[str]:
    """What speaks against publishing the draft as it is now; empty where nothing does."""
    digest = drafting.digest_of_draft(draft)
    replays = _newest_of(RuleReplay.objects.filter(draft=draft, digest=digest).select_related("project", "draft"))
    objections = []
    if not _looked_at(draft, digest, replays) and _live().filter(pairs__isnull=False).exists():
        objections.append(_("The draft as it is now has not been held against stored pairs."))
    gated = [project for project in _live().filter(replay_sets__isnull=False).distinct() if following.follows(project)]
    done = {one.project_id: one for one in replays if one.state == JobState.DONE and _gates(one)}
    if lacking := [project for project in gated if project.pk not in done]:
        told = ngettext(
            "The replay in %(count)s project has not ended.",
            "The replays in %(count)s projects have not ended.",
            len(lacking),
        )
        objections.append(told % {"count": len(lacking)})
    fallen = [project for project in gated if project.pk in done and _falls(project, done[project.pk])]
    return [*objections, *_told_of(fallen, done, _read_by(reader))]


def foretold(draft: RuleDraft, reader: Person) -> Foretold:
    """For who publishes: figures of the projects they may see figures of, and how many others there are."""
    digest = drafting.digest_of_draft(draft)
    replays = _newest_of(
        RuleReplay.objects.filter(draft=draft, digest=digest).select_related("project", "replay_set", "before")
    )
    read = _read_by(reader)
    elsewhere = [one for one in replays if one.project_id not in read]
    return Foretold(
        [foreseen(one) for one in replays if one.project_id in read],
        len(elsewhere),
        sum(one.state not in leasing.LIVE for one in elsewhere),
    )


def foreseen(replay: RuleReplay) -> ForeseenChange:
    return ForeseenChange(
        replay.project,
        replay.before,
        replay.state,
        str(replay.get_state_display()),
        replay.seen,
        replay.total,
        replay.result or {},
        replay.replay_set.number if replay.replay_set is not None else None,
        Basis.read(replay.result["basis"], "") if replay.result and "basis" in replay.result else None,
    )


@dataclass(frozen=True)
class RuleNews:
    """The newest version as its project meets it: what it changes here, moved to already or not. `foreseen` is None where
    there are no labelled pairs, or nobody has asked yet."""

    standing: following.Standing
    foreseen: ForeseenChange | None

    @property
    def ended(self) -> bool:
        return self.foreseen is None or self.foreseen.ended

    @property
    def fresh(self) -> bool:
        """Worth a word on the project's first page: not moved to yet, or published lately."""
        newest = self.standing.newest
        if newest is None or newest.number == 1:
            return False
        return self.standing.behind or timezone.now() - newest.created_at < FRESH


def news(project: Project) -> RuleNews:
    standing = following.standing(project)
    rows = RuleReplay.objects.filter(project=project, after=standing.newest).exclude(state=JobState.CANCELLED)
    if standing.behind:
        rows = rows.filter(before=standing.rule_base)
    replay = rows.select_related("project", "replay_set", "before").order_by("-pk").first() if standing.newest else None
    return RuleNews(standing, foreseen(replay) if replay is not None else None)


def of_drafts_here(project: Project, drafts: Iterable[RuleDraft]) -> dict[int, ForeseenChange]:
    """By draft: what it would change here, where that has been asked of it as it is now."""
    digests = {draft.pk: drafting.digest_of_draft(draft) for draft in drafts}
    rows = RuleReplay.objects.filter(project=project, draft__in=digests, after=None)
    found = {}
    for one in rows.select_related("project", "replay_set", "before").order_by("pk"):
        if one.state != JobState.CANCELLED and one.draft_id is not None and one.digest == digests[one.draft_id]:
            found[one.draft_id] = foreseen(one)
    return found


def _live() -> QuerySet[Project]:
    return Project.objects.filter(archived_at=None).order_by("pk")


def _labelled() -> QuerySet[Project]:
    """Where there is something to replay."""
    return _live().filter(Exists(Pair.objects.filter(project=OuterRef("pk")).exclude(gold_label="")))


def _known(project: Project, before: RuleBaseVersion, **what: Any) -> RuleReplay | None:
    """One that is done or will be, on the replay set that is newest now."""
    rows = RuleReplay.objects.filter(project=project, before=before, replay_set=replaying.newest(project), **what)
    return rows.exclude(state__in=[JobState.CANCELLED, JobState.DEAD]).order_by("-pk").first()


def _ask(project: Project, before: RuleBaseVersion, **what: Any) -> None:
    RuleReplay.objects.create(project=project, before=before, replay_set=replaying.newest(project), **what)


def _wanted(replay: RuleReplay) -> Any:
    if replay.after is not None:
        return specs(replay.after)
    assert replay.draft is not None, "a_replay_is_of_something"
    return drafting.specs_of(replay.draft)


def _moved_on(replay: RuleReplay) -> bool:
    if replay.after is not None or replay.draft_id is None:
        return False
    now = RuleDraft.objects.select_related("base").get(pk=replay.draft_id)
    return drafting.digest_of_draft(now) != replay.digest


def _newest_of(rows: QuerySet[RuleReplay]) -> list[RuleReplay]:
    """The last one of each project that is not archived."""
    kept = rows.exclude(state=JobState.CANCELLED).filter(project__archived_at=None)
    return list(kept.order_by("project", "-pk").distinct("project"))


def _looked_at(draft: RuleDraft, digest: str, replays: list[RuleReplay]) -> bool:
    """Has the draft as it is now been held against any pair? A test that found no grids has looked at nothing."""
    if any((one.result or {}).get("pairs") for one in replays):
        return True
    tested = BackTest.objects.filter(
        draft=draft, digest=digest, kind=BackTest.Kind.EXACT, state=JobState.DONE, result__pairs__gt=0
    )
    return tested.exists()


def _gates(replay: RuleReplay) -> bool:
    """On the set that is newest now, beside what the draft begins from?"""
    assert replay.draft is not None, "a replay of a draft"
    newest = replaying.newest(replay.project)
    return newest is not None and replay.replay_set_id == newest.pk and replay.before_id == replay.draft.base_id


def _falls(project: Project, replay: RuleReplay) -> bool:
    result = replay.result or {}
    drop = (result["right_before"] - result["right_after"]) / result["pairs"] if result.get("pairs") else 0.0
    return drop > project.replay_tolerance


def _read_by(reader: Person) -> set[int]:
    return {project.pk for project, roles in projects_of(reader) if may(roles, Permission.SEE_FIGURES)}


def _told_of(fallen: list[Project], done: dict[int, RuleReplay], read: set[int]) -> list[str]:
    """By name where the reader may see its figures; else how many."""
    said = _("On the replay set of %(project)s it agrees with %(after)s instead of %(before)s of %(pairs)s labels.")
    told = []
    for project in fallen:
        result = done[project.pk].result or {}
        shares = {name: f"{result[f'right_{name}'] / result['pairs']:.1%}" for name in ("before", "after")}
        if project.pk in read:
            told.append(said % {"project": project.name, "pairs": result["pairs"], **shares})
    if others := sum(project.pk not in read for project in fallen):
        some = ngettext(
            "In %(count)s other project it drops on the replay set by more than is tolerated there.",
            "In %(count)s other projects it drops on the replay set by more than is tolerated there.",
            others,
        )
        told.append(some % {"count": others})
    return told
