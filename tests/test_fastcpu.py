from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from spacy.language import Language
from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

from vi_ner import fastcpu

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 50}
LENGTHS = torch.tensor([5, 20, 0, 12, 1, 20])
MASK = (torch.arange(20) < LENGTHS[:, None]).float()
IDS = torch.arange(120).reshape(6, 20) % 47 + 3


class Component:
    """Stands for a transformer component: all that `speed_up` looks at."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.model = type("Model", (), {"transformer": module, "tokenizer": None})()


@pytest.fixture(params=[(BertModel, BertConfig), (XLMRobertaModel, XLMRobertaConfig)], ids=["bert", "xlm-roberta"])
def module(request: pytest.FixtureRequest) -> torch.nn.Module:
    torch.manual_seed(0)
    architecture, config = request.param
    loaded: torch.nn.Module = architecture(config(**SIZES)).eval()
    return loaded


def outputs(module: torch.nn.Module) -> np.ndarray:
    """Last hidden states, zero where there is padding."""
    with torch.no_grad():
        output = module(input_ids=IDS.masked_fill(MASK == 0, 1), attention_mask=MASK)
    assert output.last_hidden_state.dtype == torch.float32
    return (output.last_hidden_state * MASK[..., None]).numpy()


def sped_up(module: torch.nn.Module, monkeypatch: pytest.MonkeyPatch, *, bfloat16: bool) -> torch.nn.Module:
    monkeypatch.setattr(fastcpu, "has_bfloat16", lambda _device: bfloat16)
    monkeypatch.setattr(Language, "pipeline", [("transformer", Component(module))])
    nlp = Language()
    assert fastcpu.speed_up(nlp) is nlp
    return module


@pytest.mark.parametrize(("width", "pieces"), [(24, 4096), (24, 30), (1, 4096), (500, 1)])
def test_a_sentence_among_others_is_as_alone(
    module: torch.nn.Module, monkeypatch: pytest.MonkeyPatch, width: int, pieces: int
) -> None:
    before = outputs(module)
    monkeypatch.setattr(fastcpu, "WIDTH", width)
    monkeypatch.setattr(fastcpu, "PIECES_AT_A_TIME", pieces)
    after = outputs(sped_up(module, monkeypatch, bfloat16=False))
    assert np.abs(before).max() > 1
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_rows_are_filled_up() -> None:
    lengths = [70, 5, 60, 20, 30, 96, 1]
    row, column, width = fastcpu._places(lengths)
    assert width == 96 and int(row.max()) == 2
    taken = sorted((int(r), int(c) + i) for r, c, n in zip(row, column, lengths, strict=True) for i in range(n))
    assert len(taken) == len(set(taken)) == sum(lengths) and max(c for _, c in taken) < width
    assert fastcpu._places([200, 3])[2] == 224 and fastcpu._places([20, 3])[2] == fastcpu.WIDTH == 64


def test_bfloat16_is_nearly_the_same(module: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    before = outputs(module)
    after = outputs(sped_up(module, monkeypatch, bfloat16=True))
    assert (before != after).any()
    np.testing.assert_allclose(before, after, atol=0.1)
    assert all(weight.dtype == torch.float32 for weight in module.parameters())


def test_autocast_is_nearly_the_same(module: torch.nn.Module) -> None:
    before = outputs(module)
    module.forward = fastcpu._autocast(module, "cpu")  # as on a GPU
    after = outputs(module)
    assert (before != after).any()
    np.testing.assert_allclose(before, after, atol=0.1)


def test_weights_that_change_are_cast_anew(module: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    module.requires_grad_(False)
    before = outputs(sped_up(module, monkeypatch, bfloat16=True))
    with torch.no_grad():
        for weight in module.parameters():
            weight.mul_(2)
    assert np.abs(outputs(module) - before).max() > 0.1


def test_gradients_are_the_same(module: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    def gradient() -> torch.Tensor:
        module.zero_grad()
        states = module(input_ids=IDS.masked_fill(MASK == 0, 1), attention_mask=MASK).last_hidden_state
        (states[..., :3] * MASK[..., None]).sum().backward()
        weight = dict(module.named_parameters())["embeddings.word_embeddings.weight"].grad
        assert weight is not None and weight.dtype == torch.float32
        return weight.clone()

    before = gradient()
    sped_up(module, monkeypatch, bfloat16=False)
    assert before.abs().max() > 0
    torch.testing.assert_close(gradient(), before, atol=1e-5, rtol=1e-4)


def test_emulated_bfloat16_is_not_used() -> None:
    """The flags of the CPU stay when oneDNN is held to AVX2; its bfloat16 is then ten times slower than float32."""
    script = """
import torch
from vi_ner.fastcpu import has_bfloat16
threads = torch.get_num_threads()
print(has_bfloat16(), torch.get_num_threads() == threads)
"""
    env = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"}
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=env).stdout
    assert told == "False True\n"


def test_a_machine_gives_one_answer_on_bfloat16() -> None:
    """Runs that differed in it gave different pipelines; beside other work, too, which the other tests are here."""
    assert len({fastcpu._cpu_gains.__wrapped__() for _ in range(25)}) == 1
