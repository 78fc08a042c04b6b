"""Running the encoder in bfloat16 on CPUs that have the instructions, and in plain float32 elsewhere."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from spacy.language import Language


def has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware (AMX or AVX512-BF16)."""
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def create_fast_cpu() -> Callable[[Language], Language]:
    """`vi_ner.FastCpu.v1`, for `[initialize.after_init]`: `use_bfloat16` on the pipeline in training."""
    return use_bfloat16


def _encoders(nlp: Language) -> Iterator[Any]:
    """The Hugging Face models of a pipeline's components."""
    for _name, component in nlp.pipeline:
        module = getattr(getattr(component, "model", None), "transformer", None)
        if isinstance(module, torch.nn.Module):
            yield module


def use_bfloat16(nlp: Language) -> Language:
    """Let the encoders of a pipeline compute in bfloat16, in place; weights, gradients and outputs stay float32.

    Does nothing on a GPU or on a CPU without the instructions. Nothing of it is saved with the pipeline.
    """
    if not has_bfloat16():
        return nlp
    for module in _encoders(nlp):
        if next(module.parameters()).device.type == "cpu":
            module.forward = _in_bfloat16(module.forward)
    return nlp


def _in_bfloat16(forward: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(forward)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = forward(*args, **kwargs)
        for name, value in output.items():
            if isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16:
                output[name] = value.float()  # NumPy has no bfloat16
        return output

    return wrapped
