"""What a foreign model said, asked for by its name, in place of the active model's word: so the same figures tell how it
stands to gold and to people. Nobody knows what it learnt from, or by which rules it judged.
"""

from __future__ import annotations

from functools import cached_property

import orjson

from annotation.trust.measurable import Exposure, Material, MeasurablePair
from inference import imported_predictions
from inference.imported_predictions import ForeignWord
from inference.models import ModelVersion
from inference.registry.basis import Basis
from projects.models import Project
from relevance.labels import Scale


class UnknownForeignModel(ValueError):
    """No file has brought predictions under that name; the message says which names there are."""

    def __init__(self, name: str, project: Project) -> None:
        known = ", ".join(imported_predictions.names(project)) or "none"
        super().__init__(f"no file has brought predictions of {name!r}; known: {known}")


class ForeignMaterial(Material):
    """Raises UnknownForeignModel."""

    model: ModelVersion | None = None
    rule_base: int | None = None
    rule_base_now: int | None = None

    def __init__(self, project: Project, name: str, one_in: int = 1) -> None:
        super().__init__(project, one_in)
        self.name = name
        self._words = imported_predictions.words_of(project, name)
        if not self._words and name not in imported_predictions.names(project):
            raise UnknownForeignModel(name, project)

    @cached_property
    def pairs(self) -> list[MeasurablePair]:
        return [_in_its_words(self.project.scale, row, self._words.get(row.pair)) for row in super().pairs]

    @cached_property
    def exposure(self) -> Exposure:
        found = Exposure(None, self.project)
        found.lineage = "unknown"
        return found

    def basis(self, of: str = "gold") -> Basis:
        return Basis(model=f"{self.name} (foreign)", lineage=self.exposure.lineage, of=of)


def _in_its_words(scale: Scale, row: MeasurablePair, word: ForeignWord | None) -> MeasurablePair:
    """Labels in LORE's, as models of ours speak."""
    label = scale.to_lore(word.label) if word else None
    shares = {scale.to_lore(code): share for code, share in word.posterior.items()} if word and word.posterior else None
    posterior = orjson.dumps(shares).decode() if shares else None
    return row._replace(label=label, posterior=posterior, rule_base=None, older=False)
