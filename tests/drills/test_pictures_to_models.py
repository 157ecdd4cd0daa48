"""T53: over a model server, every picture is bytes of ours. What a server is told to fetch, it fetches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from catalogue.models import PictureFetch
from catalogue.pictures import allowed_hosts, fetching
from inference.models import Prediction
from inference.prelabel import runs
from inference.prelabel.runs import Wish
from jobs import leasing
from projects.models import Project
from tests.drills.scale import size
from tests.misbehaving.served import served_at
from tests.misbehaving.server import running as model_server
from tests.picture_servers import picture, running, says
from tests.servers import ask
from tests.world.rows import make_import, make_item, make_pair, make_rule_base

pytestmark = pytest.mark.drill
JOBS = size(full=1000, quick=24)
HOST = "pictures.example.com"


def at(number: int) -> str:
    return f"http://{HOST}/{number}.png"


def test_no_address_of_a_picture_reaches_a_model(
    project: Project, monkeypatch: pytest.MonkeyPatch, figures: Callable[..., None]
) -> None:
    """A third of the pictures is fetched, a third is gone, a third waits for a lead; texts name pictures, too."""
    monkeypatch.setattr(leasing, "PAUSE", "0")
    make_rule_base()
    wanted = [at(n) if n % 3 else f"https://cdn.example.com/{n}.png" for n in range(JOBS)]
    fetching.want(make_import(project=project), wanted)
    with running({f"/{n}.png": says("200 OK", picture("red", (40 + n, 40))) for n in range(1, JOBS, 3)}) as server:
        monkeypatch.setattr(fetching, "CHILD", ("tests.picture_child", str(server.port)))
        allowed_hosts.allow(project, HOST, None, plain_http=True)
        while allowed_hosts.is_open(project):
            fetching.work_some(project)
    fetched = PictureFetch.objects.filter(state="done").count()
    assert fetched == len(range(1, JOBS, 3))
    for number, address in enumerate(wanted):
        item = make_item(
            project=project,
            title=f"Mug {number} ![look]({at(number)})",
            cpv=[["image_url", at(number)]],
            image_addresses=[address],
        )
        make_pair(project=project, query=f"mug {number}", item=item)
    with model_server() as models:
        model = served_at(models, "good", pictures="picture")
        run = runs.start_run(project, None, Wish("good"))
        while runs.is_open(run):
            runs.work_some(run)
        counts = models.counts()["modes"]["good"]
        assert Prediction.objects.filter(model=model, status="ok").count() == JOBS
        assert counts["pictures"] == 2 * fetched  # the grade, then the chain
        assert counts["pictures_by_address"] == 0
        _naive(models.base_url("good"))
        told = models.counts()["modes"]["good"]["pictures_by_address"]
    figures("T53", jobs=JOBS, pictures=counts["pictures"], by_address=0, naive_by_address=told)
    assert told == 1


def _naive(base_url: str) -> None:
    """The control: what a row names is what the model is given."""
    parts = [{"type": "text", "text": "Which?"}, {"type": "image_url", "image_url": {"url": at(1)}}]
    messages = [{"role": "system", "content": "Judge."}, {"role": "user", "content": parts}]
    ask(base_url, {"model": "lore", "messages": messages})
