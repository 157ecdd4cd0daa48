"""What a model is told beside the rules, read from the catalogue: `inference.asking` asks with it.

The evidence grid; for a large model knowledge, the query's guideline, and what the picture shows; for a learnt
distilled one the other items of the query. Whatever is missing is missing: a pair without is a valid pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from catalogue.evidence import grids, lexicons, other_items, readings
from catalogue.evidence.grids import GridSubject
from catalogue.evidence.readings import StoredReading
from catalogue.models import Pair, Snapshot
from catalogue.pictures import snapshot_pictures
from inference.engines.base import EngineError
from inference.engines.chat import Picture
from inference.knowledge import retrieval
from inference.knowledge.retrieval import Hit
from inference.models import Caption, ModelVersion, QueryGuideline
from inference.prelabel import captions, guidelines
from inference.prelabel.captions import Looked
from inference.prompting import prompt_versions
from inference.registry import connecting
from projects.models import Project
from relevance.constraints import Constraint
from relevance.evidence import EvidenceGrid, build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon


class Subject(NamedTuple):
    """A pair as it is about to be asked: the facts that are told, the row of its query, the snapshot that they are of.

    Without snapshot it is a pair of no catalogue. `altered`: the facts are not the snapshot's own (a canary's); all else
    is told as for the pair itself, and the grid of these facts is kept nowhere, since a grid's row vouches for a snapshot.
    """

    facts: PairFacts
    query_id: int | None = None
    snapshot_id: int | None = None
    altered: bool = False


@dataclass(frozen=True)
class Briefing:
    """What a model is told of a pair beside the rules, and the rows it came from, which a prediction names."""

    facts: PairFacts
    grid: EvidenceGrid
    grid_id: int | None = None
    knowledge: tuple[Mapping[str, Any], ...] = ()
    revisions: tuple[int, ...] = ()
    guideline: Mapping[str, Any] | None = None
    guideline_id: int | None = None
    caption: str = ""
    caption_id: int | None = None
    pictures: tuple[Picture, ...] = ()
    company: tuple[ItemFacts, ...] = ()


def subject(pair: Pair, snapshot: Snapshot | None = None) -> Subject:
    """A pair as it stands, or as a snapshot saw it."""
    return Subject(pair.facts(snapshot), pair.query_id, snapshot.pk if snapshot else pair.item.snapshot_now)


def lexicon(project: Project | None) -> Lexicon:
    """As a run would read the project's queries if it started now; the shipped words where there is no catalogue."""
    return lexicons.value(lexicons.up_to_date(project).pk) if project is not None else lexicons.shipped()


def brief(
    project: Project | None, model: ModelVersion, subjects: Sequence[Subject], lexicon: Lexicon
) -> Sequence[Briefing | EngineError]:
    """One for each subject; the error where a guideline or caption could not be had now."""
    plain = _with_grids(subjects, lexicon)
    if project is None:
        return plain
    if model.prompt_id is None:
        return _in_company(plain, subjects) if model.learnt else plain
    hits = retrieval.for_queries(project, sorted({one.facts.query for one in subjects}))
    notes = {query: tuple(retrieval.note(hit) for hit in found) for query, found in hits.items()}
    guided = _guidelines(model, subjects, notes)
    looks = _looks(model, subjects)
    described = _captions(project, model, looks)
    return [
        _together(
            replace(
                told,
                knowledge=notes.get(told.facts.query, ()),
                revisions=_revisions(hits.get(told.facts.query, ())),
                pictures=_pictures(model, look),
            ),
            guided.get(one.query_id) if one.query_id is not None else None,
            described.get(look) if look else None,
        )
        for told, one, look in zip(plain, subjects, looks, strict=True)
    ]


