"""Agreement of a project: people among themselves, the model or people against gold, the model against people.

Rows become values here, with what they are of (annotation.trust.measurable says what may measure); every figure is computed in
relevance.metrics, in the project's own scale.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from annotation.trust.foreign import ForeignMaterial
from annotation.trust.measurable import Material, MeasurablePair, Word
from catalogue.models import Pair
from inference.registry.basis import Basis
from projects.models import Project
from projects.refusals import TotalFailure
from relevance.labels import Scale
from relevance.metrics import OpinionReport, PeopleReport, Report, opinion_report, people_report, report

Of = Literal["people", "model", "imported"]
Against = Literal["gold", "model", "people"]
Row = tuple[int | str, str, str, float | None]  # of a query, by key or text

ENOUGH = 20_000  # judged or gold pairs that a page looks at


class UndefinedComparison(ValueError):
    """This pair of --of and --against compares nothing."""


@dataclass(frozen=True)
class MeasuredReport:
    """A report and what it is of; `learnt` is the same over what the model learnt from, never a part of `report`."""

    report: Report | PeopleReport
    basis: Basis
    learnt: Report | None = None

    def to_json(self) -> dict[str, Any]:
        beside = {"learnt": self.learnt.to_json()} if self.learnt is not None else {}
        return {**self.report.to_json(), **self.basis.to_json(), **beside}

    def why_nothing(self) -> TotalFailure | None:
        """The reason that most pairs share, where no figure is defined."""
        if self.report.defined or (self.learnt is not None and self.learnt.defined):
            return None
        if most := self.basis.left_out.most():
            code, reason, count = most
            return TotalFailure(
                code, _("Nothing was measured: %(reason)s (%(n)s left out).") % {"reason": reason, "n": count}
            )
        return TotalFailure(
            "nothing_to_compare", _("Nothing was measured: no pair carries both labels that are compared.")
        )


def figures(
    project: Project, *, of: Of | None, against: Against, include_learnt: bool = False, foreign: str = ""
) -> MeasuredReport:
    """The report for `--of` against `--against`; without `--of`, people among themselves or the model against gold. The model
    is the active one, or the foreign one of that name.

    Raises UndefinedComparison, UnknownForeignModel.
    """
    if foreign and of in (None, "model"):
        return _model_against(ForeignMaterial(project, foreign), against)
    if of is None:
        of = "people" if against == "people" else "model"
    found = Material(project)
    if against == "people" and of != "model":
        return people_among_themselves(found, imported_only=of == "imported")
    if against == "gold" and of == "model":
        return model_and_gold(found, include_learnt=include_learnt)
    if against == "gold":
        return people_and_gold(found, imported_only=of == "imported")
    if (of == "model") == (against == "model"):
        raise UndefinedComparison(f"{of} against {against} compares nothing")
    return model_and_people(
        found, imported_only=of == "imported", people_first=against == "model", include_learnt=include_learnt
    )


def _model_against(found: Material, against: Against) -> MeasuredReport:
    if against == "model":
        raise UndefinedComparison("model against model compares nothing")
    return model_and_gold(found) if against == "gold" else model_and_people(found)


def of_foreign(project: Project, name: str, one_in: int) -> MeasuredReport:
    """A foreign model against gold, over every `one_in`-th query. Raises UnknownForeignModel."""
    return model_and_gold(ForeignMaterial(project, name, one_in))


class Opinions(NamedTuple):
    """Two people, and the model and one person, over the same pairs: every case is two single opinions."""

    people: OpinionReport
    model: OpinionReport
    basis: Basis


class OnThePage(NamedTuple):
    """What the page shows, over every `one_in`-th query of a large project: somebody waits for the page, and the intervals
    say what the smaller number costs. `answered`: the active model has said something; `old`: how many pairs carry nothing
    newer than what a model before it said, or what it said under other rules."""

    people: MeasuredReport
    opinions: Opinions
    model: MeasuredReport
    one_in: int
    answered: bool
    old: int


def on_the_page(project: Project) -> OnThePage:
    told = Pair.objects.filter(Q(judged=True) | ~Q(gold_label=""), project=project)
    found = Material(project, max(1, round(told.count() / ENOUGH)))
    return OnThePage(
        people_among_themselves(found),
        opinion_by_opinion(found),
        model_and_gold(found),
        found.one_in,
        answered=any(row.label is not None for row in found.pairs),
        old=sum(row.older or row.rule_base not in (None, found.rule_base_now) for row in found.pairs),
    )


def people_among_themselves(found: Material, *, imported_only: bool = False) -> MeasuredReport:
    """What they said without a model's label in view: that two who saw it agree says nothing of people."""
    basis, heard = Basis(of="opinions"), list[Word]()
    for words in found.words_of.values():
        if len(some := [word for word in words if word.imported or not imported_only]) > 1:
            heard += (said := [word for word in some if word.unaided])
            basis.left_out.assisted += sum(word.unaided is None for word in some)
            if len(said) > 1:
                basis.heard(word.mode for word in said)
    ratings = ((word.query, word.pair, word.judge, str(word.unaided)) for word in heard)
    told = people_report(found.project.scale, ratings)
    basis.n, basis.queries = told.pairs, told.queries
    return MeasuredReport(told, basis)


