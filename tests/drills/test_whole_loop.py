"""The whole loop on real pairs: commands, four people and an adjudicator over HTTP, and every count held against the next."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import subprocess
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from annotation.models import Disagreement, Gold, HardSetMember, Judgment, Slot
from catalogue.models import Pair
from inference.models import Prediction
from projects.models import Membership, Person, Project
from tests.conftest import FreshDatabase
from tests.drills.http_people import HttpPerson
from tests.processes import ROOT, manage, web_server

pytestmark = pytest.mark.drill
ROWS = 160
RECORDS = {"disagreement": Disagreement, "prediction": Prediction, "judgment": Judgment, "gold": Gold}


def slice_of(data: Path, target: Path) -> dict[str, str]:
    """Some real pairs without their labels; what people would say of them is kept aside, by item and query."""
    truth = {}
    with gzip.open(data / "chorus_electronics/pairs.jsonl.gz", "rt") as source, target.open("w") as out:
        rows = [json.loads(line) for line in source]
        for row in random.Random(7).sample(rows, ROWS):
            truth[f"{row['query']} {row['title']}"] = row["label"]
            out.write(json.dumps({**row, "label": None, "grade": None, "ratings": None}) + "\n")
    return truth


@pytest.fixture
def command(fresh_database: FreshDatabase, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def run(*arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            manage(*arguments), env=fresh_database.environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    return run


def judge_all(person: HttpPerson, says: Callable[[str], str]) -> int:
    """Judge until nothing is left; `says` is asked with the page."""
    done = 0
    while (shown := person.get("/p/chorus/judge/"))[0] == 200 and (card := person.card("chorus")):
        status, _ = person.submit("chorus", card, choice=says(shown[1]))
        assert status == 302
        done += 1
    return done


def words_of(page: str) -> set[str]:
    """Of the pair on the card alone: the page also shows what was judged before."""
    query, title = re.search(r"<h1.*?</h1>", page, re.S), re.search(r'<h2 class="item-title">.*?</h2>', page, re.S)
    assert query is not None and title is not None
    return set(unescape(re.sub(r"<[^>]+>", "", f"{query[0]} {title[0]}")).split())


def test_the_loop_on_real_pairs(
    fresh_database: FreshDatabase,
    command: Callable[..., dict[str, Any]],
    shared_data: Path,
    tmp_path: Path,
    settings: Any,
) -> None:
    settings.SECRET_KEY = fresh_database.environment["LORE_SECRET_KEY"]
    file = tmp_path / "pairs.jsonl"
    truth = slice_of(shared_data, file)
    command("load_rules", str(ROOT / "rules/packs/starter.yaml"))
    imported = command("import_pairs", str(file), "--project", "chorus", "--create", "--scale", "chorus-4")
    assert (imported["new"], imported["gold"], imported["rejected"]) == (ROWS, 0, 0)
    again = command("import_pairs", str(file), "--project", "chorus")
    assert (again["new"], again["known"]) == (0, ROWS)
    assert command("prelabel", "--project", "chorus", "--wait")["ok"] == ROWS

    project = Project.objects.get(slug="chorus")
    names = ["labeler-1", "labeler-2", "labeler-3", "labeler-4", "adjudicator"]
    cast = {name: Person.objects.create_person(name) for name in names}
    for name, person in cast.items():
        Membership.objects.create(project=project, person=person, role=name.split("-")[0])

    def honest(noise: float, seed: int) -> Callable[[str], str]:
        dice = random.Random(seed)

        def says(page: str) -> str:
            card = words_of(page)
            label = truth[max((key for key in truth if set(key.split()) <= card), key=len)]
            return dice.choice("0123") if dice.random() < noise else label

        return says

    with web_server(fresh_database.environment, tmp_path) as address:
        crowd = [(HttpPerson(address, cast[f"labeler-{n}"]), honest(0.08 * n, n)) for n in range(1, 5)]
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda one: judge_all(*one), crowd))
        assert sum(done) == Slot.objects.count() == Judgment.objects.count() == ROWS * project.overlap
        disputed = Disagreement.objects.filter(state="open").count()
        assert disputed > 0
        adjudicator = HttpPerson(address, cast["adjudicator"])
        for dispute in Disagreement.objects.filter(state="open"):
            ruling = {"idempotency_key": str(uuid.uuid4()), "label": "2"}
            status, _ = adjudicator.post(f"/p/chorus/disputes/{dispute.pk}/", ruling)
            assert status in {302, 409}  # a pair may hold two; the first ruling closes both
    assert not Disagreement.objects.filter(state="open").exists()
    assert Pair.objects.exclude(gold_label="").count() == ROWS

    frozen = command("freeze_hard_set", "--project", "chorus", "--name", "first")
    members = HardSetMember.objects.all()
    assert frozen["members"] == members.count() >= disputed / 2
    for member in members:
        assert member.reasons
        for reason in member.reasons:
            assert RECORDS[reason["evidence_kind"]].objects.filter(pk=reason["evidence_id"]).exists()

    for kind in ("sft", "labels"):
        out = tmp_path / kind
        exported = command("export", "--project", "chorus", "--kind", kind, "--out", str(out))
        manifest = json.loads((out / "manifest.json").read_text())
        for entry in manifest["files"]:
            data = (out / entry["name"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == entry["sha256"]
            if entry["name"].endswith(".jsonl"):
                assert len(data.splitlines()) == entry["rows"]
        assert exported["rows"] + sum(manifest["counts"][f"held_out_{why}"] for why in ("benchmark", "test")) == ROWS

    people = command("agreement", "--project", "chorus", "--against", "people")
    model = command("agreement", "--project", "chorus", "--against", "gold")
    assert people["pairs"] == model["pairs"] == ROWS
    assert 0 < people["alpha"]["low"] <= people["alpha"]["value"] <= people["alpha"]["high"] <= 1
