"""T49, T50, T51: 120 payloads in every text field of the model graph, every page opened in a real browser, nothing runs.

The control beside it shows the same texts unescaped and without the product's headers, and there they do run.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from playwright.sync_api import Browser, Dialog, Page, Route

from database.connecting import connected_as
from tests.conftest import clone, drop, environment_of, storages_in
from tests.e2e.conftest import apart, chromium
from tests.hostile.payloads import HOST, PAYLOADS
from tests.processes import web_server
from tests.world import installation, payloads
from tests.world.cast import World

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Planted:
    address: str
    world: World


# (listing, beginning of its details' addresses, how many of them to open)
DETAILS = {
    "lead": [
        ("/p/shoes/imports/", "/p/shoes/imports/", 4), ("/p/shoes/pairs/", "/p/shoes/pairs/", 6),
        ("/p/shoes/runs/", "/p/shoes/runs/", 1),
        ("/p/shoes/exports/", "/p/shoes/exports/", 2), ("/p/shoes/bad-cases/", "/p/shoes/bad-cases/", 1),
    ],
    "adjudicator": [("/p/shoes/disputes/", "/p/shoes/disputes/", 3)],
    "ml_engineer": [
        ("/p/shoes/models/", "/p/shoes/models/", 3), ("/p/shoes/prompts/", "/p/shoes/prompts/", 2),
        ("/p/shoes/playground/", "/p/shoes/playground/trials/", 1), ("/p/shoes/hard-sets/", "/p/shoes/hard-sets/", 1),
        ("/p/shoes/playground/", "/p/shoes/playground/comparisons/", 1), ("/p/shoes/knowledge/", "/p/shoes/knowledge/", 2),
    ],
    "keeper": [("/rules/drafts/", "/rules/drafts/", 2)],
    "rule_owner": [
        ("/rules/drafts/", "/rules/drafts/", 1), ("/p/shoes/backtests/", "/p/shoes/backtests/", 1), ("/rules/", "/rules/R-", 4),
    ],
    "system_admin": [("/people/", "/people/", 2)],
}  # fmt: skip
PLAIN = {
    "lead": [
        "/", "/help/", "/account/", "/workers/", "/rules/", "/rules/R-080/", "/rules/drafts/", "/rules/remarks/",
        "/p/shoes/", "/p/shoes/settings/", "/p/shoes/members/", "/p/shoes/audit/", "/p/shoes/imports/", "/p/shoes/pairs/",
        "/p/shoes/runs/", "/p/shoes/hard-sets/", "/p/shoes/exports/", "/p/shoes/agreement/", "/p/shoes/bad-cases/",
        "/p/shoes/knowledge/", "/p/shoes/models/", "/p/shoes/stale/", "/p/shoes/standard/",
    ],
    "labeler": ["/", "/p/shoes/", "/p/shoes/judge/", "/p/shoes/knowledge/", "/p/shoes/bad-cases/"],
    "adjudicator": ["/", "/p/shoes/disputes/", "/p/shoes/judge/", "/p/shoes/pairs/", "/p/shoes/standard/weak-spots/"],
    "ml_engineer": [
        "/", "/p/shoes/models/", "/p/shoes/playground/", "/p/shoes/prompts/", "/p/shoes/knowledge/", "/p/shoes/exports/",
        "/p/shoes/knowledge/?query=mug", "/p/shoes/knowledge/new/", "/p/shoes/runs/", "/p/shoes/hard-sets/",
    ],
    "rule_owner": [
        "/", "/rules/", "/rules/R-080/", "/rules/drafts/", "/rules/remarks/", "/rules/differences/", "/rules/findings/",
        "/p/shoes/backtests/", "/p/shoes/stale/", "/p/shoes/standard/", "/p/shoes/standard/weak-spots/",
        "/p/shoes/standard/weak-spots/pairs/?rule=R-080",
    ],
    "keeper": ["/", "/rules/", "/rules/R-080/", "/rules/drafts/"],
    "auditor": ["/", "/p/shoes/", "/p/shoes/audit/", "/p/shoes/pairs/", "/p/shoes/agreement/"],
    "system_admin": ["/", "/people/", "/projects/new/"],
}  # fmt: skip
# Where payloads come from the address itself.
ECHOES = (
    "/p/shoes/pairs/?text={}", "/p/shoes/knowledge/?q={}&query={}", "/rules/?q={}", "/rules/R-080/?from={}",
    "/p/shoes/standard/weak-spots/pairs/?category={}&dimension=colour", "/login/?next={}",
)  # fmt: skip


@pytest.fixture(scope="module")
def planted(
    database_template: str, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planted]:
    """The installation in a database of this module's own, planted before it is served."""
    chromium()  # skip before anything is started
    name, folder = f"lore_planted_{uuid.uuid4().hex[:12]}", tmp_path_factory.mktemp("planted")

    def made() -> World:
        clone(database_template, name)
        before = connection.settings_dict["NAME"]
        connection.settings_dict["NAME"] = name
        try:
            with override_settings(STORAGES=storages_in(folder / "data/storage")):
                world = installation.build()
                with connected_as({**settings.OWNER_DATABASE, "NAME": name}):
                    payloads.plant(world)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
        return world

    world = apart(django_db_blocker, made)
    environment = environment_of(name, folder / "data", settings.SECRET_KEY)
    with web_server(environment, folder) as address:
        yield Planted(address, world)
    apart(django_db_blocker, lambda: drop(name))


