"""Import, as a job: read a file row by row, write chunk by chunk, say how far it has come.

Each chunk is one transaction with its counts and its place in the file, under the fencing token: a killed import goes
on after its last chunk, a superseded or cancelled one writes nothing more. A row that cannot go in is kept as a
rejection with its number, field and reason, and keeps no other row out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.evidence import lexicons, remaking
from catalogue.importing import taking_in
from catalogue.importing.labels import label_consent, label_values
from catalogue.importing.labels.label_consent import LabelsUnmapped, LabelTable
from catalogue.importing.labels.label_values import ScaleUnclear
from catalogue.importing.labels.project_scale import scale_of
from catalogue.importing.meaning import predictions
from catalogue.importing.meaning.inspecting import Origin
from catalogue.importing.meaning.mapping import Mapper
from catalogue.importing.meaning.presets import PRESETS
from catalogue.importing.meaning.rest_of_columns import RestOfColumns
from catalogue.importing.opening import ImportFile, ImportRows, hold_to_encodings
from catalogue.importing.pictures import PictureLookup
from catalogue.importing.reading.limits import COMMAND, UPLOAD, Limits
from catalogue.importing.reading.read_as import ReadAs
from catalogue.importing.reading.readers import FileRefused
from catalogue.importing.report import FileRead, ImportReport, cut
from catalogue.importing.shapes import table as shapes
from catalogue.importing.storing import ImportCounts
from catalogue.importing.taking_in import Intake
from catalogue.models import Import
from jobs import leasing
from jobs.kinds import Kind, single
from jobs.models import JobState
from projects import audit
from projects.models import Project
from relevance.labels import Scale
from relevance.sanitising import storable


@dataclass(frozen=True)
class Plan:
    """How a file is to be read, as decided when it was confirmed; kept in `Import.mapping`.

    `columns`: what the columns mean. `pictures`: hashes of the pictures uploaded with the file, by name. `judge_gold`:
    pairs that come with a gold label get slots all the same. `further`: name and place in the storage of each file that
    came with the first. `confirmed_by`: page, program or command. `shape`: by which it is read: none in "", as its
    structure shows where it is None. `encoding`, `replace`, `sheet`: as `ReadAs` says. `by_item_id`: rows without a title
    name items of the project. `rest_are_attributes`: columns without a meaning are attributes.
    `labels`: what each value of a label becomes, `labels_by` whose word, in `labels_scale` all that nobody named;
    `label_counts`: how often each came, as it is written;
    `labels_whole`: in the whole file. `locale`: of the rows that name none.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    judge_gold: bool = False
    further: Sequence[Sequence[str]] = ()
    confirmed_by: str = ""
    shape: str | None = None
    encoding: str = ""
    replace: bool = False
    sheet: str = ""
    by_item_id: bool = False
    rest_are_attributes: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    labels_by: str = ""
    labels_scale: str = ""
    label_counts: Mapping[str, int] = field(default_factory=dict)
    labels_whole: bool = False
    locale: str = ""

    @property
    def reading(self) -> ReadAs:
        return ReadAs(self.encoding, self.replace, self.sheet)

    @classmethod
    def of(cls, batch: Import) -> Plan:
        said = {one.name: batch.mapping[one.name] for one in fields(cls) if one.name in batch.mapping}
        if order := batch.mapping.get("order"):
            said["columns"] = {column: said["columns"][column] for column in order}
        return cls(**said)

    def to_json(self) -> dict[str, Any]:
        # Without the order, which an object of JSONB does not keep, another of two columns for one field would come first.
        return {**asdict(self), "order": list(self.columns)}

    def labelled(self, table: LabelTable | None, asked: str = "") -> Plan:
        """The same, with its labels read by that table; `asked`: the scale that the call named."""
        if table is None:
            return self
        return replace(
            self,
            columns=table.columns(self.columns),
            labels=table.labels,
            labels_by=table.by,
            labels_scale=asked,
            label_counts={value.written: value.rows for value in table.values},
            labels_whole=table.whole,
        )


