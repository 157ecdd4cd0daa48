"""Rows that name an item of the project by its id and say nothing of it, such as labels over a catalogue that is in already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from catalogue.importing.meaning.mapping import Record
from catalogue.importing.meaning.presets import PAIRS
from catalogue.importing.reading.rows import FileRefused, RowRefused
from catalogue.importing.reasons import because
from catalogue.models import Item
from database.statements import rows
from projects.models import Project


def by_item_id(
    project: Project | None, head: Iterable[Mapping[str, Any]], kind: str, columns: Mapping[str, str], hint: str = ""
) -> bool:
    """Whether pairs name their items by id alone, as no column holds a title; raises FileRefused where there are no items.
    `hint`: what the file looks like."""
    titles = [column for column, field in columns.items() if field == "title"]
    if kind != PAIRS or any(_has(row, title) for row in head for title in titles):
        return False
    if project is None or not Item.objects.filter(project=project).exists():
        sentence = _(
            "No column holds a title, and this project has no items. Say which column is the title, or import the catalogue first."
        )
        raise FileRefused(f"{sentence} {hint}".strip())
    return True


def _has(row: Mapping[str, Any], column: str) -> bool:
    if column in row:
        return True
    first, _dot, _rest = column.partition(".")
    return first != column and isinstance(row.get(first), Mapping)


def placed(project: Project, records: Sequence[Record]) -> tuple[list[Record], list[tuple[int, RowRefused]]]:
    """Each record that says nothing of its item, with what the item says already; and the rows whose item is not there.

    Where another row of the chunk brings the item, it says what that row says.
    """
    standing = _standing(project, {record.item_id for record in records if not record.content.title})
    brought = {(record.item_id, record.locale): record for record in records if record.content.title}
    found: list[Record] = []
    refused: list[tuple[int, RowRefused]] = []
    for record in records:
        try:
            found.append(record if record.content.title else _placed(record, standing[record.item_id], brought))
        except RowRefused as refusal:
            refused.append((record.row, refusal))
    return found, refused


def kept(project: Project, records: Sequence[Record]) -> list[Record]:
    """Each record whose item is there, with what the item says already; the others as they are."""
    standing = _standing(project, {record.item_id for record in records})
    there = [standing.get(record.item_id, {}).get(record.locale, "") for record in records]
    return [record._replace(standing=sha256) for record, sha256 in zip(records, there, strict=True)]


def _placed(record: Record, standing: Mapping[str, str], brought: Mapping[tuple[str, str], Record]) -> Record:
    beside = brought.get((record.item_id, record.locale))
    if beside is not None:
        return record._replace(content=beside.content, pictures=beside.pictures)
    locale = record.locale
    if not locale and len(standing) == 1:  # who names no locale means the only one
        [locale] = standing
    if locale not in standing:
        raise RowRefused("item_id", _why(record, standing))
    return record._replace(locale=locale, standing=standing[locale], pictures=())


def _why(record: Record, standing: Mapping[str, str]) -> str:
    told = {"item": record.item_id[:60], "locale": record.locale, "locales": ", ".join(sorted(standing))[:100]}
    if not standing:
        return because("no item %(item)s in this project; import the catalogue first") % told
    if not record.locale:
        return because("item %(item)s is in this project in several locales: %(locales)s; name one") % told
    if set(standing) == {""}:
        return because("item %(item)s is in this project without a locale, not in %(locale)s") % told
    return because("no item %(item)s in this project in %(locale)s, but in %(locales)s") % told


def _standing(project: Project, ids: Iterable[str]) -> Mapping[str, dict[str, str]]:
    """Id -> locale -> the digest of what the item says."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    # Without one statement for the chunk each of its rows would ask for its item.
    for external_id, locale, sha256 in rows(
        """SELECT i.external_id, i.locale, s.sha256
           FROM catalogue_item i JOIN catalogue_snapshot s ON s.id = i.current_snapshot_id
           WHERE i.project_id = %s AND i.external_id = ANY(%s::text[])""",
        project.pk,
        list(ids),
    ):
        found[external_id][locale] = sha256
    return found
