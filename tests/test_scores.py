from __future__ import annotations

import numpy as np
import pytest

from vi_ner.scores import Resampling

# Two groups: 3 of 4 gold spans found with 4 predictions, and 1 of 2 found with 1.
COUNTS = np.array([[2, 3, 3], [1, 1, 1], [1, 1, 2]])
GROUPS = ["a", "a", "b"]


def test_hand_counted_score() -> None:
    resampling = Resampling(GROUPS)
    score = resampling.score(resampling.by_group(COUNTS), lost=1)
    assert (score.correct, score.predicted, score.support, score.lost, score.groups) == (4, 5, 6, 1, 2)
    assert (score.precision, score.recall) == (4 / 5, 4 / 6)
    assert score.f == pytest.approx(8 / 11)
    # Drawn are two of two groups: both, the first twice (F 6/8), or the second twice (F 2/3).
    assert (score.f_low, score.f_high) == (pytest.approx(2 / 3), pytest.approx(6 / 8))


def test_groups_and_not_documents_are_drawn() -> None:
    """Ten documents of one story are one observation: nothing is known about how stories differ."""
    counts = np.array([[1, 1, 1], [0, 1, 1]] * 5)
    one, many = Resampling(["story"] * 10), Resampling(range(10))
    same, spread = one.score(one.by_group(counts)), many.score(many.by_group(counts))
    assert (same.f_low, same.f_high, same.groups) == (0.5, 0.5, 1)
    assert spread.f_low < 0.3 and spread.f_high > 0.7


def test_a_resample_without_the_slice_is_left_out_of_its_interval() -> None:
    resampling = Resampling(range(20))
    counts = resampling.none()
    counts[0] = [9, 10, 10]  # the slice lies in one group, which a third of the resamples lack
    score = resampling.score(counts)
    assert (score.f_low, score.f_high, score.groups) == (0.9, 0.9, 1)


def test_macro_is_the_mean_over_labels() -> None:
    resampling = Resampling(range(2))
    common, rare = np.array([[9.0, 10, 10], [9, 10, 10]]), np.array([[0.0, 0, 1], [0, 0, 1]])
    assert resampling.macro([common, rare]).f == pytest.approx(0.45)
    assert resampling.score(common + rare).f == pytest.approx(36 / 42)


def test_a_difference_is_paired() -> None:
    """Groups differ much more than the models do; only pairing shows that one is always a little better."""
    rng = np.random.default_rng(0)
    hard = rng.integers(20, 80, 40)
    resampling = Resampling(range(40))
    better, worse = (np.stack([found, np.full(40, 100), np.full(40, 100)], axis=1) * 1.0 for found in (hard + 3, hard))
    found = resampling.difference([better], [worse])
    assert found.difference == pytest.approx(0.03)
    assert (found.low, found.high) == (pytest.approx(0.03), pytest.approx(0.03))
    assert found.significant and found.p == 0
    alone = resampling.score(better)
    assert alone.f_high - alone.f_low > 0.05
    same = resampling.difference([better], [better])
    assert (same.difference, same.p, same.significant) == (0, 1, False)


def test_reproducible() -> None:
    counts = np.random.default_rng(1).integers(0, 5, (30, 3)).cumsum(axis=1)
    first, second, other = (Resampling(range(30), seed=seed) for seed in (0, 0, 1))
    assert first.score(counts) == second.score(counts) != other.score(counts)
