"""More judgments on pairs that are there: what is opened, for whom, what it would come to, and what is taken back."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.gold import adjudicating, intake
from annotation.gold.adjudicating import Ruling
from annotation.gold.settling import settle
from annotation.judging import queue, recording
from annotation.models import Citation, Disagreement, Gold, Judgment, MoreJudgments, MoreSlot, Slot
from annotation.pairs import choosing, more_judgments
from annotation.pairs.choosing import Choice
from annotation.pairs.more_judgments import MoreWanted, ask, preview, take_back
from annotation.standard import rejudging
from catalogue import words
from catalogue.models import Pair, Query
from jobs import leasing
from projects.models import AuditEvent, Membership, Person, Project, Role
from rules.models import RuleVersion
from rules.publishing import publish_pack
from tests.annotation.judging.test_card_rules import spec
from tests.annotation.judging.test_judging import answer, says, taken
from tests.conftest import Cast, refused
from tests.world.rows import make_import, make_item, make_judgment, make_pair, make_prediction, make_slots

pytestmark = pytest.mark.django_db

ClientFor = Callable[[Person], Client]
ALL = Choice()


def asked(project: Project, more: int = 1, chosen: Choice = ALL, by: Person | None = None, **how: Any) -> MoreJudgments:
    return ask(project, MoreWanted(chosen, more, **how), by, uuid.uuid4())


def numbers(pair: Pair, state: str = "open") -> list[int]:
    return list(pair.slots.filter(state=state, round=1).order_by("number").values_list("number", flat=True))


def agreed(project: Project, people: Sequence[Person], label: str = "L4", query: str = "red mug") -> Pair:
    """A pair with as many slots as people, all of them done, who say the same: gold by their consensus."""
    pair = make_pair(project=project, query=query, judged=True)
    for slot, person in zip(make_slots(pair=pair, count=len(people)), people, strict=True):
        make_judgment(pair=pair, by=person, label=label, slot=slot, seconds=4.0)
    Slot.objects.filter(pair=pair).update(state="done")
    settle(project, [pair.pk])
    return pair


def gold(pair: Pair) -> str:
    return str(Pair.objects.get(pk=pair.pk).gold_label)


# what is opened


def test_each_chosen_pair_gets_the_next_numbers_beside_its_query_in_the_queue(project: Project, cast: Cast) -> None:
    first, second = agreed(project, (cast.ana, cast.ben)), make_pair(project=project)
    make_slots(pair=second, count=1)
    act = asked(project, 2, by=cast.lena)
    assert (act.state, act.pairs, act.slots) == ("done", 2, 4)
    assert (numbers(first), numbers(first, "done"), numbers(second)) == ([3, 4], [1, 2], [1, 2, 3])
    new = Slot.objects.filter(asked_for__asked=act)
    assert {(slot.round, slot.mode, slot.replaces_id) for slot in new} == {(1, "", None)}
    assert all(slot.position == intake.position(slot.pair.query_id, slot.pair_id) for slot in new)


def test_a_benchmark_query_is_judged_blind_by_the_further_people_too(project: Project, cast: Cast) -> None:
    pair = make_pair(project=project)
    Query.objects.update(is_benchmark=True)
    asked(project)
    assert Slot.objects.get(pair=pair).mode == "blind"


def test_nine_judgments_are_the_most_that_a_pair_takes(project: Project) -> None:
    full, nearly = make_pair(project=project, query="full"), make_pair(project=project, query="nearly")
    make_slots(pair=full, count=9)
    make_slots(pair=nearly, count=8)
    told = preview(project, MoreWanted(ALL, 3))
    assert (told.found, told.full, told.pairs, told.fewer, told.slots) == (2, 1, 1, 1, 1)  # 9 - 8 = 1
    assert asked(project, 3).slots == 1
    assert (numbers(full)[-1], numbers(nearly)[-1]) == (9, 9)
    assert asked(project, 3).slots == 0


def test_pairs_with_adjudicated_or_imported_gold_are_left_alone_unless_asked(project: Project, cast: Cast) -> None:
    imported, ruled = make_pair(project=project, query="imported"), make_pair(project=project, query="ruled")
    Gold.objects.create(
        pair=imported, label="L4", ground="import", batch=imported.batch, snapshot=imported.item.current_snapshot
    )
    Pair.objects.filter(pk=imported.pk).update(gold_label="L4")
    make_slots(pair=ruled)
    says(cast.ana, project, "L4")
    says(cast.ben, project, "L1")
    [dispute] = Disagreement.objects.all()
    adjudicating.adjudicate(cast.ada, dispute.pk, project, Ruling(uuid.uuid4(), "L3"))
    told = preview(project, MoreWanted(ALL, 1))
    assert (told.found, told.firm, told.pairs, told.unsettled) == (2, 2, 0, 0)
    assert asked(project).slots == 0
    assert asked(project, firm=True).slots == 2
    says(cast.ana, project, "L1")  # on the imported one, the only one she has not judged
    assert (gold(imported), gold(ruled)) == ("L4", "L3")


def test_a_closed_slot_is_opened_again_before_another_is_made(project: Project) -> None:
    pair = make_pair(project=project)
    make_slots(pair=pair, count=2)
    Slot.objects.filter(pair=pair, number=2).update(state="closed", position=1)
    asked(project, 2)
    assert numbers(pair) == [1, 2, 3]
    assert (
        Slot.objects.filter(pair=pair).values("position").distinct().count() == 2
    )  # 1 as it was; 2 and 3 by the query


def test_whoever_judged_a_pair_is_not_asked_for_it_again(project: Project, cast: Cast) -> None:
    pair = agreed(project, (cast.ana, cast.ben))
    asked(project)
    assert queue.take(cast.ana, project) is None
    assert queue.left_for(cast.ana, project) == 0
    assert taken(cast.ada, project).pair == pair


def test_whoever_judged_a_pair_in_anothers_place_is_not_asked_for_it_again(project: Project, cast: Cast) -> None:
    """Ben's answer stands in the place of Ana's stale one, in a later round; one of the first round would not count."""
    publish_pack([spec("R-001")])
    pair = agreed(project, (cast.ana,))
    Citation.objects.create(judgment=Judgment.objects.get(), version=spec_version("R-001"))
    publish_pack([spec("R-001", 2, precedence=80)])
    rejudging.judge_again(project, None)
    says(cast.ben, project, "L4")
    asked(project)
    assert queue.take(cast.ben, project) is None
    assert taken(cast.ada, project).pair == pair


def spec_version(code: str) -> RuleVersion:
    return RuleVersion.objects.get(rule__code=code)


# what people said


def test_two_who_agreed_keep_their_gold_until_somebody_says_otherwise(project: Project, cast: Cast) -> None:
    pair = agreed(project, (cast.ana, cast.ben))
    assert preview(project, MoreWanted(ALL, 2)).unsettled == 1
    asked(project, 2)
    assert gold(pair) == "L4"
    says(cast.ada, project, "L1")
    assert gold(pair) == ""
    assert Disagreement.objects.get(state="open").kind == "human_human"


def test_a_third_who_agrees_makes_it_the_consensus_of_three(project: Project, cast: Cast) -> None:
    pair = agreed(project, (cast.ana, cast.ben))
    asked(project)
    says(cast.ada, project, "L4")
    assert gold(pair) == "L4"
    assert Judgment.objects.filter(pair=pair).count() == 3


def test_one_opinion_of_two_is_not_enough_and_becomes_enough_when_the_second_is_taken_back(
    project: Project, cast: Cast
) -> None:
    """One slot, one answer, gold; one more slot each for a fresh pair: 1 of 2 settles nothing, 1 of 1 does."""
    pair = make_pair(project=project)
    make_slots(pair=pair, count=1)
    act = asked(project)
    says(cast.ana, project, "L4")
    assert gold(pair) == ""  # 1 of 2
    take_back(act, cast.lena)
    assert gold(pair) == "L4"  # 1 of 1


def test_a_dispute_with_the_model_follows_how_many_opinions_are_wanted(project: Project, cast: Cast) -> None:
    pair = make_pair(project=project)
    make_prediction(pair=pair, label="L1")
    Gold.objects.create(pair=pair, label="L4", ground="import", batch=pair.batch, snapshot=pair.item.current_snapshot)
    make_slots(pair=pair, count=1)
    says(cast.ana, project, "L4")
    assert Disagreement.objects.get().state == "open"
    act = asked(project, firm=True)
    assert Disagreement.objects.get().state == "withdrawn"  # 1 of 2 opinions
    take_back(act, None)
    assert Disagreement.objects.filter(state="open").count() == 1


# taking back


def test_what_is_still_open_is_taken_back_and_what_was_answered_stays(project: Project, cast: Cast) -> None:
    pairs = [agreed(project, (cast.ana, cast.ben), query=f"mug {n}") for n in range(3)]
    act = asked(project, by=cast.lena)
    says(cast.ada, project, "L4")
    held = taken(cast.ada, project)
    act = take_back(act, cast.lena)
    assert (act.state, act.taken_back) == ("done", 1)  # 3 opened, 1 answered, 1 on a screen
    assert sorted(Slot.objects.filter(number=3).values_list("state", flat=True)) == ["closed", "done", "leased"]
    recording.submit(cast.ada, project, held.token, answer("L4"))
    assert Judgment.objects.filter(pair__in=pairs, judge__person=cast.ada).count() == 2
    assert [gold(pair) for pair in pairs] == ["L4"] * 3


def test_what_one_act_opened_another_does_not_take_back(project: Project) -> None:
    pair = make_pair(project=project)
    first = asked(project)
    take_back(first, None)
    second = asked(project)
    assert MoreSlot.objects.get().asked == second
    assert take_back(first, None).taken_back == 1  # as before: what it had opened is the other's now
    assert numbers(pair) == [1]


def test_what_is_given_in_many_steps_is_taken_back_in_many(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(more_judgments, "TOGETHER", 2)
    batch = make_import(project=project)
    for number in range(5):
        make_pair(project=project, query=f"mug {number}", batch=batch)
    act = asked(project, 2)
    assert (act.state, act.slots) == ("queued", 0)
    work(act)
    assert (act.state, act.pairs, act.slots) == ("done", 5, 10)
    act = take_back(act, None)
    assert (act.state, Slot.objects.filter(state="open").count()) == ("queued", 10)
    work(act)
    assert (act.state, act.taken_back, Slot.objects.filter(state="open").count()) == ("done", 10, 0)


def test_what_is_taken_back_halfway_opens_no_more(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(more_judgments, "TOGETHER", 2)
    for number in range(5):
        make_pair(project=project, query=f"mug {number}")
    act = asked(project)
    token = leasing.claim(MoreJudgments, act.pk)
    assert token is not None
    act.refresh_from_db()
    assert more_judgments._give(act, token, 2)  # 2 of 5
    take_back(act, None)
    assert not more_judgments._give(act, token, 2)
    act.refresh_from_db()
    assert (act.state, act.slots, act.taken_back) == ("done", 2, 2)


def work(act: MoreJudgments) -> None:
    token = leasing.claim(MoreJudgments, act.pk)
    assert token is not None
    more_judgments.work(act.pk, token, 2)
    act.refresh_from_db()


# which pairs


def test_each_filter_finds_the_pairs_it_names(project: Project, cast: Cast) -> None:
    publish_pack([spec("R-001")])
    differ = make_pair(project=project, query="differ", judged=True)
    make_judgment(pair=differ, by=cast.ana, label="L4")
    make_judgment(pair=differ, by=cast.ben, label="L1")
    two = agreed(project, (cast.ana, cast.ben), query="two")
    three = agreed(project, (cast.ana, cast.ben, cast.ada), label="L3", query="three")
    shoe = make_pair(project=project, query="shoe", item=make_item(project=project, category="shoes > running"))
    for pair in (differ, shoe):
        judgment = make_judgment(pair=pair, by=cast.max, label="L4")
        Citation.objects.create(judgment=judgment, version=spec_version("R-001"))
    gone = make_judgment(pair=shoe, by=cast.max, label="L4", revision=2)  # a later revision that cites nothing
    settle(project, [differ.pk])

    def found(**filters: Any) -> set[str]:
        ids, _partial = choosing.first(project, Choice(**filters), 100)
        return {Pair.objects.get(pk=pk).query.text for pk in ids}

    assert found() == {"differ", "two", "three", "shoe"}
    assert found(only="differ") == found(only="disputed") == {"differ"}
    assert found(only="gold") == found(fewer=4) == {"two", "three"}
    assert found(fewer=3) == {"two"}
    assert found(label="L3") == {"three"}
    assert found(category="SHOES") == {"shoe"}
    assert found(rule="R-001") == {"differ"}
    assert gone.revision == 2
    assert found(text="two") == {"two"}
    assert found(newest=two.pk) == {"differ", "two"}
    assert found(only="differ", text="two") == set()
    publish_pack([spec("R-001", 2, precedence=80)])
    assert found(only="stale") == {"differ"}
    assert three.pk in choosing.first(project, ALL, 100)[0]


def test_words_are_looked_up_as_on_the_list(project: Project) -> None:
    for number in range(3):
        make_pair(project=project, query=f"walking boot {number}")
    make_pair(project=project, query="sandal", item=make_item(project=project, title="Sandal"))
    words.read_some()
    ids, partial = choosing.first(project, Choice(text="boot"), 2)
    assert (len(ids), partial) == (2, False)
    assert len(choosing.first(project, Choice(text="boot"), 100, after=ids[-1])[0]) == 1


def test_at_most_so_many_pairs_get_something_and_those_that_are_full_do_not_count(project: Project) -> None:
    pairs = [make_pair(project=project, query=f"mug {n}") for n in range(4)]
    make_slots(pair=pairs[0], count=9)
    told = preview(project, MoreWanted(ALL, 1, most=2))
    act = asked(project, most=2)
    assert (told.pairs, told.slots) == (act.pairs, act.slots) == (2, 2)
    assert [numbers(pair) for pair in pairs[1:]] == [[1], [1], []]


def test_more_pairs_than_one_act_takes_are_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(more_judgments, "MOST", 1)
    for number in range(2):
        make_pair(project=project, query=f"mug {number}")
    with refused("too_many_pairs"):
        preview(project, MoreWanted(ALL, 1))


# how much that is


def test_a_preview_says_what_asking_then_does_and_how_long_it_takes(project: Project, cast: Cast) -> None:
    for number, seconds in enumerate((2.0, 4.0, 100.0)):
        pair = make_pair(project=project, query=f"mug {number}")
        make_judgment(pair=pair, by=cast.ana, seconds=seconds)
    told = preview(project, MoreWanted(ALL, 2))
    assert (told.pairs, told.slots) == (3, 6)
    assert told.seconds == 24.0  # 6 judgments at the median of 2, 4 and 100 s
    act = asked(project, 2)
    assert (act.pairs, act.slots) == (told.pairs, told.slots)


def test_how_long_it_takes_is_not_guessed_where_nobody_has_judged(project: Project) -> None:
    make_pair(project=project)
    assert preview(project, MoreWanted(ALL, 1)).seconds is None


def test_a_thousand_pairs_take_as_many_statements_as_one(project: Project, cast: Cast) -> None:
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as held:
            asked(project)
        return len(held)

    make_pair(project=project, query="first")
    one = statements()
    for number in range(20):
        agreed(project, (cast.ana, cast.ben), query=f"mug {number}")
    assert statements() <= one + 1  # the one that settles those that were judged


# once


def test_the_same_key_is_the_same_act(project: Project, cast: Cast) -> None:
    pair, key = make_pair(project=project), uuid.uuid4()
    first, second = (ask(project, MoreWanted(ALL, 1), cast.lena, key) for _ in range(2))
    assert first == second
    assert numbers(pair) == [1]


# the page and the command


@pytest.fixture
def lead(cast: Cast, client_for: ClientFor) -> Client:
    return client_for(cast.lena)


PAGE = "/p/shoes/pairs/more/"


def hidden(page: str) -> dict[str, str]:
    form = page[page.index('id="preview"') :]
    found = re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', form)
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def test_a_lead_sees_what_it_would_come_to_and_asks_for_just_that_once(
    project: Project, cast: Cast, lead: Client
) -> None:
    agreed(project, (cast.ana, cast.ben))
    make_pair(project=project, query="other")
    page = lead.get(PAGE, {"only": "gold", "more": "2"}).content.decode()
    assert "Ask for 2 judgments" in page
    assert "1 has a gold label by consensus" in page
    assert Slot.objects.filter(state="open").count() == 0  # looking changes nothing
    later = agreed(project, (cast.ana, cast.ben), query="came later")
    for _ in range(2):  # clicked twice
        assert lead.post(PAGE, hidden(page)).status_code == 302
    assert Slot.objects.filter(state="open").count() == 2
    assert numbers(later) == []
    acts = set(AuditEvent.objects.filter(project=project, actor=cast.lena).values_list("act", flat=True))
    assert {"judgments.more_asked", "judgments.more_given"} <= acts
    act = MoreJudgments.objects.get()
    page = lead.get(PAGE).content.decode()
    assert f"/more/{act.pk}/take-back/" in page
    assert lead.post(reverse("more-take-back", args=["shoes", act.pk])).status_code == 302
    assert f"/more/{act.pk}/take-back/" not in lead.get(PAGE).content.decode()
    assert Slot.objects.filter(state="open").count() == 0
    assert AuditEvent.objects.get(act="judgments.more_taken_back").detail["slots"] == 2


def test_nothing_is_asked_for_that_was_not_looked_at_first(project: Project, lead: Client) -> None:
    make_pair(project=project)
    for fields in (
        {},
        {"more": "1"},
        {"more": "1", "key": "x", "newest": "9"},
        {"more": "1", "key": str(uuid.uuid4())},
    ):
        assert lead.post(PAGE, fields).status_code == 422
    assert lead.post(PAGE, {"more": "10", "key": str(uuid.uuid4()), "newest": "9"}).status_code == 422
    assert MoreJudgments.objects.count() == 0


def test_the_list_of_pairs_leads_there_with_its_filters_and_only_a_lead(
    project: Project, cast: Cast, lead: Client, client_for: ClientFor
) -> None:
    page = lead.get("/p/shoes/pairs/", {"only": "disputed", "text": "mug"}).content.decode()
    assert f"{PAGE}?text=mug&amp;only=disputed&amp;label=" in page
    assert PAGE not in client_for(cast.max).get("/p/shoes/pairs/").content.decode()


def test_what_others_said_is_not_told_to_a_lead_who_may_still_judge(project: Project, cast: Cast, lead: Client) -> None:
    """Asked with a label for one pair, the count would tell its gold."""
    agreed(project, (cast.ana, cast.ben))
    chosen = {"text": "red mug", "label": "L4"}
    assert "Ask for 1 judgment" in lead.get(PAGE, chosen).content.decode()
    asked(project)
    assert "Ask for 1 judgment" in lead.get(PAGE, chosen).content.decode()
    Membership.objects.create(project=project, person=cast.lena, role=Role.LABELER)
    assert "No pair matches" in lead.get(PAGE, chosen).content.decode()


def test_the_command_previews_and_asks(
    project: Project, cast: Cast, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(*arguments: str) -> dict[str, Any]:
        call_command("more_judgments", "--project", "shoes", *arguments)
        answered: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return answered

    for number in range(3):
        agreed(project, (cast.ana, cast.ben), query=f"mug {number}")
    monkeypatch.setattr(more_judgments, "TOGETHER", 2)  # more than one step: it does all of them itself
    seen = told("--filter", "gold", "--more", "2", "--dry-run")
    assert seen == {
        "found": 3, "firm": 0, "full": 0, "pairs": 3, "fewer": 0, "unsettled": 3, "slots": 6, "seconds": 24.0, "act": None,
    }  # fmt: skip
    assert MoreJudgments.objects.count() == 0
    done = told("--filter", "gold", "--more", "2")
    assert done == {**seen, "act": MoreJudgments.objects.get().pk}
    assert Slot.objects.filter(state="open").count() == 6
    for wrong in (["--more", "0"], ["--more", "1", "--filter", "nonsense"], ["--more", "1", "--label", "L9"]):
        with pytest.raises(SystemExit) as ended:
            call_command("more_judgments", "--project", "shoes", *wrong)
        assert ended.value.code == 2
