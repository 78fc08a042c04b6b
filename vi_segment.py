"""Word segmentation inside a spaCy pipeline, for encoders that were trained on segmented Vietnamese (PhoBERT).

Such an encoder wants `Tổng_thống Nga`, and an underscore is as long as the blank whose place it takes. So each sentence
is segmented when the encoder reads it, and nowhere else: tokens, text and offsets of the Doc stay those of the source,
and an entity may begin or end inside a segment. Texts that come segmented are segmented anew, so they are read alike.

This module stands beside `vi_ner` and not in it, because trained pipelines need it: it imports nothing of the project,
only pyvi (MIT), and `python -m vi_ner package` puts a copy into the wheel.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, pairwise

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab
from spacy_transformers.util import registry

WORD = re.compile(r"[^\s_]+")


@registry.span_getters("vi_segment.Sentences.v1")  # type: ignore[attr-defined]
def create_segmented_sentences() -> Callable[[Iterable[Doc]], list[list[Span]]]:
    """`vi_segment.Sentences.v1`, for `get_spans` of a transformer: sentences, segmented."""

    def get_spans(docs: Iterable[Doc]) -> list[list[Span]]:
        scratch = Vocab()  # the pipeline's own would keep every string
        return [[segmented(sentence, scratch) for sentence in doc.sents] for doc in docs]

    return get_spans


def segmented(sentence: Span, vocab: Vocab) -> Span:
    """The same tokens over the segmented text; what stands after a token counts as part of it."""
    text = segment(sentence.text)
    starts = [token.idx - sentence.start_char for token in sentence]
    return Doc(vocab, words=[text[a:b] for a, b in pairwise([*starts, len(text)])], spaces=[False] * len(starts))[:]


def segment(text: str) -> str:
    """A text of the same length with underscores in place of the blanks inside words, and blanks between words.

    Only single characters change, and only between words: runs of blanks and line ends stay as they are.
    """
    found = list(WORD.finditer(text))
    view = list(text)
    for (word, following), joined in zip(pairwise(found), joints([match[0] for match in found]), strict=False):
        gap = text[word.end() : following.start()]
        if joined and len(gap) == 1 and gap != "\n":
            view[word.end()] = "_"
        elif not joined:
            view[word.end() : following.start()] = gap.replace("_", " ")
    return "".join(view)


def joints(words: Sequence[str]) -> list[bool]:
    """Whether each word belongs together with the next one, as pyvi has it.

    pyvi works on composed letters and sets blanks around punctuation, so joints are found by the letters before them.
    """
    from pyvi import ViTokenizer

    plain = [composed(word) for word in words]
    joined = joined_after(ViTokenizer.tokenize(" ".join(plain)))
    return [end in joined for end in accumulate(map(len, plain))]


def joined_after(output: str) -> set[int]:
    """How many letters stand before each underscore of a segmenter's output."""
    joined, letters = set(), 0
    for char in output:
        if char == "_":
            joined.add(letters)
        elif not char.isspace():
            letters += 1
    return joined


def composed(word: str) -> str:
    """A word with composed letters and without characters that nobody sees."""
    return "".join(char for char in unicodedata.normalize("NFC", word) if unicodedata.category(char) != "Cf")