def _with_grids(subjects: Sequence[Subject], lexicon: Lexicon) -> list[Briefing]:
    """Grids of stored facts are rows, made once; those of altered facts are no row of anything."""
    seen = [_seen(one) for one in subjects]
    made = grids.get_or_make({key: one.facts for key, one in zip(seen, subjects, strict=True) if key}, lexicon)
    queries = {
        one.query_id: one.facts.query for one, key in zip(subjects, seen, strict=True) if one.query_id and not key
    }
    read = readings.get_or_make(queries, lexicon) if queries else {}
    return [
        Briefing(one.facts, made[key].grid, made[key].row_id)
        if key
        else Briefing(one.facts, build_grid(one.facts, lexicon, _wishes(one, read)))
        for key, one in zip(seen, subjects, strict=True)
    ]


def _wishes(subject: Subject, read: Mapping[int, StoredReading]) -> tuple[Constraint, ...] | None:
    """As the subject's query is read; None where it is no query of a catalogue."""
    found = read.get(subject.query_id or 0)
    return found.constraints if found is not None else None


def _seen(subject: Subject) -> GridSubject | None:
    if subject.altered or subject.query_id is None or subject.snapshot_id is None:
        return None
    return GridSubject(subject.query_id, subject.snapshot_id)


def _in_company(plain: Sequence[Briefing], subjects: Sequence[Subject]) -> list[Briefing]:
    """What a learnt distilled model sees a pair with: the other items of its query."""
    found = other_items.of_queries({one.query_id for one in subjects if one.query_id is not None})
    return [
        replace(told, company=tuple(found.get(one.query_id or 0, ())))
        for told, one in zip(plain, subjects, strict=True)
    ]


def _together(
    told: Briefing, guideline: QueryGuideline | EngineError | None, caption: Caption | EngineError | None
) -> Briefing | EngineError:
    for help_ in (guideline, caption):
        if isinstance(help_, EngineError):
            return help_
    assert not isinstance(guideline, EngineError) and not isinstance(caption, EngineError)
    return replace(
        told,
        guideline=guidelines.told(guideline),
        guideline_id=guideline.pk if guideline is not None else None,
        caption=caption.text if caption is not None else "",
        caption_id=caption.pk if caption is not None else None,
    )


def _revisions(hits: Sequence[Hit]) -> tuple[int, ...]:
    return tuple(hit.revision_id for hit in hits)


def _guidelines(
    model: ModelVersion, subjects: Sequence[Subject], notes: Mapping[str, tuple[Mapping[str, Any], ...]]
) -> Mapping[int, QueryGuideline | EngineError]:
    queries = {one.query_id: one.facts.query for one in subjects if one.query_id is not None}
    if not model.options.get("guideline", True):
        return dict(guidelines.newest(queries))
    assert model.prompt_id is not None
    prompts = prompt_versions.value(model.prompt_id)
    return guidelines.get_or_make(queries, notes, connecting.chat(model), prompts, model)


def _looks(model: ModelVersion, subjects: Sequence[Subject]) -> list[Looked | None]:
    """What each query looks at: the item's main picture as it is there now, fetched ones too; nobody else's bytes."""
    if model.pictures == ModelVersion.Pictures.NONE:
        return [None] * len(subjects)
    main = snapshot_pictures.main_pictures({one.snapshot_id for one in subjects if one.snapshot_id is not None})
    seen = [main.get(one.snapshot_id or 0) for one in subjects]
    return [Looked(one.facts.query, sha256) if sha256 else None for one, sha256 in zip(subjects, seen, strict=True)]


def _captions(
    project: Project, model: ModelVersion, looks: Sequence[Looked | None]
) -> Mapping[Looked, Caption | EngineError]:
    if model.pictures != ModelVersion.Pictures.CAPTION:
        return {}
    return captions.get_or_make(project, list(dict.fromkeys(look for look in looks if look is not None)))


def _pictures(model: ModelVersion, look: Looked | None) -> tuple[Picture, ...]:
    if model.pictures != ModelVersion.Pictures.PICTURE or look is None:
        return ()
    seen = captions.picture(look.sha256)
    return (seen,) if seen is not None else ()
