"""What each value of a file's labels becomes, and by whose word: nothing is read by guess.

A value is read where somebody has said what it means: a person on the page, the call itself (`told`, or the scale that all
are in), the rows by `label_scale` of a preset that fits, or the value by being the very name of a label of the project's
scale, as long as all are. What nobody has said is asked, and until then no row is stored. No database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.importing.labels.label_values import LabelValues, ScaleUnclear
from catalogue.importing.meaning.cells import is_word, value_key
from catalogue.importing.meaning.presets import Preset
from projects.refusals import Refused
from relevance.facts import fold
from relevance.labels import LORE, SCALES, Scale, UnknownLabel, UnknownScale, scale_named

BY_CALL = "call"
BY_PERSON = "person"
BY_NAMES = "names"
_BY_PRESET = "preset "


class ReadValue(NamedTuple):
    """A value as the file writes it, how many rows have it, and the label that it becomes: "" for none, None where nobody
    has said."""

    written: str
    rows: int
    label: str | None

    @property
    def key(self) -> str:
        return value_key(self.written)


@dataclass(frozen=True)
class LabelTable:
    """What the labels of a file become in `scale`, and `by` whose word; `whole`: of every row of the file.

    `declared`: the rows' own label_scale is followed, so that a row in another one is no row of this file.
    """

    scale: Scale
    values: tuple[ReadValue, ...] = ()
    by: str = ""
    whole: bool = True
    declared: bool = True

    @property
    def unread(self) -> list[ReadValue]:
        return [value for value in self.values if value.label is None]

    @property
    def told_by(self) -> str:
        """By whose word, for people."""
        if self.by.startswith(_BY_PRESET):
            return _("by preset %(name)s") % {"name": self.by.removeprefix(_BY_PRESET)}
        sentences = {
            BY_CALL: _("said in the call"),
            BY_PERSON: _("confirmed by a person"),
            BY_NAMES: _("by the labels' own names"),
        }
        return sentences.get(self.by, "")

    @property
    def labels(self) -> dict[str, str]:
        """Value, as `value_key` writes it, to label."""
        return {value.key: value.label for value in self.values if value.label is not None}

    def or_refuse(self) -> LabelTable:
        """Raises LabelsUnmapped where a value is not read."""
        if self.unread:
            raise LabelsUnmapped(self)
        return self

    def columns(self, meaning: Mapping[str, str]) -> dict[str, str]:
        """Without the column of a scale that the rows name and that is not followed."""
        return {column: field for column, field in meaning.items() if self.declared or field != "label_scale"}


class LabelsUnmapped(Refused):
    """Values of the file whose label nobody has said: nothing is stored."""

    def __init__(self, table: LabelTable) -> None:
        values = ", ".join(value.written[:40] for value in table.unread[:10])
        sentence = gettext_lazy(
            "Nobody has said what these values of the file mean as labels of %(scale)s (%(labels)s): %(values)s."
        )
        labels = ", ".join(table.scale.codes)
        super().__init__(
            "labels_unmapped",
            sentence,
            status=409,
            field="labels",
            scale=table.scale.name,
            labels=labels,
            values=values,
        )
        self.table = table

    def told(self) -> dict[str, Any]:
        """For programs: the table to be filled."""
        values = [{"value": value.written, "count": value.rows, "label": value.label} for value in self.table.values]
        return {"scale": self.table.scale.name, "labels": list(self.table.scale.codes), "values": values}


@dataclass(frozen=True)
class Said:
    """What was said of a file's labels beside the file: `labels` value to label ("" for none), the `scale` that all are in,
    the preset that fits it."""

    labels: Mapping[str, str] = field(default_factory=dict)
    scale: str = ""
    preset: Preset | None = None


def agree(values: LabelValues, said: Said, *, current: Scale | None, fixed: bool) -> LabelTable:
    """`current` is the project's scale, `fixed` when it has pairs already. Raises ScaleUnclear, UnknownLabel."""
    told = {value_key(value): label for value, label in said.labels.items()}
    scale = _scale(values, said, current, fixed=fixed)
    labels = {key: label_named(scale, label) for key, label in told.items()}
    by = BY_CALL if told else ""
    if said.scale or _declared(values) == scale.name:
        labels = {**_parsed(values.counts, scale), **labels}
        by = by or (BY_CALL if said.scale or said.preset is None else _BY_PRESET + said.preset.name)
    elif said.preset is not None and said.preset.labels_in == scale.name:
        labels = {**_parsed(values.counts, scale), **labels}
        by = by or _BY_PRESET + said.preset.name
    rest = [key for key in values.counts if key not in labels]
    if rest and are_names(rest, scale):
        labels.update((key, scale.names[key]) for key in rest)
        by = by or BY_NAMES
    declared = not told or (values.scales | values.named) <= {"", scale.name}
    return table(values, scale, labels, by=by, declared=declared)


