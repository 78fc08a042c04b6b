"""pyvi and underthesea on the project's own articles: `python benchmarks/segmenters.py`.

For each: seconds to load, syllables per second, share of blanks joined, and how often gold crosses segments: the share
of entity borders that fall inside a segment (the encoder then sees both sides of the border as one word).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import typer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from vi_ner.records import read_annotations  # noqa: E402
from vi_segment import WORD, composed, joined_after  # noqa: E402


def pyvi() -> Callable[[str], str]:
    """Its tokenizer, loaded."""
    from pyvi import ViTokenizer

    return ViTokenizer.tokenize


def underthesea() -> Callable[[str], str]:
    """Its tokenizer, loaded on the first call."""
    from underthesea import word_tokenize

    return lambda text: word_tokenize(text, format="text", use_token_normalize=False)


def main(folder: Path = ROOT / "annotations" / "articles") -> None:
    """Print a line for each segmenter."""
    documents = read_annotations(folder, offset_unit="codepoint")
    for load in (pyvi, underthesea):
        start = time.perf_counter()
        segmenter = load()
        segmenter("Hà Nội")
        loaded, seconds, words, joined_gaps, borders, inside, unread = time.perf_counter(), 0.0, 0, 0, 0, 0, 0
        for document in documents:
            position = 0
            for line in document.text.splitlines(keepends=True):
                found = list(WORD.finditer(line))
                plain = [composed(match[0]) for match in found]
                begin = time.perf_counter()
                output = segmenter(" ".join(plain)) if plain else ""
                seconds += time.perf_counter() - begin
                unread += "".join(output.replace("_", " ").split()) != "".join(plain)
                joined = joined_after(output)
                gaps = {
                    position + match.end()
                    for match, letters in zip(found, accumulate(map(len, plain)), strict=True)
                    if letters in joined
                }
                words, joined_gaps = words + len(plain), joined_gaps + len(gaps)
                for span in document.spans:
                    edges = [e for e in (span.start - 1, span.end) if position <= e < position + len(line)]
                    borders, inside = borders + len(edges), inside + sum(edge in gaps for edge in edges)
                position += len(line)
        print(
            f"{load.__name__}: loaded in {loaded - start:.1f} s, {words / seconds:,.0f} words/s, "
            f"{joined_gaps / words:.1%} of blanks joined, {inside} of {borders} borders inside a segment "
            f"({inside / borders:.2%}), letters changed in {unread} lines"
        )


if __name__ == "__main__":
    typer.run(main)
