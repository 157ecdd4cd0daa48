"""Over real HTTP: what a server may do wrong, when it is left alone, and what it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from inference.engines import loop
from inference.engines.breaker import Breaker
from inference.engines.chat import Call, Reply
from inference.engines.errors import EngineError, EngineUnavailable, EngineWaiting
from inference.engines.openai_server import Endpoint, OpenAIServer
from inference.engines.server_errors import retry_after
from inference.engines.server_words import own_words
from inference.registry.probing import probe
from tests.misbehaving.server import Misbehaving, running

GRADE = Call("A = L1\nB = L2\nC = L3\nD = L4", ("Answer code: abc",), choices=("A", "B", "C", "D"))


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with running() as found:
        yield found


@pytest.fixture
def engine(server: Misbehaving) -> Iterator[Any]:
    made: list[OpenAIServer] = []

    def make(mode: str, **options: Any) -> OpenAIServer:
        endpoint = Endpoint(
            server.base_url(mode), "lore", **{"deadline_seconds": 1.0, "breaker_failures": 0, **options}
        )
        made.append(OpenAIServer(endpoint, "1"))
        return made[-1]

    yield make
    for one in made:
        loop.run(one._client.close())


def test_the_shares_of_the_choices_sum_to_one(engine: Any) -> None:
    (reply,) = engine("good").converse([GRADE])
    assert isinstance(reply, Reply) and reply.shares is not None
    assert set(reply.shares) == set(GRADE.choices) and sum(reply.shares.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("mode", "code"),
    [("always_500", "http_5xx"), ("silent", "deadline"), ("drip", "deadline"), ("cut_off", "truncated"),
     ("not_api", "not_api"), ("huge", "too_large")],
)  # fmt: skip
def test_what_a_server_does_wrong_has_a_code(engine: Any, mode: str, code: str) -> None:
    (answer,) = engine(mode).converse([GRADE])
    assert isinstance(answer, EngineUnavailable) and answer.code == code


SENTENCES = [
    ("always_500", "", "http_5xx", "HTTP 500. It says: out of memory"),
    ("rate_limited", "", "rate_limited", "HTTP 429. It says: too many requests"),
    ("html", "", "html", "a page of HTML answers where a model should"),
    ("wrong_key", "", "auth", "HTTP 401: no key is set for http://127.0.0.1:"),
    ("wrong_key", "", "auth", "name one in LORE_MODEL_KEYS. It says: No key was sent."),
    ("wrong_key", "sk-1", "auth", "HTTP 401: the server refuses the key that is set for http://127.0.0.1:"),
    ("wrong_key", "sk-1", "auth", "It says: Incorrect API key provided: [key][31m <b>"),
    ("refuses_max_tokens", "", "bad_request", "HTTP 400. It says: Unsupported parameter: 'max_tokens' is not supported"),
    ("wordy_400", "", "bad_request", "HTTP 400. It says: too long long"),
    ("strict", "", "bad_request", "HTTP 400. It says: Unknown parameter: 'structured_outputs'."),
    ("no_such_mode", "", "not_found", "HTTP 404: the server knows no such model or path. It says: no such mode or path"),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "key", "code", "sentence"), SENTENCES)
def test_a_server_that_does_not_suit_is_told_in_a_sentence_with_its_own_words(
    engine: Any, mode: str, key: str, code: str, sentence: str
) -> None:
    (answer,) = engine(mode, api_key=key).converse([GRADE])
    assert isinstance(answer, EngineError)
    assert answer.code == code and sentence in str(answer)
    assert len(str(answer)) < 450 and "sk-1" not in str(answer) and not set("\x1b\u202e\n") & set(str(answer))


@pytest.mark.parametrize(
    ("mode", "name"), [("dated_name", "lore-2026-01-01"), ("path_name", "/models/lore.gguf"), ("good", "lore")]
)
def test_an_answer_under_another_name_is_taken_only_where_that_name_was_registered(
    engine: Any, mode: str, name: str
) -> None:
    (reply,) = engine(mode, answers_as=name).converse([GRADE])
    assert isinstance(reply, Reply)
    (refused,) = engine(mode, answers_as="lore-2025-01-01").converse([GRADE])
    assert isinstance(refused, EngineError) and refused.code == "other_model"
    assert f"'lore' was asked, and '{name}' answered instead of 'lore-2025-01-01'" in str(refused)
    assert "register it with --answers-as" in str(refused)


@pytest.mark.parametrize(
    ("mode", "code"), [("html", "html"), ("wrong_key", "auth"), ("silent", "deadline"), ("drip", "deadline")]
)
def test_a_list_of_models_that_is_none_has_a_code_too(engine: Any, mode: str, code: str) -> None:
    with pytest.raises(EngineError) as caught:
        engine(mode, deadline_seconds=0.5).served_models()
    assert caught.value.code == code


def test_an_address_without_v1_is_told_of_it(server: Misbehaving) -> None:
    asked = OpenAIServer(Endpoint(f"http://127.0.0.1:{server.port}/good", "lore"), "1")
    with pytest.raises(EngineError, match="mostly end in /v1, and this one does not") as caught:
        asked.served_models()
    assert caught.value.code == "not_found"
    asked.close()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "plain"}', "plain"),
        (b'{"message": "m"}', "m"),
        (b'{"detail": [{"msg": "field required"}, {"msg": "wrong"}]}', "field required; wrong"),
        (b"404 page not found\n", "404 page not found"),
        (b"<html><title>502</title>", ""),
        (b"[" * 100_000, "[" * 200 + "\N{HORIZONTAL ELLIPSIS}"),
        (b'{"error": {"code": 3}}', ""),
        (b"\xff\x00nul", "\ufffd\ufffdnul"),
        (b'{"error": "sk-\\u200bsecret"}', "[key]"),
        (b"", ""),
    ],
)
def test_a_servers_own_words_are_cleaned_bounded_and_without_the_key(body: bytes, words: str) -> None:
    assert own_words(body, "sk-secret") == words


def test_a_whole_batch_is_in_the_air_at_once(engine: Any, server: Misbehaving) -> None:
    server.reset()
    engine("silent").converse([GRADE] * 20)
    assert server.of("silent")["peak"] == 20


def test_the_number_of_calls_in_the_air_is_bounded(engine: Any, server: Misbehaving) -> None:
    server.reset()
    engine("silent", concurrency=3, deadline_seconds=0.3).converse([GRADE] * 9)
    assert server.of("silent")["peak"] == 3


def test_a_server_that_asks_for_peace_is_not_called_before(engine: Any, server: Misbehaving) -> None:
    server.reset()
    asked = engine("rate_limited")
    (first,) = asked.converse([GRADE])
    assert isinstance(first, EngineUnavailable) and first.code == "rate_limited" and first.retry_after
    (second,) = asked.converse([GRADE])
    assert isinstance(second, EngineWaiting) and 0 < (second.retry_after or 0) <= 4
    assert server.of("rate_limited")["calls"] == 1


def test_after_ten_failures_only_a_probe_goes_through(engine: Any, server: Misbehaving) -> None:
    server.reset()
    asked = engine("always_500", breaker_failures=10, concurrency=1)
    answers = asked.converse([GRADE] * 30)
    assert server.of("always_500")["calls"] == 10
    assert sum(isinstance(answer, EngineWaiting) for answer in answers) == 20


def test_the_breaker_lets_one_probe_through_in_ten_seconds_and_closes_when_it_succeeds() -> None:
    now = [0.0]
    breaker = Breaker(failures=2, clock=lambda: now[0])
    breaker.failed()
    breaker.failed()
    with pytest.raises(EngineWaiting):
        breaker.enter()
    now[0] = 10.0
    breaker.enter()  # the probe
    with pytest.raises(EngineWaiting):
        breaker.enter()  # no second one
    breaker.succeeded()
    now[0] = 20.0
    breaker.enter()
    breaker.enter()


def test_nothing_answers_on_a_closed_port(engine: Any) -> None:
    lonely = OpenAIServer(Endpoint("http://127.0.0.1:9/v1", "lore", deadline_seconds=2), "1")
    (answer,) = lonely.converse([GRADE])
    assert isinstance(answer, EngineError) and answer.code == "connection"
    loop.run(lonely._client.close())


def test_a_server_says_what_it_serves(engine: Any) -> None:
    assert engine("good").served_models() == ["misbehaving"]


def test_a_probe_tells_what_a_server_can_do(engine: Any) -> None:
    found = probe(engine("good"))
    assert found.answers and found.choices and found.shares


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("0", 0.0), ("-5", 0.0), ("", None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value) == seconds
