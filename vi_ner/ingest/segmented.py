"""Whether a text is the output of a word segmenter, and by which habits it shows."""

from __future__ import annotations

from dataclasses import dataclass

import regex

JOINED = 0.03  # joints per syllable from which a text counts as segmented; one stray file name is far below
SPACED = 0.5
_SYLLABLE = regex.compile(r"[\p{L}\p{M}\d]+")
_JOINT = regex.compile(r"(?<=[\p{L}\p{M}\d.])_(?=[\p{L}\p{M}\d.])")
_PUNCTUATION = regex.compile(r"[,;!?)”]|\.(?=\s|$)")
_SPACED = regex.compile(r"\s(?:[,;!?)”]|\.(?=\s|$))")
# A name joined with the small-letter word behind it: `Kim_kể`. A name of small letters alone is no such thing.
_GLUED = regex.compile(r"(?<![\p{L}\p{M}_])\p{Lu}[\p{L}\p{M}-]*(?:_\p{Lu}[\p{L}\p{M}-]*)*_\p{Ll}[\p{L}\p{M}]*")
_SENTENCE_START = regex.compile(r"(?:^|[.!?…:\"“]\s*|\n\s*)$")


@dataclass(frozen=True)
class Segmentation:
    """joined: Joints (`_`) per syllable. spaced: Share of the punctuation with a blank before it.

    glued: Words in the middle of a sentence in which a capital and a small-letter syllable are joined, per 100
        syllables: names stuck to the next word, where they are many.
    """

    segmented: bool
    joined: float
    spaced: float
    glued: float

    @property
    def habits(self) -> list[str]:
        """The habits in words, for accounts."""
        seen = [("joined syllables", self.joined >= JOINED), ("blanks around punctuation", self.spaced >= SPACED)]
        return [name for name, there in [*seen, ("glued names", self.glued >= 0.2)] if there]


def find_segmentation(text: str) -> Segmentation:
    """The habits of a segmenter in a text."""
    syllables = max(1, len(_SYLLABLE.findall(text)))
    marks = len(_PUNCTUATION.findall(text))
    joined = len(_JOINT.findall(text)) / syllables
    spaced = len(_SPACED.findall(text)) / marks if marks else 0.0
    glued = sum(not _SENTENCE_START.search(text[max(0, m.start() - 3) : m.start()]) for m in _GLUED.finditer(text))
    return Segmentation(joined >= JOINED, round(joined, 3), round(spaced, 3), round(100 * glued / syllables, 2))
