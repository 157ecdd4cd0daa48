"""What a distilled model learnt, as a row: stored with its report, read once by each process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db import transaction

from inference.distilled.fitting import Learnt
from inference.engines.errors import EngineError
from inference.engines.learnt import LearntDistilled, revision
from inference.models import LearntModel, ModelVersion
from inference.registry import lineage
from projects.audit import record
from projects.models import Person, Project
from relevance.rules import RuleSpec
from relevance.vocabulary import Vocabulary


def store(
    project: Project,
    learnt: Learnt,
    vocabulary: Vocabulary,
    report: Mapping[str, Any],
    *,
    source: str,
    families: Iterable[str],
    by: Person | None,
) -> ModelVersion:
    """A registered model, not active. The same lesson learnt again is the same model. `families`: what it learnt from."""
    with transaction.atomic():
        version, new = ModelVersion.objects.get_or_create(
            # Models are listed in every project: the short name of one would tell people of others that it exists.
            name=f"distilled-{project.pk}",
            engine=LearntDistilled.name,
            target="",
            revision=revision(learnt),
            prompt_version=LearntDistilled.prompt_version,
            role=ModelVersion.Role.JUDGE,
            pictures=ModelVersion.Pictures.NONE,
            defaults={"learnt": True, "registered_by": by},
        )
        if new:
            LearntModel.objects.create(
                version=version,
                project=project,
                source=source,
                body=learnt.to_bytes(),
                corpus=vocabulary.to_json(),
                report=report,
                trained_by=by,
            )
            lineage.keep(version, families, by, source=f"training on {source}")
        record(by, "model.trained", project=project, on=version, source=source, revision=version.revision)
    return version


def engine(version: ModelVersion, rules: Sequence[RuleSpec]) -> LearntDistilled:
    """The engine of a learnt version, judging by these rules. Raises EngineError where this process reads pairs otherwise than
    the one in which it learnt: its trees would be told something else than they know."""
    if version.prompt_version != LearntDistilled.prompt_version:
        here = LearntDistilled.prompt_version
        raise EngineError("other_revision", f"{version} reads {version.prompt_version}, this process {here}")
    try:
        learnt, vocabulary = _read(version.pk)
    except (ValueError, LearntModel.DoesNotExist) as error:
        raise EngineError("not_loaded", f"what {version} learnt cannot be read: {error}") from error
    return LearntDistilled(rules, learnt, vocabulary)


@lru_cache(maxsize=4)
def _read(version_id: int) -> tuple[Learnt, Vocabulary]:
    row = LearntModel.objects.get(version_id=version_id)
    return Learnt.from_bytes(bytes(row.body)), Vocabulary.from_json(row.corpus)
