"""Every file of the shared cases has its outcome, by the command, by the page and by the API alike."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from annotation.models import Judgment
from catalogue.importing import running
from catalogue.importing.forms import MeaningForm
from catalogue.models import Import, Item, Pair, Rejection
from inference.models import ImportedPrediction
from jobs import leasing
from projects import tokens
from projects.models import Project, Scope
from tests.catalogue.importing.shapes_of_the_trade import CASES, BreaksOff, Case, Goes, Refused
from tests.conftest import SHARED_DATA

FOLDER = Path(os.environ.get("LORE_INTAKE_CASES", SHARED_DATA.parent / "cases" / "intake"))
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared cases are absent (cases/intake)"),
]


@dataclass(frozen=True)
class Ended:
    """What a door answered: the batch where one was made, all that it said, and the command's status."""

    batch: Import | None
    said: str
    status: int = 0


Door = Callable[[Project, Case], Ended]


def by_command(project: Project, case: Case, *, files: list[str] | None = None, kind: str = "") -> Ended:
    kind = kind or case.kind
    arguments = [str(FOLDER / name) for name in files or case.files]
    arguments += ["--project", project.slug, "--licence", "CC0-1.0"]
    for column, meaning in case.columns.items():
        arguments += ["--column", f"{column}={meaning}"]
    for value, label in case.labels.items():
        arguments += ["--map-label", f"{value}={label}"]
    for option, value in case.told.items():
        arguments += [f"--{option.replace('_', '-')}", *([] if value == "1" else [value])]
    out, err, status = StringIO(), StringIO(), 0
    try:
        call_command(f"import_{kind}", *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return Ended(Import.objects.order_by("pk").last(), out.getvalue() + err.getvalue(), status)


def by_program(project: Project, case: Case, program: Client) -> Ended:
    data: dict[str, Any] = {"licence": "CC0-1.0", "kind": case.kind, **case.told}
    data["column"] = [f"{column}={meaning}" for column, meaning in case.columns.items()]
    if case.labels:
        data["labels"] = json.dumps(case.labels)
    answer = program.post(f"/api/v1/p/{project.slug}/imports/", {**data, "file": uploads(case)})
    said = answer.content.decode()
    if answer.status_code != 201:
        assert answer.status_code in {400, 409}, said
        return Ended(None, said, 1)
    batch = worked(answer.json()["import"])
    return Ended(batch, program.get(answer["Location"]).content.decode())


def by_page(project: Project, case: Case, lead: Client) -> Ended:
    """What a person does: choose the files, see what they mean, say what they know of it, confirm."""
    page = lead.post(reverse("imports", args=[project.slug]), {"file": uploads(case), "kind": case.kind})
    if page.status_code != 302:
        return Ended(None, page.content.decode(), 1)
    address = page["Location"]
    told = {name: value for name, value in case.told.items() if name in {"encoding", "preset", "sheet"}}
    page = lead.get(address, told, follow=True)
    form, question = page.context.get("form"), page.context.get("question")
    asks = question is not None and question.sentence and "encoding" not in told
    if asks or not isinstance(form, MeaningForm):
        return Ended(None, page.content.decode(), 1)
    page = lead.post(address, filled(form, case))
    if page.status_code == 422:  # the labels are asked for anew in the scale that was chosen
        page = lead.post(address, filled(page.context["form"], case))
    if page.status_code != 302:
        return Ended(None, page.content.decode(), 1)
    batch = worked(Import.objects.latest("pk").pk)
    return Ended(batch, lead.get(address).content.decode())


def uploads(case: Case) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name, (FOLDER / name).read_bytes()) for name in case.files]


def worked(batch_id: int) -> Import:
    token = leasing.claim(Import, batch_id)
    assert token is not None
    running.work(batch_id, token)
    return Import.objects.get(pk=batch_id)


def filled(form: Any, case: Case) -> dict[str, str]:
    """The fields as the page offers them, and what the person says in their place."""
    data = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    data = {name: str(value) for name, value in data.items() if value not in (False, None)}
    data |= {"preset": form.preset.name if form.preset else "", "source": "a shop", "licence": "CC0-1.0"}
    data |= {name: "on" if value == "1" else value for name, value in case.told.items()}
    by_column = {column.name: column.field.name for column in form.columns()}
    data |= {by_column[column]: meaning for column, meaning in case.columns.items()}
    if form.labels is not None and case.labels:
        data["scale"] = case.scale
        written = {row.written: row.field.html_name for row in form.labels.rows(form)}
        data |= {name: case.labels[value] for value, name in written.items() if value in case.labels}
        data |= {
            name: case.labels[value[:-2]]
            for value, name in written.items()
            if value.endswith(".0") and value[:-2] in case.labels
        }
    return data


