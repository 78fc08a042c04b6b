"""Generated texts and spans: what newspapers hold, what breaks offsets, and anything else that is Unicode."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

from vi_ner.records import Span

LABELS = ["PER", "ORG", "LOC", "DATE"]
# What counts differently in code points, UTF-16 units and clusters, or is invisible, or ends a line somewhere.
_ODD = (
    "\u0301 \u0323 \u031b e\u0302\u0301 😀 👩‍👩‍👧 👍🏽 🇻🇳 1️⃣ 🧑‍🦰 ❤️‍🔥 क्ष \u200b \u200d \u200f \u202e \u2066 \u2069 "
    "\ufeff \u00ad \u2028 \u2029 \u0085 \x0b \x0c \x1c \0 \r \n \r\n \t \u00a0 \u3000 \ufe0f \U0010ffff ß ŉ İ ﬁ 한 각 "
    "_ __ … .. ' \" - /"
)
_NEWS = (
    "Bà Ngô Thị Mẫn ở Phú Thọ KCNA TP.HCM Q.1 12-17/9/2023 97,5% Kim_kể Vladimir_Putin Nga-Triều “Tôi” (54 tuổi) "
    "H'Hen hôm 3/4. Ông,Bà 2019.Ông <b> & =1+1 |x| 8) N.V.A. Đắk Lắk"
)
ODD, NEWS = _ODD.split(" "), _NEWS.split(" ")
odd = st.sampled_from([*ODD, *ODD[:20]])
words = st.sampled_from([*NEWS, *(unicodedata.normalize("NFD", word) for word in NEWS)])
blanks = st.sampled_from([" ", " ", " ", "_", "\n", "  ", ""])
# No lone surrogates: they have no UTF-8, so they come from JSON escapes only.
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


@st.composite
def texts(draw: st.DrawFn, *, most: int = 12) -> str:
    """Words of news, odd characters and random Unicode, with blanks or joints between them or not."""
    pieces = draw(st.lists(st.tuples(st.one_of(words, words, odd, anything), blanks), max_size=most))
    return "".join(piece + blank for piece, blank in pieces)


@st.composite
def spans_of(draw: st.DrawFn, borders: list[tuple[int, int]], *, most: int = 6) -> list[Span]:
    """Spans that do not overlap, sorted. borders: The (start, end) of the units that they are made of."""
    if not borders:
        return []
    cuts = draw(st.lists(st.integers(0, len(borders)), max_size=2 * most, unique=True).map(sorted))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return [Span(borders[i][0], borders[j - 1][1], draw(st.sampled_from(LABELS))) for i, j in pairs]


@st.composite
def marked_texts(draw: st.DrawFn, *, most: int = 12) -> tuple[str, list[Span]]:
    """A text and spans between any of its code points."""
    text = draw(texts(most=most))
    return text, draw(spans_of([(i, i + 1) for i in range(len(text))]))


# Any JSON value, as a hostile row may hold it under any key.
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(
        [float("nan"), float("inf"), 10**400, "\ud800", "\0", "", "PER", "codepoint", "utf16", "grapheme"]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
