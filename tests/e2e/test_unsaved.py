"""A server that is away for a moment: the card says so, keeps the answer, and sends it again by itself, once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Visitor
from tests.processes import wait_until

pytestmark = pytest.mark.browser


@dataclass
class Away:
    """Breaks submits on their way back until told to stop: the server has stored the answer, the page does not learn it."""

    how: Callable[[Route], None]
    broken: int = 0
    back: bool = False

    def __call__(self, route: Route) -> None:
        if route.request.method != "POST" or self.back:
            route.continue_()
            return
        route.fetch()  # it arrives and is stored
        self.how(route)
        self.broken += 1


@pytest.mark.parametrize(
    "how", [lambda route: route.abort(), lambda route: route.fulfill(status=503, body="")], ids=["no answer", "503"]
)
def test_an_answer_whose_reply_is_lost_goes_again_by_itself_and_is_stored_once(
    visit: Callable[..., Visitor], how: Callable[[Route], None]
) -> None:
    ben = visit("demo-ben")
    ben.open("/p/demo/judge/")
    before = int(re.search(r"(\d+) today", ben.page.locator("#card").inner_text()).group(1))  # type: ignore[union-attr]
    key = ben.page.locator("#card input[name=idempotency_key]").first.input_value()
    away = Away(how)
    ben.intercept(re.compile(r"/judge/[0-9a-f-]{36}/$"), away)
    ben.page.keyboard.press("4")
    # Each time a little longer: hidden while it is sent again.
    expect(ben.page.locator("[data-unsaved]")).to_be_visible(timeout=30_000)
    expect(ben.page.locator("[data-resends]")).to_be_visible(timeout=30_000)
    wait_until(lambda: ben.page.evaluate("true") and away.broken >= 2, what="the second try")
    away.back = True
    expect(ben.page.locator(f'#card input[value="{key}"]')).to_have_count(0, timeout=30_000)  # nobody pressed anything
    assert f"{before + 1} today" in ben.page.locator("#card").inner_text()
    expect(ben.page.locator("[data-unsaved]")).to_be_hidden()
    ben.problems.clear()  # the console names the replies that we broke


def members(lena: Visitor, act: Callable[[Page], None]) -> None:
    lena.open("/p/demo/members/")
    act(lena.page)
    lena.page.wait_for_load_state("networkidle")


def test_who_lost_the_role_is_told_so_and_the_lead_reads_what_they_sent(visit: Callable[..., Visitor]) -> None:
    ben, lena = visit("demo-ben"), visit("demo-lena")
    ben.open("/p/demo/judge/")
    ben.page.keyboard.press("n")
    ben.page.keyboard.type("the handle is missing")
    ben.page.keyboard.press("Escape")
    row = lena.page.get_by_role("row").filter(has_text="demo-ben").filter(has_text="labeler")
    members(lena, lambda page: row.get_by_role("button").click())
    try:
        ben.page.keyboard.press("4")
        expect(ben.page.locator("[data-closed]")).to_be_visible()
        expect(ben.page.locator("[data-unsaved]")).to_be_hidden()
        lena.open("/p/demo/members/")
        lena.page.get_by_role("link", name="Left behind").click()
        expect(lena.page.get_by_text("the handle is missing")).to_be_visible()
    finally:
        members(lena, add_ben)
        accept(ben)
    ben.problems.clear()  # the console names the 401s and the 404


def accept(visitor: Visitor) -> None:
    second = visitor.context.new_page()
    second.goto(f"{visitor.site.address}/")
    second.locator('button[name="answer"][value="accept"]').click()
    second.wait_for_url(f"{visitor.site.address}/")
    second.close()


def add_ben(page: Page) -> None:
    page.locator("[name=username]").first.fill("demo-ben")
    page.locator("select[name=role]").first.select_option("labeler")
    page.locator("main form button.primary").first.click()
