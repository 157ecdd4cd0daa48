"""A file of cards that somebody brought, as a job: kept, read a thousand cards at a time, and gone on with after a kill."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID, uuid4

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import get_language, gettext_lazy, override

from inference.knowledge.files import KnowledgeCounts, KnowledgeFileRefused, Rejected, first_look, import_file
from inference.models import KnowledgeImport
from jobs import kinds, leasing
from jobs.kinds import Kind, single
from projects import allowances, audit
from projects.allowances import Allowance
from projects.models import Person, Project
from relevance.sanitising import storable

CARD_FILES = Allowance("knowledge.file", 120, gettext_lazy("files of knowledge cards"))
_COUNTED = ("read", "new", "changed", "same", "rejected")


def receive(project: Project, upload: UploadedFile[Any], person: Person) -> KnowledgeImport:
    """Raises KnowledgeFileRefused where not even the first row can be read."""
    name = storable(upload.name or "")[-255:]
    first_look(upload, name)
    kinds.refuse_beyond("knowledge_import", project)
    lines = sum(piece.count(b"\n") for piece in upload.chunks())
    upload.seek(0)
    kept = default_storage.save(f"knowledge/{uuid4().hex}", upload)
    with transaction.atomic():
        allowances.spend(CARD_FILES, person)
        batch = KnowledgeImport.objects.create(
            project=project,
            file_name=name,
            stored_as=kept,
            locale=get_language() or "en",
            total=lines,
            requested_by=person,
        )
        audit.record(person, "knowledge.uploaded", project=project, on=batch, file=name)
    return batch


def work(batch_id: int, token: UUID) -> None:
    """Run a claimed import to its end."""
    batch = KnowledgeImport.objects.select_related("project", "requested_by").get(pk=batch_id)
    counts, refused = counts_of(batch), ""
    try:
        with override(batch.locale), default_storage.open(batch.stored_as) as file:
            refused = _read(batch, file, counts, token)
        _note(batch, token, counts)
    except leasing.Superseded:
        return
    if refused:
        leasing.fail(batch, token, refused, retry=False)
    else:
        leasing.finish(batch, token)
    default_storage.delete(batch.stored_as)


def _read(batch: KnowledgeImport, file: File[Any], counts: KnowledgeCounts, token: UUID) -> str:
    """Why the rest of it cannot be read; `counts` say how far it came."""
    try:
        import_file(
            batch.project, file, batch.file_name, batch.requested_by,
            so_far=counts, heard=lambda told: _note(batch, token, told),
        )  # fmt: skip
    except KnowledgeFileRefused as refusal:
        return str(refusal)
    return ""


def cancel(batch: KnowledgeImport, person: Person) -> bool:
    """What has gone in stays; nothing more goes in."""
    with transaction.atomic():
        cancelled = leasing.cancel(KnowledgeImport.objects.filter(pk=batch.pk))
        if cancelled:
            audit.record(person, "knowledge.import_cancelled", project=batch.project, on=batch, read=batch.read)
    if cancelled:
        default_storage.delete(batch.stored_as)
    return bool(cancelled)


def counts_of(batch: KnowledgeImport) -> KnowledgeCounts:
    """As far as it has come."""
    reasons = Counter({(field, reason): rows for field, reason, rows in batch.reasons})
    rejected = [Rejected(*row) for row in batch.rejected_rows]
    return KnowledgeCounts(**{name: getattr(batch, name) for name in _COUNTED}, rejected_rows=rejected, reasons=reasons)


def _note(batch: KnowledgeImport, token: UUID, counts: KnowledgeCounts) -> None:
    """Within the transaction that writes the cards: both or neither. Raises Superseded."""
    if not leasing.renew(batch, token):
        raise leasing.Superseded
    told = {name: getattr(counts, name) for name in _COUNTED}
    reasons = [[field, reason, rows] for (field, reason), rows in counts.reasons.items()]
    KnowledgeImport.objects.filter(pk=batch.pk).update(**told, rejected_rows=counts.rejected_rows, reasons=reasons)


KIND = Kind("knowledge_import", gettext_lazy("import of knowledge"), KnowledgeImport, single(work), most_waiting=20)
