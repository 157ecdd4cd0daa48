"""The thirty-one ways to misbehave, one function each. A kind of fault within a mode follows from the job's number.

Ways of wording (WORDINGS) change what an answer to a schema says and leave every other answer good. Ways of carrying
(CARRIAGES) apply to every request of their mode, whatever it asks.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from tests.misbehaving import answers
from tests.misbehaving.answers import Ask, PrefixCache, completion, written
from tests.misbehaving.counting import Pace, Tally
from tests.misbehaving.http import JSON, Connection, Request, head

EARLY_TOLERANCE = 0.01  # seconds; two clocks of one machine
PARTNER_SECONDS = 0.3
OLD_LABELS = ("Exact", "Substitute", "Complement", "Irrelevant", "Partial")
HUGE_BYTES = 5 * 1024 * 1024
BOMB_BYTES = 1 << 30
BOMB_CRC = 0x5B64C2B0  # of so many zeros
HEADER_LINES = 100_000
LOGIN_PAGE = b"<!doctype html><title>Sign in</title><form method=post><input name=user><input type=password></form>"


@dataclass
class Settings:
    """Times that a test may shorten, in seconds."""

    retry_after: int = 3
    drip: float = 1.0


@dataclass
class World:
    """All that is forgotten at a reset."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    cache: PrefixCache = field(default_factory=PrefixCache)
    waiting: tuple[asyncio.Future[str], str] | None = None  # swapped: who waits for an answer, and its own
    connections_peak: int = 0


@dataclass
class Exchange:
    """One request and everything that its answer may need."""

    connection: Connection
    request: Request
    ask: Ask
    tally: Tally
    world: World
    settings: Settings

    def body(self, text: str | None = None, finish: str = "stop", model: str = "") -> bytes:
        if self.ask.kind == "models":
            return answers.models()
        said = answers.good_text(self.ask) if text is None else text
        named = replace(self.ask, model=model or self.ask.model)
        return completion(named, said, self.world.cache, finish=finish)

    async def good(self) -> None:
        await self.connection.respond(200, self.body())

    @property
    def canary(self) -> str:
        """An address on this server that nobody should ever ask for."""
        host = self.request.headers.get("host", "127.0.0.1")
        return f"http://{host}/canary/{self.request.path.split('/')[1]}"


# What is carried wrongly


async def flaky_500(exchange: Exchange) -> None:
    jobs = exchange.tally.jobs
    jobs[exchange.ask.job] = jobs.get(exchange.ask.job, 0) + 1
    await (always_500(exchange) if jobs[exchange.ask.job] <= 2 else exchange.good())


async def always_500(exchange: Exchange) -> None:
    await exchange.connection.respond(500, b'{"error": {"message": "out of memory", "type": "server_error"}}')


async def rate_limited(exchange: Exchange) -> None:
    """The first call of a job is told when to come again; one that comes earlier is counted and told again."""
    jobs, job, wait = exchange.tally.jobs, exchange.ask.job, exchange.settings.retry_after
    now = time.time()
    if job not in jobs:
        jobs[job] = now + wait if exchange.ask.odd else float(math.ceil(now + wait))
    elif now >= jobs[job] - EARLY_TOLERANCE:
        return await exchange.good()
    else:
        exchange.tally.early += 1
    told = str(math.ceil(jobs[job] - now)) if exchange.ask.odd else formatdate(jobs[job], usegmt=True)
    error = b'{"error": {"message": "too many requests", "type": "rate_limit_error"}}'
    await exchange.connection.respond(429, error, {**JSON, "Retry-After": told})


async def silent(exchange: Exchange) -> None:
    await exchange.connection.gone()


async def drip(exchange: Exchange) -> None:
    """The whole good answer, one byte at a time: no wait between two bytes is long."""
    body = exchange.body()
    await exchange.connection.head(200, {**JSON, "Content-Length": str(len(body))})
    for position in range(len(body)):
        await exchange.connection.send(body[position : position + 1])
        await asyncio.sleep(exchange.settings.drip)


