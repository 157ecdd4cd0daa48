"""The two forms of an import: the upload, and what its columns mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.importing import named_items
from catalogue.importing.labels.label_fields import LabelFields, LabelRow
from catalogue.importing.labels.label_values import LabelValues, label_columns
from catalogue.importing.meaning import column_names, presets, rater_hints, raters
from catalogue.importing.meaning.inspecting import Look, Origin, looks_like, meaning_of, origin_of
from catalogue.importing.meaning.mapping import LOCALE_LENGTH
from catalogue.importing.meaning.presets import Preset
from catalogue.importing.reading.rows import FileRefused
from catalogue.importing.receiving import ConfirmedMapping
from catalogue.importing.shapes.table import asked
from catalogue.models import Import
from projects.models import Project
from relevance.sanitising import storable


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files in one field."""

    def __init__(self, *, accept: str, **options: Any) -> None:
        super().__init__(widget=FilesInput(attrs={"accept": accept}), **options)

    def clean(self, data: Any, initial: Any = None) -> Any:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files and self.required:
            super().clean(None, initial)
        return [super(FilesField, self).clean(file, initial) for file in files]


class ImportUploadForm(forms.Form):
    file = FilesField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "JSONL, CSV, Parquet or Excel (.xlsx), plain or gzip. Files that belong together are chosen together."
        ),
        max_length=255,
        accept=".jsonl,.ndjson,.json,.csv,.tsv,.txt,.parquet,.xlsx,.gz",
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("What it holds"),
        choices=[
            (Import.Kind.PAIRS, gettext_lazy("pairs of a query and an item")),
            (Import.Kind.ITEMS, gettext_lazy("catalogue items without queries")),
        ],
        initial=Import.Kind.PAIRS,
    )
    pictures = FilesField(
        accept="image/jpeg,image/png,image/webp",
        label=gettext_lazy("Pictures"),
        required=False,
        max_length=255,
        help_text=gettext_lazy("JPEG, PNG or WebP, up to 90 at once; rows name them by file name."),
    )

    @property
    def chosen_files(self) -> list[UploadedFile[Any]]:
        return list(self.cleaned_data["file"])

    @property
    def chosen_pictures(self) -> list[UploadedFile[Any]]:
        return list(self.cleaned_data["pictures"])


@dataclass(frozen=True)
class Column:
    """A column of the file beside the select that says what it means."""

    name: str
    examples: list[str]
    field: forms.BoundField
    meaning: str


