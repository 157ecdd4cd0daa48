"""T49, T50, T51: 120 payloads in every text field of the model graph, every page opened in a real browser, nothing runs.

The control beside it shows the same texts unescaped and without the product's headers, and there they do run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Dialog, Page, Route

from lore_app.database import connected_as
from tests.e2e.conftest import Site, apart, running_site
from tests.hostile import planting
from tests.hostile.payloads import HOST, PAYLOADS

pytestmark = pytest.mark.browser

PLANTED: dict[str, int] = {}
# (listing, beginning of its details' addresses, how many of them to open)
DETAILS = {
    "demo-lena": [
        ("/p/demo/imports/", "/p/demo/imports/", 4), ("/p/demo/pairs/", "/p/demo/pairs/", 6), ("/p/demo/runs/", "/p/demo/runs/", 1),
        ("/p/demo/exports/", "/p/demo/exports/", 2), ("/p/demo/bad-cases/", "/p/demo/bad-cases/", 1),
    ],
    "demo-ada": [("/p/demo/disputes/", "/p/demo/disputes/", 3)],
    "demo-max": [
        ("/p/demo/models/", "/p/demo/models/", 3), ("/p/demo/prompts/", "/p/demo/prompts/", 2),
        ("/p/demo/playground/", "/p/demo/playground/trials/", 1), ("/p/demo/hard-sets/", "/p/demo/hard-sets/", 1),
        ("/p/demo/playground/", "/p/demo/playground/comparisons/", 1), ("/p/demo/knowledge/", "/p/demo/knowledge/", 2),
    ],
    "demo-rosa": [
        ("/rules/drafts/", "/rules/drafts/", 1), ("/p/demo/backtests/", "/p/demo/backtests/", 1), ("/rules/", "/rules/R-", 4),
    ],
    "demo-root": [("/people/", "/people/", 2)],
}  # fmt: skip
PLAIN = {
    "demo-lena": [
        "/", "/help/", "/account/", "/workers/", "/rules/", "/rules/R-080/", "/rules/drafts/", "/rules/remarks/",
        "/p/demo/", "/p/demo/settings/", "/p/demo/members/", "/p/demo/audit/", "/p/demo/imports/", "/p/demo/pairs/",
        "/p/demo/runs/", "/p/demo/hard-sets/", "/p/demo/exports/", "/p/demo/agreement/", "/p/demo/bad-cases/",
        "/p/demo/knowledge/", "/p/demo/models/", "/p/demo/stale/", "/p/demo/standard/",
    ],
    "demo-ana": ["/", "/p/demo/", "/p/demo/judge/", "/p/demo/knowledge/", "/p/demo/bad-cases/"],
    "demo-ben": ["/", "/p/demo/judge/"],
    "demo-ada": ["/", "/p/demo/disputes/", "/p/demo/judge/", "/p/demo/pairs/", "/p/demo/standard/weak-spots/"],
    "demo-max": [
        "/", "/p/demo/models/", "/p/demo/playground/", "/p/demo/prompts/", "/p/demo/knowledge/", "/p/demo/exports/",
        "/p/demo/knowledge/?query=mug", "/p/demo/knowledge/new/", "/p/demo/runs/", "/p/demo/hard-sets/",
    ],
    "demo-rosa": [
        "/", "/rules/", "/rules/R-080/", "/rules/drafts/", "/rules/remarks/", "/rules/differences/", "/rules/findings/",
        "/p/demo/backtests/", "/p/demo/stale/", "/p/demo/standard/", "/p/demo/standard/weak-spots/",
        "/p/demo/standard/weak-spots/pairs/?rule=R-080",
    ],
    "demo-otto": ["/", "/p/demo/", "/p/demo/audit/", "/p/demo/pairs/", "/p/demo/agreement/"],
    "demo-root": ["/", "/people/", "/projects/new/"],
}  # fmt: skip
# Where payloads come from the address itself.
ECHOES = (
    "/p/demo/pairs/?text={}", "/p/demo/knowledge/?q={}&query={}", "/rules/?q={}", "/rules/R-080/?from={}",
    "/p/demo/standard/weak-spots/pairs/?category={}&dimension=colour", "/login/?next={}",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(database_template: str, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of this module's own, planted before it is served."""

    def furnish(database: str, bare: Site) -> None:
        def plant() -> dict[str, int]:
            with connected_as({**settings.OWNER_DATABASE, "NAME": database}):
                return planting.plant(bare.folder / "data/storage")

        PLANTED.update(apart(django_db_blocker, plant))

    with running_site(database_template, django_db_blocker, tmp_path_factory.mktemp("planted"), furnish) as served:
        yield served


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