def work(batch_id: int, token: UUID) -> None:
    """Run a claimed import of an uploaded file to its end."""
    batch = Import.objects.select_related("project").get(pk=batch_id)
    if not batch.stored_as or not all(default_storage.exists(place) for _name, place in stored(batch)):
        leasing.fail(
            batch, token, _("The command that ran this import ended before it was done. Run it again."), retry=False
        )
        return
    with ExitStack() as opened:
        _run_to_end(batch, open_stored(batch, opened), token, limits=UPLOAD)


def stored(batch: Import) -> list[tuple[str, str]]:
    """The name and the place in the storage of each uploaded file of an import."""
    return [(batch.file_name, batch.stored_as), *((name, place) for name, place in Plan.of(batch).further)]


def open_stored(batch: Import, opened: ExitStack) -> list[ImportFile]:
    reading = Plan.of(batch).reading
    opened_parts = ((name, opened.enter_context(default_storage.open(place))) for name, place in stored(batch))
    return [ImportFile(name, file, reading) for name, file in opened_parts]


KIND = Kind("import", gettext_lazy("import"), Import, single(work), only=Q(confirmed=True), most_waiting=20)


def run_here(
    project: Project,
    kind: str,
    paths: Sequence[Path],
    *,
    plan: Plan,
    origin: Origin,
    preset: str = "",
    scale: Scale | None = None,
    images: Path | None = None,
    on_progress: Callable[[ImportCounts, int], None] | None = None,
) -> Import:
    """Import local files in this process, for commands; raises FileRefused. Leaves the same rows as an upload.

    Answers with the import as it ended.
    """
    with transaction.atomic():
        batch = ordered_here(project, kind, paths, plan=plan, origin=origin, preset=preset, scale=scale, images=images)
        token = leasing.claim(Import, batch.pk)
        assert token is not None, "nobody else sees the row before it is ours"
        audit.record(None, "import.started", project=project, on=batch, file=batch.file_name)
    with ExitStack() as opened:
        parts = [ImportFile(path.name, opened.enter_context(path.open("rb")), plan.reading) for path in paths]
        try:
            _run_to_end(batch, parts, token, limits=COMMAND, on_progress=on_progress)
        except BaseException as error:
            leasing.fail(batch, token, error, retry=False)
            raise
    batch.refresh_from_db()
    return batch


def ordered_here(
    project: Project,
    kind: str,
    paths: Sequence[Path],
    *,
    plan: Plan,
    origin: Origin,
    preset: str,
    scale: Scale | None,
    images: Path | None,
) -> Import:
    """An import of local files, to be run or looked at by whoever asked for it."""
    return Import.objects.create(
        project=project,
        kind=kind,
        file_name=storable(paths[0].name)[-255:],
        images_folder=storable(str(images or ""))[:500],
        bytes_total=sum(path.stat().st_size for path in paths),
        preset=preset,
        mapping=plan.to_json(),
        scale_name=scale.name if scale else "",
        confirmed=True,
        **asdict(origin),
    )


def _run_to_end(batch: Import, parts: Sequence[ImportFile], token: UUID, **options: Any) -> None:
    try:
        counts = run_import(batch, parts, token=token, **options)
    except leasing.Superseded:
        return
    except LabelsUnmapped as refusal:
        if options["limits"] is COMMAND:
            raise
        wait_again(batch, refusal.table, token)
        return
    except (FileRefused, ScaleUnclear) as refusal:
        sentence = _with_what_stays(batch, str(refusal))
        leasing.fail(batch, token, sentence, retry=False)
        if options["limits"] is COMMAND:
            raise FileRefused(sentence) from refusal
        return
    if (counts.new or counts.changed) and leasing.renew(batch, token):
        before = lexicons.newest(batch.project)
        if lexicons.up_to_date(batch.project) != before:  # here, so that nobody waits for it who only starts a run
            remaking.after_import(batch.project)
    leasing.finish(batch, token, bytes_read=batch.bytes_total)


