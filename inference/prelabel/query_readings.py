"""Queries read by a large model, as a job: each query is asked about once, in the order of their ids, and what is said is kept.

A query that has a reading of this very model, or of a person, is not asked about: who asks again pays for what is missing
alone. A model whose server is away is waited for as any job waits; the place that was reached stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.evidence import lexicons
from catalogue.models import Query, QueryReading
from inference import unanswered
from inference.engines.base import EngineError, EngineUnavailable
from inference.models import ModelVersion, QueryReadingRun
from inference.prompting import query_spans
from inference.registry import connecting, registry
from jobs import kinds, leasing
from jobs.kinds import PRELABEL_QUEUE, Kind, single
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused, TotalFailure
from relevance.constraints import Constraint

STEP = 32  # queries between two reports of progress
MOST = 10_000  # queries that one run asks about unless more are wanted
# Of relevance.spans: why what was said is no reading of the query.
WHY_REFUSED: Mapping[str, Promise] = {
    "no_spans": gettext_lazy("It names no piece of the query."),
    "too_many_spans": gettext_lazy("It names more pieces than a query is read in."),
    "not_literal": gettext_lazy("It names words that do not stand in the query."),
    "no_dimension": gettext_lazy("It names a dimension that there is not."),
    "no_role": gettext_lazy("It names a role that there is not."),
    "two_heads": gettext_lazy("It names two things that are wanted."),
}
RUNS = Allowance("query_reading_run", 60, gettext_lazy("runs that read queries"))


def start(project: Project, model: ModelVersion | None, by: Person | None, most: int = MOST) -> QueryReadingRun:
    """Ask the model, else the project's active one, about queries that it has not read. Raises Refused."""
    asked = model or registry.active(project)
    if asked is None or asked.prompt_id is None:
        raise Refused("no_large_model", _("Only a large model reads queries: register one, and name it or promote it."))
    kinds.refuse_beyond("query_readings", project)
    waiting = _unread(project, asked)[:most].count()
    if not waiting:
        raise Refused("nothing_to_read", _("This model, or people, have read every query of the project."), status=409)
    with transaction.atomic():
        if by is not None:
            allowances.spend(RUNS, by)
        run = QueryReadingRun.objects.create(project=project, model=asked, requested_by=by, most=most, total=waiting)
        record(by, "queries.reading_asked", project=project, on=run, model=str(asked), queries=waiting)
    return run


def work(pk: int, token: UUID) -> None:
    """See a claimed run to its end; quietly gives up when it was cancelled or taken over."""
    with leasing.kept(QueryReadingRun, {pk: token}):
        while _step(pk, token):
            pass


KIND = Kind(
    "query_readings",
    gettext_lazy("Queries read by a model"),
    QueryReadingRun,
    single(work),
    queue=PRELABEL_QUEUE,
    most_waiting=10,
)


class ModelsAnswers(NamedTuple):
    """What a model said of some queries: readings by query, and why there is none of the others, by code."""

    read: dict[int, tuple[Constraint, ...]]
    refused: Counter[str]
    unanswered: Counter[str]


def ask(project: Project, model: ModelVersion, queries: Mapping[int, str]) -> ModelsAnswers:
    """Raises EngineUnavailable where the model's server is away: nothing of it is to be counted."""
    chat, lexicon = connecting.chat(model), lexicons.current(project)
    held = bool(model.found.get("schema", True))
    told = ModelsAnswers({}, Counter(), Counter())
    for query, said in zip(
        queries, query_spans.readings([*queries.values()], chat, lexicon, schema_held=held), strict=True
    ):
        if isinstance(said, EngineUnavailable):
            raise said
        if isinstance(said, EngineError):
            told.unanswered[said.code] += 1
        elif isinstance(said, query_spans.RefusedReading):
            told.refused[said.code] += 1
        else:
            told.read[query] = said
    return told


def why_nothing(run: QueryReadingRun) -> TotalFailure | None:
    if run.read or not run.asked:
        return None
    ((code, _count),) = Counter(run.reasons).most_common(1)
    said = _("0 of %(queries)s queries were read: %(reason)s") % {"queries": run.asked, "reason": unanswered.why(code)}
    return TotalFailure(code, said)


def _step(pk: int, token: UUID) -> bool:
    """False: there is nothing more to do."""
    run = leasing.held_by(QueryReadingRun, pk, token).select_related("project", "model").first()
    if run is None:
        return False
    left = min(STEP, run.most - run.asked)
    unread = _unread(run.project, run.model).filter(pk__gt=run.reached).order_by("pk")
    queries = dict(unread.values_list("pk", "text")[: max(0, left)])
    if not queries:
        leasing.finish(run, token)
        return False
    try:
        told = ask(run.project, run.model, queries)
    except EngineError as error:
        leasing.fail(run, token, error, retry=isinstance(error, EngineUnavailable))
        return False
    return _kept(run, token, queries, told)


def _kept(run: QueryReadingRun, token: UUID, queries: Mapping[int, str], told: ModelsAnswers) -> bool:
    """Readings and the place that was reached stand or fall together: a killed run pays for its last step alone again."""
    counts = {
        "read": run.read + len(told.read),
        "refused": run.refused + told.refused.total(),
        "unanswered": run.unanswered + told.unanswered.total(),
        "reasons": dict(Counter(run.reasons) + told.refused + told.unanswered),
        "reached": max(queries),
    }
    with transaction.atomic():
        if not leasing.held_by(QueryReadingRun, run.pk, token).update(**counts):
            return False
        QueryReading.objects.bulk_create(
            [
                QueryReading(
                    query_id=query,
                    origin=QueryReading.Origin.GUIDELINE,
                    version=version_of(run.model),
                    body=[one.to_json() for one in constraints],
                )
                for query, constraints in told.read.items()
            ],
            ignore_conflicts=True,
        )
    return True


def version_of(model: ModelVersion) -> str:
    """By which a model's reading is known, and by which pages name its reader."""
    return f"{model.name[:100]} ({model.revision[:40]}, {query_spans.VERSION})"


def _unread(project: Project, model: ModelVersion) -> QuerySet[Query]:
    by_model = {"origin": QueryReading.Origin.GUIDELINE, "version": version_of(model)}
    mine = QueryReading.objects.filter(query=OuterRef("pk"), **by_model)
    people = QueryReading.objects.filter(query=OuterRef("pk"), origin=QueryReading.Origin.PERSON)
    return Query.objects.filter(~Exists(mine), ~Exists(people), project=project, erased_at=None)
