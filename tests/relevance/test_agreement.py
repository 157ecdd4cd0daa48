"""Agreement equals its textbook sources, and its intervals come from resampling queries."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from relevance.agreement import (
    Bootstrap,
    Paired,
    Rating,
    Weighting,
    between_raters,
    cohen_kappa,
    kappa_of,
    krippendorff_alpha,
    mean_pairwise_kappa,
    percent_agreement,
    rated_twice,
)
from relevance.labels import LORE, Grade, Scale, UnknownLabel, scale_named
from relevance.resampling import Figure

CHORUS = scale_named("chorus-4")
BINARY = scale_named("binary")
SKLEARN_NAME = {"none": None, "linear": "linear", "quadratic": "quadratic"}
FEW = Bootstrap(resamples=25, seed=4)


def two_judges(seed: int, pairs: int = 120, queries: int = 9, grades: str = "0123") -> list[Paired]:
    chance = random.Random(seed)
    rows = []
    for _ in range(pairs):
        first = chance.choice(grades)
        second = first if chance.random() < 0.6 else chance.choice(grades)
        rows.append((f"q{chance.randrange(queries)}", first, second))
    return rows


def several_judges(seed: int, pairs: int = 80, queries: int = 8, raters: int = 4) -> list[Rating]:
    chance = random.Random(seed)
    rows: list[Rating] = []
    for pair in range(pairs):
        truth = chance.randrange(4)
        for rater in range(raters):
            if chance.random() < 0.7:
                code = truth if chance.random() < 0.6 else chance.randrange(4)
                rows.append((f"q{pair % queries}", pair, f"r{rater}", str(code)))
    return rows


def resampled(rows: list[Any], bootstrap: Bootstrap) -> Iterator[list[Any]]:
    """The same draws as the product's, written out as rows: a query drawn twice stands there twice."""
    queries = sorted({row[0] for row in rows}, key=repr)
    for weights in bootstrap.weights(len(queries), width=1):
        for weight in weights:
            times = dict(zip(queries, weight.astype(int), strict=True))
            yield [(copy, *row) for row in rows for copy in range(times[row[0]])]


def sklearn_kappa(rows: list[Any], weighting: Weighting) -> float:
    first, second = zip(*[(row[-2], row[-1]) for row in rows], strict=True)
    return float(cohen_kappa_score(first, second, labels=list("0123"), weights=SKLEARN_NAME[weighting]))


def package_alpha(rows: list[tuple[Any, ...]]) -> float:
    """Rows end in pair, rater, code; whatever stands before them tells copies of a pair apart."""
    units = sorted({row[:-2] for row in rows}, key=repr)
    raters = sorted({row[-2] for row in rows}, key=repr)
    column, line = {u: i for i, u in enumerate(units)}, {r: i for i, r in enumerate(raters)}
    table = np.full((len(raters), len(units)), np.nan)
    for row in rows:
        table[line[row[-2]], column[row[:-2]]] = float(row[-1])
    return float(krippendorff.alpha(table, level_of_measurement="ordinal", value_domain=[0.0, 1.0, 2.0, 3.0]))


def assert_figure(figure: Figure, value: float, replicates: list[float]) -> None:
    assert figure.value == pytest.approx(value, abs=1e-12)
    low, high = np.percentile(replicates, (2.5, 97.5))
    assert (figure.low, figure.high) == (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))


def test_percent_agreement_is_the_share_of_equal_labels() -> None:
    rows = [("q", "0", "0"), ("q", "1", "2"), ("p", "3", "3"), ("p", "2", "2")]
    figure = percent_agreement(rows, CHORUS)
    assert (figure.value, figure.n) == (3 / 4, 4)
    # q agrees in 1 of 2, p in 2 of 2: resamples are q+q = 0.5, q+p = 0.75, p+p = 1
    assert (figure.low, figure.high) == (0.5, 1.0)


def test_kappa_by_hand() -> None:
    """10 pairs, 7 on the diagonal. Rows use yes 5 times, columns 6: by chance 5*6/100 + 5*4/100 = 0.5."""
    counts = {("Relevant", "Relevant"): 4, ("Relevant", "Not relevant"): 1}
    counts |= {("Not relevant", "Relevant"): 2, ("Not relevant", "Not relevant"): 3}
    rows = [("q", first, second) for (first, second), times in counts.items() for _ in range(times)]
    assert cohen_kappa(rows, BINARY, "none").value == pytest.approx((0.7 - 0.5) / (1 - 0.5))


