"""One of mine or 404, a number, a page of a list: the same for whoever asks, however the number is written."""

from __future__ import annotations

import pytest
from django.http import Http404, HttpRequest
from django.test import RequestFactory

from projects.models import Person, Project
from projects.requests import by_htmx, chosen, number, one, page, show, there
from tests.projects.test_requests import NUMBERS


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("7", 7), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_a_number_is_written_in_the_digits_0_to_9(text: str, value: int) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", [*NUMBERS, "", None, "9" * 19, "seven", "1.0"])
def test_what_is_no_number_of_ours_is_none(text: str | None) -> None:
    assert number(text) is None


def test_foreign_absent_and_unreadable_are_one_404(project: Project) -> None:
    rows = Project.objects.filter(slug="shoes")
    foreign = Project.objects.create(slug="hats", name="Hats")
    assert one(rows, project.pk) == one(rows, str(project.pk)) == project
    for pk in (foreign.pk, str(foreign.pk), 2**63, 10**30, -1, None, *NUMBERS):
        assert chosen(rows, pk) is None
        with pytest.raises(Http404):
            one(rows, pk)


def test_what_was_looked_up_is_there_or_404() -> None:
    assert there(0) == 0 and there("") == ""
    with pytest.raises(Http404):
        there(None)


def asked(query: str, **headers: str) -> HttpRequest:
    return RequestFactory().get(f"/{query}", headers=headers)


@pytest.fixture
def people(db: None) -> list[int]:
    """Seven, by key."""
    return [Person.objects.create_person(f"p{n}").pk for n in range(7)]


@pytest.mark.parametrize("ascending", [False, True])
def test_pages_of_three_show_each_of_seven_rows_once_and_keep_the_filters(people: list[int], ascending: bool) -> None:
    seen, query, pages = [], "", 0
    while pages == 0 or query:
        found = page(Person.objects.all(), asked(query), 3, ascending=ascending, filters={"state": "a&b"})
        seen += [row.pk for row in found.rows]
        query, pages = found.older_url, pages + 1
        assert not query or query.startswith("?state=a%26b&")
    assert pages == 3  # 3 + 3 + 1
    assert seen == sorted(people, reverse=not ascending)


@pytest.mark.parametrize("text", ["", *(text for text in NUMBERS if "\x00" not in text)])
def test_a_page_begins_anew_where_the_address_names_no_number(people: list[int], text: str) -> None:
    request = RequestFactory().get("/", {"before": text})
    assert [row.pk for row in page(Person.objects.all(), request, 2).rows] == people[:-3:-1]


def test_a_list_that_fills_its_page_has_no_further_one(people: list[int]) -> None:
    assert page(Person.objects.all(), asked(""), 7).older_url == ""
    assert page(Person.objects.none(), asked(""), 7).rows == []


def test_htmx_gets_a_part_and_a_browser_the_page() -> None:
    context = {"reason": "Too long."}
    whole = show(asked(""), "projects/refused.html", context, part="notice", status=413)
    part = show(asked("", **{"HX-Request": "true"}), "projects/refused.html", context, part="notice", status=413)
    assert (whole.status_code, part.status_code) == (413, 413)
    assert "<html" in whole.content.decode() and "<html" not in part.content.decode()
    assert by_htmx(asked("", **{"HX-Request": "true"})) and not by_htmx(asked(""))
