from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import spacy
from spacy.language import Language


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ('theo KCNA)."Kim', ["theo", "KCNA", ")", ".", '"', "Kim"]),
        ("từ 12-17/9/2023", ["từ", "12-17/9/2023"]),
        ("ở TP.HCM, Q.1.", ["ở", "TP.HCM", ",", "Q.1", "."]),
        ("ông N.V.A. nói", ["ông", "N.V.A", ".", "nói"]),
        ("tăng 97,5%", ["tăng", "97,5", "%"]),
        ("quan hệ Nga-Triều", ["quan", "hệ", "Nga", "-", "Triều"]),
        ("hôm_13/9 Kim_kể", ["hôm", "_", "13/9", "Kim", "_", "kể"]),
        ("“Tôi”, ‘anh’ 'em' «bà»", ["“", "Tôi", "”", ",", "‘", "anh", "’", "'", "em", "'", "«", "bà", "»"]),
        ("H'Hen Niê và O'Brien", ["H'Hen", "Niê", "và", "O'Brien"]),
        ("hôm qua.Ông về năm 2019.Bà đi", ["hôm", "qua", ".", "Ông", "về", "năm", "2019", ".", "Bà", "đi"]),
        ("kênh KTRK._Vòng sau", ["kênh", "KTRK", ".", "_", "Vòng", "sau"]),
        ("(SN 1985)", ["(", "SN", "1985", ")"]),
        ("khoảng 8) và :)", ["khoảng", "8", ")", "và", ":", ")"]),
        ("Hà Nội\u200b, \ufeffHuế", ["Hà", "Nội", "\u200b", ",", "\ufeff", "Huế"]),
        ("10.000 đồng,Nga", ["10.000", "đồng", ",", "Nga"]),
        ("giá 5kg", ["giá", "5", "kg"]),
    ],
)
def test_news_text(tokenizer: Language, text: str, tokens: list[str]) -> None:
    doc = tokenizer(text)
    assert [token.text for token in doc] == tokens
    assert doc.text == text


def test_decomposed_letters_split_like_composed_ones(tokenizer: Language) -> None:
    text = 'Bà Lý Thị Hường (Đắk Lắk-Kon Tum), "Huế".Ở Cần Thơ'
    composed = [token.text for token in tokenizer(text)]
    decomposed = [unicodedata.normalize("NFC", t.text) for t in tokenizer(unicodedata.normalize("NFD", text))]
    assert decomposed == composed


def test_rules_are_saved_with_the_pipeline(tokenizer: Language, tmp_path: Path) -> None:
    tokenizer.to_disk(tmp_path / "pipeline")
    text = 'KCNA)."Kim_kể từ 12-17/9/2023 (khoảng 8)'
    assert [t.text for t in spacy.load(tmp_path / "pipeline")(text)] == [t.text for t in tokenizer(text)]
