"""Message catalogues without system gettext: Babel extracts, Babel compiles.

Templates are turned into what looks like Python calls by Django's own `templatize`; then Babel's Python extractor
reads them as it reads modules.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "_": None,
    "because": None,
    "Misread": (2,),
    "ConditionError": (2,),
    "RuleError": (2,),
}


def sources(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every file with messages, as Python source."""
    for package in ("lore_app", "relevance", *settings.OUR_APPS):
        for path in sorted((root / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(root)), path.read_bytes()
    for path in sorted((root / "templates").rglob("*.html")):
        lines = templatize(path.read_text(), origin=str(path)).splitlines()
        # What stood around the tags becomes stand-in letters, whose indentation means nothing.
        yield str(path.relative_to(root)), "\n".join(line.strip() for line in lines).encode()


def messages(root: Path) -> Catalog:
    """All messages of the product, with where they stand."""
    catalog = Catalog(project="LORE Copilot", charset="utf-8", fuzzy=False)
    for name, source in sources(root):
        for line, message, comments, context in extract("python", io.BytesIO(source), keywords=KEYWORDS):
            catalog.add(message, None, [(name, line)], auto_comments=comments, context=context)
    return catalog


def catalogue_files(root: Path) -> list[Path]:
    return sorted((root / "locale").glob("*/LC_MESSAGES/django.po"))


def update(root: Path) -> None:
    """Add new messages to each language's file and drop those that are gone."""
    fresh = messages(root)
    for path in catalogue_files(root):
        with path.open("rb") as file:
            catalog = read_po(file, locale=path.parts[-3])
        # Without the date kept, two branches that add a message each would always be in conflict over it.
        catalog.update(fresh, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, catalog, width=110, sort_output=True, no_location=True, ignore_obsolete=True)


def compile_all(root: Path) -> int:
    files = catalogue_files(root)
    for path in files:
        with path.open("rb") as file:
            catalog = read_po(file, locale=path.parts[-3])
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalog)
    return len(files)


def untranslated(root: Path, locale: str) -> list[str]:
    """Messages of the product that the language's file lacks."""
    with (root / "locale" / locale / "LC_MESSAGES" / "django.po").open("rb") as file:
        known = read_po(file, locale=locale)
    missing = []
    for message in messages(root):
        if message.id:
            translated = known.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
            texts = translated.string if translated else ""
            if not (all(texts) if isinstance(texts, tuple | list) else texts):
                missing.append(str(message.id))
    return missing