def sign_in(browser: Browser, site: Site, username: str, watch: Watch) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    watch.on(page, site.address)
    page.goto(f"{site.address}/login/")
    watch.look(page, "/login/")
    page.locator(f'button[name="demo"][value="{username}"]').click()
    page.wait_for_url(f"{site.address}/")
    return page


def paths_of(page: Page, site: Site, username: str) -> Iterator[str]:
    yield from PLAIN[username]
    for listing, start, most in DETAILS.get(username, []):
        page.goto(site.address + listing)
        links = page.eval_on_selector_all("main a[href]", "found => found.map(one => one.getAttribute('href'))")
        found = list(
            dict.fromkeys(link for link in links if link.startswith(start) and link != start and "?" not in link)
        )
        assert found, f"{username} finds no detail page in {listing}"
        yield from found[:most]
        if start == "/rules/drafts/":
            yield f"{found[0]}R-001/"


@pytest.mark.parametrize("username", PLAIN)
def test_nothing_that_was_planted_runs(
    browser: Browser, site: Site, username: str, figures: Callable[..., None]
) -> None:
    watch = Watch()
    page = sign_in(browser, site, username, watch)
    wrong = {}
    for path in paths_of(page, site, username):
        answer = page.goto(site.address + path)
        assert answer is not None
        if answer.status >= 400:
            wrong[path] = answer.status
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        page.wait_for_timeout(50)
        watch.look(page, path)
    page.context.close()
    watch.tell(figures, username)
    assert wrong == {}
    assert watch.quiet
    assert watch.shown > 0, "the payloads stand on the pages as text"


def test_what_an_address_holds_does_not_run_either(browser: Browser, site: Site) -> None:
    watch = Watch()
    page = sign_in(browser, site, "demo-lena", watch)
    for number, payload in enumerate(PAYLOADS):
        path = ECHOES[number % len(ECHOES)].replace("{}", quote(payload))
        answer = page.goto(site.address + path)
        assert answer is not None and answer.status < 500, path
        watch.look(page, path)
    page.context.close()
    assert watch.quiet


def test_every_text_field_of_the_model_graph_was_planted(site: Site, figures: Callable[..., None]) -> None:
    names = {planting.name_of(*one) for one in planting.text_fields()}
    assert planting.OURS.keys() <= names, "a reason for a field that is no more"
    assert names - planting.OURS.keys() == PLANTED.keys()
    assert [name for name, rows in PLANTED.items() if not rows] == []
    figures("T49 fields", planted=len(PLANTED), rows=sum(PLANTED.values()), of_ours=len(planting.OURS))


def test_a_title_with_an_oob_fragment_changes_nothing_outside_its_cell(browser: Browser, site: Site) -> None:
    """T50: the judging card is swapped in by htmx; what its texts say of swapping is text."""
    watch = Watch()
    page = sign_in(browser, site, "demo-ben", watch)
    page.goto(f"{site.address}/p/demo/judge/")
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
    browser: Browser, site: Site
) -> None:
    """T51"""
    watch = Watch()
    page = sign_in(browser, site, "demo-lena", watch)
    page.goto(f"{site.address}/p/demo/pairs/")
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
def test_the_control_runs_them(browser: Browser, site: Site, policy: bool, figures: Callable[..., None]) -> None:
    """Without escaping and without the policy they run; with the policy alone they are reported instead."""
    watch = Watch()
    page = browser.new_context().new_page()
    watch.on(page, site.address)
    headers = {"Content-Type": "text/html; charset=utf-8"}
    if policy:
        answer = page.request.get(f"{site.address}/login/")
        headers["Content-Security-Policy"] = answer.headers["content-security-policy"]
    page.route("**/control/", lambda route: route.fulfill(body=control_page(escaped=False), headers=headers))
    page.goto(f"{site.address}/control/", wait_until="domcontentloaded")
    page.wait_for_timeout(1500)
    watch.look(page, "/control/")
    watch.tell(figures, f"control {'with' if policy else 'without'} policy")
    assert watch.failures
    if policy:
        assert watch.dialogs == [] and watch.violations
    else:
        assert len(watch.dialogs) > 10 and any(HOST in url for url in watch.away)
    page.context.close()


def test_a_name_that_turns_its_surroundings_about_stays_in_its_place(browser: Browser, site: Site) -> None:
    """T59: isolated, with a badge that spells it out; what follows it stays where it was."""
    watch = Watch()
    page = sign_in(browser, site, "demo-max", watch)
    page.goto(f"{site.address}/p/demo/hard-sets/")
    for name in ("photo\u202egpj.exe", "\u2067gum exe.\u2066 x\u202a\u202b"):  # the second leaves four directions open
        page.locator("#name").fill(name)
        page.locator("main form[method=post] button.primary").click()
        page.wait_for_load_state("networkidle")
        page.goto(f"{site.address}/p/demo/hard-sets/")
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
