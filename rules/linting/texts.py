"""What a reader or a test would miss: a translation, a worked case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from relevance.rules import RuleSpec
from rules.linting.finding import Finding

FEWEST_CASES = 3
_HAN = re.compile(r"[\u3400-\u9fff]")


def lacking(specs: Sequence[RuleSpec]) -> Iterator[Finding]:
    for spec in specs:
        if len(spec.cases) < FEWEST_CASES:
            few = ngettext("only %d worked case", "only %d worked cases", len(spec.cases)) % len(spec.cases)
            proposal = _("Have three: one that fires, one near it, one beside it.")
            if spec.cases:
                yield _finding("caseless", spec, few, proposal)
            else:
                yield _finding("caseless", spec, _("no worked case"), proposal, severity="error")
        texts = [text for text in (spec.title, spec.statement, spec.principle) if text]
        if any(not _HAN.search(text["zh"]) for text in texts):
            yield _finding("untranslated", spec, _("its Chinese text has no Chinese"), _("Translate it."))
        if any(_HAN.search(text["en"]) for text in texts):
            yield _finding("untranslated", spec, _("its English text is Chinese"), _("Translate it."))
        if spec.behind:
            yield _finding(
                "untranslated", spec, _("one language is older than the other"), _("Let the translation follow.")
            )


def _finding(
    kind: str, spec: RuleSpec, why: str, proposal: str, *, severity: Literal["error", "warning"] = "warning"
) -> Finding:
    return Finding(kind, severity, (spec.code,), f"{spec.code}: {why}", proposal)
