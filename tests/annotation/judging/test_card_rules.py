"""A judgment cites rules of its card, as they read then; what a change of a rule makes stale is found by query."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import Error, connection, transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.curation import exporting
from annotation.curation.formats.labels import label_row
from annotation.gold import adjudicating
from annotation.gold.opinions import standing_judgments
from annotation.judging import card_rules, queue, recording
from annotation.judging.recording import Answer, BadAnswer
from annotation.models import Citation, Draft, Export, Judge, Judgment, Lease, Slot
from annotation.standard import rejudging, staleness
from annotation.trust.measurable import Material
from catalogue.evidence import grids, lexicons
from catalogue.models import Pair
from inference.engines.distilled import Distilled
from inference.pipeline import ask
from jobs import leasing
from projects.models import Person, Project
from relevance.rules import RuleSpec, parse_rule
from rules import publishing
from rules.models import RuleVersion
from rules.publishing import publish_pack
from tests.conftest import Cast, refused
from tests.world.rows import RULE_BODY, make_item, make_judgment, make_pair, make_prediction, make_slots

ClientFor = Callable[[Person], Client]


def spec(code: str, version: int = 1, **changes: Any) -> RuleSpec:
    return parse_rule({**RULE_BODY, "code": code, "version": version, **changes})


@pytest.fixture
def rules(db: None) -> None:
    """Four rules about colour, of which a card of a red mug shows three, and one about brand, which it does not."""
    colours = [spec(f"R-00{n}", precedence=90 - n) for n in range(1, 5)]
    publish_pack([*colours, spec("R-009", dimension="brand")])


@pytest.fixture
def pair(project: Project, rules: None) -> Pair:
    made = make_pair(project=project, query="red mug", item=make_item(project=project, title="Blue mug"))
    make_slots(pair=made)
    return made


def taken(person: Person, project: Project) -> Lease:
    lease = queue.take(person, project)
    assert lease is not None
    return lease


def says(person: Person, project: Project, choice: str = "L1", **fields: Any) -> Judgment:
    lease = taken(person, project)
    return recording.submit(person, project, lease.token, Answer(uuid.uuid4(), choice, **fields)).judgment


def cited(judgment: Judgment) -> list[str]:
    return [str(rule) for rule in card_rules.cited_by([judgment]).get(judgment.pk, [])]


def pks(judgments: Iterable[Any]) -> list[int]:
    """What stands is a view of the judgments: the same rows under the same keys, but another model."""
    return [row.pk for row in judgments]


# what is stored


def test_rules_of_the_card_are_cited_in_their_version(pair: Pair, project: Project, cast: Cast) -> None:
    assert cited(says(cast.ana, project, cites=("R-001", "R-003"))) == ["R-001 v1", "R-003 v1"]


def test_that_no_rule_fits_is_an_answer_too(pair: Pair, project: Project, cast: Cast) -> None:
    judgment = says(cast.ana, project, no_rule_fits=True)
    assert (judgment.no_rule_fits, cited(judgment)) == (True, [])


@pytest.mark.parametrize("code", ["R-004", "R-009", "R-777", "'; DROP TABLE"])
def test_a_rule_that_was_not_on_the_card_is_refused_and_nothing_is_stored(
    code: str, pair: Pair, project: Project, cast: Cast
) -> None:
    with pytest.raises(BadAnswer, match=r"cites: .* is not on this card"):
        says(cast.ana, project, cites=(code,))
    assert (Judgment.objects.count(), Citation.objects.count()) == (0, 0)


def test_card_rules_and_saying_that_none_fits_contradict_each_other(project: Project) -> None:
    form = QueryDict(f"idempotency_key={uuid.uuid4()}&choice=L4&cites=R-001&no_rule_fits=1")
    with pytest.raises(BadAnswer, match=r"^cites: "):
        recording.read_answer(form, project)


def test_the_same_key_with_another_citation_is_other_content(pair: Pair, project: Project, cast: Cast) -> None:
    lease, key = taken(cast.ana, project), uuid.uuid4()
    recording.submit(cast.ana, project, lease.token, Answer(key, "L1", cites=("R-001",)))
    assert recording.submit(cast.ana, project, lease.token, Answer(key, "L1", cites=("R-001",))).replayed
    with refused("other_content_under_this_key"):
        recording.submit(cast.ana, project, lease.token, Answer(key, "L1", cites=("R-002",)))
    assert Citation.objects.count() == 1


def test_citations_are_append_only(pair: Pair, project: Project, cast: Cast) -> None:
    says(cast.ana, project, cites=("R-001",))
    for act in (lambda: Citation.objects.all().delete(), lambda: Citation.objects.update(version=1)):
        with pytest.raises(Error, match=r"permission denied|append-only"), transaction.atomic():
            act()


@pytest.mark.parametrize(("cites", "stored"), [(("R-002",), ["R-002 v1"]), (("R-001",), ["R-001 v1"]), ((), [])])
def test_a_kept_answer_has_the_ground_that_its_page_showed_last(
    cites: tuple[str, ...], stored: list[str], pair: Pair, project: Project, cast: Cast, client_for: ClientFor
) -> None:
    """The page comes back with what was cited, to be kept, changed or cleared."""
    Project.objects.filter(pk=project.pk).update(mode="reveal")
    project.refresh_from_db()
    make_prediction(pair=pair)
    lease = taken(cast.ana, project)
    sent = {"idempotency_key": str(uuid.uuid4()), "choice": "L1", "cites": ["R-002"]}
    answered = client_for(cast.ana).post(
        reverse("judge-submit", args=["shoes", lease.token]), sent, headers={"HX-Request": "true"}
    )
    page = answered.content.decode()
    assert re.findall(r'name="cites" value="(R-\d+)"[^>]* checked', page) == ["R-002"]
    kept = recording.submit(cast.ana, project, lease.token, Answer(uuid.uuid4(), "keep", cites=cites)).judgment
    assert (kept.revision, kept.label, cited(kept)) == (2, "L1", stored)


def test_a_rule_out_of_its_dates_is_neither_shown_nor_fires(project: Project, rules: None, cast: Cast) -> None:
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
    publish_pack([spec("R-001", 2, valid_until=yesterday)])
    pair = make_pair(project=project, query="red mug", item=make_item(project=project, title="Blue mug"))
    make_slots(pair=pair)
    shown = [rule.spec.code for rule in card_rules.on_the_card(taken(cast.ana, project))]
    assert shown == ["R-002", "R-003", "R-004"]
    everything = publishing.specs(publishing.newest())
    answer = Distilled(everything).generate(
        [ask(pair.facts(), grids.build_grid(pair.facts(), lexicons.shipped()), ())]
    )[0]
    assert "R-002" in answer.text and "R-001" not in answer.text


# where the project wants a ground


@pytest.fixture
def strict(project: Project) -> Project:
    Project.objects.filter(pk=project.pk).update(require_citation=True)
    project.refresh_from_db()
    return project


def test_without_a_ground_the_answer_is_refused_and_kept_as_a_draft(pair: Pair, strict: Project, cast: Cast) -> None:
    with refused("needs_citation"):
        says(cast.ana, strict, note="hm")
    assert (Judgment.objects.count(), Draft.objects.get().body["note"]) == (0, "hm")
    assert says(cast.ana, strict, no_rule_fits=True).no_rule_fits


def test_cannot_tell_and_a_blind_card_need_no_ground(pair: Pair, strict: Project, cast: Cast) -> None:
    says(cast.ana, strict, "cannot_tell", reason="image")
    Slot.objects.filter(state="open").update(mode="blind")
    assert says(cast.ben, strict).mode == "blind"


def test_the_page_says_which_keys_cite(pair: Pair, strict: Project, cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.ana)
    page = client.get(reverse("judge", args=["shoes"])).content.decode()
    assert all(f'data-key="{key}"' in page for key in "qwer")
    assert page.count('name="cites"') == 3
    assert page.count("colour: red asked, Blue stated") + page.count("colour: red asked, blue stated") == 3
    lease = Lease.objects.get()
    sent = {"idempotency_key": str(uuid.uuid4()), "choice": "L1"}
    url = reverse("judge-submit", args=["shoes", lease.token])
    refused = client.post(url, sent, headers={"HX-Request": "true"})
    assert (refused.status_code, "none fits" in refused.content.decode()) == (409, True)
    client.post(url, {**sent, "cites": ["R-001", "R-002"]})
    assert cited(Judgment.objects.get()) == ["R-001 v1", "R-002 v1"]


def test_a_blind_card_shows_no_rules(pair: Pair, project: Project, cast: Cast, client_for: ClientFor) -> None:
    Slot.objects.update(mode="blind")
    page = client_for(cast.ana).get(reverse("judge", args=["shoes"])).content.decode()
    assert 'name="cites"' not in page and "R-001" not in page


# staleness

STALE = """
SELECT count(DISTINCT j.id) FROM annotation_judgment j
JOIN annotation_citation c ON c.judgment_id = j.id JOIN rules_ruleversion v ON v.id = c.version_id
WHERE v.id NOT IN (SELECT e.version_id FROM rules_rulebaseentry e
                   WHERE e.rule_base_id = (SELECT id FROM rules_rulebaseversion ORDER BY number DESC LIMIT 1))
