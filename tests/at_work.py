"""What a worker's thread does with rows that it has found, for tests that name the rows."""

from __future__ import annotations

from collections.abc import Sequence

from jobs import kinds, leasing, working
from jobs.kinds import Kind


def work_on(kind: Kind, ids: Sequence[int]) -> int:
    """Claim those that are due and see them to their end; returns how many that were."""
    claims = leasing.claim_many(kind.model, ids, kind.only)
    if claims:
        working.work_on(kind, claims)
    return len(claims)


def named(code: str) -> Kind:
    return next(kind for kind in kinds.every() if kind.code == code)
