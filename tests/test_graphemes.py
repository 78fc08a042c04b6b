from itertools import pairwise

import pytest

from vi_ner.graphemes import grapheme_starts


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ("Hu\u1ebf", ["H", "u", "\u1ebf"]),
        ("e\u0302\u0301\r\n", ["e\u0302\u0301", "\r\n"]),
        ("👩‍👩‍👧‍👦👍🏽🇻🇳1️⃣", ["👩‍👩‍👧‍👦", "👍🏽", "🇻🇳", "1️⃣"]),
        # Newer than Doccano's rules: it counts these twice.
        ("🧑‍🦰", ["🧑\u200d", "🦰"]),
        ("🫱🏽", ["🫱", "🏽"]),
        ("❤️‍🔥", ["❤️\u200d", "🔥"]),
        ("क्ष", ["क\u094d", "ष"]),
        ("ạ\u200d❤", ["ạ\u200d❤"]),
    ],
)
def test_clusters_are_those_of_doccanos_editor(text: str, clusters: list[str]) -> None:
    borders = [*grapheme_starts(text), len(text)]
    assert [text[start:end] for start, end in pairwise(borders)] == clusters
