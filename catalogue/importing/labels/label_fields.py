"""The labels of a file on the form that confirms it: each value with a select of what it is, none chosen by guess."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from catalogue.display import label_name
from catalogue.importing.labels import label_consent
from catalogue.importing.labels.label_consent import BY_CALL, BY_PERSON, LabelTable, ReadValue, Said
from catalogue.importing.labels.label_values import LabelValues, ScaleUnclear
from catalogue.importing.meaning.presets import Preset
from projects.models import Project
from relevance.labels import SCALES, Scale

LEAVE_OUT = "-"  # which no label of a scale is called


@dataclass(frozen=True)
class LabelRow:
    """A value of the file beside the select that says what it is."""

    written: str
    rows: int
    field: forms.BoundField
    chosen: str


class LabelFields:
    """`values` counts those of the columns that mean a label. `scale` is the posted one; `answered`: what a person has
    said of some of them before."""

    def __init__(
        self,
        values: Callable[[Mapping[str, str]], LabelValues],
        meaning: Mapping[str, str],
        project: Project,
        *,
        preset: Preset | None,
        scale: str,
        answered: Mapping[str, str],
    ) -> None:
        self.fixed, self.problem, self.refused = project.pairs.exists(), "", False
        self._project, self._preset = project, preset
        try:
            counted = values(meaning)
        except ScaleUnclear as unclear:
            counted, self.problem, self.refused = LabelValues(), str(unclear), True
        self.table = self._with_answers(self._agreed(counted, SCALES.get(scale)), answered)

    def _agreed(self, values: LabelValues, posted: Scale | None) -> LabelTable:
        """Read where that is agreed already; where the scale is not the project's or unclear, each value is asked."""
        chosen = None if self.fixed else posted
        current, fixed = chosen or self._project.scale, self.fixed or chosen is not None
        try:
            table = label_consent.agree(values, Said(preset=self._preset), current=current, fixed=fixed)
        except ScaleUnclear as unclear:
            self.problem = str(unclear)
            return label_consent.table(values, current, {}, by="", declared=False)
        if table.by == BY_CALL:  # by a column that no preset knows, which nobody has confirmed
            return label_consent.table(values, table.scale, {}, by="")
        return table

    def _with_answers(self, table: LabelTable, answered: Mapping[str, str]) -> LabelTable:
        known = {key: label for key, label in answered.items() if label in ("", *table.scale.codes)}
        values = (
            value._replace(label=known.get(value.key)) if value.label is None else value for value in table.values
        )
        return replace(table, values=tuple(values))

    @property
    def initial(self) -> dict[str, str]:
        return {_name(value): _choice(value.label) for value in self.table.values}

    def fields(self) -> dict[str, forms.Field]:
        named = (
            (grade.code, _called(grade.code, label_name(self.table.scale, grade.code)))
            for grade in self.table.scale.grades
        )
        choices = [*named, (LEAVE_OUT, _("no label: leave it out"))]
        return {
            "scale": forms.ChoiceField(label=_("Label scale"), choices=self._scales(), help_text=self._advice()),
            **{_name(value): _field(value, choices) for value in self.table.values},
        }

    def _scales(self) -> list[tuple[str, str]]:
        offered = [self._project.scale] if self.fixed else SCALES.values()
        return [(scale.name, f"{scale.name}: {', '.join(scale.codes)}") for scale in offered]

    def _advice(self) -> str:
        if self.problem or self.fixed:
            return self.problem
        return _("A project without pairs takes the scale that is chosen here; another one asks for the labels again.")

    @property
    def asked(self) -> str:
        """The same for the same values in the same scale: by it a page knows whether it asks what there is to be said."""
        keys = "\n".join(value.key for value in self.table.values)
        return f"{self.table.scale.name}-{hashlib.sha256(keys.encode()).hexdigest()[:12]}"

    def rows(self, form: forms.Form) -> Iterator[LabelRow]:
        """What was chosen in another scale is chosen no longer."""
        codes = {*self.table.scale.codes, LEAVE_OUT}
        for value in self.table.values:
            field = form[_name(value)]
            said = str(field.value() or "")
            yield LabelRow(value.written, value.rows, field, said if said in codes else _choice(value.label))

    def decided(self, cleaned: Mapping[str, Any]) -> LabelTable:
        """What the person left as it was agreed, or said."""
        values = tuple(
            value._replace(label="" if (said := cleaned[_name(value)] or _choice(value.label)) == LEAVE_OUT else said)
            for value in self.table.values
        )
        untouched = self.table.by not in ("", BY_CALL) and values == self.table.values
        by = self.table.by if untouched else BY_PERSON
        return replace(self.table, values=values, by=by if values else "")


def _name(value: ReadValue) -> str:
    """Of its field; a value may be anything."""
    return f"value_{hashlib.sha256(value.key.encode()).hexdigest()[:12]}"


def _field(value: ReadValue, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    """What is agreed already need not be answered: its column may have been chosen only now."""
    asked = value.label is None
    return forms.ChoiceField(label=value.written, choices=[("", "–"), *choices] if asked else choices, required=asked)


def _choice(label: str | None) -> str:
    return "" if label is None else label or LEAVE_OUT


def _called(code: str, name: str) -> str:
    return code if name == code else f"{code}: {name}"
