"""Foreign predictions: what an imported file says that a model outside of here predicted.

Kept beside what our models say, never among it: nothing here names a registered model, so none of it stands, runs, trains or
shows on a card. Whoever compares asks for one by its name. Called with each chunk, in its transaction (storing.chunk_stored).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from django.db.models import Sum

from catalogue.importing.storing import AddedLabels, StoredChunk
from catalogue.models import Import
from database.statements import rows
from inference.models import ImportedPrediction
from projects.models import Project


class ForeignWord(NamedTuple):
    """What a foreign model says of a pair's item as it is now: codes of the project's scale."""

    label: str
    posterior: Mapping[str, float] | None


def take(chunk: StoredChunk) -> AddedLabels:
    """The predictions of a chunk; a row of a file that was there before adds nothing."""
    found = list(_lines(chunk))
    if not found:
        return AddedLabels()
    # Without ON CONFLICT a file that is imported again would fail, and without unnest each row would be a statement.
    added = rows(
        """INSERT INTO inference_importedprediction
             (pair_id, snapshot_id, row, place, model_name, label, score, posterior, batch_id, file_sha256)
           SELECT n.*, %s, %s FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::int[], %s::text[], %s::text[],
             %s::float8[], %s::jsonb[]) AS n(pair, snapshot, row, place, name, label, score, posterior)
           ON CONFLICT DO NOTHING RETURNING id""",
        chunk.batch.pk,
        chunk.batch.file_sha256,
        *(list(column) for column in zip(*found, strict=True)),
    )
    return AddedLabels(predictions=len(added))


def names(project: Project) -> list[str]:
    """Of the foreign models that have said anything of its pairs."""
    brought = Import.objects.filter(project=project, predictions__gt=0)
    told = ImportedPrediction.objects.filter(batch__in=brought).order_by("model_name")
    return list(told.values_list("model_name", flat=True).distinct())


def count(project: Project) -> int:
    """How many its files have brought."""
    return Import.objects.filter(project=project).aggregate(all=Sum("predictions"))["all"] or 0


def words_of(project: Project, name: str) -> dict[int, ForeignWord]:
    """By pair: what the file brought last says in its first row of that pair, of the item as it is now, with a label."""
    told = rows(
        """SELECT DISTINCT ON (f.pair_id) f.pair_id, f.label, f.posterior::text FROM inference_importedprediction f
           JOIN catalogue_pair p ON p.id = f.pair_id JOIN catalogue_item i ON i.id = p.item_id
           WHERE p.project_id = %s AND f.model_name = %s AND f.label <> '' AND f.snapshot_id = i.current_snapshot_id
           ORDER BY f.pair_id, f.batch_id DESC, f.row, f.place""",
        project.pk,
        name,
    )
    return {pair: ForeignWord(label, orjson.loads(shares) if shares else None) for pair, label, shares in told}


def _lines(chunk: StoredChunk) -> Iterator[tuple[Any, ...]]:
    for pair, record, item in zip(chunk.pairs, chunk.records, chunk.items, strict=True) if chunk.pairs else ():
        for place, said in enumerate(record.predictions):
            posterior = orjson.dumps(dict(said.posterior)).decode() if said.posterior else None
            name = said.model or chunk.batch.file_name
            yield pair.id, item.snapshot_id, record.row, place, name, said.label, said.score, posterior
