"""Which columns reach whom: marks planted in every text, held against a list written by hand (fields.csv).

What cannot carry a mark (a label, a share, a count) is proven by changing it: a judge's page before the own answer is the
same, byte for byte, whatever others and the model said, and whether the pair is gold or planted.
"""

from __future__ import annotations

import csv
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest
from django.db import connection

from annotation.bad_cases import following
from annotation.gold import opinions
from annotation.judging import queue
from annotation.models import Gold, Lease, Slot
from catalogue.evidence import grids
from catalogue.models import Pair
from projects.models import Project
from tests.drills.scale import FULL
from tests.permissions import bodies, matrix, oracle
from tests.permissions.doors import Answer, Doors, undone
from tests.permissions.matrix import Try
from tests.permissions.oracle import Target
from tests.world.cast import ACTORS, MARK, PROGRAMS, World, pairs_of
from tests.world.columns import text_columns
from tests.world.predictions import predict
from tests.world.rows import make_judgment

FIELDS = Path(__file__).with_name("fields.csv")
Seen = dict[tuple[str, str], set[str]]  # (URL, column) -> actors
HIDDEN_FROM_LABELERS = ("Prediction.", "Trial.", "Adjudication.", "HardSet", "Export.", "Judge.rater", "AuditEvent.")


def seen(
    world: World, doors: Doors, *, urls: Collection[str] = (), actors: Collection[str] = (*ACTORS, *PROGRAMS)
) -> Seen:
    """Every permitted request of every actor, and what its answer, headers included, shows of whom."""
    found: Seen = defaultdict(set)
    for row in oracle.rows():
        for actor in actors if not urls or row.url in urls else ():
            if row.passes(actor):
                target = next(oracle.targets(world, row, actor))
                for name in _columns(world, actor, row.url, _answers(world, doors, row.method, actor, target, row.url)):
                    found[row.url, name].add(actor)
    return found


def _answers(world: World, doors: Doors, method: str, actor: str, target: Target, url: str) -> Iterator[Answer]:
    forms: list[bodies.Form | None] = (
        [*bodies.FORMS_OF[url]] if method == "POST" else [None, *bodies.READS_OF.get(url, [])]
    )
    for form in forms:
        for htmx in (False, True):
            yield matrix.send(world, doors, Try(method, actor, target, htmx, form))


def _columns(world: World, actor: str, url: str, answers: Iterator[Answer]) -> set[str]:
    name = ACTORS[actor][0] if actor in ACTORS else None
    found = set()
    for answer in answers:
        for where, column, whose in world.marks.seen_in(f"{answer.text} {dict(answer.headers)}"):
            assert where not in matrix.outside(url, actor), f"{actor} sees {column} of another project"
            found.add(f"own {column}" if whose == name else column)
    return found


def told() -> Seen:
    with FIELDS.open(encoding="utf-8", newline="") as file:
        return {(row["url"], row["column"]): set(row["who"].split()) for row in csv.DictReader(file)}


def test_each_page_shows_each_role_what_the_list_says(world: World, doors: Doors) -> None:
    found, listed = seen(world, doors), told()
    more = [
        f"{key}: also {sorted(found[key] - listed.get(key, set()))}"
        for key in found
        if found[key] - listed.get(key, set())
    ]
    less = [
        f"{key}: not {sorted(listed[key] - found.get(key, set()))}"
        for key in listed
        if listed[key] - found.get(key, set())
    ]
    assert not more and not less, "\n".join([*sorted(more), *sorted(less)])


def test_the_list_keeps_names_and_opinions_from_who_must_not_see_them() -> None:
    names = {"Person.name", "Person.username"}
    for (url, column), who in told().items():
        if column in names and url != "welcome":  # whoever holds a one-time link is greeted by the name it is for
            assert not who & {"labeler", "ml_engineer", "stranger"}, f"{url} names people to {who}"
        if column.startswith(HIDDEN_FROM_LABELERS) or column == "Judgment.note":
            assert "labeler" not in who, f"{url} shows {column} to labelers"
    assert not [key for key, who in told().items() if key[0].startswith("judge") and key[1] in names and who]


def test_what_is_refused_shows_nothing_but_the_own_name(world: World, doors: Doors) -> None:
    """404, 405 and 403 pages, of ours and of others: at most the reader's name and the project they are in."""
    careful = Doors(csrf=True)
    for rows in oracle.by_url().values():
        for method in ("GET", "POST", "DELETE"):
            row = rows.get(method) or next(iter(rows.values()))
            for actor in ("labeler", "ml_engineer", "stranger"):
                targets = list(oracle.targets(world, row, actor))
                # A method that the URL does not have is refused before anybody looks what is named.
                for target in targets if method in rows or FULL else targets[:1]:
                    asked = doors if method != "POST" else careful
                    answer = asked.send(method, target.path, world.cookies[actor])
                    if answer.status in {403, 404, 405}:
                        shown = _columns(world, actor, "", iter([answer]))
                        assert shown <= {"own Person.name", "Project.name"}, f"{actor} {method} {target.path}: {shown}"


