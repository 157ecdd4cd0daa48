"""Words printed on pictures, read once a picture by jobs: asked for when a picture comes in, worked on where a reader is.

What a reader gives up is said with its reason and tried again only when somebody asks; a new version of the reader reads anew
when `want_all` is called.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import Image, PictureReading, PictureWords
from catalogue.pictures import readers
from catalogue.pictures.images import read_stored
from catalogue.pictures.printed_words import NotRead, PictureReader, ReadPicture, to_json
from database.clock import ClockTimestamp
from database.statements import run
from jobs import leasing, working
from jobs.kinds import PICTURE_QUEUE, Kind
from jobs.leasing import Claim
from jobs.models import JobState
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import TotalFailure

logger = logging.getLogger(__name__)
TOGETHER = 16  # pictures that one child reads, one after the other
WAIT_FOR_READER = 60.0
WHY = {
    "words_too_much": gettext_lazy("to read its words takes more time or memory than a picture may"),
    "picture_lost": gettext_lazy("the storage has lost the picture"),
}
State = PictureWords.State


def missing() -> str:
    """What is to be done before words are read; '' where they are."""
    if readers.name():
        return ""
    if not readers.is_wanted():
        return _("Words on pictures are not read here: LORE_PICTURE_READER is none.")
    return _('Words on pictures are not read: rapidocr is not installed. It comes with pip install -e ".[pictures]".')


def want(image: Image) -> None:
    """A picture has come in. Without a reader nothing is asked for: rows that nobody works on would look like work."""
    if readers.name():
        PictureReading.objects.get_or_create(image=image, defaults={"project_id": image.project_id})


def want_all(project: Project, by: Person | None, *, again: bool = False) -> int:
    """Every picture of the project that the reader here has not read; `again`: also those that it gave up.

    Where none is, those that no reader has read: it may be where the work is done.
    """
    # Without ON CONFLICT a picture that comes in meanwhile would undo them all.
    run(
        """INSERT INTO catalogue_picturereading (project_id, image_id, error, attempts, state)
           SELECT project_id, id, '', 0, 'queued' FROM catalogue_image WHERE project_id = %s ON CONFLICT DO NOTHING""",
        project.pk,
    )
    told = PictureWords.objects.filter(image=OuterRef("image"))
    if reader := readers.name():
        told = told.filter(reader=reader)
    old = PictureReading.objects.filter(~Exists(told.exclude(state=State.FAILED) if again else told), project=project)
    old.filter(state__in=(JobState.DONE, JobState.DEAD, JobState.CANCELLED)).update(
        state=JobState.QUEUED, attempts=0, vanished=0, due_at=ClockTimestamp(), finished_at=None, error=""
    )
    asked = waiting(project).count()
    if asked:
        record(by, "picture_words.wanted", project=project, pictures=asked)
    return asked


def waiting(project: Project) -> QuerySet[PictureReading]:
    return PictureReading.objects.filter(project=project, state__in=leasing.LIVE)


def cancel(project: Project, by: Person | None) -> int:
    """Stop what has not been read; what has been stays."""
    cancelled = leasing.cancel(PictureReading.objects.filter(project=project))
    if cancelled:
        record(by, "picture_words.cancelled", project=project, pictures=cancelled)
    return cancelled


def work(claims: Sequence[Claim]) -> None:
    if not readers.name():  # read elsewhere, by a worker that has one
        leasing.put_back(PictureReading, claims, WAIT_FOR_READER)
        return
    with leasing.kept(PictureReading, claims), closing(readers.opened()) as reader:
        for claim in claims:
            _read(reader, claim)


KIND = Kind("picture_words", gettext_lazy("words on a picture"), PictureReading, work, PICTURE_QUEUE, TOGETHER)


def work_some(project: Project) -> int:
    """One child's worth of a project's due jobs, for a process that is no worker; 0 when nothing is due now."""
    return working.work_some(KIND, Q(project=project))


def _read(reader: PictureReader, claim: Claim) -> None:
    row = leasing.held_by(PictureReading, claim.job_id, claim.token).select_related("image").first()
    if row is None:  # cancelled while the ones before were read
        return
    began = time.monotonic()
    try:
        told: ReadPicture | NotRead = _read_by(reader, row.image)
    except NotRead as given_up:
        told = given_up
    except Exception as error:
        logger.exception("picture %d was not read", row.image_id)
        leasing.fail(row, claim.token, error)
        return
    _keep(row, claim, reader.name, told, time.monotonic() - began)


def _read_by(reader: PictureReader, image: Image) -> ReadPicture:
    picture = read_stored(image.sha256, "large")
    if picture is None:
        raise NotRead("picture_lost")
    return reader.read(picture)


def _keep(row: PictureReading, claim: Claim, reader: str, told: ReadPicture | NotRead, seconds: float) -> None:
    """Written only while the job is ours: who has cancelled it, or taken it over, gets no words from us."""
    with transaction.atomic():
        if leasing.still_ours(PictureReading, [claim]):
            leasing.finish(row, claim.token, words=_words(row.image, reader, told, round(seconds, 3)))


def _words(image: Image, reader: str, told: ReadPicture | NotRead, seconds: float) -> PictureWords:
    if isinstance(told, NotRead):
        return PictureWords.objects.create(
            image=image, reader=reader, state=State.FAILED, reason=told.code, seconds=seconds
        )
    lines = to_json(told.lines)
    said = {"lines": lines, "language": told.language, "seconds": seconds}
    state = State.READ if lines else State.NOTHING
    # Without the exclusion a second reading by the same version, ordered by hand, would fail instead of saying the same.
    row, _new = PictureWords.objects.exclude(state=State.FAILED).get_or_create(
        image=image, reader=reader, defaults={"state": state, **said}
    )
    return row


class ReadingProgress(NamedTuple):
    """`read` pictures have words, on `nothing` none is legible, `failed` ones the reader gave up; `dead` jobs failed otherwise."""

    pictures: int
    read: int
    nothing: int
    failed: int
    waiting: int
    dead: int
    cancelled: int

    @property
    def terminal(self) -> bool:
        return self.waiting == 0

    @property
    def seen(self) -> int:
        return self.read + self.nothing

    @property
    def given_up(self) -> int:
        return self.failed + self.dead


def progress(project: Project) -> ReadingProgress:
    rows = PictureReading.objects.filter(project=project)
    states = {
        (state, words): n
        for state, words, n in rows.values_list("state", "words__state").annotate(n=Count("pk")).order_by()
    }

    def of(*wanted: str, words: str | None = None) -> int:
        return sum(n for (state, told), n in states.items() if state in wanted and words in (None, told))

    return ReadingProgress(
        pictures=Image.objects.filter(project=project).count(),
        read=of(JobState.DONE, words=State.READ),
        nothing=of(JobState.DONE, words=State.NOTHING),
        failed=of(JobState.DONE, words=State.FAILED),
        waiting=of(*leasing.LIVE),
        dead=of(JobState.DEAD),
        cancelled=of(JobState.CANCELLED),
    )


def why_nothing(project: Project, seen: ReadingProgress) -> TotalFailure | None:
    """Why of what was asked for nothing at all was read."""
    if seen.read or seen.nothing or seen.waiting or not seen.failed + seen.dead:
        return None
    codes = PictureReading.objects.filter(project=project, state=JobState.DONE).values_list("words__reason")
    code, pictures = codes.annotate(n=Count("pk")).order_by("-n", "words__reason").first() or ("", seen.dead)
    said = _("0 of %(pictures)s pictures were read: %(reason)s (%(shared)s of them).")
    told = {"pictures": seen.pictures, "reason": why(code), "shared": pictures}
    return TotalFailure(code or "unforeseen", said % told)


class UnreadReason(NamedTuple):
    text: str
    pictures: int


def reasons(project: Project) -> list[UnreadReason]:
    """Why the reader gave pictures up, the most frequent first."""
    rows = PictureReading.objects.filter(project=project, state=JobState.DONE, words__state=State.FAILED)
    found = rows.values_list("words__reason").annotate(n=Count("pk")).order_by("-n", "words__reason")
    return [UnreadReason(why(code), n) for code, n in found]


def why(code: str) -> str:
    """For people."""
    return str(WHY.get(code, gettext_lazy("reading it failed")))
