"""What an article is about, roughly and without a model: names by their capitals, and dates.

The unit of a name is two neighbouring capitalised syllables, or one word that is no Vietnamese syllable (`Vladivostok`,
`KCNA`): both survive segmenters that glue a name to the next word, and titles before a name.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import regex

from .forms import fold_line
from .letters import is_syllable

_RUN = regex.compile(r"\p{Lu}[\p{L}\p{M}\d]*(?: \p{Lu}[\p{L}\p{M}]*|-\p{L}[\p{L}\p{M}]*)*")
_WORD = regex.compile(r"[\p{L}\p{M}\d]+")
_DATE = regex.compile(
    r"(?<![\d/.,])(?P<day>\d{1,2})(?:\s?[-–]\s?\d{1,2})?\s?(?:/|-|\s*tháng\s*)\s?(?P<month>\d{1,2})"
    r"(?:\s?(?:/|-|,?\s*năm\s*)\s?(?P<year>(?:19|20)\d\d))?(?![\d/%])"
)
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
YEAR = 366


@dataclass(frozen=True, order=True)
class Day:
    """A day that a text mentions; `year` is 0 where the text does not say it."""

    year: int
    of_year: int

    def near(self, other: Day, *, days: int) -> bool:
        """Whether the two may lie at most `days` apart."""
        if self.year and other.year:
            return abs((self.year - other.year) * 365.25 + self.of_year - other.of_year) <= days
        apart = abs(self.of_year - other.of_year)
        return min(apart, YEAR - apart) <= days

    def __str__(self) -> str:
        month, day = 1, self.of_year
        while day > _LENGTHS[month - 1]:
            day, month = day - _LENGTHS[month - 1], month + 1
        return f"{day}/{month}" + (f"/{self.year}" if self.year else "")


def find_names(text: str) -> list[str]:
    """The names of a text, folded, each once, in the order of first mention; common ones are left out."""
    found: dict[str, None] = {}
    for match in _RUN.finditer(fold_line(text)):
        words = _WORD.findall(match[0])
        for first, second in itertools.pairwise(words):
            found[f"{first} {second}".casefold()] = None
        for word in words:
            if len(word) > 2 and not word.isdigit() and not is_syllable(word):
                found[word.casefold()] = None
    return [name for name in found if name not in _common() and not name.endswith((" văn", " thị"))]


def find_days(text: str, *, published: str = "") -> list[Day]:
    """The days that a text mentions, sorted; with `published` (ISO) that day too, and the years it implies."""
    known = _iso(published)
    days = {_day(known.day, known.month, known.year)} if known else set()
    for match in _DATE.finditer(fold_line(text)):
        day, month, year = int(match["day"]), int(match["month"]), int(match["year"] or 0)
        if 1 <= month <= 12 and 1 <= day <= _LENGTHS[month - 1]:
            days.add(_day(day, month, year or (_nearest_year(day, month, known) if known else 0)))
    return sorted(days)


def _day(day: int, month: int, year: int) -> Day:
    return Day(year, sum(_LENGTHS[: month - 1]) + day)


def _nearest_year(day: int, month: int, known: date) -> int:
    position = _day(day, month, 0).of_year - _day(known.day, known.month, 0).of_year
    return known.year - (position > YEAR / 2) + (position < -YEAR / 2)


def _iso(published: str) -> date | None:
    try:
        return date.fromisoformat(published[:10])
    except ValueError:
        return None


@cache
def _common() -> frozenset[str]:
    """Names so common that sharing them says nothing, as pairs of syllables: `common_names.txt`."""
    text = (files("vi_ner.ingest") / "common_names.txt").read_text(encoding="utf8")
    lines = [line.strip().casefold() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return frozenset(lines)