REPORTS = """window.__reports = [];
addEventListener('securitypolicyviolation', (event) => __reports.push(`${event.violatedDirective} ${event.blockedURI}`));"""
LOOK = """() => ({
  canaries: document.querySelectorAll('[data-canary]').length,
  scripts: [...document.scripts].filter((one) => !one.src.startsWith(location.origin + '/static/')).length,
  reports: window.__reports ?? [],
  text: document.body.textContent,
})"""


@dataclass
class Watch:
    """What a page did that no page of ours does."""

    dialogs: list[str] = field(default_factory=list)
    away: list[str] = field(default_factory=list)
    boom: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    opened: int = 0
    shown: int = 0

    def on(self, page: Page, address: str) -> None:
        page.add_init_script(REPORTS)
        page.on("dialog", self._dialog)
        page.on("console", self._console)
        page.route("**/*", lambda route: self._request(route, address))

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _console(self, message: Any) -> None:
        if "Content Security Policy" in message.text:
            self.violations.append(message.text)

    def _request(self, route: Route, address: str) -> None:
        url = route.request.url
        if url.startswith(address) or url.startswith(("data:", "blob:", "about:")):
            if urlsplit(url).path.startswith("/boom"):
                self.boom.append(url)
            route.continue_()
        else:
            self.away.append(url)
            route.abort()

    def tell(self, figures: Callable[..., None], name: str) -> None:
        counts = {"dialogs": self.dialogs, "reports": self.violations, "away": self.away, "injected": self.failures}
        told = {key: len(value) for key, value in counts.items()}
        figures(f"T49 {name}", pages=self.opened, payloads_shown=self.shown, **told)

    @property
    def quiet(self) -> bool:
        assert (self.dialogs, self.violations, self.away, self.boom, self.failures) == ([], [], [], [], [])
        return True

    def look(self, page: Page, path: str) -> None:
        self.opened += 1
        seen = page.evaluate(LOOK)
        self.violations += [f"{path}: {report}" for report in seen["reports"]]
        if seen["canaries"] or seen["scripts"]:
            self.failures.append(f"{path}: {seen['canaries']} injected elements, {seen['scripts']} foreign scripts")
        self.shown += sum(payload in seen["text"] for payload in PAYLOADS)


def sign_in(browser: Browser, planted: Planted, actor: str, watch: Watch) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    watch.on(page, planted.address)
    page.goto(f"{planted.address}/login/")
    watch.look(page, "/login/")
    context.add_cookies([{"name": "sessionid", "value": planted.world.cookies[actor], "url": planted.address}])
    return page


def paths_of(page: Page, planted: Planted, actor: str) -> Iterator[str]:
    yield from PLAIN[actor]
    for listing, start, most in DETAILS.get(actor, []):
        page.goto(planted.address + listing)
        links = page.eval_on_selector_all("main a[href]", "found => found.map(one => one.getAttribute('href'))")
        found = list(
            dict.fromkeys(link for link in links if link.startswith(start) and link != start and "?" not in link)
        )
        assert found, f"{actor} finds no detail page in {listing}"
        yield from found[:most]
        if start == "/rules/drafts/" and actor == "keeper":
            yield f"{found[0]}R-080/"


@pytest.mark.parametrize("actor", PLAIN)
def test_nothing_that_was_planted_runs(
    browser: Browser, planted: Planted, actor: str, figures: Callable[..., None]
) -> None:
    watch = Watch()
    page = sign_in(browser, planted, actor, watch)
    wrong = {}
    for path in paths_of(page, planted, actor):
        answer = page.goto(planted.address + path)
        assert answer is not None
        if answer.status >= 400:
            wrong[path] = answer.status
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        page.wait_for_timeout(50)
        watch.look(page, path)
    page.context.close()
    watch.tell(figures, actor)
    assert wrong == {}
    assert watch.quiet
    assert watch.shown > 0, "the payloads stand on the pages as text"


