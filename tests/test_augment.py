from __future__ import annotations

import random
import unicodedata
from typing import Any

import pytest
from conftest import marked
from spacy.language import Language
from spacy.training import Example

from vi_ner.augment import FORMS, apply_form, create_newspaper_forms, rewrite
from vi_ner.records import Span

TEXT = 'Ông Lò Văn Pím (54 tuổi) nói: "Bản Nà Phặc mất điện từ ngày 3/4."'
SPANS = [Span(4, 14, "PER"), Span(31, 42, "LOC"), Span(55, 63, "DATE")]
SURFACES = ["Lò Văn Pím", "Bản Nà Phặc", "ngày 3/4"]


def test_the_spans_of_this_test() -> None:
    assert [TEXT[span.start : span.end] for span in SPANS] == SURFACES


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("seed", range(20))
def test_spans_follow_the_form(name: str, seed: int) -> None:
    text, spans = apply_form(name, TEXT, SPANS, random.Random(seed))
    forms: dict = {
        "joined": lambda surface: surface,
        "spaced": lambda surface: surface,
        "nfd": lambda surface: unicodedata.normalize("NFD", surface),
        "caps": str.upper,
        "plain": lambda surface: {"Lò Văn Pím": "Lo Van Pim", "Bản Nà Phặc": "Ban Na Phac"}.get(surface, "ngay 3/4"),
    }
    surfaces = [text[span.start : span.end].replace("_", " ") for span in spans]
    assert surfaces == [forms[name](surface) for surface in SURFACES]


def test_joined_text_glues_names_and_keeps_letters() -> None:
    texts = {apply_form("joined", TEXT, SPANS, random.Random(seed))[0] for seed in range(50)}
    assert any("Pím_(" not in text and ("_Lò" in text or "Ông_" in text) for text in texts)
    assert any("Lò_Văn_Pím" in text for text in texts)
    letters = {"".join(char for char in text if char.isalnum()) for text in texts}
    assert letters == {"".join(char for char in TEXT if char.isalnum())}


def test_blanks_around_marks_leave_numbers_whole() -> None:
    text, _ = apply_form("spaced", "Giá 1.200 đồng, tăng 97,5% (TP.HCM).", [], random.Random(0))
    assert text == "Giá 1.200 đồng , tăng 97,5% ( TP.HCM ) ."


def test_rewrite_wants_one_replacement_per_character() -> None:
    with pytest.raises(ValueError, match="2 replacements for 3"):
        rewrite("abc", [], ["a", "b"])


def test_augmenter_gives_the_shares_it_was_told(tokenizer: Language) -> None:
    doc = marked(tokenizer(TEXT), *((span.start, span.end, span.label) for span in SPANS))
    example = Example(tokenizer.make_doc(TEXT), doc)
    augment = create_newspaper_forms(caps=0.25, nfd=0.25, seed=1)
    texts = [augmented.reference.text for _ in range(400) for augmented in augment(tokenizer, example)]
    assert 70 < texts.count(TEXT.upper()) < 130
    assert 70 < texts.count(unicodedata.normalize("NFD", TEXT)) < 130
    assert 170 < texts.count(TEXT) < 230


def test_augmented_gold_is_complete_and_aligned(tokenizer: Language) -> None:
    doc = marked(tokenizer(TEXT), *((span.start, span.end, span.label) for span in SPANS))
    example = Example(tokenizer.make_doc(TEXT), doc)
    for name in FORMS:
        shares: dict[str, Any] = {name: 1.0}
        (augmented,) = create_newspaper_forms(**shares)(tokenizer, example)
        assert [ent.label_ for ent in augmented.reference.ents] == ["PER", "LOC", "DATE"]
        assert None not in augmented.get_aligned_ner()


def test_shares_over_one_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 1"):
        create_newspaper_forms(caps=0.6, nfd=0.6)
