from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from spacy.language import Language

from vi_ner.dropout import with_dropout
from vi_ner.fastcpu import encoders

TEXT = "Bà Lò Thị Pó ở bản Nà Hoi ra chợ từ sáng sớm."


@pytest.fixture
def nlp(encoder: Path) -> Language:
    nlp = spacy.blank("xx")
    model = {"@architectures": "spacy-transformers.TransformerModel.v3", "name": str(encoder)}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    return nlp


def run(nlp: Language, *, hidden_pieces: float, hidden_states: float, training: bool) -> tuple[Any, Any, Any]:
    """Word pieces as they are, as the encoder got them, and its last hidden states."""
    ((module, tokenizer),) = encoders(nlp)
    seen = []
    forward = module.forward

    def record(input_ids: torch.Tensor, **kwargs: Any) -> Any:
        seen.append(input_ids)
        return forward(input_ids=input_ids, **kwargs)

    module.forward = record
    module.forward = with_dropout(module, tokenizer, hidden_pieces=hidden_pieces, hidden_states=hidden_states)
    batch = tokenizer([TEXT] * 40, return_tensors="pt")
    torch.manual_seed(0)
    module.train(training)
    output = module(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    return batch["input_ids"], torch.cat(seen), output.last_hidden_state


def test_a_share_of_the_pieces_is_hidden_and_never_a_special_one(nlp: Language) -> None:
    pieces, seen, states = run(nlp, hidden_pieces=0.3, hidden_states=0.5, training=True)
    hidden = seen != pieces
    assert 0.2 < hidden.float().mean() < 0.4
    assert not hidden[:, 0].any() and not hidden[:, -1].any()
    assert 0.45 < (states == 0).float().mean() < 0.55


def test_nothing_is_hidden_outside_training(nlp: Language) -> None:
    pieces, seen, states = run(nlp, hidden_pieces=0.3, hidden_states=0.5, training=False)
    assert torch.equal(pieces, seen) and not (states == 0).any()