def table(
    values: LabelValues, scale: Scale, labels: Mapping[str, str], *, by: str, declared: bool = True
) -> LabelTable:
    """The most frequent first."""
    found = (ReadValue(values.written[key], count, labels.get(key)) for key, count in values.counts.most_common())
    return LabelTable(scale, tuple(found), by if values.counts else "", values.whole, declared)


def label_named(scale: Scale, name: str) -> str:
    """The label of that code or name; "" for no label. Raises UnknownLabel."""
    folded = fold(name)
    if folded and folded not in scale.names:
        raise UnknownLabel(name, scale)
    return scale.names[folded] if folded else ""


def are_names(keys: Iterable[str], scale: Scale) -> bool:
    """All of them are words by which the scale's labels are called, and no other scale calls another label so."""
    keys = list(keys)
    if not all(is_word(key) and key in scale.names for key in keys):
        return False
    others = [other for other in SCALES.values() if all(key in other.names for key in keys)]
    return all(scale.from_lore(other.to_lore(other.names[key])) == scale.names[key] for other in others for key in keys)


def _scale(values: LabelValues, said: Said, current: Scale | None, *, fixed: bool) -> Scale:
    """The scale that the labels become: the project's once it has pairs, else the one asked for, the one that the rows name,
    the one whose labels were told, the one whose names the values are."""
    if said.scale:
        return _the_projects(_known(said.scale), current, fixed=fixed)
    named = "" if fixed and said.labels else _named(values.scales)
    if said.labels:
        return _of_told(said.labels.values(), named, current, fixed=fixed)
    if named:
        return _the_projects(_known(named), current, fixed=fixed)
    if current is not None and fixed:
        return current
    if named := _named(values.named):  # by rows without a label
        return _known(named)
    if said.preset is not None and said.preset.labels_in:
        return scale_named(said.preset.labels_in)
    return _of_names(list(values.counts), current)


def _the_projects(scale: Scale, current: Scale | None, *, fixed: bool) -> Scale:
    if fixed and current is not None and current.name != scale.name:
        reason = _(
            "The project judges in %(ours)s, the file in %(theirs)s. Say which label of the project each of its values "
            "becomes, or import it into another project."
        )
        raise ScaleUnclear(reason % {"ours": current.name, "theirs": scale.name})
    return scale


def _known(name: str) -> Scale:
    try:
        return scale_named(name)
    except UnknownScale as error:
        raise ScaleUnclear(str(error)) from None


def _named(scales: Set[str]) -> str:
    """The scale that the rows name."""
    names = sorted(scales - {""})
    if len(names) > 1:
        reason = _("The file names several label scales: %(names)s. Import them one by one.")
        raise ScaleUnclear(reason % {"names": ", ".join(names)[:200]})
    return names[0] if names else ""


def _declared(values: LabelValues) -> str:
    """The scale that every labelled row names."""
    return next(iter(values.scales)) if len(values.scales) == 1 else ""


def _of_told(labels: Iterable[str], named: str, current: Scale | None, *, fixed: bool) -> Scale:
    if current is not None and fixed:
        return current
    wanted = {fold(label) for label in labels} - {""}
    likely = [SCALES.get(named), current, LORE, *SCALES.values()]
    return next((scale for scale in likely if scale is not None and wanted <= scale.names.keys()), current or LORE)


def _of_names(keys: list[str], current: Scale | None) -> Scale:
    """Where the names fit several scales and none of them is the project's, somebody has to say which."""
    fit = [scale for scale in SCALES.values() if keys and all(is_word(key) and key in scale.names for key in keys)]
    if current in fit or not fit:
        return current or LORE
    if len(fit) > 1:
        reason = _("The labels fit several scales: %(names)s. Name one (--scale NAME).")
        raise ScaleUnclear(reason % {"names": ", ".join(scale.name for scale in fit)})
    return fit[0]


def _parsed(keys: Iterable[str], scale: Scale) -> dict[str, str]:
    found = {}
    for key in keys:
        try:
            found[key] = scale.parse(key)
        except UnknownLabel:
            continue
    return found


def said_again(by: str, labels: Mapping[str, str], scale: str, preset: Preset | None) -> Said:
    """What was said when an import was confirmed, for values that had not been met by then."""
    return Said(labels if by in (BY_CALL, BY_PERSON) else {}, scale, preset)
