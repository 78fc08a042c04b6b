"""What a name or a date looks like: Vietnamese or foreign spelling, and the forms dates take."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex

TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
ONSET = "ngh|nh|ng|gh|gi|kh|ph|qu|th|tr|ch|[bcdđghklmnpqrstvx]"
NUCLEUS = (
    "uyê|iêu|yêu|oai|oay|oao|oeo|uây|uôi|ươi|ươu|uyu|uya|ay|ây|ai|ao|au|âu|eo|êu|iu|oi|ôi|ơi|ui|ưi|ưu|"
    "ia|iê|ya|yê|ua|uô|ưa|ươ|oa|oă|oe|uâ|uê|uy|uơ|[aăâeêioôơuưy]"
)
SYLLABLE = regex.compile(f"(?:{ONSET})?(?:{NUCLEUS})(?:ch|ng|nh|[cmnpt])?")
PIECES = regex.compile(r"[\p{L}\p{M}]+")
CAPITALS = regex.compile(r"\p{Lu}{2,}")

# The first pattern that fits names the form; forms at the top are the rarer and more telling ones.
DATE_FORMS = {
    "holiday or lunar": r"tết|mùng|mồng|rằm|âm lịch|tháng (giêng|chạp)|giao thừa|giáng sinh|trung thu|quốc khánh|"
    r"giỗ|lễ |(giáp|ất|bính|đinh|mậu|kỷ|canh|tân|nhâm|quý) (tý|tí|sửu|dần|mão|thìn|tỵ|tị|ngọ|mùi|thân|dậu|tuất|hợi)",
    "century or decade": r"thế kỷ|thế kỉ|thập niên|thập kỷ|những năm",
    "quarter or season": r"quý|mùa|vụ",
    "weekday": r"thứ (hai|ba|tư|năm|sáu|bảy|[2-7])|chủ nhật",
    "relative": r"nay|sang|qua|kia|mai|ngoái|trước|tới|sau|này|rồi",
    "range": r"\d+\s*[-–]\s*\d+\s*[/.]\s*\d|\d{4}\s*[-–/]\s*\d{2,4}",
    "day in words": r"ngày \d+ tháng",
    "day in numbers": r"\d+\s*[/.-]\s*\d",
    "month": r"tháng",
    "year": r"năm|^\d{4}$",
}
DATE_PATTERNS = {name: regex.compile(rf"(?:^|\b)(?:{pattern})") for name, pattern in DATE_FORMS.items()}


def is_vietnamese(syllable: str) -> bool:
    """Whether a piece of text has the build of a Vietnamese syllable, its tone left out of account."""
    letters = unicodedata.normalize("NFD", syllable.lower())
    return bool(SYLLABLE.fullmatch(unicodedata.normalize("NFC", "".join(c for c in letters if c not in TONES))))


@lru_cache(maxsize=1 << 16)
def spelling(name: str) -> str:
    """`abbreviation`, `foreign` (a part that is no Vietnamese syllable), `Vietnamese`, or `no letters`."""
    pieces = PIECES.findall(name)
    foreign = [piece for piece in pieces if not is_vietnamese(piece)]
    shouted = name.isupper() and " " in name  # from a headline in capitals: the letter case says nothing there
    if not shouted and (name.isupper() or any(CAPITALS.fullmatch(piece) for piece in foreign)):
        return "abbreviation"
    if foreign:
        return "foreign"
    return "Vietnamese" if pieces else "no letters"


def date_form(date: str) -> str:
    """A key of `DATE_FORMS`, or `other`."""
    text = date.casefold()
    return next((name for name, pattern in DATE_PATTERNS.items() if pattern.search(text)), "other")
