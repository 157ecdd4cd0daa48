"""The control: asks the resolver whether a name is private, then opens the address as a library would."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
from urllib.parse import urlsplit

from catalogue.pictures.fetching_child import Network


def naive_fetch(text: str, network: Network, *, checks: bool = False, redirects: int = 3) -> bytes:
    parts = urlsplit(text)
    host, plain = parts.hostname or "", parts.scheme == "http"
    if checks and any(ipaddress.ip_address(one).is_private for one in network.look_up(host, 443)):
        raise ValueError("private")
    number = network.look_up(host, 443)[0]  # the library asks again
    with network.connect(number, 80 if plain else 443, 5) as connection:
        connection.sendall(f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        with contextlib.suppress(TimeoutError):
            answer.begin()
        if redirects and 300 <= answer.status < 400:
            return naive_fetch(answer.headers["Location"], network, checks=checks, redirects=redirects - 1)
        return answer.read()