def test_what_an_address_holds_does_not_run_either(browser: Browser, planted: Planted) -> None:
    watch = Watch()
    page = sign_in(browser, planted, "lead", watch)
    for number, payload in enumerate(PAYLOADS):
        path = ECHOES[number % len(ECHOES)].replace("{}", quote(payload))
        answer = page.goto(planted.address + path)
        assert answer is not None and answer.status < 500, path
        watch.look(page, path)
    page.context.close()
    assert watch.quiet


def test_a_title_with_an_oob_fragment_changes_nothing_outside_its_cell(browser: Browser, planted: Planted) -> None:
    """T50: the judging card is swapped in by htmx; what its texts say of swapping is text."""
    watch = Watch()
    page = sign_in(browser, planted, "labeler", watch)
    page.goto(f"{planted.address}/p/shoes/judge/")
    page.locator("#card button.grade").first.wait_for()
    before = page.locator("#card input[name=idempotency_key]").first.input_value()
    page.keyboard.press("0")  # later: the next card comes as a fragment
    page.wait_for_function(
        "before => document.querySelector('#card input[name=idempotency_key]')?.value !== before", arg=before
    )
    watch.look(page, "the next card")
    assert page.locator("#main").count() == page.locator("#card").count() == page.locator("#messages").count() == 1
    assert page.locator("#messages").inner_text().strip() == ""
    assert page.evaluate("document.querySelectorAll('bdi[hx-ignore]').length") > 0
    page.context.close()
    assert watch.quiet


def test_after_signing_out_the_back_button_shows_the_login_page_and_nothing_is_kept(
    browser: Browser, planted: Planted
) -> None:
    """T51"""
    watch = Watch()
    page = sign_in(browser, planted, "lead", watch)
    page.goto(f"{planted.address}/p/shoes/pairs/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/**")
    page.go_back()
    page.wait_for_load_state()
    assert "/login/" in page.url
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    page.context.close()


def control_page(*, escaped: bool) -> str:
    texts = PAYLOADS if not escaped else [unescape(one).replace("&", "&amp;").replace("<", "&lt;") for one in PAYLOADS]
    # What swallows the rest of a page stands last.
    calm = [
        one for one in texts if not any(word in one for word in ("plaintext", "<!--", "xmp", "frameset", "refresh"))
    ]
    return "<!doctype html><main>" + "".join(f"<div>{one}</div>" for one in calm) + "</main>"


@pytest.mark.parametrize("policy", [False, True], ids=["no policy", "our policy"])
def test_the_control_runs_them(browser: Browser, planted: Planted, policy: bool, figures: Callable[..., None]) -> None:
    """Without escaping and without the policy they run; with the policy alone they are reported instead."""
    watch = Watch()
    page = browser.new_context().new_page()
    watch.on(page, planted.address)
    headers = {"Content-Type": "text/html; charset=utf-8"}
    if policy:
        answer = page.request.get(f"{planted.address}/login/")
        headers["Content-Security-Policy"] = answer.headers["content-security-policy"]
    page.route("**/control/", lambda route: route.fulfill(body=control_page(escaped=False), headers=headers))
    page.goto(f"{planted.address}/control/", wait_until="domcontentloaded")
    page.wait_for_timeout(1500)
    watch.look(page, "/control/")
    watch.tell(figures, f"control {'with' if policy else 'without'} policy")
    assert watch.failures
    if policy:
        assert watch.dialogs == [] and watch.violations
    else:
        assert len(watch.dialogs) > 10 and any(HOST in url for url in watch.away)
    page.context.close()


def test_a_name_that_turns_its_surroundings_about_stays_in_its_place(browser: Browser, planted: Planted) -> None:
    """T59: isolated, with a badge that spells it out; what follows it stays where it was."""
    watch = Watch()
    page = sign_in(browser, planted, "ml_engineer", watch)
    page.goto(f"{planted.address}/p/shoes/hard-sets/")
    for name in ("photo\u202egpj.exe", "\u2067gum exe.\u2066 x\u202a\u202b"):  # the second leaves four directions open
        page.locator("#name").fill(name)
        page.locator("main form[method=post] button.primary").click()
        page.wait_for_load_state("networkidle")
        page.goto(f"{planted.address}/p/shoes/hard-sets/")
    for text, spelt in (("gpj.exe", r"photo\u202egpj.exe"), ("gum exe.", r"\u2067gum exe.\u2066 x\u202a\u202b")):
        link = page.locator("td a", has_text=text)
        assert link.locator("bdi").evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"
        badge = link.locator(".odd")
        assert badge.get_attribute("title") == spelt and r"\u20" in badge.inner_text()
        said, mark = link.locator("bdi").bounding_box(), badge.bounding_box()
        assert said is not None and mark is not None and mark["x"] >= said["x"] + said["width"] - 1, (
            "behind it, not before"
        )
    page.context.close()
