"""Of two queries with the same words people see which locale each is of, and the price of that locale's item."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.template import Context, Template
from django.test import Client

from catalogue.models import Pair
from projects.models import Person, Project
from tests.conftest import Cast
from tests.world.rows import make_item, make_pair, make_slots

pytestmark = pytest.mark.django_db
SAID = '<bdi hx-ignore>samsung</bdi> <span class="badge"><span class="visually-hidden">locale </span><bdi hx-ignore>{}</bdi></span>'


@pytest.fixture
def both(project: Project) -> list[Pair]:
    return [
        make_pair(
            project=project,
            query="samsung",
            locale=locale,
            item=make_item(project=project, external_id="B2", locale=locale, price=price),
        )
        for locale, price in (("us", "12 USD"), ("es", "11,90 EUR"))
    ]


def test_lists_and_the_pages_of_pairs_show_the_locale_beside_the_query(
    both: list[Pair], client_for: Callable[[Person], Client], cast: Cast
) -> None:
    lena = client_for(cast.lena)
    listed = lena.get("/p/shoes/pairs/").content.decode()
    assert [SAID.format(locale) in listed for locale in ("us", "es")] == [True, True]
    page = lena.get(f"/p/shoes/pairs/{both[1].pk}/").content.decode()
    assert SAID.format("es") in page and "Item B2, snapshots: 1, locale es" in page and "11,90 EUR" in page
    assert SAID.format("us") not in page


def test_the_card_shows_locale_and_price(
    both: list[Pair], project: Project, client_for: Callable[[Person], Client], cast: Cast
) -> None:
    make_slots(pair=both[1])
    card = client_for(cast.ana).get("/p/shoes/judge/").content.decode()
    assert SAID.format("es") in card and "11,90 EUR" in card


def test_a_query_of_no_locale_shows_none() -> None:
    shown = Template("{% foreign text locale %}").render(Context({"text": "mug", "locale": ""}))
    assert shown == "<bdi hx-ignore>mug</bdi>"


def test_a_locale_is_foreign_text_too() -> None:
    shown = Template("{% foreign text locale %}").render(Context({"text": "mug", "locale": "<b>\u202eus"}))
    assert "&lt;b&gt;\\u202eus" in shown
