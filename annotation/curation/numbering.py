"""Numbers of one export: what its rows call pairs, gold, predictions, judgments and judges.

Each counts from one in the order of the rows, and a row's judgments stand in an order that another export does not share: beside
a pseudonym a number of the database would be the same in the next export and name its judge there, and its order would be the
order of the work. What the rows say themselves (a label, a note, a day) is not hidden.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from itertools import count

from annotation.curation.pair_records import PairRecord
from annotation.gold.opinions import Opinion


class Numbering:
    """Of one export, for all of its records; made anew for each attempt, and kept nowhere."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._judges: dict[int, int] = {}
        self._pairs, self._golds, self._predictions, self._judgments = count(1), count(1), count(1), count(1)

    def numbered(self, record: PairRecord) -> PairRecord:
        return record._replace(
            pair=next(self._pairs),
            gold=next(self._golds) if record.gold is not None else None,
            prediction=next(self._predictions) if record.prediction is not None else None,
            said=[said._replace(judgment=next(self._judgments)) for said in self._shuffled(record)],
        )

    def _shuffled(self, record: PairRecord) -> list[Opinion]:
        """By the judge's number here. Without it the rows would show judges in the order in which they came to the project."""
        said = [one._replace(judge=self._judge(one.judge)) for one in record.said]
        return sorted(said, key=lambda one: one.judge)

    def _judge(self, judge: int) -> int:
        if judge not in self._judges:
            keyed = hmac.new(self._secret, str(judge).encode(), hashlib.sha256).digest()
            self._judges[judge] = int.from_bytes(keyed[:4])
        return self._judges[judge]


def numbered(records: Iterator[PairRecord]) -> Iterator[PairRecord]:
    numbering = Numbering()
    yield from map(numbering.numbered, records)
