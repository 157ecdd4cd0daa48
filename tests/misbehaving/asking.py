"""Plain requests to the misbehaving server, without our client: urllib for what is HTTP, a socket for what is not."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from inference.prompting.rendering import chain_schema
from relevance.chain import Chain, Invalid, parse_chain
from tests.misbehaving.server import Misbehaving

ORDER = {"K": "L1", "N": "L2", "J": "L3", "M": "L4"}
SYSTEM = "Grades:\n" + "\n".join(f"{letter} = {label} words" for letter, label in sorted(ORDER.items()))


@dataclass
class Heard:
    """An answer to a request for a chain."""

    status: int
    headers: Any
    body: bytes

    @property
    def choice(self) -> Any:
        return json.loads(self.body)["choices"][0]

    @property
    def text(self) -> str:
        return str(self.choice["message"]["content"])

    @property
    def finish(self) -> str:
        return str(self.choice["finish_reason"])

    def parsed(self, nonce: str) -> Chain | Invalid:
        return parse_chain(self.text, letters=ORDER, nonce=nonce)


def user(code: str, pair: str = "one", task: str = "Write down the path.") -> str:
    item = f'<<ITEM {code}>>\n{{"title": "{pair}"}}\n<<END {code}>>'
    return f'Query, as JSON text: "red shoe {pair}"\n\nItem:\n{item}\n{task}\nAnswer code: {code}'


def chain_request(code: str, **more: Any) -> dict[str, Any]:
    schema = {"name": "answer", "schema": chain_schema(ORDER), "strict": True}
    return {
        "model": "m",
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": user(code)}],
        "response_format": {"type": "json_schema", "json_schema": schema},
        **more,
    }


def choice_request(text: str = "which?") -> dict[str, Any]:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": [{"type": "text", "text": text}]}]
    choices = {"structured_outputs": {"choice": sorted(ORDER)}, "logprobs": True, "top_logprobs": 20}
    return {"model": "m", "messages": messages, "max_tokens": 1, **choices}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        return None


OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def ask(
    server: Misbehaving, mode: str, job: int | None = 1, request: dict[str, Any] | None = None, timeout: float = 10
) -> Heard:
    headers = {"Content-Type": "application/json", **({"X-Lore-Job": str(job)} if job is not None else {})}
    body = json.dumps(request or chain_request("c0de")).encode()
    asked = urllib.request.Request(server.base_url(mode) + "/chat/completions", body, headers)
    try:
        with OPENER.open(asked, timeout=timeout) as response:
            return Heard(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Heard(error.code, error.headers, error.read())


def raw(server: Misbehaving, mode: str, job: int, request: dict[str, Any] | None = None) -> socket.socket:
    """A connection that has asked and not yet listened."""
    body = json.dumps(request or chain_request("c0de")).encode()
    client = socket.create_connection(("127.0.0.1", server.port), timeout=5)
    head = (
        f"POST /{mode}/v1/chat/completions HTTP/1.1\r\nHost: here\r\nX-Lore-Job: {job}\r\nContent-Length: {len(body)}"
    )
    client.sendall(f"{head}\r\n\r\n".encode() + body)
    return client


def received(client: socket.socket) -> bytes:
    found = b""
    while piece := client.recv(65536):
        found += piece
    return found
