"""A world of any number of pairs (tests.world.large) in a database of its own, with photographs and words that were read.

    python -m benchmarks.world --pairs 1000000

makes the database `lore_world_1000000` beside the embedded server's own, unless it is there. The next PICTURED pairs to be
judged have a photograph each. Words are read as the worker reads them (catalogue.words); `words_per_second` is told.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import PIL.Image
from django.conf import settings
from django.db import connection

from catalogue import words
from catalogue.models import Image
from catalogue.pictures import images
from projects.models import Project
from tests.conftest import as_owner, clone, make_template, url_of
from tests.world import large
from tests.world.large import SLUG

__all__ = ["SLUG", "database", "entered", "make"]
PICTURED, PICTURES = 5000, 40


def database(pairs: int) -> str:
    return f"lore_world_{pairs}"


@contextmanager
def entered(pairs: int) -> Iterator[dict[str, str]]:
    """Django's own connection leads there meanwhile; yields the environment in which other processes find it."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database(pairs)
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "LORE_DEMO"}}
    try:
        yield {**kept, "DATABASE_URL": url_of(database(pairs)), "LORE_DATA_DIR": str(settings.DATA_DIR)}
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def make(pairs: int) -> dict[str, Any]:
    """Seconds to write the rows and to read the words; nothing where the world is there already."""
    with as_owner() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database(pairs)])
        if cursor.fetchone():
            return {}
    clone(make_template(), database(pairs))
    with entered(pairs):
        began = time.monotonic()
        _picture(large.fill(pairs), pairs)
        wrote = time.monotonic()
        while words.read_some():
            pass
        read = time.monotonic()
        _settle_down()
    return {"rows_seconds": round(wrote - began), "words_per_second": round(pairs / (read - wrote))}


def _picture(project: Project, pairs: int) -> None:
    """Noise as large as a product photo, and as hard to compress."""
    sha256 = []
    for number in range(PICTURES):
        data = BytesIO()
        noise = PIL.Image.effect_noise((400, 400), 40 + number).convert("RGB").resize((1200, 1200))
        noise.save(data, "JPEG", quality=85)
        stored = images.store(project, f"{number}.jpg", data.getvalue())
        assert isinstance(stored, Image), stored
        sha256.append(stored.sha256)
    with as_owner(database(pairs)) as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE catalogue_snapshot SET images = to_jsonb(ARRAY[(%s::text[])[1 + id %% %s]]) WHERE id > %s AND id <= %s",
            [sha256, PICTURES, pairs // 5, pairs // 5 + PICTURED],
        )


def _settle_down() -> None:
    """What autovacuum does within minutes."""
    with as_owner(str(connection.settings_dict["NAME"])) as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    options = parser.parse_args()
    sys.stdout.write(json.dumps({"pairs": options.pairs, **make(options.pairs)}) + "\n")


if __name__ == "__main__":
    main()
