"""Pictures by address, from the row of an import to the card: jobs, the list of hosts, what pages and models see."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Count
from django.test import Client
from django.urls import reverse

from catalogue import display
from catalogue.child_processes import Child
from catalogue.importing.meaning.inspecting import Origin
from catalogue.importing.meaning.presets import ITEMS, PAIRS
from catalogue.importing.running import Plan, counts_of, run_here
from catalogue.importing.storing import ImportCounts
from catalogue.models import Image, Import, Pair, PictureFetch, PictureSource, Snapshot
from catalogue.pictures import allowed_hosts, fetching, snapshot_pictures
from inference.prelabel import model_context
from jobs import heartbeats, leasing, working
from jobs.kinds import PICTURE_QUEUE
from projects.models import AuditEvent, Project
from tests.at_work import work_on
from tests.conftest import ROOT, Cast
from tests.drills.scale import size
from tests.picture_servers import Server, endless, picture, running, says
from tests.world.rows import make_import, make_item, make_model, make_pair, make_slots

HOST = "pictures.example.com"
COLUMNS = {name: name for name in ("query", "item_id", "title", "images", "label")}
SignIn = Callable[[Any], Client]


def at(path: str, host: str = HOST) -> str:
    return f"http://{host}/{path}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The whole net, as the fetching process sees it."""
    with running({"/red.png": says("200 OK", picture("red")), "/blue.png": says("200 OK", picture("blue"))}) as server:
        monkeypatch.setattr(fetching, "CHILD", ("tests.picture_child", str(server.port)))
        monkeypatch.setattr(leasing, "PAUSE", "0")
        yield server


def bring(project: Project, tmp_path: Path, *rows: dict[str, Any], kind: str = ITEMS) -> ImportCounts:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return counts_of(run_here(project, kind, [path], plan=Plan(COLUMNS), origin=Origin("tests", "CC0-1.0", "")))


def mug(*images: object, **fields: object) -> dict[str, object]:
    return {"item_id": "m1", "title": "Red mug", "images": list(images), **fields}


def listed(project: Project, *hosts: str) -> None:
    for host in hosts or (HOST,):
        allowed_hosts.allow(project, host, None, plain_http=True)


def work_off(project: Project) -> None:
    while allowed_hosts.is_open(project):
        assert fetching.work_some(project)


def snapshot() -> Snapshot:
    return Snapshot.objects.latest("pk")


def test_a_row_that_names_an_address_leaves_a_job_and_fetches_nothing(
    project: Project, tmp_path: Path, server: Server
) -> None:
    assert bring(project, tmp_path, mug(at("red.png"))) == ImportCounts(read=1, new=1)
    job = PictureFetch.objects.get()
    assert (job.address, job.host, job.state, job.batch) == (at("red.png"), HOST, "queued", Import.objects.get())
    assert snapshot().images == [] and snapshot().image_addresses == [at("red.png")]
    assert server.connections == 0


def test_importing_the_file_again_is_known_and_asks_for_nothing_more(project: Project, tmp_path: Path) -> None:
    for counts in (ImportCounts(read=1, new=1), ImportCounts(read=1, known=1)):
        assert bring(project, tmp_path, mug(at("red.png"), "local.png")) == counts
    assert (Snapshot.objects.count(), PictureFetch.objects.count()) == (1, 1)
    assert bring(project, tmp_path, mug(at("blue.png"))) == ImportCounts(read=1, changed=1)
    assert PictureFetch.objects.count() == 2


def test_a_row_without_addresses_keeps_the_digest_it_always_had(project: Project, tmp_path: Path) -> None:
    """The digest of this row before addresses were known: an item imported then is still known now."""
    bring(project, tmp_path, mug())
    assert snapshot().sha256 == "5616a28e04dc74c436c288a42e049facb6ae8afb0147b330c9edbdf5019e429e"


def test_known_after_it_was_fetched_too(project: Project, tmp_path: Path, server: Server) -> None:
    listed(project)
    bring(project, tmp_path, mug(at("red.png")))
    work_off(project)
    assert bring(project, tmp_path, mug(at("red.png"))) == ImportCounts(read=1, known=1)


@pytest.mark.parametrize(
    "images",
    [
        [at("red.png"), at("blue.png")],
        [{"url": at("red.png"), "width": 3}, {"src": at("blue.png")}],
        json.dumps([at("red.png"), at("blue.png")]),
        f"{at('red.png')}\n{at('blue.png')}",
        f"{at('red.png')}|{at('blue.png')}",
        f"{at('red.png')}, {at('blue.png')}",
    ],
)
def test_addresses_may_stand_in_many_forms(project: Project, tmp_path: Path, images: object) -> None:
    bring(project, tmp_path, {**mug(), "images": images})
    assert snapshot().image_addresses == [at("red.png"), at("blue.png")]