def _with_what_stays(batch: Import, sentence: str) -> str:
    """Why an import ended, and how many rows had gone through before: these are not taken back."""
    read, rejected = Import.objects.values_list("read", "rejected").get(pk=batch.pk)
    stays = _("The %(rows)s rows before that have been imported.")
    return f"{sentence} {stays % {'rows': read - rejected}}" if read > rejected else sentence


def run_import(
    batch: Import,
    parts: Sequence[ImportFile],
    *,
    token: UUID,
    limits: Limits = UPLOAD,
    on_progress: Callable[[ImportCounts, int], None] | None = None,
) -> ImportCounts:
    """Read the rest of the rows after the rows that are already in; raises Superseded, FileRefused, ScaleUnclear."""
    if limits is not COMMAND and not batch.read:  # a command's look has gone through all of it
        hold_to_encodings(parts, replace(limits, held_bytes=limits.expanded_bytes))
    if not Plan.of(batch).labels_whole:
        _read_labels_first(batch, parts, token, limits)
    intake = intake_of(batch, parts, limits)
    _read_beside(batch, token, intake, on_progress)
    with closing(taking_in.ReadAhead(intake.chunks())) as chunks:
        for chunk in chunks:
            bytes_read = chunk.bytes_read
            with transaction.atomic():
                intake.take(held(batch), chunk)
                del chunk  # the next one is about to be made: one alone is ever held
                _note(batch, token, intake, bytes_read)
                # Without this the thread would read while rows are written, and only take turns with that; the commit waits.
                chunks.go_on()
            if on_progress is not None:
                on_progress(intake.counts, bytes_read)
    if intake.tell_at_end():
        with transaction.atomic():
            _note(batch, token, intake, intake.source.bytes_read)
    return intake.counts


def _read_beside(
    batch: Import, token: UUID, intake: Intake, on_progress: Callable[[ImportCounts, int], None] | None
) -> None:
    """Files that are joined to the first are read before any row of it is; that is progress, too."""
    # Without the notes, which renew the lease, another worker would take the import over while a catalogue is read.
    since = time.monotonic()
    for bytes_read in intake.source.prepare():
        if time.monotonic() - since < taking_in.CHUNK_SECONDS:
            continue
        since = time.monotonic()
        with transaction.atomic():
            _note(batch, token, intake, bytes_read)
        if on_progress is not None:
            on_progress(intake.counts, bytes_read)


def intake_of(
    batch: Import,
    parts: Sequence[ImportFile],
    limits: Limits,
    *,
    keep_pictures: bool = True,
    all_labels: bool = True,
    first: int | None = None,
) -> Intake:
    """The rows of an import on their way in, after those that are in already, or the first of them; a look keeps no
    pictures, and at the first rows alone takes the labels of the rest of the file as said."""
    plan = _labels_read(batch, parts, limits) if all_labels else Plan.of(batch)
    report = ImportReport.model_validate(batch.report)
    if predictions.are_told(plan.columns) and not batch.file_sha256:
        batch.file_sha256 = predictions.digest_of(part.file for part in parts)
        batch.save(update_fields=["file_sha256"])
    folder = Path(batch.images_folder) if batch.images_folder else None
    return Intake(
        batch=batch,
        source=ImportRows(parts, limits, plan.shape, first=first),
        mapper=_mapper(batch, plan),
        pictures=PictureLookup(batch.project, folder, plan.pictures, report.pictures, keep_pictures),
        judge_gold=plan.judge_gold,
        calls_items=shapes.calls_items(batch.preset),
        counts=counts_of(batch),
        report=begun(report, batch, plan, parts),
    )


