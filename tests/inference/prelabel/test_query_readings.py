"""A large model reads queries, each once; an answer that is no reading of the query is refused as a whole, with the reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalogue.evidence import lexicons, readings
from catalogue.models import QueryReading, ReadingCorrection
from inference.engines.chat import Call, Reply, SampledAnswer
from inference.engines.errors import EngineError, EngineUnavailable
from inference.models import ModelVersion, QueryReadingRun
from inference.prelabel import query_readings
from inference.prompting import prompt_versions
from inference.registry import connecting
from jobs import leasing
from projects.models import Project
from projects.refusals import Refused
from tests.conftest import Cast
from tests.world.rows import make_model, make_pair

pytestmark = pytest.mark.django_db
Said = str | EngineError


class ScriptedChat:
    """Answers each call by a function of its query and code."""

    name, revision = "scripted", "1"

    def __init__(self, answer: Callable[[str, str], Said], finish: str = "stop") -> None:
        self.answer, self.finish, self.asked = answer, finish, list[str]()

    def converse(self, calls: Sequence[Call]) -> list[Reply | EngineError]:
        return [self._reply(str(call.user[0])) for call in calls]

    def _reply(self, user: str) -> Reply | EngineError:
        found = re.fullmatch(r'Query, as JSON text: "(.*)"\nAnswer code: (\S+)', user)
        assert found is not None
        self.asked.append(found[1])
        said = self.answer(found[1], found[2])
        return said if isinstance(said, EngineError) else Reply((SampledAnswer(said, self.finish),))


def span(text: str, dimension: str = "category", **said: Any) -> dict[str, Any]:
    return {"text": text, "dimension": dimension, "head": False, "negated": False, "role": "", **said}


def spans(*told: dict[str, Any], **beside: Any) -> Callable[[str, str], str]:
    return lambda _query, code: json.dumps({"nonce": code, "spans": told, **beside})


@pytest.fixture
def model() -> ModelVersion:
    return make_model(name="reader", prompt=prompt_versions.active(), learnt=True)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ScriptedChat]:
    def answers(answer: Callable[[str, str], Said], **options: Any) -> ScriptedChat:
        chat = ScriptedChat(answer, **options)
        monkeypatch.setattr(connecting, "chat", lambda _model: chat)
        return chat

    return answers


def work(run: QueryReadingRun) -> QueryReadingRun:
    token = leasing.claim(QueryReadingRun, run.pk)
    assert token is not None
    query_readings.work(run.pk, token)
    run.refresh_from_db()
    return run


def test_a_models_reading_stands_over_the_products_and_says_whose_it_is(
    project: Project, model: ModelVersion, scripted: Callable[..., ScriptedChat]
) -> None:
    query = make_pair(project=project, query="Red mug, 300 ml for camping").query
    scripted(
        spans(
            span("mug", head=True), span("Red", "colour"), span("300 ml", "specification"), span("camping", role="for")
        )
    )
    run = work(query_readings.start(project, model, None))
    assert (run.state, run.read, run.refused) == ("done", 1, 0)
    stands = readings.get_or_make({query.pk: query.text}, lexicons.shipped())[query.pk]
    assert (stands.origin, stands.version.split()[0]) == ("guideline", "reader")
    told = [(one.text, one.kind.value, one.head, one.role) for one in stands.constraints]
    assert told[:2] == [("red", "colour", False, ""), ("mug", "category", True, "")] and told[3][3] == "for"
    assert stands.constraints[2].number == 300  # what the product reads in the piece


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (spans(span("blue", "colour")), "not_literal"),
        (spans(span("red", "mood")), "no_dimension"),
        (spans(span("red", "colour", head=True), span("mug", head=True)), "two_heads"),
        (spans(span("red", "colour", role="with")), "no_role"),
        (spans(), "no_spans"),
        (spans(span("red", "colour"), why="because"), "schema"),
        (lambda _query, _code: json.dumps({"nonce": "another", "spans": [span("red", "colour")]}), "nonce"),
        (lambda _query, _code: "A red mug, of course.", "not_json"),
        (lambda _query, _code: "[" * 100_000, "not_json"),
    ],
)
def test_an_answer_that_is_no_reading_of_the_query_is_refused_as_a_whole(
    project: Project, model: ModelVersion, scripted: Callable[..., ScriptedChat], answer: Any, code: str
) -> None:
    make_pair(project=project, query="red mug")
    scripted(answer)
    run = work(query_readings.start(project, model, None))
    assert (run.refused, run.reasons) == (1, {code: 1}) and not QueryReading.objects.exists()


def test_each_query_is_asked_once_and_never_one_that_a_person_has_read(
    project: Project,
    model: ModelVersion,
    scripted: Callable[..., ScriptedChat],
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(query_readings, "STEP", 2)
    pairs = [make_pair(project=project, query=f"mug {n}") for n in range(5)]
    corrected = pairs[4].query
    reading = QueryReading.objects.create(query=corrected, origin="person", version="1", body=[])
    ReadingCorrection.objects.create(query=corrected, reading=reading, by=cast.ana)
    chat = scripted(
        lambda query, code: EngineError("too_long") if query == "mug 1" else spans(span("mug"))(query, code)
    )
    first = work(query_readings.start(project, model, None, most=3))
    assert (chat.asked, first.read, first.unanswered) == (["mug 0", "mug 1", "mug 2"], 2, 1)
    second = work(query_readings.start(project, model, None))
    assert chat.asked[3:] == ["mug 1", "mug 3"] and second.total == 2


def test_a_server_that_is_away_costs_nothing_and_the_run_goes_on_where_it_was(
    project: Project, model: ModelVersion, scripted: Callable[..., ScriptedChat], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_readings, "STEP", 1)
    for n in range(2):
        make_pair(project=project, query=f"mug {n}")
    scripted(lambda q, code: EngineUnavailable("http_5xx") if q == "mug 1" else spans(span("mug"))(q, code))
    run = work(query_readings.start(project, model, None))
    assert (run.state, run.read, run.error.split(":")[0]) == ("failed", 1, "http_5xx")
    chat = scripted(spans(span("mug")))
    QueryReadingRun.objects.update(due_at=run.created_at)
    assert (work(run).state, run.read, chat.asked) == ("done", 2, ["mug 1"])


def test_an_answer_that_was_cut_off_is_none(
    project: Project, model: ModelVersion, scripted: Callable[..., ScriptedChat]
) -> None:
    make_pair(project=project, query="red mug")
    scripted(spans(span("mug")), finish="length")
    assert work(query_readings.start(project, model, None)).reasons == {"length": 1}


def test_only_a_large_model_reads_and_only_what_is_unread(
    project: Project, model: ModelVersion, scripted: Callable[..., ScriptedChat]
) -> None:
    with pytest.raises(Refused, match="large model"):
        query_readings.start(project, None, None)
    with pytest.raises(Refused, match="every query"):
        query_readings.start(project, model, None)


def test_the_command_reads_and_says_what_it_came_to(
    project: Project, model: ModelVersion, scripted: Callable[..., ScriptedChat]
) -> None:
    make_pair(project=project, query="red mug")
    scripted(spans(span("mug", head=True)))
    out = StringIO()
    call_command("read_queries", "--project", project.slug, "--model", "reader", "--wait", stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    assert (told["queries"], told["read"], told["state"]) == (1, 1, "done")
    with pytest.raises((CommandError, SystemExit)):
        call_command("read_queries", "--project", project.slug, "--model", "nobody", stdout=out)
