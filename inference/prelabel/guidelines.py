"""Query guidelines as rows: told once by the model, written over by people, read with every item of the query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from catalogue.models import Query
from inference.engines.base import EngineError
from inference.engines.chat import ChatModel
from inference.models import ModelVersion, QueryGuideline
from inference.prompting import guiding
from inference.prompting.guiding import Guideline, GuidelineRequest
from inference.prompting.prompts import PromptSet
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person

GUIDELINES = Allowance("guideline", 600, gettext_lazy("guidelines of queries"))


def newest(query_ids: Iterable[int]) -> dict[int, QueryGuideline]:
    rows = QueryGuideline.objects.filter(query_id__in=query_ids).order_by("query_id", "-revision").distinct("query_id")
    return {row.query_id: row for row in rows}


def get_or_make(
    queries: Mapping[int, str],
    notes: Mapping[str, Sequence[Mapping[str, Any]]],
    chat: ChatModel,
    prompts: PromptSet,
    model: ModelVersion,
) -> dict[int, QueryGuideline | EngineError]:
    """The guideline of each query (id -> text), asked for where there is none yet; two who ask keep the first answer."""
    known: dict[int, QueryGuideline | EngineError] = dict(newest(queries))
    missing = [query_id for query_id in queries if query_id not in known]
    asked = [GuidelineRequest(queries[query_id], tuple(notes.get(queries[query_id], ()))) for query_id in missing]
    held = bool(model.found.get("schema", True))
    said = guiding.guidelines(asked, chat, prompts, schema_held=held) if asked else []
    answers = dict(zip(missing, said, strict=True))
    # Without ignore_conflicts the second of two who ask for the same query would fail, its answer paid for.
    QueryGuideline.objects.bulk_create(
        [
            QueryGuideline(query_id=query_id, revision=1, model=model, **told.model_dump(mode="json"))
            for query_id, told in answers.items()
            if isinstance(told, Guideline)
        ],
        ignore_conflicts=True,
    )
    known |= newest(missing)
    return known | {query_id: error for query_id, error in answers.items() if isinstance(error, EngineError)}


def told(row: QueryGuideline | None) -> dict[str, Any] | None:
    """What a prompt is told; None where the model had nothing usable to say."""
    if row is None or not (row.intent or row.required or row.optional):
        return None
    return {"intent": row.intent, "required": row.required, "optional": row.optional}


def write(query: Query, words: Guideline, by: Person) -> QueryGuideline:
    """A person's wording stands from now on; pairs of the query are judged again by the next run."""
    with transaction.atomic():
        # Without the lock two people who write at once would both write the same revision, and the second would fail.
        Query.objects.select_for_update(no_key=True).get(pk=query.pk)
        before = newest([query.pk]).get(query.pk)
        allowances.spend(GUIDELINES, by)
        row = QueryGuideline.objects.create(
            query=query,
            revision=before.revision + 1 if before else 1,
            written_by=by,
            **words.model_dump(mode="json"),
        )
        record(by, "guideline.written", project=query.project, on=row, query=query.pk)
    return row
