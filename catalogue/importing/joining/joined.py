"""The pairs of several files that belong together, each with what the files beside it say of its query and its item.

The files beside are read first, onto disk; then the pairs, in their own order and with their own numbers, so that an import
goes on where it was. What a row of the pairs says itself stands before what a file beside says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from catalogue.importing.joining.roles import About, JoinPlan, SideFile
from catalogue.importing.joining.side_table import SHOWN, TOGETHER, SideRow, SideTable, batched
from catalogue.importing.meaning.cells import plain
from catalogue.importing.reading.readers import Broken, Row, RowReader, raw_text
from catalogue.importing.reasons import RowReason, because
from catalogue.importing.shapes.table import ShapedRows

GLANCE_BYTES = 16 << 20  # of a file beside, where only the first pairs are looked at
_BETWEEN = "\x1f"
_NOTHING = (None, "")


class JoinedFile(NamedTuple):
    """One of the files, and its rows; its columns, as its first rows have them."""

    name: str
    reader: RowReader
    rows: ShapedRows
    columns: Sequence[str]


class JoinedRows:
    """Iterate once. `first`: only so many pairs are asked for, so that of the files beside only their rows are kept; `glance`:
    and the beginning is enough. `notes` is what is to be said of the files, at the end."""

    def __init__(
        self, files: Sequence[JoinedFile], plan: JoinPlan, *, first: int | None = None, glance: bool = False
    ) -> None:
        self._files, self._plan = files, plan
        self._pairs = iter(files[plan.pairs].rows)
        self._ahead = list(islice(self._pairs, first)) if first is not None else []
        self._few, self._glance = first is not None, glance
        self._tables: list[tuple[SideFile, SideTable]] = []
        self._broken = dict.fromkeys(range(len(files)), 0)
        self._unfolded = 0
        self._filled = False
        self.notes: list[RowReason] = []

    @property
    def bytes_read(self) -> int:
        return sum(file.reader.bytes_read for file in self._files)

    @property
    def unfolded(self) -> int:
        return self._files[self._plan.pairs].reader.unfolded + self._unfolded

    def prepare(self) -> Iterator[int]:
        """Read the files beside; how many bytes were read, again and again."""
        if self._filled:
            return
        self._filled = True
        for side in self._plan.sides:
            table = SideTable(several=side.named_values)
            self._tables.append((side, table))
            for rows in batched(self._wanted(side)):
                table.fill(rows)
                yield self.bytes_read

    def __iter__(self) -> Iterator[Row | Broken]:
        try:
            for _read in self.prepare():
                pass
            for rows in batched(self._all_pairs(), TOGETHER // 5):
                yield from self._join(rows)
            if not self._few:
                self.notes = list(self._said())
        finally:
            for _side, table in self._tables:
                table.close()

    def _all_pairs(self) -> Iterator[Row | Broken]:
        yield from self._ahead
        if not self._few:
            yield from self._pairs

    def _wanted(self, side: SideFile) -> Iterator[SideRow]:
        """The rows of a file beside; of the first pairs alone, the rows that these name."""
        file, wanted = self._files[side.number], self._keys(side) if self._few else None
        missing, seen = set(wanted or ()), 0
        for row in file.rows:
            if isinstance(row, Broken):
                self._broken[side.number] += 1
                continue
            seen += row.size
            key = _key(row.values, side.key)
            if key and (wanted is None or key in wanted):
                yield SideRow(key, _renamed(row.values, side), row.storable)
                missing.discard(key)
            if wanted is not None and self._is_enough(side, missing, seen):
                return

    def _is_enough(self, side: SideFile, missing: set[str], seen: int) -> bool:
        return (self._glance and seen > GLANCE_BYTES) or not (missing or side.named_values)

    def _keys(self, side: SideFile) -> set[str]:
        return {key for row in self._ahead if isinstance(row, Row) and (key := _key(row.values, side.pair_key))}

    def _join(self, rows: Sequence[Row | Broken]) -> Iterator[Row | Broken]:
        found = []
        for side, table in self._tables:
            keys = {_key(row.values, side.pair_key) for row in rows if isinstance(row, Row)} - {""}
            found.append((side, table.find(list(keys)) if keys else {}))
        for row in rows:
            yield row if isinstance(row, Broken) else self._joined(row, found)

    def _joined(self, row: Row, found: Iterable[tuple[SideFile, Mapping[str, Sequence[SideRow]]]]) -> Row | Broken:
        values, storable, beside = dict(row.values), row.storable, 0
        for side, rows in found:
            key = _key(row.values, side.pair_key)
            said = rows.get(key, ())
            if not said and side.needed and not self._glance:
                return self._unknown(row, side)
            more = _attributes(said, side) if side.named_values else said[-1].values if said else {}
            for column, value in more.items():
                if values.get(column) in _NOTHING:
                    values[column] = value
            storable = storable and all(one.storable for one in said)
            beside += sum(len(str(value)) for value in more.values())
        for column in self._columns_beside() if self._glance else ():
            values.setdefault(column, None)
        self._unfolded += beside
        return row._replace(values=values, size=row.size + 4 * beside, storable=storable)

    def _columns_beside(self) -> Iterator[str]:
        for side in self._plan.sides:
            if side.named_values:
                yield _ATTRIBUTES
                continue
            for column in self._files[side.number].columns:
                if column not in side.key:
                    yield (side.called or {}).get(column, column)

    def _unknown(self, row: Row, side: SideFile) -> Broken:
        told = {
            "id": _shown(row.values, side.pair_key) or "–",
            "file": self._files[side.number].name[:100],
            "column": side.pair_key[0][:60],
        }
        reason = because("%(column)s %(id)s is not in %(file)s") % told
        return Broken(row.number, reason, raw_text(row.values), row.sha256)

    def _said(self) -> Iterator[RowReason]:
        for side, table in self._tables:
            name = self._files[side.number].name[:100]
            several, first = table.contradicted()
            if several:
                keys = ", ".join(key.replace(_BETWEEN, " ")[:60] for key in first[:SHOWN])
                told = {"file": name, "n": f"{several:,}", "keys": keys}
                yield (
                    because(
                        "%(file)s says different things of %(n)s ids in several rows; the later row stands: %(keys)s."
                    )
                    % told
                )
            if self._broken[side.number]:
                told = {"file": name, "n": f"{self._broken[side.number]:,}"}
                yield because("%(n)s rows of %(file)s cannot be read.") % told
            total = table.keys()
            if left := total - table.named():
                told = {"n": f"{left:,}", "total": f"{total:,}", "file": name}
                yield _LEFT[side.about] % told


_LEFT = {
    About.ITEM: because("%(n)s of %(total)s items of %(file)s are named by no pair; they are not imported."),
    About.QUERY: because("%(n)s of %(total)s queries of %(file)s are named by no pair; they are not imported."),
}
_ATTRIBUTES = "attributes"


def _attributes(said: Sequence[SideRow], side: SideFile) -> dict[str, Any]:
    pairs = [[one.values.get("name"), one.values.get("value")] for one in said]
    told = [pair for pair in pairs if pair[0] not in _NOTHING and pair[1] not in _NOTHING]
    return {_ATTRIBUTES: told} if told else {}


def _renamed(values: Mapping[str, Any], side: SideFile) -> dict[str, Any]:
    """Without its key, which the pair says itself."""
    if side.named_values:
        folded = {column.strip().casefold(): value for column, value in values.items()}
        return {"name": folded.get("name"), "value": folded.get("value")}
    called = side.called or {}
    return {called.get(column, column): value for column, value in values.items() if column not in side.key}


def _key(values: Mapping[str, Any], columns: Sequence[str]) -> str:
    said = [plain(values.get(column)).strip() for column in columns]
    return _BETWEEN.join(said).encode("utf-8", "backslashreplace").decode() if said[0] else ""


def _shown(values: Mapping[str, Any], columns: Sequence[str]) -> str:
    return " ".join(plain(values.get(column)).strip() for column in columns).strip()[:80]