# what has no mark

NO_TEXT_OF_PEOPLE = re.compile(
    r"(sha256|digest|token|stored_as|folder|password|locale|slug|extractor|session|_key|engine)$"
)


# Labels, codes and figures of our own making: no room for a mark. What of them a judge may see is changed below instead.
OURS = {
    "Adjudication.label",
    "Adjudication.mismatch",
    "AuditEvent.act",
    "AuditEvent.object_id",
    "AuditEvent.object_kind",
    "BackTest.result",
    "RuleReplay.result",
    "BadCaseNote.act",
    "Calibration.bins",
    "CellCorrection.dimension",
    "CellCorrection.source",
    "CellCorrection.verdict",
    "DraftedRule.code",
    "Gold.judgments",
    "Export.kind",
    "Gold.label",
    "Gold.mismatch",
    "Grid.body",
    "FindingAcknowledged.content",
    "FindingAcknowledged.key",
    "FindingAcknowledged.kind",
    "FindingAcknowledged.rules",
    "GuessCount.key",
    "HourlyCount.kind",
    "HardSetMember.gold_label",
    "Import.preset",
    "ImportedPrediction.label",
    "LabelConflict.said",
    "LabelConflict.said_mismatch",
    "LabelConflict.met",
    "LabelConflict.met_mismatch",
    "ImportedPrediction.posterior",
    "Import.scale_name",
    "Judgment.label",
    "Judgment.mismatch",
    "Judgment.mode",
    "Judgment.reason",
    "KnowledgeCard.key_folded",
    "LearntModel.source",
    "ModelJob.result",
    "ModelVersion.found",
    "ModelVersion.options",
    "Pair.gold_label",
    "Prediction.knowledge",
    "Prediction.label",
    "Prediction.mismatch",
    "Prediction.moved",
    "Prediction.posterior",
    "Prediction.reason",
    "Prediction.samples",
    "Prediction.sampling",
    "Prediction.status",
    "PrelabelAttempt.outcome",
    "PrelabelRun.only",
    "Project.scale_name",
    "PictureWords.language",
    "PictureWords.reader",
    "PictureWords.reason",
    "QueryReadingRun.reasons",
    "PromptVersion.aliases",
    "ReplayEntry.label",
    "Rule.code",
    "ServiceToken.prefix",
    "Snapshot.images",
}


def test_every_text_column_of_the_model_graph_carries_a_mark(world: World) -> None:
    """Or is one of ours. A new column is planted in tests/world/project.py, and then listed in fields.csv where it shows."""
    bare = []
    for model, field in text_columns():
        name = f"{model.__name__}.{field.name}"
        if name in OURS or NO_TEXT_OF_PEOPLE.search(field.name):
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT EXISTS (SELECT 1 FROM "{model._meta.db_table}" WHERE "{field.column}"::text ~ %s)',
                [MARK.pattern],
            )
            if not cursor.fetchone()[0]:
                bare.append(name)
    assert not bare, f"no mark in {sorted(bare)}"


# what a judge may not know before answering


