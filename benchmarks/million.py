"""A million pairs, from the file to the restored backup, while people judge: what each step takes and what they feel.

    python -m benchmarks.million [--pairs 1000000] [--people 20]

So many people judge over real HTTP, one judgment each in three seconds, from the first step to the last: import, lists and
searches of the lead, both exports, a migration that adds a column, a backup, and its restore into another database. Told for
each step: seconds, and the labelers' answers meanwhile (how many, errors, median and 95th percentile in milliseconds). An
error is any answer but a card and the next one. At the end every judgment that was acknowledged is looked up.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from annotation.models import Judgment
from catalogue.models import Pair
from projects.models import Person, Project, Role
from tests.conftest import clone, drop, environment_of, make_template
from tests.drills.http_people import HttpPerson
from tests.processes import ROOT, manage, process, web_server
from tests.world import files
from tests.world.rows import make_people

PACE = 3.0
SLUG = "million"
SEED = 5_000  # judged from the first second on
KEY = "a-key-for-benchmarks-only-0123456789-abcdefghijklmnop"


@dataclass
class Felt:
    """What the labelers' requests came to: (when, seconds, status)."""

    answers: list[tuple[float, float, int]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def between(self, began: float, ended: float) -> dict[str, Any]:
        took = [seconds for when, seconds, _ in self.answers if began <= when <= ended]
        errors = sum(status not in {200, 302} for when, _, status in self.answers if began <= when <= ended)
        if len(took) < 2:
            return {"answers": len(took), "errors": errors}
        cuts = statistics.quantiles(took, n=20)
        return {
            "answers": len(took),
            "errors": errors,
            "p50_ms": round(statistics.median(took) * 1000),
            "p95_ms": round(cuts[18] * 1000),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=20)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        name = stack.enter_context(database())
        environment = environment_of(name, folder / "data", KEY) | {"LORE_LOG_LEVEL": "warning"}
        environment["LORE_OWNER_DATABASE_URL"] = url_as(str(settings.OWNER_DATABASE["USER"]), name)
        command(environment, "load_rules", str(ROOT / "rules/packs/starter.yaml"))
        seed, whole = folder / "seed.jsonl", folder / "pairs.jsonl"
        files.write_jsonl(seed, SEED, "first ", labelled=True)
        files.write_jsonl(whole, options.pairs - SEED, labelled=True)
        command(environment, "import_pairs", str(seed), "--project", SLUG, "--create", "--scale", "lore-4")
        roles = {f"labeler-{number}": Role.LABELER for number in range(options.people)}
        *labelers, lead = make_people(
            project=Project.objects.get(slug=SLUG), roles={**roles, "lead": Role.LEAD}
        ).values()
        address = stack.enter_context(web_server(environment, folder))
        stack.enter_context(process(manage("work"), environment, folder, folder / "work.log"))
        settings.SECRET_KEY = KEY
        felt = Felt()
        with judging(address, labelers, felt):
            told = walk(environment, folder, whole, HttpPerson(address, lead), felt)
        acknowledged = sum(status == 302 for _, _, status in felt.answers)
        told["pairs"] = Pair.objects.count()
        told["labelers"] = {
            "acknowledged": acknowledged,
            "stored": Judgment.objects.filter(batch=None).count(),
            "errors": felt.between(0, float("inf"))["errors"] + len(felt.broken),
            "broken": felt.broken[:3],
        }
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


def walk(environment: dict[str, str], folder: Path, whole: Path, lead: HttpPerson, felt: Felt) -> dict[str, Any]:
    """The steps, one after the other, each with what the labelers felt meanwhile."""
    told: dict[str, Any] = {}

    def step(name: str, work: Callable[[], Any]) -> None:
        began = time.perf_counter()
        answer = work()
        ended = time.perf_counter()
        told[name] = {"seconds": round(ended - began, 1), "labelers": felt.between(began, ended), **(answer or {})}
        sys.stderr.write(f"{name}: {json.dumps(told[name])}\n")

    step("alone", lambda: time.sleep(20))
    step("import", lambda: only(command(environment, "import_pairs", str(whole), "--project", SLUG), "new", "rejected"))
    step("judging", lambda: time.sleep(20))
    step("lists", lambda: lists(lead))
    for kind in ("labels", "sft"):
        out = str(folder / kind)
        step(
            kind,
            lambda k=kind, o=out: only(  # type: ignore[misc]
                command(environment, "export", "--project", SLUG, "--kind", k, "--out", o), "rows"
            ),
        )
    altered = {**environment, "DJANGO_SETTINGS_MODULE": "benchmarks.million_settings"}
    step("migration", lambda: command(altered, "migrate", "--verbosity", "0", json_=False))
    step("backup", lambda: only(command(environment, "backup", str(folder / "backup")), "rows", "bytes"))
    elsewhere = {name: value.replace("lore_million", "lore_restored") for name, value in altered.items()}
    step("restore", lambda: only(command(elsewhere, "restore", str(folder / "backup")), "tables", "rows"))
    return told


def lists(lead: HttpPerson) -> dict[str, Any]:
    """Ten times each: the first page, a filter, a search in English, a search for a rare word."""
    pages = {"first": "", "judged": "?only=judged", "search": "?text=mug", "rare": "?text=777777"}
    found = {}
    for name, query in pages.items():
        took = []
        for _ in range(10):
            began = time.perf_counter()
            status, _body = lead.get(f"/p/{SLUG}/pairs/{query}")
            took.append(time.perf_counter() - began)
            assert status == 200, (name, status)
        found[name] = round(max(took) * 1000)
    return {"slowest_ms": found}


@contextmanager
def judging(address: str, people: list[Person], felt: Felt) -> Iterator[None]:
    ended = threading.Event()

    def judge(person: HttpPerson, offset: float) -> None:
        ended.wait(offset)
        while not ended.is_set():
            began = time.perf_counter()
            try:
                card = person.card(SLUG)
                felt.answers.append((began, time.perf_counter() - began, 200 if card else 404))
                if card is not None:
                    again = time.perf_counter()
                    status, _ = person.submit(SLUG, card, choice="L4" if int(card.token[0], 16) % 3 else "L1")
                    felt.answers.append((again, time.perf_counter() - again, status))
            except (OSError, AssertionError) as error:
                felt.broken.append(repr(error)[:300])
            ended.wait(max(0.0, PACE - (time.perf_counter() - began)))

    crowd = [HttpPerson(address, person) for person in people]
    connection.close()
    threads = [
        threading.Thread(target=judge, args=(one, PACE * number / len(crowd))) for number, one in enumerate(crowd)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@contextmanager
def database() -> Iterator[str]:
    """A database of its own, in use by this process too; dropped in the end with the one restored from it."""
    name, before = f"lore_million_{uuid.uuid4().hex[:8]}", settings.OWNER_DATABASE["NAME"]
    clone(make_template(), name)
    settings.OWNER_DATABASE["NAME"] = connection.settings_dict["NAME"] = name
    try:
        yield name
    finally:
        connection.close()
        settings.OWNER_DATABASE["NAME"] = before
        for one in (name, name.replace("lore_million", "lore_restored")):
            drop(one)


def url_as(user: str, name: str) -> str:
    """Over the embedded server's socket."""
    return f"postgres://{user}@/{name}?host={connection.get_connection_params()['host']}"


def command(environment: dict[str, str], *arguments: str, json_: bool = True) -> dict[str, Any]:
    done = subprocess.run(manage(*arguments), env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout[-500:]} {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1]) if json_ else {}
    return answer


def only(answer: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: answer[name] for name in names if name in answer}


if __name__ == "__main__":
    main()
