"""Words on pictures as jobs: asked for when a picture comes in, read once a picture and reader, kept, cancelled and resumed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from catalogue.models import Image, PictureReading, PictureWords
from catalogue.pictures import images, reading_words, snapshot_words
from catalogue.pictures.printed_words import NotRead, ReadPicture
from jobs import leasing
from jobs.models import JobState
from projects.models import AuditEvent, Project
from tests.at_work import work_on
from tests.conftest import Cast
from tests.scripted_reader import ScriptedReader, line, painted, reads, scripted
from tests.world.rows import make_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> ScriptedReader:
    return scripted(monkeypatch, red=reads("BRAVO", "Apple juice"), green=NotRead("words_too_much"))


def work_all(project: Project) -> int:
    done = 0
    while some := reading_words.work_some(project):
        done += some
    return done


def told(image: Image) -> PictureWords:
    return PictureWords.objects.get(image=image)


def test_a_picture_that_comes_in_is_read_once(project: Project, reader: ScriptedReader) -> None:
    image = painted(project)
    assert work_all(project) == 1 and work_all(project) == 0
    row = told(image)
    assert (row.state, row.reader, row.reason) == ("read", "scripted 1", "")
    assert [one[0] for one in row.lines] == ["BRAVO", "Apple juice"] and row.seconds >= 0
    assert painted(project) == image and work_all(project) == 0 and reader.asked == ["red"]


def test_one_reader_reads_many_pictures_and_is_closed(project: Project, reader: ScriptedReader) -> None:
    for colour in ("red", "blue"):
        painted(project, colour)
    assert work_all(project) == 2
    assert sorted(reader.asked) == ["blue", "red"] and reader.closed == 1


def test_where_nothing_is_legible_that_is_kept_too(project: Project, reader: ScriptedReader) -> None:
    image = painted(project, "blue")
    work_all(project)
    assert (told(image).state, told(image).lines) == ("nothing", [])


def test_what_the_reader_gives_up_is_kept_with_its_reason_and_tried_again_when_asked(
    project: Project, reader: ScriptedReader
) -> None:
    image = painted(project, "green")
    work_all(project)
    assert (told(image).state, told(image).reason) == ("failed", "words_too_much")
    assert reading_words.want_all(project, None) == 0
    assert reading_words.want_all(project, None, again=True) == 1
    reader._told = {"green": reads("BRAVO")}
    work_all(project)
    assert list(PictureWords.objects.order_by("pk").values_list("state", flat=True)) == ["failed", "read"]


def test_a_picture_that_the_storage_has_lost_is_said_to_be_lost(
    project: Project, reader: ScriptedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = painted(project)
    monkeypatch.setattr(reading_words, "read_stored", lambda sha256, size: None)
    work_all(project)
    assert (told(image).state, told(image).reason) == ("failed", "picture_lost")
    [reason] = reading_words.reasons(project)
    assert (reason.text, reason.pictures) == ("the storage has lost the picture", 1)


def test_an_error_that_nobody_foresaw_costs_a_try_and_keeps_no_other_picture_out(
    project: Project, reader: ScriptedReader
) -> None:
    def stumbles() -> ReadPicture:
        raise ZeroDivisionError

    reader._told = {"red": stumbles, "blue": reads("ALPRO")}
    stumbled, other = painted(project), painted(project, "blue")
    work_all(project)
    assert PictureReading.objects.get(image=stumbled).state == JobState.FAILED
    assert told(other).state == "read" and not stumbled.words_read.exists()


def test_a_new_version_of_the_reader_reads_anew_when_asked(
    project: Project, reader: ScriptedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = painted(project)
    work_all(project)
    assert reading_words.want_all(project, None) == 0
    scripted(monkeypatch, "2", red=reads("BRAVO", "100 % fruit"))
    assert reading_words.want_all(project, None) == 1 and work_all(project) == 1
    assert list(image.words_read.order_by("pk").values_list("reader", flat=True)) == ["scripted 1", "scripted 2"]
    item = make_item(project=project, images=[image.sha256])
    assert item.current_snapshot.printed == snapshot_words.PrintedWords("BRAVO\n100 % fruit", ("scripted 2",))


def test_pictures_that_came_before_the_reader_are_read_when_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted(project)
    assert not PictureReading.objects.exists()
    scripted(monkeypatch, red=reads("BRAVO"))
    assert reading_words.want_all(project, None) == 1 and work_all(project) == 1


def test_a_look_at_a_file_asks_for_nothing(project: Project, reader: ScriptedReader) -> None:
    from tests.catalogue.pictures.test_images import picture

    images.add(project, "mug.png", picture(), keep=False)
    assert not PictureReading.objects.exists()


def test_what_is_cancelled_is_not_read_and_can_be_resumed(project: Project, reader: ScriptedReader) -> None:
    painted(project)
    assert reading_words.cancel(project, None) == 1 and work_all(project) == 0
    assert reading_words.progress(project).cancelled == 1
    assert reading_words.want_all(project, None) == 1 and work_all(project) == 1
    acts = list(AuditEvent.objects.values_list("act", "detail"))
    assert ("picture_words.cancelled", {"pictures": 1}) in acts and ("picture_words.wanted", {"pictures": 1}) in acts


def test_who_was_cancelled_in_the_middle_leaves_no_words(project: Project, reader: ScriptedReader) -> None:
    def cancelled_meanwhile() -> ReadPicture:
        reading_words.cancel(project, None)
        return reads("BRAVO")

    reader._told = {"red": cancelled_meanwhile}
    painted(project)
    work_all(project)
    assert not PictureWords.objects.exists() and reading_words.progress(project).cancelled == 1


def test_a_worker_without_a_reader_leaves_them_to_one_that_has_it(
    project: Project, reader: ScriptedReader, settings: Any
) -> None:
    image = painted(project)
    settings.PICTURE_READER = "none"
    work_on(reading_words.KIND, [PictureReading.objects.get(image=image).pk])
    row = PictureReading.objects.get(image=image)
    assert (row.state, row.attempts) == (JobState.QUEUED, 0) and not PictureWords.objects.exists()


def test_what_is_missing_is_said_with_how_to_get_it(project: Project, settings: Any, monkeypatch: Any) -> None:
    assert "LORE_PICTURE_READER" in reading_words.missing()
    settings.PICTURE_READER = "rapidocr"
    monkeypatch.setattr("catalogue.pictures.readers._known", {})
    assert 'pip install -e ".[pictures]"' in reading_words.missing()
    with pytest.raises(SystemExit):
        call_command("read_pictures", project=project.slug, wait=True)


def test_where_no_reader_is_pictures_are_left_to_a_worker_that_has_one(
    project: Project, reader: ScriptedReader, settings: Any
) -> None:
    painted(project, "blue")
    work_all(project)
    settings.PICTURE_READER = "none"
    painted(project)
    assert reading_words.want_all(project, None) == 1
    settings.PICTURE_READER = "scripted"
    assert work_all(project) == 1 and sorted(reader.asked) == ["blue", "red"]


def test_progress_counts_what_became_of_each_picture(project: Project, reader: ScriptedReader) -> None:
    for colour in ("red", "green", "blue"):
        painted(project, colour)
    assert reading_words.progress(project)._asdict() == {
        "pictures": 3, "read": 0, "nothing": 0, "failed": 0, "waiting": 3, "dead": 0, "cancelled": 0,
    }  # fmt: skip
    work_all(project)
    seen = reading_words.progress(project)
    assert (seen.read, seen.nothing, seen.failed, seen.waiting) == (1, 1, 1, 0) and seen.terminal
    assert reading_words.why_nothing(project, seen) is None


def test_where_every_picture_is_given_up_the_reason_is_told(project: Project, reader: ScriptedReader) -> None:
    painted(project, "green")
    work_all(project)
    why = reading_words.why_nothing(project, reading_words.progress(project))
    assert why is not None and why.code == "words_too_much" and why.sentence.startswith("0 of 1 pictures were read: ")


def test_words_read_off_pictures_are_append_only(project: Project, reader: ScriptedReader) -> None:
    image = painted(project)
    work_all(project)
    for change in (lambda: PictureWords.objects.update(lines=[]), lambda: PictureWords.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert told(image).state == "read"


def test_a_reader_reads_a_picture_once(project: Project, reader: ScriptedReader) -> None:
    image = painted(project)
    work_all(project)
    with pytest.raises(IntegrityError), transaction.atomic():
        PictureWords.objects.create(image=image, reader="scripted 1", state="nothing", seconds=0)


@pytest.mark.parametrize("wrong", [{"state": "read"}, {"state": "failed"}, {"state": "nothing", "reason": "x"}])
def test_words_are_read_or_a_reason_is_told(project: Project, reader: ScriptedReader, wrong: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PictureWords.objects.create(image=painted(project), reader="r", seconds=0, **wrong)


def test_a_reading_is_done_with_its_words(project: Project, reader: ScriptedReader) -> None:
    painted(project)
    with pytest.raises(IntegrityError), transaction.atomic():
        PictureReading.objects.update(state=JobState.DONE)


def test_what_another_project_has_read_is_neither_shown_nor_taken_over(
    project: Project, reader: ScriptedReader
) -> None:
    other = Project.objects.create(slug="other", name="Other")
    theirs = painted(other)
    work_all(other)
    ours = painted(project)
    assert ours.sha256 == theirs.sha256
    item = make_item(project=project, images=[ours.sha256])
    assert item.current_snapshot.printed == snapshot_words.NOBODY
    assert work_all(project) == 1 and reader.asked == ["red", "red"]


def test_the_words_reach_the_facts_of_the_item(project: Project, reader: ScriptedReader) -> None:
    reader._told = {"red": ReadPicture((line("BRAVO"), line("misread", confidence=0.5)))}
    image = painted(project)
    item = make_item(project=project, images=[image.sha256])
    assert item.current_snapshot.facts().picture_words == ""
    work_all(project)
    item.refresh_from_db()
    assert item.current_snapshot.facts().picture_words == "BRAVO"


def test_many_snapshots_ask_for_their_words_together(
    project: Project, reader: ScriptedReader, django_assert_num_queries: Any
) -> None:
    image = painted(project)
    work_all(project)
    items = [make_item(project=project, title=f"Juice {n}", images=[image.sha256]) for n in range(3)]
    plain = make_item(project=project, title="Cup")
    snapshots = [one.current_snapshot for one in (*items, plain)]
    with django_assert_num_queries(1):
        type(snapshots[0]).read_together(snapshots)
        assert [one.facts("id").picture_words for one in snapshots] == ["BRAVO\nApple juice"] * 3 + [""]
    with django_assert_num_queries(0):
        type(plain.current_snapshot).read_together([plain.current_snapshot])


def test_the_command_reads_and_answers_with_counts(project: Project, reader: ScriptedReader, capsys: Any) -> None:
    painted(project)
    painted(project, "blue")
    call_command("read_pictures", project=project.slug, wait=True)
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer.pop("seconds") >= 0
    assert answer == {
        "pictures": 2, "read": 1, "nothing": 1, "failed": 0, "waiting": 0, "dead": 0, "cancelled": 0,
    }  # fmt: skip


def test_a_job_that_ran_out_of_tries_is_dead_and_asked_for_again(project: Project, reader: ScriptedReader) -> None:
    image = painted(project)
    [claim] = leasing.claim_many(PictureReading, [PictureReading.objects.get(image=image).pk])
    leasing.fail_all(PictureReading, [claim], "unforeseen", retry=False)
    assert reading_words.progress(project).dead == 1
    assert reading_words.want_all(project, None) == 1 and work_all(project) == 1


def test_the_page_tells_how_far_reading_is_and_a_lead_orders_and_cancels_it(
    project: Project, reader: ScriptedReader, cast: Cast, client_for: Any
) -> None:
    url, client = reverse("pictures", args=["shoes"]), client_for(cast.lena)
    assert "Words on pictures" not in client.get(url).content.decode()
    for colour in ("red", "green"):
        painted(project, colour)
    assert "Cancel reading" in client.get(url).content.decode()
    client.post(f"{url}words/cancel/")
    assert reading_words.progress(project).cancelled == 2
    client.post(f"{url}words/read/")
    work_all(project)
    page = client.get(url).content.decode()
    assert "to read its words takes more time or memory than a picture may: 1" in page and "Read the words" in page


def test_the_page_says_what_is_missing(project: Project, cast: Cast, client_for: Any) -> None:
    painted(project)
    page = client_for(cast.lena).get(reverse("pictures", args=["shoes"])).content.decode()
    assert "Words on pictures are not read here: LORE_PICTURE_READER is none." in page
