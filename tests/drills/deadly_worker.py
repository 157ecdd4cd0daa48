"""manage.py work with an engine that takes its process down at one item; it notes each time that it starts on it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")

DEADLY = "Deadly mug"
STARTS = Path("starts.txt")


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from inference import connecting
    from inference.engines.base import Completion, Engine, EngineError, Question
    from relevance.rules import RuleSpec

    class Deadly:
        def __init__(self, engine: Engine) -> None:
            self.engine = engine
            self.name, self.revision = engine.name, engine.revision
            self.prompt_version = engine.prompt_version

        def inputs(self, question: Question) -> object:
            return self.engine.inputs(question)

        def generate(self, questions: Sequence[Question]) -> list[Completion | EngineError]:
            if any(question.pair.item.title == DEADLY for question in questions):
                with STARTS.open("a") as log:
                    log.write("x")
                os._exit(9)
            return self.engine.generate(questions)

    make = connecting.ENGINES["distilled"]

    def make_deadly(rules: Sequence[RuleSpec]) -> Engine:
        return Deadly(make(rules))

    connecting.ENGINES = {"distilled": make_deadly}
    call_command("work")


if __name__ == "__main__":
    main()
