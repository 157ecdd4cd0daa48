"""Why a row did not go in is said in the reader's language, whoever imported it; programs get a code and English."""

from __future__ import annotations

import ast
import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from catalogue.importing import nothing_in
from catalogue.importing.reasons import RowReason, at, because, code_of, in_words, to_json
from catalogue.models import Import, Rejection
from projects import tokens
from projects.models import Person, Project, Scope
from tests.conftest import Cast
from tests.world.rows import make_import

MODULES = sorted(Path("catalogue/importing").rglob("*.py"))


def test_a_reason_is_english_as_a_text_and_told_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        reason = because("longer than %(most)s characters") % {"most": 80}
        assert reason == "longer than 80 characters"
        assert in_words(reason) == in_words("", to_json(reason)) != reason
    with translation.override("en"):
        assert in_words(reason) == "longer than 80 characters"
    assert in_words("as it was stored", None) == "as it was stored"


def test_a_reason_at_a_place_is_told_with_its_inner_reason() -> None:
    reason = at("books[3]", because("missing"))
    assert reason == "books[3]: missing" and code_of(to_json(reason)) == "missing"
    with translation.override("zh-hans"):
        assert in_words("", json.loads(json.dumps(to_json(reason)))) == f"books[3]: {in_words(because('missing'))}"


def test_a_code_is_the_same_whatever_the_values() -> None:
    codes = {code_of(to_json(because("not a number: %(value)s") % {"value": one})) for one in ("a", "b%(value)s")}
    assert codes == {"not_a_number"}


REFUSALS = ("RowRefused", "NoRow", "NotThere", "RefusedPicture", "Broken")


def untold() -> Iterator[str]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in REFUSALS:
                calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
                yield from (f"{path}:{one.lineno}" for one in calls if ast.unparse(one.func) in ("_", "gettext"))


def test_no_row_is_refused_in_the_language_of_whoever_imports_it() -> None:
    assert list(untold()) == []


@pytest.fixture
def imported(project: Project, cast: Cast, client_for: Callable[[Person], Client]) -> Import:
    """By somebody who reads Chinese."""
    batch = make_import(project=project)
    with translation.override("zh-hans"):
        reason = because("longer than %(most)s bytes") % {"most": 2000}
        Rejection.objects.create(batch=batch, row=1, field="query", reason=reason, told=to_json(reason), raw="{}")
    Rejection.objects.create(batch=batch, row=2, field="title", reason="旧的原因", raw="{}")
    Import.objects.filter(pk=batch.pk).update(state="done", read=2, rejected=2)
    batch.refresh_from_db()
    return batch


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_page_and_download_tell_it_in_the_readers_language_and_leave_old_rows_as_they_were(
    imported: Import, cast: Cast, client_for: Callable[[Person], Client], language: str
) -> None:
    with translation.override(language):
        words = in_words(because("longer than %(most)s bytes") % {"most": 2000})
    client, headers = client_for(cast.lena), {"Accept-Language": language}
    with translation.override(language):  # as it was, it is again: a request leaves its language behind
        page = client.get(reverse("import", args=["shoes", imported.pk]), headers=headers).content.decode()
    assert words in page and "旧的原因" in page
    with translation.override(None):
        answer = client.get(reverse("import-rejected", args=["shoes", imported.pk]), headers=headers)
        table = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert [row["reason"] for row in csv.DictReader(io.StringIO(table))] == [words, "旧的原因"]


@pytest.mark.django_db
def test_programs_get_a_code_and_english_whatever_language_they_accept(imported: Import, cast: Cast) -> None:
    secret = tokens.issue(imported.project, "shop", list(Scope), 30, actor=cast.lena).secret
    headers = {"Authorization": f"Bearer {secret}", "Accept-Language": "zh-hans"}
    with translation.override("zh-hans"):
        answer = Client().get(f"/api/v1/p/shoes/imports/{imported.pk}/rejected/", headers=headers)
        first, old = map(json.loads, b"".join(answer.streaming_content).splitlines())
    assert (first["code"], first["reason"]) == ("longer_than_bytes", "longer than 2000 bytes")
    assert (old["code"], old["reason"]) == ("", "旧的原因")


@pytest.mark.django_db
def test_why_nothing_went_in_is_told_in_the_readers_language(imported: Import) -> None:
    with translation.override("zh-hans"):
        told = nothing_in.why(imported)
        assert told is not None and in_words(because("longer than %(most)s bytes") % {"most": 2000}) in told.sentence


def test_no_message_is_lost_between_reader_and_row() -> None:
    assert isinstance(at("x", because("missing")), RowReason)
