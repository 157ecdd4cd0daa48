"""The report of an import in words: one sentence, and lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalogue.importing.meaning.presets import NAMES
from catalogue.importing.report import ColumnRead, HostNamed, ImportReport, SharedReason
from relevance.invisible_characters import spelt_out


@dataclass(frozen=True)
class ReportTold:
    """The report as a page shows it: of an import, or of a look before it where it is not `done`."""

    report: ImportReport
    done: bool

    @property
    def summary(self) -> str:
        return summary(self.report, done=self.done)

    @property
    def heading_rejected(self) -> str:
        return _("Rows that did not go in") if self.done else _("Rows that would not go in")

    @property
    def losses(self) -> bool:
        return bool(self.report.counts.rejected or self.report.stopped or losses(self.report))

    @property
    def unread(self) -> list[ColumnRead]:
        return [column for column in self.report.columns if not column.becomes]

    @property
    def columns(self) -> list[tuple[ColumnRead, str]]:
        return [(column, meaning(column)) for column in self.report.columns]

    @property
    def unlisted(self) -> list[HostNamed]:
        return [host for host in self.report.pictures.hosts if not host.listed]


def summary(report: ImportReport, *, done: bool) -> str:
    """What a person has to know first: what goes in, what does not, what is lost on the way."""
    return "; ".join([*_rows(report, done=done), *losses(report)])


def _rows(report: ImportReport, *, done: bool) -> Iterator[str]:
    went, out = report.goes_in, report.counts.rejected
    if went and went == report.counts.known and not (report.counts.gold or report.counts.ratings):
        yield _counted(ngettext("nothing new: %(n)s row is there", "nothing new: %(n)s rows are there", went), went)
    elif done:
        yield _counted(ngettext("%(n)s row went in", "%(n)s rows went in", went), went)
    else:
        yield _counted(ngettext("%(n)s row would go in", "%(n)s rows would go in", went), went)
    if out and done:
        yield _counted(ngettext("%(n)s row did not", "%(n)s rows did not", out), out)
    elif out:
        yield _counted(ngettext("%(n)s row would not", "%(n)s rows would not", out), out)


def losses(report: ImportReport) -> list[str]:
    """What is changed, unread or missing although its row goes in."""
    unread, twice, marked = len(report.unread), report.contradicted, report.marked.rows
    missing, replaced = report.pictures.missing, report.counts.replaced
    odd = report.counts.conflicts
    told = [
        (unread, ngettext("%(n)s column is not read", "%(n)s columns are not read", unread)),
        (twice, ngettext("%(n)s row contradicts an earlier one", "%(n)s rows contradict earlier ones", twice)),
        (odd, ngettext("%(n)s label is not what stands", "%(n)s labels are not what stands", odd)),
        (missing, ngettext("%(n)s picture cannot be had", "%(n)s pictures cannot be had", missing)),
        (
            marked,
            ngettext(
                "%(n)s row has characters that cannot be stored",
                "%(n)s rows have characters that cannot be stored",
                marked,
            ),
        ),
        (
            replaced,
            ngettext("%(n)s byte could not be read and is �", "%(n)s bytes could not be read and are �", replaced),
        ),
    ]
    return [_counted(text, count) for count, text in told if count]


def meaning(column: ColumnRead) -> str:
    """What becomes of a column."""
    if column.becomes in NAMES and column.after:
        told = {"field": NAMES[column.becomes].label, "column": column.after}
        return _("%(field)s, where %(column)s says nothing") % told
    if column.becomes in NAMES:
        return str(NAMES[column.becomes].label)
    return {"parts": _("read in parts"), "": _("not read")}.get(column.becomes, column.becomes)


def lines(report: ImportReport) -> Iterator[str]:
    """For a terminal: signs of the file that would move its cursor are spelt out."""
    yield from map(spelt_out, _lines(report))


def _lines(report: ImportReport) -> Iterator[str]:
    for file in report.files:
        yield f"{file.name} ({file.format}) {file.told}".strip()
    yield from (f"  {note.words}" for note in report.joined)
    wide = min(30, max((len(column.name) for column in report.columns), default=0))
    for column in report.columns:
        yield f"  {column.name[:30]:{wide}}  {meaning(column):20}  {' · '.join(column.examples)}"[:150]
    for label in report.labels:
        yield f"  {label.value} → {label.label} ({report.scale}): {label.rows:,}"
    yield summary(report, done=False)
    for reason in report.rejections:
        yield f"  {_told(reason)}"
    for reason in report.pictures.why:
        yield f"  {_told(reason)}: {reason.example}"


def _told(reason: SharedReason) -> str:
    told = f"{reason.field}: {reason.words}" if reason.field else reason.words
    rows = ", ".join(map(str, reason.first)) + ("" if reason.rows <= len(reason.first) else ", …")
    return f"{reason.rows:,} × {told} ({_('rows %(rows)s') % {'rows': rows}})"


def _counted(text: str, count: int) -> str:
    return text % {"n": f"{count:,}"}
