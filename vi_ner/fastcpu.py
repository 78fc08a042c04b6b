"""The encoder at the speed the machine can give it: bfloat16 where there are instructions for it, little padding."""

from __future__ import annotations

import copy
import functools
import time
import timeit
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import torch
from spacy.language import Language
from torch.func import functional_call
from transformers.modeling_outputs import BaseModelOutput

WIDTH = 64  # word pieces in a row at least
STEP = 32  # what wider rows are wider by: each new shape costs oneDNN some milliseconds
PIECES_AT_A_TIME = 2048
DTYPES = (torch.float32, torch.bfloat16)
PACKABLE = {"bert", "camembert", "electra", "roberta", "xlm-roberta", "xlm-roberta-xl"}


def has_bfloat16(device: str = "cpu") -> bool:
    """Whether bfloat16 pays on a device; a GPU has it in hardware from Ampere on, a CPU is measured."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device == "cpu" and _cpu_gains()


@functools.cache
def _cpu_gains() -> bool:
    """Whether bfloat16 pays on this CPU: its matrix products take less than 4/7 of the time of float32.

    Measured, in a tenth of a second, because no flag says it: where the instructions are missing or masked
    (`ONEDNN_MAX_CPU_ISA`), bfloat16 is emulated and slower (ratio below 0.5); with AVX512-BF16 on an Intel CPU the
    products gain a third (1.3) and the encoder's conversions lose more; on a Zen 4 of AMD they gain enough (2.4), and
    with AMX much (over 5). The limit lies between, and it is CPU time on one thread, the best of many, taken in turn:
    the answer must be the same each time, since it decides what a training gives.
    """
    factors = {dtype: (torch.ones(128, 384, dtype=dtype), torch.ones(1536, 384, dtype=dtype)) for dtype in DTYPES}
    seconds: dict[torch.dtype, list[float]] = {dtype: [] for dtype in DTYPES}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(12):
            for dtype in DTYPES:
                product = functools.partial(torch.nn.functional.linear, *factors[dtype])
                seconds[dtype] += timeit.repeat(product, timer=time.thread_time, number=1, repeat=3)
    finally:
        torch.set_num_threads(threads)
    return 7 * min(seconds[torch.bfloat16]) < 4 * min(seconds[torch.float32])


def encoders(nlp: Language) -> Iterator[tuple[Any, Any]]:
    """The Hugging Face model and tokenizer of each component of a pipeline that has them."""
    for _name, component in nlp.pipeline:
        model: Any = getattr(component, "model", None)
        if isinstance(getattr(model, "transformer", None), torch.nn.Module):
            yield model.transformer, model.tokenizer


def speed_up(nlp: Language) -> Language:
    """Let the encoders of a pipeline compute in bfloat16 and, on a CPU, in full rows, in place.

    Weights, gradients and outputs stay float32, and gradients need no scaling, as they would in float16. Plain float32
    on a device without the instructions. Nothing of it is saved with the pipeline.
    """
    for module, _tokenizer in encoders(nlp):
        device = next(module.parameters()).device.type
        packable = device == "cpu" and can_pack(module)
        if has_bfloat16(device):
            module.forward = _in_bfloat16(module) if device == "cpu" else _autocast(module, device)
        if packable:
            module.forward = _packed(module)
    return nlp


def _in_bfloat16(module: Any) -> Callable[..., Any]:
    """Compute with copies of the weights in bfloat16, made anew in each call unless nothing has changed them.

    Autocast would keep activations between matrix products in float32 and convert them at every step.
    """
    inner = copy.copy(module)  # shares the layers, and keeps the forward function that is replaced
    frozen: dict[str, tuple[int, torch.Tensor]] = {}

    def in_bfloat16(name: str, weight: torch.Tensor) -> torch.Tensor:
        if weight.requires_grad:
            return weight.to(torch.bfloat16)
        if name not in frozen or frozen[name][0] != weight._version:
            frozen[name] = (weight._version, weight.to(torch.bfloat16))
        return frozen[name][1]

    @functools.wraps(module.forward)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        weights = {name: in_bfloat16(name, weight) for name, weight in inner.named_parameters()}
        output = functional_call(inner, weights, args, kwargs)
        return BaseModelOutput(last_hidden_state=output.last_hidden_state.float())  # NumPy has no bfloat16

    return wrapped


def _autocast(module: Any, device: str) -> Callable[..., Any]:
    forward = module.forward

    @functools.wraps(forward)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast(device, dtype=torch.bfloat16):
            output = forward(*args, **kwargs)
        for name, value in output.items():
            if isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16:
                output[name] = value.float()  # NumPy has no bfloat16
        return output

    return wrapped


def _packed(module: Any) -> Callable[..., Any]:
    """Compute several sentences in one row (`packed_states`); they come back in the shape of the input.

    There are zeros for padding.
    """
    forward = module.forward

    @functools.wraps(forward)
    def wrapped(input_ids: torch.Tensor, attention_mask: torch.Tensor, **kwargs: torch.Tensor) -> BaseModelOutput:
        mask = attention_mask.bool()
        pieces = {name: value[mask] for name, value in {"input_ids": input_ids, **kwargs}.items()}
        flat = packed_states(forward, mask.sum(dim=1), first_position=first_position(module), **pieces)
        unpacked: Any = flat.new_zeros(*mask.shape, flat.shape[-1]).index_put((mask,), flat)
        return BaseModelOutput(last_hidden_state=unpacked)

    return wrapped


def packed_states(
    forward: Callable[..., Any], lengths: torch.Tensor, *, first_position: int, **pieces: torch.Tensor
) -> torch.Tensor:
    """States of each word piece, several sentences to a row: rows of one length, and next to no padding.

    Each sentence sees only itself (sequence packing without cross-contamination, Krell et al. 2021).
    lengths: (sentences,) word pieces of each. pieces: (sum of lengths,) what `forward` takes of each word piece.
    RETURNS: (sum of lengths, width).
    """
    row, column, width = _places(lengths.tolist())
    sentence = torch.arange(len(lengths)).repeat_interleave(lengths)
    positions = torch.arange(len(sentence)) - (lengths.cumsum(0) - lengths).repeat_interleave(lengths)
    target = row.repeat_interleave(lengths) * width + column.repeat_interleave(lengths) + positions

    def pack(values: torch.Tensor, filler: int) -> torch.Tensor:
        rows = int(row.max()) + 1
        return torch.full((rows * width,), filler).index_put((target,), values.long()).view(rows, width)

    packed = {name: pack(value, 0) for name, value in pieces.items()}
    packed["position_ids"] = pack(positions + first_position, 0)
    sentences = pack(sentence, -1)
    states = [
        forward(
            **{name: value[rows] for name, value in packed.items()},
            attention_mask=(sentences[rows, :, None] == sentences[rows, None, :]).float(),
        ).last_hidden_state
        for rows in torch.arange(len(sentences)).split(max(1, PIECES_AT_A_TIME // width))
    ]
    return torch.cat(states).flatten(0, 1)[target]


def _places(lengths: list[int]) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Row and first column of each sentence, and the width of rows: long ones first, filled up with the shortest."""
    width = max(WIDTH, -(-max(lengths) // STEP) * STEP)
    waiting = deque(sorted(range(len(lengths)), key=lambda i: -lengths[i]))
    row, column = torch.zeros((2, len(lengths)), dtype=torch.long)
    rows = filled = 0
    while waiting:
        if filled + lengths[waiting[0]] <= width:
            i = waiting.popleft()
        elif filled + lengths[waiting[-1]] <= width:
            i = waiting.pop()
        else:
            rows, filled = rows + 1, 0
            continue
        row[i], column[i] = rows, filled
        filled += lengths[i]
    return row, column, width


def can_pack(module: Any) -> bool:
    """Whether several sentences may share a row: positions can be given, and nothing but attention mixes pieces."""
    return module.config.model_type in PACKABLE


def first_position(module: Any) -> int:
    """The position of a sentence's first word piece; RoBERTa and its kin count from the padding index on."""
    padding = getattr(module.embeddings, "padding_idx", None)
    return 0 if padding is None else padding + 1
