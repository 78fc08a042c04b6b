"""What the cases read: generated articles with gold spans, or documents of DocBins."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..records import Annotation, Span

if TYPE_CHECKING:
    from spacy.tokens import Doc

SURNAMES = "Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ Hồ Ngô Dương Lý Trịnh Đinh Mai Tạ Lương Cao"
GIVEN = "An Bình Châu Dũng Giang Hà Hải Hạnh Hiền Huy Khánh Lam Linh Long Minh Nam Nga Ngọc Oanh Phúc"
KINDS = {"PER": "ông", "ORG": "Công ty", "LOC": "tỉnh", "DATE": "ngày"}
SYLLABLES = 280  # of an article, the median of newspapers' is near it


def count_words(text: str) -> int:
    """Syllables: what stands between blanks or underscores, the same for every tokenizer that is compared."""
    return len(re.split(r"[\s_]+", text.strip()))


def generate(count: int, *, syllables: int = SYLLABLES, seed: int = 0) -> Iterator[Annotation]:
    """Articles of words in random order with names and dates in them, each drawn anew so that no two are alike.

    syllables: How long each is, to within a sentence.
    """
    rng = random.Random(seed)
    sample = (Path(__file__).parents[1] / "sample.txt").read_text(encoding="utf8")
    words = sorted({word for word in sample.split() if word.isalpha() and word.islower()})
    for number in range(count):
        parts: list[str] = []
        spans: list[Span] = []
        length = written = 0
        while written < syllables:
            sentence, found = _sentence(rng, words)
            spans.extend(Span(length + start, length + end, label) for start, end, label in found)
            parts.append(sentence)
            length += len(sentence) + 1
            written += sentence.count(" ") + 1
        doc_id = f"g{number:07}"
        yield Annotation(doc_id, "\n".join(parts), tuple(spans), {"group": doc_id}, "generated", doc_id)


def _sentence(rng: random.Random, words: list[str]) -> tuple[str, list[tuple[int, int, str]]]:
    """Five to forty-five words, most often about twenty, and a name or two."""
    text = "Hôm"
    spans = []
    for _ in range(rng.randint(1, 2)):
        text += " " + " ".join(rng.choices(words, k=int(rng.triangular(3, 22, 8))))
        label = rng.choice(list(KINDS))
        text += f" {KINDS[label]} " if label != "ORG" else " "
        name = _name(rng, label)
        spans.append((len(text), len(text) + len(name), label))
        text += name
    return text + ".", spans


def _name(rng: random.Random, label: str) -> str:
    if label == "DATE":
        return f"{rng.randint(1, 28)}/{rng.randint(1, 12)}"
    name = " ".join([rng.choice(SURNAMES.split()), *rng.sample(GIVEN.split(), k=2)])
    return f"Công ty {name}" if label == "ORG" else name


def gold_docs(annotations: Iterator[Annotation]) -> list[Doc]:
    """Annotations as `convert` would give them."""
    from ..convert import Conversion, news_tokenizer, to_doc

    nlp = news_tokenizer()
    return [to_doc(nlp, annotation, Conversion()) for annotation in annotations]


def first_docs(docs: list[Doc], words: int) -> list[Doc]:
    """As many documents from the first on as have so many syllables; 0 for all."""
    chosen: list[Doc] = []
    total = 0
    for doc in docs:
        if words and total >= words:
            break
        chosen.append(doc)
        total += count_words(doc.text)
    return chosen
