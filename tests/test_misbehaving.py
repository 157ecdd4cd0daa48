"""The drills' model server does what each of its modes says; else a drill that passes proves nothing."""

from __future__ import annotations

import http.client
import json
import math
import os
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from inference import pipeline
from inference.engines import loop
from inference.engines.openai_server import Endpoint, OpenAIServer
from inference.engines.prompted import Prompted
from inference.prompting.prompts import shipped
from relevance.chain import Chain, Invalid
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from tests.misbehaving import modes
from tests.misbehaving.answers import MODEL
from tests.misbehaving.asking import OPENER, ORDER, ask, chain_request, choice_request, raw, received, user
from tests.misbehaving.server import Misbehaving, running


@pytest.fixture(scope="module")
def process() -> Iterator[Misbehaving]:
    with running("--retry-after", "1", "--drip-seconds", "0.1") as server:
        yield server


@pytest.fixture
def server(process: Misbehaving) -> Misbehaving:
    process.reset()
    return process


def test_a_good_letter_comes_with_probabilities_that_sum_to_one(server: Misbehaving) -> None:
    choice = ask(server, "good", 7, choice_request()).choice
    top = {one["token"]: one["logprob"] for one in choice["logprobs"]["content"][0]["top_logprobs"]}
    assert set(top) == set(ORDER)
    assert sum(math.exp(value) for value in top.values()) == pytest.approx(1)
    assert choice["message"]["content"] == max(top, key=lambda letter: top[letter])


def test_a_good_chain_ends_in_the_posterior_s_letter_and_names_a_mismatch_for_l2_alone(server: Misbehaving) -> None:
    labels = set()
    for job in range(40):
        chain = ask(server, "good", job, chain_request("abc123")).parsed("abc123")
        assert isinstance(chain, Chain), chain
        letter = ask(server, "good", job, choice_request()).text
        assert chain.label == ORDER[letter]
        labels.add(chain.label)
    assert labels == {"L1", "L2", "L3", "L4"}


def test_without_a_header_both_passes_over_a_pair_are_one_job_whatever_is_new_in_them(server: Misbehaving) -> None:
    for pair in "abcdef":
        chains = [
            {**chain_request(code), "messages": [{"role": "user", "content": user(code, pair)}]}
            for code in ("1a", "2b")
        ]
        letters = {json.loads(ask(server, "good", None, chain).text)["label"] for chain in chains}
        graded = ask(server, "good", None, choice_request(user("3c", pair, "Answer with the letter.")))
        assert letters == {graded.text}


