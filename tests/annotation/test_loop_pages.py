"""The pages of judging, disputes, hard sets, exports, agreement and pairs: who sees what."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from annotation.curation import exporting, hard_sets
from annotation.gold import settling
from annotation.judging import card, queue
from annotation.models import BadCase, Disagreement, Export, Judgment
from catalogue.models import Pair
from jobs import leasing
from projects.models import Person, Project
from tests.conftest import Cast
from tests.world.rows import make_item, make_judgment, make_pair, make_prediction, make_rule_base, make_slots

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Person], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def pair(project: Project) -> Pair:
    make_rule_base()
    pair = make_pair(project=project, item=make_item(project=project, cpv=[["colour", "blue"]]))
    make_slots(pair=pair)
    make_prediction(pair=pair, label="L2")
    return pair


def set_mode(project: Project, mode: str) -> None:
    Project.objects.filter(pk=project.pk).update(mode=mode)


def submit(client: Client, person: Person, project: Project, **fields: str) -> Any:
    lease = queue.take(person, Project.objects.get(pk=project.pk))
    assert lease is not None
    data = {"idempotency_key": str(uuid.uuid4()), **fields}
    return client.post(f"/p/shoes/judge/{lease.token}/", data, headers=HTMX)


@pytest.mark.parametrize("mode", ["blind", "facts", "reveal"])
def test_no_prediction_is_on_the_page_before_the_own_answer(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor, mode: str
) -> None:
    set_mode(project, mode)
    response = client_for(cast.ana).get("/p/shoes/judge/")
    page = response.content.decode()
    assert "red mug" in page
    for trace in ("confidence", "0.91", "91 %", "has not learnt"):
        assert trace not in page
    headers = str(response.headers)
    assert "L2" not in headers


def test_a_blind_page_holds_no_grid_and_no_rule(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    facts = client_for(cast.ana).get("/p/shoes/judge/").content.decode()
    set_mode(project, "blind")
    blind = client_for(cast.ben).get("/p/shoes/judge/").content.decode()
    assert "R-001" in facts
    assert "R-001" not in blind
    assert "<mark" in facts
    assert "<mark" not in blind


def test_reveal_answers_with_the_prediction_after_the_own_label(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    set_mode(project, "reveal")
    page = submit(client_for(cast.ana), cast.ana, project, choice="L4").content.decode()
    assert "91" in page
    assert "keep" in page


def test_what_was_undone_is_not_counted_as_done(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    client = client_for(cast.ana)
    submit(client, cast.ana, project, choice="L4")
    assert card.progress(cast.ana, project) == {"done_today": 1, "left": 0, "total": 1}
    client.post("/p/shoes/judge/undo/", {"token": ""}, headers=HTMX)
    assert card.progress(cast.ana, project)["done_today"] == 0
    submit(client, cast.ana, project, choice="L3")
    assert card.progress(cast.ana, project)["done_today"] == 1


def test_a_wrong_form_is_refused_and_stores_nothing(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    response = submit(client_for(cast.ana), cast.ana, project, choice="")
    assert response.status_code == 422
    assert Judgment.objects.count() == 0


def test_without_htmx_a_submit_redirects(pair: Pair, project: Project, cast: Cast, client_for: ClientFor) -> None:
    lease = queue.take(cast.ana, project)
    assert lease is not None
    data = {"idempotency_key": str(uuid.uuid4()), "choice": "L4"}
    response = client_for(cast.ana).post(f"/p/shoes/judge/{lease.token}/", data)
    assert (response.status_code, response.headers["Location"]) == (302, "/p/shoes/judge/")


def test_a_foreign_token_is_not_found(pair: Pair, project: Project, cast: Cast, client_for: ClientFor) -> None:
    lease = queue.take(cast.ana, project)
    assert lease is not None
    data = {"idempotency_key": str(uuid.uuid4()), "choice": "L4"}
    assert client_for(cast.ben).post(f"/p/shoes/judge/{lease.token}/", data).status_code == 404
    assert client_for(cast.ben).post(f"/p/shoes/judge/{uuid.uuid4()}/", data).status_code == 404


def test_flagging_from_the_card_opens_a_bad_case(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    lease = queue.take(cast.ana, project)
    assert lease is not None
    client = client_for(cast.ana)
    client.post(f"/p/shoes/judge/{lease.token}/flag/", {"reason": "data", "note": "x"}, headers=HTMX)
    case = BadCase.objects.get()
    assert (case.cause, case.reported_by) == ("data", cast.ana)
    assert "wrote a note" not in client.get(f"/p/shoes/bad-cases/{case.pk}/").content.decode()


def test_an_adjudicator_reads_no_opinions_of_a_pair_still_open_to_them(
    pair: Pair, cast: Cast, client_for: ClientFor
) -> None:
    make_judgment(pair=pair, by=cast.ana, label="L4", note="my secret reason")
    url = f"/p/shoes/pairs/{pair.pk}/"
    assert "my secret reason" not in client_for(cast.ada).get(url).content.decode()
    assert "my secret reason" in client_for(cast.lena).get(url).content.decode()


def test_names_of_judges_are_for_the_lead(pair: Pair, cast: Cast, client_for: ClientFor) -> None:
    make_judgment(pair=pair, by=cast.ana, label="L4")
    url = f"/p/shoes/pairs/{pair.pk}/"
    assert "<bdi hx-ignore>Ana</bdi>" in client_for(cast.lena).get(url).content.decode()
    assert "<bdi hx-ignore>Ana</bdi>" not in client_for(cast.max).get(url).content.decode()


def test_a_pair_says_in_the_readers_language_how_it_was_judged(pair: Pair, cast: Cast, client_for: ClientFor) -> None:
    make_judgment(pair=pair, by=cast.ana, mode="facts")
    for language, told in (("en", "<td>facts</td>"), ("zh-hans", "<td>事实</td>")):
        page = client_for(cast.lena).get(f"/p/shoes/pairs/{pair.pk}/", headers={"Accept-Language": language})
        assert told in page.content.decode()


def test_a_dispute_is_settled_from_its_page(pair: Pair, cast: Cast, client_for: ClientFor) -> None:
    make_judgment(pair=pair, by=cast.ana, label="L4")
    make_judgment(pair=pair, by=cast.ben, label="L1")
    settling.settle(pair.project, [pair.pk])
    dispute = Disagreement.objects.get()
    client = client_for(cast.ada)
    assert "red mug" in client.get("/p/shoes/disputes/").content.decode()
    url = f"/p/shoes/disputes/{dispute.pk}/"
    refused = client.post(url, {"idempotency_key": str(uuid.uuid4()), "label": "L2"})
    assert refused.status_code == 422
    client.post(url, {"idempotency_key": str(uuid.uuid4()), "label": "L2", "mismatch": "colour"})
    assert Pair.objects.get(pk=pair.pk).gold_label == "L2"
    assert "Ana" in client.get(url).content.decode()


def test_a_hard_set_is_frozen_and_read(project: Project, cast: Cast, client_for: ClientFor) -> None:
    make_prediction(pair=make_pair(project=project), contradicts=["chain_label"])
    client = client_for(cast.max)
    assert client.get("/p/shoes/hard-sets/").status_code == 200
    response = client.post("/p/shoes/hard-sets/", {"name": "autumn"}, follow=True)
    assert "the prediction contradicts itself" in response.content.decode()
    hard_set = project.hard_sets.get()
    assert hard_sets.counts_by_reason(hard_set) == {"contradiction": 1}


def test_an_export_is_requested_watched_and_downloaded(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    pair.golds.create(label="L4", ground="import", batch=pair.batch, snapshot=pair.item.current_snapshot)
    client = client_for(cast.max)
    client.post("/p/shoes/exports/", {"kind": "sft"})
    export = Export.objects.get()
    url = f"/p/shoes/exports/{export.pk}/"
    assert "No worker is running" in client.get(url).content.decode()
    assert client.get(f"{url}files/manifest.json").status_code == 404
    token = leasing.claim(Export, export.pk)
    assert token is not None
    exporting.work(export.pk, token)
    page = client.get(url).content.decode()
    assert "label only: the chain ends in another label" in page
    downloaded = client.get(f"{url}files/manifest.json")
    assert b'"why_no_chain"' in b"".join(downloaded.streaming_content)  # type: ignore[arg-type]
    assert client_for(cast.ana).get(f"{url}files/manifest.json").status_code == 404


@pytest.mark.parametrize("path", ["", "pairs/", "agreement/", "bad-cases/", "disputes/", "judge/", "hard-sets/"])
def test_an_empty_project_says_what_to_do(project: Project, cast: Cast, client_for: ClientFor, path: str) -> None:
    response = client_for(cast.ada).get(f"/p/shoes/{path}")
    assert response.status_code == 200


def test_the_project_page_counts_along_the_loop(pair: Pair, cast: Cast, client_for: ClientFor) -> None:
    page = client_for(cast.lena).get("/p/shoes/").content.decode()
    for word in ("Import", "Pre-label", "Judge", "Disagree", "Gold", "Hard sets", "Export"):
        assert word in page


def test_pairs_are_found_by_text_filter_and_label(
    pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    make_pair(project=project, query="green lamp", item=make_item(project=project, title="Lamp"))
    client = client_for(cast.lena)
    assert "green lamp" not in client.get("/p/shoes/pairs/?text=red").content.decode()
    assert "green lamp" not in client.get("/p/shoes/pairs/?only=predicted").content.decode()
    assert "No pair matches" in client.get("/p/shoes/pairs/?label=L1").content.decode()
    assert client.get("/p/shoes/pairs/?only=query__project&before=x").status_code == 200


def test_the_project_page_tells_nobody_who_judges_how_their_answer_fell(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    """Without this an answer, a look at "disagreements open" and Undo would read the colleague's label, label by label."""
    make_rule_base()
    for n, gold in enumerate(("L4", "L4", "L1")):
        make_pair(project=project, item=make_item(project=project, external_id=f"g{n}"), gold_label=gold)
    counts = '<b>3</b><span class="meta">pairs settled'
    assert counts in client_for(cast.lena).get("/p/shoes/").content.decode()
    for person in (cast.ana, cast.ada):
        page = client_for(person).get("/p/shoes/").content.decode()
        assert "not told to who judges" in page
        assert "disagreements open" not in page
        assert counts not in page
