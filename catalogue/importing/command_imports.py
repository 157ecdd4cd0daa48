"""What the two import commands share: from a path and options to counts, in this process, progress on stderr."""

from __future__ import annotations

import shlex
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from catalogue.importing import looking, named_items, nothing_in, report_words, running
from catalogue.importing.labels import label_values
from catalogue.importing.labels.label_consent import LabelsUnmapped, LabelTable, ReadValue, Said, agree
from catalogue.importing.labels.label_values import ScaleUnclear
from catalogue.importing.labels.project_scale import adopt_scale
from catalogue.importing.meaning import presets
from catalogue.importing.meaning.inspecting import Look, Origin, look, looks_like, meaning_told, origin_of
from catalogue.importing.meaning.mapping import LOCALE_LENGTH
from catalogue.importing.meaning.presets import NoPreset
from catalogue.importing.opening import ImportFile
from catalogue.importing.reading.limits import COMMAND
from catalogue.importing.reading.read_as import COMMAND_LINE, EncodingUnclear, ReadAs, SheetUnclear
from catalogue.importing.reading.readers import FileRefused
from catalogue.importing.shapes.table import asked
from catalogue.importing.storing import ImportCounts
from catalogue.models import Import
from projects.commands import JsonCommand, UsageError, unless_nothing_succeeded
from projects.creating import found
from projects.models import Project
from relevance.invisible_characters import spelt_out
from relevance.labels import SCALES, Scale, UnknownLabel
from relevance.sanitising import storable


