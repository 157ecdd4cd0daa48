"""Readings and grids made anew, as a job: where code, words or corrections have changed, what was made before is out of date.

Nobody has to wait for it: whatever is looked at is made as of now when it is looked at, and what judgments were given by
stays as it was. It goes through the pairs in the order of their ids and keeps its place, so that it can be cancelled, killed
and resumed; grids that are there already cost it next to nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from catalogue.evidence import grids, lexicons
from catalogue.evidence.grids import GridSubject
from catalogue.models import EvidenceRemaking, Grid, Pair, Query, Snapshot
from jobs import leasing
from jobs.kinds import Kind, single
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused
from relevance.lexicon import Lexicon

SAID_EVERY_SECONDS = 2.0
STEP = 500  # pairs between two reports of progress
AT_ONCE = 50  # pairs of a query whose grids are made while a person waits: about half a second
AFTER_IMPORT = 20_000  # pairs of a project up to which an import asks for it by itself: some minutes of a worker
REMAKINGS = Allowance("evidence_remaking", 60, _("requests to make evidence anew"))


def start(project: Project, by: Person | None) -> EvidenceRemaking:
    """All pairs of the project from the first one on; one that is under way begins again. Raises Refused."""
    pairs = _pairs(project, None).count()
    if not pairs:
        raise Refused("no_pairs", _("There is nothing to read: import pairs first."), status=409)
    with transaction.atomic():
        if by is not None:
            allowances.spend(REMAKINGS, by)
        # Without the lock two who ask at once would both find none under way, and the second would fail.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        live = EvidenceRemaking.objects.filter(project=project, query=None, state__in=leasing.LIVE)
        if not live.update(total=pairs, seen=0, made=0, reached=0, seconds=0):
            EvidenceRemaking.objects.create(project=project, asked_by=by, total=pairs)
        asked = live.get()
        record(by, "evidence.remaking_asked", project=project, on=asked, pairs=pairs)
    return asked


def of_query(query: Query, by: Person | None) -> EvidenceRemaking | None:
    """After a correction: the grids of the query's pairs at once where they are few, else as a job."""
    pairs = _pairs(query.project, query).count()
    if pairs > AT_ONCE:
        return EvidenceRemaking.objects.create(project=query.project, query=query, asked_by=by, total=pairs)
    _make(list(_pairs(query.project, query)), lexicons.current(query.project))
    return None


def after_import(project: Project) -> EvidenceRemaking | None:
    """Where a project has grids, and not too many pairs, their words are those of before: they are made anew."""
    made = Grid.objects.filter(query__project=project).exists()
    if not made or _pairs(project, None)[AFTER_IMPORT:].exists():
        return None
    return start(project, None)


def cancel(asked: EvidenceRemaking, by: Person | None) -> bool:
    with transaction.atomic():
        ended = bool(leasing.cancel(EvidenceRemaking.objects.filter(pk=asked.pk)))
        if ended:
            record(by, "evidence.remaking_cancelled", project=asked.project, on=asked)
    return ended


def resume(asked: EvidenceRemaking, by: Person | None) -> bool:
    """From where it was stopped. Raises Refused while another is under way."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=asked.project_id)  # as in `start`
        live = EvidenceRemaking.objects.filter(project=asked.project, query=None, state__in=leasing.LIVE)
        if asked.query_id is None and live.exists():
            raise Refused("under_way", _("The evidence of this project is being made anew already."), status=409)
        resumed = bool(leasing.resume(EvidenceRemaking.objects.filter(pk=asked.pk)))
        if resumed:
            record(by, "evidence.remaking_resumed", project=asked.project, on=asked)
    return resumed


def work(pk: int, token: UUID, on_progress: Callable[[EvidenceRemaking], None] | None = None) -> None:
    """See a claimed remaking to its end; quietly gives up when it was cancelled or taken over."""
    asked = EvidenceRemaking.objects.select_related("project", "query").get(pk=pk)
    with leasing.kept(EvidenceRemaking, {pk: token}):
        lexicons.up_to_date(asked.project)
        since = time.monotonic()
        while _step(pk, token):
            if on_progress is not None and time.monotonic() - since > SAID_EVERY_SECONDS:
                since = time.monotonic()
                on_progress(EvidenceRemaking.objects.get(pk=pk))


KIND = Kind("evidence_remaking", _("Evidence made anew"), EvidenceRemaking, single(work))


def _step(pk: int, token: UUID) -> bool:
    """False: there is nothing more to do."""
    began = time.monotonic()
    asked = leasing.held_by(EvidenceRemaking, pk, token).select_related("project", "query").first()
    if asked is None:
        return False
    # Anew each time: an import that ends meanwhile brings other words, and begins the whole again.
    lexicon = lexicons.current(asked.project)
    subjects = {
        pair: GridSubject(query, snapshot)
        for pair, query, snapshot in _pairs(asked.project, asked.query)
        .filter(pk__gt=asked.reached)
        .values_list("pk", "query_id", "item__current_snapshot_id")[:STEP]
    }
    missing = grids.missing(subjects.values(), lexicon)
    wanted = [pair for pair, seen in subjects.items() if seen in missing]
    _make(list(_pairs(asked.project, asked.query).filter(pk__in=wanted)), lexicon)
    counts = {
        "seen": asked.seen + len(subjects),
        "made": asked.made + len(missing),
        "reached": max(subjects, default=asked.reached),
        "seconds": asked.seconds + time.monotonic() - began,
    }
    # Without the place in the condition a step that began before the whole was begun again would set it forth.
    kept = leasing.held_by(EvidenceRemaking, pk, token).filter(reached=asked.reached).update(**counts)
    if kept and len(subjects) < STEP:
        leasing.finish(asked, token)
        return False
    return True


def _pairs(project: Project, query: Query | None) -> QuerySet[Pair]:
    rows = Pair.objects.filter(project=project, query__erased_at=None, item__current_snapshot__isnull=False)
    rows = rows if query is None else rows.filter(query=query)
    return rows.select_related("query", "item__current_snapshot").order_by("pk")


def _make(pairs: list[Pair], lexicon: Lexicon) -> None:
    Snapshot.read_together(pair.item.current_snapshot for pair in pairs if pair.item.current_snapshot)
    wanted = {GridSubject(pair.query_id, pair.item.snapshot_now): pair.facts() for pair in pairs}
    if wanted:
        grids.get_or_make(wanted, lexicon)
