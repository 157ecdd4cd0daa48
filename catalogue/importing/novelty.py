"""What was said before of an item, and whether an import says anything new.

Where one file says two things of one item, the later row stands. That both were said by the same import is remembered
by its rows, so that importing the file again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Saying:
    """A snapshot that exists: what it says and the import that brought it."""

    said: str
    batch_id: int | None
    revision: int = 0
    row_id: int = 0


@dataclass
class Sayings:
    """All that was said of one item, oldest first."""

    rows: list[Saying] = field(default_factory=list)
    current: Saying | None = None

    def is_news(self, said: str) -> bool:
        """Not what stands now, nor what the import that brought it said as well."""
        now = self.current
        return now is None or (
            now.said != said and not any(row.said == said and row.batch_id == now.batch_id for row in self.rows)
        )

    def add(self, saying: Saying) -> None:
        self.rows.append(saying)
        self.current = saying
