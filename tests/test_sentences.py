from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from conftest import ROOT, marked
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.util import load_config

from vi_ner.augment import create_newspaper_forms
from vi_ner.sentences import (
    CUTS,
    create_abbreviations,
    create_comma_breaks,
    create_length_breaks,
    create_line_breaks,
    create_sentences,
    cut,
)
from vi_ner.tokenizer import set_news_rules

SENTENCES = [
    "Bà Hà Thị Quế ở thôn Đồng Bua .",
    "Sáng qua bà ra chợ Mẹt mua giống .",
    "Năm nay mưa muộn ! ”",
    "Bà nói\n",
    "với đài huyện .",
]
TEXT = " ".join(SENTENCES).replace("\n ", "\n")


@pytest.fixture(scope="module")
def nlp() -> Iterator[Language]:
    """The part of the default pipeline that finds sentences."""
    config = load_config(ROOT / "configs" / "default.cfg")
    nlp = set_news_rules(spacy.blank("vi", config={"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}}))
    for name in config["corpora"]["train"]["sentences_by"]:
        settings = dict(config["components"][name])
        nlp.add_pipe(settings.pop("factory"), name=name, config=settings)
    for name, patterns in (
        ("abbreviations", create_abbreviations()),
        ("line_breaks", create_line_breaks()),
        ("comma_breaks", create_comma_breaks(12)),
        ("length_breaks", create_length_breaks(20)),
    ):
        nlp.get_pipe(name).initialize(list, patterns=patterns)  # type: ignore[attr-defined]
    yield nlp


@pytest.fixture
def finders(nlp: Language) -> list[Callable[[Doc], Doc]]:
    return [component for _name, component in nlp.pipeline]


@pytest.fixture
def docbin(nlp: Language, tmp_path: Path) -> Path:
    docs = [marked(nlp.make_doc(f"{TEXT} Số {i} ."), (3, 13, "PER"), (16, 29, "LOC")) for i in range(8)]
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    return tmp_path / "train.spacy"


def test_sentences_end_at_marks_and_lines(nlp: Language) -> None:
    assert [sent.text for sent in nlp(TEXT).sents] == SENTENCES


@pytest.mark.parametrize("line_end", ["\n", "\r\n", " \n \n", "\n\n\n\t\n"])
def test_every_line_end_ends_a_sentence(nlp: Language, line_end: str) -> None:
    starts = [sent.text.split()[0] for sent in nlp(f"Lũ về Mường La{line_end}Hai cầu bị cuốn").sents]
    assert starts == ["Lũ", "Hai"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Chị Quế ở Q. 7, TP. HCM, lên TP. Đà Lạt .",
        "Tp. Vũng Tàu mưa, TX. Gò Công nắng.",
        "ThS. Lò Thị Pó và PGS.TS. Hà Bua, NSƯT. Sìn hát.",
        "Mr. Doyle gặp John F. Osei ở St. Gallen.",
        "Ng. T. H. kiện C.P. Bình Minh, J.-B. de La Roche vắng.",
    ],
)
@pytest.mark.parametrize("joint", [". ", "._", " ._", " . "])  # as segmenters split and glue
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_point_of_an_abbreviation_ends_no_sentence(nlp: Language, sentence: str, joint: str, form: Any) -> None:
    sentence = sentence.replace(". ", joint)
    sentences = [unicodedata.normalize(form, part) for part in ("Hôm qua mưa.", sentence, "Trời lạnh.")]
    with nlp.select_pipes(disable=["comma_breaks", "length_breaks"]):  # those of the fixture come after a few words
        assert [sent.text for sent in nlp(" ".join(sentences)).sents] == sentences


def test_words_that_look_like_abbreviations_end_sentences(nlp: Language) -> None:
    text = "Bà ở Hà Tu. Ông về Ba. Chợ họp ở TP Huế. Năm 2019. Xong 5. Hết."
    assert len(list(nlp(text).sents)) == 6


def test_a_line_ends_behind_an_abbreviation_too(nlp: Language) -> None:
    assert [sent[0].text for sent in nlp("Ảnh: Ng. T.\nLũ về").sents] == ["Ảnh", "Lũ"]


def test_joined_text_has_the_same_sentences(nlp: Language) -> None:
    joined = TEXT.replace("Thị Quế", "Thị_Quế").replace("chợ Mẹt", "chợ_Mẹt")
    assert [sent.text.replace("_", " ") for sent in nlp(joined).sents] == SENTENCES


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("Lò Thị Pó, bản Bua, " * 20, [14] * 8),  # at the first comma after twelve tokens
        ("Mường La Sìn Hồ " * 50, [20] * 10),
        ("a; " * 60, [14] * 8),
        ("Lò Thị Pó, " + "Mường La " * 20, [20, 20, 4]),
    ],
)
def test_a_long_line_is_cut_at_commas_and_else_anywhere(nlp: Language, text: str, lengths: list[int]) -> None:
    found = [len(sent) for sent in nlp(text).sents]
    assert found[:CUTS] == lengths[:CUTS] and max(found) == max(lengths)
    assert sum(found) == len(nlp(text))


