"""Adam with a learning rate of its own for the layers that start from nothing, in one pass over what has a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from thinc.optimizers import FloatOrSeq, Optimizer
from torch.optim.adamw import adamw


class TwoRateAdam(Optimizer):
    """Thinc's Adam, with the learning rate of Thinc layers multiplied by `head_scale`.

    A pretrained encoder wants a rate around 1e-4, at which a head that starts at random learns next to nothing for
    hundreds of steps. PyTorch parameters (the encoder's) are told from Thinc's by the dots in their names.

    On a CPU the encoder is updated by PyTorch's fused AdamW: one pass on all cores, where Thinc makes seven on one.
    Rows that never had a gradient, the word pieces that no text has, are left out of it; Adam moves them in neither
    case. Everything else is Thinc's: the gradient clipped parameter by parameter, weight decay apart from the gradient.
    """

    def __init__(self, learn_rate: FloatOrSeq, *, head_scale: float, **settings: Any) -> None:
        super().__init__(learn_rate, **settings)
        self.head_scale = head_scale
        self.moments: dict[tuple[int, str], Moments] = {}

    def __call__(self, key: tuple[int, str], weights: Any, gradient: Any, *, lr_scale: float = 1.0) -> Any:
        """Update one parameter; see thinc.optimizers.Optimizer. Thinc clears the encoder's gradients itself."""
        if "." not in key[1]:
            return super().__call__(key, weights, gradient, lr_scale=lr_scale * self.head_scale)
        if not isinstance(weights, np.ndarray):
            return super().__call__(key, weights, gradient, lr_scale=lr_scale)
        if key not in self.moments:
            self.moments[key] = Moments(weights.shape)
        rate = lr_scale * self.learn_rate
        self.moments[key].update(torch.from_numpy(weights), torch.from_numpy(gradient), self, rate)
        return weights, gradient


class Moments:
    """What Adam remembers of one parameter: both moments, its steps, and the rows that have had a gradient."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        # NumPy's zeros take no memory before they are written to, and most rows of an embedding never are.
        self.first, self.second = (torch.from_numpy(np.zeros(shape, dtype="f")) for _ in range(2))
        self.seen = torch.zeros(shape[0], dtype=torch.bool)
        self.steps = torch.zeros(())

    def update(self, weights: torch.Tensor, gradient: torch.Tensor, settings: Optimizer, rate: float) -> None:
        """Move the weights in place; `gradient` has their shape."""
        norms = torch.linalg.vector_norm(gradient.view(len(gradient), -1), dim=1)
        self.seen |= norms > 0
        rows = None if self.seen.all() else self.seen.nonzero().squeeze(1)
        whole = [weights, gradient, self.first, self.second]
        parts = whole if rows is None else [values.index_select(0, rows) for values in whole]
        clip, norm = settings.grad_clip, torch.linalg.vector_norm(norms)
        adamw(
            [parts[0]],
            [parts[1]],
            [parts[2]],
            [parts[3]],
            max_exp_avg_sqs=[],
            state_steps=[self.steps],
            fused=True,
            grad_scale=norm / clip if clip and norm > clip else None,
            amsgrad=False,
            beta1=settings.b1,
            beta2=settings.b2,
            lr=rate,
            weight_decay=settings.L2,
            eps=settings.eps / (1 - settings.b2 ** (int(self.steps) + 1)) ** 0.5,  # Thinc adds it before the correction
            maximize=False,
        )
        if rows is not None:
            for values, part in zip(whole, parts, strict=True):
                values.index_copy_(0, rows, part)


def create_two_rate_adam(
    learn_rate: FloatOrSeq,
    head_scale: float = 10.0,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    L2: float = 0.01,  # noqa: N803 (spaCy's name)
    grad_clip: float = 1.0,
) -> Optimizer:
    """`vi_ner.TwoRateAdam.v1`: AdamW (Loshchilov & Hutter 2019) with two learning rates.

    learn_rate: Rate of the encoder, a number or a schedule. head_scale: The head's rate as a multiple of it.
    """
    return TwoRateAdam(
        learn_rate,
        head_scale=head_scale,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        L2=L2,
        grad_clip=grad_clip,
        L2_is_weight_decay=True,
        use_averages=False,
    )
