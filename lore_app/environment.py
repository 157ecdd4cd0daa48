"""Readers of environment variables that fail loudly, naming the variable. Every setting is documented in docs/configuration.md."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from inference.engines.origins import origin


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name)
    if not value:
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}")


def whole_number(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from None
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name} must lie between {least} and {most}, not {number}")
    return number


def choice(name: str, default: str, known: Collection[str]) -> str:
    value = text(name) or default
    if value not in known:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(known)}, not {value!r}")
    return value


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def networks(name: str) -> list[IPv4Network | IPv6Network | str]:
    """Addresses and networks; the word "unix" stands for a socket in the file system."""
    try:
        return [word if word == "unix" else ip_network(word, strict=False) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must hold addresses or networks: {error}") from None


def keys(name: str) -> dict[str, str]:
    """ADDRESS=KEY, separated by commas. What is wrong is told by its place: an entry's text may be a key."""
    found = {}
    for place, entry in enumerate(words(name), 1):
        address, _equals, key = (part.strip() for part in entry.partition("="))
        if not origin(address) or not key:
            raise ImproperlyConfigured(
                f"{name} must hold ADDRESS=KEY, separated by commas, such as https://host/v1=KEY; entry {place} is none"
            )
        found[address] = key
    return found


def secret(name: str, keep_in: Path) -> str:
    """The variable, or a random secret made once and kept in a file that only its owner may read: there is no default."""
    value = text(name)
    if value:
        if len(value) < 32 or len(set(value)) < 10:
            raise ImproperlyConfigured(f"{name} must have at least 32 characters, ten of them different")
        return value
    if not keep_in.exists():
        keep_in.parent.mkdir(parents=True, exist_ok=True)
        keep_in.touch(mode=0o600)
        keep_in.write_text(secrets.token_urlsafe(48))
    return keep_in.read_text().strip()
