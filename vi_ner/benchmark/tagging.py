"""Tagging: `spacy.load`, Hugging Face's pipeline in two precisions, underthesea, `vi_ner.load`, and the bare encoder.

Every tool gets the texts in the form that suits it: spaCy whole documents, the others sentences, cut before the clock
runs. The bare encoder gets word pieces, sorted by length, and gives nothing back: nothing on these weights is faster.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cases import Case, Entity, Round, Settings, Task, UnavailableError
from .texts import count_words, generate
from .training import require_bfloat16

if TYPE_CHECKING:
    from ..tag import TextRow

PIECES = 4096  # in a batch of the bare encoder, with padding
LEAST_WORDS = 20_000  # that a length is measured on


def read(settings: Settings) -> list[TextRow]:
    """The texts to tag."""
    from ..tag import TextRow

    rows = map(json.loads, Path(settings.texts).read_text(encoding="utf8").splitlines())
    return [TextRow(row["doc_id"], row["text"], {}) for row in rows]


def words_of(rows: Sequence[TextRow]) -> int:
    """Syllables of all texts."""
    return sum(count_words(row.text) for row in rows)


def with_spacy(settings: Settings, _size: int) -> Task:
    """What anybody gets: `nlp.pipe` of `spacy.load`."""
    import spacy

    nlp = spacy.load(settings.model)
    rows = read(settings)
    words = words_of(rows)

    def act() -> Round:
        docs = nlp.pipe(row.text for row in rows)
        found = [
            (row.doc_id, ent.start_char, ent.end_char, ent.label_)
            for row, doc in zip(rows, docs, strict=True)
            for ent in doc.ents
        ]
        return Round(words, found)

    return Task(act)


def with_vi_ner(settings: Settings, _size: int) -> Task:
    """`vi_ner.load`, and what the command `tag` does."""
    import vi_ner

    nlp = vi_ner.load(settings.model)
    rows = read(settings)
    words = words_of(rows)
    return Task(lambda: Round(words, list(_tagged(nlp, rows))))


def _tagged(nlp: Any, rows: Any) -> Iterator[Entity]:
    from ..tag import tag

    for row in tag(nlp, rows):
        for entity in row["entities"]:
            yield row["doc_id"], entity["start"], entity["end"], entity["label"]


def _sentences(nlp: Any, rows: Sequence[TextRow]) -> tuple[list[str], list[tuple[str, int]]]:
    """The sentences that the pipeline sees, and the document and first code point of each."""
    texts, places = [], []
    with nlp.select_pipes(enable=nlp.config["corpora"]["train"]["sentences_by"]):
        for row, doc in zip(rows, nlp.pipe(row.text for row in rows), strict=True):
            for sentence in doc.sents:
                texts.append(sentence.text)
                places.append((row.doc_id, sentence.start_char))
    return texts, places


def with_hugging_face(settings: Settings, _size: int, *, bfloat16: bool) -> Task:
    """The token-classification pipeline with the same weights, on sentences."""
    import spacy
    import torch

    from .hugging_face import classifier, entities_of, quiet, token_classification

    if bfloat16:
        require_bfloat16()
    quiet()
    nlp = spacy.load(settings.model)
    rows = read(settings)
    texts, places = _sentences(nlp, rows)
    model, tokenizer = classifier(nlp)
    if bfloat16:
        model = model.to(torch.bfloat16)
    pipe = token_classification(model, tokenizer, batch=settings.batch)
    words = words_of(rows)
    return Task(lambda: Round(words, entities_of(pipe(texts), places)))


def with_underthesea(settings: Settings, _size: int) -> Task:
    """The best-known Vietnamese toolkit; its model is another (a CRF), and so are its entities."""
    try:
        from underthesea import ner
    except ImportError as error:
        raise UnavailableError("underthesea is not installed (extra `benchmark`)") from error
    import spacy

    rows = read(settings)
    texts, _places = _sentences(spacy.load(settings.model), rows)
    words = words_of(rows)

    def act() -> Round:
        for text in texts:
            ner(text)
        return Round(words)

    return Task(act)


def with_bare_encoder(settings: Settings, _size: int) -> Task:
    """The encoder alone, in the precision that pays here; weights held in it, attention by PyTorch's fused kernel."""
    import spacy
    import torch

    from ..fastcpu import encoders, has_bfloat16

    nlp = spacy.load(settings.model)
    rows = read(settings)
    ((module, tokenizer),) = encoders(nlp)
    texts, _places = _sentences(nlp, rows)
    module = module.eval().to(torch.bfloat16 if has_bfloat16() else torch.float32)
    limit = module.config.max_position_embeddings
    pieces = sorted(tokenizer(texts, truncation=True, max_length=limit)["input_ids"], key=len)
    batches = [tokenizer.pad({"input_ids": batch}, return_tensors="pt") for batch in _filled(pieces)]
    words = words_of(rows)

    def act() -> Round:
        with torch.inference_mode():
            for batch in batches:
                module(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        return Round(words)

    return Task(act)


def _filled(pieces: list[list[int]]) -> Iterator[list[list[int]]]:
    """Sorted sentences in batches of `PIECES`."""
    batch: list[list[int]] = []
    for sentence in pieces:
        if batch and (len(batch) + 1) * len(sentence) > PIECES:
            yield batch
            batch = []
        batch.append(sentence)
    if batch:
        yield batch


def of_length(settings: Settings, size: int) -> Task:
    """Documents of `size` syllables each, at least `LEAST_WORDS` in all."""
    return _generated(settings, count=max(1, LEAST_WORDS // size), syllables=size)


def of_number(settings: Settings, size: int) -> Task:
    """A stream of `size` short articles, of which nothing is kept."""
    return _generated(settings, count=size, syllables=60)


def _generated(settings: Settings, *, count: int, syllables: int) -> Task:
    import vi_ner

    from ..tag import TextRow

    nlp = vi_ner.load(settings.model)
    seen = 0

    def rows() -> Iterator[TextRow]:
        nonlocal seen
        for article in generate(count, syllables=syllables):
            seen += count_words(article.text)
            yield TextRow(article.doc_id, article.text, {})

    def act() -> Round:
        for _entity in _tagged(nlp, rows()):
            pass
        return Round(seen)

    return Task(act)


TOOLS: dict[str, Callable[[Settings, int], Task]] = {
    "spacy": with_spacy,
    "hugging-face-fp32": partial(with_hugging_face, bfloat16=False),
    "hugging-face-bf16": partial(with_hugging_face, bfloat16=True),
    "underthesea": with_underthesea,
    "vi-ner": with_vi_ner,
    "encoder-alone": with_bare_encoder,
}
CASES = {("tagging", name): Case("tagging", name, prepare) for name, prepare in TOOLS.items()}
CASES["length", "vi-ner"] = Case("length", "vi-ner", of_length, once=True)
CASES["collection", "vi-ner"] = Case("collection", "vi-ner", of_number, once=True)
