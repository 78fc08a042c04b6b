"""spaCy tokenization rules for Vietnamese news text.

The rules are set once, in `[initialize]`, and saved with the pipeline, so a trained pipeline needs nothing of ours.
A token never holds the border of a name: every mark splits off, and so do underscores, because a word segmenter may
have glued a name to what follows it (`Kim_kể`). What stays together is what is read as one: numbers, dates, fractions
(`12-17/9/2023`, `97,5`) and dotted abbreviations (`TP.HCM`, `Q.1`, `N.V.A`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex

LETTER = r"[^\W\d_]"
LOWER = r"[a-zà-öø-ÿăâđêôơưạ-ỹ]"
UPPER = r"[A-ZÀ-ÖØ-ÞĂÂĐÊÔƠƯẠ-Ỹ]"
MARK = r"[^\w\s]"  # punctuation and symbols; combining marks are handled apart
COMBINING = r"[\u0300-\u036f]"
INVISIBLE = r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]"
EDGE = rf"(?:(?!{COMBINING}){MARK}|_|{INVISIBLE})"

PREFIXES = (r"\.\.+", EDGE)
SUFFIXES = (r"\.\.+", EDGE, r"(?<=\d)(?:%|°|đ|km|kg|m|g|h|USD|VND)(?![\w])")
INFIXES = (
    r"\.\.+",
    # Marks that never stand inside anything read as one.
    r"[_\"“”„«»‘’`(){}\[\]<>|…;:!?*=+~&@#•·–—\u200b-\u200f\u2060\ufeff]",
    # A hyphen or slash with a letter on either side; between digits it belongs to a date or a range.
    rf"(?<={LETTER})[-/](?=\w)",
    rf"(?<=\w)[-/](?={LETTER})",
    rf"(?<={COMBINING})[-/,.]",
    # Commas separate unless they stand between digits.
    rf"(?<={LETTER}),",
    rf",(?={LETTER})",
    # A full stop with the blank after it missing: `hôm qua.Ông`, `năm 2019.Ông`. `TP.HCM` and `Q.1` stay whole.
    rf"(?<={LOWER})\.(?={UPPER})",
    rf"(?<=\d)\.(?={LETTER})",
    # … or with a mark or a segmenter's underscore in its place: `KCNA."Kim`, `KCNA._Kim`.
    r"(?<=\w)[.,'](?=_|[^\w\s])",
    # Straight quotes and apostrophes, but `HH'Hen` and `O'Brien` are one syllable.
    r"(?<=[\d.,)])'",
)


def create_news_tokenizer() -> Callable[[Language], Language]:
    """`vi_ner.NewsTokenizer.v1`, for `[initialize.before_init]`: set the rules on the pipeline's tokenizer."""
    return set_news_rules


def set_news_rules(nlp: Language) -> Language:
    """Replace the rules of a `spacy.Tokenizer.v1` in place.

    spaCy's base exceptions (emoticons such as `8)`) are dropped: in newspapers they are numbers in brackets.
    """
    tokenizer: Any = nlp.tokenizer
    tokenizer.rules = {}
    tokenizer.prefix_search = compile_prefix_regex(PREFIXES).search
    tokenizer.suffix_search = compile_suffix_regex(SUFFIXES).search
    tokenizer.infix_finditer = compile_infix_regex(INFIXES).finditer
    tokenizer.token_match = None
    tokenizer.url_match = None
    return nlp
