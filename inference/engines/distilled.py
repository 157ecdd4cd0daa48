"""The CPU engine, in its cold start: evidence grid and rule pack decide label, posterior and chain.

It has learnt nothing yet and says so (`learnt`); pages repeat it. Its answers are the same chain JSON as any engine's.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from datetime import date

from inference.engines.base import Completion, EngineError, Question
from relevance.chain import Chain, ConstraintStep, Intent, PathStep, chain_json
from relevance.deciding import Decision, decide
from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid, Verdict
from relevance.rules import RuleSpec, fired_rules, in_force, rule_to_data

CODE_VERSION = "1"  # raised whenever the same evidence and rules would be answered otherwise
LONGEST = 300
MOST_CONSTRAINTS = 60


class Distilled:
    """Judges by all rules of the pack; which of them fired stands in the chain."""

    name = "distilled"
    prompt_version = "cold-1"
    learnt = False

    def __init__(self, rules: tuple[RuleSpec, ...]) -> None:
        self.rules = rules
        self.revision = f"cold-start-{CODE_VERSION}+{pack_digest(rules)[:12]}"

    def inputs(self, question: Question) -> object:
        return [question.pair.to_json(), question.grid.to_json()]

    def generate(self, questions: Sequence[Question]) -> list[Completion | EngineError]:
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question) -> Completion:
        began = time.perf_counter()
        fired = fired_rules(question.pair, question.grid, in_force(self.rules, date.today()))
        decision = decide(question.grid, fired)
        chain = make_chain(question.grid, decision, tuple(rule.code for rule in fired))
        return Completion(chain_json(chain), decision.posterior, seconds=time.perf_counter() - began)


def pack_digest(rules: Sequence[RuleSpec]) -> str:
    data = [rule_to_data(rule) for rule in sorted(rules, key=lambda one: one.code)]
    return hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def make_chain(grid: EvidenceGrid, decision: Decision, fired: tuple[str, ...]) -> Chain:
    """Entity, intent, constraints, path comparison, rules, label: what the grid showed and what was made of it."""
    head = grid.head
    asked = [row for row in grid.rows if row.constraint.value != "main"][:MOST_CONSTRAINTS]
    return Chain(
        entity=head.constraint.text[:LONGEST] if head else "",
        intent=intent(grid),
        constraints=tuple(
            ConstraintStep(
                text=row.constraint.text[:LONGEST],
                dimension=row.constraint.kind,
                value=row.constraint.value[:LONGEST],
                negated=row.constraint.negated,
            )
            for row in asked
        ),
        path=tuple(
            PathStep(
                constraint=row.constraint.text[:LONGEST],
                dimension=row.constraint.kind,
                source=cell.source,
                verdict=cell.verdict,
                literal=cell.literal[:LONGEST],
            )
            for row in grid.rows[:MOST_CONSTRAINTS]
            for cell in row.cells
            if cell.verdict is not Verdict.SILENT
        ),
        rules=fired[:64],
        label=decision.label,
        mismatch=decision.mismatch,
    )


def intent(grid: EvidenceGrid) -> Intent:
    """What kind of wish the query is, by the dimensions it names."""
    kinds = [row.constraint.kind for row in grid.rows if row.constraint.value != "main" and not row.constraint.word]
    head = grid.head
    if not grid.rows:
        return Intent.UNCLEAR
    if head is not None and head.constraint.asks_about is Dimension.MAIN_ACCESSORY:
        return Intent.ACCESSORY
    if Dimension.MODEL in kinds:
        return Intent.MODEL
    if kinds and set(kinds) == {Dimension.BRAND}:
        return Intent.BRAND
    if head is None or (head.constraint.word and len(grid.rows) == 1):
        return Intent.UNCLEAR
    return Intent.ITEM_WITH_ATTRIBUTES if len(grid.rows) > 1 else Intent.ITEM
