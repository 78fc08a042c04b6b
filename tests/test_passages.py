from __future__ import annotations

from pathlib import Path

import pytest
from conftest import marked
from spacy.language import Language
from spacy.tokens import DocBin

from vi_ner.augment import create_newspaper_forms
from vi_ner.passages import create_passages, create_piece_length, cut

SENTENCES = [
    "Bà Hà Thị Quế ở thôn Đồng Bua .",
    "Sáng qua bà ra chợ Mẹt mua giống .",
    "“ Năm nay mưa muộn ! ” Bà nói",
    "với đài huyện .",
]
TEXT = "\n".join(SENTENCES)


@pytest.fixture
def docbin(tokenizer: Language, tmp_path: Path) -> Path:
    docs = []
    for i in range(8):
        docs.append(marked(tokenizer(f"{TEXT} Số {i} ."), (3, 13, "PER"), (16, 29, "LOC")))
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    return tmp_path / "train.spacy"


@pytest.mark.parametrize("max_tokens", [1, 3, 9, 12, 20, 1000])
def test_passages_hold_every_token_once_and_cut_no_entity(tokenizer: Language, docbin: Path, max_tokens: int) -> None:
    for doc in DocBin().from_disk(docbin).get_docs(tokenizer.vocab):
        passages = cut(doc, max_tokens=max_tokens)
        assert [t.text for passage in passages for t in passage] == [t.text for t in doc]
        assert [(ent.text, ent.label_) for p in passages for ent in p.ents] == [(e.text, e.label_) for e in doc.ents]
        assert all(len(passage) <= max(max_tokens, 4) for passage in passages)


def test_passages_end_where_a_sentence_or_line_ends(tokenizer: Language) -> None:
    assert [passage.text.strip() for passage in cut(tokenizer(TEXT), max_tokens=11)] == [
        "Bà Hà Thị Quế ở thôn Đồng Bua .",
        "Sáng qua bà ra chợ Mẹt mua giống .",
        "“ Năm nay mưa muộn ! ” Bà nói",
        "với đài huyện .",
    ]


def test_reader_shuffles_anew_each_time_and_the_same_for_a_seed(tokenizer: Language, docbin: Path) -> None:
    def texts(reader: object) -> list[str]:
        return [example.reference.text for example in reader(tokenizer)]  # type: ignore[operator]

    first = create_passages(docbin, max_tokens=12, seed=1)
    once, twice = texts(first), texts(first)
    assert once != twice and sorted(once) == sorted(twice)
    assert texts(create_passages(docbin, max_tokens=12, seed=1)) == once
    plain = texts(create_passages(docbin, max_tokens=12, shuffle=False))
    assert "".join(plain[:4]).startswith("Bà Hà Thị Quế") and sorted(plain) == sorted(once)


def test_reader_joins_corpora_and_tags_its_references(tokenizer: Language, docbin: Path) -> None:
    examples = list(create_passages(docbin, max_tokens=1000, also=docbin)(tokenizer))
    assert len(examples) == 16
    assert [token.tag_ for token in examples[0].reference][:6] == [
        "O",
        "B-PER",
        "I-PER",
        "I-PER",
        "O",
        "B-LOC",
    ]


def test_length_is_counted_in_word_pieces(tokenizer: Language, docbin: Path, encoder: Path) -> None:
    length = create_piece_length(encoder)
    example = next(iter(create_passages(docbin, shuffle=False)(tokenizer)))
    assert length(example) > len(example.x)


def test_a_closing_quote_stays_with_its_sentence(tokenizer: Language) -> None:
    first, second = cut(tokenizer("“ Năm nay mưa muộn ! ” Bà nói với đài"), max_tokens=9)
    assert (first.text.strip(), second.text) == ("“ Năm nay mưa muộn ! ”", "Bà nói với đài")


def test_augmented_passages_are_tagged_too(tokenizer: Language, docbin: Path) -> None:
    augmenter = create_newspaper_forms(caps=0.5, joined=0.5)
    for example in create_passages(docbin, max_tokens=1000, augmenter=augmenter)(tokenizer):
        tags = example.get_aligned("TAG", as_string=True)
        assert "" not in tags and {"B-PER", "I-PER", "B-LOC", "I-LOC"} <= set(tags)
