"""What an address of a picture may look like, and which places on the net it may lead to. Values only, no network.

One narrow grammar instead of a general parser: what two parsers could read differently is refused by the first letter
that they could differ on. Hosts are names in ASCII, never numbers in any spelling.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

MOST_BYTES = 2000  # an index entry holds no more
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://|//")
_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)(?:#.*)?", re.DOTALL)
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_KEPT = "/?%:@!$&'()*+,;=~-._"
_PORTS = {"https": "443", "http": "80"}
_LONGEST_HOST = 253


class AddressRefused(ValueError):
    """No address that we would ever follow; the message is a code that catalogue.pictures.fetching turns into words."""


class Address(NamedTuple):
    """`target` is path and query as they go over the wire. The port follows from `plain`."""

    plain: bool
    host: str
    target: str

    @property
    def port(self) -> int:
        return 80 if self.plain else 443


def is_address(name: str) -> bool:
    """Meant as an address, rightly or wrongly, and not as the name of a file."""
    return _ADDRESS.match(name) is not None


def read(text: str) -> Address:
    """Raises AddressRefused."""
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise AddressRefused("address_long")
    if any(letter < " " or letter in "\\\x7f" for letter in text):
        raise AddressRefused("address_letters")
    parts = _PARTS.fullmatch(text)
    scheme = parts[1].lower() if parts else ""
    if parts is None or scheme not in _PORTS:
        raise AddressRefused("address_scheme")
    host, colon, port = parts[2].partition(":")
    if "@" in parts[2]:
        raise AddressRefused("address_userinfo")
    if not is_host(host.lower()):
        raise AddressRefused("address_host")
    if colon and port != _PORTS[scheme]:
        raise AddressRefused("address_port")
    target = parts[3] if parts[3].startswith("/") else f"/{parts[3]}"
    return Address(scheme == "http", host.lower(), quote(target, safe=_KEPT))


def is_host(host: str) -> bool:
    """A name with a dot, in ASCII (xn--... where it has other letters); the last label is no number in any spelling."""
    labels = host.split(".")
    if len(host) > _LONGEST_HOST or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        return False
    return not labels[-1][0].isdigit()


# What is not on the open net (IANA's registries of special-purpose addresses). Written out, since Python's own idea of
# "global" has changed between versions.
_CLOSED_4 = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
_OPEN_6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_6 = [
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")
]
_MAPPED, _COMPATIBLE = ipaddress.IPv6Network("::ffff:0:0/96"), ipaddress.IPv6Network("::/96")
_NAT64, _SIX_TO_FOUR = ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("2002::/16")
_TEREDO = ipaddress.IPv6Network("2001::/32")


def is_public(number: str) -> bool:
    """Reachable by anyone, and so not a way into somebody's house; also what it carries inside."""
    try:
        given = ipaddress.ip_address(number)
    except ValueError:
        return False
    inner = list(_inside(given)) if isinstance(given, ipaddress.IPv6Address) else [given]
    if inner:
        return all(not any(one in network for network in _CLOSED_4) for one in inner)
    return given in _OPEN_6 and not any(given in network for network in _CLOSED_6)


def _inside(given: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """The addresses of the older protocol that an address of the newer one stands for."""
    number = int(given)
    if any(given in network for network in (_MAPPED, _COMPATIBLE, _NAT64)):
        yield ipaddress.IPv4Address(number & 0xFFFFFFFF)
    elif given in _SIX_TO_FOUR:
        yield ipaddress.IPv4Address(number >> 80 & 0xFFFFFFFF)
    elif given in _TEREDO:  # the server, and behind its veil the client
        yield ipaddress.IPv4Address(number >> 64 & 0xFFFFFFFF)
        yield ipaddress.IPv4Address(~number & 0xFFFFFFFF)