async def cut_off(exchange: Exchange) -> None:
    """Half of the body, then a reset (odd) or a clean end although more was promised (even)."""
    body = exchange.body()
    await exchange.connection.head(200, {**JSON, "Content-Length": str(len(body))})
    await exchange.connection.send(body[: len(body) // 2])
    if exchange.ask.odd:
        await asyncio.sleep(0.05)  # a reset throws away what the client has not read yet
        exchange.connection.reset()
    else:
        exchange.connection.close()


async def not_api(exchange: Exchange) -> None:
    match exchange.ask.number % 3:
        case 0:
            await exchange.connection.respond(200, b"")
        case 1:
            await exchange.connection.respond(200, LOGIN_PAGE, {"Content-Type": "text/html; charset=utf-8"})
        case _:
            await exchange.connection.head(204, {})


async def huge(exchange: Exchange) -> None:
    """A good answer whose text, or whose chain's entity, is 5 MiB long."""
    mark = "\N{BLACK SQUARE}" * 3
    chain = answers.chain(exchange.ask) | {"entity": mark} if exchange.ask.kind == "schema" else mark
    start, _, end = exchange.body(chain if isinstance(chain, str) else written(chain)).partition(mark.encode())
    filler = b"and then, on the other hand, " * 560  # about 16 KiB

    def parts() -> Iterator[bytes]:
        yield start
        for _ in range(0, HUGE_BYTES, len(filler)):
            yield filler
        yield end

    await exchange.connection.chunked((part for part in parts() if part), pause=0.002)


async def hostile_transport(exchange: Exchange) -> None:
    match exchange.ask.number % 3:
        case 0:
            await exchange.connection.respond(307, b"", {"Location": exchange.canary})
        case 1:
            await _gzip_bomb(exchange.connection)
        case _:
            await _many_headers(exchange.connection, exchange.body())


async def _gzip_bomb(connection: Connection) -> None:
    start, block, end = bomb()
    blocks = BOMB_BYTES >> 20
    size = len(start) + blocks * len(block) + len(end)
    await connection.head(200, {**JSON, "Content-Encoding": "gzip", "Content-Length": str(size)})
    await connection.send(start)
    for _ in range(0, blocks, 16):
        await connection.send(block * 16)
    await connection.send(end)


@lru_cache(maxsize=1)
def bomb() -> tuple[bytes, bytes, bytes]:
    """gzip's head, the piece that unfolds to 1 MiB of zeros and may be repeated, and the tail for 1 GiB of them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    size = BOMB_BYTES & 0xFFFFFFFF
    tail = packer.flush(zlib.Z_FINISH) + BOMB_CRC.to_bytes(4, "little") + size.to_bytes(4, "little")
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff", block, tail


async def _many_headers(connection: Connection, body: bytes) -> None:
    await connection.send(head(200, {**JSON, "Content-Length": str(len(body))})[:-2])
    for start in range(0, HEADER_LINES, 1000):
        lines = "".join(f"X-Line-{number}: {number}\r\n" for number in range(start, start + 1000))
        await connection.send(lines.encode())
    await connection.send(b"\r\n" + body)


# What a server answers to a client that it does not suit


async def html(exchange: Exchange) -> None:
    await exchange.connection.respond(200, LOGIN_PAGE, {"Content-Type": "text/html; charset=utf-8"})


async def wrong_key(exchange: Exchange) -> None:
    """What it says repeats the key, with signs in it that a terminal or a page might obey."""
    key = exchange.request.headers.get("authorization", "").removeprefix("Bearer ")
    said = f"Incorrect API key provided:\n{key}\x1b[31m \u202e<b>" if key not in ("", "none") else "No key was sent."
    await exchange.connection.respond(401, written({"error": {"message": said}}).encode())


async def refuses_max_tokens(exchange: Exchange) -> None:
    if exchange.ask.kind == "models":
        return await exchange.good()
    said = "Unsupported parameter: 'max_tokens' is not supported with this model."
    await exchange.connection.respond(400, written({"error": {"message": said, "param": "max_tokens"}}).encode())


async def wordy_400(exchange: Exchange) -> None:
    """A reason of 200 KB in another shape."""
    await exchange.connection.respond(400, written({"detail": [{"msg": "too " + "long " * 40_000}]}).encode())


async def strict(exchange: Exchange) -> None:
    """400 for a field that OpenAI's own protocol does not know."""
    if exchange.ask.kind != "choice":
        return await exchange.good()
    await exchange.connection.respond(400, b'{"error": {"message": "Unknown parameter: \'structured_outputs\'."}}')


async def dated_name(exchange: Exchange) -> None:
    await exchange.connection.respond(200, exchange.body(model=f"{exchange.ask.model}-2026-01-01"))


async def path_name(exchange: Exchange) -> None:
    await exchange.connection.respond(200, exchange.body(model=f"/models/{exchange.ask.model}.gguf"))


# What is worded wrongly: (the ask, the good chain) -> (text, finish reason)


def cut_json(ask: Ask, chain: dict[str, Any]) -> tuple[str, str]:
    text = written(chain).encode()
    cut = 1 + ask.number // 2 % (len(text) - 1)
    return text[:cut].decode(errors="ignore"), "length" if ask.odd else "stop"


def length(_ask: Ask, chain: dict[str, Any]) -> tuple[str, str]:
    return written(chain), "length"


def wrong_label(ask: Ask, chain: dict[str, Any]) -> tuple[str, str]:
    """Not in the set, of an older set, or the right letter in lower case or full width."""
    letter = str(chain.get("label", ""))
    match ask.number % 3:
        case 0:
            wrong = next(other for other in "ZYXWVUT" if other not in ask.letters)
        case 1:
            wrong = OLD_LABELS[ask.number // 3 % len(OLD_LABELS)]
        case _:
            wrong = letter.lower() if ask.number // 3 % 2 else letter.translate({n: n + 0xFEE0 for n in range(33, 127)})
    return written({**chain, "label": wrong}), "stop"


def two_labels(ask: Ask, chain: dict[str, Any]) -> tuple[str, str]:
    """The key twice with two values (odd), or one value that is not the posterior's (even)."""
    if len(ask.letters) < 2:
        return written(chain), "stop"
    other = min(ask.posterior, key=lambda letter: ask.posterior[letter])
    if not ask.odd:
        return written(answers.chain(ask, other)), "stop"
    return re.sub(r'("label": )("\w+")', rf'\1"{other}", \1\2', written(chain)), "stop"


def repetition(_ask: Ask, _chain: dict[str, Any]) -> tuple[str, str]:
    return " the" * 4000, "length"


def odd_text(ask: Ask, chain: dict[str, Any]) -> tuple[str, str]:
    """Escapes that JSON allows and databases do not (odd); bytes that are no UTF-8, or a mark before the text (even)."""
    if ask.odd:
        return _inside(chain, r"nul \u0000 and half \ud83d a pair"), "stop"
    return (_inside(chain, "\udcff\udcfe"), "stop") if ask.number // 2 % 2 else ("\ufeff" + written(chain), "stop")


def _inside(chain: dict[str, Any], piece: str) -> str:
    """A piece of raw text inside the chain's first long string."""
    mark = "\N{BLACK SQUARE}" * 3
    return written(_with_entity(chain, mark)).replace(mark, piece)


def _with_entity(chain: dict[str, Any], text: str) -> dict[str, Any]:
    place = next((name for name in ("entity", "intent") if name in chain), None)
    return {**chain, place: f"{chain[place]} {text}"} if place else chain


def prose(_ask: Ask, _chain: dict[str, Any]) -> tuple[str, str]:
    return "The mug is red and holds 350 ml, so it is an excellent match.", "stop"


def prose_zh(_ask: Ask, _chain: dict[str, Any]) -> tuple[str, str]:
    return "\u8fd9\u4e2a\u676f\u5b50\u5f88\u5408\u9002\u3002", "stop"


def half_json(_ask: Ask, chain: dict[str, Any]) -> tuple[str, str]:
    text = written(chain)
    return text[: len(text) // 2], "stop"


def fenced(_ask: Ask, chain: dict[str, Any]) -> tuple[str, str]:
    return f"```json\n{written(chain)}\n```\n", "stop"


def thinking(_ask: Ask, chain: dict[str, Any]) -> tuple[str, str]:
    """Its thoughts hold a draft that says otherwise."""
    draft = written({**chain, "entity": "a draft"})
    return f"<think>\nFirst thought: {draft}. No, better:\n</think>\n\n{written(chain)}", "stop"


def two_objects(_ask: Ask, chain: dict[str, Any]) -> tuple[str, str]:
    return f"Either\n{written(chain)}\nor\n{written(chain)}", "stop"


WORDINGS: dict[str, Callable[[Ask, dict[str, Any]], tuple[str, str]]] = {
    one.__name__: one
    for one in (
        *(cut_json, length, wrong_label, two_labels, repetition, odd_text),
        *(prose, prose_zh, half_json, fenced, thinking, two_objects),
    )
}


# Worded wrongly too, but it takes more than the answer itself


async def markup(exchange: Exchange) -> None:
    """What a page must show as text; a browser that follows it asks for the canary."""
    address = exchange.canary
    hostile = (
        f'<script src="{address}"></script><img src=x onerror="fetch(\'{address}\')">'
        f'<i hx-get="{address}" hx-trigger="load">x</i> ![x]({address})'
    )
    chain = json.loads(answers.good_text(exchange.ask))
    for step in [*chain.get("constraints", ()), *chain.get("path", ())]:
        step.update({name: hostile for name in ("value", "literal") if name in step})
    await exchange.connection.respond(200, exchange.body(written(_with_entity(chain, hostile))))


async def swapped(exchange: Exchange) -> None:
    """Two requests at the same time get each other's answer; one that stays alone loses its nonce."""
    world, text = exchange.world, answers.good_text(exchange.ask)
    if world.waiting is not None:
        (partner, other), world.waiting = world.waiting, None
        partner.set_result(text)
        return await exchange.connection.respond(200, exchange.body(other))
    mine: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    world.waiting = mine, text
    await asyncio.wait([mine], timeout=PARTNER_SECONDS)
    if not mine.done():
        world.waiting = None
        exchange.tally.unpartnered += 1
        chain = answers.chain(exchange.ask)
        chain.pop("nonce", None)
    await exchange.connection.respond(200, exchange.body(mine.result() if mine.done() else written(chain)))


FOR_SCHEMAS: dict[str, Callable[[Exchange], Awaitable[None]]] = {one.__name__: one for one in (markup, swapped)}
CARRIAGES: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    one.__name__: one
    for one in (
        *(flaky_500, always_500, rate_limited, silent, drip, cut_off, not_api, huge, hostile_transport),
        *(html, wrong_key, refuses_max_tokens, wordy_400, strict, dated_name, path_name),
    )
}
MODES = ("good", *CARRIAGES, *WORDINGS, *FOR_SCHEMAS)
_PACED = re.compile(r"paced-(\d{1,6}(?:\.\d{1,3})?)-(\d{1,4})")


def known(mode: str) -> bool:
    return mode in MODES or _PACED.fullmatch(mode) is not None


async def paced(exchange: Exchange, rate: float, width: int) -> None:
    """Good answers at no more than a known rate."""
    pace = exchange.tally.pace = exchange.tally.pace or Pace(rate, width)
    end = pace.slot()
    await asyncio.sleep(end - time.monotonic())
    pace.answered(end)
    await exchange.good()


async def answer(mode: str, exchange: Exchange) -> None:
    """Answer as the mode does. Raises ConnectionError where the client has gone."""
    ask = exchange.ask
    if (found := _PACED.fullmatch(mode)) and ask.kind != "models":
        await paced(exchange, float(found[1]), int(found[2]))
    elif mode in CARRIAGES:
        await CARRIAGES[mode](exchange)
    elif ask.kind == "schema" and mode in FOR_SCHEMAS:
        await FOR_SCHEMAS[mode](exchange)
    elif ask.kind == "schema" and mode in WORDINGS:
        text, finish = WORDINGS[mode](ask, answers.chain(ask))
        await exchange.connection.respond(200, exchange.body(text, finish))
    else:
        await exchange.good()
