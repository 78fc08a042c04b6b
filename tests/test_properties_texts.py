"""Tokens, tags, forms and parts of any text: nothing is lost or moved."""

from __future__ import annotations

import random
import unicodedata
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Span as Entity
from strategies import LABELS, marked_texts, spans_of, texts

from vi_ner.augment import FORMS, apply_form, rewrite
from vi_ner.bio import UNSEEN, bio_patterns, set_bio_tags
from vi_ner.ingest.parts import PARTS, Part, mark_parts, mark_repeated, split_lines, without_furniture
from vi_ner.records import Span


@given(text=texts(most=20))
def test_the_tokenizer_keeps_every_character_in_its_place(text: str, tokenizer: Language) -> None:
    doc = tokenizer.make_doc(text)
    assert doc.text == text and "".join(token.text_with_ws for token in doc) == text
    assert all(text[token.idx : token.idx + len(token)] == token.text for token in doc)


@pytest.fixture(scope="module")
def ruler(tokenizer: Language) -> Any:
    made: Any = tokenizer.create_pipe("entity_ruler")
    made.add_patterns(bio_patterns(LABELS))
    return made


@given(data=st.data())
def test_tags_of_any_entities_and_back(data: st.DataObject, tokenizer: Language, ruler: Any) -> None:
    text = data.draw(texts())
    doc = tokenizer.make_doc(text)
    doc.set_ents([])
    set_bio_tags(doc)
    unseen = {token.i for token in doc if token.tag_ == UNSEEN}
    spans = data.draw(spans_of([(i, i + 1) for i in range(len(doc))]))
    # As conversion leaves them: an entity begins and ends with what can be seen.
    entities = [span for span in spans if not {span.start, span.end - 1} & unseen]
    gold = tokenizer.make_doc(text)
    gold.set_ents([Entity(gold, span.start, span.end, span.label) for span in entities])
    set_bio_tags(gold)
    bare = tokenizer.make_doc(text)
    for token, tagged in zip(bare, gold, strict=True):
        token.tag_ = tagged.tag_
    assert [(ent.start, ent.end, ent.label_) for ent in ruler(bare).ents] == [
        (span.start, span.end, span.label) for span in entities
    ]


def bare(text: str) -> str:
    """Letters and digits without case and marks, which no form changes."""
    decomposed = unicodedata.normalize("NFKD", text.upper().lower())
    return "".join(char for char in decomposed if char.isalnum()).replace("đ", "d")


@given(marked=marked_texts(), name=st.sampled_from(sorted(FORMS)), seed=st.integers(0, 99))
def test_spans_keep_their_text_in_every_form(marked: tuple[str, list[Span]], name: str, seed: int) -> None:
    text, spans = marked
    pieces = FORMS[name](text, spans, random.Random(seed))
    changed, moved = apply_form(name, text, spans, random.Random(seed))
    assert changed == "".join(pieces) and len(moved) == len(spans)
    for before, after in zip(spans, moved, strict=True):
        assert 0 <= after.start <= after.end <= len(changed) and after.label == before.label
        surface = changed[after.start : after.end]
        assert surface == "".join(pieces[before.start : before.end]).strip()
        assert bare(surface) == bare(text[before.start : before.end])
    assert all(first.end <= second.start for first, second in pairwise(moved))


@given(marked=marked_texts())
def test_rewriting_with_the_same_characters_changes_nothing_but_blank_edges(marked: tuple[str, list[Span]]) -> None:
    text, spans = marked
    same, moved = rewrite(text, spans, list(text))
    assert same == text
    assert [same[span.start : span.end] for span in moved] == [text[span.start : span.end].strip() for span in spans]


# Lines as saved pages have them, so that every rule of `parts` meets its case.
_LINES = (
    "Đọc thêm:|Theo dõi chúng tôi trên Zalo|(Theo KCNA)|Ảnh: Lò Văn Pím|Bài: Ngô Thị Mẫn|12/3/2023 08:00|"
    "Chợ nổi Phong Hòa vắng khách mùa nước cạn|Ghe bán trái cây chỉ còn một phần ba so với năm ngoái, bà con nói.|"
    "Người dân đang chờ đợi một mùa lũ mới...|Lò Văn Pím"
)
lines = st.sampled_from(_LINES.split("|"))
articles = st.lists(st.tuples(lines | texts(most=4), st.sampled_from(["\n", "\r\n", "\n\n", " ", "\u2028", ""]))).map(
    lambda pairs: "".join(map("".join, pairs))
)


@given(text=articles, data=st.data())
def test_parts_cover_any_text_exactly(text: str, data: st.DataObject) -> None:
    assert "".join(split_lines(text)) == text
    count = len(split_lines(text))
    hints = data.draw(st.none() | st.lists(st.none() | st.sampled_from(PARTS), min_size=count, max_size=count))
    parts = mark_parts(text, hints=hints)
    repeated = mark_repeated(text, parts, data.draw(st.sets(st.sampled_from([*split_lines(text), "x"]))))
    for found in (parts, repeated):
        assert_cover(text, found)


def assert_cover(text: str, parts: list[Part]) -> None:
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert all(left.end == right.start for left, right in pairwise(parts))
    assert all(part.start < part.end and part.part in PARTS for part in parts)
    furniture = sum(part.end - part.start for part in parts if part.part == "furniture")
    assert len(without_furniture(text, parts)) == len(text) - furniture
