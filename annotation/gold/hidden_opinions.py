"""What others and the model said of a pair is hidden from whoever may yet judge or settle it; who has read it in a dispute is
never given the pair to judge (annotation.judging.queue)."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from annotation.gold import opinions
from annotation.judging import queue
from annotation.models import Disagreement, Judgment, Lease, SeenOpinions, Slot
from catalogue.models import Pair
from projects.gates import Request, may
from projects.models import Person
from projects.policy import Permission
from projects.refusals import Refused


def still_to_judge(request: Request, pairs: Collection[int]) -> set[int]:
    """Those of the pairs that this person may yet judge or settle: their gold and their opinions are not shown."""
    return set(Pair.objects.filter(yet_to_judge(request), pk__in=pairs).values_list("pk", flat=True))


def yet_to_judge(request: Request) -> Q:
    """The same as a condition of pairs, for lists that must not count them."""
    if not (may(request.roles, Permission.JUDGE) or may(request.roles, Permission.ADJUDICATE)):
        return Q(pk__in=[])
    disputed = Disagreement.objects.filter(pair=OuterRef("pk"), state=Disagreement.State.OPEN)
    waiting = Slot.objects.filter(pair=OuterRef("pk"), state__in=[Slot.State.OPEN, Slot.State.LEASED])
    seen = SeenOpinions.objects.filter(pair=OuterRef("pk"), person=request.person)
    return Q(Exists(disputed)) | (Q(Exists(waiting)) & ~Q(Exists(seen)))


def record_seen(person: Person, pair_id: int) -> None:
    """From now on this person has read the opinions of the pair; what they hold of it is given back."""
    if has_seen(person, pair_id):
        return
    with transaction.atomic():
        # Without the lock an answer that is being recorded in this moment would not know that its person reads them.
        opinions.locked(pair_id)
        SeenOpinions.objects.bulk_create([SeenOpinions(pair_id=pair_id, person=person)], ignore_conflicts=True)
        for lease in Lease.objects.filter(person=person, pair=pair_id, state=Lease.State.LIVE):
            queue.give_back(lease)


def has_seen(person: Person, pair_id: int) -> bool:
    return SeenOpinions.objects.filter(pair=pair_id, person=person).exists()


def check_unseen(person: Person, pair_id: int) -> None:
    """Raises Refused: an answer of theirs would count as if they had not read the others'."""
    if has_seen(person, pair_id):
        sentence = _("You have read what others said of this pair; someone else judges it.")
        raise Refused("seen_opinions", sentence, status=409)


def are_read(judgment: Judgment) -> bool:
    """Whether its pair is adjudicated, or its judge has read since what the others said of it."""
    read = SeenOpinions.objects.filter(pair=judgment.pair_id, person__judge=judgment.judge_id)
    return judgment.pair.adjudications.exists() or read.exists()
