from __future__ import annotations

from typing import Any

import numpy as np

from vi_ner.optimizer import create_two_rate_adam


def step(name: str, head_scale: float) -> float:
    """How far one update moves a weight."""
    optimizer = create_two_rate_adam(0.01, head_scale=head_scale, L2=0.0)
    weights: Any
    gradient: Any
    weights, gradient = np.ones(4, dtype="f"), np.full(4, 0.1, dtype="f")
    updated, _ = optimizer((1, name), weights.copy(), gradient)
    return float(np.abs(updated - weights).mean())


def test_head_moves_faster_than_encoder() -> None:
    encoder = "encoder.layer.0.output.dense.weight"
    assert step(encoder, 10) == step(encoder, 1)
    np.testing.assert_allclose(step("W", 10), 10 * step("W", 1), rtol=1e-4)
    np.testing.assert_allclose(step("W", 1), step(encoder, 1), rtol=1e-4)


def test_rate_follows_a_schedule() -> None:
    schedule: Any = (value for value in (0.0, 0.5))
    optimizer = create_two_rate_adam(schedule)
    assert optimizer.learn_rate == 0.0
    optimizer.step_schedules()
    assert optimizer.learn_rate == 0.5
