from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import spacy
import torch
from thinc.api import PyTorchWrapper
from thinc.optimizers import Optimizer

from vi_ner.optimizer import TwoRateAdam, create_two_rate_adam, update_at_once


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


@pytest.mark.parametrize("decay", [0.01, 0.0])
def test_the_encoder_moves_as_by_thinc(decay: float) -> None:
    settings: dict[str, Any] = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "L2": decay, "grad_clip": 1.0}
    ours = create_two_rate_adam(1e-2, **settings)
    theirs = Optimizer(1e-2, L2_is_weight_decay=True, use_averages=False, **settings)
    module = torch.nn.Linear(6, 40)
    expected: dict[str, Any] = {name: value.detach().numpy().copy() for name, value in module.named_parameters()}
    for step in range(6):
        for name, value in module.named_parameters():
            value.grad = torch.randn(value.shape) * (0.01 if step % 2 else 3)  # some of them are clipped
            gradient: Any = value.grad.numpy().copy()
            expected[name], _ = theirs((1, f"linear.{name}"), expected[name], gradient)
        ours.update(module)
        assert all(value.grad is None for value in module.parameters())
    for name, value in module.named_parameters():
        np.testing.assert_allclose(value.detach().numpy(), expected[name], atol=1e-5)


def test_what_has_no_gradient_stays() -> None:
    optimizer = create_two_rate_adam(1e-2)
    module = torch.nn.Linear(3, 3)
    module.weight.requires_grad = False
    frozen, before = module.weight.clone(), module.bias.detach().clone()
    module(torch.ones(2, 3)).sum().backward()
    optimizer.update(module)
    optimizer.update(module)  # no gradient anywhere
    assert torch.equal(module.weight, frozen) and (module.bias < before).all()


def test_an_encoder_is_updated_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = spacy.blank("vi")
    model = PyTorchWrapper(torch.nn.Linear(3, 3))
    nlp.add_pipe("sentencizer").model = model  # type: ignore[attr-defined]
    update_at_once(nlp)
    seen: list[torch.nn.Module] = []
    monkeypatch.setattr(TwoRateAdam, "update", lambda _optimizer, module: seen.append(module))
    model.finish_update(create_two_rate_adam(1e-2))
    model.finish_update(Optimizer(1e-2))  # another optimizer goes its own way
    assert seen == [model.shims[0]._model]
