"""How a pair becomes a prediction, step by step as in the paper's figure. Knows values only: no tables, no network.

    features -> rules -> question -> generate -> check -> judged

Knowledge cards and captions join the question before `generate` where an installation has them; a pair without either
is a valid pair.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from inference.engines.base import Completion, Engine, EngineError, Question
from relevance.chain import LABELS, Chain, Invalid, parse_chain
from relevance.evidence import Grid, Verdict
from relevance.facts import PairFacts
from relevance.labels import LORE
from relevance.rules import RuleSpec, routed_rules

SUM_TOLERANCE = 0.01


@dataclass(frozen=True)
class Judged:
    """What an answer amounts to: ok with a label, or invalid with a reason and no label.

    `contradicts` are codes: "chain_label" (the chain ends otherwise than the posterior), "grid_conflict" (a good label
    against a conflict in the grid), "grid_match" (a bad label although the grid matches throughout).
    """

    status: str
    reason: str
    label: str
    posterior: Mapping[str, float] | None
    margin: float | None
    chain: Chain | None
    contradicts: tuple[str, ...]
    prompt_digest: str
    completion: Completion


def ask(pair: PairFacts, grid: Grid, specs: Iterable[RuleSpec]) -> Question:
    """The question about a pair: its facts, its grid and the few rules routed to it."""
    return Question(pair, grid, routed_rules(pair, grid, specs))


def prompt_digest(question: Question, engine: Engine) -> str:
    """Of everything that the answer depends on: engine, prompt version and inputs."""
    inputs = [
        engine.name,
        engine.prompt_version,
        asdict(question.pair),
        question.grid.to_json(),
        [(rule.code, rule.version) for rule in question.rules],
    ]
    return hashlib.sha256(json.dumps(inputs, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def judge(
    questions: Sequence[Question], engine: Engine, *, known_rules: Collection[str] | None = None
) -> list[Judged | EngineError]:
    """Ask the engine and check every answer; an error of the engine stands where its answer would."""
    answers = engine.generate(questions)
    return [
        answer if isinstance(answer, EngineError) else check(question, answer, engine, known_rules)
        for question, answer in zip(questions, answers, strict=True)
    ]


def check(
    question: Question, completion: Completion, engine: Engine, known_rules: Collection[str] | None = None
) -> Judged:
    """Schema, label, posterior; then whether chain, posterior and grid say the same."""
    digest = prompt_digest(question, engine)
    chain = parse_chain(completion.text, known_rules=known_rules)
    if isinstance(chain, Invalid):
        return _invalid(chain.reason, digest, completion)
    posterior = completion.posterior
    if posterior is not None and not is_distribution(posterior):
        return _invalid("posterior", digest, completion)
    label = max(LABELS, key=lambda code: posterior[code]) if posterior else chain.label
    if label == "L2" and chain.mismatch is None:
        return _invalid("mismatch_missing", digest, completion)
    return Judged(
        status="ok",
        reason="",
        label=label,
        posterior=dict(posterior) if posterior else None,
        margin=margin(posterior) if posterior else None,
        chain=chain,
        contradicts=contradictions(label, chain, question.grid),
        prompt_digest=digest,
        completion=completion,
    )


def _invalid(reason: str, digest: str, completion: Completion) -> Judged:
    return Judged("invalid", reason, "", None, None, None, (), digest, completion)


def is_distribution(posterior: Mapping[str, float]) -> bool:
    """Exactly the four labels, finite shares from 0 to 1 that sum to about 1."""
    shares = list(posterior.values())
    return (
        set(posterior) == set(LABELS)
        and all(math.isfinite(share) and 0 <= share <= 1 for share in shares)
        and abs(sum(shares) - 1) <= SUM_TOLERANCE
    )


def margin(posterior: Mapping[str, float]) -> float:
    first, second = sorted(posterior.values(), reverse=True)[:2]
    return round(first - second, 6)


def contradictions(label: str, chain: Chain, grid: Grid) -> tuple[str, ...]:
    found = []
    if chain.label != label:
        found.append("chain_label")
    if LORE.is_good(label) and grid.conflicts:
        found.append("grid_conflict")
    answered = bool(grid.rows) and all(row.verdict is Verdict.MATCH for row in grid.rows)
    if not LORE.is_good(label) and answered:
        found.append("grid_match")
    return tuple(found)
