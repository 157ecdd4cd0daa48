"""Settling a disagreement by someone who did not judge the pair, shown as views without names or sources."""

from __future__ import annotations

import random
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from annotation.gold import hidden_opinions, opinions, settling
from annotation.judging import card_rules, queue
from annotation.models import Adjudication, Disagreement, Judgment
from database.clock import ClockTimestamp
from projects import allowances, audit
from projects.allowances import Allowance
from projects.models import Person, Project
from projects.refusals import Refused
from relevance.dimensions import Dimension
from rules.models import Rule, RuleBaseEntry, RuleVersion
from rules.publishing import active_rule_base

RULINGS = Allowance("ruling.note", 1000, _("notes on rulings"))


@dataclass(frozen=True)
class View:
    """One side of a disagreement: what was said, never by whom or by what. `label` is empty for cannot tell."""

    letter: str
    label: str
    mismatch: str
    note: str
    votes: int
    source: str  # names, shown only after the pair is settled
    rules: tuple[str, ...] = ()  # the codes that this side cites


def open_for(person: Person, project: Project) -> QuerySet[Disagreement]:
    """The open disagreements this person may settle: not those on pairs they judged."""
    own = Judgment.objects.filter(pair=OuterRef("pair"), judge__person=person)
    return (
        Disagreement.objects.filter(project=project, state=Disagreement.State.OPEN)
        .filter(~Exists(own))
        .select_related("pair__query", "pair__item__current_snapshot")
        .order_by("id")
    )


def is_own_case(person: Person, disagreement: Disagreement) -> bool:
    return Judgment.objects.filter(pair=disagreement.pair, judge__person=person).exists()


def views_of(disagreement: Disagreement, person: Person) -> list[View]:
    """The opinions, equal ones joined, in an order that is random but the same for this person at each look."""
    scale = disagreement.project.scale
    said: dict[str, list[tuple[str, str, str]]] = {}
    rules: dict[str, set[str]] = {}
    rows = list(disagreement.judgments.select_related("judge__person").order_by("id"))
    cited = card_rules.cited_by(rows)
    for row in rows:
        said.setdefault(row.label, []).append((row.mismatch, row.note, str(row.judge)))
        rules.setdefault(row.label, set()).update(rule.code for rule in cited.get(row.pk, ()))
    if prediction := disagreement.prediction:
        label = scale.from_lore(prediction.label)
        said.setdefault(label, []).append((prediction.mismatch, "", str(prediction.model)))
        rules.setdefault(label, set()).update((prediction.chain or {}).get("rules", ()))
    sides = list(said.items())
    random.Random(f"{disagreement.pk}:{person.pk}").shuffle(sides)
    return [
        View(
            letter="ABCDEFGHI"[number],
            label=label,
            mismatch=next((mismatch for mismatch, _, _ in voices if mismatch), ""),
            note=" · ".join(note for _, note, _ in voices if note),
            votes=len(voices),
            source=", ".join(name for _, _, name in voices),
            rules=tuple(sorted(rules.get(label, ()))),
        )
        for number, (label, voices) in enumerate(sides)
    ]


@dataclass(frozen=True)
class Ruling:
    key: UUID
    label: str
    mismatch: str = ""
    rule_code: str = ""
    note: str = ""


def adjudicate(person: Person, disagreement_id: int, project: Project, ruling: Ruling) -> Adjudication:
    """Settle the pair: an append-only ruling, gold, and every open disagreement of the pair closed. Idempotent by key.

    Raises Refused; Disagreement.DoesNotExist for a foreign or unknown one.
    """
    rule = _checked(ruling, project)
    with transaction.atomic():
        # Without the locks two adjudicators would both find it open and both settle it. Without this order (settling, too,
        # takes the pair first) this and a judgment of the pair could wait for each other, and one of them would fail.
        pair = opinions.locked(project.disagreements.get(pk=disagreement_id).pair_id)
        disagreement = Disagreement.objects.select_for_update(of=("self",), no_key=True).get(pk=disagreement_id)
        if known := Adjudication.objects.filter(idempotency_key=ruling.key).first():
            if (known.adjudicator_id, known.disagreement_id) != (person.pk, disagreement.pk):
                raise Refused("used_key", _("The form is incomplete; reload the page."))
            return known
        if disagreement.state != Disagreement.State.OPEN:
            raise Refused("already_settled", _("Someone has settled this disagreement meanwhile."), status=409)
        if is_own_case(person, disagreement):
            raise Refused("own_case", _("You judged this pair yourself; someone else must settle it."), status=409)
        if ruling.note:
            allowances.spend(RULINGS, person)
        earlier = pair.adjudications.order_by("-revision").first()
        adjudication = Adjudication.objects.create(
            disagreement=disagreement,
            pair=pair,
            adjudicator=person,
            revision=(earlier.revision if earlier else 0) + 1,
            snapshot_id=pair.item.snapshot_now,
            label=ruling.label,
            mismatch=ruling.mismatch,
            rule=rule,
            version=_read_version(rule, project),
            note=ruling.note,
            idempotency_key=ruling.key,
        )
        settling.settle_by_adjudication(pair, adjudication)
        # Without the state, disputes that were withdrawn before would stand as settled by this ruling.
        Disagreement.objects.filter(pair=pair, state=Disagreement.State.OPEN).update(
            state=Disagreement.State.SETTLED, closed_at=ClockTimestamp()
        )
        hidden_opinions.record_seen(person, pair.pk)
        queue.close_open_slots(pair.pk)
        audit.record(person, "adjudicated", project=project, on=disagreement, label=ruling.label)
        return adjudication


def _read_version(rule: Rule | None, project: Project) -> RuleVersion | None:
    """The version that the project judges by now; None for a rule that is no longer in it."""
    entry = RuleBaseEntry.objects.filter(rule_base=active_rule_base(project), rule=rule).first()
    return entry.version if entry is not None else None


def _checked(ruling: Ruling, project: Project) -> Rule | None:
    if ruling.label not in project.scale.codes:
        raise Refused("bad_label", _("Choose one of the labels."))
    needs_mismatch = project.scale_name == "lore-4" and ruling.label == "L2"
    if needs_mismatch != bool(ruling.mismatch) or (
        ruling.mismatch and ruling.mismatch not in {dimension.value for dimension in Dimension}
    ):
        raise Refused("bad_mismatch", _("A mismatch names the dimension that does not match."))
    if not ruling.rule_code:
        return None
    rule = Rule.objects.filter(code=ruling.rule_code).first()
    if rule is None:
        raise Refused("unknown_rule", _("There is no rule of that code."))
    return rule
