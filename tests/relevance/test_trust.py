"""What a confidence is worth, and item text that talks to the judge."""

from __future__ import annotations

import numpy as np
import pytest

from relevance import calibration
from relevance.canaries import ATTACKS, STUFFINGS
from relevance.facts import ItemFacts, PairFacts
from relevance.suspicion import HIDDEN, INJECTION, STUFFING, suspicions

LABELS = ("L1", "L2", "L3", "L4")


def overconfident(n: int = 600) -> tuple[list[dict[str, float]], list[str], list[str], list[int]]:
    """A model that says 0.9 and is right three times in four."""
    draw = np.random.default_rng(1)
    posteriors, said, truths = [], [], []
    for _ in range(n):
        label = LABELS[draw.integers(4)]
        posteriors.append({one: 0.9 if one == label else 0.1 / 3 for one in LABELS})
        said.append(label)
        truths.append(label if draw.random() < 0.75 else LABELS[(LABELS.index(label) + 1) % 4])
    return posteriors, said, truths, [number // 6 for number in range(n)]


@pytest.mark.parametrize("method", calibration.METHODS)
def test_a_model_that_says_more_than_it_keeps_is_corrected(method: str) -> None:
    fitted = calibration.fit(*overconfident(), method=method)
    assert fitted.ece_before == pytest.approx(0.15, abs=0.04)  # 0.90 - 0.75
    assert fitted.ece_after < 0.06
    posterior = {"L1": 0.1 / 3, "L2": 0.1 / 3, "L3": 0.1 / 3, "L4": 0.9}
    assert calibration.confidence(fitted.method, fitted.parameters, posterior, "L4") == pytest.approx(0.75, abs=0.05)


def test_temperature_one_changes_nothing() -> None:
    posterior = {"L1": 0.1, "L2": 0.2, "L3": 0.3, "L4": 0.4}
    assert calibration.confidence("temperature", {"temperature": [1.0]}, posterior, "L3") == pytest.approx(0.3)


def test_too_little_gold_is_said_to_be_too_little() -> None:
    with pytest.raises(ValueError, match="29 pairs are too few"):
        calibration.fit(*(part[:29] for part in overconfident()))


def test_pairs_of_one_query_say_nothing_of_others() -> None:
    posteriors, said, truths, _queries = overconfident()
    with pytest.raises(ValueError, match="600 pairs of one query"):
        calibration.fit(posteriors, said, truths, [1] * 600)


def test_the_calibration_error_weighs_bins_by_their_pairs() -> None:
    confidences = np.array([0.2, 0.2, 0.9, 0.9])
    right = np.array([0.0, 0.0, 1.0, 1.0])
    # two bins of two: |0.2 - 0| * 2/4 + |0.9 - 1| * 2/4
    assert calibration.expected_calibration_error(confidences, right, bins=2) == pytest.approx(0.15)


def pair(title: str, **more: str) -> PairFacts:
    return PairFacts("red mug", ItemFacts("1", title, **more))


@pytest.mark.parametrize("name", [name for name in ATTACKS if name not in ("fake_answer", "authority")])
def test_an_order_to_the_judge_is_noticed(name: str) -> None:
    assert INJECTION in suspicions(ATTACKS[name](pair("Garden hose")))


def test_ordinary_shop_talk_is_not() -> None:
    for text in (
        "Excellent quality mug, rated 5 stars", "Operating system: Windows 10", "Home assistant: Alexa, Google",
        "The perfect gift for her", "Notebook with 14 inch display, label printer included", "优秀品质 红色马克杯",
    ):  # fmt: skip
        assert suspicions(pair(text, description=text)) == ()


def test_the_query_over_and_over_and_hidden_characters_are_noticed() -> None:
    assert suspicions(pair("red mug " * 6)) == (STUFFING,)
    assert HIDDEN in suspicions(pair("Mug" + "\u200b" * 20))


def test_every_tampering_leaves_the_query_and_the_item_id_alone() -> None:
    for tamper in (*ATTACKS.values(), *STUFFINGS.values()):
        changed = tamper(pair("Garden hose"))
        assert changed.query == "red mug" and changed.item.external_id == "1" and changed != pair("Garden hose")
