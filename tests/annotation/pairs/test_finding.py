"""Pairs are found by the words of query and title, by ids and by filters, wherever they lie, and never across projects."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from annotation.pairs import finding
from catalogue import words
from catalogue.models import Pair, PairWords, Query
from projects.models import Membership, Person, Project, Role
from tests.conftest import Cast
from tests.world.rows import make_item, make_judgment, make_pair, make_prediction

pytestmark = pytest.mark.django_db


def read_all() -> None:
    while words.read_some():
        pass


@pytest.fixture
def mug(project: Project) -> Pair:
    return make_pair(project=project, query="red mugs", item=make_item(project=project, title="Big Ceramic Mug, WH-1000XM5"),
                     external_id="P 7'1")  # fmt: skip


@pytest.fixture
def earphones(project: Project) -> Pair:
    return make_pair(project=project, query="降噪耳机", item=make_item(project=project, title="索尼无线蓝牙耳机 黑色"))


def found(project: Project, text: str) -> list[Pair]:
    return finding.find(project, text=text).pairs


@pytest.mark.parametrize("text", ["mug", "MUGS", "red ceramic", "ceramic red", "cera", "big cera", "wh-1000xm5", "wh-10",
                                  "P 7'1", "item-of-mug"])  # fmt: skip
def test_english_is_found_by_words_and_by_the_beginning_of_the_last(project: Project, mug: Pair, text: str) -> None:
    type(mug.item).objects.filter(pk=mug.item_id).update(external_id="item-of-mug")
    make_pair(project=project, query="blue lamp", item=make_item(project=project, title="Lamp"))
    read_all()
    assert found(project, text) == [mug]


@pytest.mark.parametrize("text", ["eramic", "cera big", "mug blue", "P 7", "r"])
def test_what_is_not_there_is_not_found(project: Project, mug: Pair, text: str) -> None:
    """The middle of a word, a beginning that is not the last word, a word too many, half an id, a single letter."""
    read_all()
    assert found(project, text) == []


@pytest.mark.parametrize("text", ["耳机", "蓝牙耳机", "无线 耳机", "降噪", "索尼耳机", "黑", "黑色"])
def test_chinese_is_found_by_its_words(project: Project, earphones: Pair, mug: Pair, text: str) -> None:
    read_all()
    assert found(project, text) == [earphones]


def test_another_projects_pairs_are_never_found(project: Project, mug: Pair) -> None:
    other = Project.objects.create(slug="hats", name="Hats")
    foreign = make_pair(
        project=other, query="red mugs", item=make_item(project=other, title="Red mug"), external_id="P 7'1"
    )
    for _ in range(2):
        assert found(project, "red mug") == [mug]
        assert found(other, "P 7'1") == [foreign]
        for text in (f"block:{foreign.pk >> 13}", "'block:0' | 'red", "red | id"):
            assert foreign not in found(project, text)
        read_all()


HOSTILE = ("'", "\\", "\\'", "a' & !'b", "!!!", "& | ! <-> :*", "'; DROP TABLE catalogue_pair; --",
           "((((", ":*", "\u202e", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
           "%", "x" * 200, "红" * 200, "a:1A", " \t ")  # fmt: skip


def test_hostile_text_is_only_text(
    project: Project, mug: Pair, cast: Cast, client_for: Callable[[Person], Client]
) -> None:
    lena = client_for(cast.lena)
    for _ in range(2):  # before the words of the pairs are read, and after
        assert [text for text in HOSTILE if lena.get("/p/shoes/pairs/", {"text": text}).status_code != 200] == []
        read_all()
    assert Pair.objects.count() == 1


def test_pairs_are_found_before_their_words_are_read(project: Project, mug: Pair, earphones: Pair) -> None:
    assert found(project, "eramic") == [mug]
    assert found(project, "蓝牙") == [earphones]


def test_where_too_many_wait_the_page_says_that_it_is_partial(
    project: Project, mug: Pair, cast: Cast, client_for: Callable[[Person], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", 0)
    page = client_for(cast.lena).get("/p/shoes/pairs/", {"text": "mug"}).content.decode()
    assert "newest pairs" in page
    assert "red mugs" not in page
    read_all()
    page = client_for(cast.lena).get("/p/shoes/pairs/", {"text": "mug"}).content.decode()
    assert "newest pairs" not in page
    assert "red mugs" in page


def test_an_item_that_reads_otherwise_is_found_by_its_new_words_alone(project: Project, mug: Pair) -> None:
    read_all()
    other = make_item(project=project, title="Teapot").current_snapshot
    mug.item.current_snapshot = other
    mug.item.save()
    assert found(project, "teapot") == [mug]  # waits, and is looked through
    read_all()
    assert found(project, "teapot") == [mug]
    assert found(project, "ceramic") == []


def test_reading_is_done_once_and_in_pieces(project: Project, mug: Pair, earphones: Pair) -> None:
    assert [words.read_some(at_most=1) for _ in range(3)] == [1, 1, 0]
    assert PairWords.objects.count() == 2


def test_every_filter_finds_what_it_names(project: Project, cast: Cast) -> None:
    plain, gold, judged, rated, predicted, invalid, benchmark = (
        make_pair(project=project, query=name) for name in ("a", "b", "c", "d", "e", "f", "g")
    )
    Pair.objects.filter(pk=gold.pk).update(gold_label="L4")
    make_judgment(pair=judged, by=cast.ana)
    make_judgment(pair=rated, by="r1")
    make_prediction(pair=predicted)
    make_prediction(pair=invalid, status="invalid", reason="no_label")
    Query.objects.filter(pk=benchmark.query_id).update(is_benchmark=True)
    others = [plain, gold, judged, rated, predicted, invalid, benchmark]

    def without(*some: Pair) -> list[Pair]:
        return [pair for pair in others if pair not in some]

    wanted = {"gold": [gold], "no_gold": without(gold), "judged": [judged], "predicted": [predicted],
              "not_predicted": without(predicted), "benchmark": [benchmark], "disputed": [], "flagged": []}  # fmt: skip
    for _ in range(2):  # by the triggers, and after the worker has read
        assert {only: finding.find(project, only=only).pairs for only in finding.filters(project)} == wanted
        read_all()
    assert finding.find(project, label="L4").pairs == [gold]


def test_pages_follow_each_other_in_both_directions(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five pairs, some read and some waiting, two to a page: 2 + 2 + 1."""
    monkeypatch.setattr(finding, "PAGE", 2)
    pairs = [make_pair(project=project, query=f"mug {n}") for n in range(5)]
    words.read_some(at_most=3)
    first = finding.find(project, text="mug")
    second = finding.find(project, text="mug", before=first.older)
    third = finding.find(project, text="mug", before=second.older)
    assert [first.pairs, second.pairs, third.pairs] == [pairs[:2], pairs[2:4], pairs[4:]]
    assert (first.newer, third.older) == (None, None)
    back = finding.find(project, text="mug", after=third.newer)
    assert back.pairs == pairs[2:4]
    assert finding.find(project, text="mug", after=back.newer).pairs == pairs[:2]


def test_a_person_without_the_role_sees_no_pairs(
    project: Project, mug: Pair, cast: Cast, client_for: Callable[[Person], Client]
) -> None:
    other = Project.objects.create(slug="hats", name="Hats")
    Membership.objects.create(project=other, person=cast.eve, role=Role.LEAD)
    eve = client_for(cast.eve)
    assert eve.get("/p/shoes/pairs/", {"text": "mug"}).status_code == 404
    assert "red mugs" not in eve.get("/p/hats/pairs/", {"text": "mug"}).content.decode()
