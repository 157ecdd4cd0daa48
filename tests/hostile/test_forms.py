"""T34 at every door a person types at: what cannot be stored becomes U+FFFD or is refused, and never breaks the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from urllib.parse import urlencode

import pytest
from django.db import models
from django.test import Client

from annotation.models import BadCaseNote, HardSet
from projects.policy import POLICY
from tests.hostile.conftest import Workplace
from tests.hostile.corpus import ASTRAL
from tests.hostile.crawling import Form, crawl
from tests.hostile.files import GOOD
from tests.world.columns import text_columns

TEXTS = {"nul": "a\x00b", "surrogate": "a\ud800b\udfff", "astral": ASTRAL}
# What signs people out, takes their rights or archives their project stands last.
LAST = ("member-remove", "person", "project-settings", "project-state", "account")


def forms_of(workplace: Workplace) -> list[tuple[Client, Form]]:
    found: dict[tuple[object, ...], tuple[Client, Form]] = {}
    for name, client in workplace.clients():
        for page in crawl(client, each=2):
            assert page.status < 500, (name, page.path)
            for form in page.forms:
                if form.url_name not in ("logout", "language", "login"):
                    found.setdefault((form.url_name, *sorted(form.texts)), (client, form))
    return sorted(found.values(), key=lambda one: LAST.index(one[1].url_name) if one[1].url_name in LAST else -1)


def sent(client: Client, form: Form, names: list[str], text: str, *, multipart: bool) -> int:
    """The form with the text in these fields, as bytes that a browser would not send."""
    fields = {**form.chosen, **dict.fromkeys(names, text)}
    if not multipart:
        body = urlencode({name: value.encode("utf-8", "surrogatepass") for name, value in fields.items()})
        return client.post(form.action, body, content_type="application/x-www-form-urlencoded").status_code
    pieces = [part(name, value.encode("utf-8", "surrogatepass")) for name, value in fields.items()]
    pieces += [part(name, GOOD.replace(b"Mug", text.encode("utf-8", "surrogatepass")), text) for name in form.files]
    body_bytes = b"".join(pieces) + b"--b--\r\n"
    return client.post(form.action, body_bytes, content_type="multipart/form-data; boundary=b").status_code


def part(name: str, value: bytes, file: str = "") -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"'.encode()
    if file:
        head += b'; filename="' + file.encode("utf-8", "surrogatepass") + b'.jsonl"'
    return head + b"\r\n\r\n" + value + b"\r\n"


def replaced() -> Iterator[str]:
    """Fields of the model graph in which a sign was replaced."""
    for model, field in text_columns():
        text = not isinstance(field, models.JSONField)
        if text and model._default_manager.filter(**{f"{field.name}__contains": "\ufffd"}).exists():
            yield f"{model.__name__}.{field.name}"


def test_no_text_of_any_form_breaks_anything(workplace: Workplace, figures: Callable[..., None]) -> None:
    # What puts a card off comes last: an answer to what was given back is a draft and no judgment.
    forms = sorted(forms_of(workplace), key=lambda one: one[1].url_name in {"judge-later", "judge-leave"})
    broken = []
    posts = 0
    for client, form in forms:
        for (kind, text), names in product(TEXTS.items(), [form.texts, form.areas] if form.areas else [form.texts]):
            for multipart in (False, True):
                status = sent(client, form, names, text, multipart=multipart)
                posts += 1
                if status >= 500:
                    broken.append((form.url_name, kind, status))
    assert broken == []
    reached = {form.url_name for _client, form in forms}
    writable = {name for name, methods in POLICY.items() if "POST" in methods}
    stored = sorted(replaced())
    counts = {"forms": len(forms), "posts": posts, "urls": len(reached), "of": len(writable), "http_500": 0}
    figures("T34 forms", **counts, fields_marked=" ".join(stored))
    assert len(reached) > len(writable) / 2
    assert {"RuleRemark.text", "RuleDraft.title", "HardSet.name", "Judgment.note", "QueryGuideline.intent"} <= set(
        stored
    )


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_what_is_typed_is_stored_with_the_sign_replaced(workplace: Workplace, text: str) -> None:
    client, before = workplace.client(workplace.cast.max), set(HardSet.objects.values_list("name", flat=True))
    body = urlencode({"name": text.encode("utf-8", "surrogatepass")})
    client.post("/p/shoes/hard-sets/", body, content_type="application/x-www-form-urlencoded")
    names = set(HardSet.objects.values_list("name", flat=True)) - before
    assert names <= {"a\ufffdb", "a\ufffd\ufffd\ufffdb"} and names  # of three bad bytes, one sign or three


ADDRESSES = (
    "/rules/%00/", "/rules/%ED%A0%80/", "/people/?after=%00", "/p/shoes/pairs/?text=%ED%A0%80%00", "/welcome/%00/", "/p/%00/",
    "/p/shoes/audit/?act=%00", "/p/shoes/knowledge/?q=%00&query=%00", "/p/shoes/images/%00/large.webp",
    "/p/shoes/exports/1/files/%00", "/login/?next=%00", "/p/shoes/standard/weak-spots/pairs/?category=%00&dimension=colour",
)  # fmt: skip


def test_an_address_may_hold_anything(workplace: Workplace) -> None:
    broken = []
    for name, client in workplace.clients():
        client.raise_request_exception = False
        broken += [(name, path) for path in ADDRESSES if client.get(path).status_code >= 500]
    assert broken == []


def test_a_field_longer_than_any_we_have_is_refused_by_name(workplace: Workplace) -> None:
    client = workplace.client(workplace.cast.ana)
    before = BadCaseNote.objects.count()
    answer = client.post("/rules/R-080/say/", {"text": "x" * 70_000, "kind": "comment"})
    assert answer.status_code == 413 and b"text" in answer.content
    assert BadCaseNote.objects.count() == before