def test_n_gives_n_choices_and_usage_counts_what_the_prefix_cache_knows(server: Misbehaving) -> None:
    request = chain_request("c0de", n=3)
    first, second = (json.loads(ask(server, "good", 1, request).body) for _ in range(2))
    assert [choice["index"] for choice in first["choices"]] == [0, 1, 2]
    assert first["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    usage = second["usage"]
    assert 0.5 * usage["prompt_tokens"] < usage["prompt_tokens_details"]["cached_tokens"] <= usage["prompt_tokens"]
    assert usage["completion_tokens"] > 3


def test_any_other_schema_and_plain_text_are_answered_too(server: Misbehaving) -> None:
    schema = {
        "type": "object",
        "properties": {"nonce": {"type": "string"}, "required": {"type": "array", "items": {"type": "string"}}},
    }
    request = {**chain_request("c0de"), "response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}
    assert json.loads(ask(server, "good", 1, request).text) == {"nonce": "c0de", "required": []}
    assert ask(server, "good", 1, {"messages": [{"role": "user", "content": "Say A."}]}).text == "A"


def test_models_are_listed_and_nonsense_is_refused(server: Misbehaving) -> None:
    with OPENER.open(server.base_url("good") + "/models", timeout=5) as response:
        assert [model["object"] for model in json.load(response)["data"]] == ["model"]
    assert ask(server, "no_such_mode").status == 404
    assert ask(server, "good", 1, {"messages": "none"}).status == 400
    assert (server.of("good")["calls"], server.of("good")["model_calls"]) == (0, 1)


def test_flaky_500_fails_each_job_twice_and_always_500_always(server: Misbehaving) -> None:
    for job in (1, 2):
        assert [ask(server, "flaky_500", job).status for _ in range(4)] == [500, 500, 200, 200]
    assert [ask(server, "always_500", 1, choice_request()).status for _ in range(4)] == [500] * 4
    assert server.of("always_500")["calls"] == 4
    assert server.of("always_500")["choice_calls"] == 4


def test_rate_limited_says_when_in_seconds_or_as_a_date_and_counts_who_comes_early(server: Misbehaving) -> None:
    seconds, date = ask(server, "rate_limited", 1), ask(server, "rate_limited", 2)
    assert (seconds.status, seconds.headers["Retry-After"]) == (429, "1")
    due = parsedate_to_datetime(date.headers["Retry-After"]).timestamp()
    assert date.status == 429 and 0 < due - time.time() <= 2
    assert ask(server, "rate_limited", 1).status == 429
    assert server.of("rate_limited")["early"] == 1
    time.sleep(max(due - time.time(), 1) + 0.01)
    assert [ask(server, "rate_limited", job).status for job in (1, 2, 1)] == [200, 200, 200]
    assert server.of("rate_limited")["early"] == 1


def test_silent_accepts_and_never_answers_and_sees_the_client_go(server: Misbehaving) -> None:
    client = raw(server, "silent", 1)
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)
    assert server.of("silent")["now"] == 1
    client.close()
    figures = settled(server, "silent")
    assert figures["bytes_sent"] == 0 and 0.25 < figures["longest_seconds"] < 2


def settled(server: Misbehaving, mode: str) -> dict[str, Any]:
    """The figures once nothing is under way any more."""
    deadline = time.monotonic() + 5
    while (figures := server.of(mode))["now"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return figures


def test_drip_sends_one_byte_at_a_time(server: Misbehaving) -> None:
    with raw(server, "drip", 1) as client:
        client.settimeout(0.5)
        pieces = [client.recv(4096) for _ in range(5)]
    assert pieces[0].startswith(b"HTTP/1.1 200 OK\r\n") and [len(piece) for piece in pieces[2:]] == [1, 1, 1]
    settled(server, "drip")


def test_cut_off_is_a_reset_in_mid_body_or_a_clean_end_too_soon(server: Misbehaving) -> None:
    with raw(server, "cut_off", 1) as client:
        assert client.recv(16).startswith(b"HTTP/1.1 200 OK")
        with pytest.raises(ConnectionResetError):
            received(client)
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(server, "cut_off", 2)
    assert caught.value.partial and caught.value.expected


def test_cut_json_is_never_whole_and_says_so_only_for_odd_jobs(server: Misbehaving) -> None:
    lengths = set()
    for job in range(12):
        heard = ask(server, "cut_json", job)
        assert heard.finish == ("length" if job % 2 else "stop")
        assert isinstance(heard.parsed("c0de"), Invalid)
        lengths.add(len(heard.text))
    assert len(lengths) > 3


def test_length_is_a_whole_chain_that_was_cut_off_by_its_own_word(server: Misbehaving) -> None:
    heard = ask(server, "length")
    assert heard.finish == "length" and isinstance(heard.parsed("c0de"), Chain)


def test_wrong_label_is_unknown_outdated_or_in_another_case_or_width(server: Misbehaving) -> None:
    labels = [json.loads(ask(server, "wrong_label", job).text)["label"] for job in range(12)]
    assert labels[0] == "Z" and set(labels[1::3]) <= set(modes.OLD_LABELS)
    assert any(label.isascii() and label.islower() for label in labels[2::3])
    assert any(not label.isascii() for label in labels[2::3])
    for job in range(12):
        found = ask(server, "wrong_label", job).parsed("c0de")
        assert isinstance(found, Invalid) and found.reason == "label"


def test_two_labels_stand_in_one_answer_or_in_chain_and_posterior(server: Misbehaving) -> None:
    twice = ask(server, "two_labels", 1).parsed("c0de")
    assert isinstance(twice, Invalid) and twice.reason == "two_labels"
    for job in range(0, 20, 2):
        other = ask(server, "two_labels", job).parsed("c0de")
        assert isinstance(other, Chain)
        assert other.label != ORDER[ask(server, "two_labels", job, choice_request()).text]


def test_not_api_is_empty_a_login_page_or_no_content(server: Misbehaving) -> None:
    empty, page, none = (ask(server, "not_api", job) for job in range(3))
    assert (empty.status, empty.body) == (200, b"")
    assert page.status == 200 and b"<form" in page.body and page.headers["Content-Type"].startswith("text/html")
    assert (none.status, none.body) == (204, b"")


def test_repetition_says_one_token_four_thousand_times(server: Misbehaving) -> None:
    heard = ask(server, "repetition")
    assert heard.finish == "length" and heard.text.split() == ["the"] * 4000


def test_huge_is_five_mebibytes_and_knows_when_the_client_hung_up(server: Misbehaving) -> None:
    heard = ask(server, "huge")
    assert len(heard.body) > 5 * 1024 * 1024 and json.loads(heard.text)["nonce"] == "c0de"
    assert settled(server, "huge")["most_bytes_sent"] > len(heard.body)
    server.reset()
    with raw(server, "huge", 2) as client:
        taken = 0
        while taken < 256 * 1024:
            taken += len(client.recv(16384))
    assert 256 * 1024 <= settled(server, "huge")["bytes_sent"] < 1024 * 1024


def test_swapped_gives_each_of_two_the_other_s_answer_and_one_alone_no_nonce(server: Misbehaving) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda n: ask(server, "swapped", n, chain_request(f"code{n}")), (1, 2)))
    assert [json.loads(heard.text)["nonce"] for heard in answers] == ["code2", "code1"]
    assert "nonce" not in json.loads(ask(server, "swapped", 3).text)
    assert (server.of("swapped")["unpartnered"], server.of("swapped")["peak"]) == (1, 2)


