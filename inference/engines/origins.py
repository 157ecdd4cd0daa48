"""Scheme, host and port of a server's address: what a key is set for, and what may be named in an error.

Strict: an address that two readers could take for two hosts has no origin, so it gets no key.
"""

from __future__ import annotations

import re

_PORTS = {"http": 80, "https": 443}
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9_](?:[a-z0-9._-]*)|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:/[^\s\\@?#]*)?",
    re.IGNORECASE | re.ASCII,
)


def origin(address: str) -> str:
    """`https://host:443`; empty where the address is none, or holds a name, a password, a question or a fragment."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return ""
    scheme = found["scheme"].lower()
    return f"{scheme}://{found['host'].lower()}:{int(found['port'] or _PORTS[scheme])}"
