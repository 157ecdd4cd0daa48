"""What is learnt from planted data: it is found, believed no more than it deserves, stored and read back the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from inference.distilled import fitting
from inference.distilled.fitting import WORDS, Learnt, Lesson, TooLittle, fit, fold_of, out_of_fold
from inference.distilled.linear import learn_line
from inference.distilled.trees import read_off
from relevance.calibration import expected_calibration_error

NAMES = ("noise", "planted", "half_known", "more_noise")


def lesson(pairs: int = 300, queries: int = 30, seed: int = 1) -> Lesson:
    """Four labels that follow the second feature with some error; the third is often missing."""
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(pairs, len(NAMES)))
    score = features[:, 1] + 0.5 * draw.normal(size=pairs)
    features[draw.random(pairs) < 0.4, 2] = np.nan
    column = np.digitize(score, [-0.8, 0.0, 0.8])
    words = [[(f"t:{n}", 0.5)] for n in draw.integers(0, 30, size=pairs)]
    return Lesson(features, words, np.eye(4)[column], [f"query {n % queries}" for n in range(pairs)])


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Fewer trees in fewer bags than in earnest: the planted feature is found all the same."""
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setattr(fitting, "SHAPE", dict(fitting.SHAPE, max_iter=40))
        patch.setattr(fitting, "BAGS", 2)
        yield


@pytest.fixture(scope="module")
def learnt(small: None) -> Learnt:
    return fit(NAMES, lesson())


def test_the_planted_feature_decides_and_the_explanation_names_it_with_its_sign(learnt: Learnt) -> None:
    rows = np.array([[0.0, 2.5, 0.0, 0.0], [0.0, -2.5, 0.0, 0.0]])
    shares = learnt.posterior(rows, [[], []])
    assert shares[0, 2:].sum() > 0.85
    assert shares[1, :2].sum() > 0.85
    for row, sign in ((rows[:1], 1), (rows[1:], -1)):
        moved = dict(learnt.explain(row, [[]]))
        assert max(moved, key=lambda name: abs(moved[name])) == "planted"
        assert moved["planted"] * sign > 0


def test_shares_are_a_distribution_over_the_four_labels(learnt: Learnt) -> None:
    one = lesson(seed=2)
    shares = learnt.posterior(one.features, one.words)
    assert shares.shape == (300, 4)
    assert np.allclose(shares.sum(axis=1), 1)
    assert (shares >= 0).all()


def test_what_was_stored_answers_and_explains_the_same(learnt: Learnt) -> None:
    one, back = lesson(seed=3), Learnt.from_bytes(learnt.to_bytes())
    assert np.array_equal(back.posterior(one.features, one.words), learnt.posterior(one.features, one.words))
    assert back.explain(one.features[:1], one.words[:1]) == learnt.explain(one.features[:1], one.words[:1])
    assert back.digest == learnt.digest


def test_the_same_lesson_and_seed_give_the_same_bytes_and_another_seed_others(learnt: Learnt) -> None:
    assert fit(NAMES, lesson()).to_bytes() == learnt.to_bytes()
    assert fit(NAMES, lesson(), seed=1).digest != learnt.digest


@pytest.mark.parametrize("data", [b"", b"no model", b"PK\x05\x06" + bytes(18)])
def test_bytes_that_are_no_model_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no model"):
        Learnt.from_bytes(data)


def test_a_stored_model_holds_no_pickle(learnt: Learnt) -> None:
    assert b"sklearn" not in learnt.to_bytes()


@pytest.mark.parametrize("labels", [2, 4])
def test_trees_as_arrays_answer_as_scikit_learn_does(labels: int) -> None:
    one = lesson()
    column = one.targets.argmax(axis=1) * labels // 4
    shape = dict(fitting.SHAPE, max_iter=20)
    models = [HistGradientBoostingClassifier(**shape, random_state=n).fit(one.features, column) for n in range(2)]
    trees, baseline = read_off(models)
    unseen = lesson(seed=5).features
    raw = trees.raw(unseen, len(baseline)) + baseline
    theirs = np.mean([model.decision_function(unseen).reshape(len(unseen), -1) for model in models], axis=0)
    assert np.abs(raw - theirs).max() < 1e-9


def test_the_contributions_of_a_row_sum_to_its_raw_scores() -> None:
    one = lesson()
    column = one.targets.argmax(axis=1)
    model = HistGradientBoostingClassifier(**dict(fitting.SHAPE, max_iter=20)).fit(one.features, column)
    trees, _ = read_off([model])
    line = learn_line(one.features, column, np.ones(len(one)))
    roots = np.array([trees.values[trees.roots[trees.outputs == n]].sum() for n in range(4)])
    for row in one.features[:20]:
        assert np.allclose(trees.contributions(row, 4).sum(axis=0) + roots, trees.raw(row[None, :], 4)[0])
        assert np.allclose(line.contributions(row).sum(axis=0) + line.baseline, line.raw(row[None, :])[0])