def test_many_rows_with_one_address_make_one_job(project: Project, tmp_path: Path) -> None:
    rows = [mug(at("red.png"), at(f"{n}.png"), item_id=f"m{n}") for n in range(50)]
    bring(project, tmp_path, *rows)
    assert PictureFetch.objects.count() == 51


def test_an_address_that_nobody_would_follow_is_dead_from_the_start(project: Project, tmp_path: Path) -> None:
    bring(project, tmp_path, mug("https://user@pictures.example.com/x.png", "https://127.0.0.1/x.png"))
    assert set(PictureFetch.objects.values_list("state", "host", "error")) == {
        ("dead", "", "address_userinfo"),
        ("dead", "", "address_host"),
    }
    assert fetching.try_again(project, None) == 0  # it would end as before


def test_an_address_too_long_to_be_kept_is_noted(project: Project, tmp_path: Path) -> None:
    assert bring(project, tmp_path, mug(at("x" * 2000))) == ImportCounts(read=1, new=1)
    assert Import.objects.get().rejections.get().reason.endswith("the address is too long")


def test_one_fetch_per_project_and_address(project: Project) -> None:
    batch = make_import(project=project)
    PictureFetch.objects.create(project=project, address=at("red.png"), host=HOST, batch=batch)
    with pytest.raises(IntegrityError), transaction.atomic():
        PictureFetch.objects.create(project=project, address=at("red.png"), host=HOST, batch=batch)


def test_a_fetch_is_done_with_its_picture(project: Project) -> None:
    batch = make_import(project=project)
    with pytest.raises(IntegrityError), transaction.atomic():
        PictureFetch.objects.create(project=project, address=at("red.png"), host=HOST, batch=batch, state="done")


def test_nothing_is_fetched_from_a_host_that_no_lead_has_listed(
    project: Project, tmp_path: Path, server: Server
) -> None:
    bring(project, tmp_path, mug(at("red.png")), mug(at("blue.png", "cdn.example.com"), item_id="m2"))
    listed(project, "cdn.example.com")
    other = Project.objects.create(slug="mugs", name="Mugs")
    listed(other, HOST)  # another project's list is another's
    assert work_on(fetching.KIND, [job.pk for job in PictureFetch.objects.all()]) == 1
    assert server.asked == {"/blue.png": 1}
    assert allowed_hosts.unlisted(project) == [(HOST, 1)]
    assert fetching.progress(project)[:4] == (2, 1, 0, 1)


def test_only_listed_hosts_have_their_turn_a_line_each(project: Project, tmp_path: Path) -> None:
    Import.objects.update(state="done")
    rows = [mug(at(f"{n}.png", f"cdn{n % 3}.example.com"), item_id=f"m{n}") for n in range(30)]
    bring(project, tmp_path, *rows)
    crew = working.Crew([PICTURE_QUEUE])
    assert crew.next() is None
    listed(project, "cdn0.example.com", "cdn1.example.com")
    for _ in range(3):
        crew.next()
    taken = PictureFetch.objects.filter(state="running").values_list("host").annotate(n=Count("pk")).order_by("host")
    assert list(taken) == [("cdn0.example.com", 10), ("cdn1.example.com", 8)]  # eight of each, then the two left


def test_a_fetched_picture_is_seen_on_the_card_and_by_models_and_the_snapshot_stays(
    project: Project, tmp_path: Path, server: Server
) -> None:
    bring(project, tmp_path, mug(at("red.png"), at("gone.png"), query="red mug"), kind=PAIRS)
    before = Snapshot.objects.values().get()
    assert snapshot_pictures.shown(project, snapshot()) == ((), ("picture not there yet",))
    assert snapshot_pictures.main_pictures([snapshot().pk]) == {}
    listed(project)
    work_off(project)
    image = Image.objects.get()
    assert Snapshot.objects.values().get() == before
    why = "picture could not be fetched: the server has no such picture"
    assert snapshot_pictures.shown(project, snapshot()) == ((image.sha256,), (why,))
    assert snapshot_pictures.main_pictures([snapshot().pk]) == {snapshot().pk: image.sha256}
    assert [one["large"] for one in display.images(project, snapshot())] == [
        reverse("image", args=["shoes", image.sha256, "large"])
    ]


