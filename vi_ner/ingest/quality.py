"""What makes a text unfit for annotation: flags with reasons. Nothing is set aside here."""

from __future__ import annotations

import unicodedata

import py3langid
import regex

from .letters import WORD, is_plain_syllable, is_syllable

SHORT = 40  # syllables below which a text is too short to annotate
FLAGS = {
    "language": "not Vietnamese",
    "no-diacritics": "Vietnamese without diacritics",
    "short": "too short",
    "numbers": "a table of numbers",
    "ocr": "an OCR ruin",
    "damaged": "characters damaged in an earlier conversion",
    "no-text": "nothing but furniture",
}
_TOKEN = regex.compile(r"[^\s_]+")
_MIXED = regex.compile(r"(?=.*\p{L})(?=.*[\d|\\/~^*#<>{}\[\]=§¬¦]).+")
_CODE = regex.compile(r"[\p{Lu}\d./-]+|\d+\p{L}{1,3}|\p{Lu}+\d+|\d.*")  # COVID-19, 10h, U23: written so on purpose


def find_flags(text: str) -> dict[str, str]:
    """The flags of a text without its furniture, each with its reason."""
    text = unicodedata.normalize("NFC", text).replace("_", " ")
    words, tokens = WORD.findall(text), _TOKEN.findall(text)
    if not tokens:
        return {"no-text": "no text beside the furniture"}
    flags = {}
    digits = sum(any(char.isdigit() for char in token) for token in tokens) / len(tokens)
    if digits > 0.4:
        flags["numbers"] = f"{digits:.0%} of the words hold digits"
    elif len(words) < SHORT:
        flags["short"] = f"{len(words)} syllables, fewer than {SHORT}"
    if len(words) >= 8:
        flags |= _language(text, words) or _ruin(text, tokens, words)
    return flags


def _language(text: str, words: list[str]) -> dict[str, str]:
    marked = [word for word in words if not word.isascii()]
    spelled = sum(is_syllable(word) for word in marked)
    if spelled >= 0.2 * len(words):
        return {}
    plain = sum(map(is_plain_syllable, words)) / len(words)
    name = py3langid.classify(text[:5000])[0]
    if name == "vi" and plain > 0.7 and len(marked) < 0.05 * len(words):
        return {"no-diacritics": f"{plain:.0%} of the words are Vietnamese syllables without marks"}
    if name != "vi":
        return {"language": f"reads as {name!r}; {spelled} of {len(words)} words are Vietnamese syllables with marks"}
    return {}


def _ruin(text: str, tokens: list[str], words: list[str]) -> dict[str, str]:
    """Scanned text read badly: letters alone, letters mixed with digits and signs, syllables that cannot be spelled."""
    alone = sum(
        len(word) == 1 and word.lower() not in "aàáảãạăâeéèêiíìịoóòôơuúùưyýỳỷỹỵđ" and not word.isupper()
        for word in words
    )
    bare = [token.strip(".,;:!?()\"'“”‘’…-–") for token in tokens]
    mixed = sum(bool(_MIXED.fullmatch(token)) and not _CODE.fullmatch(token) for token in bare)
    small = [word for word in words if word.islower()]
    broken = sum(not is_syllable(word) for word in small)
    share = (mixed + alone) / len(tokens)
    if share > 0.06 or (len(small) >= 20 and broken / len(small) > 0.2):
        return {
            "ocr": f"{mixed + alone} of {len(tokens)} words are letters alone or mixed with signs, {broken} of "
            f"{len(small)} small-letter words cannot be spelled"
        }
    return {}
