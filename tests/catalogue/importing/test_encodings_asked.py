"""A file that is not UTF-8, at each door: nothing of it is stored before somebody has said how it reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalogue.importing import running
from catalogue.models import Import, Pair, Query, Snapshot
from jobs import leasing
from projects import tokens
from projects.models import Project, Scope
from tests.catalogue.importing.reading.test_xlsx import saved, workbook
from tests.catalogue.importing.test_import_commands import run

TABLE = "query,item_id,title,label\n无线鼠标,1,凌跃 静音无线鼠标,L4\n儿童雨靴,2,小禾 男童防滑雨鞋,L3\n酱油,3,味晨 生抽酱油,L1\n"
ORIGIN = {"source": "a shop", "licence": "CC0-1.0"}


@pytest.fixture
def gbk(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.csv"
    path.write_bytes(TABLE.encode("gb18030"))
    return path


def damaged(data: bytes) -> bytes:
    return data + b"\xff\xff,4,mug,L1\n"


# the command


def test_the_command_names_the_guess_and_the_option_and_stores_nothing(db: None, gbk: Path) -> None:
    status, answer, _err = run("import_pairs", gbk, "--project", "mugs", "--create")
    assert status == 1 and not Import.objects.exists() and not Project.objects.exists()
    assert answer["error"].startswith("This is not UTF-8. It looks like GB18030: 无线鼠标,1,凌跃 静音无线鼠标")
    assert answer["error"].endswith("Give --encoding gb18030 if that reads right.")
    status, answer, _err = run("import_pairs", gbk, "--project", "mugs", "--create", "--encoding", "gb18030")
    assert (status, answer["new"], answer["gold"], answer["replaced"]) == (0, 3, 3, 0)
    assert set(Query.objects.values_list("text", flat=True)) == {"无线鼠标", "儿童雨靴", "酱油"}


def test_the_command_puts_signs_for_bytes_only_when_it_is_told_and_counts_them(db: None, gbk: Path) -> None:
    gbk.write_bytes(damaged(gbk.read_bytes()))
    options = ["--project", "mugs", "--create", "--encoding", "GBK"]
    status, answer, _err = run("import_pairs", gbk, *options)
    assert status == 1 and "Line 5 of the file has a byte that is no GBK: 0xFF." in answer["error"]
    assert "--replace" in answer["error"] and not Import.objects.exists()
    status, answer, _err = run("import_pairs", gbk, *options, "--replace")
    assert (status, answer["new"], answer["replaced"]) == (0, 4, 2)
    assert Query.objects.filter(text="��").exists()


def test_an_id_in_which_a_byte_was_replaced_is_rejected(db: None, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes("query,item_id,title\n杯子,1,杯\n杯子,杯".encode() + b"\xff,\xe6\n")
    status, answer, _err = run("import_pairs", path, "--project", "mugs", "--create", "--replace")
    assert (status, answer["new"], answer["rejected"], answer["replaced"]) == (0, 1, 1, 0)


# a program


@pytest.fixture
def post(cast: Any, project: Project) -> Callable[..., Any]:
    def send(data: bytes, **query: str) -> Any:
        address = f"/api/v1/p/shoes/imports/?{'&'.join(f'{name}={value}' for name, value in query.items())}"
        return program.generic("POST", address, data, "application/octet-stream")

    secret = tokens.issue(project, "nightly", [Scope.IMPORT], 30, actor=cast.lena).secret
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    return send


def test_a_program_that_names_no_encoding_is_refused_with_the_guess(post: Callable[..., Any]) -> None:
    told = {"name": "pairs.csv", "licence": "CC0-1.0"}
    refused = post(TABLE.encode("gb18030"), **told)
    assert (refused.status_code, refused.json()["code"]) == (400, "encoding_unclear")
    assert "It looks like GB18030: 无线鼠标" in refused.json()["detail"]
    assert refused.json()["detail"].endswith("Give encoding=gb18030 if that reads right.")
    assert not Import.objects.exists()
    assert post(TABLE.encode("gb18030"), encoding="gb18030", **told).status_code == 201
    batch = run_confirmed()
    assert (batch.state, batch.new, batch.mapping["encoding"]) == ("done", 3, "gb18030")


def test_a_program_may_have_bytes_replaced_and_reads_their_number(post: Callable[..., Any]) -> None:
    told = {"name": "pairs.csv", "licence": "CC0-1.0", "encoding": "gb18030"}
    refused = post(damaged(TABLE.encode("gb18030")), **told)
    assert (refused.status_code, refused.json()["code"]) == (400, "encoding_unclear")
    assert "0xFF" in refused.json()["detail"] and "replace=1" in refused.json()["detail"]
    started = post(damaged(TABLE.encode("gb18030")), replace="1", **told)
    assert started.status_code == 201 and run_confirmed().replaced == 2


def run_confirmed() -> Import:
    batch = Import.objects.latest("pk")
    token = leasing.claim(Import, batch.pk)
    assert token is not None
    running.work(batch.pk, token)
    batch.refresh_from_db()
    return batch


# a person


@pytest.fixture
def lena(cast: Any, client_for: Callable[[Any], Client]) -> Client:
    return client_for(cast.lena)


def bring(client: Client, data: bytes, name: str = "pairs.csv") -> str:
    address = reverse("imports", args=["shoes"])
    assert client.post(address, {"file": SimpleUploadedFile(name, data), "kind": "pairs"}).status_code == 302
    return reverse("import", args=["shoes", Import.objects.latest("pk").pk])


def fields(answer: Any) -> dict[str, str]:
    """What the page would send: the fields of its form and what it carries hidden."""
    form, question = answer.context["form"], answer.context["question"]
    data = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    return {**data, **ORIGIN, "preset": form.preset.name, **dict(question.hidden if question else [])}


def test_a_person_sees_the_guess_as_it_reads_and_confirms_it(lena: Client, project: Project) -> None:
    address = bring(lena, TABLE.encode("gb18030"))
    answer = lena.get(address)
    page = answer.content.decode()
    assert "It looks like GB18030." in page and "无线鼠标,1,凌跃 静音无线鼠标,L4" in page
    assert '<option value="gb18030" selected>' in page and '<option value="big5">' in page
    assert lena.post(address, fields(answer)).status_code == 302
    batch = run_confirmed()
    assert (batch.state, batch.new, batch.mapping["encoding"]) == ("done", 3, "gb18030")


def test_another_choice_reads_the_file_again_and_stores_nothing(lena: Client, project: Project) -> None:
    address = bring(lena, "query,item_id,title\ncafé,1,Café crème\n".encode("cp1252"))
    page = lena.get(address, {"encoding": "mac-roman"}).content.decode()
    assert "cafÈ · 1 · CafÈ crËme" in page and '<option value="mac-roman" selected>' in page
    answer = lena.get(address, {"encoding": "cp1252"})
    assert "café · 1 · Café crème" in answer.content.decode()
    assert not Snapshot.objects.exists() and not Import.objects.get().confirmed
    assert lena.post(address, fields(answer)).status_code == 302
    assert run_confirmed().new == 1 and Query.objects.get().text == "café"


def test_a_person_chooses_between_two_that_read_equally_well(lena: Client, project: Project) -> None:
    address = bring(lena, b"query,item_id,title\n\xe9,1,Mug\n")
    answer = lena.get(address)
    page = answer.content.decode()
    assert "It may be one of these." in page and "é,1,Mug" in page and "È,1,Mug" in page
    assert "form" not in answer.context or "Meaning" not in page
    assert lena.get(address, {"encoding": "cp1252"}).context["form"].look.rows[0]["query"] == "é"


def test_a_person_may_have_bytes_replaced_and_sees_their_number(lena: Client, project: Project) -> None:
    address = bring(lena, damaged(TABLE.encode()))
    page = lena.get(address).content.decode()
    assert "Line 5 of the file has a byte that is no UTF-8: 0xFF." in page and 'name="replace"' in page
    answer = lena.get(address, {"encoding": "", "replace": "on"})
    assert lena.post(address, fields(answer)).status_code == 302
    batch = run_confirmed()
    assert (batch.new, batch.replaced) == (4, 2)
    assert "replaced by �</dt><dd>2</dd>" in lena.get(address).content.decode()


def test_a_name_that_is_no_encoding_ends_in_a_sentence(lena: Client, project: Project) -> None:
    address = bring(lena, TABLE.encode())
    assert lena.get(address, {"encoding": "rot13"}, follow=True).status_code == 200


def test_a_byte_that_no_look_met_ends_an_import_before_a_row_goes_in(
    lena: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "".join(json.dumps({"query": "mug", "item_id": f"m{n}", "title": "Mug " * 100}) + "\n" for n in range(2000))
    monkeypatch.setattr("catalogue.importing.meaning.inspecting.hold_to_encodings", lambda *_parts: None)
    address = bring(lena, lines.encode() + b'{"query": "caf\xe9", "item_id": "x", "title": "x"}\n', "pairs.jsonl")
    lena.post(address, fields(lena.get(address)))
    batch = run_confirmed()
    assert (batch.state, batch.read, Pair.objects.count()) == ("dead", 0, 0)
    assert "This is not UTF-8. It looks like CP1252" in batch.error or "It may be" in batch.error


def test_a_person_chooses_the_sheet_of_a_workbook(lena: Client, project: Project) -> None:
    head = ["query", "item_id", "title"]
    book = saved(workbook(head, ["mug", 1, "Mug"], Old=[head, ["cup", 2, "Cup"]]))
    address = bring(lena, book, "pairs.xlsx")
    page = lena.get(address).content.decode()
    assert "Several sheets of the workbook hold rows: Sheet, Old." in page and '<option value="Old">' in page
    answer = lena.get(address, {"sheet": "Old"})
    assert lena.post(address, fields(answer)).status_code == 302
    assert run_confirmed().mapping["sheet"] == "Old" and Query.objects.get().text == "cup"


def test_command_and_program_name_the_sheet(db: None, tmp_path: Path) -> None:
    head = ["query", "item_id", "title"]
    path = tmp_path / "pairs.xlsx"
    path.write_bytes(saved(workbook(head, ["mug", 1, "Mug"], Old=[head, ["cup", 2, "Cup"]])))
    status, answer, _err = run("import_pairs", path, "--project", "mugs", "--create")
    assert status == 1 and answer["error"].endswith("Name the one that you mean: --sheet NAME.")
    status, answer, _err = run("import_pairs", path, "--project", "mugs", "--create", "--sheet", "Old")
    assert (status, answer["new"]) == (0, 1)


def test_of_several_files_the_encoding_is_said_of_those_that_are_not_utf_8(db: None, tmp_path: Path) -> None:
    products, labels = tmp_path / "product.csv", tmp_path / "label.csv"
    products.write_bytes("item_id,title\n1,红色马克杯\n2,蓝色雨鞋\n".encode("gb18030"))
    labels.write_bytes("query,item_id,label\n杯子,1,L4\n雨鞋,2,L3\n".encode())
    status, answer, _err = run("import_pairs", labels, products, "--project", "mugs", "--create")
    assert status == 1 and answer["error"].startswith("product.csv: This is not UTF-8. It looks like GB18030: 1,红色")
    named = ["--encoding", "gb18030"]
    status, answer, _err = run("import_pairs", labels, products, "--project", "mugs", "--create", *named)
    assert (status, answer["new"]) == (0, 2)
    assert set(Query.objects.values_list("text", flat=True)) == {"杯子", "雨鞋"}
    assert set(Snapshot.objects.values_list("title", flat=True)) == {"红色马克杯", "蓝色雨鞋"}
