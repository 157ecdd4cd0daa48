from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import Error, IntegrityError, connection, transaction

from projects.models import Project
from relevance.rules import RuleError
from rules import publishing
from rules.models import Rule, RuleBaseEntry, RuleBaseVersion, RuleVersion
from rules.publishing import Loaded, publish_pack
from tests.rules.conftest import spec, worded


def test_a_pack_is_published_with_its_own_rule_base_version(pack: Loaded) -> None:
    assert (pack.rules, pack.versions, pack.rule_base, pack.problems) == (3, 3, 1, ())
    assert [s.code for s in publishing.specs(publishing.newest())] == ["R-001", "R-002", "R-003"]


def test_repeating_a_pack_changes_nothing(pack: Loaded) -> None:
    again = publish_pack([spec("R-001")])
    assert (again.rules, again.versions, again.rule_base) == (1, 0, 1)
    assert (Rule.objects.count(), RuleVersion.objects.count(), RuleBaseVersion.objects.count()) == (3, 3, 1)


def test_a_newer_version_makes_a_new_rule_base_version_and_keeps_the_other_rules(pack: Loaded) -> None:
    loaded = publish_pack([spec("R-001", 2, statement=worded("Only a clearly different colour counts."))])
    assert (loaded.versions, loaded.rule_base) == (1, 2)
    newest = publishing.specs(publishing.newest())
    assert [(s.code, s.version) for s in newest] == [("R-001", 2), ("R-002", 1), ("R-003", 1)]
    before = publishing.specs(publishing.rule_base_numbered(1))
    assert [(s.code, s.version) for s in before] == [("R-001", 1), ("R-002", 1), ("R-003", 1)]


def test_an_older_pack_takes_nothing_back(pack: Loaded) -> None:
    publish_pack([spec("R-001", 2, statement=worded("Newer."))])
    again = publish_pack([spec("R-001", 1)])
    assert (again.versions, again.rule_base, again.problems) == (0, 2, ())


def test_other_words_under_a_known_version_are_refused_and_the_rest_goes_in(pack: Loaded) -> None:
    loaded = publish_pack([spec("R-001", 1, statement=worded("Something else.")), spec("R-009", dimension="season")])
    assert (loaded.rules, loaded.versions, loaded.rule_base) == (1, 1, 2)
    assert len(loaded.problems) == 1 and "R-001 version 1" in loaded.problems[0]
    assert "Something else." not in str(publishing.specs(publishing.newest()))


def test_what_the_database_cannot_hold_is_refused_and_the_rest_goes_in(pack: Loaded) -> None:
    nul = spec("R-010", statement=worded("nul \x00 inside"))
    loaded = publish_pack([nul, spec("R-012")])
    assert (loaded.rules, loaded.versions, len(loaded.problems)) == (1, 1, 1)
    with pytest.raises(RuleError, match="R-011: version: must be a whole number from 1 to 2147483647"):
        spec("R-011", 2**31)


def test_an_empty_pack_makes_no_rule_base(db: None) -> None:
    assert publish_pack([]).rule_base == 0
    assert publishing.active_rule_base() is None
    assert publishing.specs(None) == ()


def test_a_project_keeps_the_version_it_pins(pack: Loaded, project: Project) -> None:
    publish_pack([spec("R-001", 2, statement=worded("Newer."))])
    newest = publishing.active_rule_base(project)
    assert newest is not None and newest.number == 2
    project.rule_base_number = 1
    pinned = publishing.active_rule_base(project)
    assert pinned is not None and pinned.number == 1


def test_the_rules_of_a_version_are_read_once(pack: Loaded, django_assert_num_queries: Callable[[int], Any]) -> None:
    rule_base = publishing.newest()
    publishing.specs(rule_base)
    with django_assert_num_queries(0):
        assert len(publishing.specs(rule_base)) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rules_ruleversion SET body = '{}'",
        "UPDATE rules_ruleversion SET number = number + 10",
        "UPDATE rules_ruleversion SET dimension = 'price'",
        "UPDATE rules_ruleversion SET origin = 'people'",
        "DELETE FROM rules_ruleversion",
        "TRUNCATE rules_ruleversion CASCADE",
        "UPDATE rules_rulebaseversion SET number = number + 10",
        "DELETE FROM rules_rulebaseversion",
        "UPDATE rules_rulebaseentry SET rule_base_id = rule_base_id",
        "DELETE FROM rules_rulebaseentry",
        "ALTER TABLE rules_ruleversion DISABLE TRIGGER ALL",
    ],
)
def test_published_rules_are_frozen(statement: str, pack: Loaded) -> None:
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert publishing.digest_of(RuleVersion.objects.get(rule__code="R-001").body) == publishing.digest_of(
        publishing.body_of(spec("R-001"))
    )


def test_two_publications_at_once_take_turns(pack: Loaded) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())",
            [publishing.LOCK],
        )  # not of other tests
        assert cursor.fetchone() == (1,), "the lock is held until the publication commits"


def test_one_version_of_a_rule_per_rule_base(pack: Loaded) -> None:
    entry = RuleBaseEntry.objects.select_related("rule").first()
    assert entry is not None
    with pytest.raises(IntegrityError, match="one_version_of_a_rule_per_rule_base"), transaction.atomic():
        RuleBaseEntry.objects.create(rule_base_id=entry.rule_base_id, rule=entry.rule, version_id=entry.version_id)
