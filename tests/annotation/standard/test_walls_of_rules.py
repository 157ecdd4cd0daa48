"""A publication changes what is asked, shown and stale in a project that follows, and nothing in one that pins."""

from __future__ import annotations

from typing import Any

import pytest

from annotation.judging import card_rules, queue
from annotation.models import Citation
from annotation.standard import staleness
from annotation.standard.weak_spots import weak_spots
from catalogue.evidence import grids
from catalogue.models import Pair
from inference.models import Trial
from inference.playground import trials
from inference.prelabel import runs
from inference.prelabel.runs import Wish
from inference.registry import connecting, registry
from projects.models import Person, Project
from rules import following, publishing
from rules.models import RuleVersion
from rules.publishing import publish_pack
from tests.annotation.test_asking import Recorder, chat
from tests.at_work import work_on
from tests.conftest import Cast
from tests.rules.conftest import spec, worded
from tests.world.rows import make_item, make_judgment, make_pair, make_slots


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    found = Recorder()
    monkeypatch.setattr(connecting, "CHATS", {**connecting.CHATS, "recorder": lambda *_: found})
    monkeypatch.setattr(connecting, "_chats", {})
    return found


def furnished(project: Project, judge: Person) -> Pair:
    """A pair that is judged by a rule which it cites, and asked about once more."""
    pair = make_pair(project=project, query="red mug", item=make_item(project=project, title="Blue mug"))
    make_slots(pair=pair)
    judgment = make_judgment(pair=pair, by=judge, label="L2", mode="facts")
    Citation.objects.create(judgment=judgment, version=RuleVersion.objects.get(rule__code="R-001", number=1))
    return pair


def seen(pair: Pair, recorder: Recorder, cast: Cast, model: Any) -> dict[str, Any]:
    """Everything of a pair's project that rules may have a say in."""
    project = Project.objects.get(pk=pair.project_id)
    pair = Pair.objects.select_related("project", "query", "item__current_snapshot").get(pk=pair.pk)
    rules = publishing.specs(publishing.active_rule_base(project))
    trial = trials.start_trial(pair, model, model.prompt, cast.max)
    work_on(trials.KIND, [trial.pk])
    assert Trial.objects.get(pk=trial.pk).state == "done"
    asked = sorted(recorder.judged())
    run = runs.start_run(project, None, Wish(model.name))
    runs.work_some(run)
    recorder.judged()
    lease = queue.take(cast.ben, project)
    assert lease is not None
    card = [(rule.spec.code, rule.spec.version) for rule in card_rules.on_the_card(lease)]
    queue.give_back(lease)
    assert pair.item.current_snapshot is not None
    return {
        "rules": rules,
        "prompts": asked,
        "run": run.rule_base.number,
        "card": card,
        "grid": grids.grid_of(pair, pair.item.current_snapshot).body,
        "stale": staleness.stale_judgments(project).count(),
        "stale rules": staleness.stale_rules(project),
        "weak spots": [(rule.code, rule.spec) for rule in weak_spots(project).rules],
        "cold start": registry.cold_start(rules, "distilled").revision,
    }


def test_what_is_published_reaches_who_follows_and_nobody_who_pins(
    project: Project, cast: Cast, recorder: Recorder
) -> None:
    publish_pack([spec("R-001"), spec("R-002", precedence=40)])
    other = Project.objects.create(slug="boots", name="Boots", mode="facts")
    pinned, follows = furnished(project, cast.ana), furnished(other, cast.ana)
    following.choose(project, 1, actor=cast.lena)
    model = chat("recorder")
    before = {pair.pk: seen(pair, recorder, cast, model) for pair in (pinned, follows)}
    publish_pack([spec("R-001", 2, statement=worded("Every shade counts as another colour."))])
    after = {pair.pk: seen(pair, recorder, cast, model) for pair in (pinned, follows)}

    assert after[pinned.pk] == before[pinned.pk]
    moved = {name for name in before[follows.pk] if after[follows.pk][name] != before[follows.pk][name]}
    assert moved == {"rules", "prompts", "run", "card", "stale", "stale rules", "weak spots", "cold start"}
    assert before[follows.pk]["grid"] == after[follows.pk]["grid"]  # evidence is read from the item, by no rule
    assert "Every shade counts" in str(after[follows.pk]["prompts"])

    following.choose(other, 1, actor=None)  # put back at once
    assert seen(follows, recorder, cast, model) == before[follows.pk]