@pytest.mark.parametrize("weighting", ["none", "linear", "quadratic"])
@pytest.mark.parametrize("grades", ["0123", "03", "013"])
def test_kappa_and_its_interval_equal_scikit_learn_on_the_same_resamples(weighting: Weighting, grades: str) -> None:
    rows = two_judges(seed=len(grades), grades=grades)
    replicates = [sklearn_kappa(sample, weighting) for sample in resampled(rows, FEW)]
    assert_figure(cohen_kappa(rows, CHORUS, weighting, FEW), sklearn_kappa(rows, weighting), replicates)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_alpha_and_its_interval_equal_the_krippendorff_package_on_the_same_resamples(seed: int) -> None:
    rows = several_judges(seed)
    # the package sees copies of a query's pairs as pairs of their own: (copy, query, pair, rater, code)
    replicates = [package_alpha(sample) for sample in resampled(rows, FEW)]
    assert_figure(krippendorff_alpha(rows, CHORUS, FEW), package_alpha(rows), replicates)


def test_alpha_of_krippendorffs_own_example() -> None:
    """Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C: 0.815 for ordinal data."""
    grades = tuple(Grade(code, int(code), code, "L1") for code in "12345")
    five = Scale("five", grades, good_from=4, lore_codes={}, aliases={})
    observers = ["12332141 2...", "12332241 25.3", ".3332342 251.", "12332441 251."]
    rows = [
        ("q", pair, observer, code)
        for observer, codes in enumerate(observers)
        for pair, code in enumerate(codes.replace(" ", ""))
        if code != "."
    ]
    figure = krippendorff_alpha(rows, five)
    assert figure.value == pytest.approx(0.815, abs=0.0005)
    assert figure.n == 11  # the twelfth unit has one value


def test_mean_pairwise_kappa_is_the_plain_mean_over_rater_pairs() -> None:
    rows = several_judges(seed=9, raters=3)
    by_pair: dict[Any, dict[Any, str]] = {}
    for _, pair, rater, code in rows:
        by_pair.setdefault(pair, {})[rater] = code
    kappas = []
    for first, second in (("r0", "r1"), ("r0", "r2"), ("r1", "r2")):
        both = [(u[first], u[second]) for u in by_pair.values() if first in u and second in u]
        kappas.append(sklearn_kappa(both, "quadratic"))
    assert mean_pairwise_kappa(rows, CHORUS).value == pytest.approx(sum(kappas) / 3)


def test_a_rater_pair_without_a_kappa_is_left_out_of_the_mean() -> None:
    shared: list[Rating] = [("q", 1, "a", "0"), ("q", 1, "b", "0"), ("p", 2, "a", "3"), ("p", 2, "b", "3")]
    lone: list[Rating] = [("p", 3, "a", "3"), ("p", 3, "c", "3")]  # a and c: one class only
    assert mean_pairwise_kappa(shared + lone, CHORUS).value == 1.0


def test_where_one_class_occurs_nothing_can_be_told_from_chance() -> None:
    same = [("q", "3", "3"), ("p", "3", "3")]
    ratings: list[Rating] = [("q", 1, "a", "3"), ("q", 1, "b", "3"), ("p", 2, "a", "3"), ("p", 2, "b", "3")]
    undefined = Figure(None, None, None, 2)
    assert cohen_kappa(same, CHORUS) == krippendorff_alpha(ratings, CHORUS) == undefined
    assert mean_pairwise_kappa(ratings, CHORUS) == undefined
    assert percent_agreement(same, CHORUS) == Figure(1.0, 1.0, 1.0, 2)
    assert undefined.to_json() is None


def test_without_pairs_every_figure_is_undefined() -> None:
    nothing = Figure(None, None, None, 0)
    lone: list[Rating] = [("q", 1, "a", "3"), ("q", 2, "b", "0")]
    assert percent_agreement([], CHORUS) == cohen_kappa([], CHORUS) == nothing
    assert krippendorff_alpha(lone, CHORUS) == mean_pairwise_kappa(lone, CHORUS) == nothing


