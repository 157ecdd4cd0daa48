"""The pages speak Chinese as they speak English: nothing untranslated, no placeholder lost."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.pofile import read_po

from lore_app import catalogues

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")


def test_every_message_is_translated() -> None:
    assert catalogues.untranslated(ROOT, "zh_Hans") == []


def test_placeholders_survive_translation() -> None:
    for path in catalogues.catalogue_files(ROOT):
        with path.open("rb") as file:
            for message in read_po(file):
                ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
                texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
                wanted = {match.group() for text in ids for match in PLACEHOLDER.finditer(text)}
                for text in texts:
                    found = {match.group() for match in PLACEHOLDER.finditer(text)}
                    assert not text or found <= wanted, message.id


def test_no_message_is_left_over() -> None:
    fresh = {message.id for message in catalogues.messages(ROOT) if message.id}
    for path in catalogues.catalogue_files(ROOT):
        with path.open("rb") as file:
            assert {message.id for message in read_po(file) if message.id} <= fresh
