"""What the judging card shows in each mode, and nothing more: what may not be seen is not put in.

blind: query, item, guideline. facts: also the grid, the marks and the routed rules, and whether people have checked such
evidence and found it good enough. reveal: like facts, and after the own answer the prediction. assist: the prediction from
the start.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet, Subquery, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.evidence_checks import gate
from annotation.judging import card_rules, queue
from annotation.judging.recording import CANNOT_TELL_REASONS, answers, asks_mismatch
from annotation.models import DayOfWork, Draft, Judge, Judgment, Lease
from catalogue import display
from database.compiling import compiled
from inference import prediction_display
from inference.models import Prediction
from projects.models import Mode, Person, Project
from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid
from rules.publishing import specs

HISTORY = 5
_SHOWN_OF_THE_PAST = ("pair__query__text", "pair__query__locale", "label", "outcome", "mismatch",
                      "snapshot__title", "snapshot__category", "snapshot__images", "snapshot__image_addresses")  # fmt: skip


def card(
    lease: Lease, project: Project, *, own: Judgment | None = None, reveal: Prediction | None = None
) -> dict[str, Any]:
    """The context of `annotation/judging/judge.html` for a lease; `own` and `reveal` after the first answer in reveal."""
    mode = Mode(lease.mode)
    pair = lease.pair
    grid = None if mode is Mode.BLIND else card_rules.grid_on_the_card(lease)
    value = display.grid_value(grid)
    shown = lease.prediction if mode is Mode.ASSIST else reveal
    rule_specs = specs(lease.rule_base) if lease.rule_base is not None and mode is not Mode.BLIND else ()
    context: dict[str, Any] = {
        "token": str(lease.token),
        "idempotency_key": str(uuid.uuid4()),
        "mode": mode.value,
        "mode_name": mode.label,
        "stage": "revealed" if reveal is not None else "first",
        "goes_on": mode is not Mode.REVEAL or reveal is not None,  # the answer asks for nothing more on this card
        "query": pair.query.text,
        "locale": pair.query.locale,
        **display.item(project, lease.snapshot, value),
        "labels": display.labels(project.scale),
        "asks_mismatch_for": "L2" if asks_mismatch("L2", project) else "",
        "mismatches": mismatches(value),
        "cannot_tell_reasons": cannot_tell_reasons(),
        "guideline": project.guideline,
        "note": draft_note(lease),
        "urls": urls(lease, project),
        "again": withdrawn(lease, project),
        "own": own_answer(own, project) if own is not None else None,
        "prediction": prediction_display.prediction(shown, project, rule_specs, contradictions=contradictions())
        if shown
        else None,
        "chips": [],
        "grid": None,
        "unchecked": False,
        "rules": [],
        "cites_required": project.require_citation,
    }
    if grid is not None and value is not None:
        context["read_by"] = display.read_by(grid)
        context["wrong_url"] = reverse("judge-wrong", args=[project.slug, lease.token])
        context["chips"] = display.chips(value)
        context["grid"] = display.grid(value, lease.snapshot)
        context["unchecked"] = not gate.is_checked(project, lease.snapshot)
        context["rules"] = _with_keys(display.routed(card_rules.on_the_card(lease)), own)
        context["none_fits_key"] = card_rules.NONE_FITS_KEY
        context["none_fits"] = own is not None and own.no_rule_fits
    return context


def _with_keys(rules: list[dict[str, str]], own: Judgment | None) -> list[dict[str, Any]]:
    """The rules of the card with the keys that cite them; after the first answer in reveal, what it cited is marked."""
    cited = set(own.citations.values_list("version__rule__code", flat=True)) if own is not None else set()
    keyed = zip(rules, card_rules.KEYS, strict=False)
    return [{**rule, "key": key, "cited": rule["code"] in cited} for rule, key in keyed]


def mismatches(value: EvidenceGrid | None) -> list[dict[str, str]]:
    """The dimensions a mismatch may lie in; those the query asks come first, unless the card is blind."""
    asked = list(dict.fromkeys(row.constraint.kind for row in value.rows if not row.constraint.word)) if value else []
    ordered = [*asked, *(dimension for dimension in Dimension if dimension not in asked)]
    return [{"code": dimension.value, "name": display.dimension_name(dimension)} for dimension in ordered]


def cannot_tell_reasons() -> list[tuple[str, str]]:
    names = {
        "image": _("the image is missing or unclear"),
        "attributes": _("attributes are missing"),
        "query": _("the query is unclear"),
        "rule_gap": _("no rule fits"),
    }
    return [(code, names[code]) for code in CANNOT_TELL_REASONS]


def contradictions() -> dict[str, str]:
    """What the pipeline's machine codes mean to a reader."""
    return {
        "chain_label": _("the chain ends in another label than the posterior"),
        "grid_conflict": _("the evidence grid holds a conflict, the label is good"),
        "grid_match": _("the evidence grid matches throughout, the label is bad"),
    }


