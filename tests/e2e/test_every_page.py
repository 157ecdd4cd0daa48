"""Every page a person can reach: no accessibility violation, no console error, no sideways scrolling on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import axe_playwright_python
import pytest

from tests.e2e.conftest import Visitor

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES: dict[str, list[str]] = {
    "demo-lena": [
        "/", "/help/", "/account/", "/workers/", "/rules/", "/rules/R-080/", "/p/demo/", "/p/demo/settings/",
        "/p/demo/members/", "/p/demo/audit/", "/p/demo/imports/", "/p/demo/imports/{import}/", "/p/demo/pairs/",
        "/p/demo/pictures/", "/p/demo/pairs/{pair}/", "/p/demo/pairs/more/?more=1",
        "/p/demo/runs/", "/p/demo/runs/{run}/", "/p/demo/hard-sets/",
        "/p/demo/exports/", "/p/demo/agreement/", "/p/demo/bad-cases/", "/nowhere/",
    ],
    "demo-ana": ["/", "/p/demo/", "/p/demo/judge/"],
    "demo-ada": ["/p/demo/disputes/", "/p/demo/disputes/{dispute}/", "/p/demo/judge/"],
    "demo-max": [
        "/p/demo/models/", "/p/demo/models/{model}/", "/p/demo/playground/", "/p/demo/prompts/",
        "/p/demo/prompts/{prompt}/", "/p/demo/knowledge/", "/p/demo/knowledge/new/", "/p/demo/runs/",
    ],
    "demo-rosa": [
        "/rules/R-080/", "/rules/drafts/", "/rules/remarks/", "/rules/differences/", "/rules/findings/",
        "/p/demo/backtests/", "/p/demo/stale/", "/p/demo/standard/", "/p/demo/standard/weak-spots/",
        "/p/demo/standard/weak-spots/pairs/?rule=R-080",
    ],
    "demo-root": ["/", "/people/", "/people/{person}/", "/projects/new/", "/models/"],
}  # fmt: skip


def first_link(visitor: Visitor, listing: str, pattern: str) -> str:
    """The address of the first detail page that a list links to."""
    visitor.open(listing)
    links = visitor.page.eval_on_selector_all("main a[href]", "found => found.map(one => one.getAttribute('href'))")
    return next(link for link in links if link.startswith(pattern) and link != pattern and "?" not in link)


LISTS = {
    "{model}": ("/p/demo/models/", "/p/demo/models/"),
    "{prompt}": ("/p/demo/prompts/", "/p/demo/prompts/"),
    "{import}": ("/p/demo/imports/", "/p/demo/imports/"),
    "{pair}": ("/p/demo/pairs/", "/p/demo/pairs/"),
    "{run}": ("/p/demo/runs/", "/p/demo/runs/"),
    "{dispute}": ("/p/demo/disputes/", "/p/demo/disputes/"),
    "{person}": ("/people/", "/people/"),
}


def address(visitor: Visitor, path: str) -> str:
    for mark, (listing, pattern) in LISTS.items():
        if mark in path:
            return first_link(visitor, listing, pattern)
    return path


def violations(visitor: Visitor) -> list[str]:
    visitor.page.evaluate(AXE)
    found = visitor.page.evaluate(f"axe.run({{runOnly: {RULES}}})")
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]


LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "zh": {"locale": "zh-CN"},
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("username", PAGES)
def test_every_page_is_accessible_and_fits(visit: Callable[..., Visitor], username: str, look: str) -> None:
    visitor = visit(username, **LOOKS[look])
    wrong: dict[str, list[str]] = {}
    for path in PAGES[username]:
        visitor.open(address(visitor, path))
        visitor.page.wait_for_load_state("networkidle")
        if path == "/nowhere/":
            visitor.problems[:] = [problem for problem in visitor.problems if "404" not in problem]
        found = violations(visitor)
        width = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if width > 0:
            found.append(f"scrolls sideways by {width} px")
        if found:
            wrong[path] = found
    assert wrong == {}


def test_the_login_page_is_accessible(visit: Callable[..., Visitor]) -> None:
    visitor = visit(None)
    visitor.open("/login/")
    assert violations(visitor) == []