def standing(project: Project, *, by_query: bool) -> dict[str, Any]:
    """What is in the project that no earlier file brought."""
    pairs = Pair.objects.filter(project=project).select_related("item__current_snapshot", "query")
    ratings = (
        Judgment.objects.filter(pair__project=project).exclude(judge__rater="").select_related("judge", "pair__item")
    )
    return {
        "gold": {pair.item.external_id: pair.gold_label for pair in pairs if pair.gold_label and not by_query}
        | {f"{pair.query.text} / {pair.item.external_id}": pair.gold_label for pair in pairs if by_query},
        "ratings": {(one.judge.rater, one.pair.item.external_id): one.label for one in ratings},
        "titles": dict(Item.objects.filter(project=project).values_list("external_id", "current_snapshot__title")),
        "pairs": pairs.count(),
        "items": Item.objects.filter(project=project).count(),
    }


def holds(case: Case, expected: Goes, ended: Ended, project: Project) -> None:
    assert ended.batch is not None and ended.batch.state == "done", ended.said
    stands = standing(project, by_query=any(" / " in name for name in expected.gold))
    labels = dict(expected.gold)
    if expected.pairs is None or labels:
        assert {**stands["gold"], **labels} == stands["gold"], "the labels that the file says"
    if len(labels) == expected.pairs or expected.pairs is None:
        assert stands["gold"] == labels, "and no other"
    assert stands["ratings"] == dict(expected.ratings)
    assert {**stands["titles"], **expected.titles} == stands["titles"]
    for name in ("pairs", "items"):
        wanted = getattr(expected, name)
        assert wanted in (None, stands[name]), name
    rejected = {one.row: one for one in Rejection.objects.filter(batch=ended.batch)}
    wanted_rows = {row for row in rejected if row not in expected.rejected and rejected[row].field != "images"}
    assert not wanted_rows, [str(rejected[row]) for row in wanted_rows]
    for row, word in expected.rejected.items():
        assert word in str(rejected[row].reason), str(rejected[row])
    for word in expected.unread:
        assert word in ended.said, "an unread column is named"
    for word in expected.says:
        assert word in ended.said
    if expected.conflicts:
        assert ended.batch.conflicts == expected.conflicts
    for item, (model, label) in expected.predictions.items():
        assert predicted(project, item) == [(model, label)]


def predicted(project: Project, item: str) -> list[tuple[str, str]]:
    rows = ImportedPrediction.objects.filter(pair__project=project, pair__item__external_id=item)
    return [(row.model_name, row.label) for row in rows]


def refuses(expected: Refused, ended: Ended, had: int, *, command: bool) -> None:
    assert Pair.objects.count() == had, "nothing is stored"
    assert ended.batch is None or ended.batch.state != "done" or ended.status, ended.said
    for word in expected.words:
        assert word.casefold() in ended.said.casefold(), (word, ended.said[-1500:])
    if command:
        assert ended.status == expected.status, ended.said


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{'+'.join(one.files)}{'*' if one.labels or one.told else ''}")
@pytest.mark.parametrize("door", ["command", "page", "program"])
def test_the_file_has_its_outcome(door: str, case: Case, cast: Any, client_for: Any) -> None:
    project = Project.objects.get(slug="shoes")
    Project.objects.filter(pk=project.pk).update(scale_name=case.scale)
    for name in case.before:
        kind = "items" if name.startswith("items") else "pairs"
        assert by_command(project, Case([name], Goes(), kind=kind)).status == 0
    had = Pair.objects.count()
    if door == "command":
        ended = by_command(project, case)
    elif door == "page":
        ended = by_page(project, case, client_for(cast.lena))
    else:
        secret = tokens.issue(project, "nightly", list(Scope), 30, actor=cast.lena).secret
        ended = by_program(project, case, Client(headers={"Authorization": f"Bearer {secret}"}))
    if isinstance(case.outcome, BreaksOff):
        assert Pair.objects.count() == case.outcome.pairs
        assert [word for word in case.outcome.words if word not in ended.said.replace(",", "")] == [], ended.said[-600:]
    elif isinstance(case.outcome, Refused):
        refuses(case.outcome, ended, had, command=door == "command")
    else:
        holds(case, case.outcome, ended, project)
