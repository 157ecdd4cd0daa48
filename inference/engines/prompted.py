"""LORE by a large model: a question in words, asked twice, and the answers as a completion.

First one letter with its probability (the posterior), then the path to it as JSON. The second call repeats the words of
the first up to its last lines, so that the server's prefix cache serves it. Neither call is told what the other said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inference.engines.base import Completion, EngineError, Question, Terms
from inference.engines.chat import Call, ChatModel, Reply
from inference.prompting.prompts import PromptSet
from inference.prompting.rendering import Rendered, chain_schema, render, told_rules

SAMPLING_TEMPERATURE = 0.7  # where several chains are wanted; one alone is greedy


@dataclass(frozen=True)
class Sampling:
    """How chains are drawn. `seed` makes a repeated asking another draw."""

    samples: int = 1
    seed: int = 0
    max_tokens: int = 1500

    @property
    def temperature(self) -> float:
        return SAMPLING_TEMPERATURE if self.samples > 1 or self.seed else 0.0


ONE_CHAIN = Sampling()


class Prompted:
    """A chat model as a judge of pairs. Without `posterior` (a server that cannot) the chain alone gives the label.

    `schema_held` changes how an answer is read, never what is asked: it is no part of what identifies a question.
    """

    def __init__(
        self,
        chat: ChatModel,
        prompts: PromptSet,
        sampling: Sampling = ONE_CHAIN,
        *,
        posterior: bool = True,
        schema_held: bool = True,
    ) -> None:
        self.name = chat.name
        self.revision = chat.revision
        self.prompt_version = prompts.version
        self.prompts = prompts
        self.sampling = sampling
        self._chat = chat
        self._posterior = posterior
        self._schema_held = schema_held

    def inputs(self, question: Question) -> object:
        rendered = render(question, self.prompts, code="", marker="")
        pictures = [picture.sha256 for picture in rendered.pictures]
        return [rendered.system, rendered.shared, rendered.grade_task, rendered.chain_task, pictures, self._posterior]

    def generate(self, questions: Sequence[Question]) -> list[Completion | EngineError]:
        rendered = [render(question, self.prompts) for question in questions]
        graded = self._chat.converse([_grade_call(one, self.sampling) for one in rendered]) if self._posterior else []
        answers: dict[int, Reply | EngineError] = dict(enumerate(graded))
        wanted = [n for n in range(len(rendered)) if not isinstance(answers.get(n), EngineError)]
        told = self._chat.converse([_chain_call(rendered[n], self.sampling) for n in wanted])
        chains = dict(zip(wanted, told, strict=True))
        return [
            _completion(self._terms(question, rendered[n]), answers.get(n), chains.get(n))
            for n, question in enumerate(questions)
        ]

    def _terms(self, question: Question, rendered: Rendered) -> Terms:
        citable = told_rules(question.rules, question.pair.query)
        return Terms(rendered.code, rendered.order, citable, schema_held=self._schema_held)


def _grade_call(rendered: Rendered, sampling: Sampling) -> Call:
    return Call(
        system=rendered.system,
        user=(*rendered.pictures, rendered.shared, rendered.grade_task),
        choices=tuple(sorted(rendered.order)),
        max_tokens=1,
    )


def _chain_call(rendered: Rendered, sampling: Sampling) -> Call:
    return Call(
        system=rendered.system,
        user=(*rendered.pictures, rendered.shared, rendered.chain_task),
        schema=chain_schema(rendered.order),
        samples=sampling.samples,
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        seed=sampling.seed,
    )


def _completion(
    terms: Terms, graded: Reply | EngineError | None, chain: Reply | EngineError | None
) -> Completion | EngineError:
    if isinstance(graded, EngineError):
        return graded
    if not isinstance(chain, Reply):
        return chain or EngineError("no_answer", "nothing was asked")
    calls = [reply for reply in (graded, chain) if reply is not None]
    return Completion(
        text=chain.said[0].text,
        posterior=_by_label(graded.shares, terms.order) if graded and graded.shares else None,
        tokens_in=sum(reply.tokens_in for reply in calls),
        tokens_out=sum(reply.tokens_out for reply in calls),
        tokens_cached=sum(reply.tokens_cached for reply in calls),
        seconds=sum(reply.seconds for reply in calls),
        finish=chain.said[0].finish,
        others=chain.said[1:],
        terms=terms,
    )


def _by_label(shares: Mapping[str, float], order: Mapping[str, str]) -> dict[str, float]:
    """Letters mapped back to labels; rounded, the largest taking up the rest."""
    found = {order[letter]: round(share, 6) for letter, share in shares.items()}
    top = max(found, key=lambda label: found[label])
    found[top] = round(1 - sum(share for label, share in found.items() if label != top), 6)
    return dict(sorted(found.items()))
