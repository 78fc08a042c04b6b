"""Whether a text is the output of a word segmenter, and by which habits it shows."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from .letters import is_syllable

JOINED = 0.03  # joints per syllable from which a text counts as segmented; one stray file name is far below
SPACED = 0.5
_SYLLABLE = regex.compile(r"[\p{L}\p{M}\d]+")
_JOINT = regex.compile(r"(?<=[\p{L}\p{M}\d.])_(?=[\p{L}\p{M}\d.])")
_PUNCTUATION = regex.compile(r"[,;!?)”]|\.(?=\s|$)")
_SPACED = regex.compile(r"\s(?:[,;!?)”]|\.(?=\s|$))")
# A capitalised stretch joined with the small-letter word behind it: `Kim_kể`, but also the good word `Tổng_thống`.
_JOINED_UP = regex.compile(r"(?<![\p{L}\p{M}_])(\p{Lu}[\p{L}\p{M}-]*(?:_\p{Lu}[\p{L}\p{M}-]*)*)_\p{Ll}[\p{L}\p{M}]*")
_SENTENCE_START = regex.compile(r"(?:^|[.!?…:\"“]\s*|\n\s*)$")


@dataclass(frozen=True)
class Segmentation:
    """joined: Joints (`_`) per syllable. spaced: Share of the punctuation with a blank before it.

    glued: Names stuck to the small-letter word behind them (`Putin_nhân_dịp`), per 100 syllables.
    """

    segmented: bool
    joined: float
    spaced: float
    glued: float

    @property
    def habits(self) -> list[str]:
        """The habits in words, for accounts."""
        seen = [("joined syllables", self.joined >= JOINED), ("blanks around punctuation", self.spaced >= SPACED)]
        return [name for name, there in [*seen, ("glued names", self.glued >= 0.1)] if there]


def find_segmentation(text: str) -> Segmentation:
    """The habits of a segmenter in a text."""
    syllables = max(1, len(_SYLLABLE.findall(text)))
    marks = len(_PUNCTUATION.findall(text))
    joined = len(_JOINT.findall(text)) / syllables
    spaced = len(_SPACED.findall(text)) / marks if marks else 0.0
    glued = sum(_is_name(match[1], text) for match in _JOINED_UP.finditer(text) if not _starts_sentence(match))
    return Segmentation(joined >= JOINED, round(joined, 3), round(spaced, 3), round(100 * glued / syllables, 2))


def _starts_sentence(match: regex.Match[str]) -> bool:
    return _SENTENCE_START.search(match.string[max(0, match.start() - 3) : match.start()]) is not None


def _is_name(capitals: str, text: str) -> bool:
    """Whether a capitalised stretch is a name of its own: of several syllables, foreign, or found unjoined too."""
    return "_" in capitals or not is_syllable(capitals) or f" {capitals} " in text
