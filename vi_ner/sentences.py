"""Sentences: what the encoder reads at a time, and what training batches are made of.

Windows of so many tokens begin elsewhere in each form of a text, because underscores are tokens too, and that alone
changes predictions; a sentence is the same in all of them. Sentences end at spaCy's `sentencizer` marks, but, by the
patterns of attribute rulers, not at the point of an abbreviation (`TP. HCM`), and at line ends. What is longer than the
encoder reads is cut, if possible after a comma.
"""

from __future__ import annotations

import gc
import random
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from spacy.attrs import ENT_IOB, ENT_TYPE, SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Corpus, Example
from spacy.training.corpus import FILE_TYPE, walk_corpus

from .bio import set_bio_tags
from .inputs import unchanged
from .tokenizer import COMBINING, UPPER

Token = dict[str, Any]  # what spaCy's Matcher asks of a token

LINE_END: Token = {"IS_SPACE": True, "TEXT": {"REGEX": "\n"}}
COMMAS = [",", ";", ":"]
# What stands before a name, with a point behind it: `TP. HCM`, `PGS.TS. Hà Quế`, `Mrs. Doyle`; none is a word too.
BEFORE_NAMES = "bs|ckii?|cty|dr|gm|gs|ht|ks|kts|lm|ls|mrs?|ms|nsnd|nsưt|pgs|st|ths|tp|ts|tt|tx"
INITIAL = rf"(?:Ch|Gi|Kh|Ng|Nh|Ph|Qu|Th|Tr|{UPPER}){COMBINING}*"
BEGIN: Token = {"IS_SENT_START": True}
INSIDE: Token = {"IS_SENT_START": False}
KEPT = [ENT_IOB, ENT_TYPE, SENT_START]  # of a token, in the sentences cut from its document
CUTS = 8  # in one sentence, so far apart as wanted; what is longer still is cut wherever it can be


def create_abbreviations() -> list[dict[str, Any]]:
    """`vi_ner.Abbreviations.v1`, for an attribute ruler behind a sentencizer: their points end no sentence.

    Abbreviations are those that stand before names (`TP. HCM`) and initials (`Ng.V. Bảy`, `Q. 1`); an initial at the
    end of a sentence joins it to the next one, which does less harm than a name in two pieces.
    """
    short = rf"(?:{INITIAL}|(?i:{BEFORE_NAMES}|{unicodedata.normalize('NFD', BEFORE_NAMES)}))"
    word: Token = {"TEXT": {"REGEX": rf"^-?(?:{short}\.)*{short}$"}}
    glue: Token = {"ORTH": "_", "OP": "*"}  # of a segmenter
    return [{"patterns": [[word, glue, {"ORTH": "."}, glue, {}]], "attrs": {"SENT_START": 0}, "index": -1}]


def create_line_breaks() -> list[dict[str, Any]]:
    """`vi_ner.LineBreaks.v1`, for `[initialize.components.X.patterns]` of an attribute ruler: a line is a sentence."""
    return [_begin_after([LINE_END])]


def create_comma_breaks(after: int = 120) -> list[dict[str, Any]]:
    """`vi_ner.CommaBreaks.v1`, for an attribute ruler behind: after so many tokens the next comma ends a sentence.

    Tables and lists run on like that. A ruler sets all its breaks at once, so each is counted from where the sentence
    begins.
    """
    comma: list[Token] = [{**INSIDE, "TEXT": {"NOT_IN": COMMAS}, "OP": "*"}, {"TEXT": {"IN": COMMAS}}]
    part = [INSIDE] * after + comma
    whole = [BEGIN, *(part * CUTS)[1:]]
    ends = [len(part) * count for count in range(1, CUTS + 1)]
    return [*(_begin_after(whole[:end]) for end in ends), _begin_after([*whole, {**INSIDE, "OP": "*"}, comma[1]])]


