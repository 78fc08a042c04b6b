"""A trained pipeline at the speed of its encoder: what `vi_ner.load` changes for tagging, none of it saved.

spacy-transformers pads all sentences of a batch to the longest, carries strings and offsets of the padding along, and
aligns tokens one by one in Python. Here word pieces stay a flat list from the tokenizer to the tagger.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, groupby
from typing import Any

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy_transformers.data_classes import FullTransformerBatch, TransformerData, WordpieceBatch
from spacy_transformers.layers.transformer_model import TransformerModel
from spacy_transformers.pipeline_component import Transformer
from thinc.types import Ragged
from transformers.modeling_outputs import BaseModelOutput

from .fastcpu import STEP, WIDTH, can_pack, first_position, has_bfloat16, packed_states

States = Callable[[Sequence[Sequence[int]]], NDArray[np.float32]]


def for_inference(nlp: Language) -> Language:
    """Set the encoders of a pipeline up for tagging on this machine, in place.

    The encoder computes in rows filled with several sentences, with a copy of its weights in bfloat16 where the CPU has
    instructions for it. The pipeline's own weights stay as they are: it saves and trains as before. Encoders on a GPU,
    of other kinds than BERT's and RoBERTa's, or without a fast tokenizer are left alone. PyTorch gets no more threads
    than the CPUs this process may use; it does not look at the quota of a container.
    """
    torch.set_num_threads(min(torch.get_num_threads(), joblib.cpu_count()))
    for _name, component in nlp.pipeline:
        model: Any = component.model if isinstance(component, Transformer) else None
        if model is None or not model.tokenizer.is_fast or not can_pack(model.transformer):
            continue
        if model.transformer.device.type == "cpu":
            model._func = _flat_forward(model._func, _encoder(model.transformer))
    return nlp


def _encoder(module: Any) -> States:
    """A function from the word pieces of sentences to their last hidden states, (word pieces, width), in order."""
    if has_bfloat16():
        module = copy.deepcopy(module).to(torch.bfloat16)
    module.eval()

    def states(sentences: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        lengths = np.array([len(pieces) for pieces in sentences])
        ends = lengths.cumsum()
        out = np.empty((int(ends[-1]), module.config.hidden_size), dtype=np.float32)
        # A long sentence among short ones would widen all rows.
        widths = np.maximum(WIDTH, -(-lengths // STEP) * STEP)
        order = widths.argsort(kind="stable")
        for _width, same in groupby(order, key=lambda i: widths[i]):
            group = list(same)
            rows = np.concatenate([np.arange(ends[i] - lengths[i], ends[i]) for i in group])
            out[rows] = packed_states(
                module,
                torch.from_numpy(lengths[group]),
                first_position=first_position(module),
                input_ids=torch.tensor(list(chain.from_iterable(sentences[i] for i in group))),
            ).float()
        return out

    def without_gradients(sentences: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return states(sentences)

    return without_gradients


def _flat_forward(original: Callable[..., Any], states: States) -> Callable[..., Any]:
    """The forward function of spacy-transformers' model; training goes the old way."""

    @functools.wraps(original)
    def forward(model: TransformerModel, docs: list[Doc], is_train: bool) -> tuple[FullTransformerBatch, Any]:
        if is_train:
            result: tuple[FullTransformerBatch, Any] = original(model, docs, is_train)
            return result
        spans = model.attrs["get_spans"](docs)
        backend = model.tokenizer.backend_tokenizer
        backend.no_padding()
        encodings = backend.encode_batch([span.text for span in chain.from_iterable(spans)])
        limit = model.tokenizer.model_max_length
        ids = [encoding.ids[:limit] for encoding in encodings]
        data = _split(docs, spans, [encoding.offsets[:limit] for encoding in encodings], ids, states(ids))
        whole = FullTransformerBatch(
            spans=spans,
            wordpieces=WordpieceBatch.empty(),
            model_output=BaseModelOutput(),
            align=TransformerData.empty().align,
            cached_doc_data=data,
        )
        return whole, lambda _: docs

    return forward


def _split(
    docs: Iterable[Doc],
    spans: Iterable[list[Span]],
    offsets: Iterable[list[tuple[int, int]]],
    ids: Iterable[list[int]],
    states: NDArray[np.float32],
) -> list[TransformerData]:
    """What each document takes of the states: one row of word pieces per document, without padding."""
    data = []
    start = 0
    offsets, ids = iter(offsets), iter(ids)
    for doc, doc_spans in zip(docs, spans, strict=True):
        pieces = [piece for _ in doc_spans for piece in next(ids)]
        borders = [_in_doc(span, next(offsets)) for span in doc_spans]
        if not pieces:
            data.append(TransformerData.empty())
            continue
        own: Any = states[start : start + len(pieces)]
        start += len(pieces)
        input_ids: Any = np.array([pieces])
        mask: Any = np.ones_like(input_ids)
        wordpieces = WordpieceBatch(
            strings=[], input_ids=input_ids, attention_mask=mask, lengths=[], token_type_ids=None
        )
        output = BaseModelOutput(last_hidden_state=own[None])
        data.append(TransformerData(wordpieces, output, align_tokens(doc, np.concatenate(borders))))
    return data


def _in_doc(span: Span, offsets: list[tuple[int, int]]) -> NDArray[np.int64]:
    """(word pieces, 2): offsets into the document from those into a sentence; nothing stays nothing."""
    borders = np.array(offsets).reshape(-1, 2)
    empty = borders[:, 0] >= borders[:, 1]
    borders += span.start_char
    borders[empty] = 0
    return borders


def align_tokens(doc: Doc, borders: NDArray[np.int64]) -> Ragged:
    """The word pieces that share a character with each token, as spacy-transformers aligns them.

    A token's blank is its own. borders: (word pieces, 2) first and last-but-one character of each in the document.
    """
    begin = np.array([token.idx for token in doc])
    ends = borders.max(axis=1) > borders.min(axis=1)
    first = begin.searchsorted(borders[:, 0], side="right") - 1
    last = begin.searchsorted(borders[:, 1] - 1, side="right") - 1
    counts = np.where(ends, last - first + 1, 0)
    piece = np.arange(len(borders)).repeat(counts)
    within = np.arange(len(piece)) - (counts.cumsum() - counts).repeat(counts)
    token = first.repeat(counts) + within
    order = token.argsort(kind="stable")
    lengths: Any = np.bincount(token, minlength=len(doc)).astype("i")
    aligned: Any = piece[order].astype("i")
    return Ragged(aligned, lengths)
