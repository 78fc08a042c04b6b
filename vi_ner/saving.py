"""How the weights of a trained encoder are saved: in half precision, at half the size."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import torch


def save_in_half(module: torch.nn.Module) -> None:
    """Let the weights of a module be saved as float16; in memory they stay as they are.

    Rounding moves a weight by 1/2048 of itself at most, a fraction of what the bfloat16 of tagging does. Loading copies
    them into float32 again, by PyTorch itself, and holds five copies of them in passing.
    """
    module.register_state_dict_post_hook(_round)


def _round(_module: torch.nn.Module, weights: MutableMapping[str, Any], _prefix: str, _metadata: Any) -> None:
    for name, values in weights.items():
        if values.is_floating_point():
            half = values.half()
            if half.isfinite().all():  # beyond 65,504 there is nothing to round to
                weights[name] = half
