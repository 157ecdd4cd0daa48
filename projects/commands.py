"""The contract of our commands: progress to stderr, one JSON object as the last line of stdout, exit 0, 1 or 2."""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, ClassVar, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from database import half_restored, versions
from projects.refusals import Refused, TotalFailure


class UsageError(Exception):
    """The command line itself is wrong: exit 2."""


class NothingSucceeded(Exception):
    """What was asked for is over and nothing at all of it succeeded: exit 1, with the counts that tell so."""

    def __init__(self, why: TotalFailure, answer: dict[str, Any]) -> None:
        super().__init__(why.sentence)
        self.why, self.answer = why, answer


def unless_nothing_succeeded(answer: dict[str, Any], why: TotalFailure | None) -> dict[str, Any]:
    """The answer; raises NothingSucceeded where there is a reason why it holds nothing."""
    if why is not None:
        raise NothingSucceeded(why, answer)
    return answer


def refuse_other_versions() -> None:
    """Raises CommandError over the tables of another version, or half restored ones."""
    if reason := half_restored.why_not() or versions.why_not_ours("the database", versions.applied()):
        raise CommandError(reason)


def failure(error: Exception) -> str:
    """The last line of stdout of a command that failed."""
    return json.dumps({"error": str(error)}, ensure_ascii=False)


class JsonCommand(BaseCommand, ABC):
    """Subclasses implement `run`. A CommandError or Refused ends with {"error": ...} and exit 1; usage errors exit 2.

    NothingSucceeded ends with the answer, {"error", "code"} beside it, and exit 1. That nothing was left to do is no
    failure.

    `any_version`: the command runs over the tables of another version as well, or asks by itself.
    """

    requires_system_checks: list[str] = []
    any_version: ClassVar[bool] = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs.setdefault("conflict_handler", "resolve")  # our --version is a rule base version's, not Django's
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.called_from_command_line = True  # argparse's own exit code 2 for wrong usage
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if not self.any_version:
                with suppress(OperationalError):  # away, or not there: a matter of the command, which may need none
                    refuse_other_versions()
            answer = self.run(**options)
        except UsageError as error:
            self.stderr.write(str(error))
            sys.exit(2)
        except CommandError as error:
            self.stderr.write(str(error))
            self.stdout.write(failure(error))
            sys.exit(1)
        except Refused as refusal:
            self._end(refusal.code, refusal.sentence, {})
        except NothingSucceeded as nothing:
            self._end(nothing.why.code, nothing.why.sentence, nothing.answer)
        self.stdout.write(json.dumps(answer, ensure_ascii=False))

    def _end(self, code: str, sentence: str, answer: dict[str, Any]) -> NoReturn:
        self.stderr.write(f"{code}: {sentence}")
        self.stdout.write(json.dumps({**answer, "error": sentence, "code": code}, ensure_ascii=False))
        sys.exit(1)

    @abstractmethod
    def run(self, **options: Any) -> dict[str, Any]:
        """Do the work and return the answer object."""
