"""Adam with a learning rate of its own for the layers that start from nothing, and one pass over an encoder."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import torch
from spacy.language import Language
from thinc.api import Model
from thinc.optimizers import FloatOrSeq, Optimizer
from thinc.shims import PyTorchShim
from torch.optim.adamw import adamw


@dataclass(frozen=True)
class Moments:
    """What Adam remembers of one parameter: both moments, in its shape, and its steps."""

    first: torch.Tensor
    second: torch.Tensor
    steps: torch.Tensor = field(default_factory=lambda: torch.zeros(()))


class TwoRateAdam(Optimizer):
    """Thinc's Adam, with the learning rate of Thinc layers multiplied by `head_scale`.

    A pretrained encoder wants a rate around 1e-4, at which a head that starts at random learns next to nothing for
    hundreds of steps. PyTorch parameters (the encoder's) are told from Thinc's by the dots in their names.
    """

    def __init__(self, learn_rate: FloatOrSeq, *, head_scale: float, **settings: Any) -> None:
        super().__init__(learn_rate, **settings)
        self.head_scale = head_scale
        self.moments: dict[torch.Tensor, Moments] = {}

    def __call__(self, key: tuple[int, str], weights: Any, gradient: Any, *, lr_scale: float = 1.0) -> Any:
        """Update one parameter; see thinc.optimizers.Optimizer."""
        scale = 1.0 if "." in key[1] else self.head_scale
        return super().__call__(key, weights, gradient, lr_scale=lr_scale * scale)

    def update(self, module: torch.nn.Module) -> None:
        """Update what has a gradient in a module on the CPU, all in one call, and drop the gradients.

        Thinc goes parameter by parameter and makes seven passes on one core; this makes one, on all. The rest is
        Thinc's: the gradient clipped parameter by parameter, weight decay apart from the gradient.
        """
        found = {parameter: parameter.grad for parameter in module.parameters() if parameter.grad is not None}
        if not found:
            return
        for parameter, gradient in found.items():
            norm = torch.linalg.vector_norm(gradient)
            if self.grad_clip and norm > self.grad_clip:
                gradient.mul_(self.grad_clip / norm)
            if parameter not in self.moments:
                self.moments[parameter] = Moments(torch.zeros_like(gradient), torch.zeros_like(gradient))
        moments = [self.moments[parameter] for parameter in found]
        correction = 1 - self.b2 ** (int(moments[0].steps) + 1)
        with torch.no_grad():
            adamw(
                list(found),
                list(found.values()),
                [each.first for each in moments],
                [each.second for each in moments],
                max_exp_avg_sqs=[],
                state_steps=[each.steps for each in moments],
                fused=True,
                amsgrad=False,
                beta1=self.b1,
                beta2=self.b2,
                lr=self.learn_rate,
                weight_decay=self.L2,
                eps=self.eps / correction**0.5,  # Thinc adds it before the correction
                maximize=False,
            )
        for parameter in found:
            parameter.grad = None


def update_at_once(nlp: Language) -> None:
    """Let `TwoRateAdam.update` update the encoders of a pipeline where it can, in place."""
    for _name, component in nlp.pipeline:
        model = getattr(component, "model", None)
        nodes = model.walk() if isinstance(model, Model) else []
        for shim in (shim for node in nodes for shim in node.shims if isinstance(shim, PyTorchShim)):
            shim.finish_update = _at_once(shim)  # type: ignore[method-assign]


def _at_once(shim: PyTorchShim) -> Any:
    usual = shim.finish_update

    @functools.wraps(usual)
    def finish_update(optimizer: Optimizer) -> None:
        if isinstance(optimizer, TwoRateAdam) and shim.device.type == "cpu":
            optimizer.update(shim._model)
        else:
            usual(optimizer)

    return finish_update


def create_two_rate_adam(
    learn_rate: FloatOrSeq,
    head_scale: float = 10.0,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    L2: float = 0.01,  # noqa: N803 (spaCy's name)
    grad_clip: float = 1.0,
) -> TwoRateAdam:
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