def draft_note(lease: Lease) -> str:
    drafts = _drafts(lease.person_id, lease.pair_id, lease.round)
    return str(drafts[0].body.get("note", "")) if drafts else ""


@compiled
def _drafts(person: int, pair: int, round_: int) -> QuerySet[Draft]:
    return Draft.objects.filter(person=person, pair=pair, round=round_)


def withdrawn(lease: Lease, project: Project) -> dict[str, Any] | None:
    """The label this person gave before an undo, outlined on the card."""
    match answers(lease):
        case [Judgment(outcome=Judgment.Outcome.WITHDRAWN), Judgment(label=label)] if label:
            return {"label": label, "name": display.label_name(project.scale, label)}
    return None


def own_answer(own: Judgment, project: Project) -> dict[str, Any]:
    return {
        "label": own.label,
        "name": display.label_name(project.scale, own.label) or own.get_outcome_display(),
        "grade": display.colour_grade(project.scale, own.label),
        "mismatch": display.dimension_name(own.mismatch) if own.mismatch else "",
    }


def urls(lease: Lease, project: Project) -> dict[str, str]:
    names = {"submit": "judge-submit", "later": "judge-later", "flag": "judge-flag"}
    names |= {"draft": "judge-draft", "renew": "judge-renew", "ahead": "judge-ahead"}
    answer = {key: reverse(name, args=[project.slug, lease.token]) for key, name in names.items()}
    return {**answer, **standing_urls(project)}


def standing_urls(project: Project) -> dict[str, str]:
    """The addresses that need no lease."""
    return {
        "judge": reverse("judge", args=[project.slug]),
        "undo": reverse("judge-undo", args=[project.slug]),
        "leave": reverse("judge-leave", args=[project.slug]),
    }


def progress(person: Person, project: Project, *, precise: bool = False) -> dict[str, int]:
    """What this person has done and what is left. `precise`: where nothing is left, it is known and not remembered."""
    counted = _done(person.pk, project.pk, timezone.localdate())
    ever, today = counted[0] if counted else (0, 0)
    left = queue.left_for(person, project) if precise else queue.roughly_left_for(person, project)
    # Who takes back today what they said yesterday has done less than nothing today.
    return {"done_today": max(0, today or 0), "left": left, "total": ever + left}


@compiled
def _done(person: int, project: int, today: date) -> QuerySet[DayOfWork, tuple[int, int | None]]:
    days = DayOfWork.objects.filter(judge__project=project, judge__person=person).values("judge")
    return days.annotate(ever=Sum("done"), today=Sum("done", filter=Q(day=today))).values_list("ever", "today")


def history(person: Person, project: Project) -> list[dict[str, Any]]:
    """This person's last judgments, newest first."""
    past: list[dict[str, Any]] = []
    seen: set[int] = set()
    for row in _past(person.pk, project.pk):
        if row.pair_id in seen or len(past) == HISTORY:
            continue
        seen.add(row.pair_id)
        if row.outcome != Judgment.Outcome.WITHDRAWN:
            pictures = display.images(project, row.snapshot)
            past.append(
                {
                    **own_answer(row, project),
                    "title": row.snapshot.title,
                    "query": row.pair.query.text,
                    "locale": row.pair.query.locale,
                    "thumb": pictures[0]["thumb"] if pictures else "",
                    "pair": row.pair_id,
                }
            )
    return past


@compiled
def _past(person: int, project: int) -> QuerySet[Judgment]:
    judge = Judge.objects.filter(project=project, person=person)
    return (
        Judgment.objects.filter(judge=Subquery(judge.values("pk")[:1]), batch=None)
        .select_related("snapshot", "pair__query")
        .only(*_SHOWN_OF_THE_PAST)
        .order_by("-id")[: HISTORY * 3]
    )
