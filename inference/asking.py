"""The one way to ask a model about pairs: whoever asks, asks what pre-labelling asks, word for word.

    subjects -> briefings (grid, knowledge, guideline, caption, picture, company) -> questions under the rules -> judged

Pre-labelling, the playground, the canary suite, a back-test by a model and the measuring of a learnt one all come this
way. Knows models, prompts and rules; the tables that a briefing is read from lie above this layer, which registers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils import timezone

from inference.engines.base import EngineError, Question
from inference.engines.chat import Picture
from inference.engines.prompted import ONE_CHAIN, Sampling
from inference.models import ModelVersion, PromptVersion
from inference.pipeline import Judged, ask, judge, prompt_digest
from inference.registry import connecting
from projects.hooks import Hook
from projects.models import Project
from relevance.evidence import EvidenceGrid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from relevance.rules import RuleSpec, in_force


class Subject(NamedTuple):
    """A pair as it is about to be asked: the facts that are told, the row of its query, the snapshot that they are of.

    Without snapshot it is a pair of no catalogue. `altered`: the facts are not the snapshot's own (a canary's); all else
    is told as for the pair itself, and the grid of these facts is kept nowhere, since a grid's row vouches for a snapshot.
    """

    facts: PairFacts
    query_id: int | None = None
    snapshot_id: int | None = None
    altered: bool = False


@dataclass(frozen=True)
class Briefing:
    """What a model is told of a pair beside the rules, and the rows it came from, which a prediction names."""

    facts: PairFacts
    grid: EvidenceGrid
    grid_id: int | None = None
    knowledge: tuple[Mapping[str, Any], ...] = ()
    revisions: tuple[int, ...] = ()
    guideline: Mapping[str, Any] | None = None
    guideline_id: int | None = None
    caption: str = ""
    caption_id: int | None = None
    pictures: tuple[Picture, ...] = ()
    company: tuple[ItemFacts, ...] = ()


# What a project's queries are read with now, and what a model is told of its pairs: one for each subject, the error
# where a guideline or caption could not be had now. Who holds the catalogue registers, one each.
lexicon_of: Hook[[Project | None], Lexicon] = Hook()
briefed: Hook[[Project | None, ModelVersion, Sequence[Subject], Lexicon], Sequence[Briefing | EngineError]] = Hook()


class Asking:
    """One model under one set of rules, asked in one way: what all pairs of a call have in common.

    `rules` are a whole set, of which those in force today are told. `prompt` is one to try in place of the model's own;
    `lexicon` one that a run has fixed. Raises EngineError where this process cannot answer in the model's name.
    """

    def __init__(
        self,
        project: Project | None,
        model: ModelVersion,
        rules: Sequence[RuleSpec],
        *,
        sampling: Sampling = ONE_CHAIN,
        prompt: PromptVersion | None = None,
        lexicon: Lexicon | None = None,
    ) -> None:
        self._model = model
        self._project = project
        self._engine = connecting.reconnect(model, rules, sampling, prompt)
        (self._lexicon,) = [lexicon] if lexicon is not None else lexicon_of(project)
        self._codes = {rule.code for rule in rules}
        self._today = in_force(rules, timezone.localdate())

    def brief(self, subjects: Sequence[Subject]) -> Sequence[Briefing | EngineError]:
        """What each subject's pair is told with, whatever the rules; the error where it could not be had now."""
        (told,) = briefed(self._project, self._model, subjects, self._lexicon)
        return told

    def question(self, told: Briefing) -> Question:
        return ask(
            told.facts,
            told.grid,
            self._today,
            knowledge=told.knowledge,
            guideline=told.guideline,
            caption=told.caption,
            pictures=told.pictures,
            company=told.company,
        )

    def digest(self, question: Question) -> str:
        """What identifies the question before it is asked: whoever finds it among stored answers need not pay again."""
        return prompt_digest(question, self._engine)

    def judge(self, questions: Sequence[Question]) -> list[Judged | EngineError]:
        return judge(questions, self._engine, known_rules=self._codes) if questions else []

    def answers(self, told: Sequence[Briefing | EngineError]) -> list[Judged | EngineError]:
        """An error stands where the answer would; nothing is asked about a subject that could not be briefed."""
        judged = iter(self.judge([self.question(one) for one in told if isinstance(one, Briefing)]))
        return [next(judged) if isinstance(one, Briefing) else one for one in told]

    def about(self, subjects: Sequence[Subject]) -> list[Judged | EngineError]:
        return self.answers(self.brief(subjects))