def test_odd_text_holds_what_databases_and_decoders_refuse(server: Misbehaving) -> None:
    heard = ask(server, "odd_text", 1)
    assert r"\u0000" in heard.text and r"\ud83d" in heard.text
    assert isinstance(heard.parsed("c0de"), Chain)
    assert ask(server, "odd_text", 4).text.startswith("\ufeff{")
    with pytest.raises(UnicodeDecodeError):
        ask(server, "odd_text", 2).body.decode()


def test_markup_stands_inside_a_valid_chain_and_points_to_the_canary(server: Misbehaving) -> None:
    heard = ask(server, "markup")
    assert isinstance(heard.parsed("c0de"), Chain)
    for piece in ("<script src=", "hx-get=", "![x](http://127.0.0.1:"):
        assert piece in heard.text
    assert server.of("markup")["canary_hits"] == 0


def test_hostile_transport_redirects_to_a_canary_that_counts(server: Misbehaving) -> None:
    heard = ask(server, "hostile_transport", 3)
    assert heard.status == 307
    assert server.of("hostile_transport")["canary_hits"] == 0
    follow = urllib.request.Request(heard.headers["Location"], json.dumps(chain_request("c0de")).encode())
    with OPENER.open(follow, timeout=5) as response:
        assert json.load(response)["choices"]
    assert server.of("hostile_transport")["canary_hits"] == 1
    assert server.of("good")["calls"] == 0


def test_hostile_transport_sends_a_small_body_that_unfolds_to_a_gibibyte(server: Misbehaving) -> None:
    heard = ask(server, "hostile_transport", 1)
    assert heard.headers["Content-Encoding"] == "gzip" and len(heard.body) < 2 * 1024 * 1024
    assert sum(len(piece) for piece in unfolded(heard.body, most=8)) == 8 << 20
    tail = zlib.decompressobj(-zlib.MAX_WBITS)
    tail.decompress(modes.bomb()[2])
    assert (tail.eof, len(tail.unused_data)) == (True, 8)  # it ends as gzip does, with checksum and length


def unfolded(packed: bytes, *, most: int) -> Iterator[bytes]:
    """The first mebibytes of what a gzip body holds."""
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    for _ in range(most):
        yield unpacker.decompress(packed, 1 << 20)
        packed = unpacker.unconsumed_tail