def test_the_line_is_a_logistic_regression_of_standardised_features() -> None:
    one = lesson()
    features = np.delete(one.features, 2, axis=1).clip(-2.5, 2.5)
    column = one.targets.argmax(axis=1)
    line = learn_line(features, column, np.ones(len(one)))
    standard = ((features - features.mean(axis=0)) / features.std(axis=0)).clip(-3, 3)
    theirs = LogisticRegression(C=0.02, max_iter=2000).fit(standard, column).decision_function(standard)
    assert np.abs(line.raw(features) - theirs).max() < 1e-9


def test_confidence_in_unseen_queries_is_calibrated() -> None:
    """A third of the labels is drawn at random: no model can be sure, and this one knows it."""
    one, draw = lesson(pairs=3000, queries=60), np.random.default_rng(9)
    random = draw.random(len(one)) < 1 / 3
    targets = np.where(random[:, None], np.eye(4)[draw.integers(0, 4, size=len(one))], one.targets)
    known = fold_of(one.groups, 2, seed=0) == 0
    hazy = Lesson(one.features, one.words, targets, one.groups)
    asked = hazy.some(~known)
    shares = fit(NAMES, hazy.some(known)).posterior(asked.features, asked.words)
    assert expected_calibration_error(shares[:, 2:].sum(axis=1), asked.targets[:, 2:].sum(axis=1)) < 0.07


def test_what_a_word_is_worth_is_learnt_and_told() -> None:
    one = lesson()
    words = [[("u:kid" if column < 2 else "m:kid", 1.0)] for column in one.targets.argmax(axis=1)]
    model = fit(NAMES, Lesson(np.zeros_like(one.features), words, one.targets, one.groups))
    met, unmet = (dict(model.explain(np.zeros((1, 4)), [[(word, 1.0)]])) for word in ("m:kid", "u:kid"))
    assert met[WORDS] > 0 > unmet[WORDS]


def test_no_query_is_in_two_folds_and_every_fold_has_some() -> None:
    groups = [f"query {n % 23}" for n in range(400)]
    fold = fold_of(groups, 5, seed=4)
    for group in set(groups):
        assert len({int(n) for n, name in zip(fold, groups, strict=True) if name == group}) == 1
    assert set(fold) == set(range(5))


def test_a_pair_is_judged_by_a_model_that_has_not_seen_its_query() -> None:
    one = lesson(pairs=200, queries=10)
    seen: list[set[object]] = []

    class Nosy:
        def __init__(self, part: Lesson) -> None:
            self.known = set(part.groups)

        def posterior(self, features: np.ndarray, words: object) -> np.ndarray:
            asked = {one.groups[int(np.flatnonzero(one.features[:, 0] == row[0])[0])] for row in features}
            seen.append(self.known & asked)
            return np.full((len(features), 4), 0.25)

    out_of_fold(one, Nosy, seed=0)  # type: ignore[arg-type]
    assert seen == [set()] * 5


def test_half_a_label_counts_half() -> None:
    one = lesson()
    soft = one.targets * 0.7 + 0.3 * np.roll(one.targets, 1, axis=1)
    sure = fit(NAMES, one).posterior(one.features, one.words).max(axis=1).mean()
    unsure = fit(NAMES, Lesson(one.features, one.words, soft, one.groups)).posterior(one.features, one.words)
    assert unsure.max(axis=1).mean() < sure - 0.1


def test_labels_that_the_lesson_lacks_get_no_share() -> None:
    one = lesson()
    two = np.eye(4)[np.where(one.targets.argmax(axis=1) > 1, 3, 0)]
    shares = fit(NAMES, Lesson(one.features, one.words, two, one.groups)).posterior(one.features, one.words)
    assert (shares[:, 1:3] == 0).all()
    assert np.allclose(shares.sum(axis=1), 1)


def test_a_feature_without_any_value_does_no_harm() -> None:
    one = lesson()
    empty = one.features.copy()
    empty[:, 0] = np.nan
    model = fit(NAMES, Lesson(empty, one.words, one.targets, one.groups))
    assert np.isfinite(model.posterior(one.features, one.words)).all()


def test_too_few_queries_or_one_label_alone_teach_nothing() -> None:
    with pytest.raises(TooLittle, match="queries"):
        fit(NAMES, lesson(pairs=40, queries=3))
    one = lesson()
    with pytest.raises(TooLittle, match="same label"):
        fit(NAMES, Lesson(one.features, one.words, np.tile([1.0, 0, 0, 0], (len(one), 1)), one.groups))
