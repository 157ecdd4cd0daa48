"""What a row says that a model outside of here predicted: never a person's judgment, never gold, never an attribute of the item.

The name and the file's digest are all that is known of such a model. No database.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from catalogue.importing.meaning.cells import name_values, plain, structured
from catalogue.importing.reading.readers import Readable
from catalogue.importing.reading.rows import RowRefused
from catalogue.importing.reasons import because
from relevance.sanitising import sanitise

FIELDS = frozenset({"prediction", "score", "posterior", "predictions"})
MODEL_NAME = "model_name"
LONGEST_NAME = 200
_SUM = 0.02  # how far from 1 probabilities may add up: files round them
_PIECE = 1 << 20


class ForeignPrediction(NamedTuple):
    """What one model said: a label of the project's scale, a number, a probability of each label; at least one of them.
    Without a name it is known by its file's."""

    label: str = ""
    score: float | None = None
    posterior: tuple[tuple[str, float], ...] = ()
    model: str = ""


class PredictionReader:
    """Made once per file. `label` reads a label's value for a field."""

    def __init__(self, label: Callable[[Any, str], str]) -> None:
        self._label = label

    def read(self, values: Mapping[str, Any]) -> tuple[ForeignPrediction, ...]:
        """Of the row's own columns, then of its list. Raises RowRefused."""
        if FIELDS.isdisjoint(values):
            return ()
        said = [
            self._one(values.get("prediction"), values.get("score"), values.get("posterior"), values.get(MODEL_NAME)),
            *(self._of_list(one) for one in _listed(values.get("predictions"))),
        ]
        return tuple(one for one in said if one.label or one.score is not None or one.posterior)

    def _of_list(self, said: Any) -> ForeignPrediction:
        if not isinstance(said, Mapping):
            raise RowRefused(
                "predictions", because("each prediction is an object with a label, a score or a posterior")
            )
        model = next((said[name] for name in ("model", MODEL_NAME, "model_version") if said.get(name)), None)
        return self._one(said.get("label", said.get("prediction")), said.get("score"), said.get("posterior"), model)

    def _one(self, label: Any, score: Any, posterior: Any, model: Any) -> ForeignPrediction:
        return ForeignPrediction(
            label=self._label(label, "prediction"),
            score=_number(score, "score"),
            posterior=self._posterior(structured(posterior)),
            model=_name(model),
        )

    def _posterior(self, said: Any) -> tuple[tuple[str, float], ...]:
        shares: dict[str, float] = {}
        for label, given in _shares(said):
            code, share = self._label(label, "posterior"), _number(given, "posterior")
            if not code or share is None or not 0 <= share <= 1 or code in shares:
                raise RowRefused("posterior", because("each label of the scale once, with a probability from 0 to 1"))
            shares[code] = share
        if shares and abs(sum(shares.values()) - 1) > _SUM:
            reason = because("the probabilities add up to %(sum)s, not to 1")
            raise RowRefused("posterior", reason % {"sum": f"{sum(shares.values()):.3f}"})
        return tuple(shares.items())


def labels_of(values: Mapping[str, Any]) -> Iterator[Any]:
    """Each label that is named there, as it came; `values` by field of ours."""
    yield values.get("prediction")
    yield from _labels_of_shares(values.get("posterior"))
    for said in _listed(values.get("predictions")):
        if isinstance(said, Mapping):
            yield said.get("label", said.get("prediction"))
            yield from _labels_of_shares(said.get("posterior"))


def _labels_of_shares(said: Any) -> Iterator[Any]:
    with suppress(RowRefused):  # which the import lists
        yield from (label for label, _share in _shares(structured(said)))


def are_told(meaning: Mapping[str, str]) -> bool:
    """Whether any column holds predictions."""
    return not FIELDS.isdisjoint(meaning.values())


def digest_of(files: Iterable[Readable]) -> str:
    """SHA-256 of the files one after the other: where their predictions come from. Each is at its beginning afterwards."""
    found = hashlib.sha256()
    for file in files:
        file.seek(0)
        while piece := file.read(_PIECE):
            found.update(piece)
        file.seek(0)
    return found.hexdigest()


def _listed(value: Any) -> list[Any]:
    value = structured(value)
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _shares(said: Any) -> Iterator[tuple[Any, Any]]:
    """(label, probability) of an object, or of a list of pairs or of {label, probability}."""
    if said is None or said == "":
        return
    if isinstance(said, list | tuple) and all(isinstance(one, Mapping) and "label" in one for one in said):
        yield from ((one["label"], one.get("probability", one.get("score"))) for one in said)
    elif isinstance(said, Mapping) or (isinstance(said, list | tuple) and all(_is_pair(one) for one in said)):
        yield from name_values(said)
    else:
        raise RowRefused("posterior", because("an object of labels and probabilities, or a list of pairs"))


def _is_pair(one: Any) -> bool:
    return isinstance(one, list | tuple) and len(one) == 2


def _number(value: Any, field: str) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise RowRefused(field, because("not a number: %(value)s") % {"value": sanitise(plain(value))[0][:60]})
    return number


def _name(value: Any) -> str:
    name = sanitise(plain(value).strip())[0] if value is not None else ""
    if len(name) > LONGEST_NAME:
        raise RowRefused(MODEL_NAME, because("longer than %(most)s characters") % {"most": LONGEST_NAME})
    return name
