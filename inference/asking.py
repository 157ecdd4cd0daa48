"""The one way to ask a model about pairs: whoever asks, asks what pre-labelling asks, word for word.

    subjects -> briefings (grid, knowledge, guideline, caption, picture, company) -> questions under the rules -> judged

Pre-labelling, the playground, the canary suite, a back-test by a model and the measuring of a learnt one all come this
way.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from inference.engines.base import EngineError, Question
from inference.engines.prompted import ONE_CHAIN, Sampling
from inference.models import ModelVersion, PromptVersion
from inference.pipeline import Judged, ask, judge, prompt_digest
from inference.prelabel import model_context
from inference.prelabel.model_context import Briefing, Subject
from inference.registry import connecting
from projects.models import Project
from relevance.lexicon import Lexicon
from relevance.rules import RuleSpec, in_force


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
        self._lexicon = model_context.lexicon(project) if lexicon is None else lexicon
        self._codes = {rule.code for rule in rules}
        self._today = in_force(rules, timezone.localdate())

    def brief(self, subjects: Sequence[Subject]) -> Sequence[Briefing | EngineError]:
        """What each subject's pair is told with, whatever the rules; the error where it could not be had now."""
        return model_context.brief(self._project, self._model, subjects, self._lexicon)

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
