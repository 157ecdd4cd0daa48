"""Questions that a labelling tool asked of each task: what people answered, which answer is true, what models said.

A row has `NAME.ratings`, `NAME.gold` and `NAME.predictions` of each question. Where a file has one, these are its labels; where
it has several, somebody has to say which.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from catalogue.importing.meaning.cells import shown
from catalogue.importing.reasons import because
from catalogue.importing.shapes.shape import NoRow

_PARTS = {"ratings": "ratings", "gold": "label", "predictions": "predictions"}
UNKNOWN = "Unknown"


class Answers:
    """What is said of one task, gathered by question; what cannot be taken is kept as `faults`."""

    def __init__(self) -> None:
        self._ratings: dict[str, dict[str, Any]] = defaultdict(dict)
        self._gold: dict[str, Any] = {}
        self._predictions: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.faults: list[NoRow] = []

    def rated(self, question: str, rater: Any, label: Any, place: str) -> None:
        """Of two answers of one person the later stands."""
        name = shown(rater).strip() or UNKNOWN
        there = self._ratings[question]
        if name in there and there[name] != label:
            reason = because("%(name)s had answered the task before; the later answer stands")
            self.faults.append(NoRow(place, reason % {"name": name[:80]}, {"rater": name, "label": there[name]}))
        there[name] = label

    def true(self, question: str, label: Any, place: str) -> None:
        if self._gold.setdefault(question, label) != label:
            self.faults.append(NoRow(place, because("another answer is said to be the true one, too"), label))

    def predicted(self, question: str, model: Any, label: Any, score: Any) -> None:
        said = {"label": label, "score": score, "model": shown(model).strip()}
        self._predictions[question].append({name: value for name, value in said.items() if value not in (None, "")})

    def fault(self, place: str, reason: str, said: Any = None) -> None:
        self.faults.append(NoRow(place, reason, said))

    def columns(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for question, ratings in self._ratings.items():
            found[f"{question}.ratings"] = [{"rater": rater, "label": label} for rater, label in ratings.items()]
        found |= {f"{question}.gold": label for question, label in self._gold.items()}
        return found | {f"{question}.predictions": said for question, said in self._predictions.items()}


def questions(columns: Iterable[str]) -> list[str]:
    """In the order of the file."""
    named = (column.rpartition(".") for column in columns)
    return list(dict.fromkeys(name for name, _sign, part in named if name and part in _PARTS))


def meaning(columns: Collection[str]) -> dict[str, str]:
    """What the answers mean where only one question was asked; none, where several were."""
    asked = questions(columns)
    return {f"{asked[0]}.{part}": field for part, field in _PARTS.items()} if len(asked) == 1 else {}


def unclear(columns: Collection[str], told: Mapping[str, str]) -> str:
    """Why nobody can tell which question is the label's; empty where it is told or there is but one."""
    asked = questions(columns)
    if len(asked) < 2 or set(told.values()) & set(_PARTS.values()):
        return ""
    reason = _(
        "The file holds answers to several questions: %(names)s. Say which one is the label: "
        '--column "%(first)s.ratings=ratings" (and %(first)s.gold=label, %(first)s.predictions=predictions).'
    )
    return reason % {"names": ", ".join(asked)[:300], "first": asked[0]}


def only(value: Any) -> Iterator[Any]:
    """The answer itself, where a tool keeps a list of one; nothing where there are several or none."""
    if isinstance(value, list):
        yield from value if len(value) == 1 else ()
    elif value not in (None, ""):
        yield value