def test_a_picture_that_came_with_the_file_stays_the_first(project: Project, server: Server) -> None:
    item = make_item(project=project, images=["ab" * 32], image_addresses=[at("red.png")])
    batch = make_import(project=project)
    fetching.want(batch, [at("red.png")])
    listed(project)
    work_off(project)
    assert item.current_snapshot is not None
    shown = snapshot_pictures.shown(project, item.current_snapshot)
    assert shown == (("ab" * 32, Image.objects.get().sha256), ())
    assert snapshot_pictures.main_pictures([item.snapshot_now]) == {item.snapshot_now: "ab" * 32}


def test_another_projects_picture_of_the_same_address_is_not_shown(project: Project, server: Server) -> None:
    other = Project.objects.create(slug="mugs", name="Mugs")
    item = make_item(project=project, image_addresses=[at("red.png")])
    for one in (project, other):
        fetching.want(make_import(project=one), [at("red.png")])
    listed(other)
    work_off(other)
    assert item.current_snapshot is not None
    assert snapshot_pictures.shown(project, item.current_snapshot).hashes == ()
    assert snapshot_pictures.main_pictures([item.snapshot_now]) == {}


@pytest.mark.parametrize(
    ("answer", "code", "attempts"),
    [
        (says("404 Not Found"), "gone", 1),
        (says("302 Found", b"", "Location: http://127.0.0.1/"), "redirect", 1),
        (says("200 OK", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "not_a_picture", 1),
        (says("200 OK", picture()[:60]), "damaged", 1),
        (says("503 Busy"), "busy", 3),
        (says("200 OK", b"cut", length=100), "connection", 3),
    ],
)
def test_what_another_try_cannot_mend_is_dead_at_once_with_its_reason(
    project: Project, server: Server, answer: Callable[..., None], code: str, attempts: int
) -> None:
    server.answers["/red.png"] = answer
    fetching.want(make_import(project=project), [at("red.png")])
    listed(project)
    work_off(project)
    job = PictureFetch.objects.get()
    assert (job.state, job.error, job.attempts) == ("dead", code, attempts)
    assert server.asked["/red.png"] == attempts
    assert fetching.why(code) and fetching.reasons(project) == [(fetching.why(code), 1)]


def test_every_code_has_words(project: Project) -> None:
    import re

    source = "".join((ROOT / "catalogue/pictures" / name).read_text() for name in ("fetching_child.py", "addresses.py"))
    codes = set(re.findall(r'(?:NotFetched|AddressRefused)\(\s*"(\w+)"', source)) | {"forbidden", "gone"}
    unknown = fetching.why("no such code")
    assert {code for code in codes if fetching.why(code) == unknown} == set()


def test_a_server_that_recovers_is_asked_again(project: Project, server: Server) -> None:
    answers = iter([says("503 Busy"), says("503 Busy"), says("200 OK", picture())])
    server.answers["/red.png"] = lambda connection: next(answers)(connection)
    fetching.want(make_import(project=project), [at("red.png")])
    listed(project)
    work_off(project)
    assert PictureFetch.objects.get().state == "done"


def test_listing_a_host_for_plain_http_tries_what_only_that_had_stopped(project: Project, server: Server) -> None:
    fetching.want(make_import(project=project), [at("red.png")])
    allowed_hosts.allow(project, HOST, None)
    work_off(project)
    assert PictureFetch.objects.get().error == "plain_http"
    allowed_hosts.allow(project, HOST, None, plain_http=True)
    work_off(project)
    assert PictureFetch.objects.get().state == "done"


def test_the_dead_and_the_cancelled_can_be_tried_again(project: Project, server: Server, cast: Cast) -> None:
    fetching.want(make_import(project=project), [at("gone.png"), at("red.png")])
    listed(project)
    assert fetching.cancel(project, cast.lena) == 2
    assert not allowed_hosts.is_open(project)
    assert fetching.try_again(project, cast.lena) == 2
    work_off(project)
    server.answers["/gone.png"] = says("200 OK", picture("green"))
    assert fetching.try_again(project, cast.lena) == 1
    work_off(project)
    assert set(PictureFetch.objects.values_list("state", flat=True)) == {"done"}
    acts = list(AuditEvent.objects.order_by("pk").values_list("act", "detail"))
    assert ("pictures.cancelled", {"pictures": 2}) in acts and ("pictures.tried_again", {"pictures": 1}) in acts


def test_a_child_that_dies_costs_a_try_and_not_the_picture(
    project: Project, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching.want(make_import(project=project), [at("red.png"), at("blue.png")])
    listed(project)
    receive = Child.receive

    def dies(self: Child, deadline: float, most: int = 0) -> Any:
        if most == fetching.MOST_BYTES:
            self.end()
            monkeypatch.setattr(Child, "receive", receive)
            raise fetching.ChildEnded("ended with -9")
        return receive(self, deadline, most)

    monkeypatch.setattr(Child, "receive", dies)
    work_off(project)
    assert set(PictureFetch.objects.values_list("state", "attempts")) == {("done", 2)}


def test_a_server_that_drips_holds_up_nothing_but_itself(
    project: Project, server: Server, monkeypatch: pytest.MonkeyPatch, figures: Callable[..., None]
) -> None:
    """The bound of T52: fifteen seconds in all (two, but at full size), and two for us."""
    assert fetching.TOTAL_SECONDS == 15
    seconds = size(full=15, quick=2)
    monkeypatch.setattr(fetching, "TOTAL_SECONDS", seconds)
    monkeypatch.setattr(fetching, "CHILD", (*fetching.CHILD, str(seconds)))
    server.answers["/slow.png"] = endless(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x", 0.1)
    monkeypatch.setattr("django.conf.settings.JOB_ATTEMPTS", 1)
    fetching.want(make_import(project=project), [at("slow.png"), at("red.png"), at("blue.png")])
    listed(project)
    began = time.monotonic()
    work_off(project)
    took = time.monotonic() - began
    found = dict(PictureFetch.objects.values_list("address", "state"))
    assert found == {at("slow.png"): "dead", at("red.png"): "done", at("blue.png"): "done"}
    assert PictureFetch.objects.get(state="dead").error == "deadline"
    figures("T52 drip", seconds=round(took, 1))
    assert seconds <= took < seconds + 2 + 3  # and the start of a process on a busy machine


def test_the_fetching_process_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "LORE_SECRET_KEY", "HTTPS_PROXY", "https_proxy", "NETRC", "HOME"):
        monkeypatch.setenv(name, "secret")
    child = Child(*fetching.CHILD)
    try:
        told = Path(f"/proc/{child.pid}/environ").read_bytes()
        loaded = Path(f"/proc/{child.pid}/maps").read_text()
        opened = [path.readlink().name for path in Path(f"/proc/{child.pid}/fd").iterdir()]
    finally:
        child.end()
    names = {pair.partition(b"=")[0].decode() for pair in told.split(b"\0") if pair}
    assert names <= {"PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "LC_CTYPE"}
    assert b"secret" not in told and "psycopg" not in loaded
    assert not [name for name in opened if name.startswith("socket:")]


def test_neither_child_loads_django() -> None:
    for module in ("catalogue.pictures.fetching_child", "catalogue.pictures.decoding_child"):
        code = f"import sys, {module}; print([n for n in sys.modules if n.split('.')[0] in ('django', 'psycopg', 'celery')])"
        answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert answer.stdout.strip() == "[]"


def test_waiting_for_a_lead_is_not_waiting_for_a_worker(project: Project) -> None:
    fetching.want(make_import(project=project), [at("red.png")])
    assert next(depth for depth in heartbeats.depths() if depth.kind == "picture").waiting == 0
    listed(project)
    assert next(depth for depth in heartbeats.depths() if depth.kind == "picture").waiting == 1


# Pages


@pytest.fixture
def pair(project: Project) -> Pair:
    """A pair whose item names a picture by address, and a slot for it."""
    item = make_item(project=project, image_addresses=[at("red.png")])
    pair = make_pair(project=project, item=item)
    fetching.want(pair.batch, [at("red.png")])
    make_slots(pair=pair)
    return pair


@pytest.mark.parametrize("state", ["", "dead", "cancelled", "done"])
def test_no_page_carries_the_address_and_a_missing_picture_is_said_to_be_missing(
    pair: Pair, cast: Cast, client_for: SignIn, server: Server, state: str
) -> None:
    if state == "dead":
        server.answers["/red.png"] = says("403 Forbidden")
    if state == "cancelled":
        fetching.cancel(pair.project, None)
    elif state:
        listed(pair.project)
        work_off(pair.project)
    said = {
        "": "picture not there yet",
        "dead": "picture could not be fetched: the server does not give it to us",
        "cancelled": "picture could not be fetched: fetching was cancelled",
        "done": reverse("image", args=["shoes", Image.objects.get().sha256, "large"]) if state == "done" else "",
    }[state]
    for person, url in ((cast.ana, reverse("judge", args=["shoes"])), (cast.max, f"/p/shoes/pairs/{pair.pk}/")):
        page = client_for(person).get(url).content.decode()
        assert said in page and HOST not in page
        assert ("data-photo>" in page) == (state == "done")


def test_a_lead_lists_hosts_sees_reasons_and_tries_again(
    project: Project, cast: Cast, client_for: SignIn, server: Server
) -> None:
    url, client = reverse("pictures", args=["shoes"]), client_for(cast.lena)
    assert "No row has named a picture by address yet" in client.get(url).content.decode()
    fetching.want(make_import(project=project), [at("red.png"), at("gone.png"), "https://127.0.0.1/x.png"])
    page = client.get(url).content.decode()
    assert "No host is listed, so nothing is fetched." in page and "not listed: 2 pictures wait" in page
    assert client.post(f"{url}sources/", {"host": "127.0.0.1"}).status_code == 422
    assert client.post(f"{url}sources/", {"host": f" {HOST.upper()} ", "plain_http": "on"}).status_code == 302
    source = PictureSource.objects.get()
    assert (source.host, source.plain_http, source.added_by) == (HOST, True, cast.lena)
    work_off(project)
    page = client.get(url).content.decode()
    assert "the server has no such picture" in page and "the address names no host by its name" in page
    assert f'href="{at("gone.png")}' not in page and f'src="{at("gone.png")}' not in page
    client.post(f"{url}retry/")
    assert PictureFetch.objects.filter(state="queued").count() == 1
    client.post(f"{url}cancel/")
    assert PictureFetch.objects.filter(state="cancelled").count() == 1
    client.post(f"{url}sources/{source.pk}/remove/")
    assert not PictureSource.objects.exists() and Image.objects.count() == 1
    acts = AuditEvent.objects.order_by("pk").values_list("act", flat=True)
    assert list(acts)[-4:] == [
        "picture_source.allowed", "pictures.tried_again", "pictures.cancelled", "picture_source.removed",
    ]  # fmt: skip


def test_the_pages_of_an_import_and_of_the_project_lead_there(
    project: Project, cast: Cast, client_for: SignIn, pair: Pair
) -> None:
    client, url = client_for(cast.lena), reverse("pictures", args=["shoes"])
    for page in (reverse("imports", args=["shoes"]), reverse("project", args=["shoes"])):
        assert f'href="{url}"' in client.get(page).content.decode(), page


def test_a_page_of_cards_asks_no_more_for_items_without_addresses(
    project: Project, django_assert_num_queries: Any
) -> None:
    item = make_item(project=project, images=["ab" * 32])
    assert item.current_snapshot is not None
    with django_assert_num_queries(0):
        snapshot_pictures.shown(project, item.current_snapshot)


# Models


def test_a_model_is_shown_the_fetched_bytes_and_never_an_address(project: Project, server: Server) -> None:
    items = [make_item(project=project, image_addresses=[at("red.png"), at("blue.png")]), make_item(project=project)]
    fetching.want(make_import(project=project), [at("red.png"), at("blue.png")])
    listed(project)
    work_off(project)
    pairs = [make_pair(project=project, item=item) for item in items]
    assert HOST not in repr([pair.facts() for pair in pairs])
    model = make_model(pictures="picture")
    looks = model_context._looks(model, [model_context.subject(pair) for pair in pairs])
    shown = [model_context._pictures(model, look) for look in looks]
    assert [len(one) for one in shown] == [1, 0]
    assert shown[0][0].data[8:12] == b"WEBP" and shown[0][0].media_type == "image/webp"
    assert model_context._looks(make_model(name="blind"), [model_context.subject(pairs[0])]) == [None]


# The command


def run_command(*arguments: str) -> dict[str, Any]:
    import io

    from django.core.management import call_command

    out = io.StringIO()
    call_command("fetch_pictures", "--project", "shoes", *arguments, stdout=out, stderr=io.StringIO())
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return {name: value for name, value in answer.items() if name != "seconds"}


def test_the_command_fetches_and_answers_with_counts(project: Project, server: Server) -> None:
    fetching.want(make_import(project=project), [at("red.png"), at("gone.png"), at("x.png", "cdn.example.com")])
    none = {"pictures": 3, "fetched": 0, "waiting": 0, "unlisted": 3, "dead": 0, "cancelled": 0}
    assert run_command() == none
    assert run_command("--wait") == none  # nothing is listed: nothing to wait for
    done = {**none, "fetched": 1, "unlisted": 1, "dead": 1}
    assert run_command("--allow", HOST, "--plain-http", "--wait") == done
    server.answers["/gone.png"] = says("200 OK", picture("green"))
    assert run_command("--again", "--wait") == {**done, "fetched": 2, "dead": 0}