def begun(report: ImportReport, batch: Import, plan: Plan, parts: Sequence[ImportFile]) -> ImportReport:
    """With what is known before the first row."""
    report.files = [_file(part) for part in parts]
    report.preset, report.confirmed_by, report.labels_by = batch.preset, plan.confirmed_by, plan.labels_by
    report.scale = (batch.scale_name or batch.project.scale_name) if batch.kind == Import.Kind.PAIRS else ""
    return report


def _mapper(batch: Import, plan: Plan) -> Mapper:
    rest = RestOfColumns(plan.columns, batch.preset) if plan.rest_are_attributes else None
    return Mapper(
        plan.columns,
        batch.kind,
        scale_of(batch),
        plan.labels,
        by_item_id=plan.by_item_id,
        rest=rest,
        locale=plan.locale,
    )


def _file(part: ImportFile) -> FileRead:
    return FileRead(name=cut(part.name, 255), encoding=cut(part.reading.encoding), sheet=cut(part.reading.sheet))


def _read_labels_first(batch: Import, parts: Sequence[ImportFile], token: UUID, limits: Limits) -> None:
    with leasing.kept(Import, {batch.pk: token}):
        plan = _labels_read(batch, parts, limits)
    batch.mapping = plan.to_json()
    if not leasing.held_by(Import, batch.pk, token).update(mapping=batch.mapping):
        raise leasing.Superseded


def _labels_read(batch: Import, parts: Sequence[ImportFile], limits: Limits) -> Plan:
    """The plan with every value of a label in the whole file read; raises LabelsUnmapped before a row is stored."""
    plan = Plan.of(batch)
    if batch.kind != Import.Kind.PAIRS or plan.labels_whole:
        return plan
    said = label_consent.said_again(plan.labels_by, plan.labels, plan.labels_scale, PRESETS.get(batch.preset))
    values = label_values.count_in(parts, plan.columns, limits, shape=plan.shape)
    table = label_consent.agree(values, said, current=scale_of(batch), fixed=True).or_refuse()
    return plan.labelled(replace(table, by=plan.labels_by or table.by), plan.labels_scale)


def wait_again(batch: Import, table: LabelTable, token: UUID) -> None:
    """Nothing of it is stored; it waits for somebody to say what the values mean that only now were met."""
    plan = Plan.of(batch)
    said = replace(plan.labelled(table, plan.labels_scale), labels_by=plan.labels_by)
    plan = replace(said, labels={**plan.labels, **table.labels})
    leasing.held_by(Import, batch.pk, token).update(
        confirmed=False, state=JobState.QUEUED, token=None, lease_until=None, attempts=0, mapping=plan.to_json()
    )


def counts_of(batch: Import) -> ImportCounts:
    return ImportCounts(**{one.name: getattr(batch, one.name) for one in fields(ImportCounts)})


def held(batch: Import) -> Project:
    """The project, locked: imports into one project take turns, and its scale does not move meanwhile."""
    # Without the lock two imports would both find an item missing, and the database would refuse the rows of the second.
    project = Project.objects.select_for_update(no_key=True).get(pk=batch.project_id)
    if batch.kind == Import.Kind.PAIRS and batch.scale_name not in ("", project.scale_name):
        reason = _("The project judges in %(ours)s, the file in %(theirs)s. Import it into another project.")
        raise ScaleUnclear(reason % {"ours": project.scale_name, "theirs": batch.scale_name})
    return project


def _note(batch: Import, token: UUID, intake: Intake, bytes_read: int) -> None:
    """Counts, report and place are written with the chunk, or not at all."""
    # Without the token an import that was cancelled, or that another worker has taken over, would go on writing.
    noted = leasing.held_by(Import, batch.pk, token).update(
        bytes_read=min(bytes_read, batch.bytes_total or bytes_read),
        report=intake.report.model_dump(),
        **asdict(intake.counts),
    )
    if not noted or not leasing.renew(batch, token):
        raise leasing.Superseded
