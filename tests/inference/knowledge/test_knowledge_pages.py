"""The pages of knowledge: every role reads, some write, nothing is lost, and a query shows what it would be told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inference.knowledge import file_jobs
from inference.knowledge.files import KnowledgeCounts, import_file
from inference.knowledge.forms import UPLOAD_BYTES
from inference.knowledge.history import add_or_change, retire, written
from inference.models import KnowledgeCard, KnowledgeImport, KnowledgeRevision
from jobs import leasing
from projects.models import AuditEvent, Person, Project
from tests.conftest import Cast

ClientFor = Callable[[Person], Client]
PAGE = "/p/shoes/knowledge/"
CARD = {"kind": "term", "key": "早C晚A", "text": "vitamin C in the morning, retinol at night", "seen": 0}
WRITERS = ("rosa", "max", "lena")
READERS = ("ana", "ada", "otto")


@pytest.fixture
def lena(cast: Cast, client_for: ClientFor) -> Client:
    return client_for(cast.lena)


@pytest.fixture
def card(project: Project, cast: Cast) -> KnowledgeCard:
    return add_or_change(project, written("term", "早C晚A", "vitamin C, retinol", source="beauty"), cast.rosa)[0]


def page_of(card: KnowledgeCard) -> str:
    return f"{PAGE}{card.pk}/"


def text_of(response: Any) -> str:
    return str(response.content.decode())


def many(project: Project, count: int) -> None:
    for number in range(count):
        add_or_change(project, written("term", f"key {number:03}", "text"), None)


def shown(response: Any) -> list[str]:
    return [card.key for card in response.context["cards"]]


def bring(client: Client, data: str, name: str = "cards.jsonl") -> Any:
    """The answer, or the page of the import once it is done."""
    answer = client.post(f"{PAGE}import/", {"file": SimpleUploadedFile(name, data.encode())})
    if answer.status_code != 302:
        return answer
    worked(KnowledgeImport.objects.latest("pk"))
    return client.get(answer["Location"])


def worked(batch: KnowledgeImport) -> None:
    token = leasing.claim(KnowledgeImport, batch.pk)
    assert token is not None
    file_jobs.work(batch.pk, token)


def test_the_empty_list_says_what_to_do(lena: Client, cast: Cast, client_for: ClientFor) -> None:
    assert "Write the first card" in text_of(lena.get(PAGE))
    reader = text_of(client_for(cast.ana).get(PAGE))
    assert "Leads, rule owners and ML engineers" in reader and 'type="file"' not in reader


def test_every_role_reads_and_only_some_write(card: KnowledgeCard, cast: Cast, client_for: ClientFor) -> None:
    for name in READERS + WRITERS:
        client = client_for(getattr(cast, name))
        assert [client.get(path).status_code for path in (PAGE, page_of(card))] == [200, 200], name
    wording = {"text": "changed", "seen": 1}
    batch = uploaded(client_for(cast.lena), json.dumps(CARD | {"key": "other"}))
    for name in READERS:
        client = client_for(getattr(cast, name))
        tried = [
            client.get(f"{PAGE}new/"),
            client.post(f"{PAGE}new/", CARD),
            client.post(page_of(card), wording),
            client.post(page_of(card), {"act": "retire"}),
            bring(client, json.dumps(CARD)),
            client.get(f"{PAGE}imports/{batch.pk}/"),
            client.post(f"{PAGE}imports/{batch.pk}/"),
            client.get(f"{PAGE}imports/{batch.pk}/rejected.csv"),
        ]
        assert {answer.status_code for answer in tried} == {404}, name
        assert "textarea" not in text_of(client.get(page_of(card)))
    card.refresh_from_db()
    assert (card.text, card.retired) == ("vitamin C, retinol", False)


def test_a_stranger_finds_nothing(card: KnowledgeCard, cast: Cast, client_for: ClientFor) -> None:
    assert client_for(cast.eve).get(page_of(card)).status_code == 404
    other = Project.objects.create(slug="boots", name="Boots")
    foreign = add_or_change(other, written("term", "mug", "a cup"), None)[0]
    assert client_for(cast.lena).get(page_of(foreign)).status_code == 404
    assert client_for(cast.lena).post(page_of(foreign), {"act": "retire"}).status_code == 404


def test_a_card_is_written_and_its_query_shows_it_with_score_and_why(lena: Client) -> None:
    answer = lena.post(f"{PAGE}new/", CARD)
    card = KnowledgeCard.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page_of(card))
    page = text_of(lena.get(PAGE, {"query": "早c晚a精华套装"}))
    assert "the key stands in the query" in page and "3.50" in page and page_of(card) in page
    assert "a model would be told nothing" in text_of(lena.get(PAGE, {"query": "red mug"}))


def test_a_second_card_of_the_same_key_is_refused(lena: Client, card: KnowledgeCard) -> None:
    answer = lena.post(f"{PAGE}new/", {**CARD, "key": " 早c晚a "})
    assert answer.status_code == 422 and "already" in text_of(answer)
    assert KnowledgeRevision.objects.count() == 1


@pytest.mark.parametrize("change", [{"kind": "rumour"}, {"key": " "}, {"text": ""}, {"clicks": "-1"}, {"locale": "?"}])
def test_a_card_that_cannot_be_is_refused_at_its_field(change: dict[str, str], lena: Client) -> None:
    answer = lena.post(f"{PAGE}new/", {**CARD, **change})
    assert answer.status_code == 422 and list(answer.context["form"].errors) == list(change)
    assert not KnowledgeCard.objects.exists()


def test_a_change_stands_in_the_history_and_the_audit_log(lena: Client, cast: Cast, card: KnowledgeCard) -> None:
    lena.post(page_of(card), {"text": "changed", "source": "beauty", "item_ids": "a, b c\nd", "clicks": "3", "seen": 1})
    card.refresh_from_db()
    assert (card.text, card.item_ids, card.clicks, card.revision) == ("changed", ["a", "b c", "d"], 3, 2)
    response = lena.get(page_of(card))
    assert [step.changed for step in response.context["history"]] == [["text", "items", "clicks"], ["new"]]
    assert "Rosa" in text_of(response) and "vitamin C, retinol" in text_of(response)
    assert AuditEvent.objects.filter(act="knowledge.written", actor=cast.lena, detail__revision=2).exists()


def test_saving_what_stands_there_changes_nothing(lena: Client, card: KnowledgeCard) -> None:
    form = lena.get(page_of(card)).context["form"]
    typed = {name: value for name, value in form.initial.items() if value is not None}
    assert "says this already" in text_of(lena.post(page_of(card), typed, follow=True))
    assert KnowledgeRevision.objects.count() == 1


def test_of_two_who_change_a_card_the_second_is_told(lena: Client, card: KnowledgeCard) -> None:
    lena.post(page_of(card), {"text": "first", "seen": 1})
    answer = lena.post(page_of(card), {"text": "second", "seen": 1})
    assert answer.status_code == 422 and "Someone else changed this card" in text_of(answer)
    assert "second" in text_of(answer), "what was typed stays on the page"
    card.refresh_from_db()
    assert card.text == "first"


def test_a_card_is_retired_and_used_again(lena: Client, cast: Cast, card: KnowledgeCard) -> None:
    lena.post(page_of(card), {"act": "retire"})
    assert "Use it again" in text_of(lena.get(page_of(card)))
    assert shown(lena.get(PAGE)) == [] and shown(lena.get(PAGE, {"state": "retired"})) == ["早C晚A"]
    lena.post(page_of(card), {"act": "restore"})
    assert shown(lena.get(PAGE)) == ["早C晚A"]
    acts = AuditEvent.objects.filter(actor=cast.lena).order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["knowledge.retired", "knowledge.restored"]


def test_the_list_is_filtered_by_key_kind_language_and_state(project: Project, cast: Cast, lena: Client) -> None:
    add_or_change(project, written("term", "Red Mug", "x", locale="en"), None)
    gone = add_or_change(project, written("category", "mugs", "x"), None)[0]
    retire(gone, cast.lena)
    assert shown(lena.get(PAGE, {"q": "RED  mug"})) == ["Red Mug"]
    assert shown(lena.get(PAGE, {"q": "mug", "state": "all"})) == ["mugs", "Red Mug"]
    assert shown(lena.get(PAGE, {"kind": "category", "state": "retired"})) == ["mugs"]
    assert shown(lena.get(PAGE, {"locale": "EN"})) == ["Red Mug"] and shown(lena.get(PAGE, {"locale": "zh"})) == []


def test_pages_go_on_behind_the_last_card_and_back(project: Project, lena: Client) -> None:
    many(project, 120)
    first = lena.get(PAGE, {"q": "key"})
    second = lena.get(PAGE + first.context["older_url"])
    third = lena.get(PAGE + second.context["older_url"])
    assert [shown(page)[0] for page in (first, second, third)] == ["key 000", "key 050", "key 100"]
    assert (first.context["newer_url"], third.context["older_url"], len(shown(third))) == ("", "", 20)
    again = lena.get(PAGE + third.context["newer_url"])
    assert shown(again) == shown(second)
    start = lena.get(PAGE + again.context["newer_url"])
    assert shown(start) == shown(first) and start.context["newer_url"] == ""


@pytest.mark.parametrize(
    "query", [{"kind": "text__x"}, {"after": "1; DROP"}, {"before": "9" * 30}, {"query": "x" * 201}]
)
def test_a_filter_that_is_none_is_refused(query: dict[str, str], card: KnowledgeCard, lena: Client) -> None:
    assert lena.get(PAGE, query).status_code == 400


def test_a_file_goes_in_and_its_bad_rows_are_listed_and_come_as_csv(lena: Client, cast: Cast) -> None:
    rows = [{"kind": "term", "key": "mug", "text": "a cup"}, {"kind": "=cmd", "key": "x", "text": "\ud800<b>"}]
    page = bring(lena, "\n".join(map(json.dumps, rows)))
    assert page.status_code == 200 and (page.context["counts"].new, page.context["counts"].rejected) == (1, 1)
    assert "must be one of" in text_of(page) and "&lt;b&gt;" in text_of(page)
    assert AuditEvent.objects.filter(act="knowledge.imported", actor=cast.lena, detail__new=1).exists()
    answer = lena.get(f"{PAGE}imports/{page.context['batch'].pk}/rejected.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8" and "attachment" in answer["Content-Disposition"]
    assert text_of(answer).splitlines()[1].startswith('2,kind,"must be one of: term')


def uploaded(client: Client, data: str) -> KnowledgeImport:
    client.post(f"{PAGE}import/", {"file": SimpleUploadedFile("cards.jsonl", data.encode())})
    return KnowledgeImport.objects.latest("pk")


def cards(count: int) -> str:
    return "\n".join(json.dumps({"kind": "term", "key": f"key {number}", "text": "text"}) for number in range(count))


def test_a_file_waits_for_a_worker_and_its_page_says_how_far_it_is(lena: Client, cast: Cast) -> None:
    batch = uploaded(lena, cards(3))
    assert not KnowledgeCard.objects.exists()
    page = text_of(lena.get(f"{PAGE}imports/{batch.pk}/"))
    assert "queued" in page and 'hx-trigger="every 1s"' in page
    worked(batch)
    page = text_of(lena.get(f"{PAGE}imports/{batch.pk}/"))
    assert "The file is in." in page and 'hx-trigger="every 1s"' not in page
    assert not default_storage.exists(batch.stored_as), "nobody reads it any more"


def test_an_import_that_is_cancelled_brings_nothing_more(lena: Client) -> None:
    batch = uploaded(lena, cards(3))
    assert lena.post(f"{PAGE}imports/{batch.pk}/").status_code == 302
    batch.refresh_from_db()
    assert batch.state == "cancelled" and not default_storage.exists(batch.stored_as)


def test_an_import_that_is_cut_short_goes_on_behind_what_is_in(
    lena: Client, monkeypatch: pytest.MonkeyPatch, cast: Cast
) -> None:
    """Killed after each thousand: no card is left out, none is written twice, and each row is counted once."""
    monkeypatch.setattr("inference.knowledge.history.AT_ONCE", 10)
    rows = cards(35).split("\n")
    batch = uploaded(lena, "\n".join([*rows[:12], "{", *rows[12:], "{"]))
    token = leasing.claim(KnowledgeImport, batch.pk)
    assert token is not None
    while batch.read < 20:
        with pytest.raises(Killed), default_storage.open(batch.stored_as) as file:
            counts, noted = file_jobs.counts_of(batch), file_jobs._note
            import_file(batch.project, file, "x.jsonl", None, so_far=counts, heard=once(batch, token, noted))
        batch.refresh_from_db()
    file_jobs.work(batch.pk, token)
    batch.refresh_from_db()
    assert (batch.state, batch.read, batch.new, batch.same, batch.rejected) == ("done", 37, 35, 0, 2)
    assert KnowledgeCard.objects.count() == KnowledgeRevision.objects.count() == 35


class Killed(Exception): ...


def once(batch: KnowledgeImport, token: Any, note: Callable[..., None]) -> Callable[..., None]:
    """The first chunk is written and noted, the second is not."""
    heard: list[int] = []

    def hear(counts: KnowledgeCounts) -> None:
        if heard:
            raise Killed
        heard.append(1)
        note(batch, token, counts)

    return hear


def test_the_request_is_over_before_the_cards_are_read(lena: Client) -> None:
    """20,000 of them took 7.3 s within it."""
    with CaptureQueriesContext(connection) as queries:
        assert (
            lena.post(f"{PAGE}import/", {"file": SimpleUploadedFile("c.jsonl", cards(20_000).encode())}).status_code
            == 302
        )
    assert len(queries) < 20 and not KnowledgeCard.objects.exists()


@pytest.mark.parametrize(
    ("data", "says"),
    [("[]", "one JSON list"), ("x" * (UPLOAD_BYTES + 1), "larger than 5 MB"), ("\n" * 20_001, "more than 20000 rows")],
)
def test_a_file_that_is_none_or_too_large_is_refused(data: str, says: str, lena: Client) -> None:
    page = bring(lena, data)
    assert page.status_code == 422 and says in text_of(page)
    assert not KnowledgeCard.objects.exists()


def test_what_a_card_says_is_escaped(project: Project, lena: Client) -> None:
    evil = "<script>alert(1)</script>"
    card = add_or_change(project, written("term", evil, evil, source=evil, item_ids=[evil]), None)[0]
    for path in (PAGE, page_of(card), f"{PAGE}?query={evil}"):
        assert evil not in text_of(lena.get(path))


def test_the_home_page_leads_there(lena: Client, cast: Cast) -> None:
    assert PAGE in text_of(lena.get("/"))
