"""The forms a newspaper text comes in, as functions, and the augmenter that shows them to the model in training.

A form is given as one replacement string per character of the text, so spans follow exactly: a span from character i
to j becomes the stretch from the first replacement of i to the last of j - 1.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from .records import Span

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

# A form takes a text, its spans and a source of chance, and gives one replacement per character.
Form = Callable[[str, Sequence[Span], random.Random], list[str]]

JOIN_IN_NAME = 0.85  # share of blanks inside names that a segmenter joins
JOIN_OUTSIDE = 0.35  # share of blanks between other syllables, as in segmented newspaper text
GLUE_NAME = 0.06  # share of names glued to the next or previous syllable
SPACED_MARKS = frozenset('.,;:!?()[]"“”‘’…')


def rewrite(text: str, spans: Sequence[Span], replacements: Sequence[str]) -> tuple[str, list[Span]]:
    """Apply one replacement per character; spans move along.

    RAISES (ValueError): There are not as many replacements as characters.
    """
    if len(replacements) != len(text):
        raise ValueError(f"{len(replacements)} replacements for {len(text)} characters")
    starts = [0, *accumulate(len(replacement) for replacement in replacements)]
    moved = [Span(starts[span.start], starts[span.end], span.label) for span in spans]
    return "".join(replacements), [_without_blanks("".join(replacements), span) for span in moved]


def _without_blanks(text: str, span: Span) -> Span:
    surface = text[span.start : span.end]
    start = span.start + len(surface) - len(surface.lstrip())
    return Span(start, start + len(surface.strip()), span.label)


def joined(text: str, spans: Sequence[Span], rng: random.Random) -> list[str]:
    """As a word segmenter leaves it: underscores inside words and names, some names glued, blanks around marks."""
    pieces = spaced_marks(text, spans, rng)
    inside = {i for span in spans for i in range(span.start + 1, span.end)}
    edges = {i for span in spans for i in (span.start - 1, span.end)}
    for i in range(1, len(text) - 1):
        if text[i] != " " or not (text[i - 1].isalnum() and text[i + 1].isalnum()):
            continue
        chance = GLUE_NAME if i in edges else JOIN_IN_NAME if i in inside else JOIN_OUTSIDE
        if rng.random() < chance:
            pieces[i] = "_"
    return pieces


def spaced_marks(text: str, _spans: Sequence[Span], _rng: random.Random) -> list[str]:
    """Blanks around punctuation, as tokenised corpora have them; numbers and abbreviations stay whole."""
    pieces = list(text)
    for i, char in enumerate(text):
        if char not in SPACED_MARKS:
            continue
        before, after = text[i - 1 : i], text[i + 1 : i + 2]
        if char in ".,:" and before.isalnum() and after.isalnum():
            continue
        left = "" if not before or before.isspace() else " "
        right = "" if not after or after.isspace() or after in SPACED_MARKS else " "
        pieces[i] = left + char + right
    return pieces


def nfd(text: str, _spans: Sequence[Span], _rng: random.Random) -> list[str]:
    """Letters decomposed into base and combining marks."""
    return [unicodedata.normalize("NFD", char) for char in text]


def all_caps(text: str, _spans: Sequence[Span], _rng: random.Random) -> list[str]:
    """Capital letters throughout."""
    return [char.upper() for char in text]


def no_diacritics(text: str, _spans: Sequence[Span], _rng: random.Random) -> list[str]:
    """Letters without tone and vowel marks, as typed on a foreign keyboard."""
    return [
        "".join(part for part in unicodedata.normalize("NFD", char) if not unicodedata.combining(part))
        .replace("đ", "d")
        .replace("Đ", "D")
        for char in text
    ]


FORMS: dict[str, Form] = {
    "joined": joined,
    "spaced": spaced_marks,
    "nfd": nfd,
    "caps": all_caps,
    "plain": no_diacritics,
}


def apply_form(name: str, text: str, spans: Sequence[Span], rng: random.Random) -> tuple[str, list[Span]]:
    """A text and its spans in the form of that name (a key of `FORMS`)."""
    return rewrite(text, spans, FORMS[name](text, spans, rng))


def create_newspaper_forms(
    joined: float = 0.0,
    spaced: float = 0.0,
    nfd: float = 0.0,
    caps: float = 0.0,
    plain: float = 0.0,
    seed: int = 0,
) -> Callable[[Language, Example], Iterator[Example]]:
    """`vi_ner.NewspaperForms.v1`: an augmenter that gives each example one form of it, chosen by chance.

    joined, spaced, nfd, caps, plain: The share of examples given that form; what remains stays as it is.
    RAISES (ValueError): The shares add up to more than 1.
    """
    shares = {"joined": joined, "spaced": spaced, "nfd": nfd, "caps": caps, "plain": plain}
    if sum(shares.values()) > 1:
        raise ValueError(f"The shares of the forms add up to {sum(shares.values()):.2f}, more than 1")
    rng = random.Random(seed)
    names = [*shares, None]
    weights = [*shares.values(), 1 - sum(shares.values())]

    def augment(nlp: Language, example: Example) -> Iterator[Example]:
        name = rng.choices(names, weights)[0]
        yield example if name is None else _in_form(nlp, example, name, rng)

    return augment


def _in_form(nlp: Language, example: Example, name: str, rng: random.Random) -> Example:
    from spacy.training import Example

    gold = example.reference
    if any(token.ent_iob == 0 for token in gold):  # half a sentence that nobody annotated: left as it is
        return example
    spans = [Span(ent.start_char, ent.end_char, ent.label_) for ent in gold.ents]
    text, spans = apply_form(name, gold.text, spans, rng)
    doc = nlp.make_doc(text)
    entities = [doc.char_span(span.start, span.end, span.label) for span in spans]
    if None in entities:  # the form put a border inside a token: better the text as it was than lost gold
        return example
    doc.ents = entities  # type: ignore[assignment]
    return Example(nlp.make_doc(text), doc)
