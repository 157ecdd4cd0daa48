"""Which address a request comes from. A forwarding header is believed only as far as trusted proxies wrote it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

SITE = 64  # bits of an IPv6 address that one customer holds: whoever has one such address has them all


def client_address(request: HttpRequest) -> str:
    """The nearest address that is not one of LORE_TRUSTED_PROXIES, walking from the connection outwards."""
    address = str(request.META.get("REMOTE_ADDR") or "unix")
    said = str(request.META.get("HTTP_X_FORWARDED_FOR") or "").split(",")
    while said and _trusted(address):
        before = _parsed(said.pop().strip())
        if before is None:
            break
        address = str(before)
    return address


def network_of(address: str) -> str:
    """What counts as one origin: an IPv4 address, or the /64 of an IPv6 address."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, SITE), strict=False))
    return str(parsed or address)


def keyed(network: str) -> str:
    """What is stored of an origin: the same for the same one while the secret key is, and no way back to it."""
    return salted_hmac("projects.client_addresses", network, algorithm="sha256").hexdigest()[:16]


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _trusted(address: str) -> bool:
    parsed = _parsed(address)
    if parsed is None:
        return address in settings.TRUSTED_PROXIES
    return any(parsed in network for network in settings.TRUSTED_PROXIES if network != "unix")
