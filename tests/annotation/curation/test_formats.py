"""A kind of export is a file and an entry: what asks for exports needs no other edit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command, execute_from_command_line
from django.test import Client
from django.utils import translation

from annotation.curation import exporting
from annotation.curation.formats import table
from annotation.curation.formats.shape import ExportFormat, ToWrite, Written
from annotation.curation.sealing import SealedFile
from annotation.models import Export
from jobs import leasing
from projects import tokens
from projects.models import Project, Scope
from projects.refusals import Refused
from tests.conftest import Cast
from tests.world.rows import make_pair


def write_queries(given: ToWrite) -> Written:
    file = SealedFile(given.scratch / "queries.jsonl", "queries.jsonl")
    letters = 0
    with file:
        for record in given.records:
            file.write_json({"query": record.query})
            letters += len(record.query)
    return [file], {"letters": letters}


QUERIES = ExportFormat(
    "queries", "queries alone", "what was asked", trains=False, gold_only=True, with_judgments=False, write=write_queries,
    figures=lambda counts: [("letters in all", counts["letters"])],
)  # fmt: skip


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch, project: Project) -> ExportFormat:
    """A kind that this test alone registers, and a pair with gold that it holds."""
    monkeypatch.setitem(table.FORMATS, QUERIES.code, QUERIES)
    pair = make_pair(project=project, query="red mug")
    pair.golds.create(label="L4", ground="import", batch=pair.batch, snapshot_id=pair.item.snapshot_now)
    make_pair(project=project, query="without gold")
    return QUERIES


def test_a_new_kind_is_offered_written_and_shown_by_its_page(
    queries: ExportFormat, project: Project, cast: Cast, client_for: Callable[[Any], Client]
) -> None:
    client = client_for(cast.lena)
    address = f"/p/{project.slug}/exports/"
    assert '<option value="queries">queries alone</option>' in client.get(address).content.decode()
    asked = client.post(address, {"kind": "queries"})
    export = Export.objects.get()
    token = leasing.claim(Export, export.pk)
    assert token is not None
    exporting.work(export.pk, token)
    export.refresh_from_db()
    with exporting.open_file(export, "queries.jsonl") as file:
        assert export.rows == 1 and file.read() == b'{"query":"red mug"}\n'
    page = client.get(asked["Location"]).content.decode()
    assert f"<h1>queries alone {export.pk}</h1>" in page and "<dt>letters in all</dt><dd>7</dd>" in page
    assert f">queries alone {export.pk}</a>" in client.get(address).content.decode()


def test_a_new_kind_is_taken_by_the_command(
    queries: ExportFormat, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("export", project=project.slug, kind="queries", out=tmp_path)
    assert (tmp_path / "queries.jsonl").read_bytes() == b'{"query":"red mug"}\n'
    assert json.loads((tmp_path / "manifest.json").read_bytes())["counts"]["letters"] == 7
    with pytest.raises(SystemExit):
        execute_from_command_line(["manage.py", "export", "--project", project.slug, "--kind", "people", "--out", "x"])
    assert "'sft', 'labels', 'queries'" in capsys.readouterr().err


def test_a_new_kind_is_taken_by_programs(queries: ExportFormat, project: Project, cast: Cast) -> None:
    secret = tokens.issue(project, "nightly", list(Scope), 30, actor=cast.lena).secret
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    answer = program.post(f"/api/p/{project.slug}/exports/", b'{"kind": "queries"}', "application/json")
    assert answer.status_code == 201 and Export.objects.get().kind == "queries"
    refused = program.post(f"/api/p/{project.slug}/exports/", b'{"kind": "people"}', "application/json")
    assert refused.status_code == 400 and "queries" in refused.content.decode()


def test_what_is_no_kind_is_refused_and_a_kind_that_is_no_more_shows_its_code(project: Project) -> None:
    with pytest.raises(Refused):
        exporting.request_export(project, "people", None)
    assert table.name_of("people") == "people"
    with pytest.raises(ValueError, match="more than 8 letters"):
        ExportFormat("sentences", "", "", trains=False, gold_only=True, with_judgments=False, write=write_queries)


def test_every_kind_is_named_in_chinese_and_in_the_documents() -> None:
    documents = [(settings.BASE_DIR / "docs" / name).read_text() for name in ("lifecycle.md", "api.md")]
    missing = [code for code in table.codes() for text in documents if f"`{code}`" not in text]
    with translation.override("zh-hans"):
        named = {code: table.name_of(code) for code in table.codes()}
    assert missing == [] and all(not name.isascii() for name in named.values())
