"""Readers of environment variables that fail loudly, naming the variable. Every setting is documented in docs/configuration.md."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.core.exceptions import ImproperlyConfigured

from inference.engines.origins import origin

# Of control groups, version 2 and 1.
CONTAINER_MEMORY = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


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


def memory_mb() -> int:
    """Of the host, or of the container where that has less."""
    host = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    bounds = [_memory_bound(path) for path in CONTAINER_MEMORY]
    return min([host, *(bound for bound in bounds if bound)]) >> 20


def _memory_bound(path: Path) -> int:
    """0 where there is none."""
    try:
        said = path.read_text().strip()
    except OSError:
        return 0
    return int(said) if said.isdecimal() else 0


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
    if value := text(name):
        return _strong(value, name)
    if not keep_in.exists():
        _make_once(keep_in)
    return _strong(keep_in.read_text().strip(), f"{keep_in} (remove it to have another made, which ends all sessions)")


def _strong(key: str, where: str) -> str:
    if len(key) < 32 or len(set(key)) < 10:
        raise ImproperlyConfigured(f"{where} must have at least 32 characters, ten of them different")
    return key


def _make_once(path: Path) -> None:
    """Written whole beside its place, then linked there: of two processes that start at once, one wins and both read its key."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with NamedTemporaryFile("w", dir=path.parent, prefix=path.name, suffix=".new") as file:  # 0600
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
            # Without a link, which refuses a name that is taken, the later process would put its key over one in use.
            with suppress(FileExistsError):
                os.link(file.name, path)
    except OSError as error:
        raise ImproperlyConfigured(
            f"no secret key can be kept in {path}: {error.strerror}; set LORE_SECRET_KEY"
        ) from None
