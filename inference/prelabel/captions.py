"""Relevance-guided captions as rows: a picture is described once per question and captioner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalogue.pictures import images
from database.statements import run
from inference.engines.base import EngineError
from inference.engines.chat import Picture
from inference.models import Caption, ModelVersion
from inference.prompting import captioning, prompt_versions
from inference.prompting.captioning import CaptionRequest
from inference.registry import connecting, registry
from projects.models import Project

MEDIA_TYPE = "image/webp"


class Looked(NamedTuple):
    """A query that looks at a picture."""

    query: str
    sha256: str


def picture(sha256: str) -> Picture | None:
    """Our own re-encoded copy; None when the storage has lost it."""
    data = images.read_stored(sha256, "large")
    return Picture(sha256, MEDIA_TYPE, data) if data is not None else None


def get_or_make(project: Project, wanted: Sequence[Looked]) -> Mapping[Looked, Caption | EngineError]:
    """Captions by the active captioner; nothing where nobody promoted one, and a pair without caption is a valid pair."""
    captioner = registry.active(project, ModelVersion.Role.CAPTIONER)
    if captioner is None or captioner.prompt_id is None or not wanted:
        return {}
    prompts = prompt_versions.value(captioner.prompt_id)
    digests = {one: captioning.question_digest(one.query, prompts) for one in wanted}
    found: dict[Looked, Caption | EngineError] = dict(_stored(captioner, digests))
    pictures = {one: seen for one in digests if one not in found and (seen := picture(one.sha256)) is not None}
    asked = list(pictures)
    told = (
        captioning.captions(
            [CaptionRequest(one.query, pictures[one]) for one in asked], connecting.chat(captioner), prompts
        )
        if asked
        else []
    )
    answers = dict(zip(asked, told, strict=True))
    # Without ignore_conflicts the second of two who have the same picture described would fail, its answer paid for.
    Caption.objects.bulk_create(
        [
            Caption(
                image_sha256=one.sha256,
                question_sha256=digests[one],
                question=captioning.question(one.query, prompts),
                model=captioner,
                text=text,
            )
            for one, text in answers.items()
            if isinstance(text, str)
        ],
        ignore_conflicts=True,
    )
    found |= _stored(captioner, {one: digests[one] for one in asked})
    return found | {one: error for one, error in answers.items() if isinstance(error, EngineError)}


def _stored(captioner: ModelVersion, digests: Mapping[Looked, str]) -> dict[Looked, Caption]:
    rows = Caption.objects.filter(
        model=captioner,
        image_sha256__in={one.sha256 for one in digests},
        question_sha256__in=set(digests.values()),
    )
    known = {(row.image_sha256, row.question_sha256): row for row in rows}
    return {one: known[key] for one, digest in digests.items() if (key := (one.sha256, digest)) in known}


def empty_all_of(project: Project) -> None:
    """Of a project that is deleted: what they ask holds its queries."""
    run("SELECT empty_captions_of(%s)", project.pk)