def test_one_query_gives_a_value_but_no_interval() -> None:
    figure = percent_agreement([("q", "0", "0"), ("q", "0", "1")], CHORUS)
    assert figure == Figure(0.5, None, None, 2)


def test_opposite_judges_agree_less_than_chance() -> None:
    rows = [(f"q{i}", code, "3" if code == "0" else "0") for i, code in enumerate("0303")]
    value = cohen_kappa(rows, CHORUS).value
    assert value == pytest.approx(-1.0)


def test_a_distant_disagreement_costs_more_where_weights_say_so() -> None:
    near = [("q", "0", "0"), ("q", "3", "3"), ("q", "2", "3")]
    far = [("q", "0", "0"), ("q", "3", "3"), ("q", "0", "3")]
    near_figure, far_figure = cohen_kappa(near, CHORUS), cohen_kappa(far, CHORUS)
    assert near_figure.value is not None and far_figure.value is not None
    assert near_figure.value > far_figure.value


def test_the_order_of_rows_changes_no_digit() -> None:
    rows, ratings = two_judges(5), several_judges(5)
    chance = random.Random(1)
    shuffled, mixed = chance.sample(rows, len(rows)), chance.sample(ratings, len(ratings))
    assert cohen_kappa(rows, CHORUS) == cohen_kappa(shuffled, CHORUS)
    again, before = krippendorff_alpha(mixed, CHORUS), krippendorff_alpha(ratings, CHORUS)
    mine, theirs = (again.value, again.low, again.high), (before.value, before.low, before.high)
    assert mine == pytest.approx(theirs, abs=1e-12)


def test_pairs_of_one_query_are_not_taken_for_independent() -> None:
    """40 pairs in 4 queries of one mind each: resampling pairs would claim far more certainty."""
    rows = [(f"q{i % 4}", "3", "3" if i % 4 < 2 else "0") for i in range(40)]
    alone = [(f"q{i}", first, second) for i, (_, first, second) in enumerate(rows)]
    by_query, by_pair = percent_agreement(rows, CHORUS), percent_agreement(alone, CHORUS)
    assert (by_query.low, by_query.high) == (0.0, 1.0)
    assert by_pair.low is not None and by_pair.low > 0.3


def test_blocks_of_weights_do_not_change_the_draws() -> None:
    wide = np.concatenate(list(FEW.weights(6, width=10**9)))
    assert np.array_equal(wide, np.concatenate(list(FEW.weights(6, width=1))))
    assert (wide.sum(axis=1) == 6).all()


def test_two_labels_of_one_rater_on_a_pair_are_an_error() -> None:
    with pytest.raises(ValueError, match="rater 'a' has two labels on pair 1"):
        krippendorff_alpha([("q", 1, "a", "0"), ("q", 1, "a", "1")], CHORUS)


def test_a_label_of_another_scale_is_an_error() -> None:
    with pytest.raises(UnknownLabel):
        percent_agreement([("q", "L1", "4")], LORE)


def chorus_ratings(shared_data: Path) -> list[Rating]:
    with gzip.open(shared_data / "chorus_electronics" / "pairs.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        (row["query_id"], row["pair_id"], rating["rater"], rating["label"])
        for row in rows
        for rating in row["ratings"] or ()
    ]


def test_three_raters_of_the_chorus_set_agree_as_published(shared_data: Path) -> None:
    ratings = chorus_ratings(shared_data)
    alpha, kappa = krippendorff_alpha(ratings, CHORUS), mean_pairwise_kappa(ratings, CHORUS)
    assert (alpha.n, kappa.n) == (2317, 2317)
    assert alpha.value is not None and kappa.value is not None
    assert (round(alpha.value, 3), round(kappa.value, 3)) == (0.760, 0.766)
    assert alpha.low is not None and alpha.high is not None
    assert alpha.low < alpha.value < alpha.high
    tables = [one.table for one in between_raters(rated_twice(ratings, CHORUS), CHORUS)]
    each = [float(kappa_of(table.under(np.ones((1, table.queries))), "quadratic")[0]) for table in tables]
    assert [round(value, 3) for value in sorted(each)] == [0.728, 0.771, 0.799]
