"""A prediction turned into what templates show: verdict, shares, chain, what moved the model. Reads; decides nothing.

A prediction speaks LORE-4; what is shown is in the project's scale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from catalogue import display
from inference import unanswered
from inference.models import KnowledgeRevision
from inference.models.prelabel import PredictionColumns
from projects.models import Project
from relevance.chain import Chain
from relevance.dimensions import Dimension
from relevance.labels import Scale
from relevance.rules import RuleSpec
from relevance.suspicion import HIDDEN, INJECTION, STUFFING


@dataclass(frozen=True)
class LabelShare:
    code: str
    label: str
    name: str
    grade: int
    p: float


def prediction(
    row: PredictionColumns,
    project: Project,
    specs: Sequence[RuleSpec] = (),
    *,
    contradictions: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A prediction in the project's scale: verdict, confidence, posterior, chain, the rules it cites, contradictions."""
    scale = project.scale
    label = scale.from_lore(row.label) if row.label else ""
    posterior = posterior_in(scale, row.posterior or {})
    chain = stored_chain(row)
    cited = set(chain.rules) if chain else set()
    texts = contradictions or {}
    return {
        "label": label,
        "name": display.label_name(scale, label),
        "grade": display.colour_grade(scale, label) if label else 0,
        "mismatch": display.dimension_name(row.mismatch) if row.mismatch else "",
        "confidence": row.confidence,
        "share": max((share.p for share in posterior), default=None),
        "samples": samples_in(scale, row.samples),
        "moved": moved_in_words(row.moved),
        "caption": row.caption.text if row.caption is not None else "",
        "guideline": row.guideline,
        "knowledge": told_knowledge(row),
        "signals": [SIGNALS.get(code, code) for code in row.signals],
        "tokens": row.tokens_in + row.tokens_out,
        "seconds": row.seconds,
        "prompt_version": row.model.prompt_version,
        "posterior": posterior,
        "model": str(row.model),
        "engine": row.model.engine,
        "learnt": row.model.learnt,
        "rule_base": row.rule_base.number,
        "chain": chain,
        "rules": display.rules(spec for spec in specs if spec.code in cited),
        "contradicts": [texts.get(code, code) for code in row.contradicts],
        "invalid_reason": row.reason,
        "why_invalid": unanswered.why_invalid(row.reason),
        "created_at": row.created_at,
    }


SIGNALS: Mapping[str, Any] = {
    INJECTION: _("The item's text talks to whoever judges it"),
    STUFFING: _("The query stands in the item's text again and again"),
    HIDDEN: _("The item's text holds characters that nobody sees"),
}
# What a feature of the learnt model is about, by the beginning of its name.
FEATURE_GROUPS: Sequence[tuple[str, Any]] = (
    ("title_", _("the query's words in the title")),
    ("attribute", _("the query's words in the attributes")),
    ("description", _("the query's words in the description")),
    ("anywhere", _("the query's words anywhere in the item")),
    ("spelling", _("how the query's words are spelt")),
    ("token_set", _("how alike query and title are")),
    ("partial", _("how alike query and title are")),
    ("weighted_ratio", _("how alike query and title are")),
    ("jaccard", _("how alike query and title are")),
    ("phrase", _("whether the whole query stands in the title")),
    ("longest_run", _("whether the whole query stands in the title")),
    ("last_two", _("whether the whole query stands in the title")),
    ("head_verdict", _("what the grid found of the thing wanted")),
    ("head_", _("where the thing wanted stands in the title")),
    ("after_head", _("what stands beside the thing wanted")),
    ("before_head", _("what stands beside the thing wanted")),
    ("compatible", _("words such as “for” and “compatible”")),
    ("number", _("numbers that the query names")),
    ("rules_", _("what the rules say")),
    ("overlap", _("how much of the query the grid found")),
    ("conflicts", _("conflicts in the grid")),
    ("verdicts", _("the verdicts of the grid")),
    ("constraints", _("how much the query asks for")),
    ("price", _("the price")),
    ("like_", _("how like the query's other items it is")),
    ("profile_", _("how like the query's other items it is")),
    ("rare_in_list", _("how it stands out among the query's other items")),
    ("list_length", _("how many items the query has")),
    ("word_weights", _("words that told good from bad before")),
    ("words_missing", _("words of the query that are missing")),
    ("first_word", _("the first word of the query")),
)


def moved_in_words(moved: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """What moved a learnt model: a group of features each, the strongest first, towards good or towards bad."""
    sums: dict[str, float] = {}
    for name, step in moved:
        text = feature_in_words(str(name))
        sums[text] = sums.get(text, 0.0) + float(step)
    return [
        {"text": text, "towards_good": step > 0, "step": abs(step)}
        for text, step in sorted(sums.items(), key=lambda one: -abs(one[1]))
    ]


def feature_in_words(name: str) -> str:
    for dimension in Dimension:
        if name == f"{dimension.value}_verdict":
            return display.dimension_name(dimension)
    found = next((text for start, text in FEATURE_GROUPS if name.startswith(start)), _("size of query and item"))
    return str(found)


def samples_in(scale: Scale, samples: Iterable[str]) -> list[tuple[str, int]]:
    """How often each label, in the project's scale, came up among the sampled chains; the most frequent first."""
    counted = Counter(scale.from_lore(label) if label != "invalid" else label for label in samples)
    return counted.most_common()


def told_knowledge(row: PredictionColumns) -> list[KnowledgeRevision]:
    return list(KnowledgeRevision.objects.filter(pk__in=row.knowledge).select_related("card")) if row.knowledge else []


def stored_chain(row: PredictionColumns) -> Chain | None:
    """The chain as data; None where there is none or where a later form of chains no longer reads it."""
    if not row.chain:
        return None
    try:
        return Chain.model_validate(row.chain)
    except ValidationError:
        return None


def posterior_in(scale: Scale, posterior: Mapping[str, float]) -> list[LabelShare]:
    """LORE-4 shares added up in the labels of the project's scale, in the scale's order."""
    sums: dict[str, float] = {}
    for code, p in posterior.items():
        own = scale.from_lore(code)
        sums[own] = sums.get(own, 0.0) + p
    return [
        LabelShare(
            grade.code,
            grade.code,
            display.label_name(scale, grade.code),
            display.colour_grade(scale, grade.code),
            sums[grade.code],
        )
        for grade in scale.grades
        if grade.code in sums
    ]
