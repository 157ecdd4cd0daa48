"""How rules get into the rule base, and which set of them a project judges by.

A published version never changes: a pack that says something else under a known code and version is refused, rule by
rule. Loading adds what is newer and keeps the rest, so repeating it changes nothing and a shipped pack never takes
back what people published since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from database.compiling import compiled
from projects.hooks import Hook
from projects.models import Project
from projects.refusals import Refused
from relevance.rules import RuleSpec, in_force, rule_to_data
from rules.models import Rule, RuleBaseEntry, RuleBaseVersion, RuleDraft, RuleVersion

LARGEST = 2**31 - 1
LOCK = 7302  # publications take turns: numbers follow each other
# The new version, the newest before it, and the draft that becomes it; none of a pack.
version_published: Hook[[RuleBaseVersion, RuleBaseVersion | None, RuleDraft | None], None] = Hook()


@dataclass(frozen=True)
class Loaded:
    """What loading a pack did. `rule_base` is the number of the newest rule base version afterwards, 0 if none."""

    rules: int
    versions: int
    rule_base: int
    problems: tuple[str, ...]


def publish_pack(specs: Sequence[RuleSpec], note: str = "") -> Loaded:
    """Publish the versions of a shipped pack; a new rule base version when the set changed by it."""
    with transaction.atomic():
        take_turn()
        current = current_versions()
        published, problems = [], []
        for spec in specs:
            try:
                published.append(_publish(spec, current))
            except Unpublishable as problem:
                problems.append(str(problem))
        rule_base = pin(current, note)
    return Loaded(len(specs) - len(problems), sum(published), rule_base, tuple(problems))


def may_load_packs() -> bool:
    """Whether this connection's role may: the app's role may not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT may_load_packs()")
        return bool(cursor.fetchone()[0])


class Unpublishable(Exception):
    """This version is published already and says something else, or the database cannot hold it."""


def _publish(spec: RuleSpec, current: dict[str, RuleVersion]) -> bool:
    """True if this version is new. `current` moves to it unless a newer one stands there, or people retired the rule."""
    body = body_of(spec)
    if spec.version > LARGEST or "\\u0000" in json.dumps(body):
        raise Unpublishable(f"{spec.code}: its version is too large, or it contains a NUL character")
    rule, unheard_of = Rule.objects.get_or_create(code=spec.code)
    version, new = RuleVersion.objects.get_or_create(
        rule=rule,
        number=spec.version,
        defaults={
            "dimension": spec.dimension.value,
            "body": body,
            "body_sha256": digest_of(body),
            "origin": RuleVersion.Origin.PACK,
        },
    )
    if version.body_sha256 != digest_of(body):
        raise Unpublishable(f"{spec.code} version {spec.version} exists and says something else: raise its version")
    retired = spec.code not in current and not unheard_of
    if not retired and (unheard_of or current[spec.code].number < version.number):
        current[spec.code] = version
    return new


def body_of(spec: RuleSpec) -> dict[str, Any]:
    """The rule as stored: identity and number are columns."""
    data: Mapping[str, Any] = rule_to_data(spec)
    return {key: value for key, value in data.items() if key not in {"code", "version"}}


def digest_of(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def take_turn() -> None:
    # Without the lock two who publish at once would both begin from the same version and choose the same next number.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def newest() -> RuleBaseVersion | None:
    return next(iter(_newest()), None)


@compiled
def _newest() -> QuerySet[RuleBaseVersion]:
    return RuleBaseVersion.objects.order_by("-number")[:1]


def current_versions() -> dict[str, RuleVersion]:
    rule_base = newest()
    if rule_base is None:
        return {}
    entries = RuleBaseEntry.objects.filter(rule_base=rule_base).select_related("version", "rule")
    return {entry.rule.code: entry.version for entry in entries}


def pin(current: Mapping[str, RuleVersion], note: str, draft: RuleDraft | None = None) -> int:
    """The number of the rule base version that pins exactly these: the newest if it does, else a new one."""
    pinned = sorted(current.items())
    before = newest()
    digest = digest_of([[code, version.number, version.body_sha256] for code, version in pinned])
    if before is not None and before.digest == digest:
        return before.number
    if not pinned:
        return 0
    number = before.number + 1 if before is not None else 1
    rule_base = RuleBaseVersion.objects.create(number=number, note=note[:200], digest=digest)
    RuleBaseEntry.objects.bulk_create(
        RuleBaseEntry(rule_base=rule_base, rule_id=version.rule_id, version=version) for _code, version in pinned
    )
    version_published(rule_base, before, draft)
    return number


def active_rule_base(project: Project | None = None) -> RuleBaseVersion | None:
    """What the project pins, else the newest; None before the first pack is loaded."""
    pinned = project.rule_base_number if project is not None else None
    return rule_base_numbered(pinned) if pinned is not None else newest()


def rule_base_of(project: Project) -> RuleBaseVersion:
    """The active one, for what cannot be done without rules. Raises Refused."""
    rule_base = active_rule_base(project)
    if rule_base is None:
        missing = _("There are no rules yet. A system admin loads the starter pack with: manage.py load_rules")
        raise Refused("no_rules", missing, status=409)
    return rule_base


def rule_base_numbered(number: int) -> RuleBaseVersion | None:
    return next(iter(_numbered(number)), None)


@compiled
def _numbered(number: int) -> QuerySet[RuleBaseVersion]:
    return RuleBaseVersion.objects.filter(number=number)


def rule_base_numbers() -> list[int]:
    return list(RuleBaseVersion.objects.order_by("-number").values_list("number", flat=True))


def specs(rule_base: RuleBaseVersion | None) -> tuple[RuleSpec, ...]:
    """The rules of a rule base version by code. It never changes, so it is read once per process."""
    return _specs(rule_base.pk, rule_base.digest) if rule_base is not None else ()


def specs_today(rule_base: RuleBaseVersion | None) -> tuple[RuleSpec, ...]:
    """Those of its rules that are in force today: what people and models judge by."""
    return in_force(specs(rule_base), timezone.localdate())


@lru_cache(maxsize=16)
def _specs(rule_base_id: int, digest: str) -> tuple[RuleSpec, ...]:
    entries = RuleBaseEntry.objects.filter(rule_base_id=rule_base_id).select_related("version__rule")
    return tuple(entry.version.spec for entry in entries.order_by("rule__code"))
