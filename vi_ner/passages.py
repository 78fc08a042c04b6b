"""Reading training documents as passages: short enough to fill a batch evenly, cut where a reader would pause."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from tokenizers import Tokenizer

from .bio import set_bio_tags

SENTENCE_END = frozenset(".!?…")
CLOSING = frozenset("\"'”’»)")


def create_passages(
    path: Path,
    max_tokens: int = 96,
    min_tokens: int | None = None,
    shuffle: bool = True,
    seed: int = 0,
    also: Path | None = None,
    augmenter: Callable[[Language, Example], Iterator[Example]] | None = None,
) -> Callable[[Language], Iterator[Example]]:
    """`vi_ner.Passages.v1`: a training corpus of passages of at most `max_tokens` tokens.

    Articles differ in length by a factor of fifty, so batches of whole articles are mostly padding or a single
    article. Passages fit one window of the encoder, and a batch mixes many articles. With `shuffle` each call draws a
    new order, and the augmenter new forms; use it with `max_epochs = -1`.
    min_tokens: If given, each document is cut to a limit drawn between it and `max_tokens`, so that single sentences
        occur as well as paragraphs.
    path, also: DocBins, or folders of them, that are read as one corpus.
    RAISES (ValueError): spaCy finds no corpus there.
    """
    corpora = [Corpus(path), *([Corpus(also)] if also else [])]
    rng = random.Random(seed)

    def read(nlp: Language) -> Iterator[Example]:
        examples = chain.from_iterable(corpus(nlp) for corpus in corpora)
        passages = [
            passage
            for example in examples
            for passage in cut(example.reference, max_tokens=rng.randint(min_tokens or max_tokens, max_tokens))
        ]
        if shuffle:
            rng.shuffle(passages)
        for passage in passages:
            example = Example(nlp.make_doc(passage.text), passage)
            for form in augmenter(nlp, example) if augmenter else [example]:
                set_bio_tags(form.reference)
                yield form

    return read


def cut(doc: Doc, *, max_tokens: int) -> list[Doc]:
    """Consecutive passages of a document that hold every token once.

    A passage ends at the last line or sentence end that keeps it within `max_tokens`, or at the last token outside an
    entity where there is none.
    """
    passages = []
    start = 0
    while start < len(doc):
        end = _end(doc, start, max_tokens)
        passages.append(doc[start:end].as_doc())
        start = end
    return passages


def _end(doc: Doc, start: int, max_tokens: int) -> int:
    limit = start + max_tokens
    if limit >= len(doc):
        return len(doc)
    borders = [i for i in range(start + 1, limit + 1) if doc[i].ent_iob_ != "I"]
    if not borders:  # one long entity
        return next((i for i in range(limit, len(doc)) if doc[i].ent_iob_ != "I"), len(doc))
    return next((i for i in reversed(borders) if _pause(doc, i)), borders[-1])


def _pause(doc: Doc, i: int) -> bool:
    """Whether a line or a sentence ends before token i."""
    before = doc[i - 1]
    if before.text in CLOSING and i > 1:
        before = doc[i - 2]
    return "\n" in doc[i - 1].text or (before.text in SENTENCE_END and doc[i].text not in CLOSING)


def create_piece_length(encoder: Path) -> Callable[[Example], int]:
    """`vi_ner.PieceLength.v1`, for `get_length` of `spacy.batch_by_padded.v1`: the length that padding is paid in.

    A passage in capitals has three times the word pieces of an ordinary one with as many tokens, and everything in its
    batch would be padded to it.

    encoder: Folder with the encoder's tokenizer.json.
    """
    tokenizer = Tokenizer.from_file(str(Path(encoder) / "tokenizer.json"))
    return lambda example: len(tokenizer.encode(example.x.text).ids)
