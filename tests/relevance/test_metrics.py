"""Reports equal their textbook sources, say None where nothing can be said, and print what is promised."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score, precision_recall_fscore_support, roc_auc_score

from relevance.agreement import Rating, krippendorff_alpha, mean_pairwise_kappa
from relevance.labels import LORE, scale_named
from relevance.metrics import Row, auc, good_rate, people_report, report
from relevance.resampling import Bootstrap, Figure

CHORUS, WANDS, BINARY = scale_named("chorus-4"), scale_named("wands-3"), scale_named("binary")
FEW = Bootstrap(resamples=25, seed=4)
# two of four are right; L3 for L4 stays good, L3 for L2 crosses the cut
LORE_ROWS: list[Row] = [
    ("q", "L1", "L1", 0.1),
    ("q", "L4", "L3", 0.8),
    ("p", "L2", "L3", 0.6),
    ("p", "L4", "L4", 0.9),
]


def judged(seed: int, grades: str = "0123", pairs: int = 150, queries: int = 10) -> list[Row]:
    chance = random.Random(seed)
    rows: list[Row] = []
    for _ in range(pairs):
        truth = chance.choice(grades)
        predicted = truth if chance.random() < 0.6 else chance.choice(grades)
        score = round(int(truth) / 4 + chance.random() / 2, 1)  # coarse, so that scores tie
        rows.append((f"q{chance.randrange(queries)}", truth, predicted, score))
    return rows


def values(*figures: Figure) -> list[float | None]:
    return [figure.value for figure in figures]


def test_a_report_by_hand() -> None:
    found = report(LORE, LORE_ROWS)
    assert (found.pairs, found.queries) == (4, 2)
    assert found.acc2.value == 3 / 4
    assert found.acc4.value == 2 / 4
    # F1: L1 1, L2 0 (missed), L3 0 (never true), L4 2*1/(2+1) = 2/3
    assert found.macro_f1.value == pytest.approx((1 + 0 + 0 + 2 / 3) / 4)
    # one pair one grade too low, one pair one grade too high
    assert found.signed_error.value == 0.0
    assert values(found.good_rate, found.true_good_rate) == [3 / 4, 2 / 4]
    # good 0.8 and 0.9, bad 0.1 and 0.6: all four comparisons are won
    assert found.auc.value == 1.0
    assert found.confusion == ((1, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 0), (0, 0, 1, 1))


def test_an_undefined_class_figure_is_none_and_not_zero() -> None:
    by_code = {figures.code: figures for figures in report(LORE, LORE_ROWS).classes}
    missed, never_true = by_code["L2"], by_code["L3"]
    assert (missed.precision, missed.recall, missed.f1, missed.support) == (None, 0.0, 0.0, 1)
    assert (never_true.precision, never_true.recall, never_true.f1, never_true.support) == (0.0, None, 0.0, 0)
    absent = {figures.code: figures for figures in report(LORE, LORE_ROWS[:1]).classes}["L4"]
    assert (absent.precision, absent.recall, absent.f1, absent.support) == (None, None, None, 0)


@pytest.mark.parametrize("grades", ["0123", "03", "012"])
def test_a_report_equals_scikit_learn_over_the_classes_that_occur(grades: str) -> None:
    rows = judged(seed=len(grades), grades=grades)
    truth, predicted = [row[1] for row in rows], [row[2] for row in rows]
    found = report(CHORUS, rows)
    assert found.macro_f1.value == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert found.kappa_quadratic.value == pytest.approx(
        cohen_kappa_score(truth, predicted, labels=list("0123"), weights="quadratic")
    )
    assert found.acc4.value == pytest.approx(np.mean([a == b for a, b in zip(truth, predicted, strict=True)]))
    good = [CHORUS.is_good(code) for code in truth]
    assert found.auc.value == pytest.approx(roc_auc_score(good, [row[3] for row in rows]))
    per_class = precision_recall_fscore_support(truth, predicted, labels=sorted(grades))
    mine = [
        (figures.precision, figures.recall, figures.f1, figures.support)
        for figures in found.classes
        if figures.code in grades
    ]
    assert np.allclose(np.array(mine, dtype=float), np.array(per_class).T)


def test_intervals_equal_scikit_learn_on_the_same_resamples() -> None:
    rows = judged(seed=8)
    queries = sorted({row[0] for row in rows}, key=repr)
    f1s, aucs = [], []
    for weights in FEW.weights(len(queries), width=1):
        for drawn in weights:
            times = dict(zip(queries, drawn, strict=True))
            weight = [times[row[0]] for row in rows]
            kept = [row for row in rows if times[row[0]]]
            kept_weight = [times[row[0]] for row in kept]
            truth, predicted = [row[1] for row in kept], [row[2] for row in kept]
            f1s.append(f1_score(truth, predicted, average="macro", sample_weight=kept_weight))
            good = [CHORUS.is_good(row[1]) for row in rows]
            aucs.append(roc_auc_score(good, [row[3] for row in rows], sample_weight=weight))
    found = report(CHORUS, rows, FEW)
    assert [found.macro_f1.low, found.macro_f1.high] == pytest.approx(list(np.percentile(f1s, (2.5, 97.5))))
    assert [found.auc.low, found.auc.high] == pytest.approx(list(np.percentile(aucs, (2.5, 97.5))))


def test_a_tie_counts_half_in_auc() -> None:
    rows: list[Row] = [("q", "L4", "L4", 0.5), ("q", "L1", "L1", 0.5), ("q", "L1", "L1", 0.2)]
    assert auc(LORE, rows).value == (0.5 + 1) / 2


def test_auc_is_undefined_with_one_class_or_without_scores() -> None:
    assert auc(LORE, [("q", "L4", "L4", 0.5), ("p", "L3", "L4", 0.7)]) == Figure(None, None, None, 2)
    assert auc(LORE, [("q", "L4", "L4", None), ("p", "L1", "L4", None)]) == Figure(None, None, None, 0)


def test_auc_leaves_out_pairs_without_a_score_and_says_over_how_many_it_stands() -> None:
    rows: list[Row] = [("q", "L4", "L4", 0.9), ("p", "L1", "L4", 0.1), ("p", "L1", "L1", None)]
    assert (auc(LORE, rows).value, auc(LORE, rows).n) == (1.0, 2)


def test_a_score_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a number"):
        auc(LORE, [("q", "L4", "L4", float("nan")), ("p", "L1", "L1", 0.2)])


@pytest.mark.parametrize(
    ("scale", "truth", "predicted"), [(WANDS, "Exact", "Partial"), (BINARY, "Relevant", "Relevant")]
)
def test_acc4_needs_four_grades(scale: Any, truth: str, predicted: str) -> None:
    found = report(scale, [("q", truth, predicted, None), ("p", scale.codes[0], scale.codes[0], None)])
    assert found.acc4 == Figure(None, None, None, 2)
    assert found.acc2.value == 1.0
    assert found.to_json()["acc4"] is None


def test_a_lenient_judge_has_a_signed_error_above_zero() -> None:
    lenient: list[Row] = [("q", "0", "3", None), ("p", "2", "2", None)]
    assert report(CHORUS, lenient).signed_error.value == 3 / 2
    assert report(CHORUS, [(q, b, a, s) for q, a, b, s in lenient]).signed_error.value == -3 / 2


def test_alpha_of_a_report_is_that_of_truth_and_prediction_as_two_raters() -> None:
    rows = judged(seed=3)
    ratings: list[Rating] = []
    for pair, (query, truth, predicted, _) in enumerate(rows):
        ratings += [(query, pair, "truth", truth), (query, pair, "model", predicted)]
    mine, theirs = report(CHORUS, rows).alpha, krippendorff_alpha(ratings, CHORUS)
    assert values(mine) == pytest.approx(values(theirs))
    assert (mine.low, mine.high) == (pytest.approx(theirs.low), pytest.approx(theirs.high))


def test_a_report_prints_the_promised_keys_as_json() -> None:
    printed = json.loads(json.dumps(report(LORE, LORE_ROWS).to_json()))
    assert list(printed) == ["pairs", "acc2", "acc4", "macro_f1", "kappa_quadratic", "alpha", "auc"]
    assert printed["pairs"] == 4
    assert set(printed["acc2"]) == {"value", "low", "high", "n"}


def test_a_report_on_nothing_is_undefined_throughout() -> None:
    found = report(LORE, [])
    assert found.to_json() == {"pairs": 0} | dict.fromkeys(list(found.to_json())[1:])
    assert people_report(LORE, []).to_json() == found.to_json()
    assert sum(map(sum, found.confusion)) == 0


def test_the_good_rate_counts_labels_from_the_cut_upwards() -> None:
    assert good_rate(CHORUS, [("q", "0"), ("q", "2"), ("p", "3"), ("p", "1")]).value == 2 / 4
    assert good_rate(CHORUS, []) == Figure(None, None, None, 0)


def people() -> list[Rating]:
    chance = random.Random(6)
    return [
        (f"q{pair % 7}", pair, rater, chance.choice("0123") if chance.random() < 0.4 else str(pair % 4))
        for pair in range(60)
        for rater in ("ana", "ben", "ada")
        if chance.random() < 0.8
    ]


def test_people_among_themselves_are_the_mean_over_every_two() -> None:
    ratings = people()
    found = people_report(CHORUS, ratings)
    assert [(one.first, one.second) for one in found.rater_pairs] == [
        ("ada", "ana"),
        ("ada", "ben"),
        ("ana", "ben"),
    ]
    assert found.acc4.value == pytest.approx(np.mean(values(*(one.agreement for one in found.rater_pairs))))
    assert found.kappa_quadratic == mean_pairwise_kappa(ratings, CHORUS)
    assert found.alpha == krippendorff_alpha(ratings, CHORUS)
    assert found.auc == Figure(None, None, None, 0)
    twice = [pair for pair, times in Counter(pair for _, pair, _, _ in ratings).items() if times > 1]
    assert found.pairs == len(twice)


def test_people_and_a_report_agree_where_there_are_two_people() -> None:
    """What is symmetric in truth and prediction is the same when two people are compared."""
    rows = judged(seed=12)
    ratings: list[Rating] = []
    for pair, (query, first, second, _) in enumerate(rows):
        ratings += [(query, pair, "a", first), (query, pair, "b", second)]
    among, against = people_report(CHORUS, ratings), report(CHORUS, rows)
    for name in ("acc2", "acc4", "macro_f1", "kappa_quadratic", "alpha"):
        mine, theirs = getattr(among, name), getattr(against, name)
        assert (mine.value, mine.low, mine.high) == pytest.approx((theirs.value, theirs.low, theirs.high))
