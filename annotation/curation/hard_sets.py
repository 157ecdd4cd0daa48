"""Freezing a hard set: every pair of the project that has a reason, with all its reasons and their evidence.

Once frozen the set takes no member and loses none. Which reasons count is decided in relevance.hardness.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from annotation.gold import opinions
from annotation.models import Disagreement, Gold, HardSet, HardSetMember, Judgment
from catalogue.models import Pair
from database.clock import ClockTimestamp
from inference.models import StandingPrediction
from projects import allowances, audit
from projects.allowances import Allowance
from projects.models import Person, Project
from projects.refusals import Refused
from relevance.hardness import Evidence, HumanLabel, ModelLabel, Reason, ReasonKind, reasons

CHUNK = 2000
KIND_OF = {
    Disagreement.Kind.HUMAN_HUMAN: ReasonKind.HUMAN_SPLIT,
    Disagreement.Kind.HUMAN_MODEL: ReasonKind.HUMAN_MODEL_CONFLICT,
}
HARD_SETS = Allowance("hard_set", 60, _("hard sets"))


def freeze_hard_set(project: Project, name: str, by: Person | None, kinds: Iterable[str] = ()) -> HardSet:
    """Take every pair with a reason (of `kinds`, or of any), in one transaction. Raises Refused."""
    wanted = {ReasonKind(kind) for kind in kinds} or set(ReasonKind)
    name = " ".join(name.split())
    if not name:
        raise Refused("no_name", _("Give the set a name."))
    try:
        with transaction.atomic():
            if by is not None:
                allowances.spend(HARD_SETS, by)
            hard_set = HardSet.objects.create(
                project=project, name=name[:80], created_by=by, criteria={"reasons": sorted(wanted)}
            )
            size = sum(_add(hard_set, chunk, wanted) for chunk in _chunks(project))
            if size == 0:
                raise Refused("nothing_hard", _("No pair has such a reason yet."))
            HardSet.objects.filter(pk=hard_set.pk).update(size=size, frozen_at=ClockTimestamp())
            audit.record(by, "froze_hard_set", project=project, on=hard_set, size=size)
    except IntegrityError as error:
        raise Refused("name_taken", _("A hard set of that name exists already."), status=409) from error
    hard_set.refresh_from_db()
    return hard_set


def counts_by_reason(hard_set: HardSet) -> dict[str, int]:
    """How many members give each reason; a member may give several."""
    counted: Counter[str] = Counter()
    for listed in hard_set.members.values_list("reasons", flat=True).iterator():
        counted.update({reason["kind"] for reason in listed})
    return dict(sorted(counted.items()))


def _chunks(project: Project) -> Iterator[list[Pair]]:
    rows: QuerySet[Pair] = Pair.objects.filter(project=project).select_related("item", "project").order_by("id")
    pairs = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(pairs, CHUNK)):
        yield chunk


def _add(hard_set: HardSet, pairs: Sequence[Pair], wanted: set[ReasonKind]) -> int:
    found = reasons_of(pairs)
    members = []
    for pair in pairs:
        kept = [reason for reason in found[pair.pk] if reason.kind in wanted]
        if kept:
            members.append(
                HardSetMember(
                    hard_set=hard_set,
                    pair=pair,
                    snapshot_id=pair.item.snapshot_now,
                    gold_label=pair.gold_label,
                    reasons=[
                        {"kind": r.kind, "evidence_kind": r.evidence_kind, "evidence_id": r.evidence_id} for r in kept
                    ],
                )
            )
    HardSetMember.objects.bulk_create(members)
    return len(members)


def reasons_of(pairs: Sequence[Pair]) -> dict[int, list[Reason]]:
    """The reasons of each pair of one project, in four queries however many there are."""
    ids = [pair.pk for pair in pairs]
    people = _people(ids)
    golds = {row.pair_id: row for row in Gold.objects.filter(pair_id__in=ids).order_by("pair_id", "revision")}
    models = {row.pair_id: row for row in StandingPrediction.objects.filter(pair_id__in=ids)}
    stored: dict[int, dict[ReasonKind, Evidence]] = defaultdict(dict)
    disputes = Disagreement.objects.filter(pair_id__in=ids).exclude(state=Disagreement.State.WITHDRAWN).order_by("id")
    for row in disputes:
        stored[row.pair_id][KIND_OF[Disagreement.Kind(row.kind)]] = Evidence("disagreement", str(row.pk))
    return {
        pair.pk: reasons(
            pair.project.scale,
            people.get(pair.pk, []),
            _settled(golds.get(pair.pk)),
            _model(models.get(pair.pk)),
            stored[pair.pk],
        )
        for pair in pairs
    }


def _people(ids: Sequence[int]) -> dict[int, list[HumanLabel]]:
    return {
        pair_id: [
            HumanLabel(row.label, Evidence("judgment", str(row.pk)))
            for row in rows
            if row.outcome == Judgment.Outcome.LABEL
        ]
        for pair_id, rows in opinions.standing_by_pair(ids).items()
    }


def _settled(gold: Gold | None) -> HumanLabel | None:
    return HumanLabel(gold.label, Evidence("gold", str(gold.pk))) if gold is not None and gold.label else None


def _model(prediction: StandingPrediction | None) -> ModelLabel | None:
    if prediction is None:
        return None
    evidence = Evidence("prediction", str(prediction.pk))
    return ModelLabel(prediction.label, evidence, prediction.posterior, tuple(prediction.contradicts))
