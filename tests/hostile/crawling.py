"""Every page that a person can reach by links, and every form on them, through Django's test client."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve

NOT_FOLLOWED = {"logout", "language"}


@dataclass
class Form:
    """A form as a page shows it."""

    action: str
    texts: list[str] = field(default_factory=list)  # fields a person types into, hidden ones included
    areas: list[str] = field(default_factory=list)  # the text areas among them
    files: list[str] = field(default_factory=list)
    chosen: dict[str, str] = field(default_factory=dict)  # selects, boxes, buttons: what a browser would send

    @property
    def url_name(self) -> str:
        return str(resolve(urlsplit(self.action).path).url_name)


@dataclass
class Page:
    path: str
    url_name: str
    status: int
    seconds: float
    html: str
    forms: list[Form] = field(default_factory=list)


class _Reader(HTMLParser):
    """Links and posted forms of a page."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._by_id: dict[str, Form] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        name = told.get("name", "")
        if tag == "a" and told.get("href"):
            self.links.append(urljoin(self.base, told["href"]))
        elif tag == "form" and told.get("method", "").lower() == "post":
            self._form = Form(urljoin(self.base, told.get("action") or self.base))
            self.forms.append(self._form)
            self._by_id[told.get("id", "")] = self._form
        form = self._by_id.get(told["form"]) if told.get("form") else self._form
        if form is None or not name or name == "csrfmiddlewaretoken":
            self._select = name if tag == "select" and form else self._select
            if tag == "option" and self._select and form is not None:
                form.chosen.setdefault(self._select, told.get("value", ""))
            return
        kind = told.get("type", "text" if tag == "input" else "")
        if tag == "textarea" or kind in ("text", "hidden", "search", "url", "email", "password"):
            if tag == "textarea":
                form.areas.append(name)
            else:
                form.chosen.setdefault(name, told.get("value", "") or ("" if kind == "hidden" else "x"))
            form.texts.append(name)
        elif kind == "file":
            form.files.append(name)
        elif tag == "select":
            self._select = name
        elif tag in ("input", "button"):
            form.chosen.setdefault(name, told.get("value", "on"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""


START = ("/p/shoes/", "/")  # the furnished project before others of theirs


def crawl(client: Client, each: int = 3) -> Iterator[Page]:
    """Breadth first; of one URL name at most `each` pages, so that a list of a thousand does not take all day."""
    client.raise_request_exception = False
    waiting, seen, counted = deque(START), {*START}, Counter[str]()
    while waiting:
        path = waiting.popleft()
        name = name_of(path)
        if name is None or name in NOT_FOLLOWED or counted[name] >= each:
            continue
        counted[name] += 1
        since = time.process_time()
        answer = client.get(path)
        html = text_of(answer)
        reader = _Reader(path)
        reader.feed(html)
        yield Page(path, name, answer.status_code, time.process_time() - since, html, reader.forms)
        for link in reader.links:
            if link.startswith("/") and not link.startswith("//") and link not in seen:
                seen.add(link)
                waiting.append(link.split("#")[0])


def name_of(path: str) -> str | None:
    try:
        return resolve(urlsplit(path).path).url_name
    except Resolver404:
        return None


def text_of(answer: HttpResponse) -> str:
    if getattr(answer, "streaming", False):
        b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # a download is read to its end
        return ""
    return answer.content.decode() if answer.get("Content-Type", "").startswith("text/html") else ""
