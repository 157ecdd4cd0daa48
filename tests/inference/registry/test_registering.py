"""What registering says of a server: over real HTTP, one sentence for each way in which one does not suit."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from inference import pipeline
from inference.models import ModelVersion
from inference.registry import connecting
from projects.models import Person, Project
from relevance.chain import LABELS
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from tests.conftest import Cast
from tests.misbehaving.server import Misbehaving, running

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with running() as found:
        yield found


@pytest.fixture(autouse=True)
def patience(settings: Any) -> None:
    settings.MODEL_DEADLINE_SECONDS = 2


def register(target: str, *arguments: str) -> dict[str, Any]:
    """The last line of the command, which is one JSON object whatever happens."""
    out = io.StringIO()
    try:
        call_command(
            "register_model",
            "lore",
            "--engine=openai_server",
            f"--target={target}",
            *arguments,
            stdout=out,
            stderr=io.StringIO(),
        )
    except SystemExit as ended:
        assert ended.code == 1
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


@pytest.mark.parametrize("mode", ["good", "strict", "fenced", "thinking", "markup"])
def test_a_server_whose_first_judgment_is_one_is_registered_with_its_label(server: Misbehaving, mode: str) -> None:
    told = register(server.base_url(mode))
    assert told["first_judgment"]["label"] in LABELS
    assert (told["first_judgment"]["code"], told["first_judgment"]["sentence"]) == ("", "")
    assert ModelVersion.objects.get(name="lore").found["first_judgment"]["label"] == told["first_judgment"]["label"]


REFUSED = [
    ("always_500", "http_5xx", "HTTP 500. It says: out of memory"),
    ("rate_limited", "rate_limited", "HTTP 429. It says: too many requests"),
    ("silent", "deadline", "no answer within 2 s"),
    ("drip", "deadline", "no answer within 2 s"),
    ("html", "html", "a page of HTML answers where a model should"),
    ("wrong_key", "auth", "no key is set for http://127.0.0.1:"),
    ("refuses_max_tokens", "bad_request", "HTTP 400. It says: Unsupported parameter: 'max_tokens'"),
    ("wordy_400", "bad_request", "HTTP 400. It says: too long"),
    ("no_such_mode", "not_found", "HTTP 404: the server knows no such model or path. It says: no such mode or path"),
    ("dated_name", "other_model", "register it with --answers-as"),
    ("path_name", "other_model", "register it with --answers-as"),
    ("prose", "prose", "It answered in prose"),
    ("prose_zh", "prose", "It said: \u8fd9\u4e2a\u676f\u5b50\u5f88\u5408\u9002\u3002"),
    ("half_json", "not_json", "What it said is not one whole JSON object."),
    ("two_objects", "not_json", "What it said is not one whole JSON object."),
    ("length", "length", "Its answer was cut off before its end"),
    ("repetition", "length", "It said: the the the"),
    ("wrong_label", "label", "It names a label that was not offered."),
    ("swapped", "nonce", "It does not repeat the code it was asked with"),
]


@pytest.mark.parametrize(("mode", "code", "sentence"), REFUSED)
def test_a_server_that_does_not_suit_is_refused_in_a_sentence_of_its_own(
    server: Misbehaving, mode: str, code: str, sentence: str
) -> None:
    told = register(server.base_url(mode))
    assert told["code"] == code and sentence in told["error"]
    assert not ModelVersion.objects.filter(name="lore").exists()


@pytest.mark.parametrize(
    ("target", "code", "sentence"),
    [
        ("127.0.0.1:9/v1", "no_address", "The target is no address of a server."),
        ("http://me:secret@127.0.0.1:9/v1", "no_address", "without name and password"),
        ("http://[", "no_address", "The target is no address of a server."),
        ("http://127.0.0.1:9/v1", "connection", "All connection attempts failed"),
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(target: str, code: str, sentence: str) -> None:
    told = register(target)
    assert told["code"] == code and sentence in told["error"] and "secret" not in told["error"]


def test_an_address_without_v1_is_refused_with_a_hint(server: Misbehaving) -> None:
    told = register(server.base_url("good").removesuffix("/v1"))
    assert told["code"] == "not_found" and "try it with /v1" in told["error"]


def test_a_key_is_sent_and_never_told(server: Misbehaving, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.MODEL_KEYS = {server.base_url("good"): "sk-secret-of-mine"}
    told = register(server.base_url("wrong_key"))
    assert told["code"] == "auth" and "It says: Incorrect API key provided: [key]" in told["error"]
    assert "sk-secret" not in json.dumps(told) + caplog.text


def test_a_model_whose_first_answer_is_no_judgment_is_registered_on_consent_and_its_pages_say_so(
    server: Misbehaving, project: Project, cast: Cast, client_for: Callable[[Person], Client]
) -> None:
    told = register(server.base_url("prose"), "--accept-invalid", "--promote-in", project.slug)
    assert told["first_judgment"] == {
        "label": "",
        "code": "prose",
        "answer": "The mug is red and holds 350 ml, so it is an excellent match.",
        "sentence": "It answered in prose: there is no JSON object in what it said.",
    }
    version = ModelVersion.objects.get(name="lore")
    for client, page in [
        (client_for(cast.root), reverse("installation-models")),
        (client_for(cast.lena), reverse("model", args=[project.slug, version.pk])),
    ]:
        shown = client.get(page).content.decode()
        assert "first answer unusable" in shown and "It answered in prose" in shown


def test_consent_to_an_unusable_answer_is_none_to_no_answer(server: Misbehaving) -> None:
    assert register(server.base_url("refuses_max_tokens"), "--accept-invalid")["code"] == "bad_request"


def test_a_captioner_judges_no_pair(server: Misbehaving) -> None:
    assert register(server.base_url("prose"), "--role", "captioner")["first_judgment"] is None


def test_what_a_fencing_server_says_in_a_run_is_read_as_at_its_registration(server: Misbehaving) -> None:
    register(server.base_url("fenced"))
    engine = connecting.reconnect(ModelVersion.objects.get(name="lore"), ())
    pair = PairFacts("red mug", ItemFacts("1", "Red mug"))
    (judged,) = pipeline.judge([pipeline.ask(pair, build_grid(pair, Lexicon.shipped()), ())], engine)
    assert isinstance(judged, pipeline.Judged) and judged.status == "ok" and judged.label in LABELS


@pytest.mark.parametrize(
    ("mode", "name"), [("dated_name", "misbehaving-2026-01-01"), ("path_name", "/models/misbehaving.gguf")]
)
def test_an_alias_is_refused_by_the_name_it_stands_for_and_taken_on_consent(
    server: Misbehaving, mode: str, name: str
) -> None:
    assert f"'{name}' answered instead of 'misbehaving'" in register(server.base_url(mode))["error"]
    assert not ModelVersion.objects.filter(name="lore").exists()
    told = register(server.base_url(mode), "--answers-as", name)
    assert (told["revision"], told["found"]["answers"]) == (name, True)
    assert ModelVersion.objects.get(name="lore").options == {"model": "misbehaving", "answers_as": name}
