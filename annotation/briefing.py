"""What a large model is told beside the facts of a pair: knowledge, the query's guideline, and what the picture shows.

An engine that needs no prompt is told nothing. Whatever is missing is missing: a pair without is a valid pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from annotation import captions, company, guidelines, picturing
from annotation.captions import Looked
from annotation.models import QueryGuideline
from inference import connecting, knowledge, prompt_versions
from inference.engines.base import EngineError
from inference.engines.chat import Picture
from inference.models import Caption, ModelVersion
from projects.models import Project
from relevance.facts import ItemFacts, PairFacts


class Subject(NamedTuple):
    """A pair as it is about to be asked: its query row, the facts that will be shown, and whose pictures, if anybody's."""

    query_id: int
    facts: PairFacts
    snapshot_id: int | None = None


@dataclass(frozen=True)
class Briefing:
    """What joins the question, and the rows it came from, which the prediction will name."""

    knowledge: tuple[Mapping[str, Any], ...] = ()
    revisions: tuple[int, ...] = ()
    guideline: QueryGuideline | None = None
    caption: Caption | None = None
    pictures: tuple[Picture, ...] = ()
    company: tuple[ItemFacts, ...] = ()

    def helps(self) -> dict[str, Any]:
        return {
            "knowledge": self.knowledge,
            "guideline": guidelines.told(self.guideline),
            "caption": self.caption.text if self.caption is not None else "",
            "pictures": self.pictures,
            "company": self.company,
        }


NOTHING = Briefing()


def brief(project: Project, model: ModelVersion, subjects: Sequence[Subject]) -> Sequence[Briefing | EngineError]:
    """One for each subject; the error where a guideline or caption could not be had now."""
    if model.prompt_id is None:
        return in_company([one.query_id for one in subjects]) if model.learnt else [NOTHING] * len(subjects)
    told = knowledge.for_queries(project, sorted({subject.facts.query for subject in subjects}))
    notes = {query: tuple(knowledge.note(hit) for hit in hits) for query, hits in told.items()}
    guided = _guidelines(model, subjects, notes)
    looks = _looks(model, subjects)
    described = _captions(model, looks)
    return [
        _together(
            subject, look, model, notes, told, guided.get(subject.query_id), described.get(look) if look else None
        )
        for subject, look in zip(subjects, looks, strict=True)
    ]


def in_company(query_ids: Sequence[int]) -> list[Briefing]:
    """What a learnt distilled model sees a pair with: the other items of its query."""
    found = company.of_queries(set(query_ids))
    return [Briefing(company=tuple(found[query_id])) for query_id in query_ids]


def _together(
    subject: Subject,
    look: Looked | None,
    model: ModelVersion,
    notes: Mapping[str, tuple[Mapping[str, Any], ...]],
    told: Mapping[str, Sequence[Any]],
    guideline: QueryGuideline | EngineError | None,
    caption: Caption | EngineError | None,
) -> Briefing | EngineError:
    for help_ in (guideline, caption):
        if isinstance(help_, EngineError):
            return help_
    assert not isinstance(guideline, EngineError) and not isinstance(caption, EngineError)
    query = subject.facts.query
    return Briefing(
        knowledge=notes.get(query, ()),
        revisions=tuple(hit.revision_id for hit in told.get(query, ())),
        guideline=guideline,
        caption=caption,
        pictures=_pictures(model, look),
    )


def _guidelines(
    model: ModelVersion, subjects: Sequence[Subject], notes: Mapping[str, tuple[Mapping[str, Any], ...]]
) -> Mapping[int, QueryGuideline | EngineError]:
    queries = {subject.query_id: subject.facts.query for subject in subjects}
    if not model.options.get("guideline", True):
        return dict(guidelines.newest(queries))
    assert model.prompt_id is not None
    prompts = prompt_versions.value(model.prompt_id)
    return guidelines.get_or_make(queries, notes, connecting.chat(model), prompts, model)


def _looks(model: ModelVersion, subjects: Sequence[Subject]) -> list[Looked | None]:
    """What each query looks at: the item's main picture as it is there now, fetched ones too; nobody else's bytes."""
    if model.pictures == ModelVersion.Pictures.NONE:
        return [None] * len(subjects)
    main = picturing.main_pictures({one.snapshot_id for one in subjects if one.snapshot_id is not None})
    seen = [main.get(one.snapshot_id or 0) for one in subjects]
    return [Looked(one.facts.query, sha256) if sha256 else None for one, sha256 in zip(subjects, seen, strict=True)]


def _captions(model: ModelVersion, looks: Sequence[Looked | None]) -> Mapping[Looked, Caption | EngineError]:
    if model.pictures != ModelVersion.Pictures.CAPTION:
        return {}
    return captions.get_or_make(list(dict.fromkeys(look for look in looks if look is not None)))


def _pictures(model: ModelVersion, look: Looked | None) -> tuple[Picture, ...]:
    if model.pictures != ModelVersion.Pictures.PICTURE or look is None:
        return ()
    seen = captions.picture(look.sha256)
    return (seen,) if seen is not None else ()
