from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from thinc.optimizers import Optimizer

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


@pytest.mark.parametrize(("shape", "decay"), [((6, 40), 0.01), ((40,), 0.01), ((50, 4), 0.0)])
def test_the_encoder_moves_as_by_thinc(shape: tuple[int, ...], decay: float) -> None:
    settings: dict[str, Any] = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "L2": decay, "grad_clip": 1.0}
    ours = create_two_rate_adam(1e-2, **settings)
    theirs = Optimizer(1e-2, L2_is_weight_decay=True, use_averages=False, **settings)
    rng = np.random.default_rng(0)
    first: Any = rng.normal(size=shape).astype("f")
    second: Any = first.copy()
    for step in range(6):
        gradient: Any = rng.normal(size=shape, scale=0.01 if step % 2 else 3).astype("f")
        if not decay:  # an embedding: rows with a gradient now, another time or never
            gradient[rng.permutation(40)[: 5 + step]] = 0
            gradient[40:] = 0
        first, _ = ours((1, "layer.weight"), first, gradient.copy())
        second, _ = theirs((1, "layer.weight"), second, gradient.copy())
    np.testing.assert_allclose(first, second, atol=1e-5)


def test_rows_without_a_gradient_stay() -> None:
    optimizer = create_two_rate_adam(1e-2)
    weights: Any = np.ones((5, 3), dtype="f")
    gradient: Any = np.zeros((5, 3), dtype="f")
    gradient[2] = 0.5
    updated, _ = optimizer((1, "embeddings.weight"), weights, gradient)
    assert (updated[[0, 1, 3, 4]] == 1).all() and (updated[2] < 1).all()
