"""What ends by time, and what does not: each row just older and just younger than its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from catalogue.importing import originals
from catalogue.models import Import
from database.statements import rows
from jobs import kinds
from projects import retention
from projects.models import AuditEvent, GuessCount, HourlyCount, OneTimeLink, Person, Project, RoleOffer

pytestmark = pytest.mark.django_db


def ago(**span: Any) -> Any:
    return timezone.now() - timedelta(**span)


def event(**span: Any) -> AuditEvent:
    return AuditEvent.objects.create(at=ago(**span), act="token.issued", object_id="7", detail={"name": "nightly"})


def test_the_details_of_old_events_end_and_who_did_what_when_stays(settings: Any) -> None:
    settings.AUDIT_DAYS = 100
    old, young = event(days=101), event(days=99)
    assert retention.end_by_time() == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.act, old.object_id, old.detail, young.detail) == ("token.issued", "7", {}, {"name": "nightly"})
    assert retention.end_by_time() == 0


def test_what_is_over_a_while_ago_ends_and_what_counts_stays(db: None) -> None:
    ana = Person.objects.create_person("ana")
    shoes = Project.objects.create(slug="shoes", name="Shoes")
    for days in (1, -1):
        Session.objects.create(session_key=f"s{days}", session_data="", expire_date=ago(days=days))
        GuessCount.objects.create(key=f"g{days}", failures=1, last_at=ago(days=1 + days))
        GuessCount.objects.create(key=f"w{days}", failures=1, last_at=ago(days=2), until=ago(hours=days))
        HourlyCount.objects.create(person=ana, kind=f"k{days}", since=ago(days=1, hours=days), made=1)
        RoleOffer.objects.create(
            project=shoes, username=f"o{days}", role="labeler", offered_by=ana, expires_at=ago(days=days)
        )
        for name, used in (("used", ago(days=7, hours=days)), ("unused", None)):
            OneTimeLink.objects.create(
                person=ana,
                token_sha256=f"{name}{days}",
                used_at=used,
                expires_at=ago(days=7, hours=days if not used else -1),
            )
    assert retention.end_by_time() == 7
    left = [
        Session.objects.values_list("pk"),
        GuessCount.objects.order_by("pk").values_list("pk"),
        HourlyCount.objects.values_list("kind"),
        OneTimeLink.objects.order_by("token_sha256").values_list("token_sha256"),
        RoleOffer.objects.values_list("username"),
    ]
    assert [[row[0] for row in some] for some in left] == [
        ["s-1"],
        ["g-1", "w-1"],
        ["k-1"],
        ["unused-1", "used-1"],
        ["o-1"],
    ]


def test_no_caller_of_the_door_clears_what_was_just_done() -> None:
    made = event(days=29)
    with pytest.raises(DatabaseError, match="30 days"), transaction.atomic():
        rows("SELECT end_audit_details(29)")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lore.forgetting', 'on', true)")
        cursor.execute("UPDATE projects_auditevent SET detail = '{}'")
    made.refresh_from_db()
    assert made.detail == {"name": "nightly"}


def test_uploaded_files_go_a_while_after_their_import_has_ended(project: Project, settings: Any) -> None:
    settings.UPLOAD_DAYS = 10

    def upload(state: str, *, confirmed: bool = True, **span: Any) -> Import:
        place = default_storage.save("imports/of-a-test", ContentFile(b"{}"))
        more = default_storage.save("imports/of-a-test", ContentFile(b"{}"))
        ended = None if state == "queued" else ago(**span)
        return Import.objects.create(
            project=project, kind="pairs", file_name="a", stored_as=place, mapping={"further": [["b", more]]},
            confirmed=confirmed, state=state, finished_at=ended, created_at=ago(**span),
        )  # fmt: skip

    over = [upload("done", days=11), upload("cancelled", days=11), upload("queued", confirmed=False, days=11)]
    kept = [upload("done", days=9), upload("queued", days=11), upload("queued", confirmed=False, days=9)]
    assert originals.end_by_time() == 3 and originals.end_by_time() == 0
    for batch in (*over, *kept):
        place, further = batch.stored_as, batch.mapping["further"][0][1]
        assert [default_storage.exists(place), default_storage.exists(further)] == [batch in kept] * 2
    assert set(Import.objects.filter(stored_as="").values_list("pk", flat=True)) == {batch.pk for batch in over}
    assert Import.objects.get(pk=over[2].pk).state == "cancelled"


def test_workers_see_to_it_once_a_day() -> None:
    done = {chore.do: chore.seconds for chore in kinds.chores([kinds.DEFAULT_QUEUE])}
    assert (done[retention.end_by_time], done[originals.end_by_time]) == (86400, 86400)