def test_an_endless_line_is_cut_wherever_it_can_be(nlp: Language) -> None:
    found = [sent.text for sent in nlp("Lò Thị Pó, bản Bua, " * 40).sents]
    assert set(found[CUTS + 1 :]) == {"Lò Thị Pó,", "bản Bua,"}


def test_lines_are_counted_apart(nlp: Language) -> None:
    table = "Hạng , tên , xã\n" * 10
    assert [len(sent) for sent in nlp(table).sents] == [6] * 10


def test_cut_holds_every_token_once_and_cuts_no_entity(nlp: Language, finders: list[Callable[[Doc], Doc]]) -> None:
    text = "Ông M. Vinet ở phố St . Denis. Ông đi."
    spans = [(text.index(name), text.index(name) + len(name)) for name in ("M. Vinet", "St . Denis")]
    doc = marked(nlp.make_doc(text), (*spans[0], "PER"), (*spans[1], "LOC"))
    units = cut(doc, finders)
    assert [t.text for unit in units for t in unit] == [t.text for t in doc]
    assert [ent.text for unit in units for ent in unit.ents] == ["M. Vinet", "St . Denis"]
    assert units[-1].text == "Ông đi."


def test_blank_lines_are_nothing_to_learn_from(nlp: Language, finders: list[Callable[[Doc], Doc]]) -> None:
    doc = marked(nlp.make_doc("Bà Quế ở Huế .\n \n\nÔng Pím ở Lào .\n"), (3, 6, "PER"))
    assert [sentence.text.strip() for sentence in cut(doc, finders)] == ["Bà Quế ở Huế .", "Ông Pím ở Lào ."]


def test_a_corpus_is_read_once_for_a_pipeline(nlp: Language, docbin: Path) -> None:
    """spaCy makes a reader to initialise a pipeline, and another one to train it."""
    names = nlp.pipe_names
    first, second, other = (
        {id(example.reference) for example in create_sentences(docbin, by)(nlp)} for by in (names, names, names[:1])
    )
    assert first == second and not first & other


def test_reader_shuffles_anew_each_time_and_the_same_for_a_seed(nlp: Language, docbin: Path) -> None:
    def texts(reader: object) -> list[str]:
        return [example.reference.text for example in reader(nlp)]  # type: ignore[operator]

    first = create_sentences(docbin, nlp.pipe_names, seed=1)
    once, twice = texts(first), texts(first)
    assert once != twice and sorted(once) == sorted(twice)
    assert texts(create_sentences(docbin, nlp.pipe_names, seed=1)) == once
    plain = texts(create_sentences(docbin, nlp.pipe_names, shuffle=False))
    assert plain[:2] == [sentence + " " for sentence in SENTENCES[:2]] and sorted(plain) == sorted(once)


def test_reader_joins_corpora_and_tags_its_references(nlp: Language, docbin: Path) -> None:
    examples = list(create_sentences(docbin, whole=True, shuffle=False, also=docbin)(nlp))
    assert len(examples) == 16 and examples[0].reference.text == f"{TEXT} Số 0 ."
    assert [token.tag_ for token in examples[0].reference][:6] == ["O", "B-PER", "I-PER", "I-PER", "O", "B-LOC"]


def test_augmented_sentences_are_tagged_too(nlp: Language, docbin: Path) -> None:
    augmenter = create_newspaper_forms(caps=0.5, joined=0.5)
    for example in create_sentences(docbin, whole=True, augmenter=augmenter)(nlp):
        tags = example.get_aligned("TAG", as_string=True)
        assert "" not in tags and {"B-PER", "I-PER", "B-LOC", "I-LOC"} <= set(tags)


def test_each_sentence_is_one_in_every_form(nlp: Language, docbin: Path) -> None:
    augmenter = create_newspaper_forms(spaced=0.5, joined=0.5)
    for example in create_sentences(docbin, nlp.pipe_names, augmenter=augmenter)(nlp):
        assert len(list(example.predicted.sents)) == 1
