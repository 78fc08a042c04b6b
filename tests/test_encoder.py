from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from spacy.language import Language
from spacy_transformers.align import get_alignment_via_offset_mapping
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, BertTokenizerFast

from vi_ner import encoder as encoder_module
from vi_ner.encoder import SPECIAL_TOKENS, choose_pieces, is_latin, prepare_encoder
from vi_ner.errors import ViNerError

RAW = "Tổng thống Nga Vladimir Putin gặp ông Kim kể từ hôm 13/9 ở Vladivostok (TP.HCM, Đắk Lắk)."


def pieces(tokenizer: Tokenizer, text: str) -> list[tuple[str, str]]:
    """Word pieces of a text with the stretch of the source that each comes from."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    return [(t, text[start:end]) for t, (start, end) in zip(encoding.tokens, encoding.offsets, strict=True)]


@pytest.fixture(scope="module")
def word_pieces(encoder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(encoder / "tokenizer.json"))


def test_loads_with_transformers_alone(encoder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    model = AutoModel.from_pretrained(encoder)
    assert tokenizer.is_fast
    assert tokenizer.model_max_length == 512
    assert len(tokenizer) == model.config.vocab_size == encoder_module.VOCAB_SIZE
    for kind, token in SPECIAL_TOKENS.items():
        assert getattr(tokenizer, f"{kind}_token") == token


def test_similar_sentences_have_similar_vectors(encoder: Path) -> None:
    """The weights were read as what they are: meaning decides distance."""
    tokenizer, model = AutoTokenizer.from_pretrained(encoder), AutoModel.from_pretrained(encoder).eval()

    def vector(text: str) -> torch.Tensor:
        with torch.no_grad():
            return model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0)

    query = vector("Giá gạo xuất khẩu tăng mạnh.")
    near, far = (
        vector("Gạo bán ra nước ngoài đắt hơn nhiều."),
        vector("Đội tuyển bơi giành ba huy chương vàng."),
    )
    similarity = torch.nn.functional.cosine_similarity
    assert similarity(query, near, dim=0) > similarity(query, far, dim=0) + 0.05


@pytest.mark.parametrize(
    "text",
    [
        RAW.replace("Tổng thống", "Tổng_thống").replace("Kim kể", "Kim_kể"),
        unicodedata.normalize("NFD", RAW),
        RAW.replace("Putin", "Pu\u200btin").replace("Nga", "\ufeffNga"),
        RAW.replace(" ông", "\u00a0ông"),
    ],
    ids=["underscore", "nfd", "invisible", "no-break space"],
)
def test_form_changes_neither_pieces_nor_offsets(word_pieces: Tokenizer, text: str) -> None:
    found, expected = pieces(word_pieces, text), pieces(word_pieces, RAW)
    assert [piece for piece, _ in found] == [piece for piece, _ in expected]

    def letters(surface: str) -> str:  # of a decomposed syllable, the offsets may end before its last marks
        return "".join(
            c for c in unicodedata.normalize("NFD", surface) if not unicodedata.combining(c) and c not in "\u200b\ufeff"
        )

    assert [letters(surface) for _, surface in found] == [letters(surface) for _, surface in expected]


@pytest.mark.parametrize(
    "text",
    [
        RAW,
        "Tổng_thống Nga Vladimir_Putin gặp ông Kim_kể từ hôm_13/9 ở Vladivostok .",
        unicodedata.normalize("NFD", RAW),
        "TIN   NÓNG:\n\n“Huế” – Đà Nẵng…",
    ],
)
def test_no_token_is_aligned_with_a_piece_it_shares_no_character_with(
    word_pieces: Tokenizer, tokenizer: Language, text: str
) -> None:
    doc = tokenizer(text)
    encoding = word_pieces.encode(text)
    offsets: Any = np.array([encoding.offsets])
    alignment = get_alignment_via_offset_mapping([doc[:]], offsets)
    position = 0
    for token, length in zip(doc, alignment.lengths, strict=True):
        own = set(range(token.idx, token.idx + len(token)))
        for piece in alignment.data[position : position + length].ravel():
            assert own & set(range(*encoding.offsets[int(piece)])), (token.text, encoding.tokens[int(piece)])
        position += length


def test_no_piece_joins_a_word_to_the_punctuation_after_it(word_pieces: Tokenizer, tokenizer: Language) -> None:
    text = "Xong tháng 9. Từ năm 2011, kênh VTV2. Sinh (19/5/1959), ở quận 3; mục 1. Ga 7: hết ngày 12."
    encoding = word_pieces.encode(text, add_special_tokens=False)
    ends = {token.idx + len(token) for token in tokenizer(text)}
    for start, end in encoding.offsets:
        joined = any(start < border < end for border in ends)
        assert not joined or not any(map(str.isalnum, text[start:end])), text[start:end]


def test_output_is_centred_and_scaled(encoder: Path, word_pieces: Tokenizer) -> None:
    model = AutoModel.from_pretrained(encoder)
    sample = Path(encoder_module.__file__).with_name("sample.txt").read_text(encoding="utf8").splitlines()
    states = encoder_module._last_hidden_states(model, word_pieces, sample)
    assert np.linalg.norm(states.mean(axis=0)) < 0.01
    assert states.std() == pytest.approx(1, abs=0.01)


def test_recentring_only_shifts_and_scales(encoder: Path, word_pieces: Tokenizer) -> None:
    model = BertModel(BertConfig(vocab_size=32000, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                                 intermediate_size=32, pad_token_id=1))  # fmt: skip
    with torch.no_grad():
        dict(model.named_parameters())["encoder.layer.0.output.LayerNorm.bias"].add_(3)
    before = encoder_module._last_hidden_states(model, word_pieces, [RAW])
    mean_share, deviation, changed = encoder_module.recentre(model, word_pieces, [RAW])
    after = encoder_module._last_hidden_states(model, word_pieces, [RAW])
    assert changed and mean_share > 0.5
    np.testing.assert_allclose(after, (before - before.mean(axis=0)) / deviation, atol=1e-4)


def test_trimming_keeps_special_vietnamese_and_best_latin_pieces() -> None:
    vocab = [
        ("<s>", 0.0),
        ("▁thống", -12.0),
        ("я", -3.0),
        ("a", -9.0),
        ("ing", -5.0),
        ("ness", -6.0),
        ("東京", -4.0),
        ("▁9.", -1.0),
    ]
    assert choose_pieces(vocab, special={0}, size=4) == [0, 1, 3, 4]
    assert is_latin("▁Đắk1") and not is_latin("Москва")


def test_vietnamese_and_foreign_names_have_no_unknown_pieces(word_pieces: Tokenizer) -> None:
    text = "Nguyễn Hường, HH'Hen Niê, Ksor Phước, Szczęsny, Müller, Çelik, Ødegaard, São Paulo, Nguyễn ĐỨC"
    assert "<unk>" not in word_pieces.encode(text).tokens


def test_any_other_encoder_is_prepared_the_same_way(tmp_path: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tổng", "thống", "nga", "gặp"]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf8")
    source = tmp_path / "source"
    BertTokenizerFast(str(tmp_path / "vocab.txt"), strip_accents=False).save_pretrained(source)
    config = BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=16, max_position_embeddings=64)  # fmt: skip
    BertModel(config).save_pretrained(source)
    report = prepare_encoder(source=str(source), output=tmp_path / "encoder")
    assert report.pieces == len(words)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "encoder")
    text = unicodedata.normalize("NFD", "Tổng_thống Nga gặp")
    assert tokenizer.tokenize(text) == ["tổng", "thống", "nga", "gặp"]
    assert tokenizer.model_max_length == 64
    assert set(load_file(tmp_path / "encoder" / "model.safetensors")) == set(load_file(source / "model.safetensors"))


def test_missing_source_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ViNerError, match="Give `bundled`"):
        prepare_encoder(source=str(tmp_path / "nowhere"), output=tmp_path / "encoder")
    assert not (tmp_path / "encoder").exists()


def test_interrupted_preparation_leaves_the_old_encoder(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "encoder"
    shutil.copytree(encoder, target)
    before = (target / "preparation.json").read_bytes()

    def interrupted(*_args: object) -> tuple[float, float]:
        raise KeyboardInterrupt

    monkeypatch.setattr(encoder_module, "measure_tokenizer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare_encoder(source="bundled", output=target)
    assert (target / "preparation.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_report_is_kept_with_the_encoder(encoder: Path) -> None:
    report = json.loads((encoder / "preparation.json").read_text(encoding="utf8"))
    assert report["source_pieces"] == 250002
    assert report["recentred"] and report["unknown_share"] == 0
    assert report["pieces_per_syllable"] < 1.4
    assert report["megabytes"] < 140
