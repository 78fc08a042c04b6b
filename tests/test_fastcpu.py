from __future__ import annotations

import numpy as np
import pytest
import torch
from spacy.language import Language
from transformers import BertConfig, BertModel

from vi_ner import fastcpu


class Component:
    """Stands for a transformer component: all that `use_bfloat16` looks at."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.model = type("Model", (), {"transformer": module})()


@pytest.fixture
def module() -> BertModel:
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    return BertModel(BertConfig(vocab_size=50, **sizes)).eval()


def outputs(module: BertModel) -> np.ndarray:
    with torch.no_grad():
        output = module(input_ids=torch.arange(40).reshape(2, 20))
    assert output.last_hidden_state.dtype == output.pooler_output.dtype == torch.float32
    return output.last_hidden_state.numpy()


@pytest.mark.parametrize("available", [True, False])
def test_bfloat16_only_where_the_cpu_has_it(
    module: BertModel, monkeypatch: pytest.MonkeyPatch, available: bool
) -> None:
    monkeypatch.setattr(fastcpu, "has_bfloat16", lambda: available)
    before = outputs(module)
    nlp = Language()
    monkeypatch.setattr(Language, "pipeline", [("transformer", Component(module))])
    assert fastcpu.use_bfloat16(nlp) is nlp
    after = outputs(module)
    assert (before != after).any() == available
    np.testing.assert_allclose(before, after, atol=0.1)
    assert all(weight.dtype == torch.float32 for weight in module.parameters())


def test_gradients_stay_float32(module: BertModel) -> None:
    module.forward = fastcpu._in_bfloat16(module.forward)
    module(input_ids=torch.arange(10).reshape(1, 10)).last_hidden_state.sum().backward()
    weight = dict(module.named_parameters())["encoder.layer.0.output.dense.weight"]
    assert weight.grad is not None and weight.grad.dtype == torch.float32 and weight.grad.abs().sum() > 0
