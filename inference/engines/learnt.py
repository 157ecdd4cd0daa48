"""The distilled tier once it has learnt: evidence and rules as before, the verdict from trees learnt from labels."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from inference.distilled.feature_matrix import FEATURES_VERSION, observe
from inference.distilled.fitting import Learnt
from inference.engines.base import Completion, EngineError, Question
from inference.engines.distilled import make_chain, pack_digest
from relevance.chain import LABELS, chain_json
from relevance.deciding import Decision, decide
from relevance.dimensions import Dimension
from relevance.facts import AskedQuery, ItemFacts
from relevance.rules import RuleSpec, fired_rules, in_force
from relevance.vocabulary import Vocabulary

MOVED = 5  # of the features that moved an answer, the strongest


class LearntDistilled:
    """Judges a pair beside the other items of its query. What moved each answer is told with it."""

    name = "distilled"
    prompt_version = f"features-{FEATURES_VERSION}"
    learnt = True

    def __init__(self, rules: Sequence[RuleSpec], model: Learnt, vocabulary: Vocabulary) -> None:
        self.rules = tuple(rules)
        self.model = model
        self.vocabulary = vocabulary
        self.revision = revision(model)
        self._pack = pack_digest(rules)

    def inputs(self, question: Question) -> object:
        """The pair itself: the company it is seen in helps to judge it, but makes no other question."""
        return [question.pair.to_json(), question.grid.to_json(), self._pack]

    def generate(self, questions: Sequence[Question]) -> list[Completion | EngineError]:
        if not questions:
            return []
        began = time.perf_counter()
        others: Mapping[AskedQuery, Sequence[ItemFacts]] = {one.pair.asked_query: one.company for one in questions}
        rules = in_force(self.rules, date.today())
        seen = observe([(one.pair, one.grid) for one in questions], rules, self.vocabulary, others)
        shares = self.model.posterior(seen.features, seen.words)
        moved = [
            tuple(self.model.explain(seen.features[n : n + 1], seen.words[n : n + 1], MOVED))
            for n in range(len(questions))
        ]
        seconds = (time.perf_counter() - began) / len(questions)
        return [
            self._completion(question, posterior(row), why, seconds)
            for question, row, why in zip(questions, shares, moved, strict=True)
        ]

    def _completion(
        self, question: Question, shares: dict[str, float], why: tuple[tuple[str, float], ...], seconds: float
    ) -> Completion:
        fired = fired_rules(question.pair, question.grid, in_force(self.rules, date.today()))
        decision = decided(decide(question.grid, fired), shares, question)
        chain = make_chain(question.grid, decision, tuple(rule.code for rule in fired))
        return Completion(chain_json(chain), shares, seconds=seconds, moved=why)


def revision(model: Learnt) -> str:
    return f"learnt-{model.digest[:16]}"


def posterior(row: np.ndarray[tuple[int], np.dtype[np.float64]]) -> dict[str, float]:
    """A row of shares by label, rounded to 6 places, the largest taking up the rest."""
    shares: dict[str, float] = {label: round(float(share), 6) for label, share in zip(LABELS, row, strict=True)}
    top = max(LABELS, key=lambda label: shares[label])
    shares[top] = round(1 - sum(share for label, share in shares.items() if label != top), 6)
    return shares


def decided(by_rules: Decision, shares: Mapping[str, float], question: Question) -> Decision:
    """The decision with the label that the model gives most; an L2 names the rules' dimension, or the first conflict."""
    label = max(LABELS, key=lambda one: shares[one])
    mismatch = None
    if label == "L2":
        conflict = next((row.constraint.kind for row in question.grid.conflicts), Dimension.CATEGORY)
        mismatch = by_rules.mismatch or conflict
    return replace(by_rules, label=label, posterior=dict(shares), mismatch=mismatch)
