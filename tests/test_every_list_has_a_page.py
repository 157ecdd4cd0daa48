"""However many rows there are, a page shows a page of them (breaking.md, what must hold 20)."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from django.conf import settings as django_settings
from django.test import Client

from database.connecting import connected_as
from projects.models import Membership, Person, Project, Role
from tests.conftest import FreshDatabase
from tests.permissions import oracle
from tests.world import crowding, installation

pytestmark = pytest.mark.hostile
COPIES = 110
MOST = 102  # a page of a hundred, one more that leads on, and a choice of none
LISTS = {"tbody", "ul", "ol", "dl", "select", "section", "div", "main", "form", "fieldset"}
VOID = {"input", "img", "br", "meta", "link", "hr", "source", "wbr", "col"}


class _Counted(HTMLParser):
    """The most children that one element has."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[list[object]] = []
        self.most, self.where = 0, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._open:
            self._open[-1][1] += 1  # type: ignore[operator]
        if tag not in VOID:
            told = dict(attrs)
            self._open.append([tag, 0, told.get("id") or told.get("name") or told.get("class") or ""])

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            name, children, called = self._open.pop()
            if int(children) > self.most:  # type: ignore[call-overload]
                self.most, self.where = int(children), f"{name} {called}"  # type: ignore[call-overload]
            if name == tag:
                return


def longest(html: str) -> tuple[int, str]:
    counted = _Counted()
    counted.feed(re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL))
    return counted.most, counted.where


def test_no_page_shows_more_than_a_page_of_anything(
    fresh_database: FreshDatabase, figures: Callable[..., None]
) -> None:
    world = installation.build()
    project = world.projects["own"]
    boss = Person.objects.create_person("boss", is_system_admin=True, is_rule_owner=True)
    for role in Role:
        Membership.objects.create(project=project, person=boss, role=role)
    with connected_as({**django_settings.OWNER_DATABASE, "NAME": fresh_database.name}):
        made = crowding.crowd(world, COPIES)
        for copied in Project.objects.exclude(pk__in=[one.pk for one in world.projects.values()]):
            Membership.objects.create(project=copied, person=boss, role=Role.LEAD)
    client = Client()
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    here = {"slug": "shoes", **world.shared, **world.objects["shoes"]}
    seen, longer = {}, []
    for row in oracle.rows():
        if row.method != "GET" or row.for_programs or row.url in {"welcome", "judge-ahead"}:
            continue
        answer = client.get(path := row.path.format(**here))
        if "html" not in answer.get("Content-Type", "") or answer.status_code != 200:
            answer.close()
            continue
        most, where = longest(answer.content.decode())
        seen[row.url] = most
        if most > MOST or len(answer.content) > 1_000_000:
            longer.append(f"{path}: {most} in {where}, {len(answer.content):,} bytes")
    figures("T lists", pages=len(seen), rows=sum(made.values()), longest=max(seen.values()))
    assert not longer