class ImportCommand(JsonCommand):
    """Subclasses say which kind of file and which counts they answer with."""

    kind: ClassVar[str]
    answer: ClassVar[tuple[str, ...]]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", metavar="FILE", type=Path, nargs="+", help="several where they belong together")
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--create", action="store_true", help="found the project when it does not exist")
        parser.add_argument("--preset", default="", metavar="NAME", help=", ".join(presets.names_for(self.kind)))
        parser.add_argument("--images", type=Path, metavar="DIR", help="folder with the pictures that rows name")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="COLUMN=FIELD",
            help="what a column means, nothing: left out; may be repeated",
        )
        parser.add_argument("--look", action="store_true", help="say what the import would do, and store nothing")
        parser.add_argument("--encoding", default="", metavar="NAME", help="of its text, where it is not UTF-8")
        parser.add_argument(
            "--replace", action="store_true", help="put U+FFFD for bytes that cannot be read, and count them"
        )
        parser.add_argument("--sheet", default="", metavar="NAME", help="of a workbook, where several hold rows")
        parser.add_argument(
            "--rest-are-attributes", action="store_true", help="all other columns are attributes of the item"
        )
        parser.add_argument("--locale", default="", type=_locale, help="of query and item, where a row names none")
        for name in ("source", "licence", "attribution"):
            parser.add_argument(f"--{name}", default="", help="of the texts, where neither preset nor rows name it")

    def run(self, **options: Any) -> dict[str, Any]:
        paths, folder = options["files"], options["images"]
        for path in paths:
            if not path.is_file():
                raise CommandError(_("There is no file %(path)s.") % {"path": path})
        if folder is not None and not folder.is_dir():
            raise CommandError(_("There is no folder %(path)s.") % {"path": folder})
        try:
            if options["look"]:
                return self._look(paths, folder, options)
            batch = self._import(paths, folder, options)
        except (EncodingUnclear, SheetUnclear) as unclear:
            raise CommandError(unclear.said_at(COMMAND_LINE)) from unclear
        except LabelsUnmapped as refusal:
            raise UsageError(_to_fill(refusal)) from refusal
        except (FileRefused, NoPreset, ScaleUnclear, UnknownLabel) as refusal:
            raise CommandError(str(refusal)) from refusal
        counts = {name: getattr(batch, name) for name in self.answer}
        return unless_nothing_succeeded({**counts, "report": batch.report}, nothing_in.why(batch))

    def _look(self, paths: list[Path], folder: Path | None, options: dict[str, Any]) -> dict[str, Any]:
        with looking.taken_back(), ExitStack() as opened:
            project, order = self._order(paths, folder, options)
            batch = running.ordered_here(project, self.kind, paths, **order)
            reading = order["plan"].reading
            parts = [ImportFile(path.name, opened.enter_context(path.open("rb")), reading) for path in paths]
            report = looking.through(batch, parts, COMMAND)
        for line in report_words.lines(report):
            self.stderr.write(line)
        counts = {name: getattr(report.counts, name) for name in self.answer}
        answer = {"look": True, **counts, "summary": report_words.summary(report, done=False)}
        answer["report"] = report.model_dump()
        return unless_nothing_succeeded(answer, nothing_in.would(report))

    def _import(self, paths: list[Path], folder: Path | None, options: dict[str, Any]) -> Import:
        project, order = self._order(paths, folder, options)
        reporter = self._reporter(sum(path.stat().st_size for path in paths))
        return running.run_here(project, self.kind, paths, **order, on_progress=reporter)

    def _order(self, paths: list[Path], folder: Path | None, options: dict[str, Any]) -> tuple[Project, dict[str, Any]]:
        """The project, founded where it was asked to be, and what the file and the options say of the import."""
        shape = asked(options["preset"])
        reading = ReadAs(options["encoding"], options["replace"], options["sheet"])
        with ExitStack() as opened:
            files = ((path.name, opened.enter_context(path.open("rb"))) for path in paths)
            parts = [ImportFile(name, file, reading) for name, file in files]
            seen = look(parts, COMMAND, shape)
            preset, columns = self._meaning(seen, options)
            project = Project.objects.filter(slug=options["project"]).first()
            if project is None and not options["create"]:
                raise CommandError(
                    _("There is no project %(slug)s. Add --create to found it.") % {"slug": options["project"]}
                )
            by_item_id = named_items.by_item_id(project, seen.rows, self.kind, columns, looks_like(seen, preset))
            table = self._labels(parts, shape, columns, preset, project, options)
        scale = table.scale if table else None
        project = self._project(project, scale, options)
        plan = running.Plan(
            columns,
            judge_gold=options.get("judge_gold", False),
            confirmed_by="command",
            shape=shape,
            by_item_id=by_item_id,
            rest_are_attributes=options["rest_are_attributes"],
            locale=options["locale"],
            **reading._asdict(),
        )
        return project, {
            "plan": plan.labelled(table, options.get("scale", "")),
            "origin": self._origin(seen, preset, options),
            "preset": preset.name if preset else "",
            "scale": scale,
            "images": folder.resolve() if folder else None,
        }

    def _meaning(self, seen: Look, options: dict[str, Any]) -> tuple[presets.Preset | None, dict[str, str]]:
        told = dict(_column(text, self.kind) for text in options["column"])
        return meaning_told(seen, self.kind, told, options["preset"])

    def _labels(
        self,
        parts: list[ImportFile],
        shape: str | None,
        columns: dict[str, str],
        preset: presets.Preset | None,
        project: Project | None,
        options: dict[str, Any],
    ) -> LabelTable | None:
        """What every value of the files' labels becomes; raises LabelsUnmapped."""
        if self.kind != presets.PAIRS:
            return None
        said = Said(dict(map(_label, options["map_label"])), options["scale"], preset)
        current = project.scale if project is not None else None
        fixed = project is not None and project.pairs.exists()
        return agree(
            label_values.count_in(parts, columns, COMMAND, shape=shape), said, current=current, fixed=fixed
        ).or_refuse()

    def _project(self, project: Project | None, scale: Scale | None, options: dict[str, Any]) -> Project:
        if project is None:
            slug = options["project"]
            project = found(slug, slug, scale.name if scale else "lore-4", "", actor=None)
        return adopt_scale(project, scale, actor=None) if scale else project

    def _origin(self, seen: Look, preset: presets.Preset | None, options: dict[str, Any]) -> Origin:
        known = origin_of(seen, preset)
        origin = Origin(
            options["source"] or known.source or options["files"][0].name[:200],
            options["licence"] or known.licence,
            options["attribution"] or known.attribution,
        )
        if not origin.licence:
            self.stderr.write(_("Nothing names a licence for these texts; name it with --licence."))
        return origin

    def _reporter(self, size: int) -> Callable[[ImportCounts, int], None]:
        began = last = time.monotonic()

        def report(counts: ImportCounts, bytes_read: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= 1:
                last = now
                share, rate = min(bytes_read / max(size, 1), 1), counts.read / (now - began)
                self.stderr.write(f"{counts.read} rows, {share:.0%}, {rate:.0f} rows/s, {counts.rejected} rejected")

        return report


def _locale(text: str) -> str:
    if len(text.strip()) > LOCALE_LENGTH:
        raise ArgumentTypeError(f"longer than {LOCALE_LENGTH} characters")
    return storable(text.strip())


def _column(text: str, kind: str) -> tuple[str, str]:
    column, _sign, field = text.rpartition("=")
    if not column or field not in {"", *(known.name for known in presets.fields_for(kind))}:
        known = ", ".join(known.name for known in presets.fields_for(kind))
        raise CommandError(_("--column COLUMN=FIELD, where FIELD is one of: %(known)s") % {"known": known})
    return column, field


def _label(text: str) -> tuple[str, str]:
    value, sign, label = text.rpartition("=")
    if not sign or not value.strip():
        raise CommandError(_("--map-label VALUE=LABEL, or VALUE= where it is no label"))
    return value, label


def _to_fill(refusal: LabelsUnmapped) -> str:
    """The table of values, and the options that would read them, to be filled; for a terminal."""
    table = refusal.table
    head = (_("value"), _("count"), _("label"))
    rows = [(value.written, str(value.rows), _shown(value.label)) for value in table.values]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in (0, 1)]
    lines = [f"  {value:<{widths[0]}}  {count:>{widths[1]}}  {label}".rstrip() for value, count, label in (head, *rows)]
    fill = _("Nothing is imported. Say which label each of them is (%(labels)s; nothing after = for none):")
    options = "  " + " ".join(map(_option, table.unread))
    told = [refusal.sentence, *lines, fill % {"labels": ", ".join(table.scale.codes)}, options, _or_scale()]
    return "\n".join(map(spelt_out, told))


def _option(value: ReadValue) -> str:
    """To be filled. Without the sign a value such as -1 would be taken for an option."""
    return f"--map-label{'=' if value.written.startswith('-') else ' '}{shlex.quote(value.written + '=')}"


def _or_scale() -> str:
    sentence = _("or, where all of them are in one label scale, name it: --scale NAME, one of %(names)s.")
    return sentence % {"names": ", ".join(SCALES)}


def _shown(label: str | None) -> str:
    return "" if label is None else label or "-"
