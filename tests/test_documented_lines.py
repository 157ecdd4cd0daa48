"""Every command and curl line of the documents runs as it stands against the served demo: exit 0, or an answer of 2xx.

A document's lines run in its order, in a folder that holds the files they name. Placeholders are filled in from `FILLED`,
optional parts in brackets are left out, numbers in addresses are those of what the lines before have made.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from projects.models import Person
from rules import drafting, publishing
from rules.publishing import body_of
from tests.annotation.conftest import changed
from tests.conftest import FreshDatabase
from tests.processes import ROOT, answers, free_port, manage, process, wait_until

pytestmark = pytest.mark.processes
DOCUMENTS = ("README.md", "docs/importing.md", "docs/lifecycle.md", "docs/api.md")
COLOURS = ("red", "blue", "green", "black", "white")
# Command -> what stands in the document -> what a reader would write there.
FILLED = {
    "import_pairs": {"FILE": "pairs.jsonl.gz", "SLUG": "mugs --create"},
    "import_items": {"FILE": "items.jsonl", "SLUG": "mugs --create"},
    "load_rules": {"FILE": str(ROOT / "rules/packs/starter.yaml")},
    "dump_rules": {"FILE": "rules.yaml"},
    "freeze_hard_set": {"NAME": "spring"},
    "more_judgments": {"K": "1"},
    "export": {"DIR": "exports/demo"},
    "create_admin": {"NAME": "first"},
    "appoint_rule_owner": {"NAME": "demo-ada"},
    "archive_project": {"SLUG": "mugs"},
    "forget_person": {"NAME": "first"},
    "delete_project": {"SLUG": "mugs"},
}
NOT_HERE = {
    "erase_query": "takes away a query that other lines ask about",
    "register_model": "asks a model's server what it can do",
    "retire_model": "retires what register_model has registered",
    "put_back": "puts back what somebody has changed",
    "read_queries": "asks a large model, and none is registered",
    "work": "works until it is told to end",
    "export_earlier": "reads a database of an earlier version",
}
REFUSED = {'{"kind": "people", "wish": 1}': 400}  # what shows a refusal


def lines(document: str) -> Iterator[str]:
    """The command and curl lines of its indented blocks, each with what goes on in the next line."""
    found = ""
    for line in [*(ROOT / document).read_text(encoding="utf-8").splitlines(), ""]:
        text = line.removeprefix("    ") if line.startswith("    ") else ""
        if found and (found.endswith("\\") or text.lstrip().startswith("[")):
            found = f"{found.removesuffix(chr(92))} {text.strip()}"
            continue
        if found:
            yield found
        found = text if text.startswith(("python manage.py ", "curl ")) else ""


def command_of(line: str) -> str:
    return line.split()[2] if line.startswith("python") else "curl"


def without_options(line: str) -> str:
    """A usage line as a reader would type it: without its answer, optional parts and further choices."""
    told = re.split(r" {4,}", line)[0]
    while re.search(r"\[[^][]*\]", told):
        told = re.sub(r" *\[[^][]*\]", "", told)
    return re.sub(r"(\w+)(\|\w+)+", r"\1", told)


@dataclass
class Reader:
    """Who types the lines into a shell, one after the other."""

    folder: Path
    environment: dict[str, str]
    filled: dict[str, dict[str, str]]
    made: dict[str, int] = field(default_factory=dict)

    def types(self, line: str) -> str:
        """What is wrong with what came, or nothing."""
        return self._asks(line) if line.startswith("curl") else self._commands(line)

    def _commands(self, line: str) -> str:
        typed = without_options(line)
        for placeholder, value in {"SLUG": "demo", **self.filled.get(command_of(line), {})}.items():
            typed = re.sub(rf"\b{placeholder}\b", value, typed, count=1 if " " in value else 0)
        done = self._shell(typed)
        if done.returncode:
            return f"{typed}: exit {done.returncode}: {(done.stdout + done.stderr)[-600:]}"
        assert isinstance(json.loads(done.stdout.splitlines()[-1]), dict), typed
        return ""

    def _asks(self, line: str) -> str:
        typed = re.sub(r"/(imports|runs|exports)/\d+/", lambda one: f"/{one[1]}/{self.made[one[1]]}/", line)
        wanted = next((status for part, status in REFUSED.items() if part in line), 0)
        body, _newline, status = self._shell(typed).stdout.rpartition("\n")
        if (int(status) != wanted) if wanted else status[:1] != "2":
            return f"{typed}: {status}: {body[-600:]}"
        if status == "201" and (kind := re.search(r"/(imports|runs|exports)/[\"?]", typed)):
            self.made[kind[1]] = json.loads(body)[kind[1].removesuffix("s")]
            told = wait_until(lambda: self._ended(kind[1]), seconds=120, what=f"the end of what {typed} has begun")
            if told.get("state", "done") != "done" or told.get("why_nothing"):
                return f"{typed}: {told}"
        return ""

    def _ended(self, kind: str) -> dict[str, Any] | None:
        """What is told of the newest of its kind; None while it is not over."""
        name, _colon, token = self.environment["AUTH"].partition(": ")
        address = f"{self.environment['LORE']}/{kind}/{self.made[kind]}/"
        with urllib.request.urlopen(urllib.request.Request(address, headers={name: token}), timeout=30) as answer:
            told: dict[str, Any] = json.load(answer)
        return told if told["ended"] else None

    def _shell(self, typed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", typed], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300
        )


def write_files(folder: Path) -> None:
    """The files that the documents name: 40 queries for a coloured mug over five mugs, and the dress of a bad case."""
    pairs = [
        {
            "query": f"{COLOURS[number % 5]} mug {number}",
            "item_id": f"{other}-{number}",
            "title": f"{other} mug {number}",
            "label": "L4" if other == COLOURS[number % 5] else "L2",
            "ratings": [{"rater": "r1", "label": "L4"}, {"rater": "r2", "label": "L1"}] if number < 3 else [],
        }
        for number in range(40)
        for other in COLOURS
    ]
    dress = {"query": "red dress", "item_id": "SKU-1", "title": "Blue dress", "label": "L2", "ratings": []}
    pairs.append({**dress, "locale": "en"})
    for one in pairs:
        one["label_scale"] = "lore-4"
    with gzip.open(folder / "pairs.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in pairs)
    (folder / "items.jsonl").write_text(json.dumps({"item_id": "i1", "title": "Teapot"}) + "\n")
    columns = {name: [str(one[name]) for one in pairs[:5]] for name in ("query", "item_id", "title", "label")}
    parquet.write_table(pyarrow.Table.from_pydict(columns), folder / "pairs.parquet")
    write_sources(folder)
    (folder / "manage.py").symlink_to(ROOT / "manage.py")
    (folder / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}"\n')


def write_sources(folder: Path) -> None:
    """A row or two of each file that the documents bring from elsewhere, in its own columns."""
    esci = {"query": ["red mug"], "query_id": [1], "product_id": ["B01"], "product_locale": ["us"], "esci_label": ["E"]}
    examples = {"example_id": [0], **esci, "small_version": [1], "large_version": [1], "split": ["train"]}
    products = {
        "product_id": ["B01"],
        "product_title": ["Red mug"],
        "product_description": [""],
        "product_locale": ["us"],
    }
    products |= {f"product_{name}": [""] for name in ("bullet_point", "brand", "color")}
    for name, columns in (("examples", examples), ("products", products)):
        path = folder / f"shopping_queries_dataset_{name}.parquet"
        parquet.write_table(pyarrow.Table.from_pydict(columns), path)
    texts = {
        "product.csv": "product_id\tproduct_name\tproduct_class\tcategory hierarchy\tproduct_description\tproduct_features\t"
        "rating_count\taverage_rating\treview_count\n0\tbench\tBenches\tHall / Benches\ta bench\tcolor:oak\t1\t4.5\t1\n",
        "query.csv": "query_id\tquery\tquery_class\n0\tentry bench\tBenches\n",
        "label.csv": "id\tquery_id\tproduct_id\tlabel\n0\t0\t0\tExact\n",
        "train.csv": "id,product_uid,product_title,search_term,relevance\n2,9,Pipe elbow,pipe elbow,3\n3,9,Pipe elbow,deck,1\n"
        "4,9,Pipe elbow,elbow,2.33\n",
        "product_descriptions.csv": "product_uid,product_description\n9,An elbow of copper\n",
        "attributes.csv": "product_uid,name,value\n9,Material,copper\n",
        "catalogue.csv": "item_id,title\nt1,Stool\n",
        "labels.csv": "query,item_id,label\ncamp stool,t1,L4\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)


def draft_of_a_rule() -> int:
    """Other words for a rule, drafted by the demo's rule owner: its number."""
    base = publishing.newest()
    assert base is not None
    rosa = Person.objects.get(username="demo-rosa")
    draft = drafting.start(base, "Milder colours", "", rosa)
    rule = next(one for one in changed("R-080", label="L3", cases=[]) if one.code == "R-080")
    drafting.change(draft, "R-080", body_of(rule), 0, rosa)
    return draft.pk