def model_and_gold(found: Material, *, include_learnt: bool = False) -> MeasuredReport:
    scale, basis = found.project.scale, found.basis()
    measured, learnt = (
        list[Row](),
        list[Row](),
    )  # by text, as a learnt model's own report: the intervals are the same too
    for row in found.pairs:
        if not row.gold or (why := found.why_not(row, gold=True)) == "unanswered":
            continue
        if why:
            basis.left_out.add(why)
        else:
            found.measured(basis, row)
            measured.append((row.text, row.gold, *_said(scale, row)))
        if why == "learnt" and row.label is not None and not found.assisted(row):
            learnt.append((row.text, row.gold, *_said(scale, row)))
    told = report(scale, measured)
    basis.queries = told.queries
    return MeasuredReport(told, basis, report(scale, learnt) if include_learnt else None)


def people_and_gold(found: Material, *, imported_only: bool = False) -> MeasuredReport:
    """Each judge's standing word, whatever was in view: the modes are told."""
    basis, rows, heard = Basis(), list[Row](), list[Word]()
    for seen in found.pairs:
        said = [word for word in found.words_of.get(seen.pair, ()) if word.label]
        said = [word for word in said if word.imported or not imported_only]
        if seen.gold and said:
            rows += ((seen.query, seen.gold, word.label, None) for word in said)
            basis.n += 1
            if seen.ground:
                basis.ground[seen.ground] = basis.ground.get(seen.ground, 0) + 1
            heard += said
    basis.heard(word.mode for word in heard)
    told = report(found.project.scale, rows)
    basis.queries = told.queries
    return MeasuredReport(told, basis)


def model_and_people(
    found: Material, *, imported_only: bool = False, people_first: bool = False, include_learnt: bool = False
) -> MeasuredReport:
    """Every single opinion beside what the model says of its pair: the person's label is the truth, or the model's."""
    scale, basis = found.project.scale, found.basis("opinions")
    measured, learnt = list[Row](), list[Row]()

    def beside(row: MeasurablePair, words: list[Word]) -> Iterator[Row]:
        label, score = _said(scale, row)
        for word in words:
            truth, told = (label, str(word.unaided)) if people_first else (str(word.unaided), label)
            yield row.query, truth, told, None if people_first else score

    for row, words in _heard(found, basis, imported_only=imported_only):
        measured += beside(row, words)
    if include_learnt:
        for row in found.pairs:
            if row.label is not None and found.why_not(row, gold=False) == "learnt":
                learnt += beside(row, [word for word in found.words_of.get(row.pair, ()) if word.unaided])
    told = report(scale, measured)
    basis.queries = told.queries
    return MeasuredReport(told, basis, report(scale, learnt) if include_learnt else None)


def opinion_by_opinion(found: Material) -> Opinions:
    """The model as one more person: both over the pairs that two people have judged and the model may be measured by."""
    scale, basis = found.project.scale, found.basis("opinions")
    people, model = list[tuple[int, str, str]](), list[tuple[int, str, str]]()
    for row, words in _heard(found, basis, fewest=2):
        said = [str(word.unaided) for word in words]
        people += ((row.query, one, other) for one, other in combinations(said, 2))
        model += ((row.query, one, _said(scale, row)[0]) for one in said)
    told = opinion_report(scale, model, alike=False)
    basis.queries = told.queries
    return Opinions(opinion_report(scale, people, alike=True), told, basis)


def _heard(
    found: Material, basis: Basis, *, imported_only: bool = False, fewest: int = 1
) -> Iterator[tuple[MeasurablePair, list[Word]]]:
    """The pairs that measure the model against people, with what they said of it unaided; told to the basis."""
    for row in found.pairs:
        words = [word for word in found.words_of.get(row.pair, ()) if word.imported or not imported_only]
        if len(words) < fewest or (why := found.why_not(row, gold=False)) == "unanswered":
            continue
        if why:
            basis.left_out.add(why)
            continue
        basis.left_out.assisted += sum(word.unaided is None for word in words)
        if len(said := [word for word in words if word.unaided]) >= fewest:
            basis.n += 1
            basis.heard(word.mode for word in said)
            yield row, said


def _said(scale: Scale, row: MeasurablePair) -> tuple[str, float | None]:
    """The model's label in the project's scale, and its share of good labels."""
    return scale.from_lore(row.label or ""), good_share(scale, row.shares)


def good_share(scale: Scale, posterior: dict[str, float] | None) -> float | None:
    """How much of the posterior lies on good labels: what AUC ranks by."""
    if not posterior:
        return None
    return sum(p for code, p in posterior.items() if scale.is_good(scale.from_lore(code)))
