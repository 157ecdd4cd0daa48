"""Whatever a person may make without end has an hourly bound, or a reason why it needs none (breaking.md, 20)."""

from __future__ import annotations

from typing import Any
from unittest import mock

from projects import allowances
from projects.allowances import Allowance
from projects.models import Person
from projects.refusals import Refused
from tests.permissions import bodies, matrix, oracle
from tests.permissions.doors import Doors
from tests.permissions.matrix import Try
from tests.world.cast import World

SPENT = "Spent for this hour."
WITHOUT: dict[str, str] = {
    **dict.fromkeys(
        ("backtest-cancel", "export-cancel", "import-cancel", "model-job-cancel", "pictures-cancel", "run-cancel",
         "picture-words-cancel", "picture-words-read",
         "member-remove", "more-take-back", "picture-source-remove", "role-offer", "role-offer-withdraw", "token-revoke",
         "pictures-retry", "run-replay", "run-resume", "person-forget", "model-retire",
         "project-delete", "knowledge-imported", "query-erase"),
        "ends or begins again what is there already"),
    **dict.fromkeys(
        ("account", "language", "project-settings", "project-rules", "project-state", "rule-owner", "person",
         "installation-models", "model-put-back", "prompt-put-back", "model-promote", "model-calibrate",
         "prompt-activate", "import", "rule-draft-act"),
        "writes over what is there, on record, by whoever answers for it"),
    **dict.fromkeys(("judge-draft", "judge-later", "judge-leave", "judge-renew"), "one for each lease that a person holds"),
    "stale": "as many slots as stale pairs, none twice",
    "rule-check": "stores nothing",
    **dict.fromkeys(("login", "logout", "welcome"), "sessions end by time; wrong passwords wait (projects.login_throttling)"),
}  # fmt: skip


def test_every_url_that_writes_is_bounded_by_the_hour_or_says_why_not(world: World, doors: Doors) -> None:
    def spent(allowance: Allowance, by: Person) -> None:
        raise Refused("allowance_spent", SPENT, status=429)

    bounded, others = set(), set()
    with mock.patch.object(allowances, "spend", spent):
        for row in oracle.rows():
            if row.method != "POST":
                continue
            actor = sorted(row.who)[0]
            actor = {"anyone": "anonymous", "signed-in": "stranger"}.get(actor, actor)
            target = next(oracle.targets(world, row, actor))
            answers: list[Any] = [
                matrix.send(world, doors, Try("POST", actor, target, htmx=htmx, form=form))
                for form in bodies.FORMS_OF[row.url]
                for htmx in (False, True)
            ]
            (bounded if any(SPENT in answer.text for answer in answers) else others).add(row.url)
    assert others == WITHOUT.keys()
