"""A rule as a form and back, so that a rule owner writes no pack: one field a property, a row a worked case.

The condition is a text in its small language; clauses may be added to it from lists (`with_clause`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from django import forms
from django.utils.translation import gettext_lazy as _

from relevance import rule_sizes
from relevance.conditions import ConditionError, parse_condition
from relevance.dimensions import Dimension
from relevance.evidence import Source, Verdict
from relevance.labels import LORE
from relevance.rules import RuleSpec
from rules import yaml_reading
from rules.misread_words import in_words
from rules.reading import SOURCES, VERDICTS, dimension_name
from rules.yaml_reading import UnreadableText

EFFECTS = (("label", _("the label is")), ("cap", _("the label is at most")), ("floor", _("the label is at least")))
MORE_CASES = 2  # empty rows below the cases there are
MOST_CONDITION = rule_sizes.CONDITION


def dimensions() -> list[tuple[str, object]]:
    return [(one.value, dimension_name(one)) for one in Dimension]


def labels() -> list[tuple[str, str]]:
    return [(grade.code, f"{grade.code} {grade.name}") for grade in LORE.grades]


class WordsField(forms.CharField):
    """Words with commas between them, as a list."""

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value)).replace("，", ",").replace("、", ",")
        return [word.strip() for word in text.split(",") if word.strip()]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value


def _text(label: Any, *, required: bool = True, rows: int = 3, language: str = "") -> forms.CharField:
    area = forms.Textarea({"rows": rows, **({"lang": language} if language else {})})
    return forms.CharField(label=label, required=required, max_length=rule_sizes.TEXT, widget=area)


class RuleForm(forms.Form):
    dimension = forms.ChoiceField(label=_("Dimension"), choices=dimensions)
    title_en = forms.CharField(label=_("Title, English"), max_length=rule_sizes.TITLE)
    title_zh = forms.CharField(label=_("Title, Chinese"), max_length=rule_sizes.TITLE)
    statement_en = _text(_("Statement, English"), language="en")
    statement_zh = _text(_("Statement, Chinese"), language="zh-Hans")
    principle_en = _text(_("Principle, English"), required=False, rows=2, language="en")
    principle_zh = _text(_("Principle, Chinese"), required=False, rows=2, language="zh-Hans")
    checked = forms.BooleanField(label=_("The translation says the same: no mark"), required=False)
    scope = WordsField(
        label=_("Categories"), required=False, help_text=_("words of category or title, commas between; none: all")
    )
    queries = WordsField(label=_("Queries"), required=False, help_text=_("words of the query; none: all"))
    condition = forms.CharField(
        label=_("Condition"),
        required=False,
        max_length=MOST_CONDITION,
        widget=forms.Textarea({"rows": 8, "class": "mono", "spellcheck": "false"}),
        help_text=_("empty: no machine can check it, people judge by it"),
    )
    effect = forms.ChoiceField(label=_("Then"), choices=EFFECTS)
    label = forms.ChoiceField(label=_("Label"), choices=labels)
    precedence = forms.IntegerField(label=_("Precedence"), min_value=0, max_value=rule_sizes.PRECEDENCE, initial=50)
    valid_from = forms.DateField(
        label=_("Valid from"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    valid_until = forms.DateField(
        label=_("Valid until"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0, initial=0)

    def clean_condition(self) -> Any:
        return read_condition(self.cleaned_data["condition"])

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        begins, ends = found.get("valid_from"), found.get("valid_until")
        if begins and ends and ends < begins:
            self.add_error("valid_until", _("It ends before it begins."))
        if bool(found.get("principle_en")) != bool(found.get("principle_zh")):
            self.add_error("principle_zh", _("Both languages or neither."))
        return found


class CaseForm(forms.Form):
    query = forms.CharField(label=_("Query"), max_length=200)
    title = forms.CharField(label=_("Title"), max_length=400)
    category = forms.CharField(label=_("Category"), max_length=200, required=False)
    attributes = forms.CharField(label=_("Attributes"), max_length=2000, required=False)
    variants = forms.CharField(label=_("Variants"), max_length=1000, required=False)
    shop = forms.CharField(label=_("Shop"), max_length=200, required=False)
    caption = forms.CharField(label=_("Picture shows"), max_length=400, required=False)
    label = forms.ChoiceField(label=_("Label"), choices=lambda: [("", "–"), *labels()])  # so that a row may stay empty
    note = forms.CharField(label=_("Note"), max_length=400, required=False)

    def clean_attributes(self) -> dict[str, str]:
        return read_attributes(self.cleaned_data["attributes"])

    def clean_variants(self) -> list[str]:
        return [name.strip() for name in self.cleaned_data["variants"].replace("；", ";").split(";") if name.strip()]


CaseForms = forms.formset_factory(CaseForm, extra=MORE_CASES, can_delete=True, max_num=rule_sizes.CASES)


class ClauseForm(forms.Form):
    """One more clause for the condition: a row of the evidence grid."""

    kind = forms.ChoiceField(label=_("The query asks for"), choices=dimensions)
    verdict = forms.ChoiceField(label=_("and the item's answer is"), choices=[(v.value, VERDICTS[v]) for v in Verdict])
    source = forms.ChoiceField(
        label=_("in"), required=False, choices=[("", _("any source")), *((s.value, SOURCES[s]) for s in Source)]
    )
    joined = forms.ChoiceField(label=_("joined by"), choices=[("all", _("and")), ("any", _("or"))])


def read_condition(text: str) -> dict[str, Any] | None:
    """The condition in its data form, canonical; None where there is none. Raises ValidationError with its field."""
    if not text.strip():
        return None
    try:
        return parse_condition(yaml_reading.read(text)).to_data()
    except UnreadableText as error:
        raise forms.ValidationError(str(error)) from error
    except ConditionError as error:
        raise forms.ValidationError(in_words(error)) from error


def condition_text(data: Mapping[str, Any] | None) -> str:
    return yaml.safe_dump(dict(data), allow_unicode=True, sort_keys=False) if data else ""


def with_clause(data: Mapping[str, Any] | None, clause: Mapping[str, str]) -> dict[str, Any]:
    """The condition with one more row, joined to what is there."""
    row = {"kind": clause["kind"], "verdict": clause["verdict"]}
    if clause["source"]:
        row["source"] = clause["source"]
    added = {"row": row}
    if not data:
        return added
    joined = clause["joined"]
    parts = list(data[joined]) if joined in data else [dict(data)]
    return {joined: [*parts, added]}


def read_attributes(text: str) -> dict[str, str]:
    """ "colour: red; brand: Ox" as a mapping. Raises ValidationError naming the piece that has no colon."""
    found: dict[str, str] = {}
    for piece in text.replace("；", ";").replace("：", ":").split(";"):
        name, colon, value = piece.partition(":")
        if not piece.strip():
            continue
        if not colon or not name.strip() or not value.strip():
            raise forms.ValidationError(_("“%(piece)s” is not name: value") % {"piece": piece.strip()})
        found[name.strip()] = value.strip()
    return found


def initial_of(spec: RuleSpec, revision: int) -> dict[str, Any]:
    """What the form shows of a rule."""
    texts = {
        f"{name}_{language}": getattr(spec, name).get(language, "")
        for name in ("title", "statement", "principle")
        for language in ("en", "zh")
    }
    return {
        **texts,
        "dimension": spec.dimension.value,
        "scope": list(spec.scope_categories),
        "queries": list(spec.scope_queries),
        "condition": condition_text(spec.when.to_data() if spec.when is not None else None),
        "effect": spec.effect,
        "label": spec.label,
        "precedence": spec.precedence,
        "valid_from": spec.valid_from,
        "valid_until": spec.valid_until,
        "revision": revision,
    }


def initial_cases(spec: RuleSpec) -> list[dict[str, Any]]:
    return [
        {
            "query": case.query,
            "title": case.item.title,
            "category": case.item.category,
            "attributes": "; ".join(f"{name}: {value}" for name, value in case.item.cpv),
            "variants": "; ".join(sku.name for sku in case.item.skus),
            "shop": case.item.shop,
            "caption": case.item.caption,
            "label": case.label,
            "note": case.note,
        }
        for case in spec.cases
    ]


def data_of(form: Mapping[str, Any], cases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The rule in the pack's form, from cleaned fields."""
    data: dict[str, Any] = {
        "dimension": form["dimension"],
        "title": {language: form[f"title_{language}"] for language in ("en", "zh")},
        "statement": {language: form[f"statement_{language}"] for language in ("en", "zh")},
    }
    if form["principle_en"]:
        data["principle"] = {language: form[f"principle_{language}"] for language in ("en", "zh")}
    for name in ("scope", "queries"):
        if form[name]:
            data[name] = form[name]
    for name in ("valid_from", "valid_until"):
        if form[name]:
            data[name] = form[name].isoformat()
    if form["condition"]:
        data["when"] = form["condition"]
    return {
        **data,
        "effect": form["effect"],
        "label": form["label"],
        "precedence": form["precedence"],
        "cases": [_case(case) for case in cases if case and not case.get("DELETE")],
    }


def _case(case: Mapping[str, Any]) -> dict[str, Any]:
    fields = {
        "category": case["category"],
        "cpv": case["attributes"],
        "skus": case["variants"],
        "shop": case["shop"],
        "caption": case["caption"],
    }
    item = {"title": case["title"], **{name: value for name, value in fields.items() if value}}
    data = {"query": case["query"], "item": item, "label": case["label"]}
    return {**data, "note": case["note"]} if case["note"] else data