def test_every_documented_line_runs_against_the_served_demo(
    fresh_database: FreshDatabase, tmp_path: Path, django_db_blocker: Any
) -> None:
    environment = {**fresh_database.environment, "LORE_DEMO": "1", "CURL_HOME": str(tmp_path)}
    environment["PATH"] = f"{Path(manage()[0]).parent}{os.pathsep}{environment['PATH']}"

    def command(*arguments: str) -> str:
        done = subprocess.run(manage(*arguments), env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
        return done.stdout

    write_files(tmp_path)
    command("load_rules", str(ROOT / "rules/packs/starter.yaml"))
    command("load_demo")
    scopes = [f"--scope={scope}" for scope in ("import", "prelabel", "export", "monitor")]
    token = json.loads(command("issue_token", "--project=demo", "--name=reader", *scopes, "--by=demo-lena"))["token"]
    with django_db_blocker.unblock():
        filled = {**FILLED, "backtest": {"ID": str(draft_of_a_rule())}}
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment |= {"LORE": f"{address}/api/v1/p/demo", "AUTH": f"Authorization: Bearer {token}"}
    reader = Reader(tmp_path, environment, filled)
    with process(manage("up", "--port", str(port)), environment, ROOT, tmp_path / "up.log"):
        wait_until(lambda: answers(f"{address}/health/"), seconds=120, what="the web server")
        wrong = [
            f"{document}: {told}"
            for document in DOCUMENTS
            for line in lines(document)
            if command_of(line) not in NOT_HERE and (told := reader.types(line))
        ]
    assert not wrong, "\n".join(wrong)


def test_what_is_left_out_and_filled_in_stands_in_the_documents() -> None:
    documented = [line for document in DOCUMENTS for line in lines(document)]
    commands = {command_of(line) for line in documented}
    assert {*NOT_HERE, *FILLED, "curl"} - commands == set()
    assert all(any(part in line for line in documented) for part in REFUSED)
    assert len(documented) >= 35