def test_hostile_transport_sends_a_hundred_thousand_header_lines(server: Misbehaving) -> None:
    with raw(server, "hostile_transport", 2) as client:
        client.sendall(b"GET /counts HTTP/1.1\r\nConnection: close\r\n\r\n")
        head, _, _ = received(client).partition(b"\r\n\r\n")
    assert head.count(b"\r\nX-Line-") == 100_000


@pytest.mark.parametrize("mode", sorted({*modes.WORDINGS, *modes.FOR_SCHEMAS}))
def test_a_fault_of_wording_leaves_the_letters_alone(server: Misbehaving, mode: str) -> None:
    assert ask(server, mode, 1, choice_request()).choice == ask(server, "good", 1, choice_request()).choice


@pytest.mark.parametrize("mode", sorted({*modes.WORDINGS, *modes.FOR_SCHEMAS}))
def test_a_fault_of_wording_survives_a_schema_without_a_label(server: Misbehaving, mode: str) -> None:
    schema = {"type": "object", "properties": {"intent": {"type": "string"}}}
    request = {**chain_request("c0de"), "response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}
    assert [ask(server, mode, job, request).status for job in (1, 2)] == [200, 200]


def test_paced_keeps_its_rate_and_reports_how_busy_it_was(server: Misbehaving) -> None:
    mode = "paced-100-8"  # 8 at once, 80 ms each
    with ThreadPoolExecutor(16) as pool:
        assert {heard.status for heard in pool.map(lambda job: ask(server, mode, job), range(64))} == {200}
    busy = server.of(mode)
    assert busy["answers"] == 64
    assert 70 < busy["answers_per_second"] <= 100.001
    assert busy["busy_share"] > 0.9 and busy["slots_busy_share"] > 0.7
    server.reset()
    for job in range(3):
        ask(server, mode, job)
        time.sleep(0.16)
    idle = server.of(mode)
    assert idle["busy_share"] < 0.65 and idle["slots_busy_share"] < 0.1


def test_five_hundred_connections_are_held_at_once_and_their_memory_is_given_back(server: Misbehaving) -> None:
    huge_round(server)
    before = resident(server)
    held = [raw(server, "silent", job) for job in range(500)]
    assert reaches(server, "silent", 500)
    assert ask(server, "good").status == 200
    for client in held:
        client.close()
    assert settled(server, "silent")["peak"] == 500
    for _ in range(3):
        huge_round(server)
    assert resident(server) - before < 48 * 1024 * 1024  # twenty whole answers would be a hundred


def huge_round(server: Misbehaving) -> None:
    """Clients that ask for 5 MiB each, half of which leave at once."""
    clients = [raw(server, "huge", job) for job in range(20)]
    for client in clients[:10]:
        client.close()
    for client in clients[10:]:
        client.recv(65536)
        client.close()
    settled(server, "huge")


def reaches(server: Misbehaving, mode: str, number: int) -> bool:
    deadline = time.monotonic() + 5
    while server.of(mode)["now"] < number and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(server.of(mode)["now"] == number)


def resident(server: Misbehaving) -> int:
    """Bytes of memory that the server process holds."""
    return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_our_client_accepts_what_is_good_through_the_whole_pipeline(server: Misbehaving) -> None:
    chat = OpenAIServer(Endpoint(server.base_url("good"), MODEL), "r1")
    assert chat.served_models() == [MODEL]
    pairs = [
        PairFacts(query, ItemFacts(str(n), "Red mug")) for n, query in enumerate(["red mug", "红色杯子", 'a "b"'] * 8)
    ]
    grids = [build_grid(pair, Lexicon.shipped()) for pair in pairs]
    questions = [pipeline.ask(pair, grid, ()) for pair, grid in zip(pairs, grids, strict=True)]
    judged = pipeline.judge(questions, Prompted(chat, shipped()))
    loop.run(chat._client.close())
    assert {one.status if isinstance(one, pipeline.Judged) else one.code for one in judged} == {"ok"}
    assert not any("chain_label" in one.contradicts for one in judged if isinstance(one, pipeline.Judged))
