"""The demo, served by real processes over a database of its own, seen through Chromium.

Fixtures live as long as this package's tests: Playwright keeps an event loop running, under which Django refuses to
work for the tests that follow.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from re import Pattern
from typing import Any, TypeVar

import pytest
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from tests.conftest import clone, drop, url_of
from tests.processes import ROOT, manage, process, required, wait_until, web_server

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """The running product: where it answers, and how a command reaches the same database and storage."""

    address: str
    environment: dict[str, str]
    folder: Path

    def command(self, *arguments: str) -> str:
        """A management command; returns its stdout."""
        done = subprocess.run(
            manage(*arguments), env=self.environment, cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout


@pytest.fixture(scope="package")
def site(database_template: str, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(database_template, django_db_blocker, tmp_path_factory.mktemp("site")) as served:
        yield served


@contextmanager
def running_site(database_template: str, django_db_blocker: Any, folder: Path) -> Iterator[Site]:
    """The demo in a database of its own."""
    chromium()  # skip before anything is started
    name = f"lore_site_{uuid.uuid4().hex[:12]}"

    def made() -> str:
        clone(database_template, name)
        return url_of(name)

    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("LORE_", "DATABASE_URL", "REDIS_URL"))},
        "DATABASE_URL": apart(django_db_blocker, made),
        "LORE_DATA_DIR": str(folder / "data"),
        "LORE_DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "lore_app.settings",
        "PYTHONPATH": str(ROOT),
    }
    bare = Site("", environment, folder)
    bare.command("load_rules", str(ROOT / "rules/packs/starter.yaml"))
    bare.command("load_demo")
    with web_server(environment, folder) as address, process(manage("work"), environment, folder, folder / "work.log"):
        yield Site(address, environment, folder)
    apart(django_db_blocker, lambda: drop(name))


def apart(django_db_blocker: Any, act: Callable[[], T]) -> T:
    """In a thread of its own: Playwright may keep an event loop in this one, under which Django refuses to work."""

    def acted() -> T:
        try:
            return act()
        finally:
            connection.close()

    with django_db_blocker.unblock(), ThreadPoolExecutor(1) as pool:
        return pool.submit(acted).result()


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        required("LORE_REQUIRE_BROWSER", "Chromium is not installed")
    return str(found)


@pytest.fixture(scope="package")
def browser(site: Site) -> Iterator[Browser]:
    """After the site: what asks the database in this process would take the loop that playwright runs for its caller's."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield launched
        launched.close()


@dataclass
class Visitor:
    """A person at a browser. `problems` collects what the console complained about."""

    site: Site
    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.site.address + path)

    def press(self, key: str) -> None:
        """A key, and whatever request it causes seen to its end."""
        self.page.keyboard.press(key)
        self.page.wait_for_load_state("networkidle")

    def intercept(self, pattern: str | Pattern[str], handle: Callable[..., object]) -> None:
        """Matching requests of the page go to `handle`, from when this returns.

        Chromium answers `route` before the page has heard of it. A busy page hears of a key first, and what that key
        sends goes straight to the server: so ask the page for something until it comes through a handler.
        """
        self.page.route(pattern, handle)
        self.page.route("**/health/", lambda route: route.fulfill(body="intercepted"))
        ask = "async () => (await fetch('/health/')).text()"
        wait_until(lambda: self.page.evaluate(ask) == "intercepted", what="the interception")
        self.page.unroute("**/health/")


def held(page: Page, routes: list[Route]) -> Route:
    """The first request that a handler keeps in `routes`; the page may show what it does before it has sent it."""
    wait_until(lambda: page.evaluate("true") and routes, what="the request")
    return routes[0]


@pytest.fixture
def visit(site: Site, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Sign in as one of the demo's people; at the end nobody's console may have complained."""
    visitors: list[Visitor] = []

    def arrive(username: str | None, **options: Any) -> Visitor:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        visitor = Visitor(site, context, context.new_page())
        note = visitor.problems.append
        visitor.page.on("console", lambda message: note(message.text) if message.type == "error" else None)
        visitor.page.on("pageerror", lambda error: note(str(error)))
        visitors.append(visitor)
        if username is not None:
            visitor.open("/login/")
            visitor.page.locator(f'button[name="demo"][value="{username}"]').click()
            visitor.page.wait_for_url(f"{site.address}/")
        return visitor

    yield arrive
    for visitor in visitors:
        visitor.page.goto("about:blank")  # closing over a request under way may never answer
        visitor.context.close()
    assert [problem for visitor in visitors for problem in visitor.problems] == []
