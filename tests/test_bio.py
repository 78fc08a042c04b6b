from __future__ import annotations

from typing import Any

import pytest
from conftest import marked
from spacy.language import Language

from vi_ner.bio import bio_patterns, set_bio_tags

LABELS = ["PER", "ORG", "LOC", "DATE"]
TEXT = "Tổng_thống Vladimir_Putin ,Lò Văn\u200b Pím , Huế_Đà Nẵng"


def decode(tokenizer: Language, text: str, tags: list[str]) -> list[tuple[str, str]]:
    """The entities that an entity ruler reads off the tags of a text."""
    ruler: Any = tokenizer.create_pipe("entity_ruler")
    ruler.add_patterns(bio_patterns(LABELS))
    doc = tokenizer.make_doc(text)
    for token, tag in zip(doc, tags, strict=True):
        token.tag_ = tag
    return [(ent.text, ent.label_) for ent in ruler(doc).ents]


def test_tags_of_gold_and_back(tokenizer: Language) -> None:
    surfaces = [("Vladimir_Putin", "PER"), ("Lò Văn\u200b Pím", "PER"), ("Huế", "LOC"), ("Đà Nẵng", "LOC")]
    spans = [(TEXT.index(text), TEXT.index(text) + len(text), label) for text, label in surfaces]
    doc = marked(tokenizer(TEXT), *spans)
    set_bio_tags(doc)
    tags = [token.tag_ for token in doc]
    assert tags[:6] == ["O", "_", "O", "B-PER", "_", "I-PER"]
    assert decode(tokenizer, TEXT, tags) == surfaces


@pytest.mark.parametrize(
    ("text", "tags", "entities"),
    [
        ("a b c", ["B-PER", "I-PER", "I-PER"], [("a b c", "PER")]),
        ("a b c", ["B-PER", "B-PER", "I-PER"], [("a", "PER"), ("b c", "PER")]),
        ("a b c", ["I-LOC", "I-LOC", "O"], [("a b", "LOC")]),
        ("a b c", ["B-LOC", "I-ORG", "I-ORG"], [("a b c", "LOC")]),
        ("a_b", ["I-DATE", "_", "I-PER"], [("a_b", "DATE")]),
        ("a_b", ["B-PER", "_", "O"], [("a", "PER")]),
        ("a_b", ["O", "_", "B-PER"], [("b", "PER")]),
        ("a_b", ["B-PER", "_", "B-PER"], [("a", "PER"), ("b", "PER")]),
        ("_ _", ["_", "_"], []),
        ("_ _", ["B-PER", "I-PER"], []),
        ("_a_\u200b", ["B-LOC", "I-LOC", "I-LOC", "I-LOC"], [("a", "LOC")]),
        ("a b", ["O", "O"], []),
    ],
)
def test_decoding(tokenizer: Language, text: str, tags: list[str], entities: list[tuple[str, str]]) -> None:
    assert decode(tokenizer, text, tags) == entities