def create_length_breaks(after: int = 200) -> list[dict[str, Any]]:
    """`vi_ner.LengthBreaks.v1`, for an attribute ruler behind: no sentence has more tokens.

    Word pieces beyond the encoder's positions would be dropped in silence.
    """
    whole = [BEGIN, *[INSIDE] * (after * CUTS - 1)]
    ends = [after * count for count in range(1, CUTS + 1)]
    return [*(_begin_after(whole[:end]) for end in ends), _begin_after([*whole, {**INSIDE, "OP": "+"}])]


def _begin_after(pattern: list[Token]) -> dict[str, Any]:
    """The rule that the token after a pattern begins a sentence."""
    return {"patterns": [[*pattern, {}]], "attrs": {"SENT_START": 1}, "index": -1}


# What was read for a pipeline, by where it is from and how it was cut: once, not in every epoch, nor anew for training
# what was read to initialise the pipeline.
_read: WeakKeyDictionary[Language, dict[Any, list[Doc]]] = WeakKeyDictionary()


def create_sentences(
    path: Path,
    sentences_by: Sequence[str] = (),
    whole: bool = False,
    shuffle: bool = True,
    seed: int = 0,
    also: Path | None = None,
    augmenter: Callable[[Language, Example], Iterator[Example]] | None = None,
) -> Callable[[Language], Iterator[Example]]:
    """`vi_ner.Sentences.v1`: a corpus of sentences, as components of the pipeline find them.

    Articles differ in length by a factor of fifty, so batches of whole articles are mostly padding or a single
    article; a batch of sentences mixes many articles. With `shuffle` each call draws a new order, and the augmenter
    new forms; use it with `max_epochs = -1`.
    Each is marked as one sentence, so nothing needs to find it again in every update (`annotating_components`).
    path, also: DocBins, or folders of them, that are read as one corpus.
    sentences_by: Names of the components; without any, the sentences are those that the gold documents have.
    whole: Give whole documents instead.
    RAISES (ValueError): spaCy finds no corpus there.
    RAISES (ViNerError): A file changed while it was read.
    """
    corpora = [Corpus(folder) for folder in (path, also) if folder]
    rng = random.Random(seed)

    def read(nlp: Language) -> Iterator[Example]:
        finders: list[Any] = [nlp.get_pipe(name) for name in sentences_by]
        known = _read.setdefault(nlp, {})
        key = (path, also, whole, *(finder.to_bytes(exclude=["vocab"]) for finder in finders))
        if key not in known:
            with unchanged(*(corpus.path for corpus in corpora)):
                files = [(corpus, walk_corpus(corpus.path, FILE_TYPE)) for corpus in corpora]
                documents = list(chain.from_iterable(corpus.read_docbin(nlp.vocab, paths) for corpus, paths in files))
            known[key] = documents if whole else [unit for document in documents for unit in cut(document, finders)]
            gc.freeze()  # they stay to the end, and walking through them took the garbage collector 7 % of a training
        units = list(known[key])
        if shuffle:
            rng.shuffle(units)
        for unit in units:
            example = Example(nlp.make_doc(unit.text), unit)
            for form in augmenter(nlp, example) if augmenter else [example]:
                set_bio_tags(form.reference)
                if not whole:
                    mark_as_sentence(form.predicted)
                yield form

    return read


def cut(doc: Doc, finders: Iterable[Callable[[Doc], Doc]]) -> list[Doc]:
    """The sentences of a gold document, each token in one of them; none cuts an entity.

    Blank lines, and sentences for which annotation is missing (see `furniture`), are left out: there is nothing to
    learn in them.
    finders: What sets the sentence starts, in this order.
    """
    for find in finders:
        doc = find(doc)
    starts = [sent.start for sent in doc.sents if doc[sent.start].ent_iob_ != "I"]
    units = [Span(doc, start, end) for start, end in zip(starts, [*starts[1:], len(doc)], strict=True)]
    values = doc.to_array(KEPT)
    filled = [unit for unit in units if any(token.ent_iob and not token.is_space for token in unit)]
    return [unit.as_doc(array_head=KEPT, array=values) for unit in filled]  # type: ignore[call-arg] # spaCy's stub


def mark_as_sentence(doc: Doc) -> None:
    """Make the whole document one sentence."""
    for token in doc:
        token.is_sent_start = token.i == 0
