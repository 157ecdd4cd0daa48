"""More judgments on pairs that are there: so many further slots on each of the chosen ones, asked for, followed, taken back.

A slot more is one of the first round, beside its query's others in the queue; of a benchmark query it is blind. What people
have said stays as it is: gold by consensus stands until somebody says otherwise (annotation/sql/settle_pairs.sql). A few pairs
get theirs at once; many are a job, so that nobody who judges waits for more than STEP pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from annotation.gold import settling
from annotation.gold.intake import POSITION_BITS
from annotation.models import Judgment, MoreJudgments
from annotation.pairs import choosing
from annotation.pairs.choosing import Choice
from database.clock import ClockTimestamp
from database.statements import array_of, rows, statement
from jobs import kinds, leasing
from jobs.kinds import Kind, single
from jobs.leasing import Claim
from jobs.models import JobState
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused

TOGETHER = 1000  # pairs, or slots to take back, that are done at once, in one step
STEP = 250  # pairs in one step of a job, and locked for as long: about a fifth of a second
MOST = 100_000  # pairs of one act
NUMBERS = 9  # of the slots of a pair (slot_number_between_1_and_9)
Way = MoreJudgments.Way

_PREVIEW = statement(__file__, "foresee_more")
_GIVE = statement(__file__, "give_more")
# Without the place in `m.id` each step would pass again over all slots that people have taken.
_STILL_OPEN = """
SELECT m.id, s.id, s.pair_id FROM annotation_moreslot m JOIN annotation_slot s ON s.id = m.slot_id
WHERE m.asked_id = %s AND m.id > %s AND s.state = 'open' ORDER BY m.id LIMIT %s
"""
# Without the state in the UPDATE a slot that somebody takes in this moment would be closed under them.
_CLOSE = """
WITH closed AS (
  UPDATE annotation_slot SET state = 'closed' WHERE id = ANY(%s::bigint[]) AND state = 'open' RETURNING id),
forgotten AS (DELETE FROM annotation_moreslot USING closed WHERE slot_id = closed.id)
SELECT count(*) FROM closed
"""
# Of each person the last ones. Without the LATERAL the project's last would be looked for among those of all projects.
_SECONDS = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY said.seconds)
FROM annotation_judge judge CROSS JOIN LATERAL (
  SELECT seconds FROM annotation_judgment j WHERE j.judge_id = judge.id AND j.seconds IS NOT NULL
  ORDER BY j.id DESC LIMIT 200) said
WHERE judge.project_id = %s AND judge.person_id IS NOT NULL
"""
ASKED = Allowance("more_judgments", 120, _("requests for more judgments"))


class MoreWanted(NamedTuple):
    """So many judgments more on each chosen pair, on `most` pairs at most; `firm`: also where gold is adjudicated or imported."""

    chosen: Choice
    more: int
    firm: bool = False
    most: int | None = None


class Foreseen(NamedTuple):
    """`found` pairs: of these `firm` have gold that is adjudicated or imported and are passed over, `full` have nine slots,
    `pairs` get something, `fewer` of them less than was asked for; `unsettled`: their gold may fall by another answer.
    `seconds` for all `slots`, None where nobody has judged yet; `partial`: not all pairs could be searched by their words."""

    found: int
    firm: int
    full: int
    pairs: int
    fewer: int
    unsettled: int
    slots: int
    seconds: float | None
    partial: bool


def preview(project: Project, wanted: MoreWanted) -> Foreseen:
    """What asking would do now; nothing is written. Raises Refused where more than MOST pairs are chosen."""
    found, partial = _chosen(project, wanted.chosen)
    whom = {"pairs": array_of(found), "more": wanted.more, "firm": wanted.firm, "most": wanted.most, "numbers": NUMBERS}
    [told] = rows(_PREVIEW, **whom)
    looked_at, firm, full, pairs, fewer, unsettled, slots = map(int, told)
    [(median,)] = rows(_SECONDS, project.pk)
    seconds = None if median is None else float(median) * slots
    return Foreseen(looked_at, firm, full, pairs, fewer, unsettled, slots, seconds, partial)


def ask(project: Project, wanted: MoreWanted, by: Person | None, key: UUID, *, here: bool = False) -> MoreJudgments:
    """The same key again is the same act. Few pairs have their slots when it returns, many when a worker is done; `here`:
    in any case. Raises Refused."""
    known = MoreJudgments.objects.filter(key=key).first()
    if known is not None:
        if known.project_id != project.pk:  # a key is a UUID that only its own page knows
            raise Refused("used_key", _("The form is incomplete; reload the page."), status=409)
        return known
    kinds.refuse_beyond("more_judgments", project)
    found, _partial = _chosen(project, wanted.chosen)
    told = {**wanted.chosen.as_data(), **({"firm": True} if wanted.firm else {})}
    at_once, token = len(found) <= TOGETHER, None
    with transaction.atomic():
        if by is not None:
            allowances.spend(ASKED, by)
        act, new = MoreJudgments.objects.get_or_create(
            key=key,
            defaults={
                "project": project,
                "more": wanted.more,
                "most": wanted.most,
                "chosen": told,
                "asked_by": by,
            },
        )
        if not new:
            return act
        record(by, "judgments.more_asked", project=project, on=act, more=wanted.more, most=wanted.most, chosen=told)
        if at_once or here:
            token = leasing.claim(MoreJudgments, act.pk)
        if at_once and token is not None:
            work(act.pk, token, TOGETHER)
    if token is not None and not at_once:
        work(act.pk, token)
    act.refresh_from_db()
    return act