@pytest.fixture
def card(world: World, doors: Doors) -> Callable[[], object]:
    """Ana's card as she gets it, without what is random in it."""

    def look() -> object:
        answers = []
        for htmx in (False, True):
            answer = doors.send("GET", "/p/shoes/judge/", world.cookies["labeler"], htmx=htmx)
            assert answer.status == 200
            status, headers, text = answer.plain()
            answers.append((status, headers, re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", text)))
        return answers

    return look


def held(world: World) -> Pair:
    (pair,) = pairs_of(world, world.projects["own"], "held")
    return pair


def another_prediction(world: World) -> None:
    predict(world, "own", held(world), "L1", posterior={"L1": 0.97, "L2": 0.01, "L3": 0.01, "L4": 0.01})


def it_is_gold(world: World) -> None:
    pair = held(world)
    Gold.objects.create(pair=pair, label="L1", ground="import", batch=pair.batch, snapshot=pair.item.current_snapshot)
    Pair.objects.filter(pk=pair.pk).update(gold_label="L1")
    type(pair.query).objects.filter(pk=pair.query_id).update(is_benchmark=True)


def others_judged(world: World) -> None:
    make_judgment(pair=held(world), by=world.people["alan"], label="L1", note="nonsense", mode="blind")
    make_judgment(pair=held(world), by="another rater", label="L2")


def it_is_asked_again(world: World) -> None:
    """Planted: the slot asks for what somebody has judged before."""
    old = held(world).judgments.order_by("pk").first()
    Slot.objects.filter(leases__token=world.objects["shoes"]["token_of_ana"]).update(replaces=old)


def a_bad_case_says_so(world: World) -> None:
    following.open_case(world.people["ben"], held(world), cause="label", note="L1, surely")


SECRETS = [another_prediction, it_is_gold, others_judged, it_is_asked_again, a_bad_case_says_so]


def in_mode(world: World, mode: str) -> None:
    Project.objects.filter(pk=world.projects["own"].pk).update(mode=mode)
    told = opinions.standing_prediction_id(held(world).pk) if mode == "assist" else None  # as a slot is taken
    Lease.objects.filter(token=world.objects["shoes"]["token_of_ana"]).update(mode=mode, prediction=told)


@pytest.mark.parametrize("mode", ["blind", "facts", "reveal"])
@pytest.mark.parametrize("secret", SECRETS)
def test_before_the_own_answer_the_card_is_the_same_whatever_was_said(
    world: World, card: Callable[[], object], mode: str, secret: Callable[[World], None]
) -> None:
    """blind_slots_never_carry_a_prediction: not in text, attributes, headers or comments; nor do facts and reveal."""
    with undone():
        in_mode(world, mode)
        before = card()
        secret(world)
        assert card() == before


@pytest.mark.parametrize("query", ["", "?label=L1", "?label=L4"])
def test_the_list_of_pairs_tells_no_gold_to_who_may_still_judge(world: World, doors: Doors, query: str) -> None:
    """An adjudicator judges too. The control: a lead, who does not, sees it."""

    def lists() -> list[object]:
        return [
            doors.send("GET", f"/p/shoes/pairs/{query}", world.cookies[who]).plain() for who in ("adjudicator", "lead")
        ]

    with undone():
        before = lists()
        Pair.objects.filter(pk=world.objects["shoes"]["held_pair"]).update(gold_label="L1")
        after = lists()
    assert before[0] == after[0]
    assert (before[1] == after[1]) == (query == "?label=L4")


def test_the_same_look_sees_the_prediction_in_assist(world: World, card: Callable[[], object]) -> None:
    """The control: where a card may show what the model says, another prediction makes another card."""
    with undone():
        in_mode(world, "assist")
        before = card()
        another_prediction(world)
        assert card() == before, "a card goes on showing what it was taken with"
        in_mode(world, "assist")
        assert card() != before
        assert "Prediction.chain" in {column for _w, column, _p in world.marks.seen_in(str(card()))}


def test_the_blind_share_of_assist_is_blind(
    world: World, card: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "ASSIST_BLIND_SHARE", 1.0)
    with undone():
        Project.objects.filter(pk=world.projects["own"].pk).update(mode="assist")
        for lease in Lease.objects.filter(person=world.people["ana"], state="live"):
            queue.give_back(lease)
        lease = queue.take(world.people["ana"], Project.objects.get(slug="shoes"))
        assert lease is not None and lease.mode == "blind"
        before = card()
        predict(world, "own", lease.pair, "L1")
        assert card() == before


@pytest.mark.parametrize("mode", ["blind", "facts", "reveal", "assist"])
def test_a_card_shows_no_more_than_its_mode(world: World, card: Callable[[], object], mode: str) -> None:
    with undone():
        in_mode(world, mode)
        shown = {column for _where, column, _whose in world.marks.seen_in(str(card()))}
    item = {
        f"Snapshot.{name}"
        for name in ["title", "category", "cpv", "skus", "shop", "description", "selling_points", "price"]
    }
    source = {f"Import.{name}" for name in ("source", "licence", "attribution")}
    own = {"Person.name", "Draft.body", "Project.name", "Project.guideline", "Query.text"}
    rules = {"RuleVersion.title", "RuleVersion.statement"}
    assert shown - rules - PREDICTED == item | source | own
    assert bool(shown & rules) == (mode != "blind")
    assert bool(shown & PREDICTED) == (mode == "assist")


PREDICTED = {
    "Prediction.chain", "Prediction.contradicts", "Prediction.signals", "ModelVersion.name", "ModelVersion.revision",
    "Caption.text", "QueryGuideline.intent", "QueryGuideline.required", "QueryGuideline.optional", "KnowledgeCard.key",
    "KnowledgeCard.text",
}  # fmt: skip


def test_a_blind_card_does_not_even_read_the_grid(
    world: World, card: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_grid(*_: object) -> None:
        raise AssertionError("a blind card has no grid")

    with undone():
        in_mode(world, "blind")
        before = card()
        monkeypatch.setattr(grids, "grid_of", no_grid)
        assert card() == before


def test_reveal_shows_the_model_after_the_own_answer_and_not_before(world: World, doors: Doors) -> None:
    token = world.objects["shoes"]["token_of_ana"]
    with undone():
        in_mode(world, "reveal")
        first = doors.send("GET", "/p/shoes/judge/", world.cookies["labeler"])
        fields = {"idempotency_key": uuid.uuid4(), "choice": "L2", "mismatch": "colour"}
        refused = {**fields, "choice": "keep"}
        early = doors.send("POST", f"/p/shoes/judge/{token}/", world.cookies["labeler"], body=refused, htmx=True)
        after = doors.send("POST", f"/p/shoes/judge/{token}/", world.cookies["labeler"], body=fields, htmx=True)
        columns = [{column for _w, column, _p in world.marks.seen_in(a.text)} for a in (first, early, after)]
    assert after.status == 200, after.text[:500]
    assert "Prediction.chain" not in columns[0] | columns[1]
    assert "Prediction.chain" in columns[2]
