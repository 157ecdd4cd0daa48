"""The web process of the guessing drill: `lore_app.wsgi`, but every password that is hashed leaves a byte in a file.

With GUESS_CONTROL=1 the naive control serves: guesses are counted in Redis, and when Redis does not answer the limiter
says "allowed", as real ones do.
"""

from __future__ import annotations

import os
from typing import Any

from lore_app.wsgi import application

__all__ = ["application"]

COUNTED = os.environ["GUESS_COUNTED"]


def note() -> None:
    file = os.open(COUNTED, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, b".")
    os.close(file)


def _count_hashes() -> None:
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    encode = PBKDF2PasswordHasher.encode
    PBKDF2PasswordHasher.iterations = int(os.environ["GUESS_ROUNDS"])

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        note()
        return encode(self, *args, **kwargs)

    PBKDF2PasswordHasher.encode = counted


def _serve_the_control() -> None:
    import redis
    from django.utils import timezone

    from projects import login_throttling

    server = redis.Redis.from_url(os.environ["REDIS_URL"], socket_connect_timeout=0.2)

    def reserve(request: Any, username: str) -> login_throttling.Attempt:
        try:
            tries = server.incr(f"guesses:{username}")
        except redis.RedisError:
            tries = 0
        if tries > login_throttling.TRIES:
            raise login_throttling.Wait(timezone.now())
        return login_throttling.Attempt((), None)

    login_throttling.reserve = reserve  # type: ignore[assignment]


_count_hashes()
if os.environ.get("GUESS_CONTROL"):
    _serve_the_control()
