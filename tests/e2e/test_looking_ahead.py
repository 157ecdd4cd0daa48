"""The card ahead in a real browser: shown at the key press, taken back when the answer does not go through."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.e2e.conftest import Visitor, held
from tests.e2e.test_journeys import done, set_mode
from tests.processes import wait_until

pytestmark = pytest.mark.browser

Visit = Callable[..., Visitor]
SUBMIT = re.compile(r"/judge/[0-9a-f-]{36}/$")
# The card ahead replaces what it knows better: once nothing is marked it has arrived.
MARKS = """addEventListener('DOMContentLoaded', () => {
  for (const older of document.querySelectorAll('#card [data-fresh]')) older.dataset.older = '';
})"""
# "Send now" is pressed before it would be sent again by itself, however busy the page is.
SENDS_NOW = """() => document.addEventListener('card:failed', () => {
  window.saidSo = document.querySelector('[data-unsaved]').checkVisibility();
  window.shownAgain = document.getElementById('card').dataset.token;
  setTimeout(() => document.querySelector('[data-retry]').click(), 300);
}, { once: true })"""


def arrive(visit: Visit, username: str, mode: str = "facts") -> Visitor:
    """At a card that has another one ahead, and that shows what the mode says."""
    set_mode(visit, mode)
    visitor = visit(username)
    let_go(visitor)
    visitor.page.add_init_script(MARKS)
    visitor.open("/p/demo/judge/")
    expect(visitor.page.locator("#card [data-fresh]")).not_to_have_count(0)
    expect(visitor.page.locator("#card [data-fresh][data-older]")).to_have_count(0)
    settled(visitor.page)
    return visitor


def let_go(visitor: Visitor) -> None:
    """What was held before shows what it showed before."""
    visitor.open("/p/demo/judge/")
    visitor.page.get_by_role("button", name="Stop for now").click()
    visitor.page.wait_for_url(f"{visitor.site.address}/p/demo/")


def settled(page: Page) -> None:
    """All saved, and long enough on the screen to be answered."""
    expect(page.locator("#card .saving")).to_have_attribute("data-state", "saved")
    page.wait_for_timeout(300)


def token(page: Page) -> str:
    return str(page.locator("#card").get_attribute("data-token"))


def other_than(before: str, page: Page) -> str:
    expect(page.locator("#card")).not_to_have_attribute("data-token", before)
    return token(page)


def test_the_next_card_does_not_wait_for_the_answer(visit: Visit) -> None:
    ana = arrive(visit, "demo-ana")
    page = ana.page
    today = page.locator("[data-fresh=done]").inner_text()
    routes: list[Route] = []
    ana.intercept(SUBMIT, lambda route: routes.append(route))
    first = token(page)
    page.keyboard.press("4")
    second = other_than(first, page)
    expect(page.locator("#card .saving")).to_have_attribute("data-state", "saving")
    expect(page.locator(f'#card form[action$="{second}/"]').first).to_be_attached()
    route = held(page, routes)
    assert route.request.url.endswith(f"{first}/")
    route.continue_()
    settled(page)
    assert routes == [route]
    assert token(page) == second
    before, after = (int(text.split()[0]) for text in (today, page.locator("[data-fresh=done]").inner_text()))
    assert after == before + 1


def test_what_is_pressed_meanwhile_waits_and_is_stored_once(visit: Visit) -> None:
    ana = arrive(visit, "demo-ana")
    before = done(ana)
    settled(ana.page)
    page = ana.page
    routes: list[Route] = []
    ana.intercept(SUBMIT, lambda route: route.continue_() if routes else routes.append(route))
    first = token(page)
    page.keyboard.press("4")
    second = other_than(first, page)
    page.keyboard.press("4")  # pressed twice: nobody has read this card
    page.wait_for_timeout(300)
    for _ in range(3):
        page.keyboard.press("3")
    answer = held(page, routes)
    assert token(page) == second
    answer.continue_()
    other_than(second, page)
    settled(page)
    assert done(ana) == before + 2


def test_a_refused_answer_comes_back_as_it_was(visit: Visit) -> None:
    ana = arrive(visit, "demo-ana")
    page = ana.page
    first = token(page)
    page.keyboard.press("n")
    page.locator("#note").fill("the handle is missing")
    page.keyboard.press("Escape")

    def refuse(route: Route) -> None:
        route.fulfill(status=409, content_type="text/html", body='<div class="notice bad">No.</div>')

    ana.intercept(SUBMIT, refuse)
    page.keyboard.press("4")
    expect(page.locator("#refused")).to_have_text("No.")
    assert token(page) == first
    assert page.locator("#note").input_value() == "the handle is missing"
    expect(page.locator("#card .saving")).to_have_attribute("data-state", "failed")
    page.unroute(SUBMIT)
    page.wait_for_timeout(300)
    page.keyboard.press("3")
    other_than(first, page)
    settled(page)
    ana.problems[:] = [problem for problem in ana.problems if "409" not in problem]


def test_a_lost_connection_brings_the_card_back_and_the_same_key_again(visit: Visit) -> None:
    """The answer arrived, its answer did not: sent again it is one judgment."""
    ana = arrive(visit, "demo-ana")
    before = done(ana)
    settled(ana.page)
    page = ana.page
    first = token(page)
    keys: list[str] = []

    def lose(route: Route, request: Request) -> None:
        keys.append(re.findall(r"idempotency_key=([0-9a-f-]{36})", request.post_data or "")[0])
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    ana.intercept(SUBMIT, lose)
    page.evaluate(SENDS_NOW)
    page.keyboard.press("4")
    wait_until(lambda: page.evaluate("window.saidSo !== undefined"), what="the notice")
    assert page.evaluate("[saidSo, shownAgain]") == [True, first]
    other_than(first, page)
    settled(page)
    assert keys == [keys[0]] * 2
    assert done(ana) == before + 1
    ana.problems[:] = [problem for problem in ana.problems if "ERR_FAILED" not in problem]


def test_pictures_of_the_card_ahead_are_there_before_it_is(visit: Visit) -> None:
    ben = arrive(visit, "demo-ben")
    page = ben.page
    for _ in range(4):
        first = token(page)
        page.wait_for_load_state("networkidle")
        page.keyboard.press("4")
        other_than(first, page)
        for picture in page.locator("img[data-photo]").all():
            assert picture.evaluate("picture => picture.complete && picture.naturalWidth > 0")
        settled(page)


def test_a_card_that_was_asked_for_too_late_is_not_shown_again(visit: Visit) -> None:
    """The answer goes the slow way while the card ahead is still on its way: both bring the same pair."""
    ben = arrive(visit, "demo-ben")
    before = done(ben)
    page = ben.page
    ahead: list[Route] = []
    ben.intercept("**/ahead/", lambda route: route.continue_() if ahead else ahead.append(route))
    page.reload()
    late = held(page, ahead)
    answers: list[Route] = []
    ben.intercept(SUBMIT, lambda route: route.continue_() if answers else answers.append(route))
    first = token(page)
    page.keyboard.press("4")
    answer = held(page, answers)
    with page.expect_response("**/ahead/"):
        late.continue_()
    page.wait_for_timeout(200)
    answer.continue_()
    second = other_than(first, page)
    page.wait_for_load_state("networkidle")
    for _ in range(2):
        settled(page)
        page.keyboard.press("4")
        second = other_than(second, page)
    settled(page)
    assert done(ben) == before + 3


def test_undo_at_once_waits_for_the_answer_and_brings_it_back(visit: Visit) -> None:
    ben = arrive(visit, "demo-ben")
    page = ben.page
    title = page.locator("#card h1").inner_text()
    first = token(page)
    page.keyboard.press("4")
    second = other_than(first, page)
    page.keyboard.press("u")
    other_than(second, page)
    assert page.locator("#card h1").inner_text() == title
    expect(page.locator("#card .grade.again")).to_have_count(1)


def test_a_blind_card_ahead_leaks_nothing(visit: Visit) -> None:
    set_mode(visit, "blind")
    ben = visit("demo-ben")
    let_go(ben)
    with ben.page.expect_response(re.compile("/ahead/$")) as told:
        ben.open("/p/demo/judge/")
    body = told.value.text().lower()
    assert "data-ahead" in body
    for trace in ("<mark", "evidence", "confidence", "r-0"):
        assert trace not in body
    set_mode(visit, "facts")
