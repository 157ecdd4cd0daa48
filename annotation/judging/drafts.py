"""What somebody chose and typed on a card that is not recorded yet, or was refused: one draft for each pair and round."""

from __future__ import annotations

from typing import Any

from annotation.models import Draft, Lease
from database.clock import ClockTimestamp
from projects.models import Person

MAX_NOTE = 4000


def body_of(data: Any) -> dict[str, str]:
    """From form fields that nobody checks: what was chosen and typed, within bounds."""
    most = {"choice": 20, "mismatch": 30, "reason": 30, "note": MAX_NOTE}
    return {name: str(data.get(name, "")).replace("\x00", "\ufffd")[:length] for name, length in most.items()}


def save(person: Person, lease: Lease, body: dict[str, str]) -> None:
    draft, made = Draft.objects.get_or_create(
        person=person, pair_id=lease.pair_id, round=lease.round, defaults={"body": body}
    )
    if not made:
        draft.body = {**draft.body, **body}
        draft.revision += 1
        draft.updated_at = ClockTimestamp()
        draft.save(update_fields=["body", "revision", "updated_at"])
