"""manage.py work with a fault built in: `broken_worker.py FAULT [options of work]`. What it does is noted in its folder."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")

DEADLY, ENDLESS, GREEDY = "Deadly mug", "Endless mug", "Greedy mug"
STARTS = Path("starts.txt")  # the initial of a poisonous item each time that somebody starts on it
PIECE = 8 * 1024 * 1024


def poisoned() -> None:
    """Its engine takes the process down at one item, hangs at another and eats memory at a third."""
    from inference.engines.base import Completion, Engine, EngineError, Question
    from inference.registry import connecting
    from relevance.rules import RuleSpec

    class Poisoned:
        def __init__(self, engine: Engine) -> None:
            self.engine = engine
            self.name, self.revision = engine.name, engine.revision
            self.prompt_version = engine.prompt_version

        def inputs(self, question: Question) -> object:
            return self.engine.inputs(question)

        def generate(self, questions: Sequence[Question]) -> list[Completion | EngineError]:
            for title in {question.pair.item.title for question in questions} & set(POISONS):
                with STARTS.open("a") as log:
                    log.write(title[0])
                POISONS[title]()
            return self.engine.generate(questions)

    make = connecting.ENGINES["distilled"]

    def make_poisoned(rules: Sequence[RuleSpec]) -> Engine:
        return Poisoned(make(rules))

    connecting.ENGINES = {"distilled": make_poisoned}


def eat() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(PIECE))


POISONS: dict[str, Callable[[], object]] = {DEADLY: lambda: os._exit(9), ENDLESS: Event().wait, GREEDY: eat}


def thrice() -> None:
    """Every message is published three times."""
    from celery import Celery

    once = Celery.send_task

    def send(*arguments: Any, **options: Any) -> Any:
        for _ in range(3):
            sent = once(*arguments, **options)
        return sent

    Celery.send_task = send


def deaf() -> None:
    """Connected, alive, and consuming nothing."""
    from celery.worker.consumer import Consumer

    Consumer.create_task_handler = lambda *_, **__: lambda message: None


def crawling() -> None:
    """Exports crawl in small steps, so that a fault can meet them in the middle."""
    from annotation.curation import exporting

    records = exporting.Gatherer.records

    def slowly(gatherer: exporting.Gatherer, *some: Any) -> Iterator[Any]:
        time.sleep(0.05)
        yield from records(gatherer, *some)

    exporting.CHUNK = int(os.environ.get("DRILL_CHUNK", "1000"))
    exporting.Gatherer.records = slowly


FAULTS = {one.__name__: one for one in (poisoned, thrice, deaf, crawling)}


def main(fault: str, options: Sequence[str]) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    FAULTS[fault]()
    call_command("work", *options)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
