"""PhoBERT's tokenizer made fast, and segmentation that leaves the text alone."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import regex
import torch
from conftest import marked
from spacy.language import Language
from spacy_transformers.align import get_alignment_via_offset_mapping
from tiny_encoders import learn_codes, phobert, texts
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer, PhobertTokenizer

from vi_ner.encoder import prepare_encoder
from vi_ner.errors import ViNerError
from vi_ner.phobert import MARKS, fast_phobert
from vi_segment import create_segmented_sentences, segment

RAW = "Tổng thống Nga Vladimir Putin gặp ông Kim kể từ hôm 13/9 ở Vladivostok (TP.HCM, Đắk Lắk)."
VIEW = "Tổng_thống Nga Vladimir_Putin gặp ông Kim kể từ hôm 13/9 ở Vladivostok (TP.HCM, Đắk_Lắk)."
JOINED = "Tổng_thống Nga Vladimir_Putin gặp ông Kim_kể từ hôm_13/9 ở Vladivostok (TP.HCM, Đắk Lắk)."


def marks_apart(text: str) -> str:
    return " ".join(regex.sub(MARKS, lambda match: f" {match[0]} ", text).split())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return phobert(tmp_path_factory.mktemp("phobert") / "source")


@pytest.fixture(scope="module")
def prepared(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "encoder"
    prepare_encoder(source=str(source), output=folder)
    return folder


def test_every_id_is_that_of_transformers_own_tokenizer(tmp_path: Path) -> None:
    lines = [marks_apart(segment(line)) for text in texts(300) for line in text.splitlines()]
    pieces = learn_codes(tmp_path, lines[: len(lines) // 2], merges=12000)
    slow = PhobertTokenizer(str(tmp_path / "vocab.txt"), str(tmp_path / "bpe.codes"))
    fast, size = fast_phobert(tmp_path / "vocab.txt", tmp_path / "bpe.codes")
    assert len(slow) == size == pieces + 5 > 4000
    rng = random.Random(0)
    letters = sorted(set("".join(lines)))
    invented = [" ".join("".join(rng.choices(letters, k=rng.randrange(1, 12))) for _ in range(20)) for _ in range(200)]
    given = [*lines, *map(marks_apart, [*invented, "Ünïcode 北京 😀 aaaaaaa @@ a@@ ư ̃", ""])]
    assert len(given) > 1000
    unknown = 0
    for line in given:
        expected = slow(line)["input_ids"]
        found = [piece if piece < size else slow.unk_token_id for piece in fast.encode(line).ids]
        assert found == expected, line
        unknown += expected.count(slow.unk_token_id)
    assert unknown > 100  # the hard cases were there
    for name in ("<s>", "<pad>", "</s>", "<unk>", "<mask>"):
        assert fast.token_to_id(name) == slow.convert_tokens_to_ids(name)


def test_phobert_becomes_an_ordinary_prepared_encoder(source: Path, prepared: Path) -> None:
    tokenizer, model = AutoTokenizer.from_pretrained(prepared), AutoModel.from_pretrained(prepared)
    slow, original = AutoTokenizer.from_pretrained(source), AutoModel.from_pretrained(source)
    assert tokenizer.is_fast and tokenizer.model_max_length == 256
    assert not slow.is_fast and isinstance(slow, PhobertTokenizer)
    size = len(slow)
    assert model.config.vocab_size == len(tokenizer) > size
    ids = tokenizer(VIEW)["input_ids"]
    assert [piece if piece < size else 3 for piece in ids] == slow(marks_apart(VIEW))["input_ids"]
    assert tokenizer(unicodedata.normalize("NFD", VIEW).replace("Nga", "N\u200bga"))["input_ids"] == ids
    # Pieces that PhoBERT does not have begin as its unknown one; the others are as they were.
    rows, old = (m.get_input_embeddings().weight for m in (model, original))
    assert torch.equal(rows[:size], old) and torch.equal(rows[size:], old[3].expand(len(rows) - size, -1))


def test_vocabulary_and_weights_must_belong_together(source: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for path in source.iterdir():
        (mixed / path.name).write_bytes(path.read_bytes())
    with (mixed / "vocab.txt").open("a", encoding="utf8") as stream:
        stream.write("một_từ_thêm_vào 1\n")
    with pytest.raises(ViNerError, match="files of one encoder"):
        prepare_encoder(source=str(mixed), output=tmp_path / "encoder")


@pytest.mark.parametrize("text", [RAW, JOINED, VIEW])
def test_segmentation_changes_single_characters_and_every_form_alike(text: str) -> None:
    assert segment(text) == VIEW


@pytest.mark.parametrize(
    "text",
    ["", " ", "_", "\n\n", "😀 _ a_b", "Hà  Nội", "Hà\nNội", unicodedata.normalize("NFD", RAW), "a" * 3000, "“Huế”,…"],
)
def test_no_text_changes_its_length_or_its_words(text: str) -> None:
    found = segment(text)
    assert len(found) == len(text)
    assert found.replace("_", " ").split() == text.replace("_", " ").split()
    assert [i for i, char in enumerate(found) if char == "\n"] == [i for i, char in enumerate(text) if char == "\n"]


@pytest.mark.parametrize("text", [RAW, JOINED, f"{RAW}\n\n{JOINED} "])
def test_tokens_keep_their_place_in_the_raw_text(prepared: Path, tokenizer: Language, text: str) -> None:
    word_pieces = Tokenizer.from_file(str(prepared / "tokenizer.json"))
    doc = tokenizer(text)
    for token in doc:
        token.is_sent_start = token.i == 0 or doc[token.i - 1].text.isspace()
    (spans,) = create_segmented_sentences()([doc])
    assert [len(span) for span in spans] == [len(sentence) for sentence in doc.sents]
    for span, sentence in zip(spans, doc.sents, strict=True):
        assert span.text == segment(sentence.text)
        assert [token.idx for token in span] == [token.idx - sentence.start_char for token in sentence]
        encoding = word_pieces.encode(span.text)
        offsets: Any = np.array([encoding.offsets])
        alignment = get_alignment_via_offset_mapping([span], offsets)
        position = 0
        for token, shadow, length in zip(sentence, span, alignment.lengths, strict=True):
            own = set(range(shadow.idx, shadow.idx + len(shadow)))
            aligned = alignment.data[position : position + length].ravel()
            assert all(own & set(range(*encoding.offsets[int(piece)])) for piece in aligned)
            assert length or token.is_space or token.text == "_"
            position += length
    assert doc.text == text


def test_gold_may_cross_segments(tokenizer: Language) -> None:
    """An entity that ends inside a segment is one in the Doc, because segments are not tokens."""
    doc = marked(tokenizer(JOINED), (JOINED.index("Kim"), JOINED.index("Kim") + 3, "PER"))
    assert [ent.text for ent in doc.ents] == ["Kim"]
    doc = marked(tokenizer("ở Hà Nội xa"), (2, 4, "LOC"))
    assert segment(doc.text) == "ở Hà_Nội xa" and doc.ents[0].text == "Hà"
