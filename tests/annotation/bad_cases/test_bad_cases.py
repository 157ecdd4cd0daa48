"""A flagged result is followed until it is closed."""

from __future__ import annotations

import pytest

from annotation.bad_cases import following
from annotation.models import BadCase
from projects.models import Project
from tests.conftest import Cast, refused
from tests.world.rows import make_judgment, make_lease, make_pair, make_slots

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(project: Project, cast: Cast) -> BadCase:
    return following.open_case(cast.ana, make_pair(project=project), note="wrong picture")


def acts(case: BadCase) -> list[str]:
    return list(case.notes.order_by("id").values_list("act", flat=True))


def test_flagging_opens_one(case: BadCase, cast: Cast) -> None:
    assert (case.state, case.reported_by, case.notes.get().text) == ("open", cast.ana, "wrong picture")


def test_a_second_flag_joins_the_open_case(case: BadCase, cast: Cast) -> None:
    again = following.open_case(cast.ben, case.pair, cause="data", note="me too")
    assert again == case
    assert BadCase.objects.get().cause == "data"
    assert acts(case) == ["flagged", "flagged"]


def test_closing_needs_a_cause(case: BadCase, cast: Cast) -> None:
    with refused("no_cause"):
        following.close(case, cast.lena, "done")
    following.name_cause(case, cast.lena, "vision")
    case.refresh_from_db()
    following.close(case, cast.lena, "done")
    following.close(case, cast.lena, "done twice")
    case.refresh_from_db()
    assert (case.state, case.closed_at is not None) == ("closed", True)
    assert acts(case) == ["flagged", "caused", "closed"]


def test_a_closed_case_opens_again(case: BadCase, cast: Cast) -> None:
    following.name_cause(case, cast.lena, "rule")
    case.refresh_from_db()
    following.close(case, cast.lena, "")
    following.reopen(case, cast.lena, "still wrong")
    case.refresh_from_db()
    assert (case.state, case.closed_at) == ("open", None)


def test_the_owner_is_a_member(case: BadCase, cast: Cast) -> None:
    with refused("not_a_member"):
        following.assign(case, cast.lena, cast.eve)
    following.assign(case, cast.lena, cast.max)
    case.refresh_from_db()
    assert case.owner == cast.max


def test_a_labeler_reads_but_does_not_triage(case: BadCase, cast: Cast, client_for) -> None:  # type: ignore[no-untyped-def]
    url = f"/p/shoes/bad-cases/{case.pk}/"
    assert client_for(cast.ana).post(url, {"act": "note", "text": "x"}).status_code == 404
    assert client_for(cast.lena).post(url, {"act": "note", "text": "x"}).status_code == 302
    assert acts(case) == ["flagged", "noted"]


def test_who_sees_no_pairs_flags_those_alone_that_they_were_given(project: Project, cast: Cast, client_for) -> None:  # type: ignore[no-untyped-def]
    given, judged, other = (make_pair(project=project) for _ in range(3))
    make_lease(slot=make_slots(pair=given)[0], person=cast.ana, state="released")
    make_judgment(pair=judged, by=cast.ana)
    make_lease(slot=make_slots(pair=other)[0], person=cast.ben)
    asked = [
        client_for(cast.ana).post("/p/shoes/bad-cases/open/", {"pair": pair.pk}) for pair in (given, judged, other)
    ]
    assert [answer.status_code for answer in asked] == [302, 302, 404]
    assert client_for(cast.lena).post("/p/shoes/bad-cases/open/", {"pair": other.pk}).status_code == 302


def test_an_unknown_owner_is_answered_as_a_stranger_and_takes_nobody_away(
    case: BadCase, cast: Cast, client_for
) -> None:  # type: ignore[no-untyped-def]
    following.assign(case, cast.lena, cast.max)
    told = [
        client_for(cast.lena).post(f"/p/shoes/bad-cases/{case.pk}/", {"act": "assign", "owner": owner})
        for owner in (cast.eve.pk, 999_999, "nonsense")
    ]
    assert {answer.status_code for answer in told} == {422}
    assert len({"must be a member" in answer.content.decode() for answer in told}) == 1
    case.refresh_from_db()
    assert case.owner == cast.max
    client_for(cast.lena).post(f"/p/shoes/bad-cases/{case.pk}/", {"act": "assign", "owner": ""})
    case.refresh_from_db()
    assert case.owner is None
