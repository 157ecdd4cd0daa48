"""How a pair becomes a prediction, step by step as in the paper's figure. Knows values only: no tables, no network.

    features -> knowledge -> image -> rules -> question -> generate -> check -> judged

Knowledge, guideline, caption and picture join the question where an installation has them; a pair without any of them
is a valid pair.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference.engines.base import Completion, Engine, EngineError, Question, Terms
from inference.engines.chat import SampledAnswer
from relevance.chain import LABELS, Chain, Invalid, lone_object, parse_chain
from relevance.evidence import EvidenceGrid, Verdict
from relevance.facts import PairFacts
from relevance.hardness import margin
from relevance.labels import LORE
from relevance.routing import IN_A_PROMPT, routed_rules
from relevance.rules import RuleSpec

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
    mismatch: str
    posterior: Mapping[str, float] | None
    margin: float | None
    chain: Chain | None
    contradicts: tuple[str, ...]
    prompt_digest: str
    completion: Completion
    samples: tuple[str, ...] = ()  # label, or "invalid", of each sampled chain


def ask(pair: PairFacts, grid: EvidenceGrid, specs: Iterable[RuleSpec], **helps: Any) -> Question:
    """The question about a pair: its facts, its grid, the few rules routed to it, and what helps (see Question)."""
    return Question(pair, grid, routed_rules(pair, grid, specs, IN_A_PROMPT), **helps)


def prompt_digest(question: Question, engine: Engine) -> str:
    """Of everything that the answer depends on: engine, prompt version and inputs; never of nonce and marker."""
    inputs = [engine.name, engine.prompt_version, engine.inputs(question)]
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
    """Schema, nonce, label, posterior; then whether chain, posterior and grid say the same.

    Of several samples the first valid chain that ends in the label is shown, else the first valid one.
    """
    digest = prompt_digest(question, engine)
    chains = read_chains(completion, known_rules)
    samples = tuple(chain.label if isinstance(chain, Chain) else "invalid" for chain in chains)
    valid = [chain for chain in chains if isinstance(chain, Chain)]
    if not valid:
        assert isinstance(chains[0], Invalid)
        return _invalid(chains[0].reason, digest, completion, samples)
    posterior = completion.posterior
    if posterior is not None and not is_distribution(posterior):
        return _invalid("posterior", digest, completion, samples)
    label = max(LABELS, key=lambda code: posterior[code]) if posterior else valid[0].label
    chain = next((one for one in valid if one.label == label), valid[0])
    return Judged(
        status="ok",
        reason="",
        label=label,
        mismatch=_mismatch(chain, question.grid) if label == "L2" else "",
        posterior=dict(posterior) if posterior else None,
        margin=margin(posterior) if posterior else None,
        chain=chain,
        contradicts=contradictions(label, chain, question.grid),
        prompt_digest=digest,
        completion=completion,
        samples=samples if len(samples) > 1 else (),
    )


def read_chains(completion: Completion, known_rules: Collection[str] | None) -> list[Chain | Invalid]:
    """Each sampled chain, or why it is none. What was cut off is none, however complete it looks."""
    said = [SampledAnswer(completion.text, completion.finish), *completion.others]
    return [_read(one, completion.terms, known_rules) for one in said]


def _read(said: SampledAnswer, terms: Terms | None, known_rules: Collection[str] | None) -> Chain | Invalid:
    if said.finish != "stop":
        return Invalid("length", f"the answer ended with {said.finish[:40]!r}")
    if terms is None:
        return parse_chain(said.text, known_rules=known_rules)
    text = said.text if terms.schema_held else lone_object(said.text)
    if isinstance(text, Invalid):
        return text
    return parse_chain(text, known_rules=terms.citable, letters=terms.order, nonce=terms.code)


def _invalid(reason: str, digest: str, completion: Completion, samples: tuple[str, ...]) -> Judged:
    return Judged(
        "invalid", reason, "", "", None, None, None, (), digest, completion, samples if len(samples) > 1 else ()
    )


def _mismatch(chain: Chain, grid: EvidenceGrid) -> str:
    """Of the chain; where the posterior says L2 and the chain does not, of the grid's first conflict, if there is one."""
    if chain.mismatch is not None:
        return chain.mismatch.value
    return next((row.constraint.kind.value for row in grid.conflicts), "")


def is_distribution(posterior: Mapping[str, float]) -> bool:
    """Exactly the four labels, finite shares from 0 to 1 that sum to about 1."""
    shares = list(posterior.values())
    return (
        set(posterior) == set(LABELS)
        and all(math.isfinite(share) and 0 <= share <= 1 for share in shares)
        and abs(sum(shares) - 1) <= SUM_TOLERANCE
    )


def contradictions(label: str, chain: Chain, grid: EvidenceGrid) -> tuple[str, ...]:
    found = []
    if chain.label != label:
        found.append("chain_label")
    if LORE.is_good(label) and grid.conflicts:
        found.append("grid_conflict")
    answered = bool(grid.rows) and all(row.verdict is Verdict.MATCH for row in grid.rows)
    if not LORE.is_good(label) and answered:
        found.append("grid_match")
    return tuple(found)
