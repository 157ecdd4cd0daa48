"""What a large model is told beside the facts of a pair: knowledge, the query's guideline, and what the picture shows.

An engine that needs no prompt is told nothing. Whatever is missing is missing: a pair without is a valid pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from annotation import captions, company, guidelines
from annotation.captions import Looked
from annotation.models import QueryGuideline
from inference import connecting, knowledge, prompt_versions
from inference.engines.base import EngineError
from inference.engines.chat import Picture
from inference.models import Caption, ModelVersion
from projects.models import Project
from relevance.facts import ItemFacts, PairFacts


class Subject(NamedTuple):
    """A pair as it is about to be asked: its query row, and the facts that will be shown."""

    query_id: int
    facts: PairFacts

    @property
    def main_picture(self) -> str:
        return self.facts.item.images[0] if self.facts.item.images else ""


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
        return in_company(subjects) if model.learnt else [NOTHING] * len(subjects)
    told = knowledge.for_queries(project, sorted({subject.facts.query for subject in subjects}))
    notes = {query: tuple(knowledge.note(hit) for hit in hits) for query, hits in told.items()}
    guided = _guidelines(model, subjects, notes)
    described = _captions(model, subjects)
    return [
        _together(subject, model, notes, told, guided.get(subject.query_id), described.get(_looked(subject)))
        for subject in subjects
    ]


def in_company(subjects: Sequence[Subject]) -> list[Briefing]:
    """What a learnt distilled model sees a pair with: the other items of its query."""
    found = company.of_queries({subject.query_id for subject in subjects})
    return [Briefing(company=tuple(found[subject.query_id])) for subject in subjects]


def _together(
    subject: Subject,
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
        pictures=_pictures(model, subject),
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


def _captions(model: ModelVersion, subjects: Sequence[Subject]) -> Mapping[Looked, Caption | EngineError]:
    if model.pictures != ModelVersion.Pictures.CAPTION:
        return {}
    return captions.get_or_make(list(dict.fromkeys(_looked(one) for one in subjects if one.main_picture)))


def _looked(subject: Subject) -> Looked:
    return Looked(subject.facts.query, subject.main_picture)


def _pictures(model: ModelVersion, subject: Subject) -> tuple[Picture, ...]:
    if model.pictures != ModelVersion.Pictures.PICTURE or not subject.main_picture:
        return ()
    seen = captions.picture(subject.main_picture)
    return (seen,) if seen is not None else ()
