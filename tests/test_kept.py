"""What people have bookmarked, programs call and scripts run: no address, no permission and no command goes or changes.

`kept.csv` was written from version 0.1.0 as it was before its folders were laid out by stage. A line is taken out only with a
word in the changelog to those whom it concerns.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from django.conf import settings
from django.core.management import get_commands
from django.urls import URLPattern, URLResolver, get_resolver

from projects.policy import POLICY
from tests.conftest import ROOT

with (ROOT / "tests/kept.csv").open(encoding="utf-8", newline="") as file:
    KEPT = list(csv.DictReader(file))


def routes(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, before + str(pattern.pattern))
        else:
            yield str(pattern.name), before + str(pattern.pattern)


def test_every_address_that_was_there_leads_to_its_page_for_the_same_people() -> None:
    now = dict(routes(get_resolver().url_patterns))
    urls = [row for row in KEPT if row["kind"] == "url"]
    assert len(urls) > 130
    moved = [row["name"] for row in urls if now.get(row["name"]) != row["where"]]
    others = [
        (row["name"], row["method"])
        for row in urls
        if POLICY.get(row["name"], {}).get(row["method"], "") != row["permission"]
    ]
    assert (moved, others) == ([], [])


def test_every_command_that_was_there_can_be_run() -> None:
    ours = {name for name, app in get_commands().items() if app in {"lore_app", *settings.OUR_APPS}}
    assert {row["name"] for row in KEPT if row["kind"] == "command"} <= ours