"""


def test_a_change_of_one_rule_makes_exactly_the_labels_that_cite_it_stale(
    project: Project, rules: None, cast: Cast
) -> None:
    """10,000 judgments: every third cites R-001 (3,334), every fifth R-002 (2,000), the rest nothing."""
    versions = {code: RuleVersion.objects.get(rule__code=code).pk for code in ("R-001", "R-002")}
    pairs = [make_pair(project=project, query=f"red mug {n}") for n in range(100)]
    judges = Judge.objects.bulk_create(Judge(project=project, rater=f"rater {n}") for n in range(100))
    judgments = Judgment.objects.bulk_create(
        Judgment(pair=pair, judge=judge, snapshot=pair.item.current_snapshot, label="L4")
        for pair in pairs
        for judge in judges
    )
    Citation.objects.bulk_create(
        Citation(judgment=one, version_id=versions[code])
        for n, one in enumerate(judgments)
        for code, every in (("R-001", 3), ("R-002", 5))
        if n % every == 0
    )
    assert staleness.stale_judgments(project).count() == 0
    publish_pack([spec("R-001", 2, precedence=100)])
    stale = staleness.stale_judgments(project)
    assert {one.pk for one in stale} == {judgments[n].pk for n in range(0, 10_000, 3)}
    with connection.cursor() as cursor:
        cursor.execute(STALE)
        assert cursor.fetchone() == (3334,) == (stale.count(),)
    (rule,) = staleness.stale_rules(project)
    assert (rule.code, rule.version, rule.now, rule.judgments) == ("R-001", 1, 2, 3334)


def test_an_open_page_keeps_the_version_it_showed_and_its_answer_is_taken(
    pair: Pair, project: Project, cast: Cast
) -> None:
    lease = taken(cast.ana, project)
    publish_pack([spec("R-001", 2, precedence=100)])
    given = Answer(uuid.uuid4(), "L1", cites=("R-001",))
    judgment = recording.submit(cast.ana, project, lease.token, given).judgment
    assert (judgment.rule_base and judgment.rule_base.number, cited(judgment)) == (1, ["R-001 v1"])
    assert pks(staleness.stale_judgments(project)) == [judgment.pk]
    assert cited(says(cast.ben, project, cites=("R-001",))) == ["R-001 v2"]
    assert staleness.stale_judgments(project).count() == 1


def test_what_was_withdrawn_or_said_anew_is_not_stale(pair: Pair, project: Project, cast: Cast) -> None:
    says(cast.ana, project, cites=("R-001",))
    publish_pack([spec("R-001", 2, precedence=100)])
    recording.undo(cast.ana, project, came_from=None)
    assert staleness.stale_judgments(project).count() == 0
    says(cast.ana, project, cites=("R-001",))
    assert staleness.stale_judgments(project).count() == 0


def test_a_project_that_pins_an_older_rule_base_has_nothing_stale(pair: Pair, project: Project, cast: Cast) -> None:
    says(cast.ana, project, cites=("R-001",))
    publish_pack([spec("R-001", 2, precedence=100)])
    Project.objects.filter(pk=project.pk).update(rule_base_number=1)
    project.refresh_from_db()
    assert staleness.stale_judgments(project).count() == 0


# judging again


def test_stale_pairs_come_before_the_queue_the_quickest_first(
    project: Project, rules: None, cast: Cast, client_for: ClientFor
) -> None:
    version = RuleVersion.objects.get(rule__code="R-001")
    pairs = [make_pair(project=project, query=f"red mug {n}") for n in range(4)]
    for pair, seconds in zip(pairs[:3], (9.0, 2.0, 5.0), strict=True):
        judgment = make_judgment(pair=pair, by=cast.ana, seconds=seconds)
        Citation.objects.create(judgment=judgment, version=version)
    make_slots(pair=pairs[3], count=1)
    publish_pack([spec("R-001", 2, precedence=100)])
    lead = client_for(cast.lena)
    assert "3 stale judgments" in lead.get(reverse("stale", args=["shoes"])).content.decode()
    assert lead.post(reverse("stale", args=["shoes"]), {"pairs": "2"}).status_code == 302
    assert rejudging.judge_again(project, cast.lena) == (1, 0)  # the third; the others wait already
    order = list(Slot.objects.filter(state="open").order_by("position").values_list("pair__query__text", flat=True))
    assert order[0] == "red mug 0"  # asked for last, put before all that waited
    assert order[1:] == ["red mug 1", "red mug 2", "red mug 3"]  # 2 s before 5 s
    assert rejudging.waiting(project) == (3, 3)
    says(cast.ana, project)
    assert staleness.stale_judgments(project).count() == 2


def test_a_pair_to_be_judged_again_comes_first_for_everyone_and_comes_back_when_put_off(
    project: Project, rules: None, cast: Cast
) -> None:
    waiting = [make_pair(project=project, query=f"blue mug {n}") for n in range(3)]
    for pair in waiting:
        make_slots(pair=pair, count=2)
    says(cast.ben, project)  # in the middle of the queue
    stale = make_pair(project=project, query="red mug")
    judgment = make_judgment(pair=stale, by=cast.ana, seconds=1.0)
    Citation.objects.create(judgment=judgment, version=RuleVersion.objects.get(rule__code="R-001"))
    publish_pack([spec("R-001", 2, precedence=100)])
    rejudging.judge_again(project, None)
    lease = taken(cast.ben, project)
    assert lease.pair == stale
    queue.postpone(lease)
    assert taken(cast.ben, project).pair != stale
    for _ in range(2):
        says(cast.ben, project)
    assert taken(cast.ben, project).pair == stale


def test_an_answer_stands_in_the_place_of_the_stale_judgment_it_was_asked_for(
    pair: Pair, project: Project, cast: Cast
) -> None:
    """Two stale judgments, two slots: each answer replaces one of them, whoever gives it; undone, the old one stands."""
    slow = [says(cast.ana, project, cites=("R-001",)), says(cast.ben, project, cites=("R-001",))]
    assert Pair.objects.get(pk=pair.pk).gold_label == "L1"
    publish_pack([spec("R-001", 2, precedence=100)])
    assert rejudging.judge_again(project, None) == (2, 0)
    assert set(Slot.objects.filter(state="open").values_list("replaces", flat=True)) == {one.pk for one in slow}
    first = says(cast.ada, project, "L4")
    assert first.replaces == slow[0]
    assert pks(standing_judgments(pair)) == pks([slow[1], first])
    assert pks(staleness.stale_judgments(project)) == [slow[1].pk]
    assert Pair.objects.get(pk=pair.pk).gold_label == ""
    recording.undo(cast.ada, project, came_from=None)
    assert pks(standing_judgments(pair)) == pks(slow)
    again = says(cast.ada, project, "L4")
    second = says(cast.ana, project, "L4")
    assert pks(standing_judgments(pair)) == pks([again, second])
    assert staleness.stale_judgments(project).count() == 0
    assert Pair.objects.get(pk=pair.pk).gold_label == "L4"
    assert [word.label for word in Material(project).words] == ["L4", "L4"]


def test_a_slot_that_was_closed_is_opened_anew(pair: Pair, project: Project, cast: Cast) -> None:
    says(cast.ana, project, cites=("R-001",))
    publish_pack([spec("R-001", 2, precedence=100)])
    assert rejudging.judge_again(project, None).slots == 1
    queue.close_open_slots(pair.pk)
    assert rejudging.judge_again(project, None).slots == 1
    assert rejudging.judge_again(project, None).slots == 0


def test_pairs_whose_label_the_model_shares_come_first(project: Project, rules: None, cast: Cast) -> None:
    version = RuleVersion.objects.get(rule__code="R-001")
    for query, seconds, told in (("doubted", 1.0, "L1"), ("shared", 9.0, "L4"), ("unknown", 2.0, None)):
        pair = make_pair(project=project, query=query)
        Citation.objects.create(
            judgment=make_judgment(pair=pair, by=cast.ana, label="L4", seconds=seconds), version=version
        )
        if told:
            make_prediction(pair=pair, label=told)
    publish_pack([spec("R-001", 2, precedence=100)])
    rejudging.judge_again(project, None)
    order = Slot.objects.order_by("position").values_list("pair__query__text", flat=True)
    assert list(order) == ["shared", "doubted", "unknown"]


def test_a_ruling_that_names_a_changed_rule_goes_back_to_an_adjudicator(
    pair: Pair, project: Project, cast: Cast
) -> None:
    says(cast.ana, project, "L4")
    says(cast.ben, project, "L1")
    (open_one,) = adjudicating.open_for(cast.ada, project)
    ruling = adjudicating.adjudicate(
        cast.ada, open_one.pk, project, adjudicating.Ruling(uuid.uuid4(), "L4", rule_code="R-001")
    )
    assert (ruling.version and ruling.version.number) == 1
    publish_pack([spec("R-001", 2, precedence=100)])
    assert list(staleness.stale_adjudications(project)) == [ruling]
    assert list(staleness.stale_pairs(project)) == [pair]
    assert [rejudging.judge_again(project, None) for _ in range(2)] == [(0, 1), (0, 0)]
    (again,) = adjudicating.open_for(cast.ada, project)
    later = adjudicating.adjudicate(
        cast.ada, again.pk, project, adjudicating.Ruling(uuid.uuid4(), "L1", rule_code="R-001")
    )
    assert (later.revision, later.version and later.version.number) == (2, 2)
    assert Pair.objects.get(pk=pair.pk).gold_label == "L1"
    assert staleness.stale_adjudications(project).count() == 0


def test_the_command_says_what_it_opened(
    pair: Pair, project: Project, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    says(cast.ana, project, cites=("R-001",))
    publish_pack([spec("R-001", 2, precedence=100)])
    call_command("judge_again", "--project", project.slug)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"slots": 1, "disagreements": 0}


@pytest.mark.parametrize("pairs", ["", "0", "-1", "many", "999999"])
def test_a_number_that_is_none_opens_nothing(
    pairs: str, project: Project, rules: None, cast: Cast, client_for: ClientFor
) -> None:
    client_for(cast.rosa).post(reverse("stale", args=["shoes"]), {"pairs": pairs})
    assert not Slot.objects.exists()


# exports


def test_an_export_tells_what_was_cited_and_can_leave_stale_pairs_out(pair: Pair, project: Project, cast: Cast) -> None:
    says(cast.ana, project, cites=("R-001",))
    export = exporting.request_export(project, "labels", None, without_stale=True)
    (record,) = exporting._records(exporting.moment(export)[0], lambda _done: None)
    (said,) = label_row(record, project.scale, "train")["judgments"]
    assert said["rules_cited"] == ["R-001 v1"] and said["no_rule_fits"] is False
    publish_pack([spec("R-001", 2, precedence=100)])
    kept, left_out, _splits = exporting.moment(export)
    assert (kept, left_out) == ([], {"held_out_benchmark": 0, "held_out_test": 0, "left_out_stale": 1})
    token = leasing.claim(Export, export.pk)
    assert token is not None
    exporting.work(export.pk, token)
    export.refresh_from_db()
    assert export.manifest is not None and export.manifest["counts"]["left_out_stale"] == 1
