from __future__ import annotations

from pathlib import Path

import spacy
import torch
from tiny_encoders import bert

from vi_ner.fastcpu import encoders
from vi_ner.saving import save_in_half


def test_weights_are_saved_in_half_precision_and_kept_whole_in_memory(tmp_path: Path) -> None:
    nlp = spacy.blank("xx")
    model = {"@architectures": "spacy-transformers.TransformerModel.v3", "name": str(bert(tmp_path / "encoder"))}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    nlp.to_disk(tmp_path / "whole")
    ((module, _),) = encoders(nlp)
    name, weights = next((name, values) for name, values in module.named_parameters() if values.dim() > 1)
    with torch.no_grad():
        weights[0, 0] = 1e6  # has no float16

    save_in_half(module)
    nlp.to_disk(tmp_path / "half")

    ((loaded, _),) = encoders(spacy.load(tmp_path / "half"))
    assert weights.dtype == torch.float32
    for key, values in loaded.named_parameters():
        ours = module.get_parameter(key)
        assert values.dtype == torch.float32
        assert torch.equal(values, ours if key == name else ours.half().float()), key
    whole, half = ((tmp_path / kind / "transformer" / "model").stat().st_size for kind in ("whole", "half"))
    size = sum(values.numel() for values in module.parameters())
    assert whole - half > 1.5 * (size - weights.numel())