def _chosen(project: Project, chosen: Choice) -> tuple[list[int], bool]:
    found, partial = choosing.first(project, chosen, MOST + 1)
    if len(found) > MOST:
        sentence = _("These are more than %(most)s pairs. Narrow the filters: so many at once is the most.")
        raise Refused("too_many_pairs", sentence, most=f"{MOST:,}")
    return found, partial


def take_back(act: MoreJudgments, by: Person | None) -> MoreJudgments:
    """Whatever the act opened and nobody has taken is closed again; what is not opened yet never is. Judgments stay."""
    with transaction.atomic():
        # Without the lock two people who take it back at once would both stand in the audit log, and the second would set back
        # the place that the first has reached.
        held = MoreJudgments.objects.select_for_update(no_key=True).get(pk=act.pk)
        if held.way == Way.TAKE_BACK and held.state in leasing.LIVE:
            return held
        slots = still_open([held]).get(held.pk, 0)
        record(by, "judgments.more_taken_back", project=held.project, on=held, slots=slots)
        MoreJudgments.objects.filter(pk=held.pk).update(
            way=Way.TAKE_BACK, reached=0, state=JobState.QUEUED, attempts=0, vanished=0, token=None, lease_until=None,
            due_at=ClockTimestamp(), finished_at=None, error="",
        )  # fmt: skip
        if slots <= TOGETHER and (token := leasing.claim(MoreJudgments, held.pk)) is not None:
            work(held.pk, token, TOGETHER)
    held.refresh_from_db()
    return held


def still_open(acts: Sequence[MoreJudgments]) -> dict[int, int]:
    """Of each act how many of its slots nobody has taken."""
    counted = rows(
        """SELECT m.asked_id, count(*) FROM annotation_moreslot m JOIN annotation_slot s ON s.id = m.slot_id
           WHERE m.asked_id = ANY(%s::bigint[]) AND s.state = 'open' GROUP BY m.asked_id""",
        array_of(act.pk for act in acts),
    )
    return dict(counted)


def work(pk: int, token: UUID, together: int = STEP) -> None:
    """A claimed act, step by step; each step stands or falls as a whole, and the next begins where it ended."""
    act = MoreJudgments.objects.select_related("project", "asked_by").get(pk=pk)
    step = _give if act.way == Way.GIVE else _close
    with leasing.kept(MoreJudgments, {pk: token}):
        while step(act, token, together):
            pass


KIND = Kind("more_judgments", _("More judgments"), MoreJudgments, single(work), most_waiting=50)


def _give(act: MoreJudgments, token: UUID, together: int) -> bool:
    """False: there is nothing more to do."""
    with transaction.atomic():
        if not _ours(act, token):
            return False
        act.refresh_from_db(fields=["reached", "pairs", "slots"])
        said = dict(act.chosen)
        firm = said.pop("firm", False)
        found, _partial = choosing.first(act.project, choosing.choice(said), together, after=act.reached)
        left = None if act.most is None else act.most - act.pairs
        _lock(found)
        whom = {"pairs": array_of(found), "more": act.more, "firm": firm, "most": left, "numbers": NUMBERS}
        [(pairs, slots)] = rows(_GIVE, **whom, project=act.project_id, act=act.pk, position_bits=POSITION_BITS)
        _settle(act.project, found)
        counts = {"pairs": act.pairs + pairs, "slots": act.slots + slots, "reached": max(found, default=act.reached)}
        if len(found) == together and (left is None or pairs < left):
            return bool(leasing.held_by(MoreJudgments, act.pk, token).update(**counts))
        leasing.finish(act, token, **counts)
        record(
            act.asked_by,
            "judgments.more_given",
            project=act.project,
            on=act,
            pairs=counts["pairs"],
            slots=counts["slots"],
        )
    return False


def _close(act: MoreJudgments, token: UUID, together: int) -> bool:
    """False: there is nothing more to do."""
    with transaction.atomic():
        if not _ours(act, token):
            return False
        act.refresh_from_db(fields=["taken_back", "reached"])
        found = rows(_STILL_OPEN, act.pk, act.reached, together)
        pairs = sorted({pair for _opened, _slot, pair in found})
        _lock(pairs)  # before the slots: an adjudicator, too, holds the pair when it closes them
        [(closed,)] = rows(_CLOSE, array_of(slot for _opened, slot, _pair in found))
        _settle(act.project, pairs)
        counts = {"taken_back": act.taken_back + closed, "reached": found[-1][0] if found else act.reached}
        if len(found) == together:
            return bool(leasing.held_by(MoreJudgments, act.pk, token).update(**counts))
        leasing.finish(act, token, **counts)
    return False


def _ours(act: MoreJudgments, token: UUID) -> bool:
    return bool(leasing.still_ours(MoreJudgments, [Claim(act.pk, token, act.attempts)]))


def _lock(pairs: Sequence[int]) -> None:
    """The pairs, in the order of their ids."""
    # Without the lock two acts at once would count the same numbers as free; without the order this and settling could
    # wait for each other, and one of them would fail.
    rows("SELECT id FROM catalogue_pair WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE", array_of(pairs))


def _settle(project: Project, pairs: Sequence[int]) -> None:
    """Enough opinions are as many as a pair has slots: where people have judged, more or fewer may make a difference."""
    judged = Judgment.objects.filter(pair__in=pairs).order_by("pair").values_list("pair", flat=True).distinct()
    settling.settle(project, judged)
