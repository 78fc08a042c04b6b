from __future__ import annotations

import copy
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData

from vi_ner import inference
from vi_ner.convert import news_tokenizer
from vi_ner.tag import TextRow, batches, tag

TEXTS = [
    "Ông Lê Văn Tám đến Huế. Trời mưa to, đường trơn.\n\nXe dừng ở cầu Tràng Tiền!",
    "",
    unicodedata.normalize("NFD", "Bà Nguyễn Thị Lụa kể chuyện cũ ở Mỹ Tho."),
    "Nguyễn_Văn_An , Công_ty_Hoa_Sen _ họp .",
    "\ufeffĐà\u200b Nẵng  có   😀 nắng\u00a0vàng",
    "  \n",
    "một hai ba bốn năm sáu bảy tám chín mười " * 20,
]
SENTENCES = {"@span_getters": "spacy-transformers.sent_spans.v1"}
WINDOWS = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 12, "stride": 8}


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def untrained(encoder: Path, spans: dict[str, Any]) -> Language:
    nlp = news_tokenizer()
    nlp.add_pipe("sentencizer")
    model = {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "name": str(encoder),
        "tokenizer_config": {"use_fast": True},
        "get_spans": spans,
    }
    nlp.add_pipe("transformer", config={"model": model}).model.initialize()  # type: ignore[attr-defined]
    return nlp


def states(nlp: Language) -> list[TransformerData]:
    docs = [doc._.trf_data for doc in nlp.pipe(TEXTS)]
    assert len(docs) == len(TEXTS)
    return docs


def of_tokens(data: TransformerData) -> np.ndarray:
    """The states of each token's word pieces, in order; empty for a document without tokens."""
    if "last_hidden_state" not in data.model_output:
        return np.zeros((0, 1))
    output: Any = data.model_output
    flat: np.ndarray = output.last_hidden_state.reshape(-1, data.width)
    return flat[data.align.data.ravel()]


@pytest.mark.parametrize("spans", [SENTENCES, WINDOWS], ids=["sentences", "overlapping-windows"])
@pytest.mark.parametrize("limit", [512, 16])
def test_every_token_has_the_states_it_has_without_us(
    encoder: Path, monkeypatch: pytest.MonkeyPatch, spans: dict[str, Any], limit: int
) -> None:
    monkeypatch.setattr(inference, "has_bfloat16", lambda: False)
    nlp = untrained(encoder, spans)
    model: Any = nlp.get_pipe("transformer").model  # type: ignore[attr-defined]
    model.tokenizer.model_max_length = limit
    before = states(nlp)
    assert inference.for_inference(nlp) is nlp
    for old, new in zip(before, states(nlp), strict=True):
        np.testing.assert_array_equal(new.align.lengths, old.align.lengths)
        np.testing.assert_allclose(of_tokens(new), of_tokens(old), atol=2e-3)
    assert sum(len(of_tokens(data)) for data in before) > (50 if limit == 16 else 250)


def test_bfloat16_is_nearly_the_same_and_leaves_the_weights_alone(
    encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "has_bfloat16", lambda: True)
    nlp = untrained(encoder, SENTENCES)
    module: Any = nlp.get_pipe("transformer").model.transformer  # type: ignore[attr-defined]
    before, weights = states(nlp), copy.deepcopy(module.state_dict())
    after = states(inference.for_inference(nlp))
    torch.testing.assert_close(module.state_dict(), weights, rtol=0, atol=0)
    for old, new in zip(before, after, strict=True):
        assert of_tokens(new).dtype == of_tokens(old).dtype
        np.testing.assert_allclose(of_tokens(new), of_tokens(old), atol=0.5)
    assert (of_tokens(after[0]) != of_tokens(before[0])).any()


def test_training_goes_the_old_way(encoder: Path) -> None:
    nlp = inference.for_inference(untrained(encoder, SENTENCES))
    doc = nlp("Huế mưa. Huế nắng.")
    output, backward = nlp.get_pipe("transformer").model.begin_update([doc])  # type: ignore[attr-defined]
    assert output.model_output.last_hidden_state.requires_grad and backward is not None


def test_no_more_threads_than_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1)
    inference.for_inference(spacy.blank("xx"))
    assert torch.get_num_threads() == 1


def test_batches_hold_every_text_once_and_no_more_than_they_may() -> None:
    sizes = [10, 250_000, 5, 5, *[900] * 300, 150_000, 60_000]
    rows = [TextRow(str(i), "a" * size, {}) for i, size in enumerate(sizes)]
    made = list(batches(rows))
    assert [row for batch in made for row in batch] == rows
    assert all(len(batch) == 1 or sum(len(row.text) for row in batch) <= 200_000 for batch in made)
    assert [len(batch) for batch in made[:2]] == [1, 1] and max(map(len, made)) > 200


def test_a_stream_leaves_nothing_behind(finds_hue: Language) -> None:
    def stream(n: int) -> Iterator[TextRow]:
        for i in range(n):
            yield TextRow(str(i), f"Huế có chuyện{i} và người{i}", {})

    list(tag(finds_hue, stream(300)))
    words = len(finds_hue.vocab.strings)
    results = list(tag(finds_hue, stream(3000)))
    assert all(row["entities"] == [{"start": 0, "end": 3, "label": "LOC", "text": "Huế"}] for row in results)
    assert len(finds_hue.vocab.strings) == words
    assert isinstance(finds_hue("Huế"), Doc)
