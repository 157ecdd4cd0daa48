"""A server that is away for a moment: the card says so, keeps the answer, and sends it again by itself, once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.conftest import Visitor

pytestmark = pytest.mark.browser


def refuse(times: int, how: Callable[[Route], None]) -> Callable[[Route], None]:
    """Breaks that many submits on their way back: the server has stored the answer, the page does not learn it."""
    left = [times]

    def handle(route: Route) -> None:
        if route.request.method != "POST" or not left[0]:
            route.continue_()
            return
        left[0] -= 1
        route.fetch()  # it arrives and is stored
        how(route)

    return handle


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
    ben.page.route(re.compile(r"/judge/[0-9a-f-]{36}/$"), refuse(2, how))
    ben.page.keyboard.press("4")
    expect(ben.page.locator("[data-unsaved]")).to_be_visible()
    expect(ben.page.locator("[data-resends]")).to_be_visible()
    expect(ben.page.locator(f'#card input[value="{key}"]')).to_have_count(0, timeout=15_000)  # nobody pressed anything
    assert f"{before + 1} today" in ben.page.locator("#card").inner_text()
    expect(ben.page.locator("[data-unsaved]")).to_be_hidden()
    ben.problems.clear()  # the console names the replies that we broke