class MeaningForm(forms.Form):
    """One select per column, named by its number, since a column's own name may be anything."""

    source = forms.CharField(
        label=gettext_lazy("Source"), max_length=200, help_text=gettext_lazy("Where the texts come from.")
    )
    licence = forms.CharField(label=gettext_lazy("Licence"), max_length=120)
    attribution = forms.CharField(
        label=gettext_lazy("Attribution"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Shown wherever the texts are shown, and in every export."),
    )

    locale = forms.CharField(
        label=gettext_lazy("Locale"),
        max_length=LOCALE_LENGTH,
        required=False,
        help_text=gettext_lazy("Of query and item, where a row names none: the same id in two locales is two items."),
    )
    rest_are_attributes = forms.BooleanField(
        label=gettext_lazy("All other columns are attributes of the item"), required=False
    )

    def __init__(
        self,
        posted: Any,
        *,
        look: Look,
        kind: str,
        project: Project,
        values: Callable[[Mapping[str, str]], LabelValues],
        preset: str = "",
        answered: Mapping[str, str] | None = None,
    ) -> None:
        """`values` counts those of the columns that mean a label; `answered`: what some of them are, as said before."""
        self.look, self.kind, self.project, self.asked = look, kind, project, preset
        self.preset, self.meaning = meaning_of(look, kind, preset)
        self.labels: LabelFields | None = None
        self.by_item_id = False
        super().__init__(posted, initial=self._first_guess())
        self._add_columns()
        if kind == presets.PAIRS:
            said: Mapping[str, Any] = self.data if posted else self.initial or {}
            meaning, scale = self._in_order(said), str(self.data.get("scale", ""))
            self.labels = LabelFields(
                values, meaning, project, preset=self._preset_of(meaning), scale=scale, answered=answered or {}
            )
            self._add_labels(self.labels)

    def _first_guess(self) -> dict[str, Any]:
        origin = origin_of(self.look, self.preset)
        guess: dict[str, Any] = {"source": origin.source, "licence": origin.licence, "attribution": origin.attribution}
        guess |= {f"column_{n}": self.meaning.get(name, "") for n, name in enumerate(self.look.columns)}
        return guess

    def _add_columns(self) -> None:
        ours = [("", _("leave out")), *((known.name, str(known.label)) for known in presets.fields_for(self.kind))]
        self.meanings = ours
        for number, name in enumerate(self.look.columns):
            self.fields[f"column_{number}"] = forms.ChoiceField(label=name, choices=ours, required=False)

    def _preset_of(self, meaning: Mapping[str, str]) -> Preset | None:
        """The preset whose word counts for the labels: the file bears its marks, and the labels are where it says."""
        if self.preset is None or not self.preset.marks <= set(self.look.columns):
            return None
        return self.preset if label_columns(meaning) == label_columns(self.meaning) else None

    def _add_labels(self, labels: LabelFields) -> None:
        self.initial = {**(self.initial or {}), **labels.initial, "scale": labels.table.scale.name}
        self.fields |= labels.fields()
        self.fields["judge_gold"] = forms.BooleanField(
            label=_("Judge pairs that come with a gold label, too"), required=False
        )

    def columns(self) -> Iterator[Column]:
        for number, name in enumerate(self.look.columns):
            field = self[f"column_{number}"]
            yield Column(name, self.look.examples(name), field, str(field.value() or ""))

    def who_judged(self) -> str:
        """The column that looks like it while the file gives several labels to one pair."""
        return rater_hints.who_judged(self.look.rows, self.look.columns, self._shown())

    def one_rater_each(self) -> list[str]:
        """None in a released set, whose further columns are known to be none."""
        if self.preset is not None and self.preset.name != "lore":
            return []
        return rater_hints.one_rater_each(self.look.rows, self.look.columns, self._shown())

    def _shown(self) -> dict[str, str]:
        """What the page says now; what it leaves out has not been said yet."""
        return {column.name: column.meaning for column in self.columns() if column.meaning}

    def label_rows(self) -> list[LabelRow]:
        return list(self.labels.rows(self)) if self.labels else []

    @property
    def asks_anew(self) -> bool:
        """The page that was posted asked of other labels than there are now: its scale or its columns were changed."""
        return self.labels is not None and self.data.get("labels_asked") != self.labels.asked

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.labels and self.labels.refused:
            raise forms.ValidationError(self.labels.problem)
        if missing := presets.missing(self._chosen(), self.kind):
            raise forms.ValidationError(column_names.lacking(missing, self._chosen(), self.kind, self.look.columns))
        if why := raters.unclear(self._chosen()):
            raise forms.ValidationError(why)
        self.by_item_id = self._names_items_alone()
        return cleaned

    @property
    def hint(self) -> str:
        """What a file of a known set is, which lacks the others."""
        return "" if self.preset else looks_like(self.look, None)

    def _names_items_alone(self) -> bool:
        try:
            return named_items.by_item_id(
                self.project, self.look.rows, self.kind, self._chosen(), looks_like(self.look, self.preset)
            )
        except FileRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def _chosen(self) -> dict[str, str]:
        return self._in_order(self.cleaned_data)

    def _in_order(self, said: Mapping[str, Any]) -> dict[str, str]:
        """What the person chose, in the preset's order, then columns that the preset knows from later rows."""
        chosen = {
            name: meaning for number, name in enumerate(self.look.columns) if (meaning := said.get(f"column_{number}"))
        }
        order = list(self.meaning)
        ordered = sorted(chosen, key=lambda name: order.index(name) if name in order else len(order))
        later = {name: meaning for name, meaning in self.meaning.items() if name not in self.look.columns}
        return {name: chosen[name] for name in ordered} | later

    def decision(self) -> ConfirmedMapping:
        data = self.cleaned_data
        return ConfirmedMapping(
            columns=self._chosen(),
            origin=Origin(data["source"], data["licence"], data["attribution"]),
            preset=self.preset.name if self.preset else "",
            table=self.labels.decided(data) if self.labels else None,
            judge_gold=bool(data.get("judge_gold")),
            shape=asked(self.asked),
            by_item_id=self.by_item_id,
            rest_are_attributes=bool(data.get("rest_are_attributes")),
            locale=storable(data["locale"]),
        )
