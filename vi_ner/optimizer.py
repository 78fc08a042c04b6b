"""Adam with a learning rate of its own for the layers that start from nothing."""

from __future__ import annotations

from typing import Any

from thinc.optimizers import FloatOrSeq, Optimizer


class TwoRateAdam(Optimizer):
    """Thinc's Adam, with the learning rate of Thinc layers multiplied by `head_scale`.

    A pretrained encoder wants a rate around 1e-4, at which a head that starts at random learns next to nothing for
    hundreds of steps. PyTorch parameters (the encoder's) are told from Thinc's by the dots in their names.
    """

    def __init__(self, learn_rate: FloatOrSeq, *, head_scale: float, **settings: Any) -> None:
        super().__init__(learn_rate, **settings)
        self.head_scale = head_scale

    def __call__(self, key: tuple[int, str], weights: Any, gradient: Any, *, lr_scale: float = 1.0) -> Any:
        """Update one parameter; see thinc.optimizers.Optimizer."""
        scale = lr_scale if "." in key[1] else lr_scale * self.head_scale
        return super().__call__(key, weights, gradient, lr_scale=scale)


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
